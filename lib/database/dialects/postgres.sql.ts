import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { DataSource, EntityMetadata } from 'typeorm';
import type { LocalDate } from '../../time/local-date.js';
import type { CalendarUnit, WeekStart } from '../../time/period.js';
import type { BucketLength, BucketRun, BucketSegment } from '../../time/time-bucket.js';
import type { ClockSegment, DayRange } from '../../time/time-zone.js';
import { processTimeZone } from '../../time/time-zone.js';
import type { Table } from '../table.js';
import { query, queryOne, type Row, withValues, type Work } from '../work.js';
import { bucketOfNumber, ofKnown, refuseDates } from './bucket-expressions.js';
import {
  choose,
  chooseSegment,
  epochDay,
  epochReading,
  isEpoch,
  isoReading,
  rangesJson,
  runsJson,
  stepOfWeek,
} from './day-expressions.js';
import { isDate, isHex, isUuid, isWholeNumber } from './key-forms.js';
import {
  BaseSql,
  encodedAs,
  freshColumns,
  inOrderOfDate,
  insertInto,
  insertingInto,
  sameKeys,
  withExpressions,
} from './base.sql.js';
import type {
  Additions,
  ChangeAndInsert,
  ColumnClock,
  ClockColumn,
  ColumnShape,
  ColumnToWrite,
  RowComparison,
  KeyEncoding,
  KeyKind,
  KeyRefusal,
  NumericColumn,
  Point,
  ReplaceResult,
  Replacement,
  LastBeforeQuery,
  LastOfEachQuery,
  LoneReplacement,
  ExpectedRows,
  SoughtKey,
  SourceColumn,
  StoredKeyType,
  Upsert,
  WalkedSeries,
  WrittenType,
} from './dialect.js';

const KEY_KINDS: Readonly<Record<string, KeyKind>> = {
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  numeric: 'decimal',
  real: 'float',
  'double precision': 'float',
  boolean: 'boolean',
  date: 'date',
  uuid: 'uuid',
  'character varying': 'text',
  text: 'text',
  citext: 'text',
  character: 'padded',
  bpchar: 'padded',
  bytea: 'binary',
  bit: 'bits',
  inet: 'address',
  'timestamp with time zone': 'instant',
};

/** How the values of rows to write are bound. */
const ARRAYS: Readonly<Record<WrittenType, string>> = {
  integer: 'integer[]',
  bigint: 'bigint[]',
  text: 'varchar[]',
  date: 'date[]',
  decimal: 'numeric[]',
};

/** Rows of one statement, which is in the memory of process and server as a whole. */
const MOST_ROWS = 10_000;

/** Columns as the rows of a FROM item `r`, with the columns `c0`, `c1`, … */
function unnested(columns: readonly ColumnToWrite[]): Sql {
  const arrays = columns.map(({ type, values }) => sql`CAST(${arrayOf(values)} AS ${raw(ARRAYS[type])})`);
  return sql`UNNEST(${join(arrays)}) r(${join(columns.map((_, place) => raw(`c${String(place)}`)))})`;
}

const boundArrays = new WeakMap<ColumnToWrite['values'], Shared>();

/** A column as one parameter, the same for all its places: with the keys of increments it is bound twice. */
function arrayOf(values: ColumnToWrite['values']): Shared {
  let array = boundArrays.get(values);
  if (array === undefined) boundArrays.set(values, (array = new Shared(arrayText(values))));
  return array;
}

/** An array as text, for which pg would replace characters twice in each value: 0.6 µs for nine values instead of 1.8. */
function arrayText(values: ColumnToWrite['values']): string {
  let text = '{';
  for (const value of values) {
    if (text.length > 1) text += ',';
    text += typeof value === 'string' ? quoted(value) : value === null ? 'NULL' : String(value);
  }
  return `${text}}`;
}

function quoted(text: string): string {
  return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
}

/** The date and the value of the last row of a series, as a walk names them. */
const LAST = [raw('d'), raw('v')] as const;

function noneStored({ table, columns, keys }: NonNullable<Additions['fresh']>): Sql {
  const ofKeys = columns.filter(({ property }) => keys.includes(property));
  const same = ofKeys.map(({ property }, place) => sql`s.${table.column(property)} = r.${raw(`c${String(place)}`)}`);
  return sql`NOT EXISTS (SELECT 1 FROM ${unnested(ofKeys)} JOIN ${table.path} s ON ${join(same, ' AND ')})`;
}

/** Types that have no equality operator, and so no SELECT DISTINCT; neither have arrays of them. */
const WITHOUT_EQUALITY = new Set([
  'json',
  'jsonpath',
  'xml',
  'point',
  'box',
  'lseg',
  'path',
  'polygon',
  'circle',
  'line',
]);

const SESSION_ZONE: KeyRefusal = {
  refused: "whose text depends on the session's time zone. Expected timestamptz or text",
};

/** Where a row is, also in a partitioned table, as columns of a query. */
function placeOf(alias: Sql): Sql {
  return sql`${alias}.ctid AS place, ${alias}.tableoid AS part`;
}

/** The path of an entity's table, for to_regclass. */
export function pathOf({ schema, tableName }: Pick<EntityMetadata, 'schema' | 'tableName'>): string {
  const names = schema === undefined ? [tableName] : [schema, tableName];
  return names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
}

