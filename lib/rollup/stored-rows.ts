import sql, { join, raw, type Sql } from 'sql-template-tag';
import { batchesOf, MOST_PARTS } from '../database/batches.js';
import type { Dialect } from '../database/dialects/dialect.js';
import { execute, query, queryOne, type Work } from '../database/work.js';
import { carriesForward, insertCarried } from '../statistics/read/carried-values.js';
import { readMoment } from '../statistics/tables/statistic-table.js';
import { dayNumber, type DayNumber, type LocalDate } from '../time/local-date.js';
import { localDateAt, readingRange, startOfDay } from '../time/time-zone.js';
import type { RollupEntry, RollupPeriod } from './rollup-spec.js';
import { inRange, ofPeriod } from './window-sql.js';

/** Some days of a period, both included. */
type StoredRange = Pick<RollupPeriod, 'period' | 'from' | 'through' | 'fromSecond'>;

type Stored = Pick<RollupEntry, 'metricId' | 'statistic' | 'constants' | 'scan'>;

/** A period of the statistics of a metric in one scope. */
export interface EntryPeriod {
  readonly entry: Stored;
  readonly period: Pick<RollupPeriod, 'period'>;
}

/** Returns for each of some periods, true if it has stored rows. */
export function* hasPeriods(dialect: Dialect, periods: readonly EntryPeriod[]): Work<boolean[]> {
  const stored = periods.map(() => false);
  for (const some of batchesOf([...periods.entries()], MOST_PARTS)) {
    const queries = some.map(([place, { entry, period }], index) => {
      const rows = firstOf(dialect, entry, ofPeriod(dialect, entry, period, raw('s')));
      return sql`SELECT ${raw(String(place))} AS place FROM (${rows}) ${raw(`r${String(index)}`)}`;
    });
    const found = yield* query<{ place: unknown }>(join(queries, '\nUNION ALL\n'));
    for (const { place } of found) stored[Number(place)] = true;
  }
  return stored;
}

/** True if rows of some days of a period are stored. */
export function* hasRange(dialect: Dialect, entry: Stored, range: StoredRange): Work<boolean> {
  const rows = yield* query(firstOf(dialect, entry, inRange(dialect, entry, range, raw('s'))));
  return rows.length > 0;
}

function firstOf(dialect: Dialect, { statistic }: Pick<RollupEntry, 'statistic'>, condition: Sql): Sql {
  return sql`SELECT 1 AS present FROM ${statistic.table.path} s WHERE ${condition} ${dialect.limit(1)}`;
}

/** Returns the date of the first stored row of some days of a period, or null if there is none. */
export function* firstStored(dialect: Dialect, entry: Stored, range: StoredRange): Work<LocalDate | null> {
  const { statistic } = entry;
  const { table, moment } = statistic;
  const first = readMoment(dialect, statistic, sql`MIN(s.${table.column(moment)})`);
  const row = yield* queryOne<{ first: unknown }>(
    sql`SELECT ${first} AS first FROM ${table.path} s WHERE ${inRange(dialect, entry, range, raw('s'))}`,
  );
  return row === undefined || row.first === null ? null : dateOfMoment(entry, row.first);
}

/** Removes the stored rows of a period after a date, and returns their number. */
export function* removeAfter(
  dialect: Dialect,
  entry: Stored,
  period: Pick<RollupPeriod, 'period'>,
  date: LocalDate,
): Work<number> {
  const { table, moment } = entry.statistic;
  const after =
    moment === 'date'
      ? sql`s.${table.column(moment)} > ${dialect.date(date)}`
      : sql`s.${table.column(moment)} >= ${dialect.bigint(secondAfter(entry, dayNumber(date)))}`;
  return yield* execute(dialect.deleteFrom(table, sql`${ofPeriod(dialect, entry, period, raw('s'))} AND ${after}`));
}

/**
 * Stores the values that are carried to a date, of windows, periods to date and LIFETIME. The earlier rows can then be
 * removed.
 */
export function* carryTo(
  dialect: Dialect,
  entry: Stored,
  period: Pick<RollupPeriod, 'period'>,
  date: LocalDate,
): Work<void> {
  if (!carriesForward(period.period)) return;
  const { statistic } = entry;
  const where = (alias: Sql): Sql => ofPeriod(dialect, entry, period, alias);
  yield* execute(insertCarried(dialect, { statistic, where }, dialect.date(date)));
}

/**
 * Removes the first stored rows of a period before a date: as many as given, and the others of the last date among them.
 *
 * @returns the number of removed rows, and true if no such row is left
 */
export function* removeFirst(
  dialect: Dialect,
  entry: Stored,
  period: Pick<RollupPeriod, 'period'>,
  { before, rows }: { readonly before: LocalDate; readonly rows: number },
): Work<{ removed: number; isLast: boolean }> {
  const { statistic } = entry;
  const { table, moment } = statistic;
  const at = sql`s.${table.column(moment)}`;
  const first = bindMoment(dialect, firstMoment(entry, before));
  const old = sql`${ofPeriod(dialect, entry, period, raw('s'))} AND ${at} < ${first}`;
  const last = yield* queryOne<{ at: unknown }>(
    sql`SELECT ${readMoment(dialect, statistic, at)} AS at FROM ${table.path} s WHERE ${old} ORDER BY ${at} ${dialect.limit(1, rows - 1)}`,
  );
  const some = last === undefined ? old : sql`${old} AND ${at} <= ${bindMoment(dialect, momentOf(entry, last.at))}`;
  return { removed: yield* execute(dialect.deleteFrom(table, some)), isLast: last === undefined };
}

/** Returns the moment of a stored row, as `readMoment` has selected it. */
export function momentOf({ statistic }: Pick<Stored, 'statistic'>, read: unknown): LocalDate | number {
  return statistic.moment === 'date' ? (read as LocalDate) : Number(read);
}

/** Returns the local date of a moment. */
export function dateOfMoment(entry: Pick<Stored, 'statistic' | 'scan'>, read: unknown): LocalDate {
  const moment = momentOf(entry, read);
  return typeof moment === 'number' ? localDateAt(new Date(moment * 1000), entry.scan.timeZone) : moment;
}

function secondAfter({ scan }: Pick<Stored, 'scan'>, day: DayNumber): number {
  return readingRange({ storedIn: 'UTC', zone: scan.timeZone, fromDay: day, toDay: day }).to / 1000;
}

/** Returns the first moment of a date: the date, or its first second. */
export function firstMoment(
  { statistic, scan }: Pick<Stored, 'statistic' | 'scan'>,
  date: LocalDate,
): LocalDate | number {
  return statistic.moment === 'date' ? date : startOfDay(date, scan.timeZone).getTime() / 1000;
}

/** Binds a moment with the type of its column. */
export function bindMoment(dialect: Dialect, moment: LocalDate | number): Sql {
  return typeof moment === 'number' ? dialect.bigint(moment) : dialect.date(moment);
}
