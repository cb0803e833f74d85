import sql, { join, raw, type Sql } from 'sql-template-tag';
import { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { query, type Work } from '../../database/work.js';
import { addDays, dayNumber, type LocalDate } from '../../time/local-date.js';
import { Period, type TimePeriod } from '../../time/period.js';
import type { StartRange } from '../filter/date-range.js';
import { exactValue } from '../tables/exact-value.js';
import { StatisticByDate } from '../tables/statistic-by-date.entity.js';
import { StatisticByTime } from '../tables/statistic-by-time.entity.js';
import { statisticTableOf } from '../tables/statistic-table.js';
import { rowCondition, selectBuckets, selectPointsByMetric, type StoredBucket } from './rows.query.js';
import { needsEarlierRow, type SeriesRow } from './series.js';
import type { StoredSum } from './series-sums.js';

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

/** Days from one date to another, in parts of `size` days each. */
export interface DayParts {
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly size: number;
}

/**
 * Reads the totals of days of many metrics, added up by the database in parts of a range: by metric id, and by the place
 * of the first day of the part. Null for a metric with a day whose value is null, or whose values the database would not
 * add up exactly.
 */
export function* readDaySums(
  database: Database,
  metrics: readonly Metric[],
  { from, to, size }: DayParts,
): Work<ReadonlyMap<number, ReadonlyMap<number, StoredSum> | null>> {
  const { dialect } = database;
  const statistic = statisticTableOf(database, StatisticByDate);
  const { table } = statistic;
  const [id, date, value] = ['metricId', 'date', 'value'].map((property) => sql`s.${table.column(property)}`) as [
    Sql,
    Sql,
    Sql,
  ];
  const filter = { table: statistic, alternatives: [{}], metrics, period: Period.DAY, range: { from, to } };
  if (size === 1) return sumsOfPoints(metrics, yield* selectPointsByMetric(database, filter), from);
  const place = sql`(${dialect.dayNumber({ kind: 'date', storedIn: 'UTC' }, date)} - ${dialect.integer(dayNumber(from))})`;
  const addend = dialect.exactAddend(value);
  const sums = sql`SELECT ${id} AS id, ${place} - ${place} % ${dialect.integer(size)} AS place, COUNT(*) AS stored, COUNT(${addend}) AS added,
  SUM(${addend}) AS total, MIN(${date}) AS first_date, MAX(${date}) AS last_date
FROM ${table.path} s WHERE ${rowCondition(database, filter)} GROUP BY ${id}, 2`;
  const rows = yield* query<SumRow>(
    sql`SELECT p.id, p.place, p.stored, p.added, ${dialect.exactText(raw('p.total'))} AS total,
${dialect.dateText(raw('p.first_date'))} AS first_date, ${dialect.dateText(raw('p.last_date'))} AS last_date FROM (${sums}) p`,
  );
  const found = new Map<number, Map<number, StoredSum> | null>(
    metrics.map((metric) => [metric.id, new Map<number, StoredSum>()]),
  );
  for (const row of rows) {
    const sum = exactValue(row.total);
    const isExact = sum !== null && Number(row.added) === Number(row.stored);
    if (!isExact) found.set(row.id, null);
    else
      found
        .get(row.id)
        ?.set(Number(row.place), { count: Number(row.stored), sum, first: row.first_date, last: row.last_date });
  }
  return found;
}

/** Parts of one day are the points themselves, which take half the time of their sums. */
function sumsOfPoints(
  metrics: readonly Metric[],
  pointsById: ReadonlyMap<number, readonly SeriesRow[]>,
  from: LocalDate,
): ReadonlyMap<number, ReadonlyMap<number, StoredSum> | null> {
  const first = dayNumber(from);
  return new Map(
    metrics.map(({ id }) => {
      const sums = new Map<number, StoredSum>();
      for (const { date, value } of pointsById.get(id) ?? []) {
        if (value === null) return [id, null];
        sums.set(dayNumber(date) - first, { count: 1, sum: value, first: date, last: date });
      }
      return [id, sums];
    }),
  );
}

interface SumRow {
  id: number;
  place: unknown;
  stored: unknown;
  added: unknown;
  total: unknown;
  first_date: LocalDate;
  last_date: LocalDate;
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