/** How a row `s` that was found is found again. */
export interface FoundAgain {
  /** what the query of rows `s` selects as well; empty: nothing */
  readonly columns: Sql;
  /** what is kept of a row `s` */
  readonly kept: Sql;
  /** the condition that a row `s` of the table is one of which something was kept, `f` */
  readonly isSame: Sql;
}

/** True if a row `s` is the one that was found, `f`. */
const IS_PLACE = raw('s.ctid = f.place AND s.tableoid = f.part');

/** Settings on which the text of a value depends: a role may have others, and keys would change with the connection. */
export const TEXT_SETTINGS: Readonly<Record<string, string>> = {
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
};

/** The types of readings, by kind of clock. */
const READING_TYPES: Readonly<Record<ColumnClock['kind'], string>> = {
  instant: 'timestamptz',
  wall: 'timestamp',
  date: 'date',
  seconds: 'bigint',
  milliseconds: 'bigint',
};

/** A range costs as much as so many rows of a scan. */
const FEWEST_A_RANGE = 10;

/** 0001-01-01 as a reading. */
const FIRST_READING = Date.parse('0001-01-01T00:00:00Z');

/** A value that is bound once for all the places where it is. */
export class Shared {
  constructor(readonly value: unknown) {}
}

/** A reading as PostgreSQL writes it: the year before the first is 1 BC, and not the year 0. */
function dated(iso: string): string {
  return iso.startsWith('0000-') ? `0001-${iso.slice(5)} BC` : iso;
}

/** A reading as text of its column's type. */
function readingText({ kind }: ColumnClock, ms: number): string {
  return dated(kind === 'instant' ? isoReading(ms) : isoReading(ms).slice(0, kind === 'date' ? 10 : -1));
}

/** True if the driver writes dates as wall times in UTC, and not in the time zone of this process. */
function writesUtc({ driver }: DataSource): boolean {
  const { postgres } = driver as { postgres?: { defaults?: { parseInputDatesAsUTC?: boolean } } };
  return postgres?.defaults?.parseInputDatesAsUTC === true;
}

export class PostgresSql extends BaseSql {
  readonly name: string = 'PostgreSQL';

  readonly maxParameters = 65_000;

  readonly now = sql`CAST(EXTRACT(EPOCH FROM now()) * 1000 AS bigint)`;

  approximateSum(expression: Sql): Sql {
    return sql`SUM(CAST(CAST(${expression} AS text) AS numeric))`;
  }

  override binaryOrder(expression: Sql): Sql {
    return sql`${expression} COLLATE "C"`;
  }

  override readonly overestimatesDays = true;

  /** A literal, and no number: workers share what is under the latter only once it is cast, which is too late. */
  override barrier(query: Sql): Sql {
    return sql`${query} OFFSET '0'`;
  }

  /** Workers share a scan into a temporary table. */
  override stagesFirstScan(): boolean {
    return true;
  }

  protected readonly stagedTypes = {
    text: 'varchar',
    integer: 'integer',
    bigint: 'bigint',
    date: 'date',
    decimal: 'numeric',
  };

  /** One parameter for all of its places, as TypeORM has it: PostgreSQL cannot tell the type of `$1 IS NULL` alone. */
  override sharedParameter(value: unknown): unknown {
    return new Shared(value);
  }

  date(value: string): Sql {
    return sql`CAST(${value} AS date)`;
  }

  override bigint(value: number): Sql {
    return sql`CAST(${value} AS bigint)`;
  }

  decimal(value: string | null): Sql {
    return sql`CAST(${value} AS numeric)`;
  }

  text(value: string): Sql {
    return sql`CAST(${value} AS varchar)`;
  }

  override readonly bindsArrays = true;

  /** As arrays, any number of rows is parsed and planned as quickly as one. */
  override mostRows(): number {
    return MOST_ROWS;
  }

  protected override rowsOf(columns: readonly ColumnToWrite[]): Sql {
    return sql`SELECT * FROM ${unnested(columns)}`;
  }

  /** The limit for locks is set where the condition is evaluated, which is before any row is written. */
  override addTogether({ expected, condition, fresh, upserts, lockTimeout }: Additions): Sql | null {
    const met = raw('trackstats_met');
    const rows = (columns: readonly ColumnToWrite[]): Sql => sql`SELECT r.* FROM ${met}, ${unnested(columns)}`;
    const writes = [
      ...(fresh === null ? [] : [sql`${insertingInto(fresh.table, fresh.columns)} ${rows(fresh.columns)}`]),
      ...upserts.map((upsert) => this.upsertFrom(upsert, rows([...upsert.keys, upsert.value]))),
    ];
    const conditions = [
      ...(expected === null ? [] : [allLocked(sql`(${lockedRows(expected, this.forShare, [])})`, expected)]),
      condition,
      ...(fresh === null ? [] : [noneStored(fresh)]),
    ];
    // in a CASE, whose parts are evaluated in order: the condition waits for locks
    const first = sql`${met} AS MATERIALIZED (SELECT 1
WHERE CASE WHEN set_config('lock_timeout', ${String(lockTimeout)}, true) IS NOT NULL THEN ${join(conditions, ' AND ')} END)`;
    const others = writes.map(
      (write, place) => sql`${raw(`trackstats_write${String(place)}`)} AS (${write} RETURNING 1)`,
    );
    return sql`${withExpressions([first, ...others])}SELECT COUNT(*) AS written FROM ${met}`;
  }

