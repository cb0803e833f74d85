import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.js';
import { query, type Work } from '../../database/work.js';
import type { Period } from '../../time/period.js';
import {
  columns,
  lastRows,
  rangeBefore,
  rowCondition,
  type RowFilter,
  type StoredRow,
  storedRow,
} from './rows.query.js';
import type { StatisticTable } from '../tables/statistic-table.js';

/** The rows of one metric, period and cell, ordered by date. */
export type Line = readonly [StoredRow, ...StoredRow[]];

/**
 * Selects the rows of a filter, grouped by line and ordered by metric, period and keys.
 *
 * @param holding the periods for which the last row of a line before the range is needed too
 */
export function* selectLines(database: Database, filter: RowFilter, holding: readonly Period[]): Work<Line[]> {
  const { table } = filter.table;
  const before = rangeBefore(filter.range);
  const earlier = holding.flatMap((period) =>
    before === null ? [] : [lastOfEachLine(database, { ...filter, period, range: before })],
  );
  const inRange = sql`SELECT ${columns(database, filter.table)} FROM ${table.path} WHERE ${rowCondition(database, filter)}`;
  const rows = yield* query(
    sql`SELECT * FROM (${join([...earlier, inRange], '\nUNION ALL\n')}) r ORDER BY ${byLine(database, filter.table)}, r.row_date`,
  );
  const lines: [StoredRow, ...StoredRow[]][] = [];
  for (const row of rows.map((one) => storedRow(filter.table, one))) {
    const line = lines.at(-1);
    if (line !== undefined && isOfLine(filter.table, line[0], row)) line.push(row);
    else lines.push([row]);
  }
  return lines;
}

/** Selects the last row of each line within a range, ordered by metric, period and keys. */
export function* selectLineEnds(database: Database, filter: RowFilter): Work<StoredRow[]> {
  const rows = yield* query(
    sql`SELECT * FROM (${lastOfEachLine(database, filter)}) r ORDER BY ${byLine(database, filter.table)}`,
  );
  return rows.map((row) => storedRow(filter.table, row));
}

/** Selects the last row within a range. If several have the same date, it is the first by metric, period and keys. */
export function* selectEnd(database: Database, filter: RowFilter): Work<StoredRow[]> {
  const { dialect } = database;
  const { table, keys } = filter.table;
  const others = keys.map(({ type, column }) => (type === 'varchar' ? dialect.binaryOrder(column) : column));
  const order = [sql`${table.column('date')} DESC`, table.column('metricId'), table.column('period'), ...others];
  const rows = yield* query(
    sql`SELECT ${columns(database, filter.table)} FROM ${table.path} WHERE ${rowCondition(database, filter)} ORDER BY ${join(order)} LIMIT 1`,
  );
  return rows.map((row) => storedRow(filter.table, row));
}

function lastOfEachLine(database: Database, filter: RowFilter): Sql {
  return sql`SELECT ${columns(database, filter.table, sql`e.`)} FROM (${lastRows(database, filter)}) e WHERE e.place = 1`;
}

function byLine({ dialect }: Database, { keys }: StatisticTable): Sql {
  const others = keys.map(({ type }, place) => {
    const column = raw(`r.row_key${place}`);
    return sql`, ${type === 'varchar' ? dialect.binaryOrder(column) : column}`;
  });
  return sql`r.row_metric, r.row_period${join([...others, empty], '')}`;
}

function isOfLine({ keys }: StatisticTable, a: StoredRow, b: StoredRow): boolean {
  const isSame = a.metricId === b.metricId && a.period === b.period;
  return isSame && keys.every(({ property }) => a.cell[property] === b.cell[property]);
}
