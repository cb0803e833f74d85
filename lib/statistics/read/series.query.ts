import type { MetricTarget } from '../../catalog/definitions.js';
import type { Metric } from '../../catalog/metric.entity.js';
import { byText } from '../../catalog/order.js';
import type { Work } from '../../database/work.js';
import type { LocalDate } from '../../time/local-date.js';
import { bucketStart, type Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import { derivedOf } from '../../catalog/derived.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { type CoveredMetrics, type CoveredPoints, coveredPoints } from '../../coverage/covered-metrics.query.js';
import { type DateRange, seriesRange } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { expectedBasis, keepBasis, type RangeBasis } from './expected-range.js';
import {
  cellId,
  pointsQuery,
  type RowFilter,
  selectPoints,
  selectSeries,
  seriesRows,
  type StoredRow,
  type StoredSeries,
} from './rows.query.js';
import { type Cell, coverageScopes } from '../filter/scope-filter.js';
import {
  needsEarlierRow,
  type SeriesCoverage,
  seriesDates,
  fillSeries,
  type SeriesPoint,
  type SeriesRow,
} from './series.js';
import { readFilterMetrics, type StatisticContext } from '../filter/statistic.context.js';
import type { StatisticTable } from '../tables/statistic-table.js';
import type { Fill } from '../filter/statistic-filter.js';

/** The points of one metric in one cell. */
export interface Series {
  readonly target: MetricTarget;
  /** null if it is not stored yet */
  readonly metric: Metric | null;
  readonly cell: Cell;
  readonly coverage: SeriesCoverage | null;
  readonly points: readonly SeriesPoint<string>[];
}

interface UnfilledSeries extends Omit<Series, 'points'> {
  rows: readonly SeriesRow[];
}

/** Reads the series of every metric and cell of a filter, all over the same dates. */
export function* readStoredSeries(context: StatisticContext, filter: Filter, fill: Fill, now: Date): Work<Series[]> {
  const { period, scope, metrics: targets } = filter;
  const together = yield* readTogether(context, filter, needsEarlierRow(period, fill), now);
  const known = together === null ? context : withKnown(context, together.covered);
  const { asked, stored, coverages, scopes, calendar } = yield* readFilterMetrics(known, filter, now);
  const covered = firstCovered(coverages.filter((one) => scopes.includes(one.scope)));
  const basis = { timeZone: calendar.timeZone, covered };
  const range = rangeOn(context, filter, basis, now);
  const { from } = range;
  const [only = null] = asked;
  if (isOneSeries(filter) && only !== null) keepBasis(context.database, filter, only, coverages, basis);

  const rows = { table: scope.table, alternatives: scope.alternatives, metrics: stored, period, range };
  const unfilled = (target: MetricTarget, metric: Metric | null, cell: Cell): UnfilledSeries => {
    const coverage = metric === null ? null : coverageIn(coverages, metric, period, coverageScopes(scope.table, cell));
    return { target, metric, cell, coverage: seriesCoverage(coverage), rows: [] };
  };
  const seriesIn = (cells: readonly Cell[]): UnfilledSeries[] =>
    targets.flatMap((target, place) => cells.map((cell) => unfilled(target, asked[place] ?? null, cell)));
  const isAsExpected = together !== null && together.metricId === only?.id && isSameRange(together.range, range);
  const read = isAsExpected ? together.points : null;
  const found =
    read === null
      ? yield* readSeriesRows(context, rows, needsEarlierRow(period, fill), scope.cells, seriesIn)
      : seriesIn(scope.cells ?? []).map((series) => ({ ...series, rows: seriesRows(read) }));

  const first =
    from ??
    found
      .flatMap(({ rows: [row] }) => row ?? [])
      .map(({ date }) => date)
      .sort(byText)[0];
  const dates = first === undefined ? [] : seriesDates(period, first, range.to, calendar.weekStart);
  const { today, weekStart } = calendar;
  return found.map(({ target, metric, cell, coverage, rows: seriesRows }) => ({
    target,
    // in a live read a metric may have values before it is stored
    metric: metric === null || metric.id < 0 ? null : metric,
    cell,
    coverage,
    points: fillSeries({ period, weekStart, today, coverage, fill }, dates, seriesRows),
  }));
}

type Filter = NormalFilter & { readonly period: Period };
type SeriesRange = DateRange & { readonly to: LocalDate };

/** Written out, as below: spread objects took a tenth of this process's time for a stored value. */
function withKnown(
  { database, objectTypes, owners, options, live }: StatisticContext,
  known: CoveredMetrics,
): StatisticContext {
  return { database, objectTypes, owners, options, live, known };
}

/** The range of a series: without a start, it begins with the first covered date. */
function rangeOn(
  { options: { weekStart } }: Pick<StatisticContext, 'options'>,
  { range: asked, period }: Filter,
  { timeZone, covered }: RangeBasis,
  now: Date,
): SeriesRange {
  const { from, to } = seriesRange(asked, period, { timeZone, weekStart, today: localDateAt(now, timeZone) });
  return { from: from ?? (covered === null ? null : bucketStart(period, covered, weekStart)), to };
}

function isSameRange(a: DateRange, b: DateRange): boolean {
  return a.from === b.from && a.to === b.to;
}

/** True if a filter selects one cell of one stored metric. */
function isOneSeries({ metrics: [metric, ...others], scope }: Filter): boolean {
  return metric !== undefined && others.length === 0 && scope.cells?.length === 1 && derivedOf(metric) === null;
}

/**
 * Reads a metric and its coverage together with the rows of the range that the last read of it makes expect. Returns null
 * where that is more than a second statement costs, or where nothing is expected.
 */
function* readTogether(
  { database, live, known, options }: StatisticContext,
  filter: Filter,
  withEarlier: boolean,
  now: Date,
): Work<ExpectedPoints | null> {
  const { dialect } = database;
  if (!dialect.readsPointsBeside || live !== undefined || known !== undefined || !isOneSeries(filter)) return null;
  const basis = expectedBasis(database, filter);
  if (basis === null) return null;
  const { metrics, period, scope } = filter;
  const range = rangeOn({ options }, filter, basis, now);
  const { table, alternatives } = scope;
  const { metricId } = basis;
  const points = pointsQuery(
    database,
    { table, alternatives, metrics: [{ id: metricId }], period, range },
    withEarlier,
  );
  const read = yield* coveredPoints(database, metrics[0] as MetricTarget, period, points);
  return { covered: read.covered, points: read.points, metricId, range };
}

/** Points that were read with their metric. They are those that were asked for if the metric and the range are these. */
interface ExpectedPoints extends CoveredPoints {
  readonly metricId: number;
  readonly range: SeriesRange;
}

/** Reads the rows of the cells that the filter names, or that are found. */
function* readSeriesRows(
  { database, live }: StatisticContext,
  filter: RowFilter,
  withEarlier: boolean,
  asked: readonly Cell[] | null,
  seriesIn: (cells: readonly Cell[]) => UnfilledSeries[],
): Work<UnfilledSeries[]> {
  const [only, ...others] = asked === null ? [] : seriesIn(asked);
  if (filter.metrics.length === 0) return seriesIn(asked ?? []);
  if (only !== undefined && others.length === 0) {
    const read = live?.readPoints;
    only.rows =
      read === undefined
        ? yield* selectPoints(database, filter, withEarlier)
        : seriesRows(yield* read(pointsQuery(database, filter, withEarlier)));
    return [only];
  }
  const carrying = withEarlier && filter.period !== null ? [filter.period] : [];
  const found = yield* selectSeries(database, filter, carrying);
  const all = seriesIn(
    asked ??
      cellsOf(
        filter.table,
        found.map(([row]) => row),
      ),
  );
  assignRows(filter.table, all, found);
  return all;
}

/** Returns the first date of coverages. */
export function firstCovered(coverages: readonly StoredCoverage[]): LocalDate | null {
  return (
    coverages
      .map(({ from }) => from)
      .filter((from) => from !== null)
      .sort(byText)[0] ?? null
  );
}

/** Returns the cells that rows have, in order. */
export function cellsOf(table: StatisticTable, rows: readonly Pick<StoredRow, 'cell'>[]): Cell[] {
  const cells = new Map(rows.map(({ cell }) => [cellId(table, cell), cell]));
  return [...cells].sort(([a], [b]) => byText(a, b)).map(([, cell]) => cell);
}

/** Returns a coverage that has dates, or null. */
export function seriesCoverage(coverage: StoredCoverage | null): SeriesCoverage | null {
  return coverage === null || coverage.from === null ? null : { ...coverage, from: coverage.from };
}

function assignRows(table: StatisticTable, all: readonly UnfilledSeries[], found: readonly StoredSeries[]): void {
  const idOf = (metricId: number | undefined, cell: Cell): string => `${metricId ?? '?'} ${cellId(table, cell)}`;
  const byId = new Map(found.map((rows) => [idOf(rows[0].metricId, rows[0].cell), rows]));
  for (const series of all) series.rows = byId.get(idOf(series.metric?.id, series.cell)) ?? [];
}