  /** Each column is one parameter, for any number of rows. */
  override rebound(statement: Sql, before: readonly Upsert[], upserts: readonly Upsert[]): Sql {
    const arrays = (all: readonly Upsert[]): Shared[] =>
      all.flatMap(({ keys, value }) => [...keys, value].map(({ values }) => arrayOf(values)));
    const [stale, fresh] = [arrays(before), arrays(upserts)];
    return withValues(
      statement,
      statement.values.map((value) => (value instanceof Shared ? (fresh[stale.indexOf(value)] ?? value) : value)),
    );
  }

  override together(statements: readonly Sql[]): Sql | null {
    const names = statements.map((_, place) => raw(`trackstats_write${String(place)}`));
    const writes = statements.map((statement, place) => sql`${names[place]} AS (${statement} RETURNING 1)`);
    const counts = names.map((name, place) => sql`(SELECT COUNT(*) FROM ${name}) AS ${raw(`n${String(place)}`)}`);
    return sql`WITH ${join(writes)} SELECT ${join(counts)}`;
  }

  /** Its commit need not reach the disk before the next one, see `isProvisional` of a transaction. */
  override changeAndInsert({
    table,
    values,
    where,
    returning,
    insert,
    insertedId,
    beside,
    label,
  }: ChangeAndInsert): Sql {
    const set = Object.entries(values).map(([property, value]) => sql`${table.column(property)} = ${value}`);
    const [changed, inserted] = [raw('trackstats_changed'), raw('trackstats_inserted')];
    return sql`WITH ${SETTINGS} AS MATERIALIZED (SELECT ${join(localSettings({ synchronous_commit: 'off' }, label))}),
${changed} AS (UPDATE ${table.path} SET ${join(set)} FROM ${SETTINGS} WHERE ${where} RETURNING ${returning}),
${inserted} AS (${insert(changed)} RETURNING ${insertedId} AS id)
SELECT c.*, (SELECT id FROM ${inserted}) AS inserted${beside === null ? empty : sql`, ${beside} AS beside`} FROM ${changed} c`;
  }

  dateText(expression: Sql): Sql {
    return sql`to_char(${expression}, 'YYYY-MM-DD')`;
  }

  exactText(expression: Sql): Sql {
    return sql`CAST(${expression} AS text)`;
  }

  override points(query: Sql): Sql {
    return sql`SELECT ${this.pointsText()} AS points FROM (${query}) p`;
  }

  override readonly readsPointsBeside: boolean = true;

  override pointsValue(query: Sql): Sql {
    return sql`(${this.points(query)})`;
  }

  /** `datestyle` has the order of day and month, too. */
  override readonly readsSnapshotAlone = sql`CASE WHEN ${join(
    Object.entries(TEXT_SETTINGS).map(
      ([name, value]) => sql`SPLIT_PART(CURRENT_SETTING('${raw(name)}'), ',', 1) = '${raw(value)}'`,
    ),
    ' AND ',
  )} THEN 1 ELSE 0 END`;

  override readPointsValue(value: unknown): Point[] {
    return pointsOfText(value as string | null);
  }

  override list(expressions: readonly Sql[]): Sql {
    return sql`CAST(JSON_BUILD_ARRAY(${join(expressions)}) AS text)`;
  }

  override joined(expression: Sql): Sql {
    return sql`STRING_AGG(${expression}, ',')`;
  }

  override readPoints([row]: readonly Row[]): Point[] {
    return pointsOfText((row?.['points'] ?? null) as string | null);
  }

  override pointsById(query: Sql): Sql {
    return sql`SELECT p.id, ${this.pointsText()} AS points FROM (${query}) p GROUP BY p.id`;
  }

  override readPointsById(rows: readonly Row[]): ReadonlyMap<number, readonly Point[]> {
    return new Map(rows.map(({ id, points }) => [id as number, pointsOfText(points as string)]));
  }

  /** The points of a query as one text: the driver needs more time for a row than for a hundred characters. */
  private pointsText(): Sql {
    const point = sql`CONCAT(${this.dateText(raw('p.d'))}, ' ', p.v)`;
    return sql`STRING_AGG(${point}, ',')`;
  }

  clockOf(columnType: string, dataSource: DataSource): ColumnClock | null {
    switch (columnType) {
      case 'timestamp with time zone':
      case 'timestamptz':
        return { kind: 'instant', storedIn: 'UTC' };
      case 'timestamp without time zone':
      case 'timestamp':
      case 'datetime':
        return { kind: 'wall', storedIn: writesUtc(dataSource) ? 'UTC' : processTimeZone() };
      case 'date':
        return { kind: 'date', storedIn: 'UTC' };
      default:
        return null;
    }
  }

  /** Of no row: an outer join to nothing has the types of the columns. A domain is taken for the type that it is made of. */
  override *storedTypes(query: Sql, columns: readonly SourceColumn[]): Work<(string | null)[]> {
    const names = columns.map((_, index) => raw(`t${String(index)}`));
    const types = names.map((t) => sql`FORMAT_TYPE(COALESCE(NULLIF(${t}.typbasetype, 0), ${t}.oid), NULL) AS ${t}`);
    const joins = columns.map(
      ({ expression }, index) =>
        sql`LEFT JOIN pg_type ${names[index]} ON ${names[index]}.oid = PG_TYPEOF(${expression})`,
    );
    const row = yield* queryOne(
      sql`SELECT ${join(types)} FROM (SELECT 1) one LEFT JOIN (${query}) source ON FALSE ${join(joins, ' ')}`,
    );
    return names.map((_, index) => (row?.[`t${String(index)}`] ?? null) as string | null);
  }

