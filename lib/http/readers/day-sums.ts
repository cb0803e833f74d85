import type { Metric } from '../../catalog/index.js';
import { hasDates, type StoredCoverage } from '../../coverage/index.js';
import { addDecimals } from '../../database/decimal.js';
import { groupBy } from '../../database/groups.js';
import type { Work } from '../../database/work.js';
import {
  isKnownFrom,
  nearestDouble,
  readDaySums,
  type SeriesSums,
  type StatisticContext,
  sumSeriesParts,
} from '../../statistics/index.js';
import { dayNumber } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import type { ComparedMoments, Moment } from './range.js';
import { type RangeSum, summaryKind } from './summary.js';
import type { ShownMetric } from './totals.js';

/**
 * Totals of days that the database adds up. A year of days of 500 metrics is 365,000 values for two ranges: to read them
 * one by one takes ten times as long.
 */

/** A metric whose days add up, with both of its ranges. */
export interface SummedMetric extends ShownMetric {
  readonly compared: ComparedMoments;
}

/** Both ranges of a metric, added up. */
export interface DaySums {
  readonly later: RangeSum;
  /** null: nothing is compared */
  readonly earlier: RangeSum | null;
  /** at most as many values as were asked for, as a summary item has them */
  readonly trend: readonly { readonly value: number | null; readonly isOpen: boolean }[];
}

/** True if the days of a metric add up, and all of both ranges have come. */
export function canAddUp({ metric, period, coverage, compared }: SummedMetric): boolean {
  const { moments, earlier, past } = compared;
  return (
    period === Period.DAY &&
    summaryKind(metric, period, coverage?.kind) === 'total' &&
    past === moments.length &&
    areConsecutive(moments) &&
    (earlier.length === 0 || areConsecutive(earlier))
  );
}

/**
 * Adds up the days of metrics, by the metrics' ids. Those are left out of which sums do not tell enough: the values of
 * their days have to be read.
 *
 * @param count the most values of a trend
 */
export function* readSummedDays(
  context: StatisticContext,
  metrics: readonly SummedMetric[],
  count: number,
): Work<ReadonlyMap<number, DaySums>> {
  const found = new Map<number, DaySums>();
  // most metrics have the same days
  for (const [{ moments, earlier }, same] of groupBy(metrics, ({ compared }) => compared)) {
    const size = Math.max(1, Math.ceil(moments.length / count));
    const later = yield* sumsOf(context, same, moments, size);
    const before = yield* sumsOf(context, same, earlier, Math.max(1, earlier.length));
    for (const one of same) {
      const { id } = one.metric;
      const [own, ownBefore] = [later.get(id), before.get(id)];
      if (own === undefined || ownBefore === undefined) continue;
      found.set(id, {
        later: rangeSum(one, moments, own),
        earlier: earlier.length === 0 ? null : rangeSum(one, earlier, ownBefore),
        trend: own.parts.map(({ known, sum, isOpen }) => {
          const total = nearestDouble(sum);
          return { value: total === null ? null : total / known, isOpen };
        }),
      });
    }
  }
  return found;
}

const NO_SUMS: SeriesSums = { parts: [], isComplete: true };

function* sumsOf(
  { database }: StatisticContext,
  metrics: readonly SummedMetric[],
  moments: readonly Moment[],
  size: number,
): Work<ReadonlyMap<number, SeriesSums>> {
  const dates = moments.map(({ date }) => date);
  const [from, to] = [dates.at(0), dates.at(-1)];
  if (from === undefined || to === undefined) return new Map(metrics.map(({ metric }) => [metric.id, NO_SUMS]));
  const own: readonly Metric[] = metrics.map(({ metric }) => metric);
  const stored = yield* readDaySums(database, own, { from, to, size });
  const sums = new Map<number, SeriesSums>();
  for (const { metric, period, coverage, calendar } of metrics) {
    const { weekStart, today } = calendar;
    const found = stored.get(metric.id) ?? null;
    const spec = { period, weekStart, today, coverage: withDates(coverage), fill: 'period' } as const;
    const all = found && sumSeriesParts(spec, dates, size, found);
    if (all !== null) sums.set(metric.id, all);
  }
  return sums;
}

function rangeSum(
  { period, coverage, calendar }: SummedMetric,
  moments: readonly Moment[],
  { parts, isComplete }: SeriesSums,
): RangeSum {
  const [first, last] = [moments[0] as Moment, moments[moments.length - 1] as Moment];
  const values = parts.map(({ sum }) => sum).filter((sum) => sum !== null);
  const known = parts.reduce((sum, part) => sum + part.known, 0);
  const since = coverage?.from ?? null;
  return {
    span: { from: first.date, to: last.date },
    value: values.length === 0 ? null : values.reduce(addDecimals),
    isKnown: since === null ? known === moments.length : isKnownFrom(first.date, since, { period, calendar }),
    isComplete,
  };
}

function withDates(coverage: StoredCoverage | null): (StoredCoverage & { readonly from: string }) | null {
  return coverage !== null && hasDates(coverage) ? coverage : null;
}

function areConsecutive(moments: readonly Moment[]): boolean {
  const [first, last] = [moments.at(0), moments.at(-1)];
  return (
    first !== undefined && last !== undefined && dayNumber(last.date) - dayNumber(first.date) === moments.length - 1
  );
}
