import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Dialect, LastDate } from '../../database/dialects/dialect.js';
import { type DayNumber, dayNumber, fromDayNumber, type LocalDate, shiftDay } from '../../time/local-date.js';
import { firstCovered, type Period, periodKind, type WeekStart } from '../../time/period.js';
import type { DateRange } from '../filter/date-range.js';
import type { StatisticTable } from '../tables/statistic-table.js';

/**
 * Carried values: in a rolling period, a period to date and LIFETIME, a date without a row has the value of the last
 * earlier row of its series. A value to date is carried to the end of its unit only. This file has the rule for rows in
 * memory (`carryForward`) and for rows in the database (`lastRows`). If the series are known one by one,
 * `dialect.lastBefore` finds the same row by the primary key.
 */

/** True if the values of a period are carried forward to later dates. */
export function carriesForward(period: Period): boolean {
  return periodKind(period) !== 'bucket';
}

/**
 * Returns the first date whose value may be carried to a date, or null if every earlier one may. The value of November to
 * date is not carried into December. Only if a run has computed the date it is: with density 'changes' an unchanged empty
 * value has no further row.
 *
 * @param through the last date that is computed; null if none is
 */
export function carriedSince(
  period: Period,
  date: LocalDate,
  through: LocalDate | null,
  weekStart: WeekStart,
): LocalDate | null {
  if (periodKind(period) !== 'to-date') return null;
  const start = firstCovered(period, date, weekStart);
  return start !== null && through !== null && start <= through ? null : start;
}

// ── in memory ──

interface Dated {
  readonly date: LocalDate;
}

/** A date with its row, and the last earlier row, whose value is carried to a date without a row. */
export interface CarriedRow<R> {
  readonly date: LocalDate;
  readonly row: R | undefined;
  readonly earlier: R | undefined;
}

/**
 * Yields the row of a series at each date, and the last row before it.
 *
 * @param rows ordered by date
 * @param dates in ascending order
 */
export function* carryForward<R extends Dated>(
  rows: readonly R[],
  dates: Iterable<LocalDate>,
): Generator<CarriedRow<R>> {
  let earlier: R | undefined;
  let next = 0;
  for (const date of dates) {
    // rows between the dates: those before the first date, and those of weeks that began on another day
    for (let other = rows[next]; other !== undefined && other.date < date; other = rows[++next]) earlier = other;
    const row = rows[next]?.date === date ? rows[next++] : undefined;
    yield { date, row, earlier };
    earlier = row ?? earlier;
  }
}

/** The dates that a run has computed, to which values are carried. */
export interface ComputedDates {
  readonly from: LocalDate;
  readonly through: LocalDate;
}

/**
 * Yields the dates in a range on which a series has a value: those of its rows, and the computed dates from its first
 * row on.
 *
 * @param rows ordered by date, with the last one before the range
 * @param computed null if no values are carried
 */
export function* datesWithValue(
  rows: readonly Dated[],
  computed: ComputedDates | null,
  range: DateRange,
): Generator<LocalDate> {
  if (rows.length === 0) return;
  const first = latest(computed?.from, range.from, rows[0]?.date);
  const last = computed === null ? null : earliest(computed.through, range.to);
  const rowDates = rows.map(({ date }) => date).filter((date) => isWithin(date, range));
  if (last === null || last < first) return yield* rowDates;
  yield* rowDates.filter((date) => dayNumber(date) < first);
  for (let day = first; day <= last; day = shiftDay(day, 1)) yield fromDayNumber(day);
  yield* rowDates.filter((date) => dayNumber(date) > last);
}

/** Returns the last date of a range to which a row's value applies or is carried, or null if there is none. */
export function lastCarriedDate(row: LocalDate, computed: ComputedDates | null, range: DateRange): LocalDate | null {
  const last = computed === null ? null : earliest(computed.through, range.to);
  const isCarried = last !== null && last > dayNumber(row) && last >= latest(computed?.from, range.from);
  if (isCarried) return fromDayNumber(last);
  return isWithin(row, range) ? row : null;
}

/** True if a date is in a range. */
export function isWithin(date: LocalDate, { from, to }: DateRange): boolean {
  return (from === null || date >= from) && (to === null || date <= to);
}

