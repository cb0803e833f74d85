import { type Metric } from '../../catalog/index.js';
import { hasDates, type StoredCoverage, TOTAL_SCOPE } from '../../coverage/index.js';
import type { Work } from '../../database/work.js';
import {
  builtInTables,
  type Calendar,
  fillBuckets,
  fillSeries,
  findPeriodsIn,
  type NormalFilter,
  type PointMoment,
  readBucketTotals,
  readTotal,
  readTotals,
  type SeriesPoint,
  type SeriesRow,
  type StatisticContext,
  type StoredBucket,
} from '../../statistics/index.js';
import { isTimePeriod, type Period, type TimePeriod } from '../../time/period.js';
import type { Database } from '../../database/database.js';
import { boundsOf, bucketOf, type Moment, momentKey, pointsByMoment } from './range.js';
import { byPeriod } from './statistic.resource.js';

/** Reads the totals of many metrics, with a few queries for each period and never one for each metric. */

/** A metric, the period that is shown, and its dates up to today. */
export interface ShownMetric {
  readonly metric: Metric;
  readonly period: Period;
  readonly coverage: StoredCoverage | null;
  readonly calendar: Calendar;
  readonly moments: readonly Moment[];
}

/** The stored totals of a metric, by date or by the start of their bucket. */
export type TotalRow = SeriesRow | StoredBucket;

/** Returns the periods in which each metric has totals, by its id, in the order in which people list them. */
export function* periodsOfTotals(
  { database }: StatisticContext,
  metrics: readonly Metric[],
  coverages: readonly StoredCoverage[],
): Work<ReadonlyMap<number, readonly Period[]>> {
  const covered = coverages.filter(({ scope, from }) => scope === TOTAL_SCOPE && from !== null);
  const tables = builtInTables(database).filter(({ kind }) => kind === 'total');
  const stored = yield* findPeriodsIn(database, tables, metrics);
  const periods = new Map<number, Set<Period>>(metrics.map(({ id }) => [id, new Set()]));
  for (const { metricId, period } of [...covered, ...stored]) periods.get(metricId)?.add(period);
  return new Map([...periods].map(([id, own]) => [id, [...own].sort(byPeriod)]));
}

/** Returns the periods that several metrics have in common, in the same order. */
export function sharedPeriods(periods: ReadonlyMap<number, readonly Period[]>): readonly Period[] {
  const [first = [], ...others] = periods.values();
  return first.filter((period) => others.every((own) => own.includes(period)));
}

/** Reads the stored totals of metrics over their moments, by the metrics' ids. */
export function* rowsOfTotals(
  { database }: StatisticContext,
  lines: readonly ShownMetric[],
): Work<ReadonlyMap<number, readonly TotalRow[]>> {
  const found = new Map<number, readonly TotalRow[]>();
  for (const period of new Set(lines.map((line) => line.period))) {
    const same = lines.filter((line) => line.period === period);
    const metrics = same.map(({ metric }) => metric);
    // the metrics' time zones may have different dates
    const moments = same
      .flatMap((line) => [line.moments.at(0), line.moments.at(-1)])
      .filter((one) => one !== undefined);
    const rows = isTimePeriod(period)
      ? yield* bucketTotals(database, metrics, period, moments)
      : yield* dateTotals(database, metrics, period, moments);
    for (const [id, own] of rows) found.set(id, own);
  }
  return found;
}

function* dateTotals(
  database: Database,
  metrics: readonly Metric[],
  period: Period,
  moments: readonly Moment[],
): Work<ReadonlyMap<number, readonly SeriesRow[]>> {
  const dates = moments.map(({ date }) => date).sort();
  const [from, to] = [dates.at(0), dates.at(-1)];
  return from === undefined || to === undefined
    ? new Map()
    : yield* readTotals(database, metrics, period, { from, to });
}

function* bucketTotals(
  database: Database,
  metrics: readonly Metric[],
  period: TimePeriod,
  moments: readonly Moment[],
): Work<ReadonlyMap<number, readonly StoredBucket[]>> {
  if (moments.length === 0) return new Map();
  const starts = moments.map((moment) => bucketOf(moment).start);
  const range = { parts: [{ from: Math.min(...starts), to: Math.max(...starts) + 1 }] };
  return yield* readBucketTotals(database, metrics, period, range);
}

/**
 * Adds up a metric at some moments, as `readTotal` does. These may have others between them, which are left out.
 *
 * @throws NotSummableError
 */
export function* totalAt(
  context: StatisticContext,
  filter: NormalFilter & { readonly period: Period },
  moments: readonly PointMoment[],
  now: Date,
): Work<string | null> {
  const range = boundsOf(moments);
  if (range === null) return null;
  const asked = pointsByMoment(moments);
  return yield* readTotal(context, { ...filter, range }, now, (point) => asked.has(momentKey(point)));
}

/** Returns the points of a metric over its moments. */
export function pointsOfTotals(
  { period, coverage, calendar, moments }: ShownMetric,
  rows: readonly TotalRow[],
  now: Date,
): readonly SeriesPoint<string>[] {
  const { today, weekStart, timeZone } = calendar;
  const known = coverage !== null && hasDates(coverage) ? coverage : null;
  if (isTimePeriod(period)) {
    const buckets = moments.map(bucketOf);
    const asked = new Set(buckets.map(({ start }) => start));
    // the rows of all metrics were read together, of the longest range
    const own = rows.filter((row): row is StoredBucket => 'start' in row && asked.has(row.start));
    return fillBuckets({ timeZone, period, now }, known, 'period', buckets, own);
  }
  const dates = moments.map(({ date }) => date);
  return fillSeries({ period, weekStart, today, coverage: known, fill: 'period' }, dates, rows as readonly SeriesRow[]);
}
