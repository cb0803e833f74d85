import sql, { join, raw, type Sql } from 'sql-template-tag';
import { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { query, type Work } from '../../database/work.js';
import { addDays, type LocalDate } from '../../time/local-date.js';
import type { Period, TimePeriod } from '../../time/period.js';
import type { StartRange } from '../filter/date-range.js';
import { exactValue } from '../tables/exact-value.js';
import { StatisticByDate } from '../tables/statistic-by-date.entity.js';
import { StatisticByTime } from '../tables/statistic-by-time.entity.js';
import { statisticTableOf } from '../tables/statistic-table.js';
import { selectBuckets, selectPointsByMetric, type StoredBucket } from './rows.query.js';
import { needsEarlierRow, type SeriesRow } from './series.js';

/**
 * Reads the totals of many metrics in one period and range, by metric id, with the carried value of the day before the
 * range where the period carries values forward. Two queries, which read the range and one index entry for each metric,
 * however long the history.
 */
export function* readTotals(
  database: Database,
  metrics: readonly Metric[],
  period: Period,
  range: { readonly from: LocalDate; readonly to: LocalDate },
): Work<ReadonlyMap<number, readonly SeriesRow[]>> {
  const statistic = statisticTableOf(database, StatisticByDate);
  const rows = new Map<number, readonly SeriesRow[]>(metrics.map(({ id }) => [id, []]));
  if (metrics.length === 0) return rows;
  if (needsEarlierRow(period, 'period')) {
    const before = addDays(range.from, -1);
    const carried = yield* readTotalsAt(database, period, new Map(metrics.map(({ id }) => [id, before])));
    for (const [id, row] of carried) rows.set(id, [row]);
  }
  const filter = { table: statistic, alternatives: [{}], metrics, period, range };
  for (const [id, points] of yield* selectPointsByMetric(database, filter)) {
    const carried = rows.get(id) ?? [];
    rows.set(id, carried.length === 0 ? points : [...carried, ...points]);
  }
  return rows;
}

/** Reads the totals of many metrics in one period of less than a day, by metric id, ordered by start. */
export function* readBucketTotals(
  database: Database,
  metrics: readonly Metric[],
  period: TimePeriod,
  range: StartRange,
): Work<ReadonlyMap<number, readonly StoredBucket[]>> {
  const rows = new Map<number, StoredBucket[]>(metrics.map(({ id }) => [id, []]));
  if (metrics.length === 0) return rows;
  const table = statisticTableOf(database, StatisticByTime);
  for (const row of yield* selectBuckets(database, { table, alternatives: [{}], metrics, period, range })) {
    rows.get(row.metricId)?.push(row);
  }
  return rows;
}

/**
 * Reads the last total of each metric at or before a date of its own. Metrics without one, and those whose last total
 * is null, are left out.
 *
 * @param dates by the metrics' ids
 */
export function* readTotalsAt(
  database: Database,
  period: Period,
  dates: ReadonlyMap<number, LocalDate>,
): Work<ReadonlyMap<number, SeriesRow & { readonly value: string }>> {
  if (dates.size === 0) return new Map();
  const { dialect } = database;
  const metric = database.table(Metric);
  const { table } = statisticTableOf(database, StatisticByDate);
  const id = sql`m.${metric.column('id')}`;
  const idsAt = new Map<LocalDate, Sql[]>();
  for (const [one, date] of dates) {
    const ids = idsAt.get(date);
    if (ids === undefined) idsAt.set(date, [dialect.integer(one)]);
    else ids.push(dialect.integer(one));
  }
  const cases = [...idsAt].map(
    ([date, ids]) => sql`WHEN ${id} IN (${join(ids)}) THEN ${dialect.date(addDays(date, 1))}`,
  );
  const last = dialect.lastBefore({
    table,
    keys: [
      { property: 'metricId', value: raw('a.id') },
      { property: 'period', value: dialect.integer(period) },
    ],
    date: 'date',
    before: raw('a.until_date'),
    query: sql`SELECT ${id} AS id, CASE ${join(cases, ' ')} END AS until_date FROM ${metric.path} m
WHERE ${id} IN (${join([...dates.keys()].map((one) => dialect.integer(one)))})`,
  });
  const [date, total] = [table.column('date'), table.column('value')].map((column) => sql`s.${column}`) as [Sql, Sql];
  const rows = yield* query<{ id: number; day: LocalDate; total: unknown }>(
    sql`SELECT a.id, ${dialect.dateText(date)} AS day, ${dialect.exactText(total)} AS total FROM ${last}`,
  );
  return new Map(
    rows.flatMap(({ id: one, day, total: stored }) => {
      const value = exactValue(stored);
      return value === null ? [] : [[one, { date: day, value }] as const];
    }),
  );
}