  reading({ kind }: ColumnClock, ms: number): Sql {
    switch (kind) {
      case 'instant':
        return sql`CAST(${dated(isoReading(ms))} AS timestamptz)`;
      case 'wall':
        return sql`CAST(${dated(isoReading(ms).slice(0, -1))} AS timestamp)`;
      case 'date':
        return this.date(dated(isoReading(ms).slice(0, 10)));
      default:
        return sql`CAST(${epochReading(kind, ms)} AS bigint)`;
    }
  }

  earliest({ kind, expression }: ClockColumn): Sql {
    const earliest = sql`MIN(${expression})`;
    return isEpoch(kind) ? earliest : sql`FLOOR(EXTRACT(EPOCH FROM ${earliest}) * 1000)`;
  }

  parseReading({ kind }: ColumnClock, stored: unknown): number | null {
    return stored === null ? null : Number(stored) * (kind === 'seconds' ? 1000 : 1);
  }

  dayKey(column: ClockColumn, segments: readonly ClockSegment[]): Sql {
    const { kind, expression } = column;
    const shift = (seconds: number): Sql => sql`CAST(${`${String(seconds)} seconds`} AS interval)`;
    switch (kind) {
      case 'date':
        return expression;
      case 'instant':
        return sql`CAST(${expression} AT TIME ZONE ${choose(this, column, segments, shift)} AS date)`;
      case 'wall':
        return sql`CAST(${expression} + ${choose(this, column, segments, shift)} AS date)`;
      default:
        return sql`CAST(${epochDay(
          kind,
          // a shift takes an int4 near its limits past them
          sql`CAST(${expression} AS bigint)`,
          choose(this, column, segments, (seconds) => this.integer(seconds)),
        )} AS integer)`;
    }
  }

  dayNumber({ kind }: ColumnClock, key: Sql): Sql {
    return isEpoch(kind) ? key : sql`${key} - DATE '1970-01-01'`;
  }

  /** `date_bin` and not EXTRACT, which makes a numeric of every row. */
  bucketKey(column: ClockColumn, segments: readonly BucketSegment[], length: BucketLength): Sql {
    const { kind, expression } = column;
    if (kind === 'date') return refuseDates();
    if (isEpoch(kind)) {
      const unit = kind === 'seconds' ? 1 : 1000;
      return bucketOfNumber(this, column, segments, length, { reading: sql`CAST(${expression} AS bigint)`, unit });
    }
    const interval = (seconds: number): Sql => sql`CAST(${`${String(seconds)} seconds`} AS interval)`;
    const moved = (by: number, from: Sql): Sql => (by === 0 ? from : sql`${from} + ${interval(by)}`);
    return chooseSegment(this, column, segments, (segment) => {
      if ('start' in segment) return ofKnown(column, this.reading(column, segment.start * 1000));
      // before all dates, as versions before 15.7 give another bucket to a multiple before the origin
      const origin = this.reading(column, FIRST_READING);
      return moved(-segment.back, sql`DATE_BIN(${interval(length)}, ${moved(segment.shift, expression)}, ${origin})`);
    });
  }

  override bucketStart({ kind }: ColumnClock, key: Sql): Sql {
    return isEpoch(kind) ? key : sql`CAST(EXTRACT(EPOCH FROM ${key}) AS bigint)`;
  }

  keyEncoding({ type, isArray, precision, scale }: ColumnShape): KeyEncoding | KeyRefusal {
    if (isArray ? type === 'timestamp with time zone' : /^tstz(multi)?range$/.test(type)) return SESSION_ZONE;
    if (isArray) return encodedAs('other');
    const kind = KEY_KINDS[type] ?? 'other';
    const isFixed = precision !== null || scale !== null;
    return encodedAs(kind, {
      ...(kind === 'decimal' && isFixed ? { scale: scale ?? 0 } : {}),
      ...(kind === 'binary' || kind === 'address' ? { format: 2 as const } : {}),
    });
  }

  /**
   * The column itself where equality is identity. Text is compared by its bytes: the cast leaves citext and the
   * collation leaves nondeterministic ones, also where the entity does not declare them. Both cost nothing: 0.80 s of
   * processor time for a million rows, 0.88 s without.
   */
  groupKey(expression: Sql, kind: KeyKind, stored: StoredKeyType): Sql {
    if (stored !== 'varchar') return typedKey(expression, kind, stored);
    switch (kind) {
      case 'integer':
      case 'uuid':
      case 'date':
      case 'boolean':
      case 'binary':
        return expression;
      case 'padded':
        return sql`${expression} COLLATE "C"`;
      case 'float':
        return sql`(CASE WHEN ${expression} = 0 THEN '0' ELSE CAST(${expression} AS text) END) COLLATE "C"`;
      case 'address':
        // a cast to text adds /32
        return sql`ABBREV(${expression}) COLLATE "C"`;
      case 'instant':
        return sql`(CAST(${expression} AT TIME ZONE 'UTC' AS text) || '+00') COLLATE "C"`;
      default:
        return sql`CAST(${expression} AS text) COLLATE "C"`;
    }
  }

