import sql, { join, raw } from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import { query, type Work } from '../../database/work.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { kindMeaning } from '../../coverage/coverage-kind.js';
import { type DateRange, storedDate } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { carriedSince, carriesForward } from './carried-values.js';
import { columns, lastRowsOf, rowCondition, type StoredRow, storedRow } from './rows.query.js';
import { type Cell, possibleScopes } from '../filter/scope-filter.js';
import { readKey } from '../tables/statistic-table.js';
import { readFilterMetrics, type StatisticContext } from '../filter/statistic.context.js';

export interface TopOptions {
  /** Infinity for all */
  readonly limit: number;
  readonly offset: number;
  readonly order: 'asc' | 'desc';
}

/**
 * Reads the cells with the greatest (or least) values at a date. For rolling periods and LIFETIME, the last row of each
 * cell at or before the date counts.
 */
export function* readTop(
  context: StatisticContext,
  filter: NormalFilter & { readonly period: Period },
  { limit, offset, order }: TopOptions,
  now: Date,
): Work<StoredRow[]> {
  const { database } = context;
  const { dialect } = database;
  const { period, scope } = filter;
  const { table, keys } = scope.table;
  const { stored, coverages, scopes, calendar } = yield* readFilterMetrics(context, filter, now);
  const [metric] = stored;
  if (metric === undefined) return [];
  const date = storedDate(period, filter.range.date, calendar);

  const { today, weekStart } = calendar;
  const coverage = coverageIn(coverages, metric, period, scopes);
  const from = coverage?.from ?? null;
  const isCarried = carriesForward(period) && date <= today && (from === null || date >= from);
  const through = from === null ? null : (coverage?.through ?? today);
  const since = isCarried ? carriedSince(period, date, through, weekStart) : date;
  const rowFilter = { ...scope, metrics: [metric], period, range: { from: since, to: date } };
  const value = sql`s.${table.column('value')}`;
  const ties = keys.map((key) =>
    key.type === 'varchar' ? dialect.binaryOrder(sql`s.${key.column}`) : sql`s.${key.column}`,
  );
  const source = isCarried
    ? sql`${lastRowsOf(database, rowFilter)} s WHERE`
    : sql`${table.path} s WHERE ${rowCondition(database, rowFilter)} AND`;
  const rows = yield* query(sql`SELECT ${columns(database, scope.table, sql`s.`)} FROM ${source}
${value} IS NOT NULL ORDER BY ${dialect.numeric(value)} ${raw(order.toUpperCase())}, ${join(ties)}
${dialect.limit(Math.min(limit, Number.MAX_SAFE_INTEGER), offset)}`);
  return rows.map((row) => storedRow(scope.table, row));
}

/**
 * Reads the cells of one metric that are greatest over a range: by the sum of their values, or by the greatest value of
 * averages, minima, maxima and distinct counts. For rolling periods and LIFETIME, the value at the end of the range
 * counts.
 *
 * @param coverages of the metric
 */
export function* readGreatestCells(
  context: StatisticContext,
  metric: Metric,
  filter: NormalFilter & { readonly period: Period },
  { from, to }: DateRange & { readonly to: LocalDate },
  coverages: readonly StoredCoverage[],
  limit: number,
  now: Date,
): Work<Cell[]> {
  const { period, scope } = filter;
  if (carriesForward(period)) {
    const atEnd = { ...filter, range: { date: to } };
    return (yield* readTop(context, atEnd, { limit, offset: 0, order: 'desc' }, now)).map(({ cell }) => cell);
  }
  const { database } = context;
  const { dialect } = database;
  const { table, keys } = scope.table;
  const kind = coverageIn(coverages, metric, period, possibleScopes(scope))?.kind;
  const value = dialect.numeric(table.column('value'));
  const isSummable = kind === undefined || kindMeaning(kind).isSummable;
  const greatness = isSummable ? sql`SUM(${value})` : sql`MAX(${value})`;
  const selected = keys.map((key, place) => sql`${readKey(dialect, key)} AS ${raw(`row_key${place}`)}`);
  const columns = keys.map(({ column }) => column);
  const ties = keys.map(({ type, column }) => (type === 'varchar' ? dialect.binaryOrder(column) : column));
  const rows = yield* query(sql`SELECT ${join(selected)}, ${greatness} AS greatness FROM ${table.path} s
WHERE ${rowCondition(database, { ...scope, metrics: [metric], period, range: { from, to } })}
AND ${table.column('value')} IS NOT NULL GROUP BY ${join(columns)}
ORDER BY ${greatness} DESC, ${join(ties)} ${dialect.limit(limit)}`);
  return rows.map((row) =>
    Object.fromEntries(keys.map(({ property }, place) => [property, row[`row_key${place}`] as string | number])),
  );
}
