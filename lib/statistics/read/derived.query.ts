import { type MetricTarget, naturalKey } from '../../catalog/definitions.js';
import { derivedOf, deriveValue, storedParts, unstoredMetric } from '../../catalog/derived.js';
import { byText } from '../../catalog/order.js';
import type { Work } from '../../database/work.js';
import { compareDecimals } from '../../database/decimal.js';
import { isTimePeriod, type Period, periodKind } from '../../time/period.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Calendar } from '../filter/date-range.js';
import type { Cell } from '../filter/scope-filter.js';
import type { NormalFilter } from '../filter/filter.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import type { Fill } from '../filter/statistic-filter.js';
import { rangeOfSeries, sumSeries } from './reading.js';
import type { SeriesPoint } from './series.js';
import { readBucketSeries } from './bucket.query.js';
import { momentOfPoint, type PointMoment } from './bucket-series.js';
import { readStoredSeries, type Series } from './series.query.js';
import {
  type RankedCell,
  type RankedCells,
  type RankedRange,
  type RankedRow,
  readRankedCells,
  readRankedPlaces,
  readStoredTop,
  type TopOptions,
} from './top.query.js';

// Reads of metrics of any kind: a derived metric is computed from its parts, which are read together.

type Filter = NormalFilter & { readonly period: Period };
type PartOf = (part: MetricTarget) => Series;

/** Reads the series of every metric and cell of a filter, all over the same dates. */
export function* readSeries(context: StatisticContext, filter: Filter, fill: Fill, now: Date): Work<Series[]> {
  const { metrics, range } = filter;
  if (metrics.every((metric) => derivedOf(metric) === null)) return yield* readStored(context, filter, fill, now);
  const { partsOf, cells } = yield* readParts(context, filter, fill, now);
  const all = metrics.flatMap((metric) =>
    Array.from({ length: cells }, (_, cell) => deriveSeries(metric, partsOf(cell))),
  );
  const hasStart = range.from !== undefined || range.last !== undefined || range.date !== undefined;
  return hasStart ? all : withoutUnknownStart(all);
}

/**
 * Reads the sum of a series, or null if nothing is known. That of a derived metric is computed from the sums of its
 * parts, over the dates on which all of them are known.
 *
 * @param adds the points that are added up. @default all
 * @throws NotSummableError for gauges, averages, minima, maxima and distinct counts
 */
export function* readTotal(
  context: StatisticContext,
  filter: Filter,
  now: Date,
  adds: (point: PointMoment) => boolean = () => true,
): Work<string | null> {
  const [metric] = filter.metrics;
  const { partsOf, cells } = yield* readParts(context, filter, 'period', now);
  if (metric === undefined || cells === 0) return null;
  return totalOf(metric, (part) => {
    const series = partsOf(0)(part);
    return { ...series, points: series.points.filter(adds) };
  });
}

/** Reads the series of one metric in one cell, and those of the stored metrics behind it: itself, or its parts. */
export function* readWithParts(
  context: StatisticContext,
  filter: Filter,
  fill: Fill,
  now: Date,
): Work<{ series: Series; parts: readonly Series[] }> {
  const [metric] = filter.metrics;
  const { partsOf, cells } = yield* readParts(context, filter, fill, now);
  if (metric === undefined || cells === 0) throw new TypeError('a cell that was asked for has no series');
  return { series: deriveSeries(metric, partsOf(0)), parts: storedParts(metric).map(partsOf(0)) };
}

/** True if the points of a place are all known, and belong together. */
export function areKnown(parts: readonly Pick<Series, 'points'>[], place: number): boolean {
  const points = pointsAt(parts, place);
  return agree(points) && points.every(({ value }) => value !== null);
}

function totalOf(metric: MetricTarget, partOf: PartOf): string | null {
  if (derivedOf(metric) === null) return sumSeries(partOf(metric), true);
  const parts = storedParts(metric).map(partOf);
  const isKnown = (place: number): boolean => areKnown(parts, place);
  return deriveValue(metric, (part) => {
    const series = partOf(part);
    return sumSeries({ ...series, points: series.points.filter((_, place) => isKnown(place)) }, false);
  });
}

/** Reads the cells with the greatest (or least) values at a date. */
export function* readTop(context: StatisticContext, filter: Filter, options: TopOptions, now: Date): Work<RankedRow[]> {
  const [metric] = filter.metrics;
  if (metric === undefined || derivedOf(metric) === null) return yield* readStoredTop(context, filter, options, now);
  const date = filter.range.date ?? now;
  const all = yield* readSeries(context, { ...filter, range: { date } }, 'period', now);
  const { limit, offset, order } = options;
  const direction = order === 'asc' ? 1 : -1;
  const { keys } = filter.scope.table;
  return all
    .flatMap(({ cell, points: [point] }) => (typeof point?.value === 'string' ? [{ cell, value: point.value }] : []))
    .sort(
      (a, b) =>
        direction * compareDecimals(a.value, b.value) ||
        keys.reduce((order, { property }) => order || compareKeys(a.cell[property], b.cell[property]), 0),
    )
    .slice(offset, offset + limit);
}

/**
 * Reads the cells of one metric that are greatest over a range: by their total, by the latest value of gauges and shares,
 * or by their greatest value where values do not add up. For rolling periods and LIFETIME, the value at the end of the
 * range counts.
 */
export function* readGreatestCells(
  context: StatisticContext,
  metric: Metric,
  filter: Filter,
  range: RankedRange,
  options: { coverages: readonly StoredCoverage[]; calendar: Calendar; limit: number; now: Date },
): Work<Cell[]> {
  const { limit, now } = options;
  const places =
    derivedOf(metric) === null
      ? yield* readRankedCells(context, metric, filter, range, { ...options, offset: 0 })
      : (yield* rankDerived(context, metric, filter, range, now)).slice(0, limit);
  return places.map(({ cell }) => cell);
}