function latest(...dates: readonly (LocalDate | null | undefined)[]): DayNumber {
  return Math.max(-Infinity, ...dayNumbers(dates)) as DayNumber;
}

function earliest(...dates: readonly (LocalDate | null | undefined)[]): DayNumber {
  return Math.min(Infinity, ...dayNumbers(dates)) as DayNumber;
}

function dayNumbers(dates: readonly (LocalDate | null | undefined)[]): DayNumber[] {
  return dates.flatMap((date) => (date === null || date === undefined ? [] : [dayNumber(date)]));
}

// ── in the database ──

/**
 * Returns the last row of each series among the rows that match a condition, as a subquery with the table's columns.
 *
 * @param where a condition on `s`
 * @param isOne true for a single series, whose last row the index finds
 */
export function lastRows(
  dialect: Dialect,
  { table, keys, moment, parts = [] }: StatisticTable,
  { where, until }: { readonly where: Sql; readonly until: LastDate | null },
  isOne: boolean,
): Sql {
  const key = ['metricId', 'period', ...keys.map(({ property }) => property)];
  const sought = { table, keys: key, date: moment, value: 'value', where, until };
  if (!isOne) return dialect.lastOfEach(sought);
  if (parts.length === 0) return dialect.lastOfOne(sought);
  // of a union, databases would read all rows
  const last = parts.map((part) => sql`SELECT * FROM ${dialect.lastOfOne({ ...sought, table: part })} l`);
  const ofParts = { table: table.replacedBy(join(last, '\nUNION ALL\n')), where: raw('1 = 1'), until: null };
  return dialect.lastOfOne({ ...sought, ...ofParts });
}

/** Stored rows of one metric and period, optionally of some keys, as a condition on an alias. */
export interface StatisticRows {
  readonly statistic: StatisticTable;
  readonly where: (alias: Sql) => Sql;
}

/**
 * Inserts a row at a date for every series that has earlier rows and none at that date.
 *
 * @param options `value`: by default the carried one; `since`: the first date whose rows are carried
 */
export function insertCarried(
  dialect: Dialect,
  { statistic, where }: StatisticRows,
  date: Sql,
  { value, since = null }: { readonly value?: Sql; readonly since?: Sql | null } = {},
): Sql {
  const { table } = statistic;
  const [day, stored] = [table.column('date'), table.column('value')];
  const keys = statistic.keys.map(({ property }) => property);
  const given = ['metricId', 'period', ...keys].map((property) => table.column(property));
  const upTo = { where: where(raw('s')), until: { date, isIncluded: true } };
  return sql`INSERT INTO ${table.path} (${join([...given, day, stored])})
SELECT ${join([...given.map((column) => sql`l.${column}`), date, value ?? sql`l.${stored}`])}
FROM ${lastRows(dialect, statistic, upTo, keys.length === 0)} l WHERE l.${day} < ${date}${since === null ? empty : sql` AND l.${day} >= ${since}`}`;
}

/** Deletes the rows at a date that equal the value carried there. */
export function deleteRepeated(dialect: Dialect, { statistic, where }: StatisticRows, date: Sql): Sql {
  const { table } = statistic;
  const keys = statistic.keys.map(({ property }) => property);
  const [day, value] = [table.column('date'), table.column('value')];
  const series = keys.map((property) => sql`s.${table.column(property)}`);
  const order = sql`(${series.length === 0 ? empty : sql`PARTITION BY ${join(series)} `}ORDER BY s.${day})`;
  const repeated = (identity: Sql): Sql => {
    const rows = sql`SELECT ${identity}, s.${day}, s.${value}, LAG(s.${value}) OVER ${order} AS earlier, ROW_NUMBER() OVER ${order} AS position
FROM ${table.path} s WHERE ${where(raw('s'))} AND s.${day} <= ${date}`;
    return sql`SELECT * FROM (${rows}) r WHERE r.${day} = ${date} AND r.position > 1 AND NOT (${dialect.differ(sql`r.${value}`, raw('r.earlier'))})`;
  };
  return dialect.deleteMatching(table, ['metricId', 'period', ...keys, 'date'], repeated);
}
