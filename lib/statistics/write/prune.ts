import sql, { raw, type Sql } from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import type { Table } from '../../database/table.js';
import { execute, queryOne, type Work } from '../../database/work.js';
import { InvalidFilterError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { addDays, type CheckedDateInput, type LocalDate, type LocalDateInput } from '../../time/local-date.js';
import { isTimePeriod, type Period, type TimePeriod } from '../../time/period.js';
import { dateOf, type Calendar } from '../filter/date-range.js';
import { readCall } from '../filter/calls.js';
import type { NormalFilter } from '../filter/filter.js';
import { storedCoverages } from '../../coverage/covered-metrics.query.js';
import { startCoveragesAt } from '../../coverage/coverage.store.js';
import { zoneIn } from '../../coverage/coverage.js';
import { startsBefore } from '../filter/start-range.js';
import { rowCondition } from '../read/rows.query.js';
import { carriedSince, carriesForward, insertCarried, type StatisticRows } from '../read/carried-values.js';
import { findPeriods } from '../read/stored-periods.query.js';
import { moduleCalendar, readMetrics, type StatisticContext } from '../filter/statistic.context.js';
import type { AnyMetrics } from '../filter/statistic-filter.js';
import { statisticTablesOf } from '../tables/statistic-table.js';

/**
 * Selects old statistics to remove: of metrics, optionally of one period, that are older than a date or than a number
 * of days.
 */
export type PruneFilter = AnyMetrics & { period?: Period | undefined } & (
    { before: LocalDateInput; keep?: never } | { keep: number; before?: never }
  );

export interface NormalPrune extends NormalFilter {
  /** the first date to keep */
  readonly before: LocalDate;
}

/**
 * Checks the filter of `prune`.
 *
 * @throws InvalidFilterError, InvalidDateError
 */
export function checkPrune(context: StatisticContext, filter: PruneFilter, now: Date): NormalPrune {
  const { options, ...normal } = readCall(context, 'prune', filter);
  return { ...normal, before: firstDateToKeep(options.before, options.keep, moduleCalendar(context, now)) };
}

/** The old rows of a metric and a period, of every scope. */
export interface PrunableRows {
  /** natural key */
  readonly metric: string;
  readonly period: Period;
  readonly rows: number;
  /** the first date that is kept */
  readonly before: LocalDate;
}

/** Counts what `prune` would remove, by metric and period. */
export function* countPrunable(context: StatisticContext, filter: NormalPrune): Work<PrunableRows[]> {
  const { database } = context;
  const { stored } = yield* readMetrics(context, filter.metrics, filter.period);
  const found: PrunableRows[] = [];
  for (const metric of stored) {
    for (const period of yield* periodsToPrune(database, metric, filter)) {
      const old = isTimePeriod(period)
        ? yield* oldBuckets(context, metric, period, filter.before)
        : oldRows(database, metric.id, period, filter.before);
      let rows = 0;
      for (const { table, condition } of old) rows += yield* countRows(table, condition);
      if (rows > 0) found.push({ metric: metric.key, period, rows, before: filter.before });
    }
  }
  return found;
}

function* countRows(table: Table, condition: Sql): Work<number> {
  const counted = yield* queryOne<{ n: unknown }>(sql`SELECT COUNT(*) AS n FROM ${table.path} s WHERE ${condition}`);
  return Number(counted?.n ?? 0);
}

/** Removes old statistics of every scope. Returns the number of rows removed. */
export function* prune(context: StatisticContext, filter: NormalPrune): Work<number> {
  const { database } = context;
  const { stored } = yield* readMetrics(context, filter.metrics, filter.period);
  let removed = 0;
  for (const metric of stored) {
    for (const period of yield* periodsToPrune(database, metric, filter)) {
      if (isTimePeriod(period)) {
        removed += yield* removeBucketsBefore(context, metric, period, filter.before);
        continue;
      }
      const coverages = carriesForward(period) ? yield* storedCoverages(database, [metric], period) : [];
      const since = coverages.length > 0 ? null : carriedSince(period, filter.before, null, context.options.weekStart);
      removed += yield* removeBefore(database, metric.id, period, filter.before, since);
    }
  }
  return removed;
}

/** Removes the buckets of a metric's period of less than a day before a date in the metric's zone, in every table. */
function* removeBucketsBefore(
  context: StatisticContext,
  metric: Metric,
  period: TimePeriod,
  before: LocalDate,
): Work<number> {
  const { database } = context;
  let removed = 0;
  for (const { table, condition } of yield* oldBuckets(context, metric, period, before)) {
    removed += yield* execute(sql`DELETE FROM ${table.path} WHERE ${condition}`);
  }
  yield* startCoveragesAt(database, { metricId: metric.id, period, scope: null }, before);
  return removed;
}

/** Rows of a table to remove. */
interface OldRows {
  readonly table: Table;
  readonly condition: Sql;
}

/** Returns the buckets of a metric's period of less than a day before a date in the metric's zone, of every table. */
function* oldBuckets(
  { database, options }: StatisticContext,
  metric: Metric,
  period: TimePeriod,
  before: LocalDate,
): Work<OldRows[]> {
  const coverages = yield* storedCoverages(database, [metric], null);
  const range = startsBefore(before, zoneIn(coverages, [metric], period, []) ?? options.timeZone);
  return statisticTablesOf(database)
    .filter(({ moment }) => moment === 'start')
    .map((table) => ({
      table: table.table,
      condition: rowCondition(database, { table, alternatives: [{}], metrics: [metric], period, range }),
    }));
}

/** Returns the statistics of a metric's period of days before a date, of every table, with the alias `s`. */
function oldRows(database: Database, metricId: number, period: Period, before: LocalDate): OldRows[] {
  return statisticTablesOf(database)
    .filter(({ moment }) => moment === 'date')
    .map(({ table }) => ({
      table,
      condition: sql`${rowsOf(database, table, metricId, period)(raw('s'))} AND s.${table.column('date')} < ${database.dialect.date(before)}`,
    }));
}

/** Returns the condition of the rows of a metric and period under an alias. */
function rowsOf({ dialect }: Database, table: Table, metricId: number, period: Period): (alias: Sql) => Sql {
  return (alias) =>
    sql`${alias}.${table.column('metricId')} = ${dialect.integer(metricId)} AND ${alias}.${table.column('period')} = ${dialect.integer(period)}`;
}

/**
 * Removes the statistics of a metric's period of days before a date, in every table. Values of rolling periods and LIFETIME are
 * carried forward to the date.
 *
 * @param since the first date whose values are carried; null for all
 * @returns the number of rows removed
 */
export function* removeBefore(
  database: Database,
  metricId: number,
  period: Period,
  before: LocalDate,
  since: LocalDate | null = null,
): Work<number> {
  const { dialect } = database;
  const date = dialect.date(before);
  let removed = 0;
  for (const statistic of statisticTablesOf(database).filter(({ moment }) => moment === 'date')) {
    const rows: StatisticRows = { statistic, where: rowsOf(database, statistic.table, metricId, period) };
    if (carriesForward(period)) {
      const first = since === null ? null : dialect.date(since);
      yield* execute(insertCarried(dialect, rows, date, { since: first }));
    }
  }
  for (const { table, condition } of oldRows(database, metricId, period, before)) {
    removed += yield* execute(dialect.deleteFrom(table, condition));
  }
  yield* startCoveragesAt(database, { metricId, period, scope: null }, before);
  return removed;
}

function firstDateToKeep(
  before: CheckedDateInput | undefined,
  keep: number | undefined,
  calendar: Calendar,
): LocalDate {
  if ((before === undefined) === (keep === undefined)) {
    throw new InvalidFilterError(
      'prune takes either before, the first date that is kept, or keep, the number of days up to today.',
    );
  }
  if (keep !== undefined) return addDays(calendar.today, 1 - keep);
  const date = dateOf(before as CheckedDateInput, calendar);
  if (date <= calendar.today) return date;
  throw new InvalidFilterError(
    `before is ${shown(before)}, which is after today (${calendar.today}). Expected a date that has come.`,
  );
}

/** Returns the period of a filter, or all that a metric has. */
function* periodsToPrune(database: Database, metric: Metric, { period: asked }: NormalPrune): Work<Iterable<Period>> {
  if (asked !== null) return [asked];
  const periods = new Set<Period>();
  for (const table of statisticTablesOf(database)) {
    for (const { period } of yield* findPeriods(database, table, [metric])) periods.add(period);
  }
  return periods;
}