/** Reads some places of a ranking over a range, as `readGreatestCells` ranks, with their values and those of all. */
export function* readRanking(
  context: StatisticContext,
  metric: Metric,
  filter: Filter,
  range: RankedRange,
  options: { coverages: readonly StoredCoverage[]; calendar: Calendar; limit: number; offset: number; now: Date },
): Work<RankedCells> {
  if (derivedOf(metric) === null) return yield* readRankedPlaces(context, metric, filter, range, options);
  const all = yield* rankDerived(context, metric, filter, range, options.now);
  // ratios do not add up
  return { places: all.slice(options.offset, options.offset + options.limit), count: all.length, total: null };
}

function* rankDerived(
  context: StatisticContext,
  metric: Metric,
  filter: Filter,
  { from, to }: RankedRange,
  now: Date,
): Work<RankedCell[]> {
  if (periodKind(filter.period) !== 'bucket') {
    const options = { limit: Infinity, offset: 0, order: 'desc' } as const;
    const rows = yield* readTop(context, { ...filter, range: { date: to } }, options, now);
    return rows.flatMap(({ cell, value }) => (value === null ? [] : [{ cell, value }]));
  }
  const ofMetric = { ...filter, metrics: [metric], range: { from, to } };
  const { partsOf, cells } = yield* readParts(context, ofMetric, 'period', now);
  const ranked = Array.from({ length: cells }, (_, place) => {
    const series = deriveSeries(metric, partsOf(place));
    const isSummable = storedParts(metric).every((part) => rangeOfSeries(partsOf(place)(part)) === 'total');
    const values = series.points.map(({ value }) => value).filter((value) => value !== null);
    const value = isSummable ? totalOf(metric, partsOf(place)) : (values.sort(compareDecimals).at(-1) ?? null);
    return { cell: series.cell, value };
  });
  return ranked
    .filter((one): one is RankedCell => one.value !== null)
    .sort((a, b) => compareDecimals(b.value, a.value));
}

interface Parts {
  /** number of cells */
  readonly cells: number;
  /** the series of a cell, by the metric that is stored */
  readonly partsOf: (cell: number) => PartOf;
}

function readStored(context: StatisticContext, filter: Filter, fill: Fill, now: Date): Work<Series[]> {
  const { period } = filter;
  return isTimePeriod(period)
    ? readBucketSeries(context, { ...filter, period }, fill, now)
    : readStoredSeries(context, filter, fill, now);
}

/** Reads the stored metrics of a filter, and the parts of derived ones, each once, over the same dates. */
function* readParts(context: StatisticContext, filter: Filter, fill: Fill, now: Date): Work<Parts> {
  const parts = new Map(filter.metrics.flatMap(storedParts).map((part) => [naturalKey(part), part]));
  const places = new Map([...parts.keys()].map((key, place) => [key, place]));
  const all = yield* readStored(context, { ...filter, metrics: [...parts.values()] }, fill, now);
  const cells = parts.size === 0 ? 0 : all.length / parts.size;
  return {
    cells,
    partsOf: (cell) => (part) => {
      const series = all[(places.get(naturalKey(part)) ?? 0) * cells + cell];
      if (series === undefined) throw new TypeError('a part was asked for that was not read');
      return series;
    },
  };
}

function deriveSeries(metric: MetricTarget, partOf: PartOf): Series {
  const derived = derivedOf(metric);
  if (derived === null) return partOf(metric);
  const parts = storedParts(metric).map(partOf);
  const [{ cell, points: dates }] = parts as [Series];
  const points = dates.map((point, place): SeriesPoint<string> => {
    const together = pointsAt(parts, place);
    const value = agree(together)
      ? deriveValue(metric, (part) => (partOf(part).points[place] as SeriesPoint<string>).value)
      : null;
    const complete = together.every((one) => one.complete);
    return { ...momentOfPoint(point), value, complete, asOf: earliest(together) };
  });
  return { target: metric, metric: unstoredMetric(derived), cell, coverage: null, points };
}

function pointsAt(parts: readonly Pick<Series, 'points'>[], place: number): readonly SeriesPoint<string>[] {
  return parts.map(({ points }) => points[place] as SeriesPoint<string>);
}

/**
 * True if the points of a date belong together: the date was over for all of them, or they were computed at one time.
 * Otherwise paid orders of 11:10 would be divided by orders of 11:00.
 */
function agree(points: readonly SeriesPoint<string>[]): boolean {
  return points.every(({ complete }) => complete) || new Set(points.map(({ asOf }) => asOf?.getTime())).size === 1;
}

/** Returns the time at which the oldest of some points was computed, or null if no run computed one. */
function earliest(points: readonly SeriesPoint<string>[]): Date | null {
  const times = points.map(({ asOf }) => asOf?.getTime());
  return times.includes(undefined) ? null : new Date(Math.min(...(times as number[])));
}

/** Leaves out the dates before the first one on which all parts of one of the series are known. */
function withoutUnknownStart(all: readonly Series[]): Series[] {
  const starts = all.map(({ points }) => points.findIndex(({ value, asOf }) => value !== null || asOf !== null));
  const known = starts.filter((start) => start >= 0);
  const first = known.length === 0 ? Infinity : Math.min(...known);
  return all.map((series) => ({ ...series, points: series.points.slice(first) }));
}

function compareKeys(a: string | number | undefined, b: string | number | undefined): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : byText(String(a), String(b));
}
