import type { Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import type { LocalDate } from '../../time/local-date.js';
import type { ClockSegment, DayRange } from '../../time/time-zone.js';
import type { CalendarUnit, WeekStart } from '../../time/period.js';
import type { Table } from '../table.js';
import type { Row, Work } from '../work.js';

/** How an `upsert` treats a row that is there already: its value is replaced, or the new one is added to it. */
export type UpsertMode = 'replace' | 'add';

export interface Upsert {
  table: Table;
  /** properties of the primary key */
  keys: readonly string[];
  /** property of the value */
  value: string;
  /** one entry a row, in the order of `keys`, with the value last; sorted by the caller, without duplicates */
  rows: readonly (readonly Sql[])[];
  mode: UpsertMode;
}

/** How a column holds the instants, or the days, at which its rows happened. */
export interface Clock {
  /** an instant; readings of a wall clock in `storedIn`; local dates; an epoch in seconds or milliseconds */
  readonly kind: 'instant' | 'wall' | 'date' | 'seconds' | 'milliseconds';
  /** the zone of the clock that a 'wall' column was read off; 'UTC' for the others */
  readonly storedIn: string;
}

/** A column that a source query selects. */
export interface SourceColumn {
  /** as the source query names it */
  readonly expression: Sql;
  /** where it is stored */
  readonly table: Table;
  readonly column: string;
}

export interface ClockColumn extends Clock {
  readonly expression: Sql;
}

/** A key that represents some readings of one day. */
export interface DayPart {
  /** equal only for readings of one day */
  readonly key: Sql;
  /** a reading of the column's clock, of the same day, made of a key */
  reading(key: Sql): Sql;
}

/** A date and its value, as a driver gives it. */
export interface Point {
  readonly date: LocalDate;
  readonly value: unknown;
}

/**
 * How values of a column become keys: which of them are one key, and the text of that key.
 *
 * - `integer`, `uuid`, `date`: equal values have one text, so the column itself is grouped
 * - `boolean`: true or false, however the database stores it
 * - `text`: every character counts, whatever the column's collation
 * - `padded`: text of a fixed length, whose trailing spaces the database adds
 * - `decimal`: text with the digits that the column declares
 * - `float`: as the database writes it; -0 is 0
 * - `binary`: lower-case hex
 * - `bits`: a bit string (PostgreSQL) or a number (MySQL)
 * - `address`: an IP address as drivers give it, without the mask of a single host
 * - `instant`: in UTC, whatever the session's time zone
 * - `other`: the text that the database writes
 */
export type KeyKind =
  | 'integer'
  | 'uuid'
  | 'date'
  | 'boolean'
  | 'text'
  | 'padded'
  | 'decimal'
  | 'float'
  | 'binary'
  | 'bits'
  | 'address'
  | 'instant'
  | 'other';

/** A column, as far as its keys depend on it. */
export interface ColumnShape {
  /** as the driver names it */
  readonly type: string;
  readonly isBoolean: boolean;
  readonly isArray: boolean;
  /** of a binary column of a fixed length, in bytes */
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
}

/** How a column's values become keys, and how the application's values become the same text. */
export interface KeyEncoding {
  readonly kind: KeyKind;
  /** bytes to which the database pads a `binary` value; null: none */
  readonly length: number | null;
  /** digits after the point in the text of a `decimal`; null: those that the value was written with */
  readonly scale: number | null;
  /** the text of a whole `float` ends with `.0`, and a `decimal` has no more digits than it needs */
  readonly isShortest: boolean;
  /** the column may hold values of other types than its own */
  readonly isLoose: boolean;
  /** 2 where keys were stored as another text in earlier versions: part of a definition's fingerprint */
  readonly format: 1 | 2;
}

/** Why a column cannot be a key. */
export interface KeyRefusal {
  readonly refused: string;
}

/** How a key is stored. */
export type StoredKeyType = 'varchar' | 'integer' | 'boolean' | 'date';

export interface NumericColumn {
  readonly expression: Sql;
  readonly type: 'integer' | 'decimal' | 'float';
  /** declared digits, and those behind the point, of a 'decimal' column; null where none are declared */
  readonly precision: number | null;
  readonly scale: number | null;
}

/** The rows that `lastBefore` seeks. */
export interface LastBeforeQuery {
  readonly table: Table;
  /** the columns of the primary key before the date, in its order, with what they are equal to */
  readonly keys: readonly { readonly property: string; readonly value: Sql }[];
  readonly date: string;
  readonly before: Sql;
  /** gives rows `a`, which the values may name */
  readonly query: Sql;
}

/**
 * Everything that differs between databases. The engine above knows no database by name. To add one, add a file next to
 * this one that extends `BaseDialect`, and a line in the registry.
 */
export interface Dialect {
  /** as people call it, for messages and logs */
  readonly name: string;
  /** how many parameters one statement may bind */
  readonly maxParameters: number;

  /** the database's clock in milliseconds since 1970, the same throughout a statement */
  readonly now: Sql;
  /** true if INSERT and UPDATE can return the rows that they have written (`RETURNING`) */
  readonly returnsRows: boolean;

  // ── values ──
  /** binds a local date, YYYY-MM-DD */
  date(value: string): Sql;
  /** binds an exact decimal, or NULL */
  decimal(value: string | null): Sql;
  /** binds a text key so that it has the type of a key column */
  text(value: string): Sql;
  /** binds an integer */
  integer(value: number): Sql;
  /** a value to bind in several places of a statement, where the database tells its type by all of them */
  sharedParameter(value: unknown): unknown;
  /** a date column as text, YYYY-MM-DD */
  dateText(expression: Sql): Sql;
  /** a value column as the driver gives it without loss; read it with `exactValue` */
  exactText(expression: Sql): Sql;
  /** the rows of a query with the columns `d`, a date, and `v`, a value column, by date; read them with `readPoints` */
  points(query: Sql): Sql;
  /** the rows of `points`: dates as `dateText` gives them, values as `exactText` does */
  readPoints(rows: readonly Row[]): Point[];
  /** a value column as something that sorts and sums as a number */
  numeric(expression: Sql): Sql;
  /** a text column as something that sorts by its code points, whatever the database's collation */
  binaryOrder(expression: Sql): Sql;

  // ── writing ──
  /** true if `upsert` adds decimals without loss; otherwise they are added outside the database */
  readonly addsExactly: boolean;
  /** inserts rows, or replaces or adds to the value of those that are there */
  upsert(upsert: Upsert): Sql;
  /** inserts one row unless its unique key is there already; never fails because of that key */
  insertIfAbsent(table: Table, values: Readonly<Record<string, Sql>>, keys: readonly string[]): Sql;
  /** the zone whose midnight the driver gives for a date, where it gives no text */
  driverZone(dataSource: DataSource): string;
  // ── source columns ──
  /** how TypeORM's driver writes a column of a type; null where that is no date */
  clockOf(columnType: string, dataSource: DataSource): Clock | null;
  /** binds a reading of a column's clock, in milliseconds; fractions of a second round up for epochs in seconds */
  reading(clock: Clock, ms: number): Sql;
  /** the earliest reading of a column, as `parseReading` takes it */
  earliest(column: ClockColumn): Sql;
  /** milliseconds of a reading that `earliest` selected; null where there was none, -Infinity where it is before all dates or none */
  parseReading(clock: Clock, stored: unknown): number | null;
  /**
   * The condition of rows whose reading has another form than TypeORM writes, so that comparisons miss it; null where
   * columns have one form.
   *
   * @param from only of rows from this reading on, in milliseconds, and of numbers; null: of all
   */
  hasOtherForm(column: ClockColumn, from: number | null): Sql | null;
  /** the types that columns of a source query have in the database, whatever its entities declare; null where that is not known */
  storedTypes(query: Sql, columns: readonly SourceColumn[]): Work<(string | null)[]>;
  /** equal for rows of one local day, given the shifts from the clock's readings to that day; of no defined type */
  dayKey(column: ClockColumn, segments: readonly ClockSegment[]): Sql;
  /** cheaper than a `dayKey` and finer; null where nothing is cheaper */
  dayPart(column: ClockColumn, segments: readonly ClockSegment[]): DayPart | null;
  /** the day number of a `dayKey` */
  dayNumber(clock: Clock, key: Sql): Sql;
  /** how a column's values become keys */
  keyEncoding(column: ColumnShape): KeyEncoding | KeyRefusal;
  /** the expression to group rows by: equal exactly where `storedKey` is equal */
  groupKey(expression: Sql, kind: KeyKind, stored: StoredKeyType): Sql;
  /** the expression whose values a distinct count counts: a `groupKey`, however long its values are */
  distinctKey(expression: Sql, kind: KeyKind): Sql;
  /** a `groupKey` as its column stores it */
  storedKey(key: Sql, kind: KeyKind, stored: StoredKeyType): Sql;
  /** a column's values in a SELECT DISTINCT, where the type itself has no equality */
  comparable(expression: string, column: ColumnShape): string;
  /** a `storedKey` of type varchar that fails, as `isOutOfRange` says, where it has more characters than its column */
  limitLength(key: Sql, length: number): Sql;
  /** how many characters a text has */
  characters(text: Sql): Sql;
  /** a sum that does not overflow, if not an exact one */
  approximateSum(expression: Sql): Sql;
  /** a `storedKey`, or a key column, as the driver reads text */
  keyText(key: Sql, stored: StoredKeyType): Sql;
  /** the condition of values in a numeric column that are no numbers; null where the database stores none */
  isNotNumber(expression: Sql): Sql | null;
  /** an addend of an exact sum: on SQLite decimals of declared digits become integers */
  addend(column: NumericColumn): Sql;
  /** an aggregate of such addends as a number */
  fromAddends(total: Sql, column: NumericColumn): Sql;
  /** a stored value as an aggregate of addends */
  asAddend(value: Sql, column: NumericColumn): Sql;
  /** sum ÷ count, NULL for a count of 0 */
  quotient(sum: Sql, count: Sql, column: NumericColumn): Sql;

  /**
   * true if counting a column's values between two bounds is cheap, because it leads an index that answers without the
   * rows
   */
  countsByIndex(table: Table, column: string): Work<boolean>;
  /** FROM item of ranges of readings, bound as one parameter: columns `day`, `lo` and `hi`, the latter exclusive */
  rangesOf(clock: Clock, ranges: readonly DayRange[]): Sql;

  // ── days ──
  /** a day number as a stored date */
  dateOf(day: Sql): Sql;
  /** the day number of the first day of the calendar unit that holds a day number */
  calendarStart(unit: CalendarUnit, weekStart: WeekStart, day: Sql): Sql;
  greatest(a: Sql, b: Sql): Sql;
  least(a: Sql, b: Sql): Sql;
  /** true if two values differ, where NULL is a value */
  differ(a: Sql, b: Sql): Sql;
  /** a computed number as the value column stores it */
  storedValue(value: Sql): Sql;

  // ── rollup ──
  /**
   * whether the planner takes the days of a column for as many groups as the column has values: it then sorts all rows,
   * and shares them among no workers, unless the days come from a query that is fenced
   */
  readonly overestimatesDays: boolean;
  /** a query, for use in FROM, that the planner does not merge with the one around it: it would compute some columns twice */
  fence(query: Sql): Sql;
  /** true if a first run, of a total or of many keys, is faster without first looking for the first row */
  stagesFirstScan(isKeyed: boolean): boolean;
  /** true if several readers of one common table expression share its result; otherwise `stage` it */
  readonly sharesExpressions: boolean;
  /** a common table expression; one that is read more than once is computed once where the database can */
  expression(name: string, query: Sql): Sql;
  /** a temporary table of a query's rows, of this connection, removed by `dropStaged` */
  stage(name: string, query: Sql): readonly Sql[];
  /** an empty temporary table */
  stageTable(name: string, columns: readonly StagedColumn[]): readonly Sql[];
  dropStaged(name: string): Sql;
  /** makes the table of day numbers that `eachDay` needs, where it needs one; removed by `dropStaged(DAYS)` */
  stageDays(from: number, through: number): readonly Sql[];
  /** FROM clause in which each span (columns `day` … before `next`) is there once for each of its days, as `d.day` */
  eachDay(spans: Sql): Sql;
  /** deletes rows of a table, whose alias in the condition is `s` */
  deleteFrom(table: Table, condition: Sql): Sql;
  /**
   * deletes the rows that a query finds, in time linear in them whatever the planner expects
   *
   * @param keys of the primary key
   * @param found given the columns of `s` that tell a row, which it selects
   */
  deleteMatching(table: Table, keys: readonly string[], found: (identity: Sql) => Sql): Sql;
  /** a FROM clause: rows `a` of a query with the last row `s` of the same keys before a date, sought by the primary key */
  lastBefore(sought: LastBeforeQuery): Sql;
  /** makes a range of a statistic's rows hold exactly the fresh ones, leaving unchanged rows alone where it can */
  replace(replacement: Replacement): Work<ReplaceResult>;
  /** the rows that a range holds and those that it should, where they are not the same */
  compare(comparison: Comparison): Work<Row[]>;

  /** ends a query that is to return so many rows, after it has left out so many */
  limit(rows: number, skipped?: number): Sql;
  /** ends a SELECT whose rows are held until the transaction ends; empty where a transaction holds the database */
  readonly forUpdate: Sql;
  /** as `forUpdate`, and other transactions may hold the rows so too; empty where a transaction holds the database */
  readonly forShare: Sql;
}

export type StagedType = 'text' | 'integer' | 'date' | 'decimal';

export interface StagedColumn {
  readonly name: string;
  readonly type: StagedType;
}

export interface Replacement {
  table: Table;
  /** properties of the primary key */
  keys: readonly string[];
  /** property of the value */
  value: string;
  /** common table expressions that `fresh` reads */
  expressions: readonly Sql[];
  /** properties whose values differ from row to row: where there are many rows, they are inserted in this order */
  order: readonly string[];
  /** a query of the rows that the range is to hold: columns `c0`, `c1`, … in the order of `keys`, then `v` */
  fresh: Sql;
  /** the condition that rows of an alias of the table are in the range */
  inRange: (alias: Sql) => Sql;
  /** false where the range is known to hold no rows */
  hasStored: boolean;
}

/** Stored rows against fresh ones. */
export interface Comparison extends Pick<Replacement, 'table' | 'keys' | 'value' | 'fresh' | 'inRange'> {
  /** selects from a stored row, `s`, and a fresh one, `f`, given what their keys are: there may be one of the two only */
  select: (key: (property: string) => Sql, has: { readonly stored: Sql; readonly fresh: Sql }) => Sql;
}

export interface ReplaceResult {
  /** rows inserted or changed */
  written: number;
  removed: number;
}

/** The name under which `stageDays` keeps its table. */
export const DAYS = 'trackstats_days';
