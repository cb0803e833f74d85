import sql, { raw, type Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.js';
import { execute, type Work } from '../../database/work.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { startCoveragesAt } from '../../coverage/coverage.store.js';
import { carriesForward, insertCarried, type StatisticRows } from '../read/carried-values.js';
import { statisticTablesOf } from '../tables/statistic-table.js';

/**
 * Removes the statistics of a metric's period before a date, in every table. Values of rolling periods and LIFETIME are
 * carried forward to the date.
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
    if (carriesForward(period)) yield* execute(insertCarried(rows, date));
    removed += yield* execute(
      dialect.deleteFrom(table, sql`${where(raw('s'))} AND s.${table.column('date')} < ${date}`),
    );
  }
  yield* startCoveragesAt(database, metricId, period, before);
  return removed;
}
