import { type Metric } from '../../catalog/index.js';
import { hasDates, type StoredCoverage, TOTAL_SCOPE } from '../../coverage/index.js';
import type { Work } from '../../database/work.js';
import {
  type Calendar,
  fillSeries,
  findPeriods,
  readTotals,
  type SeriesPoint,
  type SeriesRow,
  type StatisticContext,
  StatisticByDate,
  statisticTableOf,
} from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import { isTimePeriod, type Period } from '../../time/period.js';
import { byPeriod } from './statistic.resource.js';

/** Reads the totals of many metrics, with a few queries for each period and never one for each metric. */

/** A metric, the period that is shown, and its dates up to today. */
export interface ShownMetric {
  readonly metric: Metric;
  readonly period: Period;
  readonly coverage: StoredCoverage | null;
  readonly calendar: Calendar;
  readonly dates: readonly LocalDate[];
}

/** Returns the periods in which each metric has totals, by its id, in the order in which people list them. */
export function* periodsOfTotals(
  { database }: StatisticContext,
  metrics: readonly Metric[],
  coverages: readonly StoredCoverage[],
): Work<ReadonlyMap<number, readonly Period[]>> {
  const covered = coverages.filter(
    ({ scope, from, period }) => scope === TOTAL_SCOPE && from !== null && !isTimePeriod(period),
  );
  const stored = yield* findPeriods(database, statisticTableOf(database, StatisticByDate), metrics);
  const periods = new Map<number, Set<Period>>(metrics.map(({ id }) => [id, new Set()]));
  for (const { metricId, period } of [...covered, ...stored]) periods.get(metricId)?.add(period);
  return new Map([...periods].map(([id, own]) => [id, [...own].sort(byPeriod)]));
}

/** Returns the periods that several metrics have in common, in the same order. */
export function sharedPeriods(periods: ReadonlyMap<number, readonly Period[]>): readonly Period[] {
  const [first = [], ...others] = periods.values();
  return first.filter((period) => others.every((own) => own.includes(period)));
}

/** Groups coverages by the id of their metric. */
export function byMetric(coverages: readonly StoredCoverage[]): ReadonlyMap<number, readonly StoredCoverage[]> {
  const grouped = new Map<number, StoredCoverage[]>();
  for (const coverage of coverages) {
    const own = grouped.get(coverage.metricId) ?? [];
    own.push(coverage);
    grouped.set(coverage.metricId, own);
  }
  return grouped;
}

/** Reads the stored totals of metrics over their dates, by the metrics' ids. */
export function* rowsOfTotals(
  { database }: StatisticContext,
  lines: readonly ShownMetric[],
): Work<ReadonlyMap<number, readonly SeriesRow[]>> {
  const found = new Map<number, readonly SeriesRow[]>();
  for (const period of new Set(lines.map((line) => line.period))) {
    const same = lines.filter((line) => line.period === period);
    // the metrics' time zones may have different dates
    const dates = same.flatMap((line) => [line.dates.at(0), line.dates.at(-1)]).filter((date) => date !== undefined);
    dates.sort();
    const [from, to] = [dates.at(0), dates.at(-1)];
    if (from === undefined || to === undefined) continue;
    const metrics = same.map(({ metric }) => metric);
    for (const [id, own] of yield* readTotals(database, metrics, period, { from, to })) found.set(id, own);
  }
  return found;
}

/** Returns the points of a metric over its dates. */
export function pointsOfTotals(line: ShownMetric, rows: readonly SeriesRow[]): readonly SeriesPoint<string>[] {
  const { period, coverage, calendar, dates } = line;
  const { today, weekStart } = calendar;
  const known = coverage !== null && hasDates(coverage) ? coverage : null;
  return fillSeries({ period, weekStart, today, coverage: known, fill: 'period' }, dates, rows);
}
