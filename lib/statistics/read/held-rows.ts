import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../../database/dialects/dialect.js';
import type { StatisticTable } from '../tables/statistic-table.js';

/** Rows of one statistic: those of a metric, a period and optionally some keys, as a condition on an alias. */
export interface StatisticRows {
  readonly statistic: StatisticTable;
  readonly where: (alias: Sql) => Sql;
}

/**
 * Inserts a row at a date for every key that has earlier rows and none at that date. By default it has the carried
 * value.
 *
 * One pass over the rows up to the date, and no join: in a table that was never analysed PostgreSQL expects one row of
 * everything, and compared each key with each row (1,050,000 rows read instead of 60,000 for 1,000 keys on 60 dates).
 */
export function holdAt({ statistic, where }: StatisticRows, date: Sql, value?: Sql): Sql {
  const { table } = statistic;
  const [day, stored] = [table.column('date'), table.column('value')];
  const given = [table.column('metricId'), table.column('period'), ...keyColumns(statistic)];
  const columns = join([...given, day, stored].map((column) => sql`s.${column}`));
  const position = sql`ROW_NUMBER() OVER (${partition(statistic)}ORDER BY s.${day} DESC)`;
  const last = sql`SELECT ${columns}, ${position} AS position FROM ${table.path} s WHERE ${where(raw('s'))} AND s.${day} <= ${date}`;
  return sql`INSERT INTO ${table.path} (${join([...given, day, stored])})
SELECT ${join([...given.map((column) => sql`l.${column}`), date, value ?? sql`l.${stored}`])}
FROM (${last}) l WHERE l.position = 1 AND l.${day} < ${date}`;
}

/** Removes the rows at a date whose value equals that of the row before. */
export function dropUnchangedAt(dialect: Dialect, { statistic, where }: StatisticRows, date: Sql): Sql {
  const { table, keys } = statistic;
  const [day, value] = [table.column('date'), table.column('value')];
  const order = sql`(${partition(statistic)}ORDER BY s.${day})`;
  const unchanged = (identity: Sql): Sql => {
    const rows = sql`SELECT ${identity}, s.${day}, s.${value}, LAG(s.${value}) OVER ${order} AS earlier, ROW_NUMBER() OVER ${order} AS position
FROM ${table.path} s WHERE ${where(raw('s'))} AND s.${day} <= ${date}`;
    return sql`SELECT * FROM (${rows}) r WHERE r.${day} = ${date} AND r.position > 1 AND NOT (${dialect.differ(sql`r.${value}`, raw('r.earlier'))})`;
  };
  return dialect.deleteFound(table, ['metricId', 'period', ...keys.map(({ property }) => property), 'date'], unchanged);
}

function partition(statistic: StatisticTable): Sql {
  const keys = keyColumns(statistic).map((key) => sql`s.${key}`);
  return keys.length === 0 ? empty : sql`PARTITION BY ${join(keys)} `;
}

function keyColumns({ keys }: StatisticTable): Sql[] {
  return keys.map(({ column }) => column);
}
