import sql, { join, raw, type Sql } from 'sql-template-tag';
import { batchesOf, MOST_PARTS } from '../database/batches.js';
import type { Dialect } from '../database/dialects/dialect.js';
import { execute, query, queryOne, type Work } from '../database/work.js';
import { carriesForward, insertCarried } from '../statistics/read/carried-values.js';
import type { LocalDate } from '../time/local-date.js';
import type { RollupEntry, RollupPeriod } from './rollup-spec.js';
import { inRange, ofPeriod } from './window-sql.js';

/** Some days of a period, both included. */
type StoredRange = Pick<RollupPeriod, 'period' | 'from' | 'through'>;

type Stored = Pick<RollupEntry, 'metricId' | 'statistic' | 'constants'>;

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
  const { table } = entry.statistic;
  const row = yield* queryOne<{ first: LocalDate | null }>(
    sql`SELECT ${dialect.dateText(sql`MIN(s.${table.column('date')})`)} AS first FROM ${table.path} s WHERE ${inRange(dialect, entry, range, raw('s'))}`,
  );
  return row?.first ?? null;
}

/** Removes the stored rows of a period after a date, and returns their number. */
export function* removeAfter(
  dialect: Dialect,
  entry: Stored,
  period: Pick<RollupPeriod, 'period'>,
  date: LocalDate,
): Work<number> {
  const { table } = entry.statistic;
  const after = sql`s.${table.column('date')} > ${dialect.date(date)}`;
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
  const { table } = entry.statistic;
  const day = sql`s.${table.column('date')}`;
  const old = sql`${ofPeriod(dialect, entry, period, raw('s'))} AND ${day} < ${dialect.date(before)}`;
  const last = yield* queryOne<{ date: LocalDate }>(
    sql`SELECT ${dialect.dateText(day)} AS date FROM ${table.path} s WHERE ${old} ORDER BY ${day} ${dialect.limit(1, rows - 1)}`,
  );
  const some = last === undefined ? old : sql`${old} AND ${day} <= ${dialect.date(last.date)}`;
  return { removed: yield* execute(dialect.deleteFrom(table, some)), isLast: last === undefined };
}
