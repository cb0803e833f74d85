import type { Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import type { LocalDate } from '../../time/local-date.js';
import type { BucketLength, BucketRun, BucketSegment } from '../../time/time-bucket.js';
import type { ClockSegment, DayRange } from '../../time/time-zone.js';
import type { CalendarUnit, WeekStart } from '../../time/period.js';
import type { Table } from '../table.js';
import type { Row, Work } from '../work.js';

/** How an `upsert` treats an existing row: it replaces the value, or adds to it. */
export type UpsertMode = 'replace' | 'add';

/** How the values of a column are bound. */
export type WrittenType = 'integer' | 'bigint' | 'text' | 'date' | 'decimal';

/** The values that rows to write have in one column. */
export interface ColumnToWrite {
  readonly property: string;
  readonly type: WrittenType;
  /** one for each row, in the order of the rows; dates as YYYY-MM-DD, decimals as text */
  readonly values: readonly (string | number | null)[];
}

export interface Upsert {
  readonly table: Table;
  /** the columns of the primary key. The rows are sorted by the caller, without duplicates */
  readonly keys: readonly ColumnToWrite[];
  readonly value: ColumnToWrite;
  readonly mode: UpsertMode;
}

/** A row that is changed, and one that is inserted if it was. */
export interface ChangeAndInsert {
  readonly table: Table;
  readonly values: Readonly<Record<string, Sql>>;
  /** the condition that names the row */
  readonly identity: Sql;
  /** the condition under which it is changed, `identity` included */
  readonly where: Sql;
  readonly returning: Sql;
  /** an INSERT that selects from a FROM item with the columns of `returning` */
  readonly insert: (from: Sql) => Sql;
  readonly insertedId: Sql;
  /** a further value to select; null for none */
  readonly beside: Sql | null;
  /** by which the server finds the statement to cancel it; null: nothing cancels it */
  readonly label: string | null;
}

/** Ranges that are replaced, and what else is written with them, in one statement that commits by itself. */
export interface LoneReplacement {
  /** the first one has the expressions of all */
  readonly replacements: readonly Replacement[];
  /** statements that make their temporary tables, and that remove them; only where a dialect stages */
  readonly before: readonly Sql[];
  readonly after: readonly Sql[];
  readonly expected: ExpectedRows;
  /** statements that write other tables, given the numbers of rows that were written and removed */
  readonly writes: (counts: ReplaceCounts) => readonly LoneWrite[];
  /** by which the server finds the statement to cancel it; null: nothing cancels it */
  readonly label: string | null;
}

/** Rows that must be as they were read when a plan was made of them, and that no other transaction changes meanwhile. They are locked first. */
export interface ExpectedRows {
  readonly table: Table;
  /** properties of the primary key */
  readonly keys: readonly string[];
  /** the condition that rows of an alias of the table are as expected */
  readonly condition: (alias: Sql) => Sql;
  /** the number of rows that meet it */
  readonly count: number;
}

export interface ReplaceCounts {
  readonly written: Sql;
  readonly removed: Sql;
}

export interface LoneWrite {
  readonly statement: Sql;
  /** true if everything fails unless the statement changes one row */
  readonly isRequired: boolean;
}

/** Rows that one statement writes, if a condition is met. */
export interface Additions {
  /** rows that are locked first, with a lock that others may share; null: none */
  readonly expected: ExpectedRows | null;
  readonly condition: Sql;
  /** rows of which none may exist yet, with the properties of their primary key; null: none */
  readonly fresh: {
    readonly table: Table;
    readonly columns: readonly ColumnToWrite[];
    readonly keys: readonly string[];
  } | null;
  readonly upserts: readonly Upsert[];
  /** milliseconds to wait for rows that another transaction has locked */
  readonly lockTimeout: number;
}

/** How a column stores the instants, or the days, at which its rows happened. */
export interface ColumnClock {
  /** an instant; readings of a wall clock in `storedIn`; local dates; an epoch in seconds or milliseconds */
  readonly kind: 'instant' | 'wall' | 'date' | 'seconds' | 'milliseconds';
  /** the zone of a 'wall' column's clock; 'UTC' for the others */
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

export interface ClockColumn extends ColumnClock {
  readonly expression: Sql;
}

/** A key shared by some readings of one day. */
export interface DayPart {
  /** equal only for readings of one day */
  readonly key: Sql;
  /** returns a reading of the same day, computed from a key */
  reading(key: Sql): Sql;
}

/** A date and its value, as a driver returns it. */
export interface Point {
  readonly date: LocalDate;
  readonly value: unknown;
}

/**
 * How values of a column become keys: which of them are the same key, and the text of that key.
 *
 * - `integer`, `uuid`, `date`: equal values have one text, so the column itself is grouped
 * - `boolean`: true or false, however the database stores it
 * - `text`: every character counts, whatever the column's collation
 * - `padded`: text of a fixed length, whose trailing spaces the database adds
 * - `decimal`: text with the digits that the column declares
 * - `float`: as the database writes it; -0 is 0
 * - `binary`: lower-case hex
 * - `bits`: a bit string (PostgreSQL) or a number (MySQL)
 * - `address`: an IP address as drivers return it, without the mask of a single host
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

/** The properties of a column on which its keys depend. */
export interface ColumnShape {
  /** the driver's name of the type */
  readonly type: string;
  readonly isBoolean: boolean;
  /** true if it alone is the primary key of a table, which on SQLite is not one WITHOUT ROWID */
  readonly isOnlyKey: boolean;
  readonly isArray: boolean;
  /** bytes of a binary column of a fixed length */
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
}

/** Turns a column's values into keys, and the application's values into the same text. */
export interface KeyEncoding {
  readonly kind: KeyKind;
  /** bytes to which the database pads a `binary` value; null: none */
  readonly length: number | null;
  /** digits after the point in the text of a `decimal`; null: as many as the value was written with */
  readonly scale: number | null;
  /** the text of a whole `float` ends with `.0`, and that of a `decimal` has no trailing zeros */
  readonly isShortest: boolean;
  /** the column may store values of other types than its own */
  readonly isLoose: boolean;
  /** 2 if earlier versions stored these keys as another text. Part of a definition's fingerprint */
  readonly format: 1 | 2;
}

/** Why a column cannot be a key. */
export interface KeyRefusal {
  readonly refused: string;
}

/** A condition that all rows of a key meet. */
export interface SoughtKey {
  readonly condition: Sql;
  /** true if other rows do not meet it */
  readonly isExact: boolean;
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

/** The rows that `lastBefore` looks for. */
export interface LastBeforeQuery {
  readonly table: Table;
  /** the columns of the primary key before the date, in its order, with the values that they must equal */
  readonly keys: readonly { readonly property: string; readonly value: Sql }[];
  readonly date: string;
  readonly before: Sql;
  /** returns rows `a`, which the values may refer to */
  readonly query: Sql;
}

export interface LastDate {
  readonly date: Sql;
  readonly isIncluded: boolean;
}

/** The rows that `lastOfEach` looks for. */
export interface LastOfEachQuery {
  readonly table: Table;
  /** the columns of the primary key before the date: rows that differ in one are of different series */
  readonly keys: readonly string[];
  readonly date: string;
  readonly value: string;
  /** a condition on `s` */
  readonly where: Sql;
  /** the dates that count, up to one; null: all */
  readonly until: LastDate | null;
}

/** Rows that a statement begins with. */
export interface WalkedSeries {
  /** goes to the beginning of the statement */
  readonly expression: Sql;
  /** a FROM item, with the columns of the table */
  readonly rows: Sql;
  /** the number of series that were walked */
  readonly walked: Sql;
}

/**
 * The SQL that differs between databases. The engine above knows no database by name. To add one, add two files next to
 * this one, which extend `BaseSql` and `BaseDriver`, and a line in the registry.
 */
export interface Dialect {
  /** the database's name in messages and logs */
  readonly name: string;
  /** the number of parameters that one statement may bind */
  readonly maxParameters: number;

  /** the database's clock in milliseconds since 1970, the same throughout a statement */
  readonly now: Sql;
  /** true if INSERT and UPDATE can return the rows that they write (`RETURNING`) */
  readonly returnsRows: boolean;

  // ── values ──
  /** binds a local date, YYYY-MM-DD */
  date(value: string): Sql;
  /** binds an exact decimal, or NULL */
  decimal(value: string | null): Sql;
  /** binds a text key with the type of a key column */
  text(value: string): Sql;
  /** writes true or false for a boolean column */
  boolean(value: boolean): Sql;
  /** binds an integer of at most 32 bits */
  integer(value: number): Sql;
  /** binds a larger integer, such as the seconds since 1970 */
  bigint(value: number): Sql;
  /** returns a value to bind in several places of one statement, if the database infers its type from all of them */
  sharedParameter(value: unknown): unknown;
  /** a date column as text, YYYY-MM-DD */
  dateText(expression: Sql): Sql;
  /** a value column in a form that the driver returns without loss; read it with `exactValue` */
  exactText(expression: Sql): Sql;
  /** the rows of a query with the columns `d` (a date) and `v` (a value); read them with `readPoints` */
  points(query: Sql): Sql;
  /** reads the rows of `points`, ordered by date: dates as `dateText` returns them, values as `exactText` does */
  readPoints(rows: readonly Row[]): Point[];
  /** the same of a query that has the column `id`, too; read them with `readPointsById` */
  pointsById(query: Sql): Sql;
  /** reads the rows of `pointsById` as the points of each id */
  readPointsById(rows: readonly Row[]): ReadonlyMap<number, readonly Point[]>;
  /**
   * true if the points of a query can be read as one value beside the columns of another, which saves a round trip. See
   * `pointsValue`
   */
  readonly readsPointsBeside: boolean;
  /** true if a subquery that names the columns of the query around it may read a table of statistics */
  readonly correlates: boolean;
  /** a subquery: the points of a query as one value; read it with `readPointsValue` */
  pointsValue(query: Sql): Sql;
  /**
   * 1 if a statement outside a transaction reads what it would read in one of `Driver.snapshot`: as the session is set, it
   * is of one snapshot, and writes values as text in the same form. Where points can be read as one value
   */
  readonly readsSnapshotAlone: Sql;
  /** reads a `pointsValue`. Returns null if the database has cut it short */
  readPointsValue(value: unknown): Point[] | null;
  /** expressions as one text, a JSON array: the driver needs less time for it than for as many columns */
  list(expressions: readonly Sql[]): Sql;
  /** an aggregate that joins texts by commas; it may cut the last ones off. Where a driver commits alone */
  joined(expression: Sql): Sql;
  /** a value column in a form that sorts and sums as a number */
  numeric(expression: Sql): Sql;
  /** true if plans follow from how many rows meet a condition; SQLite knows that only after ANALYZE */
  readonly plansByStatistics: boolean;
  /**
   * a column in a form that leaves no index to the planner, of a condition that most rows meet. The column itself where
   * the planner knows that from statistics
   */
  unindexed(column: Sql): Sql;
  /** a value column as the addend of an exact SUM; NULL for values of which the database would lose digits */
  exactAddend(expression: Sql): Sql;
  /** a text column in a form that sorts by code points, whatever the database's collation */
  binaryOrder(expression: Sql): Sql;

  // ── writing ──
  /** true if `upsert` adds decimals without loss; otherwise they are added outside the database */
  readonly addsExactly: boolean;
  /** the number of rows with so many columns that one statement of `upsert` or `insertAllIfAbsent` may write */
  mostRows(columns: number): number;
  /** true if rows are bound as arrays, so that a statement has the same text for any number of them */
  readonly bindsArrays: boolean;
  /** inserts rows; replaces the value of existing ones where it differs, or adds to it */
  upsert(upsert: Upsert): Sql;
  /** inserts one row unless its unique key exists; never fails because of that key */
  insertIfAbsent(table: Table, values: Readonly<Record<string, Sql>>, keys: readonly string[]): Sql;
  /** inserts the rows whose primary key does not exist yet, and affects only those */
  insertAllIfAbsent(table: Table, columns: readonly ColumnToWrite[], keys: readonly string[]): Sql;
  /**
   * One statement for all rows, or for none if the condition is not met or a fresh row exists: its only row has `written`,
   * 1 or 0. It fails with a duplicate key (see `isDuplicateKey`) where another transaction inserts a fresh row at the same
   * time. null where one statement cannot do that. Only where a driver commits alone
   */
  addTogether(additions: Additions): Sql | null;
  /**
   * The statement of `addTogether` for other rows of the same tables and columns, made of an earlier one. null where that
   * saves nothing
   */
  rebound(statement: Sql, before: readonly Upsert[], upserts: readonly Upsert[]): Sql | null;
  /**
   * One statement that does what several do that write, each without RETURNING: its only row has `n0`, `n1`, …, the rows
   * that each changed. null if the database has none
   */
  together(statements: readonly Sql[]): Sql | null;
  /**
   * One statement that needs no transaction of several: it changes a row, and inserts one that refers to it. Its rows are
   * those of the change, with `inserted`, the id of the new row, and `beside`. Only where a driver commits alone
   */
  changeAndInsert(change: ChangeAndInsert): Sql;
  /** inserts rows, or replaces all but the primary key of existing ones */
  replaceAll(table: Table, rows: readonly Readonly<Record<string, Sql>>[], keys: readonly string[]): Sql;
  /** the zone whose midnight the driver returns for a date, if it does not return text */
  driverZone(dataSource: DataSource): string;
  // ── source columns ──
  /** how TypeORM's driver writes a column of a type; null if the type is no date */
  clockOf(columnType: string, dataSource: DataSource): ColumnClock | null;
  /** binds a reading of a column's clock, in milliseconds; fractions of a second round up for epochs in seconds */
  reading(clock: ColumnClock, ms: number): Sql;
  /** the earliest reading of a column, for `parseReading` */
  earliest(column: ClockColumn): Sql;
  /** milliseconds of a reading that `earliest` selected; null if there was none, -Infinity if it is before all dates */
  parseReading(clock: ColumnClock, stored: unknown): number | null;
  /**
   * The conditions of rows whose reading is not in the form that TypeORM writes, so that comparisons miss it: each is
   * served by an index, which their disjunction is not. None if columns of the kind have only one form.
   *
   * @param from limits the check to rows from this reading on, in milliseconds, and to numbers; null: all rows
   */
  otherForms(column: ClockColumn, from: number | null): readonly Sql[];
  /** the types that columns of a source query have in the database, whatever its entities declare; null if unknown */
  storedTypes(query: Sql, columns: readonly SourceColumn[]): Work<(string | null)[]>;
  /** equal for rows of one local day, given the shifts from the clock's readings to that day. Its type is not defined */
  dayKey(column: ClockColumn, segments: readonly ClockSegment[]): Sql;
  /** finer and cheaper than a `dayKey`; null if nothing is cheaper */
  dayPart(column: ClockColumn, segments: readonly ClockSegment[]): DayPart | null;
  /** the day number of a `dayKey` */
  dayNumber(clock: ColumnClock, key: Sql): Sql;
  /** equal for rows of one bucket of less than a day; not of a column of dates. Its type is not defined */
  bucketKey(column: ClockColumn, segments: readonly BucketSegment[], length: BucketLength): Sql;
  /** the first instant of a `bucketKey`, in seconds since 1970 */
  bucketStart(clock: ColumnClock, key: Sql): Sql;
  /** returns how a column's values become keys */
  keyEncoding(column: ColumnShape): KeyEncoding | KeyRefusal;
  /** the expression to group rows by, equal exactly if `storedKey` is equal */
  groupKey(expression: Sql, kind: KeyKind, stored: StoredKeyType): Sql;
  /** the expression whose values a distinct count counts: a `groupKey`, however long its values are */
  distinctKey(expression: Sql, kind: KeyKind): Sql;
  /** a `groupKey` in the form that its column stores */
  storedKey(key: Sql, kind: KeyKind, stored: StoredKeyType): Sql;
  /** the condition by which an index on a column finds the rows of a `storedKey`; null if no index does */
  seekKey(expression: Sql, kind: KeyKind, key: string): SoughtKey | null;
  /** a column in a form that SELECT DISTINCT can compare, if its type has no equality */
  comparable(expression: string, column: ColumnShape): string;
  /** a `storedKey` of type varchar that fails (see `isOutOfRange`) if it has more characters than its column */
  limitLength(key: Sql, length: number): Sql;
  /** the number of characters of a text */
  characters(text: Sql): Sql;
  /** a sum that cannot overflow, but need not be exact */
  approximateSum(expression: Sql): Sql;
  /** a `storedKey`, or a key column, in a form that the driver returns as text */
  keyText(key: Sql, stored: StoredKeyType): Sql;
  /** the condition of values in a numeric column that are not numbers; null if the database stores none */
  isNotNumber(expression: Sql): Sql | null;
  /** an addend of an exact sum. On SQLite, decimals with declared digits become integers */
  addend(column: NumericColumn): Sql;
  /** an aggregate of such addends as a number */
  fromAddends(total: Sql, column: NumericColumn): Sql;
  /** a stored value as an aggregate of addends */
  asAddend(value: Sql, column: NumericColumn): Sql;
  /** sum ÷ count, NULL for a count of 0 */
  quotient(sum: Sql, count: Sql, column: NumericColumn): Sql;

  /**
   * True if counting a column's values between two bounds is cheap, because the column is the first of an index and the
   * rows need not be read.
   */
  countsByIndex(table: Table, column: string): Work<boolean>;
  /** true if that saves time for a few days, too: 1,500 rows of two days take 0.04 ms instead of 0.3 on SQLite */
  readonly countsFewDays: boolean;
  /** a FROM item of ranges of readings, bound as one parameter: columns `day`, `lo` and `hi`, `hi` exclusive */
  rangesOf(clock: ColumnClock, ranges: readonly DayRange[]): Sql;
  /**
   * True if counting ranges by an index, as `countsByIndex` finds it, takes less time than a scan. Ranges of few rows
   * each take longer.
   *
   * @param rows selects the rows of all ranges
   */
  countsRanges(table: Table, rows: Sql, ranges: number): Work<boolean>;
  /** as `rangesOf`, of buckets: columns `bucket`, `lo` and `hi` */
  bucketRangesOf(clock: ColumnClock, runs: readonly BucketRun[], length: BucketLength): Sql;

  // ── days ──
  /** a day number as a stored date */
  dateOf(day: Sql): Sql;
  /** the day number of the first day of the calendar unit that contains a day number */
  calendarStart(unit: CalendarUnit, weekStart: WeekStart, day: Sql): Sql;
  greatest(a: Sql, b: Sql): Sql;
  least(a: Sql, b: Sql): Sql;
  /** true if two values differ, where NULL is a value */
  differ(a: Sql, b: Sql): Sql;
  /** a computed number as the value column stores it */
  storedValue(value: Sql): Sql;

  // ── rollup ──
  /**
   * True if the planner expects one group per distinct timestamp and therefore chooses a serial sort, unless the days
   * come from a query behind a `barrier`.
   */
  readonly overestimatesDays: boolean;
  /** a query, for use in FROM, that the planner does not merge into the one around it, which would compute some columns twice */
  barrier(query: Sql): Sql;
  /** a query, for use in FROM, whose columns have several readers, in the form in which computing them costs the least */
  evaluated(query: Sql): Sql;
  /** after SELECT, of a query with GROUP BY whose groups may be as many as its rows; ends with a space unless empty */
  readonly manyGroups: Sql;
  /** true if a first run, of a total or of many keys, is faster without first looking for the first row */
  stagesFirstScan(clock: ColumnClock, isKeyed: boolean): boolean;
  /** true if several readers of one common table expression share its result. Otherwise use `stage` */
  readonly sharesExpressions: boolean;
  /** a common table expression. If it is read more than once, it is computed once where the database can do that */
  expression(name: string, query: Sql): Sql;
  /** creates a temporary table of a query's rows for this connection. Remove it with `dropStaged` */
  stage(name: string, query: Sql): readonly Sql[];
  /** creates an empty temporary table */
  stageTable(name: string, columns: readonly StagedColumn[]): readonly Sql[];
  dropStaged(name: string): Sql;
  /** fills the table of day numbers that `eachDay` needs, if it needs one */
  stageDays(from: number, through: number): readonly Sql[];
  /** removes what `stageDays` has made, where that need not stay */
  unstageDays(): readonly Sql[];
  /** a FROM clause that repeats each span (columns `day` … before `next`) once per day, as `d.day` */
  eachDay(spans: Sql): Sql;
  /** deletes rows of a table, whose alias in the condition is `s` */
  deleteFrom(table: Table, condition: Sql): Sql;
  /**
   * Deletes the rows that a query finds, in time linear in their number, whatever the planner expects.
   *
   * @param keys of the primary key
   * @param found returns the query, given the columns that identify a row of `s`, which it selects
   */
  deleteMatching(table: Table, keys: readonly string[], found: (identity: Sql) => Sql): Sql;
  /** a FROM clause: rows `a` of a query with the last row `s` of the same keys before a date, found by the primary key */
  lastBefore(sought: LastBeforeQuery): Sql;
  /** a subquery: the last row of all that match a condition, which are of one series, with the columns of the table */
  lastOfOne(sought: LastOfEachQuery): Sql;
  /** a subquery: the last row of each series among those that match a condition, with the columns of the table */
  lastOfEach(sought: LastOfEachQuery): Sql;
  /**
   * As `lastOfEach`, by walking the primary key from one series to the next, for at most a number of them. Its time grows
   * with the number of series, and not with their rows. null if `lastOfEach` is as fast.
   *
   * @param sought whose condition is met by neighbours of the primary key
   */
  walkSeries(sought: LastOfEachQuery, most: number): WalkedSeries | null;
  /**
   * the distinct values of some columns, as `k0`, `k1`, … in ascending order, for each of some values of the column before
   * them in the primary key, as `id`. The statement is the same for any number of values. null if it would read all rows
   *
   * @param within the column before, and its values
   * @param properties those of the columns, which follow it in the primary key
   */
  distinctKeys(
    table: Table,
    within: { readonly property: string; readonly values: readonly number[] },
    properties: readonly string[],
  ): Sql | null;
  /** replaces a range of a statistic's rows with the fresh ones. Does not write unchanged rows if the database can tell */
  replace(replacement: Replacement): Work<ReplaceResult>;
  /**
   * One statement that is a transaction of its own: it locks the expected rows, replaces ranges, and writes what belongs
   * to them. Its only row has `written` and `removed`. If the rows are not as expected, or a write that is required changes
   * none, it fails and nothing is written. Only where a driver commits alone
   */
  replaceAlone(lone: LoneReplacement): Sql;
  /**
   * a statement after which a transaction may write a table to which one refers that it has written before. null: it may
   * anyway
   */
  readonly writesInTurn: Sql | null;
  /** returns the stored rows of a range, and the rows that it should have, where they differ */
  compare(comparison: RowComparison): Work<Row[]>;

  /** limits a query to a number of rows, after skipping some. Goes to its end */
  limit(rows: number, skipped?: number): Sql;
  /** locks the rows of a SELECT until the transaction ends. Goes to its end; empty if a transaction locks the database */
  readonly forUpdate: Sql;
  /** as `forUpdate`, but shared: other transactions may take the same lock */
  readonly forShare: Sql;
  /** locks the rows of a SELECT so that no other transaction removes them; where it can, others may still change them */
  readonly forKeyShare: Sql;
}

export type StagedType = 'text' | 'integer' | 'bigint' | 'date' | 'decimal';

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
  /** properties whose values differ from row to row. Many rows are inserted in this order */
  order: readonly string[];
  /** a query of the rows that the range should have: columns `c0`, `c1`, … in the order of `keys`, then `v` */
  fresh: Sql;
  /** the condition that rows of an alias of the table are in the range */
  inRange: (alias: Sql) => Sql;
  /** false where the range is known to hold no rows */
  hasStored: boolean;
}

/** Stored rows against fresh ones. */
export interface RowComparison extends Pick<Replacement, 'table' | 'keys' | 'value' | 'fresh' | 'inRange'> {
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
