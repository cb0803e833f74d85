import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { DataSource, QueryRunner } from 'typeorm';
import type { CalendarUnit, WeekStart } from '../../time/period.js';
import { processTimeZone, type ClockSegment } from '../../time/time-zone.js';
import type { Table } from '../table.js';
import { execute, query, queryOne, type Row, type Work } from '../work.js';
import { MissingPrivilegeError, SessionSettingError } from '../../errors/database.error.js';
import { BaseDialect, encodedAs, freshColumns, identityOf, insertInto, nameOf, sameKeys } from './base.dialect.js';
import { choose, epochDay, epochReading, isoReading, readingMs, stepOfWeek } from './day-expressions.js';
import {
  DAYS,
  type Clock,
  type ClockColumn,
  type Collation,
  type ColumnShape,
  type KeyEncoding,
  type KeyKind,
  type KeyRefusal,
  type KeyTable,
  type NumericColumn,
  type Replacement,
  type SourceColumn,
  type StagedColumn,
  type StoredKeyType,
  type Upsert,
  type WaitOptions,
} from './dialect.js';

/** lock wait timeout and record changed since last read, which have no SQLSTATE; 40001 is a deadlock or, in a cluster, a conflict */
const TRANSIENT = new Set([1205, 1020]);
const CONFLICT = '40001';

/** interrupted by KILL QUERY, by MariaDB's max_statement_time, by MySQL's max_execution_time */
const CANCELLED = new Set([1317, 1969, 3024]);