  storedKey(key: Sql, kind: KeyKind, stored: StoredKeyType): Sql {
    switch (stored) {
      case 'varchar':
        return storedText(key, kind);
      case 'integer':
        return sql`CAST(${key} AS integer)`;
      case 'boolean':
        return sql`CAST(CAST(${key} AS integer) AS smallint)`;
      case 'date':
        return sql`CAST(${key} AS date)`;
    }
  }

  /** A column of type citext, or with a nondeterministic collation, equals other text too. */
  override seekKey(expression: Sql, kind: KeyKind, key: string): SoughtKey | null {
    switch (kind) {
      case 'integer':
        return isWholeNumber(key) ? { condition: sql`${expression} = CAST(${key} AS bigint)`, isExact: true } : null;
      case 'uuid':
        return isUuid(key) ? { condition: sql`${expression} = CAST(${key} AS uuid)`, isExact: true } : null;
      case 'date':
        return isDate(key) ? { condition: sql`${expression} = ${this.date(key)}`, isExact: true } : null;
      case 'binary':
        return isHex(key) ? { condition: sql`${expression} = DECODE(${key}, 'hex')`, isExact: true } : null;
      case 'text':
      case 'padded':
        return { condition: sql`${expression} = ${key}`, isExact: false };
      default:
        return null;
    }
  }

  override comparable(expression: string, { type }: ColumnShape): string {
    return WITHOUT_EQUALITY.has(type) ? `CAST(${expression} AS text)` : expression;
  }

  override addend({ expression, type }: NumericColumn): Sql {
    if (type === 'float') return sql`CAST(${expression} AS double precision)`;
    // a column of type money adds up with nothing else; of a numeric one the cast is none
    return type === 'decimal' ? sql`CAST(${expression} AS numeric)` : expression;
  }

  /** by way of text: a cast from double precision to numeric would round to 15 digits */
  override fromAddends(total: Sql, { type }: NumericColumn): Sql {
    return type === 'float' ? sql`CAST(CAST(${total} AS text) AS numeric)` : total;
  }

  override asAddend(value: Sql, { type }: NumericColumn): Sql {
    return type === 'float' ? sql`CAST(${value} AS double precision)` : value;
  }

  *countsByIndex({ metadata }: Table, column: string): Work<boolean> {
    // an index answers for rows that VACUUM has seen: a scan is cheaper where there are too many others, and where it has
    // seen none (0 of 0 pages). Tables that inherit from this one have indexes of their own, or none
    const found = yield* queryOne(sql`SELECT 1 AS found FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
WHERE c.oid = to_regclass(${pathOf(metadata)}) AND a.attname = ${column} AND m.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL
AND c.relkind = 'r' AND NOT c.relhassubclass AND c.relpages > 0 AND c.relallvisible >= 0.8 * c.relpages`);
    return found !== undefined;
  }

  rangesOf(clock: ColumnClock, ranges: readonly DayRange[]): Sql {
    const type = raw(READING_TYPES[clock.kind]);
    const json = rangesJson(clock, ranges, (ms) => readingText(clock, ms));
    return sql`(SELECT CAST(j->>0 AS integer) AS day, CAST(j->>1 AS ${type}) AS lo, CAST(j->>2 AS ${type}) AS hi
FROM JSON_ARRAY_ELEMENTS(CAST(${json} AS json)) AS j)`;
  }

  /** By the statistics of the planner, as rows are expensive to count even by an index. */
  *countsRanges({ metadata }: Table, _rows: Sql, ranges: number): Work<boolean> {
    const found = yield* queryOne(
      sql`SELECT 1 AS found FROM pg_class c WHERE c.oid = to_regclass(${pathOf(metadata)}) AND c.reltuples >= ${FEWEST_A_RANGE * ranges}`,
    );
    return found !== undefined;
  }

  bucketRangesOf(clock: ColumnClock, runs: readonly BucketRun[], length: BucketLength): Sql {
    const { kind } = clock;
    const type = raw(READING_TYPES[kind]);
    const json = runsJson(clock, runs, (ms) => readingText(clock, ms));
    const by = isEpoch(kind)
      ? sql`n.i * ${raw(String(epochReading(kind, length * 1000)))}`
      : sql`n.i * INTERVAL '${raw(String(length))} seconds'`;
    const each = sql`SELECT CAST(j->>0 AS bigint) AS bucket, CAST(j->>1 AS ${type}) AS lo, CAST(j->>2 AS ${type}) AS hi, CAST(j->>3 AS integer) AS buckets
FROM JSON_ARRAY_ELEMENTS(CAST(${json} AS json)) AS j`;
    return sql`(SELECT u.bucket + n.i * ${raw(String(length))} AS bucket, u.lo + ${by} AS lo, u.hi + ${by} AS hi
FROM (${this.barrier(each)}) u CROSS JOIN LATERAL GENERATE_SERIES(0, u.buckets - 1) AS n(i))`;
  }

  quotient(sum: Sql, count: Sql, column: NumericColumn): Sql {
    return sql`ROUND(CAST(${this.fromAddends(sum, column)} AS numeric), 20) / NULLIF(${count}, 0)`;
  }

