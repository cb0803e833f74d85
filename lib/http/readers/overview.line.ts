import type { Metric } from '../../catalog/index.js';
import { coveredRange, hasDates, type StoredCoverage } from '../../coverage/index.js';
import {
  type Calendar,
  seriesDates,
  fillSeries,
  type SeriesPoint,
  seriesRange,
  type SeriesRow,
} from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import type { ChangeResource, OverviewItem } from '../resources.js';
import { metricResource, pointResource } from './to-resource.js';

/** A metric, the period that is shown, and its dates up to today. */
export interface Line {
  readonly metric: Metric;
  readonly period: Period;
  readonly coverage: StoredCoverage | null;
  readonly calendar: Calendar;
  readonly dates: readonly LocalDate[];
}

export type Point = SeriesPoint<string>;

/** A line with its points, two more than are shown. */
export interface LineSeries {
  readonly line: Line;
  readonly series: readonly Point[];
}

/** The dates up to today, which are the same for most metrics: two more than points, for the last complete value's change. */
export function cachedDates(points: number): (period: Period, calendar: Calendar) => readonly LocalDate[] {
  const known = new Map<string, readonly LocalDate[]>();
  return (period, calendar) => {
    const id = `${period} ${calendar.today}`;
    const found = known.get(id);
    if (found !== undefined) return found;
    const range = seriesRange({ last: points + 2 }, period, calendar);
    const dates = seriesDates(period, range.from ?? range.to, range.to, calendar.weekStart);
    known.set(id, dates);
    return dates;
  };
}

export function grouped(coverages: readonly StoredCoverage[]): ReadonlyMap<number, readonly StoredCoverage[]> {
  const byMetric = new Map<number, StoredCoverage[]>();
  for (const coverage of coverages) {
    byMetric.set(coverage.metricId, [...(byMetric.get(coverage.metricId) ?? []), coverage]);
  }
  return byMetric;
}

export function seriesIn(line: Line, rows: readonly SeriesRow[]): LineSeries {
  const { period, coverage, calendar, dates } = line;
  const { today, weekStart } = calendar;
  const known = coverage !== null && hasDates(coverage) ? coverage : null;
  return { line, series: fillSeries({ period, weekStart, today, coverage: known, fill: 'period' }, dates, rows) };
}

export function itemOf(
  { line: { metric, period, coverage }, series }: LineSeries,
  points: number,
  change: ChangeResource | null,
  now: Date,
): OverviewItem {
  const sparkline = series.slice(-points);
  const last = sparkline.findLast(({ value }) => value !== null);
  return {
    metric: metricResource(metric),
    period: Period.nameOf(period),
    last: last === undefined ? null : pointResource(last, false),
    change,
    sparkline: sparkline.map((point) => pointResource(point, false)),
    coverage: coveredRange(coverage, now),
  };
}

export function emptyItem(metric: Metric): OverviewItem {
  return { metric: metricResource(metric), period: null, last: null, change: null, sparkline: [], coverage: null };
}

/** the last value whose date was over when it was computed: an open one would always seem to fall */
export function lastComplete(points: readonly Point[]): number {
  return points.findLastIndex(({ complete, value }) => complete && value !== null);
}

export function changeBetween(
  last: Point | undefined,
  previous: Pick<Point, 'date' | 'value'> | undefined,
): ChangeResource | null {
  if (last === undefined || previous === undefined || last.value === null || previous.value === null) return null;
  const [value, previousValue] = [Number(last.value), Number(previous.value)];
  const absolute = value - previousValue;
  const relative = previousValue === 0 ? null : absolute / Math.abs(previousValue);
  return { date: last.date, value, previousDate: previous.date, previousValue, absolute, relative };
}