/** too many connections, shutting down, disk or table full, connection killed, ended for being idle, read only */
const UNAVAILABLE = new Set([1040, 1041, 1053, 1114, 1021, 1203, 1290, 1792, 1836, 1927, 3168, 4031]);
const UNREACHABLE = /^(PROTOCOL_CONNECTION_LOST|ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/;

/** SQLSTATE class: connection exception, also of a cluster's node that is not ready */
const CONNECTION_EXCEPTION = /^08/;

/** duplicate entry, and the same where the server names the key */
const DUPLICATE_KEY = new Set([1062, 1586]);

/** access denied to a database, to a table, and for a right of the whole server */
const ACCESS_DENIED = new Set([1044, 1142, 1227]);

const WRITES = /^(INSERT|UPDATE|CREATE TEMPORARY)/;
const IN_STRICT_MODE = `/*M! SET STATEMENT sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES') FOR */ `;

/** The settings on which results depend, as text. LIMIT, since `sql_select_limit` may be 0. */
const SESSION = `SELECT CAST(@@autocommit + 0 AS CHAR) AS autocommit, @@completion_type AS completionType,
CAST(@@sql_select_limit AS CHAR) AS selectLimit, @@sql_mode AS sqlMode, VERSION() AS version,
CAST(@@sql_safe_updates + 0 AS CHAR) AS safeUpdates, CAST(@@log_bin + 0 AS CHAR) AS logBin, @@binlog_format AS binlogFormat LIMIT 1`;

interface Session {
  readonly autocommit: string;
  readonly completionType: string;
  readonly selectLimit: string;
  readonly sqlMode: string;
  readonly version: string;
  readonly safeUpdates: string;
  readonly logBin: string;
  readonly binlogFormat: string;
}

/** Modes under which statements mean something else, with the reason. */
const REFUSED_MODES: Readonly<Record<string, string>> = {
  ORACLE: 'it changes the meaning of types, operators and statements',
  EMPTY_STRING_IS_NULL: "it reads '' as NULL",
  NO_BACKSLASH_ESCAPES:
    'mysql2 escapes quotes and backslashes in values with backslashes, so text is stored wrongly and statements can be injected',
};

/** @throws SessionSettingError */
function refuseSettings(dataSource: string, session: Session): void {
  const refuse = (setting: string, reason: string, expected: string): never => {
    throw new SessionSettingError(dataSource, setting, reason, expected);
  };
  const { autocommit, completionType, selectLimit, safeUpdates, version, logBin, binlogFormat } = session;
  const modes = session.sqlMode.split(',');
  if (autocommit === '0') {
    refuse(
      'autocommit = 0',
      'a connection of the pool keeps its transaction open, and reads what was stored when it began',
      'autocommit = 1',
    );
  }
  if (completionType !== 'NO_CHAIN') {
    refuse(
      `completion_type = ${completionType}`,
      'a transaction would not end with its COMMIT alone',
      'completion_type = NO_CHAIN',
    );
  }
  if (BigInt(selectLimit) < LEAST_SELECT_LIMIT) {
    refuse(
      `sql_select_limit = ${selectLimit}`,
      'the server leaves out rows after that number without an error',
      'sql_select_limit = DEFAULT',
    );
  }
  if (safeUpdates === '1') {
    refuse(
      'sql_safe_updates = 1',
      'the server refuses to delete the rows of a range, as runs do',
      'sql_safe_updates = 0',
    );
  }
  for (const [mode, reason] of Object.entries(REFUSED_MODES)) {
    if (modes.includes(mode)) refuse(`${mode} in sql_mode`, reason, `a sql_mode without ${mode}`);
  }
  if (!/mariadb/i.test(version) && !modes.some((mode) => mode.startsWith('STRICT_'))) {
    refuse(
      `sql_mode = '${session.sqlMode}'`,
      'values that are too long or too large are clipped without an error',
      'a sql_mode with STRICT_TRANS_TABLES',
    );
  }
  if (logBin === '1' && binlogFormat === 'STATEMENT') {
    refuse(
      'binlog_format = STATEMENT',
      'the server refuses to write in a transaction that is READ COMMITTED, as those of runs are',
      'binlog_format = MIXED or ROW',
    );
  }
}

/** Rows that no result has: the default is 2^64 - 1, and 2^32 - 1 on 32 bits. */
const LEAST_SELECT_LIMIT = 2n ** 32n - 1n;

function driverError(error: unknown): { code?: unknown; errno?: unknown; sqlState?: unknown } {
  return error ?? {};
}

/** Binary and without padding, so that 'a', 'A', 'a ' and 'á' are four keys: MariaDB's name and MySQL 8's. */
const EXACT_COLLATIONS = ['utf8mb4_nopad_bin', 'utf8mb4_0900_bin'] as const;

/** A key for staged rows: servers with `innodb_force_primary_key` or `sql_require_primary_key` refuse tables without one. */
const ROW_ID = raw('row_id BIGINT AUTO_INCREMENT PRIMARY KEY');

const KEY_KINDS: Readonly<Record<string, KeyKind>> = {
  int: 'integer',
  integer: 'integer',
  bigint: 'integer',
  smallint: 'integer',
  tinyint: 'integer',
  mediumint: 'integer',
  year: 'integer',
  decimal: 'decimal',
  float: 'float',
  double: 'float',
  date: 'date',
  timestamp: 'instant',
  char: 'padded',
  enum: 'text',
  bit: 'bits',
  vector: 'binary',
  uuid: 'uuid',
  inet4: 'address',
  inet6: 'address',
};
const TEXTS = /char|text$/;
const BYTES = /binary$|blob$/;
const SPATIAL = /^(geometry|geometrycollection|(multi)?(point|linestring|polygon))$/;

/** Kinds whose group is a number or a date; that of the others is bytes. */
const NUMBERS = new Set<KeyKind>(['integer', 'bits', 'boolean', 'date']);
/** The part of mysql2's connection that is used. */
interface Connection {
  /** null before the handshake has ended */
  readonly threadId?: number | null;
  readonly stream?: { destroy(error: Error): void };
  destroy?(): void;
}

/** The part of mysql2's pool that is used. */
interface Pool {
  readonly _allConnections?: { readonly length: number; get(place: number): Connection | undefined };
  readonly _connectionQueue?: { readonly length: number };
}

function poolsOf({ driver }: DataSource): readonly Pool[] {
  const { pool, poolCluster } = driver as unknown as {
    pool?: Pool;
    poolCluster?: { readonly _nodes?: Readonly<Record<string, { readonly pool: Pool }>> };
  };
  return pool === undefined ? Object.values(poolCluster?._nodes ?? {}).map((node) => node.pool) : [pool];
}

export class MysqlDialect extends BaseDialect {
  readonly name = 'MySQL';
  readonly maxParameters = 60_000;
  override readonly returnsRows = false;
  readonly now = sql`(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)`;
  // FOR SHARE is MySQL's alone
  override readonly forShare = sql`LOCK IN SHARE MODE`;

  isTransient(error: unknown): boolean {
    const { errno, sqlState } = driverError(error);
    return TRANSIENT.has(Number(errno)) || sqlState === CONFLICT;
  }

  isUnavailable(error: unknown): boolean {
    const { code, errno, sqlState } = driverError(error);
    return (
      UNAVAILABLE.has(Number(errno)) || UNREACHABLE.test(String(code)) || CONNECTION_EXCEPTION.test(String(sqlState))
    );
  }

  protected begin(): readonly string[] {
    return ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'START TRANSACTION'];
  }

  override async checkSession(dataSource: DataSource): Promise<void> {
    const isReplicated = (dataSource.options as { replication?: unknown }).replication !== undefined;
    for (const mode of isReplicated ? (['master', 'slave'] as const) : (['master'] as const)) {
      const runner = dataSource.createQueryRunner(mode);
      try {
        const [session] = (await runner.query(SESSION)) as Session[];
        if (session !== undefined) refuseSettings(nameOf(dataSource), session);
      } finally {
        await runner.release();
      }
    }
  }

  /** By creating one: grants may be given by a role, to a pattern of names, or to everyone. */
  override async checkPrivileges(dataSource: DataSource): Promise<void> {
    const runner = dataSource.createQueryRunner('master');
    try {
      await runner.query('CREATE TEMPORARY TABLE IF NOT EXISTS trackstats_check (row_id INT PRIMARY KEY)');
      await runner.query('DROP TEMPORARY TABLE trackstats_check');
    } catch (error) {
      if (!ACCESS_DENIED.has(Number(driverError(error).errno))) throw error;
      const [found] = (await runner.query('SELECT DATABASE() AS `schema`, CURRENT_USER() AS user LIMIT 1')) as {
        schema: string;
        user: string;
      }[];
      const user = (found?.user ?? '').split('@').map((part) => `'${part}'`);
      const grant = `GRANT CREATE TEMPORARY TABLES ON ${dataSource.driver.escape(found?.schema ?? '')}.* TO ${user.join('@')}`;
      throw new MissingPrivilegeError(nameOf(dataSource), 'CREATE TEMPORARY TABLES', grant, { cause: error });
    } finally {
      await runner.release();
    }
  }

  protected cancellation(_label: string | null, runner: QueryRunner): string {
    const { threadId } = (runner as unknown as { databaseConnection: { threadId: number } }).databaseConnection;
    return `KILL QUERY ${String(threadId)}`;
  }

  isCancelled(error: unknown): boolean {
    return CANCELLED.has(Number(driverError(error).errno));
  }

  /** data too long, out of range for a column, out of range in an expression */
  isOutOfRange(error: unknown): boolean {
    return [1406, 1264, 1690].includes(Number(driverError(error).errno));
  }

  roughSum(expression: Sql): Sql {
    return sql`SUM(CAST(${expression} AS DOUBLE))`;
  }

  /** Not by SQLSTATE: 23000 is every constraint's. */
  isDuplicateKey(error: unknown): boolean {
    return DUPLICATE_KEY.has(Number(driverError(error).errno));
  }

  // bytes: text would compare by the connection's collation
  protected readonly stagedTypes = { text: 'VARBINARY(2000)', integer: 'INT', date: 'DATE', decimal: 'DECIMAL(65,20)' };

  each(
    dataSource: DataSource,
    statement: Sql,
    onRows: (rows: Row[]) => void,
    options: WaitOptions = {},
  ): Promise<void> {
    const { cancellation } = options;
    return this.onConnection(dataSource, 'slave', options, (connection) => {
      const reading = async (): Promise<void> => {
        const stream = await connection.runner.stream(statement.sql, statement.values);
        for await (const row of stream) {
          cancellation?.check();
          onRows([row as Row]);
        }
      };
      // the driver tells a stream nothing of its connection's end
      return connection.cancellably(() => connection.answered(reading()));
    });
  }

  protected limitedOptions({ options }: DataSource, ms: number): Readonly<Record<string, unknown>> {
    const extra = (options as { extra?: object }).extra ?? {};
    return {
      connectTimeout: ms,
      enableQueryTimeout: true,
      maxQueryExecutionTime: ms,
      extra: { ...extra, connectTimeout: ms },
    };
  }

  /** Out of the pool first. With an error: without one, the driver does not tell those who wait for an answer. */
  protected destroyConnection(connection: unknown): void {
    const { stream } = (connection ?? {}) as Connection;
    (connection as Connection | undefined)?.destroy?.();
    stream?.destroy(Object.assign(new Error('The connection was destroyed.'), { code: 'PROTOCOL_CONNECTION_LOST' }));
  }

  protected unconnected(dataSource: DataSource): readonly unknown[] {
    return poolsOf(dataSource).flatMap(({ _allConnections: all }) =>
      Array.from({ length: all?.length ?? 0 }, (_, place) => all?.get(place)).filter(
        (connection) => connection?.threadId === null,
      ),
    );
  }

  protected isPoolBusy(dataSource: DataSource): boolean {
    return poolsOf(dataSource).some(({ _connectionQueue: queue }) => (queue?.length ?? 0) > 0);
  }

  override stageTable(name: string, columns: readonly StagedColumn[]): readonly Sql[] {
    const declared = columns.map((column) => raw(`${column.name} ${this.stagedTypes[column.type]}`));
    return [
      sql`DROP TEMPORARY TABLE IF EXISTS ${raw(name)}`,
      sql`CREATE TEMPORARY TABLE ${raw(name)} (${join([ROW_ID, ...declared])})`,
    ];
  }

  /**
   * Rows are written in strict mode whatever the session's: without it, what is too long or too large is clipped, and
   * only a warning says so. MySQL takes the prefix for a comment; its sessions without strict mode are refused.
   */
  protected statementText(statement: Sql): string {
    return WRITES.test(statement.sql) ? `${IN_STRICT_MODE}${statement.sql}` : statement.sql;
  }

  /**
   * `synchronize` makes text columns with the server's default collation, under which 'a' = 'A' and 'a' = 'a '. It
   * does not compare collations either, so what is set here stays.
   */
  override async prepareKeys(dataSource: DataSource, tables: readonly KeyTable[]): Promise<void> {
    const { charset, collation } = await this.exactCollation((text) => dataSource.query(text));
    for (const { table, textKeys } of tables) {
      const loose = await looseColumns(dataSource, table, textKeys);
      if (loose.length === 0) continue;
      const changes = loose.map(
        ({ name, type }) =>
          `MODIFY ${dataSource.driver.escape(name)} ${type} CHARACTER SET ${charset} COLLATE ${collation} NOT NULL`,
      );
      await dataSource.query(`ALTER TABLE ${table.path.sql} ${changes.join(', ')}`);
    }
  }

  override async exactCollation(read: (text: string) => Promise<Row[]>): Promise<Collation> {
    const names = EXACT_COLLATIONS.map((name) => `'${name}'`).join(', ');
    const [found] = await read(
      `SELECT collation_name AS name FROM information_schema.collations WHERE collation_name IN (${names})`,
    );
    return { charset: 'utf8mb4', collation: (found?.['name'] as string | undefined) ?? EXACT_COLLATIONS[0] };
  }

  date(value: string): Sql {
    return sql`CAST(${value} AS date)`;
  }

  decimal(value: string | null): Sql {
    return sql`CAST(${value} AS DECIMAL(65,20))`;
  }

  text(value: string): Sql {
    return sql`${value}`;
  }

  override integer(value: number): Sql {
    return sql`CAST(${value} AS SIGNED)`;
  }

  dateText(expression: Sql): Sql {
    return sql`CAST(${expression} AS CHAR)`;
  }

  exactText(expression: Sql): Sql {
    return sql`CAST(${expression} AS CHAR)`;
  }

  override upsert({ table, keys, value, rows, mode }: Upsert): Sql {
    const columns = [...keys, value].map((property) => table.column(property));
    const column = table.column(value);
    const replaced = mode === 'replace' ? sql`VALUES(${column})` : sql`COALESCE(${column}, 0) + VALUES(${column})`;
    return sql`INSERT INTO ${table.path} (${join(columns)}) VALUES ${join(rows.map((row) => sql`(${join(row)})`))}
ON DUPLICATE KEY UPDATE ${column} = ${replaced}`;
  }

  override insertIfAbsent(table: Table, values: Readonly<Record<string, Sql>>, keys: readonly string[]): Sql {
    const columns = Object.keys(values).map((property) => table.column(property));
    const [key = ''] = keys;
    return sql`INSERT INTO ${table.path} (${join(columns)}) VALUES (${join(Object.values(values))})
ON DUPLICATE KEY UPDATE ${table.column(key)} = ${table.column(key)}`;
  }

  override driverZone(dataSource: DataSource): string {
    return connectionZone(dataSource);
  }

  clockOf(columnType: string, dataSource: DataSource): Clock | null {
    switch (columnType) {
      case 'datetime':
      case 'timestamp':
        return { kind: 'wall', storedIn: connectionZone(dataSource) };
      case 'date':
        return { kind: 'date', storedIn: 'UTC' };
      default:
        return null;
    }
  }

  override *storedTypes(_query: Sql, columns: readonly SourceColumn[]): Work<(string | null)[]> {
    const types = columns.map(
      ({ table: { metadata }, column }, index) => sql`SELECT ${raw(String(index))} AS place, data_type AS type
FROM information_schema.columns WHERE table_schema = COALESCE(${metadata.database ?? null}, DATABASE())
AND table_name = ${metadata.tableName} AND column_name = ${column}`,
    );
    const found = yield* query(join(types, ' UNION ALL '));
    return columns.map(
      (_, index) => (found.find(({ place }) => Number(place) === index)?.['type'] ?? null) as string | null,
    );
  }

  reading({ kind }: Clock, ms: number): Sql {
    switch (kind) {
      case 'wall':
        return sql`${isoReading(ms).replace('T', ' ').slice(0, -1)}`;
      case 'date':
        return this.date(isoReading(ms).slice(0, 10));
      default:
        return this.integer(epochReading(kind, ms));
    }
  }

  earliest({ kind, expression }: ClockColumn): Sql {
    switch (kind) {
      case 'wall':
        return sql`DATE_FORMAT(MIN(${expression}), '%Y-%m-%dT%H:%i:%s.%fZ')`;
      case 'date':
        return sql`DATE_FORMAT(MIN(${expression}), '%Y-%m-%d')`;
      default:
        return sql`MIN(${expression})`;
    }
  }

  parseReading({ kind }: Clock, stored: unknown): number | null {
    if (stored === null) return null;
    if (kind === 'wall') return readingMs((stored as string).replace(/\d{3}Z$/, 'Z'));
    if (kind === 'date') return readingMs(stored as string);
    return Number(stored) * (kind === 'seconds' ? 1000 : 1);
  }

  dayKey(column: ClockColumn, segments: readonly ClockSegment[]): Sql {
    const { kind, expression } = column;
    const shift = choose(this, column, segments, (seconds) => this.integer(seconds));
    switch (kind) {
      case 'date':
        return expression;
      case 'wall':
        // NULL of a date without a month or a day, of which a sum of the date and an interval is an error in strict mode
        if (segments.every((segment) => segment.shift === 0)) return sql`TO_DAYS(${expression})`;
        return sql`((TO_SECONDS(${expression}) + ${shift}) DIV 86400)`;
      default:
        // an unsigned column would refuse to be less than nothing: days before 1970 are
        return epochDay(kind, sql`CAST(${expression} AS SIGNED)`, shift, 'DIV');
    }
  }

  dayNumber({ kind }: Clock, key: Sql): Sql {
    if (kind === 'wall') return sql`${key} - 719528`;
    return kind === 'date' ? sql`TO_DAYS(${key}) - 719528` : key;
  }

  keyEncoding({ type, isBoolean, length, scale }: ColumnShape): KeyEncoding | KeyRefusal {
    if (SPATIAL.test(type)) return { refused: 'which has no text. Expected a column of another type' };
    if (isBoolean) return encodedAs('boolean');
    const kind = KEY_KINDS[type] ?? (TEXTS.test(type) ? 'text' : BYTES.test(type) ? 'binary' : 'other');
    return encodedAs(kind, {
      ...(kind === 'decimal' ? { scale: scale ?? 0 } : {}),
      ...(type === 'binary' ? { length: length ?? 1 } : {}),
      ...(kind === 'binary' || kind === 'bits' ? { format: 2 as const } : {}),
    });
  }

  /** Bytes: text would be grouped and compared by its column's collation. */
  groupKey(expression: Sql, kind: KeyKind, stored: StoredKeyType): Sql {
    if (stored === 'boolean') return sql`(${expression} <> 0)`;
    switch (kind) {
      case 'integer':
      case 'date':
      case 'binary':
        return expression;
      case 'boolean':
        return sql`(${expression} <> 0)`;
      case 'bits':
        return sql`(${expression} + 0)`;
      case 'decimal':
        // without the zeros of ZEROFILL
        return stored === 'varchar' ? bytesOf(sql`CAST(${expression} + 0 AS CHAR)`) : sql`(${expression} + 0)`;
      case 'text':
        // not CONVERT … USING binary, which has room for as many bytes as the text has characters
        return bytesOf(sql`CONVERT(${expression} USING utf8mb4)`);
      case 'padded':
        // sessions with PAD_CHAR_TO_FULL_LENGTH read the spaces
        return bytesOf(sql`CONVERT(TRIM(TRAILING ' ' FROM ${expression}) USING utf8mb4)`);
      case 'float':
        return bytesOf(sql`IF(${expression} = 0, '0', CAST(${expression} AS CHAR))`);
      case 'instant':
        return bytesOf(sql`CAST('1970-01-01 00:00:00' + INTERVAL UNIX_TIMESTAMP(${expression}) SECOND AS CHAR)`);
      default:
        return bytesOf(sql`CAST(${expression} AS CHAR)`);
    }
  }

  /**
   * A hash of long values: windows compare the first `max_sort_length` bytes only, 1024 by default, and five texts that
   * differ behind them were one.
   */
  override distinctKey(expression: Sql, kind: KeyKind): Sql {
    const key = this.groupKey(expression, kind, 'varchar');
    if (kind !== 'text' && kind !== 'binary' && kind !== 'other') return key;
    return sql`IF(OCTET_LENGTH(${expression}) > 255, ${bytesOf(sql`SHA2(${expression}, 256)`)}, ${key})`;
  }

  storedKey(key: Sql, kind: KeyKind, stored: StoredKeyType): Sql {
    switch (stored) {
      case 'varchar':
        if (kind === 'binary') return sql`CAST(LOWER(HEX(${key})) AS BINARY)`;
        // without the zeros of ZEROFILL, which drivers do not give
        if (kind === 'integer') return sql`CONVERT(CAST(${key} + 0 AS CHAR) USING binary)`;
        return NUMBERS.has(kind) ? sql`CONVERT(CAST(${key} AS CHAR) USING binary)` : key;
      case 'integer':
      case 'boolean':
        return sql`CAST(${key} AS SIGNED)`;
      case 'date':
        return sql`DATE(${key})`;
    }
  }

  override keyText(key: Sql, stored: StoredKeyType): Sql {
    return stored === 'varchar' ? sql`CONVERT(${key} USING utf8mb4)` : key;
  }

  /** No: a subquery for each range reads the whole index here, and a join of the ranges takes as long as one scan. */
  // eslint-disable-next-line require-yield -- it asks nothing
  *countsByIndex(): Work<boolean> {
    return false;
  }

  rangesOf(): Sql {
    throw new TypeError('MySQL counts no ranges');
  }

  /** As decimals: a window takes back what leaves it, and of doubles a rest of that stays for ever. */
  override addend({ expression, type }: NumericColumn): Sql {
    return type === 'float' ? sql`CAST(${expression} AS DECIMAL(65,20))` : expression;
  }

  quotient(sum: Sql, count: Sql, column: NumericColumn): Sql {
    return sql`CAST(${this.unscaled(sum, column)} AS DECIMAL(65,20)) / NULLIF(${count}, 0)`;
  }

  dateOf(day: Sql): Sql {
    return sql`FROM_DAYS(719528 + ${day})`;
  }

  calendarStart(unit: CalendarUnit, weekStart: WeekStart, day: Sql): Sql {
    const date = this.dateOf(day);
    switch (unit) {
      case 'week':
        return stepOfWeek(weekStart, day);
      case 'month':
        return sql`(${day} - DAYOFMONTH(${date}) + 1)`;
      case 'quarter':
        // not MAKEDATE of the year, which takes those before 100 for years of this century or the last
        return sql`(TO_DAYS(LAST_DAY(${date} - INTERVAL (MONTH(${date}) - 1) % 3 MONTH)) - DAY(LAST_DAY(${date} - INTERVAL (MONTH(${date}) - 1) % 3 MONTH)) + 1 - 719528)`;
      case 'year':
        return sql`(${day} - DAYOFYEAR(${date}) + 1)`;
    }
  }

  override differ(a: Sql, b: Sql): Sql {
    return sql`NOT (${a} <=> ${b})`;
  }

  storedValue(value: Sql): Sql {
    return sql`CAST(${value} AS DECIMAL(65,20))`;
  }

  /** MariaDB computes a common table expression once for each of its readers */
  override readonly sharesExpressions = false;

  /** A rollback leaves temporary tables on its connection, where the next run would meet them. */
  override stage(name: string, query: Sql): readonly Sql[] {
    return [
      sql`DROP TEMPORARY TABLE IF EXISTS ${raw(name)}`,
      sql`CREATE TEMPORARY TABLE ${raw(name)} (${ROW_ID}) AS ${query}`,
    ];
  }

  override unstage(name: string): Sql {
    return sql`DROP TEMPORARY TABLE ${raw(name)}`;
  }

  override stageDays(from: number, through: number): readonly Sql[] {
    return [
      sql`DROP TEMPORARY TABLE IF EXISTS ${raw(DAYS)}`,
      sql`CREATE TEMPORARY TABLE ${raw(DAYS)} (day INT PRIMARY KEY)`,
      sql`INSERT INTO ${raw(DAYS)} ${numbers(from, through)}`,
    ];
  }

  eachDay(spans: Sql): Sql {
    return sql`(${spans}) s STRAIGHT_JOIN ${raw(DAYS)} d ON d.day >= s.day AND d.day < s.next`;
  }

  override deleteFrom(table: Table, condition: Sql): Sql {
    return sql`DELETE s FROM ${table.path} AS s WHERE ${condition}`;
  }

  /** MySQL reads no table that it deletes from, but in a derived table that is not merged. */
  override deleteFound(table: Table, keys: readonly string[], found: (identity: Sql) => Sql): Sql {
    const { columns, names, identity } = identityOf(table, keys);
    return sql`DELETE s FROM (SELECT DISTINCT ${join(names)} FROM (${found(identity)}) r) f
STRAIGHT_JOIN ${table.path} AS s ON ${join(
      columns.map((column, index) => sql`s.${column} = f.${names[index]}`),
      ' AND ',
    )}`;
  }

  /** With the columns and the key of the statistics' own table, or each stored row would be looked for among all fresh ones. */
  protected override stageFresh(replacement: Replacement, query: Sql): readonly Sql[] {
    const { table, keys, value } = replacement;
    const name = raw(this.freshTable(replacement));
    const names = keys.map((_, index) => raw(`c${String(index)}`));
    const columns = keys.map((key, index) => sql`s.${table.column(key)} AS ${names[index]}`);
    return [
      sql`DROP TEMPORARY TABLE IF EXISTS ${name}`,
      sql`CREATE TEMPORARY TABLE ${name} (PRIMARY KEY (${join(names)}))
SELECT ${join([...columns, sql`s.${table.column(value)} AS v`])} FROM ${table.path} s LIMIT 0`,
      sql`INSERT INTO ${name} ${query}`,
    ];
  }

  protected *putStaged(replacement: Replacement): Work<number> {
    const { table, keys, value } = replacement;
    const column = table.column(value);
    const stored = raw('s');
    const changed = sql`FROM ${raw(this.freshTable(replacement))} f LEFT JOIN ${table.path} s ON ${sameKeys(table, keys, stored)}
WHERE s.${table.column(keys[0] ?? '')} IS NULL OR NOT (s.${column} <=> f.v)`;
    // the driver counts a changed row twice, and an unchanged one as well
    const counted = yield* queryOne<{ written: string }>(sql`SELECT COUNT(*) AS written ${changed}`);
    yield* execute(sql`${insertInto(replacement)} SELECT ${freshColumns(keys)} ${changed}
ON DUPLICATE KEY UPDATE ${column} = VALUES(${column})`);
    return Number(counted?.written);
  }
}