  dateOf(day: Sql): Sql {
    return sql`DATE '1970-01-01' + ${day}`;
  }

  calendarStart(unit: CalendarUnit, weekStart: WeekStart, day: Sql): Sql {
    if (unit === 'week') return stepOfWeek(weekStart, day);
    // of a timestamp: of a date, DATE_TRUNC would depend on the session's time zone
    return sql`CAST(DATE_TRUNC('${raw(unit)}', CAST(${this.dateOf(day)} AS timestamp)) AS date) - DATE '1970-01-01'`;
  }

  storedValue(value: Sql): Sql {
    // a numeric column stores NaN, which no read gives; the cast fails, and only where there is one
    const number = sql`CAST(${value} AS numeric)`;
    return sql`CASE WHEN ${number} = 'NaN' THEN CAST('not a number: ' || ${number} AS numeric) ELSE ROUND(${number}, 20) END`;
  }

  eachDay(spans: Sql): Sql {
    return sql`(${spans}) s CROSS JOIN LATERAL GENERATE_SERIES(s.day, s.next - 1) AS d(day)`;
  }

  /**
   * All in one statement, of one snapshot; rows that stay as they are cost neither a dead row nor replication. A FULL
   * JOIN hashes or merges whatever the planner expects: with NOT EXISTS, before the table's first ANALYZE, each fresh
   * row was compared with each stored one (8.4 s instead of 0.2 s for 4,300 rows).
   */
  protected override *replaceStored(replacement: Replacement): Work<ReplaceResult> {
    const parts = [...replacement.expressions, ...this.replacing(replacement, 0, null)];
    const counts = yield* queryOne<{ written: string; removed: string }>(
      sql`${withExpressions(parts)}SELECT ${countOf('written', 1)} AS written, ${countOf('removed', 1)} AS removed`,
    );
    return { written: Number(counts?.written), removed: Number(counts?.removed) };
  }

  /** The rows of a range that are not as they should be, which are then deleted and written. */
  private replacing(replacement: Replacement, place: number, condition: Sql | null): Sql[] {
    const { table, keys, value } = replacement;
    const column = table.column(value);
    const { kept, isSame } = this.foundAgain(table, keys);
    const [compared, removed, written] = ['compared', 'removed', 'written'].map((name) => partName(name, place)) as [
      Sql,
      Sql,
      Sql,
    ];
    const rows = sql`SELECT ${freshColumns(keys)}, ${kept} FROM ${this.besideStored(replacement)}`;
    return [
      sql`${compared} AS MATERIALIZED (${condition === null ? rows : sql`SELECT * FROM (${rows}) r WHERE ${condition}`})`,
      sql`${removed} AS (
DELETE FROM ${table.path} AS s USING ${compared} f WHERE f.c0 IS NULL AND ${isSame}
RETURNING 1)`,
      sql`${written} AS (
${insertInto(replacement)} SELECT ${freshColumns(keys)} FROM ${compared} f WHERE f.c0 IS NOT NULL
ON CONFLICT (${join(keys.map((key) => table.column(key)))}) DO UPDATE SET ${column} = excluded.${column}
WHERE ${table.path}.${column} IS DISTINCT FROM excluded.${column}
RETURNING 1)`,
    ];
  }

  /** By where it is, which the plan needs no statistics of the table for. */
  protected foundAgain(_table: Table, _keys: readonly string[]): FoundAgain {
    return { columns: sql`, ${placeOf(raw('r'))}`, kept: raw('s.place, s.part'), isSame: IS_PLACE };
  }

  /**
   * Ranges are compared only once the expected rows are locked, and nothing is written of them where they are others. A
   * cast fails then, which undoes the other writes.
   */
  override replaceAlone({ replacements, expected, writes, label }: LoneReplacement): Sql {
    const isExpected = allLocked(LOCKED, expected);
    const [written, removed] = [countOf('written', replacements.length), countOf('removed', replacements.length)];
    const others = writes({ written, removed });
    const conditions = others.flatMap(({ isRequired }, place) =>
      isRequired ? [sql`(SELECT COUNT(*) FROM ${partName('trackstats_write', place)}) = 1`] : [],
    );
    const parts = [
      sql`${SETTINGS} AS MATERIALIZED (SELECT ${join(localSettings(TEXT_SETTINGS, label))})`,
      sql`${LOCKED} AS MATERIALIZED (${lockedRows(expected, this.forUpdate, [SETTINGS])})`,
      ...replacements.flatMap(({ expressions }) => expressions),
      ...replacements.flatMap((replacement, place) => this.replacing(replacement, place, isExpected)),
      ...others.map(
        ({ statement }, place) => sql`${partName('trackstats_write', place)} AS (${statement} RETURNING 1)`,
      ),
    ];
    const failure = sql`CAST(CONCAT('trackstats: not as it was read, or the lease is lost: ', ${written}) AS integer)`;
    return sql`${withExpressions(parts)}SELECT ${written} AS written, ${removed} AS removed,
CASE WHEN ${join([isExpected, ...conditions], ' AND ')} THEN 1 ELSE ${failure} END AS done`;
  }

