import sql, { raw, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { execute, type Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import { periodKind, type Period } from '../time/period.js';
import { Coverage } from './coverage.entity.js';
import { holdAt, type StatisticRows } from './held-rows.js';
import { statisticTablesOf } from './statistic-table.js';

/**
 * Removes the statistics of a metric's period before a date, in every table. Where a value holds until the next row
 * (rolling windows, LIFETIME), what holds on the date is kept as a row on it.
 *
 * @returns the number of rows removed
 */
export function* pruned(database: Database, metricId: number, period: Period, before: LocalDate): Work<number> {
  const { dialect } = database;
  const date = dialect.date(before);
  let removed = 0;
  for (const statistic of statisticTablesOf(database)) {
    const { table } = statistic;
    const where = (alias: Sql): Sql =>
      sql`${alias}.${table.column('metricId')} = ${dialect.integer(metricId)} AND ${alias}.${table.column('period')} = ${dialect.integer(period)}`;
    const rows: StatisticRows = { statistic, where };
    if (periodKind(period) !== 'bucket') yield* execute(holdAt(rows, date));
    removed += yield* execute(
      dialect.deleteFrom(table, sql`${where(raw('s'))} AND s.${table.column('date')} < ${date}`),
    );
  }
  yield* execute(coverageFrom(database, metricId, period, before));
  return removed;
}

/** What is covered begins at the cut; a coverage that ends before it has nothing left but its last date. */
function coverageFrom(database: Database, metricId: number, period: Period, before: LocalDate): Sql {
  const { dialect } = database;
  const table = database.table(Coverage);
  const [from, through] = [table.column('from'), table.column('through')];
  const date = dialect.date(before);
  return sql`UPDATE ${table.path} SET ${from} = CASE WHEN ${through} < ${date} THEN ${through} ELSE ${date} END
WHERE ${table.column('metricId')} = ${dialect.integer(metricId)} AND ${table.column('period')} = ${dialect.integer(period)} AND ${from} < ${date}`;
}
