import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import type { StatisticTable } from './statistic-table.js';

/** Rows of one statistic: those of a metric, a period and optionally some keys, as a condition on an alias. */
export interface StatisticRows {
  readonly statistic: StatisticTable;
  readonly where: (alias: Sql) => Sql;
}

/**
 * Selects the last row before a date for each key: the columns of the table, and `position` 1. Its value is the one
 * that is carried forward to a date without a row.
 */
export function lastRowsBefore({ statistic, where }: StatisticRows, date: Sql): Sql {
  const { table } = statistic;
  const keys = keyColumns(statistic).map((key) => sql`s.${key}`);
  const partition = keys.length === 0 ? empty : sql`PARTITION BY ${join(keys)} `;
  return sql`SELECT * FROM (SELECT s.*, ROW_NUMBER() OVER (${partition}ORDER BY s.${table.column('date')} DESC) AS position
FROM ${table.path} s WHERE ${where(raw('s'))} AND s.${table.column('date')} < ${date}) l WHERE l.position = 1`;
}

/**
 * Inserts a row at a date for every key that has earlier rows and none at that date. By default it has the carried
 * value.
 */
export function holdAt(rows: StatisticRows, date: Sql, value?: Sql): Sql {
  const { statistic, where } = rows;
  const { table } = statistic;
  const keys = keyColumns(statistic);
  const given = [table.column('metricId'), table.column('period'), ...keys];
  return sql`INSERT INTO ${table.path} (${join([...given, table.column('date'), table.column('value')])})
SELECT ${join([...given.map((column) => sql`r.${column}`), date, value ?? sql`r.${table.column('value')}`])}
FROM (${lastRowsBefore(rows, date)}) r
WHERE NOT EXISTS (SELECT 1 FROM ${table.path} h WHERE ${where(raw('h'))} AND ${sameKeys(statistic, raw('r'), raw('h'))}h.${table.column('date')} = ${date})`;
}

/** Removes the rows at a date whose value equals that of the row before. */
export function dropUnchangedAt(dialect: Dialect, { statistic, where }: StatisticRows, date: Sql): Sql {
  const { table } = statistic;
  const [day, value] = [table.column('date'), table.column('value')];
  const keys = keyColumns(statistic);
  const columns = (alias: Sql): Sql => join([...keys.map((key) => sql`${alias}.${key}, `), empty], '');
  const before = sql`SELECT MAX(m.${day}) FROM ${table.path} m WHERE ${where(raw('m'))} AND ${sameKeys(statistic, raw('m'), raw('t'))}m.${day} < ${date}`;
  const last = sql`SELECT ${columns(raw('t'))}(${before}) AS last FROM ${table.path} t WHERE ${where(raw('t'))} AND t.${day} = ${date}`;
  // a derived table that is not merged: MySQL reads no table that it deletes from otherwise
  const rows = sql`SELECT DISTINCT ${columns(raw('r'))}r.${value} FROM (${last}) l
JOIN ${table.path} r ON ${sameKeys(statistic, raw('r'), raw('l'))}r.${day} = l.last WHERE ${where(raw('r'))}`;
  const differs = dialect.differ(sql`b.${value}`, sql`s.${value}`);
  return dialect.deleteFrom(
    table,
    sql`${where(raw('s'))} AND s.${day} = ${date}
AND EXISTS (SELECT 1 FROM (${rows}) b WHERE ${sameKeys(statistic, raw('b'), raw('s'))}NOT (${differs}))`,
  );
}

function keyColumns({ keys }: StatisticTable): Sql[] {
  return keys.map(({ column }) => column);
}

/** The condition ends with AND, so that it can be empty. */
function sameKeys(statistic: StatisticTable, a: Sql, b: Sql): Sql {
  return join([...keyColumns(statistic).map((key) => sql`${a}.${key} = ${b}.${key}`), empty], ' AND ');
}