  override *compare(comparison: RowComparison): Work<Row[]> {
    const { table, keys, select } = comparison;
    const key = (property: string): Sql =>
      sql`COALESCE(f.${raw(`c${String(keys.indexOf(property))}`)}, s.${table.column(property)})`;
    const has = { stored: sql`s.${table.column(keys[0] ?? '')} IS NOT NULL`, fresh: raw('f.c0 IS NOT NULL') };
    return yield* query(sql`SELECT ${select(key, has)} FROM ${this.besideStored(comparison)}`);
  }

  /** The fresh rows, `f`, and the stored ones, `s`, that are not the same: one side is NULL where there is no such row. */
  private besideStored({
    table,
    keys,
    value,
    fresh,
    inRange,
  }: Pick<Replacement, 'table' | 'keys' | 'value' | 'fresh' | 'inRange'>): Sql {
    const columns = [...keys, value].map((property) => sql`r.${table.column(property)}`);
    const [first = ''] = keys;
    return sql`(${fresh}) f FULL JOIN (SELECT ${join(columns)}${this.foundAgain(table, keys).columns} FROM ${table.path} r WHERE ${inRange(raw('r'))}) s ON ${sameKeys(table, keys, raw('s'))}
WHERE f.c0 IS NULL OR s.${table.column(first)} IS NULL OR s.${table.column(value)} IS DISTINCT FROM f.v`;
  }

  /**
   * By where the rows are. Before the first ANALYZE the planner expects one row whatever the condition, and prefers the
   * index of dates to the primary key: it read all rows of a date for each row that it deleted.
   */
  override deleteMatching(table: Table, _keys: readonly string[], found: (identity: Sql) => Sql): Sql {
    return sql`WITH found AS MATERIALIZED (${found(placeOf(raw('s')))})
DELETE FROM ${table.path} AS s USING found f WHERE ${IS_PLACE}`;
  }

  /**
   * Each row is sought in the order of the primary key, which nothing but its index has: where columns are compared one
   * by one, the planner takes the index of dates before the first ANALYZE, and reads it back to the last row of each key.
   */
  override lastBefore({ table, keys, date, before, query }: LastBeforeQuery): Sql {
    const columns = [...keys.map(({ property }) => property), date].map((property) => sql`s.${table.column(property)}`);
    const last = sql`SELECT s.* FROM ${table.path} s WHERE ROW(${join(columns)}) < ROW(${join([...keys.map(({ value }) => value), before])})
ORDER BY ${join(columns.map((column) => sql`${column} DESC`))} LIMIT 1`;
    return sql`(${query}) a JOIN LATERAL (${last}) s ON ${join(
      keys.map(({ value }, index) => sql`${columns[index]} = ${value}`),
      ' AND ',
    )}`;
  }

  /**
   * Rows of keys are compared as `lastBefore` does, or the planner takes the index of dates before the first ANALYZE and
   * reads it for each series. 0.02 s for 1,000 series of 700 rows, where ROW_NUMBER takes 1 s.
   */
  override walkSeries({ table, keys, date, value, where, until }: LastOfEachQuery, most: number): WalkedSeries | null {
    if (table.isQuery) return null;
    const names = keys.map((_, index) => raw(`k${String(index)}`));
    const columns = (alias: string, ...properties: string[]): Sql[] =>
      properties.map((property) => sql`${raw(alias)}.${table.column(property)}`);
    const backwards = (alias: string): Sql => join(columns(alias, ...keys, date).map((column) => sql`${column} DESC`));
    const named = columns('s', ...keys).map((column, index) => sql`${column} AS ${names[index]}`);
    const walked = names.map((name) => sql`w.${name}`);
    const next = sql`SELECT r.* FROM ${table.path} r WHERE ROW(${join(columns('r', ...keys))}) < ROW(${join(walked)})
ORDER BY ${backwards('r')} LIMIT 1`;
    // the walk comes to the last row of each series, which mostly is the one that is sought
    const dated = [...named, ...columns('s', date, value).map((column, place) => sql`${column} AS ${LAST[place]}`)];
    const given = [...keys, date, value].map((property) => table.column(property));
    const known = [...names, ...LAST].map((name, place) => sql`w.${name} AS ${given[place]}`);
    const found = sql`SELECT ${join([...known, raw('w.walked')])} FROM trackstats_series w`;
    const earlier = (end: Sql, before: Sql): Sql => {
      const sought = sql`SELECT r.* FROM ${table.path} r
WHERE ROW(${join(columns('r', ...keys, date))}) ${before} ROW(${join([...walked, end])}) ORDER BY ${backwards('r')} LIMIT 1`;
      const same = columns('s', ...keys).map((column, index) => sql`${column} = ${walked[index]}`);
      const isFound = sql`w.${LAST[0]} ${before} ${end}`;
      return sql`${found} WHERE ${isFound} UNION ALL
SELECT ${join([...columns('s', ...keys, date, value), raw('w.walked')])}
FROM trackstats_series w JOIN LATERAL (${sought}) s ON ${join(same, ' AND ')} WHERE NOT (${isFound})`;
    };
    return {
      expression: sql`WITH RECURSIVE trackstats_series AS ((
SELECT ${join([...dated, raw('1 AS walked')])} FROM ${table.path} s WHERE ${where} ORDER BY ${backwards('s')} LIMIT 1) UNION ALL
SELECT ${join([...dated, raw('w.walked + 1')])} FROM trackstats_series w CROSS JOIN LATERAL (${next}) s
WHERE w.walked < ${raw(String(most))} AND ${where}),
trackstats_last AS (${until === null ? found : earlier(until.date, raw(until.isIncluded ? '<=' : '<'))})\n`,
      rows: raw('trackstats_last'),
      walked: raw('(SELECT MAX(walked) FROM trackstats_series)'),
    };
  }

