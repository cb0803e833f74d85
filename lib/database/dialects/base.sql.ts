import sql, { empty, join, raw, Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import { groupBy } from '../groups.js';
import type { LocalDate } from '../../time/local-date.js';
import type { CalendarUnit, WeekStart } from '../../time/period.js';
import type { BucketLength, BucketRun, BucketSegment } from '../../time/time-bucket.js';
import { processTimeZone, type ClockSegment, type DayRange } from '../../time/time-zone.js';
import type { Table } from '../table.js';
import { execute, query, type Row, type Work } from '../work.js';
import type {
  Additions,
  ChangeAndInsert,
  ColumnClock,
  ClockColumn,
  ColumnShape,
  ColumnToWrite,
  RowComparison,
  DayPart,
  Dialect,
  KeyEncoding,
  KeyKind,
  KeyRefusal,
  SoughtKey,
  NumericColumn,
  Point,
  ReplaceResult,
  Replacement,
  LastBeforeQuery,
  LastDate,
  LastOfEachQuery,
  LoneReplacement,
  SourceColumn,
  StagedColumn,
  StagedType,
  StoredKeyType,
  Upsert,
  WalkedSeries,
} from './dialect.js';

/** Orders points by date. Most are: the primary key ends with the date. */
export function inOrderOfDate(points: Point[]): Point[] {
  const isInOrder = points.every(({ date }, place) => place === 0 || (points[place - 1] as Point).date <= date);
  return isInOrder ? points : points.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
}

/** The SQL of most databases: the standard, with ON CONFLICT. */
export abstract class BaseSql implements Dialect {
  abstract readonly name: string;

  abstract readonly maxParameters: number;

  readonly addsExactly: boolean = true;

  readonly returnsRows: boolean = true;

  limit(rows: number, skipped = 0): Sql {
    return raw(`LIMIT ${String(rows)}${skipped === 0 ? '' : ` OFFSET ${String(skipped)}`}`);
  }

  readonly forUpdate: Sql = sql`FOR UPDATE`;

  readonly forShare: Sql = sql`FOR SHARE`;
  readonly forKeyShare: Sql = sql`FOR KEY SHARE`;

  abstract readonly now: Sql;

  abstract date(value: string): Sql;

  abstract decimal(value: string | null): Sql;

  abstract text(value: string): Sql;

  abstract dateText(expression: Sql): Sql;

  abstract exactText(expression: Sql): Sql;

  boolean(value: boolean): Sql {
    return raw(value ? 'TRUE' : 'FALSE');
  }

  integer(value: number): Sql {
    return sql`CAST(${value} AS integer)`;
  }

  bigint(value: number): Sql {
    return this.integer(value);
  }

  sharedParameter(value: unknown): unknown {
    return value;
  }

  points(query: Sql): Sql {
    return sql`SELECT ${this.dateText(raw('p.d'))} AS d, ${this.exactText(raw('p.v'))} AS v FROM (${query}) p ORDER BY p.d`;
  }

  readPoints(rows: readonly Row[]): Point[] {
    return rows.map(({ d, v }) => ({ date: d as LocalDate, value: v }));
  }

  pointsById(query: Sql): Sql {
    return sql`SELECT p.id, ${this.dateText(raw('p.d'))} AS d, ${this.exactText(raw('p.v'))} AS v FROM (${query}) p ORDER BY p.d`;
  }

  readPointsById(rows: readonly Row[]): ReadonlyMap<number, readonly Point[]> {
    const byId = groupBy(rows, ({ id }) => id as number);
    return new Map([...byId].map(([id, own]) => [id, this.readPoints(own)]));
  }

  readonly readsPointsBeside: boolean = false;

  pointsValue(_query: Sql): Sql {
    throw new TypeError(`${this.name} reads no points beside other columns`);
  }

  readonly readsSnapshotAlone: Sql = raw('0');

  readPointsValue(_value: unknown): Point[] | null {
    throw new TypeError(`${this.name} reads no points beside other columns`);
  }

  list(expressions: readonly Sql[]): Sql {
    return sql`JSON_ARRAY(${join(expressions)})`;
  }

  numeric(expression: Sql): Sql {
    return expression;
  }

  readonly plansByStatistics: boolean = true;

  unindexed(column: Sql): Sql {
    return column;
  }

  exactAddend(expression: Sql): Sql {
    return expression;
  }

  binaryOrder(expression: Sql): Sql {
    return expression;
  }

  readonly bindsArrays: boolean = false;

  mostRows(columns: number): number {
    return Math.min(1_000, Math.floor(this.maxParameters / columns));
  }

  upsert(upsert: Upsert): Sql {
    return this.upsertFrom(upsert, this.rowsOf([...upsert.keys, upsert.value]));
  }

  addTogether(_additions: Additions): Sql | null {
    return null;
  }

  rebound(_statement: Sql, _before: readonly Upsert[], _upserts: readonly Upsert[]): Sql | null {
    return null;
  }

  together(_statements: readonly Sql[]): Sql | null {
    return null;
  }

  changeAndInsert(_change: ChangeAndInsert): Sql {
    throw new TypeError(`${this.name} has no statement that changes a row and inserts another one`);
  }

  /** @param rows a query, or a VALUES list */
  protected upsertFrom({ table, keys, value, mode }: Upsert, rows: Sql): Sql {
    const column = table.column(value.property);
    const [stored, given] = [sql`${table.path}.${column}`, sql`excluded.${column}`];
    const change =
      mode === 'replace' ? sql`${given} WHERE ${this.differ(stored, given)}` : sql`COALESCE(${stored}, 0) + ${given}`;
    return sql`${insertingInto(table, [...keys, value])} ${rows}
ON CONFLICT (${join(keys.map(({ property }) => table.column(property)))}) DO UPDATE SET ${column} = ${change}`;
  }

  insertIfAbsent(table: Table, values: Readonly<Record<string, Sql>>, keys: readonly string[]): Sql {
    const columns = Object.keys(values).map((property) => table.column(property));
    return sql`INSERT INTO ${table.path} (${join(columns)}) VALUES (${join(Object.values(values))})
ON CONFLICT (${join(keys.map((key) => table.column(key)))}) DO NOTHING`;
  }

  insertAllIfAbsent(table: Table, columns: readonly ColumnToWrite[], keys: readonly string[]): Sql {
    return sql`${insertingInto(table, columns)} ${this.rowsOf(columns)}
ON CONFLICT (${join(keys.map((key) => table.column(key)))}) DO NOTHING`;
  }

  /** the rows of columns, for an INSERT */
  protected rowsOf(columns: readonly ColumnToWrite[]): Sql {
    return valuesOf(columns, ({ values }, row) => values[row]);
  }

  replaceAll(table: Table, rows: readonly Readonly<Record<string, Sql>>[], keys: readonly string[]): Sql {
    const { columns, replaced } = replacedColumns(table, rows, keys);
    return sql`INSERT INTO ${table.path} (${join(columns)}) VALUES ${tuples(rows.map((row) => Object.values(row)))}
ON CONFLICT (${join(keys.map((key) => table.column(key)))}) DO UPDATE SET ${join(replaced.map((column) => sql`${column} = excluded.${column}`))}`;
  }

  driverZone(_dataSource: DataSource): string {
    return processTimeZone();
  }

  abstract clockOf(columnType: string, dataSource: DataSource): ColumnClock | null;

  abstract reading(clock: ColumnClock, ms: number): Sql;

  abstract earliest(column: ClockColumn): Sql;

  abstract parseReading(clock: ColumnClock, stored: unknown): number | null;

  // eslint-disable-next-line require-yield -- it asks nothing
  *storedTypes(_query: Sql, columns: readonly SourceColumn[]): Work<(string | null)[]> {
    return columns.map(() => null);
  }

  otherForms(_column: ClockColumn, _from: number | null): readonly Sql[] {
    return [];
  }

  abstract dayKey(column: ClockColumn, segments: readonly ClockSegment[]): Sql;

  dayPart(_column: ClockColumn, _segments: readonly ClockSegment[]): DayPart | null {
    return null;
  }

  abstract dayNumber(clock: ColumnClock, key: Sql): Sql;

  abstract bucketKey(column: ClockColumn, segments: readonly BucketSegment[], length: BucketLength): Sql;

  /** The key is that number. */
  bucketStart(_clock: ColumnClock, key: Sql): Sql {
    return key;
  }

  abstract keyEncoding(column: ColumnShape): KeyEncoding | KeyRefusal;

  abstract groupKey(expression: Sql, kind: KeyKind, stored: StoredKeyType): Sql;

  distinctKey(expression: Sql, kind: KeyKind): Sql {
    return this.groupKey(expression, kind, 'varchar');
  }

  abstract storedKey(key: Sql, kind: KeyKind, stored: StoredKeyType): Sql;

  seekKey(_expression: Sql, _kind: KeyKind, _key: string): SoughtKey | null {
    return null;
  }

  /** The column itself refuses longer text. */
  limitLength(key: Sql, _length: number): Sql {
    return key;
  }

  characters(text: Sql): Sql {
    return sql`CHAR_LENGTH(${text})`;
  }

  abstract approximateSum(expression: Sql): Sql;

  comparable(expression: string, _column: ColumnShape): string {
    return expression;
  }

  keyText(key: Sql, _stored: StoredKeyType): Sql {
    return key;
  }

  isNotNumber(_expression: Sql): Sql | null {
    return null;
  }

  addend({ expression }: NumericColumn): Sql {
    return expression;
  }

  fromAddends(total: Sql, _column: NumericColumn): Sql {
    return total;
  }

  asAddend(value: Sql, _column: NumericColumn): Sql {
    return value;
  }

  abstract countsByIndex(table: Table, column: string): Work<boolean>;

  readonly countsFewDays: boolean = false;

  abstract rangesOf(clock: ColumnClock, ranges: readonly DayRange[]): Sql;

  abstract countsRanges(table: Table, rows: Sql, ranges: number): Work<boolean>;

  abstract bucketRangesOf(clock: ColumnClock, runs: readonly BucketRun[], length: BucketLength): Sql;

  abstract quotient(sum: Sql, count: Sql, column: NumericColumn): Sql;

  abstract dateOf(day: Sql): Sql;

  abstract calendarStart(unit: CalendarUnit, weekStart: WeekStart, day: Sql): Sql;

  greatest(a: Sql, b: Sql): Sql {
    return sql`GREATEST(${a}, ${b})`;
  }

  least(a: Sql, b: Sql): Sql {
    return sql`LEAST(${a}, ${b})`;
  }

  differ(a: Sql, b: Sql): Sql {
    return sql`${a} IS DISTINCT FROM ${b}`;
  }

  abstract storedValue(value: Sql): Sql;

  readonly overestimatesDays: boolean = false;

  barrier(query: Sql): Sql {
    return query;
  }

  /** As it is. MariaDB would fill a temporary table with all rows: 2.6 s instead of 0.8 for ten metrics of a million. */
  evaluated(query: Sql): Sql {
    return query;
  }

  readonly manyGroups: Sql = empty;

  stagesFirstScan(_clock: ColumnClock, _isKeyed: boolean): boolean {
    return false;
  }

  readonly sharesExpressions: boolean = true;

  expression(name: string, query: Sql): Sql {
    return sql`${raw(name)} AS (${query})`;
  }

  stage(name: string, query: Sql): readonly Sql[] {
    return [sql`CREATE TEMPORARY TABLE ${raw(name)} AS ${query}`];
  }

  stageTable(name: string, columns: readonly StagedColumn[]): readonly Sql[] {
    const types = this.stagedTypes;
    return [
      sql`CREATE TEMPORARY TABLE ${raw(name)} (${join(columns.map((column) => raw(`${column.name} ${types[column.type]}`)))})`,
    ];
  }

  protected abstract readonly stagedTypes: Readonly<Record<StagedType, string>>;

  dropStaged(name: string): Sql {
    return sql`DROP TABLE ${raw(name)}`;
  }

  stageDays(_from: number, _through: number): readonly Sql[] {
    return [];
  }

  unstageDays(): readonly Sql[] {
    return [];
  }

  abstract eachDay(spans: Sql): Sql;

  *replace(replacement: Replacement): Work<ReplaceResult> {
    if (replacement.hasStored) return yield* this.replaceStored(replacement);
    const { expressions, keys, order, fresh } = replacement;
    // many keys: in the order of the primary key, where rows go beside one another instead of all over it
    const rows =
      keys.length > 3
        ? sql`SELECT ${freshColumns(keys)} FROM (${fresh}) f ORDER BY ${join(order.map((key) => raw(`f.c${String(keys.indexOf(key))}`)))}`
        : fresh;
    const written = yield* execute(sql`${insertInto(replacement)}
${withExpressions(expressions)}${rows}`);
    return { written, removed: 0 };
  }

  /** replaces a range that may hold rows, by way of a temporary table of the fresh ones */
  protected *replaceStored(replacement: Replacement): Work<ReplaceResult> {
    const { table, keys, expressions, fresh, inRange } = replacement;
    const [stored, staged] = [raw('s'), raw(this.freshTable(replacement))];
    const rows = yield* this.fillFresh(replacement, sql`${withExpressions(expressions)}${fresh}`);
    const removed = yield* execute(
      this.deleteFrom(
        table,
        sql`${inRange(stored)} AND NOT EXISTS (SELECT 1 FROM ${staged} f
WHERE ${sameKeys(table, keys, stored)})`,
      ),
    );
    const written = yield* this.writeStaged(replacement);
    yield* execute(this.dropFresh(replacement, rows));
    return { written, removed };
  }

  replaceAlone(_lone: LoneReplacement): Sql {
    throw new TypeError(`${this.name} has no statement that does all of a run`);
  }

  joined(_expression: Sql): Sql {
    throw new TypeError(`${this.name} joins no texts`);
  }

  /** by way of a table with the key, or each row would be looked for among all others */
  *compare({ select, ...comparison }: RowComparison): Work<Row[]> {
    const { table, keys, value, fresh, inRange } = comparison;
    const replacement = { ...comparison, expressions: [], order: [], hasStored: true };
    const staged = raw(this.freshTable(replacement));
    const [stored, column] = [raw('s'), table.column(value)];
    const isAbsent = sql`s.${table.column(keys[0] ?? '')} IS NULL`;
    const freshKey = (key: string): Sql => raw(`f.c${String(keys.indexOf(key))}`);
    const rows = yield* this.fillFresh(replacement, fresh);
    const expected =
      yield* query(sql`SELECT ${select(freshKey, { stored: sql`NOT (${isAbsent})`, fresh: raw('1 = 1') })}
FROM ${staged} f LEFT JOIN ${table.path} s ON ${sameKeys(table, keys, stored)}
WHERE ${isAbsent} OR ${this.differ(this.numeric(sql`s.${column}`), this.numeric(raw('f.v')))}`);
    const surplus =
      yield* query(sql`SELECT ${select((key) => sql`s.${table.column(key)}`, { stored: raw('1 = 1'), fresh: raw('1 = 0') })}
FROM ${table.path} s LEFT JOIN ${staged} f ON ${sameKeys(table, keys, stored)} WHERE ${inRange(stored)} AND f.c0 IS NULL`);
    yield* execute(this.dropFresh(replacement, rows));
    return [...expected, ...surplus];
  }

  /** Returns the number of fresh rows. */
  private *fillFresh(replacement: Replacement, query: Sql): Work<number> {
    let rows = 0;
    for (const statement of this.stageFresh(replacement, query)) rows = yield* execute(statement);
    return rows;
  }

  /** the temporary table of the rows that a range is to hold */
  protected freshTable(_replacement: Replacement): string {
    return 'trackstats_fresh';
  }

  protected stageFresh(replacement: Replacement, query: Sql): readonly Sql[] {
    return this.stage(this.freshTable(replacement), query);
  }

  /** @param _rows that it has */
  protected dropFresh(replacement: Replacement, _rows: number): Sql {
    return this.dropStaged(this.freshTable(replacement));
  }

  deleteFrom(table: Table, condition: Sql): Sql {
    return sql`DELETE FROM ${table.path} AS s WHERE ${condition}`;
  }

  deleteMatching(table: Table, keys: readonly string[], found: (identity: Sql) => Sql): Sql {
    return this.deleteByKey(table, keys, found);
  }

  protected deleteByKey(table: Table, keys: readonly string[], found: (identity: Sql) => Sql): Sql {
    const { columns, names, identity } = identityOf(table, keys);
    return this.deleteFrom(
      table,
      sql`(${join(columns.map((column) => sql`s.${column}`))}) IN (SELECT ${join(names)} FROM (${found(identity)}) f)`,
    );
  }

  lastBefore({ table, keys, date, before, query }: LastBeforeQuery): Sql {
    const day = table.column(date);
    const same = (alias: Sql): Sql[] =>
      keys.map(({ property, value }) => sql`${alias}.${table.column(property)} = ${value}`);
    const last = sql`SELECT MAX(l.${day}) FROM ${table.path} l WHERE ${join([...same(raw('l')), sql`l.${day} < ${before}`], ' AND ')}`;
    return sql`(SELECT a.*, (${last}) AS last FROM (${query}) a) a JOIN ${table.path} s ON ${join([...same(raw('s')), sql`s.${day} = a.last`], ' AND ')}`;
  }

  lastOfOne({ table, keys, date, value, where, until }: LastOfEachQuery): Sql {
    const columns = [...keys, date, value].map((property) => sql`s.${table.column(property)}`);
    const day = sql`s.${table.column(date)}`;
    return sql`(SELECT ${join(columns)} FROM ${table.path} s WHERE ${where}${andUntil(day, until)} ORDER BY ${day} DESC ${this.limit(1)})`;
  }

  /**
   * One pass over the rows, and no join: in a table that was never analysed PostgreSQL expects one row of everything, and
   * compared each series with each row (1,050,000 rows read instead of 60,000 for 1,000 series of 60 dates).
   */
  lastOfEach({ table, keys, date, value, where, until }: LastOfEachQuery): Sql {
    const day = sql`s.${table.column(date)}`;
    const key = keys.map((property) => sql`s.${table.column(property)}`);
    const position = sql`ROW_NUMBER() OVER (PARTITION BY ${join(key)} ORDER BY ${day} DESC) AS position`;
    const rows = sql`SELECT ${join([...key, day, sql`s.${table.column(value)}`, position])} FROM ${table.path} s WHERE ${where}${andUntil(day, until)}`;
    return sql`(SELECT * FROM (${rows}) r WHERE r.position = 1)`;
  }

  walkSeries(_sought: LastOfEachQuery, _most: number): WalkedSeries | null {
    return null;
  }

  readonly writesInTurn: Sql | null = null;

  readonly correlates: boolean = true;

  distinctKeys(
    _table: Table,
    _within: { readonly property: string; readonly values: readonly number[] },
    _properties: readonly string[],
  ): Sql | null {
    return null;
  }

  protected abstract writeStaged(replacement: Replacement): Work<number>;
}

/** The encoding of a kind of key, by default without anything special. */
export function encodedAs(kind: KeyKind, special: Partial<KeyEncoding> = {}): KeyEncoding {
  return { kind, length: null, scale: null, isShortest: false, isLoose: false, format: 1, ...special };
}

export function insertInto({ table, keys, value }: Replacement): Sql {
  return sql`INSERT INTO ${table.path} (${join([...keys, value].map((property) => table.column(property)))})`;
}

export function withExpressions(expressions: readonly Sql[]): Sql {
  return expressions.length === 0 ? sql`` : sql`WITH ${join(expressions, ',\n')}\n`;
}

/** The key of a row `s`, as columns `i0`, `i1`, … of a query of such rows. */
export function identityOf(
  table: Table,
  keys: readonly string[],
): { columns: readonly Sql[]; names: readonly Sql[]; identity: Sql } {
  const columns = keys.map((key) => table.column(key));
  const names = keys.map((_, index) => raw(`i${String(index)}`));
  return { columns, names, identity: join(columns.map((column, index) => sql`s.${column} AS ${names[index]}`)) };
}

/** True if a stored row and a fresh one, `f`, have the same key. */
export function sameKeys(table: Table, keys: readonly string[], stored: Sql): Sql {
  return join(
    keys.map((key, index) => sql`${stored}.${table.column(key)} = f.${raw(`c${String(index)}`)}`),
    ' AND ',
  );
}

/** the columns of a fresh row, in the order of `insertInto` */
export function freshColumns(keys: readonly string[]): Sql {
  return join([...keys.map((_, index) => raw(`f.c${String(index)}`)), raw('f.v')]);
}

/** The columns of rows, and those that are no part of the primary key. */
export function replacedColumns(
  table: Table,
  [first = {}]: readonly Readonly<Record<string, Sql>>[],
  keys: readonly string[],
): { columns: readonly Sql[]; replaced: readonly Sql[] } {
  const properties = Object.keys(first);
  return {
    columns: properties.map((property) => table.column(property)),
    replaced: properties.filter((property) => !keys.includes(property)).map((property) => table.column(property)),
  };
}

/** The condition of dates up to one, after another condition. */
export function andUntil(date: Sql, until: LastDate | null): Sql {
  return until === null ? empty : sql` AND ${date} ${raw(until.isIncluded ? '<=' : '<')} ${until.date}`;
}

/** The beginning of an INSERT into columns. */
export function insertingInto(table: Table, columns: readonly ColumnToWrite[]): Sql {
  return sql`INSERT INTO ${table.path} (${namesOf(table, columns)})`;
}

/** The names of columns, for an INSERT. */
export function namesOf(table: Table, columns: readonly ColumnToWrite[]): Sql {
  return join(columns.map(({ property }) => table.column(property)));
}

/**
 * The rows of columns as a VALUES list without casts: the columns of the table have the types.
 *
 * @param bound returns the value that is bound for a row
 */
export function valuesOf(
  columns: readonly ColumnToWrite[],
  bound: (column: ColumnToWrite, row: number) => unknown,
): Sql {
  const rows = columns[0]?.values.length ?? 0;
  const values: unknown[] = [];
  for (let row = 0; row < rows; row++) for (const column of columns) values.push(bound(column, row));
  return new Sql(textsBetween(columns.length, rows), values);
}

/** The texts before, between and after the values of a VALUES list. Not by `join`, which takes longer than the statement. */
function textsBetween(columns: number, rows: number): string[] {
  const texts = Array.from<string>({ length: columns * rows + 1 }).fill(', ');
  for (let row = 0; row < rows; row++) texts[row * columns] = row === 0 ? 'VALUES (' : '), (';
  texts[columns * rows] = ')';
  return texts;
}

/** The rows of a VALUES list. */
export function tuples(rows: readonly (readonly Sql[])[]): Sql {
  return join(rows.map((row) => sql`(${join(row)})`));
}
