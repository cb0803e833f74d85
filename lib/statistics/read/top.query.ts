import sql, { join, raw } from 'sql-template-tag';
import type { Work } from '../../database/work.js';
import { query } from '../../database/work.js';
import { type Period, periodKind } from '../../time/period.js';
import { coverageIn } from '../../coverage/coverage.js';
import { storedDate } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { columns, lastRows, rowCondition, type StoredRow, storedRow } from './rows.query.js';
import { coverageScopes, filterScopes } from '../filter/scope-filter.js';
import { calendarOf, readMetrics, type StatisticContext } from '../filter/statistic.context.js';

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
  const { stored, coverages } = yield* readMetrics(context, filter.metrics, period);
  const [metric] = stored;
  if (metric === undefined) return [];
  const scopes = [...(scope.cells ?? []).flatMap((cell) => coverageScopes(scope.table, cell)), ...filterScopes(scope)];
  const calendar = calendarOf(context, now, stored, coverages, period, scopes);
  const date = storedDate(period, filter.range.date, calendar);

  const from = coverageIn(coverages, metric, period, scopes)?.from ?? null;
  const holds = periodKind(period) !== 'bucket' && date <= calendar.today && (from === null || date >= from);
  const rowFilter = { ...scope, metrics: [metric], period, range: { from: holds ? null : date, to: date } };
  const value = sql`s.${table.column('value')}`;
  const ties = keys.map((key) =>
    key.type === 'varchar' ? dialect.binaryOrder(sql`s.${key.column}`) : sql`s.${key.column}`,
  );
  const source = holds
    ? sql`(${lastRows(database, rowFilter)}) s WHERE s.place = 1`
    : sql`${table.path} s WHERE ${rowCondition(database, rowFilter)}`;
  const rows = yield* query(sql`SELECT ${columns(database, scope.table, sql`s.`)} FROM ${source}
AND ${value} IS NOT NULL ORDER BY ${dialect.numeric(value)} ${raw(order.toUpperCase())}, ${join(ties)}
LIMIT ${raw(String(Math.min(limit, Number.MAX_SAFE_INTEGER)))} OFFSET ${raw(String(offset))}`);
  return rows.map((row) => storedRow(scope.table, row));
}
