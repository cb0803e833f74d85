import type { Metric } from '../../catalog/metric.entity.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { groupBy } from '../../database/groups.js';
import type { Work } from '../../database/work.js';
import type { TimePeriod } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import type { StartRange } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { type Cell, coverageScopes } from '../filter/scope-filter.js';
import { type BucketCalendar, startRange, startsOf } from '../filter/start-range.js';
import { readFilterMetrics, type StatisticContext } from '../filter/statistic.context.js';
import type { Fill } from '../filter/statistic-filter.js';
import type { AbstractStatistic } from '../tables/abstract-statistic.js';
import type { StatisticTable } from '../tables/statistic-table.js';
import { toStatistic } from './find.query.js';
import { type DatedBucket, fillBuckets, seriesBuckets } from './bucket-series.js';
import {
  cellId,
  type RowFilter,
  selectBuckets,
  selectLastBucket,
  selectLastBuckets,
  type StoredBucket,
} from './rows.query.js';
import { needsEarlierRow } from './series.js';
import { cellsOf, firstCovered, seriesCoverage, type Series } from './series.query.js';

// Reads of periods of less than a day, whose rows have a start in place of a date and are never carried forward.

type BucketFilter = NormalFilter & { readonly period: TimePeriod };

/** Reads the series of every metric and cell of a filter, all over the same buckets. */
export function* readBucketSeries(
  context: StatisticContext,
  filter: BucketFilter,
  fill: Fill,
  now: Date,
): Work<Series[]> {
  const { database } = context;
  const { period, scope, metrics: targets } = filter;
  const { asked, stored, coverages, scopes, calendar } = yield* readFilterMetrics(context, filter, now);
  const clock: BucketCalendar = { timeZone: calendar.timeZone, period, now };
  const covered = firstCovered(coverages.filter((one) => scopes.includes(one.scope)));
  const { range } = filter;
  const hasStart = range.from !== undefined || range.last !== undefined || range.date !== undefined;
  const hasEnd = range.to !== undefined || range.last !== undefined || range.date !== undefined;
  const bounds = {
    ...range,
    ...(hasStart || covered === null ? {} : { from: covered }),
    ...(hasEnd ? {} : { to: now }),
  };
  const asFound = startRange(bounds, clock);

  const rowFilter = { table: scope.table, alternatives: scope.alternatives, metrics: stored, period };
  const rows: StoredBucket[] = [];
  const first = asFound.parts[0]?.from ?? null;
  if (stored.length > 0 && needsEarlierRow(period, fill) && first !== null)
    rows.push(...(yield* selectLastBuckets(database, { ...rowFilter, range: before(first) })));
  if (stored.length > 0) rows.push(...(yield* selectBuckets(database, { ...rowFilter, range: asFound })));

  const buckets = bucketsOf(asFound, rows, bounds, clock);
  const cells = scope.cells ?? cellsOf(scope.table, rows);
  const rowsOf = groupBy(rows, (row) => seriesId(scope.table, row.metricId, row.cell));
  return targets.flatMap((target, place) => {
    const metric = asked[place] ?? null;
    return cells.map((cell): Series => {
      const coverage = metric === null ? null : coverageOf(coverages, metric, filter, cell);
      const ofCell = metric === null ? [] : (rowsOf.get(seriesId(scope.table, metric.id, cell)) ?? []);
      return { target, metric, cell, coverage, points: fillBuckets(clock, coverage, fill, buckets, ofCell) };
    });
  });
}

/** The buckets of a range, which begins at the first row if nothing else says where. */
function bucketsOf(
  asFound: StartRange,
  rows: readonly StoredBucket[],
  bounds: NormalFilter['range'],
  clock: BucketCalendar,
): DatedBucket[] {
  if (asFound.parts.every(({ from }) => from !== null)) return seriesBuckets(asFound, clock);
  if (rows.length === 0) return [];
  const first = Math.min(...rows.map(({ start }) => start));
  return seriesBuckets(startRange({ ...bounds, from: new Date(first * 1000) }, clock), clock);
}

function before(start: number): StartRange {
  return { parts: [{ from: null, to: start }] };
}

function coverageOf(
  coverages: readonly StoredCoverage[],
  metric: Metric,
  { period, scope }: BucketFilter,
  cell: Cell,
): Series['coverage'] {
  return seriesCoverage(coverageIn(coverages, metric, period, coverageScopes(scope.table, cell)));
}

function seriesId(table: StatisticTable, metricId: number, cell: Cell): string {
  return `${String(metricId)} ${cellId(table, cell)}`;
}

/** Returns the stored values of a filter as entities ordered by start. */
export function* findBuckets(context: StatisticContext, filter: NormalFilter, now: Date): Work<AbstractStatistic[]> {
  const { rows, timeZone } = yield* bucketFilter(context, filter, now);
  if (rows.metrics.length === 0) return [];
  const found = yield* selectBuckets(context.database, rows);
  // stable: those of one start stay by metric, period and keys
  return found.sort((a, b) => a.start - b.start).map((row) => entityOf(rows, row, timeZone));
}

/** Returns the last stored value of a filter as an entity, or null if there is none. */
export function* lastBucket(
  context: StatisticContext,
  filter: NormalFilter,
  now: Date,
): Work<AbstractStatistic | null> {
  const { rows, timeZone } = yield* bucketFilter(context, filter, now);
  if (rows.metrics.length === 0) return null;
  const [last] = yield* selectLastBucket(context.database, rows);
  return last === undefined ? null : entityOf(rows, last, timeZone);
}

function* bucketFilter(
  context: StatisticContext,
  filter: NormalFilter,
  now: Date,
): Work<{ rows: RowFilter<StartRange>; timeZone: string }> {
  const { scope, period } = filter;
  const { stored, calendar } = yield* readFilterMetrics(context, filter, now);
  const { timeZone } = calendar;
  return { rows: { ...scope, metrics: stored, period, range: startsOf(filter, timeZone, now) }, timeZone };
}

function entityOf({ table, metrics }: RowFilter<StartRange>, row: StoredBucket, timeZone: string): AbstractStatistic {
  const metric = metrics.find(({ id }) => id === row.metricId);
  if (metric === undefined) throw new TypeError('a row was read of a metric that was not asked for');
  return toStatistic(table, metric, { ...row, date: localDateAt(new Date(row.start * 1000), timeZone) });
}
