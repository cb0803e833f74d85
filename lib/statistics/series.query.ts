import sql, { join } from 'sql-template-tag';
import type { MetricTarget } from '../catalog/definitions.js';
import type { Metric } from '../catalog/metric.entity.js';
import { byText } from '../catalog/order.js';
import type { Work } from '../database/work.js';
import { addDays, type LocalDate } from '../time/local-date.js';
import { bucketStart, type Period } from '../time/period.js';
import { coverageIn, type StoredCoverage } from './coverage.query.js';
import { type Calendar, type DateRange, seriesRange } from './date-range.js';
import type { NormalFilter } from './filter.js';
import { cellId, type RowFilter, selectLastRow, selectLastRows, selectRows, type StoredRow } from './rows.query.js';
import { type Cell, coverageScopes, filterScopes, type ScopeFilter } from './scope-filter.js';
import { needsEarlierRow, type SeriesCoverage, seriesDates, seriesOf, type SeriesPoint } from './series.js';
import { calendarOf, readMetrics, type StatisticContext } from './statistic.context.js';
import type { StatisticTable } from './statistic-table.js';
import type { Fill } from './statistic-filter.js';

/** The points of one metric in one cell. */
export interface Series {
  readonly target: MetricTarget;
  /** null: not stored yet */
  readonly metric: Metric | null;
  readonly cell: Cell;
  readonly coverage: SeriesCoverage | null;
  readonly points: readonly SeriesPoint<string>[];
}

interface Line extends Omit<Series, 'points'> {
  readonly rows: StoredRow[];
  earlier: StoredRow | null;
}

const FIRST_DATE = '0001-01-01';

/** Reads the series of every metric and cell of a filter, all over the same dates. */
export function* readSeries(
  context: StatisticContext,
  filter: NormalFilter & { readonly period: Period },
  fill: Fill,
  now: Date,
): Work<Series[]> {
  const { period, scope, metrics: targets } = filter;
  const { asked, stored, coverages } = yield* readMetrics(context, targets, period);
  const scopes = scopesOf(scope);
  const calendar = calendarOf(context, now, stored, coverages, period, scopes);
  const range = seriesRange(filter.range, period, calendar);
  const covered = firstCovered(coverages.filter((one) => scopes.includes(one.scope)));
  const from = range.from ?? (covered === null ? null : bucketStart(period, covered, calendar.weekStart));
  const rowFilter = { table: scope.table, alternatives: scope.alternatives, metrics: stored, period };

  const rows = yield* rowsOf(context, { ...rowFilter, range: { from, to: range.to } });
  const earlier = needsEarlierRow(period, fill)
    ? yield* earlierRows(context, rowFilter, from, stored.length * (scope.cells?.length ?? 2))
    : [];
  const cells = scope.cells ?? cellsOf(scope.table, [...rows, ...earlier]);
  const lines = targets.flatMap((target, place) =>
    cells.map((cell) => lineOf(scope.table, target, asked[place] ?? null, cell, coverages, period)),
  );
  assign(scope.table, lines, rows, earlier);

  const first = from ?? rows[0]?.date;
  const dates = first === undefined ? [] : seriesDates(period, first, range.to, calendar.weekStart);
  return lines.map((line) => ({ ...line, points: pointsOf(line, dates, period, calendar, fill) }));
}

function* rowsOf({ database }: StatisticContext, filter: RowFilter): Work<StoredRow[]> {
  if (filter.metrics.length === 0) return [];
  const order = sql`ORDER BY ${join([filter.table.table.column('date')])}`;
  return yield* selectRows(database, filter, order);
}

function* earlierRows(
  { database }: StatisticContext,
  filter: Omit<RowFilter, 'range'>,
  from: LocalDate | null,
  lines: number,
): Work<StoredRow[]> {
  if (from === null || from === FIRST_DATE || filter.metrics.length === 0) return [];
  const range: DateRange = { from: null, to: addDays(from, -1) };
  if (lines > 1) return yield* selectLastRows(database, { ...filter, range });
  const row = yield* selectLastRow(database, { ...filter, range });
  return row === null ? [] : [row];
}

/** the scopes under which the coverage of a filter's rows may stand */
function scopesOf(scope: ScopeFilter): readonly string[] {
  return [
    ...new Set([...(scope.cells ?? []).flatMap((cell) => coverageScopes(scope.table, cell)), ...filterScopes(scope)]),
  ];
}

function firstCovered(coverages: readonly StoredCoverage[]): LocalDate | null {
  return (
    coverages
      .map(({ from }) => from)
      .filter((from) => from !== null)
      .sort(byText)[0] ?? null
  );
}

function cellsOf(table: StatisticTable, rows: readonly StoredRow[]): Cell[] {
  const cells = new Map(rows.map(({ cell }) => [cellId(table, cell), cell]));
  return [...cells].sort(([a], [b]) => byText(a, b)).map(([, cell]) => cell);
}

function lineOf(
  table: StatisticTable,
  target: MetricTarget,
  metric: Metric | null,
  cell: Cell,
  coverages: readonly StoredCoverage[],
  period: Period,
): Line {
  const stored = metric === null ? null : coverageIn(coverages, metric, period, coverageScopes(table, cell));
  const coverage = stored === null || stored.from === null ? null : { ...stored, from: stored.from };
  return { target, metric, cell, coverage, rows: [], earlier: null };
}

function assign(
  table: StatisticTable,
  lines: readonly Line[],
  rows: readonly StoredRow[],
  earlier: readonly StoredRow[],
): void {
  const idOf = (metricId: number | undefined, cell: Cell): string => `${metricId ?? '?'} ${cellId(table, cell)}`;
  // a metric that is asked for twice has two lines
  const byId = new Map<string, Line[]>();
  for (const line of lines) {
    const id = idOf(line.metric?.id, line.cell);
    byId.set(id, [...(byId.get(id) ?? []), line]);
  }
  for (const row of rows) byId.get(idOf(row.metricId, row.cell))?.forEach((line) => line.rows.push(row));
  for (const row of earlier) byId.get(idOf(row.metricId, row.cell))?.forEach((line) => (line.earlier = row));
}

function pointsOf(
  line: Line,
  dates: readonly LocalDate[],
  period: Period,
  calendar: Calendar,
  fill: Fill,
): SeriesPoint<string>[] {
  const { today, weekStart } = calendar;
  return seriesOf({ period, weekStart, today, coverage: line.coverage, fill }, dates, line.earlier, line.rows);
}