  /** Jumps along the primary key, from one value to the next: PostgreSQL has no loose index scan of its own. */
  override distinctKeys(
    table: Table,
    within: { readonly property: string; readonly values: readonly number[] },
    properties: readonly string[],
  ): Sql | null {
    if (table.isQuery) return null;
    const names = properties.map((_, place) => raw(`k${String(place)}`));
    const columns = properties.map((property) => sql`s.${table.column(property)}`);
    const named = join(columns.map((column, place) => sql`${column} AS ${names[place]}`));
    const first = (id: Sql, after: Sql): Sql =>
      sql`SELECT ${named} FROM ${table.path} s WHERE s.${table.column(within.property)} = ${id}${after} ORDER BY ${join(columns)} LIMIT 1`;
    const after = sql` AND ROW(${join(columns)}) > ROW(${join(names.map((name) => sql`w.${name}`))})`;
    const ids = unnested([{ property: within.property, type: 'integer', values: within.values }]);
    return sql`WITH RECURSIVE trackstats_keys AS (
SELECT r.c0 AS id, n.* FROM ${ids} CROSS JOIN LATERAL (${first(raw('r.c0'), empty)}) n UNION ALL
SELECT w.id, n.* FROM trackstats_keys w CROSS JOIN LATERAL (${first(raw('w.id'), after)}) n)
SELECT * FROM trackstats_keys ORDER BY id, ${join(names)}`;
  }

  protected writeStaged(): Work<number> {
    throw new TypeError('PostgreSQL stages nothing');
  }
}

const [SETTINGS, LOCKED] = [raw('trackstats_settings'), raw('trackstats_locked')];

function partName(name: string, place: number): Sql {
  return raw(`${name}${String(place)}`);
}

/** The number of rows of so many parts of a statement. */
function countOf(name: string, parts: number): Sql {
  const counts = Array.from({ length: parts }, (_, place) => sql`(SELECT COUNT(*) FROM ${partName(name, place)})`);
  return counts.length === 1 ? join(counts) : sql`(${join(counts, ' + ')})`;
}

/**
 * Locks the expected rows. One that was changed after the snapshot of the statement is locked as it is now, which is
 * another place than that of the snapshot: what changed with it is not in the snapshot either. As text, because a
 * condition on the place itself may be served by a scan that does not check it again after a wait.
 *
 * @param after FROM items that are evaluated first
 */
function lockedRows({ table, keys, condition }: ExpectedRows, lock: Sql, after: readonly Sql[]): Sql {
  const same = [
    ...keys.map((key) => sql`l.${table.column(key)} = s.${table.column(key)}`),
    sql`CAST(l.ctid AS text) = CAST(s.ctid AS text) AND l.tableoid = s.tableoid`,
  ];
  const from = [...after, sql`${table.path} l`];
  return sql`SELECT 1 FROM ${join(from, ' CROSS JOIN ')} JOIN ${table.path} s ON ${join(same, ' AND ')}
WHERE ${condition(raw('l'))} ${lock} OF l`;
}

/** True if all of the expected rows could be locked. */
function allLocked(rows: Sql, { count }: ExpectedRows): Sql {
  return sql`(SELECT COUNT(*) FROM ${rows} e) = ${raw(String(count))}`;
}

/** The settings of a statement that is a transaction of its own. Its plan is made before them, so jit is not among them. */
function localSettings(values: Readonly<Record<string, string>>, label: string | null): Sql[] {
  const settings = Object.entries(values).map(([name, value]) => setLocally(name, sql`'${raw(value)}'`));
  return label === null ? settings : [...settings, setLocally('application_name', sql`${label}`)];
}

function setLocally(name: string, value: Sql): Sql {
  return sql`set_config('${raw(name)}', ${value}, true)`;
}

/** A key whose column is no text: the value in the type of that column. */
function typedKey(expression: Sql, kind: KeyKind, stored: StoredKeyType): Sql {
  if (stored === 'boolean' && kind === 'integer') return sql`${expression} <> 0`;
  if (stored === 'boolean' && kind === 'bits') return sql`POSITION('1' IN CAST(${expression} AS text)) > 0`;
  return kind === 'boolean' && stored === 'integer' ? sql`CAST(${expression} AS integer)` : expression;
}

function storedText(key: Sql, kind: KeyKind): Sql {
  switch (kind) {
    case 'integer':
    case 'uuid':
    case 'date':
    case 'boolean':
      return sql`CAST(${key} AS varchar)`;
    case 'binary':
      return sql`CAST(ENCODE(${key}, 'hex') AS varchar)`;
    default:
      // back from "C", or no index of the statistics' table would find it
      return sql`CAST(${key} AS varchar) COLLATE "default"`;
  }
}

function pointsOfText(points: string | null): Point[] {
  if (points === null) return [];
  const all = points.split(',').map((point) => {
    const space = point.indexOf(' ');
    const value = point.slice(space + 1);
    return { date: point.slice(0, space) as LocalDate, value: value === '' ? null : value };
  });
  return inOrderOfDate(all);
}