function bytesOf(text: Sql): Sql {
  return sql`CAST(${text} AS BINARY)`;
}

/** The zone in which the driver writes dates, as mysql2 reads its `timezone`: UTC where that is none that it knows. */
function connectionZone({ options }: DataSource): string {
  const { timezone, extra } = options as { timezone?: string; extra?: { timezone?: string } };
  const given = (extra !== undefined && 'timezone' in extra ? extra.timezone : timezone) ?? 'local';
  if (given === 'local' || given === '') return processTimeZone();
  return /^[ +-]\d\d:\d\d$/.test(given) ? given.replace(' ', '+') : 'Z';
}

const DIGITS = join(
  Array.from({ length: 10 }, (_, digit) => raw(`SELECT ${String(digit)} AS n`)),
  ' UNION ALL ',
);

/** A query of the integers of a range: a recursive expression would stop at a limit of the session's. */
function numbers(from: number, through: number): Sql {
  // as many digits as the number of days has
  const places = Array.from(String(Math.max(0, through - from)), (_, place) => raw(`d${String(place)}`));
  const sum = join(
    [raw(String(from)), ...places.map((place, index) => sql`${place}.n * ${raw(String(10 ** index))}`)],
    ' + ',
  );
  return sql`SELECT * FROM (SELECT ${sum} AS day FROM ${join(places.map((place) => sql`(${DIGITS}) ${place}`))}) n
WHERE n.day <= ${raw(String(through))}`;
}

async function looseColumns(
  dataSource: DataSource,
  { metadata }: Table,
  textKeys: readonly string[],
): Promise<{ name: string; type: string }[]> {
  const names = textKeys.map((property) => metadata.findColumnWithPropertyPath(property)?.databaseName ?? property);
  const rows: { name: string; type: string; collation: string }[] = await dataSource.query(
    `SELECT column_name AS name, column_type AS type, collation_name AS collation FROM information_schema.columns
WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?`,
    [metadata.database ?? null, metadata.tableName],
  );
  return rows.filter(({ name, collation }) => names.includes(name) && !EXACT_COLLATIONS.includes(collation as never));
}
