import sql, { join, type Sql } from 'sql-template-tag';
import { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { query, type Work } from '../../database/work.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import { readMoment, type StatisticTable } from '../tables/statistic-table.js';

/**
 * Reads the first date of which metrics have a row in a table and a period, by the metrics' ids: one look into an index
 * for each, or all rows where the database has them on several servers. Metrics without a row are left out.
 *
 * @param timeZone of the dates of buckets of less than a day
 */
export function* readFirstDates(
  database: Database,
  statistic: StatisticTable,
  period: Period,
  metrics: readonly Pick<Metric, 'id'>[],
  timeZone: string,
): Work<ReadonlyMap<number, LocalDate>> {
  if (metrics.length === 0) return new Map();
  const { dialect } = database;
  const { moment } = statistic;
  const ids = join(metrics.map((one) => dialect.integer(one.id)));
  const statement = dialect.correlates
    ? soughtFirsts(database, statistic, period, ids)
    : groupedFirsts(database, statistic, period, ids);
  const rows = yield* query<{ id: number; first_moment: unknown }>(statement);
  const dateOf = (found: unknown): LocalDate =>
    // drivers return a bigint as text, a number or a bigint
    moment === 'date' ? (found as LocalDate) : localDateAt(new Date(Number(found) * 1000), timeZone);
  return new Map(
    rows.flatMap(({ id: one, first_moment: found }) => (found === null ? [] : [[one, dateOf(found)] as const])),
  );
}

function soughtFirsts(database: Database, statistic: StatisticTable, period: Period, ids: Sql): Sql {
  const { dialect } = database;
  const metric = database.table(Metric);
  const { table, moment } = statistic;
  const [id, at] = [sql`m.${metric.column('id')}`, sql`s.${table.column(moment)}`];
  return sql`SELECT ${id} AS id, (SELECT ${readMoment(dialect, statistic, at)} FROM ${table.path} s
WHERE s.${table.column('metricId')} = ${id} AND s.${table.column('period')} = ${dialect.integer(period)}
ORDER BY ${at} ${dialect.limit(1)}) AS first_moment FROM ${metric.path} m WHERE ${id} IN (${ids})`;
}

function groupedFirsts({ dialect }: Database, statistic: StatisticTable, period: Period, ids: Sql): Sql {
  const { table, moment } = statistic;
  const id = sql`s.${table.column('metricId')}`;
  const first = readMoment(dialect, statistic, sql`MIN(s.${table.column(moment)})`);
  return sql`SELECT ${id} AS id, ${first} AS first_moment FROM ${table.path} s
WHERE ${id} IN (${ids}) AND s.${table.column('period')} = ${dialect.integer(period)} GROUP BY ${id}`;
}
