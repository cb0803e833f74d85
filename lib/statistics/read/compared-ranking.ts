import type { Metric } from '../../catalog/metric.entity.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import { compareDecimals, subtractDecimals } from '../../database/decimal.js';
import type { Work } from '../../database/work.js';
import type { Period } from '../../time/period.js';
import type { Calendar } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { type Cell, narrowScope } from '../filter/scope-filter.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import { readRanking } from './derived.query.js';
import type { RankedRange } from './top.query.js';

/** A place of a ranking, with its value over an earlier range. */
export interface ComparedPlace {
  readonly cell: Cell;
  /** null: it had a value in the earlier range only */
  readonly value: string | null;
  readonly before: string | null;
  /** value − before; null if one of them is */
  readonly change: string | null;
}

export type RankingSort = 'value' | 'before' | 'change';

interface Ranges {
  readonly range: RankedRange;
  /** the earlier range; null: nothing is compared, or not all of it is known */
  readonly earlier: RankedRange | null;
}

interface Options {
  /** of the metric */
  readonly coverages: readonly StoredCoverage[];
  readonly calendar: Calendar;
  readonly sort: RankingSort;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly offset: number;
  /** the value of a cell without rows; null: it has none */
  readonly empty: string | null;
  readonly now: Date;
}

interface ComparedRanking {
  readonly places: readonly ComparedPlace[];
  /** number of all places */
  readonly count: number;
  /** the sum of all values; null where they do not add up */
  readonly total: string | null;
  readonly totalBefore: string | null;
}

type Filter = NormalFilter & { readonly period: Period };

/**
 * Reads some places of a ranking over a range, with the values of an earlier one. The greatest values are read a page at
 * a time. Another order needs all places: then those that had a value in the earlier range only are among them.
 */
export function* readComparedRanking(
  context: StatisticContext,
  metric: Metric,
  filter: Filter,
  { range, earlier }: Ranges,
  { coverages, calendar, sort, order, limit, offset, empty, now }: Options,
): Work<ComparedRanking> {
  const all = { coverages, calendar, limit: Infinity, offset: 0, now };
  if (sort === 'value' && order === 'desc') {
    const { places, count, total } = yield* readRanking(context, metric, filter, range, { ...all, limit, offset });
    const scope = narrowScope(
      filter.scope,
      places.map(({ cell }) => cell),
    );
    const before =
      earlier === null || places.length === 0
        ? []
        : (yield* readRanking(context, metric, { ...filter, scope }, earlier, all)).places;
    const totalBefore =
      earlier === null ? null : (yield* readRanking(context, metric, filter, earlier, { ...all, limit: 1 })).total;
    return { places: merged(places, before, earlier === null ? null : empty), count, total, totalBefore };
  }
  const later = yield* readRanking(context, metric, filter, range, all);
  const sooner = earlier === null ? null : yield* readRanking(context, metric, filter, earlier, all);
  const gone = goneFrom(later.places, sooner?.places ?? []);
  const places = merged([...later.places, ...gone], sooner?.places ?? [], sooner === null ? null : empty);
  const sorted = sortedBy(places, sort, order);
  return {
    places: sorted.slice(offset, offset + limit),
    count: sorted.length,
    total: later.total,
    totalBefore: sooner?.total ?? null,
  };
}

interface Place {
  readonly cell: Cell;
  readonly value: string | null;
}

function goneFrom(places: readonly Place[], before: readonly Place[]): Place[] {
  const present = new Set(places.map(({ cell }) => idOf(cell)));
  return before.filter(({ cell }) => !present.has(idOf(cell))).map(({ cell }) => ({ cell, value: null }));
}

/** @param empty what a place without a value before had; null: that is not known */
function merged(places: readonly Place[], before: readonly Place[], empty: string | null): ComparedPlace[] {
  const known = new Map(before.map(({ cell, value }) => [idOf(cell), value]));
  return places.map(({ cell, value: own }) => {
    const value = own ?? empty;
    const was = known.get(idOf(cell)) ?? empty;
    return { cell, value, before: was, change: value === null || was === null ? null : subtractDecimals(value, was) };
  });
}

/** Those without what is sorted by come last, whichever way it is sorted. */
function sortedBy(places: readonly ComparedPlace[], sort: RankingSort, order: 'asc' | 'desc'): ComparedPlace[] {
  const direction = order === 'asc' ? 1 : -1;
  return [...places].sort(({ [sort]: a }, { [sort]: b }) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return direction * compareDecimals(a, b);
  });
}

function idOf(cell: Cell): string {
  return JSON.stringify(Object.entries(cell).sort(([a], [b]) => (a < b ? -1 : 1)));
}
