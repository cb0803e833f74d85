import sql, { raw, type Sql } from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { execute, type Work } from '../../database/work.js';
import { InvalidFilterError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { addDays, type CheckedDateInput, type LocalDate, type LocalDateInput } from '../../time/local-date.js';
import { isTimePeriod, type Period, type TimePeriod } from '../../time/period.js';
import { dateOf, type Calendar } from '../filter/date-range.js';
import { readCall } from '../filter/calls.js';
import type { NormalFilter } from '../filter/filter.js';
import { startCoveragesAt, storedCoverages } from '../../coverage/coverage.store.js';
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

/** Removes old statistics of every scope. Returns the number of rows removed. */
export function* prune(context: StatisticContext, filter: NormalPrune): Work<number> {
  const { database } = context;
  const { stored } = yield* readMetrics(context, filter.metrics, filter.period);
  let removed = 0;
  for (const metric of stored) {
    const periods = filter.period === null ? yield* periodsOf(database, metric) : [filter.period];
    for (const period of periods) {
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
  { database, options }: StatisticContext,
  metric: Metric,
  period: TimePeriod,
  before: LocalDate,
): Work<number> {
  const coverages = yield* storedCoverages(database, [metric], null);
  const zone = zoneIn(coverages, [metric], period, []) ?? options.timeZone;
  const range = startsBefore(before, zone);
  let removed = 0;
  for (const table of statisticTablesOf(database).filter(({ moment }) => moment === 'start')) {
    const old = rowCondition(database, { table, alternatives: [{}], metrics: [metric], period, range });
    removed += yield* execute(sql`DELETE FROM ${table.table.path} WHERE ${old}`);
  }
  yield* startCoveragesAt(database, { metricId: metric.id, period, scope: null }, before);
  return removed;
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
    const { table } = statistic;
    const where = (alias: Sql): Sql =>
      sql`${alias}.${table.column('metricId')} = ${dialect.integer(metricId)} AND ${alias}.${table.column('period')} = ${dialect.integer(period)}`;
    const rows: StatisticRows = { statistic, where };
    if (carriesForward(period)) {
      const first = since === null ? null : dialect.date(since);
      yield* execute(insertCarried(dialect, rows, date, { since: first }));
    }
    removed += yield* execute(
      dialect.deleteFrom(table, sql`${where(raw('s'))} AND s.${table.column('date')} < ${date}`),
    );
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

function* periodsOf(database: Database, metric: Metric): Work<Set<Period>> {
  const periods = new Set<Period>();
  for (const table of statisticTablesOf(database)) {
    for (const { period } of yield* findPeriods(database, table, [metric])) periods.add(period);
  }
  return periods;
}
