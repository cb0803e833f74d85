import type { Sql } from 'sql-template-tag';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Table } from '../table.js';
import { constantText, type Row, type StatementResult } from '../work.js';
import { type Answer, ConnectionUse } from './connection-use.js';
import { MissingPrivilegeError, SessionSettingError } from '../../errors/database.error.js';
import { BaseDriver, dataSourceName, type Executor } from './base.driver.js';
import type { Collation, KeyTable, WaitOptions } from './driver.js';
import { PreparedStatements } from './prepared-statements.js';

/** lock wait timeout and record changed since last read, which have no SQLSTATE; 40001 is a deadlock or, in a cluster, a conflict */
const LOCK_TIMEOUT = 1205;
const TRANSIENT = new Set([LOCK_TIMEOUT, 1020]);
const CONFLICT = '40001';

/** cannot add or update a child row: a foreign key constraint fails */
const NO_REFERENCED_ROW = 1452;

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

const WRITES = /^(INSERT|UPDATE|CREATE TEMPORARY|BEGIN NOT ATOMIC)/;
const IN_STRICT_MODE = `/*M! SET STATEMENT sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES') FOR */ `;

/** The settings on which results depend, as text. LIMIT, since `sql_select_limit` may be 0. */
const SESSION = `SELECT CAST(@@autocommit + 0 AS CHAR) AS autocommit, @@completion_type AS completionType,
CAST(@@sql_select_limit AS CHAR) AS selectLimit, @@sql_mode AS sqlMode, VERSION() AS version,
CAST(@@sql_safe_updates + 0 AS CHAR) AS safeUpdates, CAST(@@log_bin + 0 AS CHAR) AS logBin, @@binlog_format AS binlogFormat LIMIT 1`;

const IS_MARIADB = /mariadb/i;

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
  if (!IS_MARIADB.test(version) && !modes.some((mode) => mode.startsWith('STRICT_'))) {
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

export class MysqlDriver extends BaseDriver {
  /** data sources on MariaDB, which runs several statements as one */
  private readonly mariaDbs = new WeakSet<DataSource>();
  private readonly prepared = new PreparedStatements();

  /** A statement of constant text by the session, which has read it before: reading takes 160 of the 380 µs of a value. */
  protected override async run(connection: Executor, statement: Sql): Promise<StatementResult> {
    const kind = constantText(statement);
    if (kind !== null && connection instanceof ConnectionUse && !connection.isInTransaction) {
      const { runner } = connection;
      if (this.mariaDbs.has(runner.dataSource)) {
        this.checkValues(statement);
        const [text, values] = [this.statementText(statement), this.statementValues(statement)];
        const answer = await connection.answered(this.prepared.run(runner, { text, values, kind }));
        if (answer !== null) return this.resultOf(answer);
      }
    }
    return super.run(connection, statement);
  }

  override commitsAlone(dataSource: DataSource): boolean {
    return this.mariaDbs.has(dataSource);
  }

  /** A statement that fails in the middle of its transaction leaves it open. */
  protected override async alone<T>(connection: ConnectionUse, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      await connection.rollBack();
      throw error;
    }
  }

  protected override isRolledBack(error: unknown): boolean {
    const { sqlState } = driverError(error);
    return typeof sqlState === 'string' && !this.isUnavailable(error);
  }

  protected isLockTimeout(error: unknown): boolean {
    return Number(driverError(error).errno) === LOCK_TIMEOUT;
  }

  isTransient(error: unknown): boolean {
    const { errno, sqlState } = driverError(error);
    return TRANSIENT.has(Number(errno)) || sqlState === CONFLICT;
  }

  protected override isReferenceLost(error: unknown): boolean {
    return Number(driverError(error).errno) === NO_REFERENCED_ROW;
  }

  isUnavailable(error: unknown): boolean {
    const { code, errno, sqlState } = driverError(error);
    return (
      UNAVAILABLE.has(Number(errno)) || UNREACHABLE.test(String(code)) || CONNECTION_EXCEPTION.test(String(sqlState))
    );
  }

  /** A read-only transaction makes no temporary tables. */
  protected beginSnapshot(stages: boolean): readonly string[] {
    const start = `START TRANSACTION WITH CONSISTENT SNAPSHOT${stages ? '' : ', READ ONLY'}`;
    return ['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', start];
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
        if (session === undefined) continue;
        refuseSettings(dataSourceName(dataSource), session);
        if (IS_MARIADB.test(session.version)) this.mariaDbs.add(dataSource);
        else this.mariaDbs.delete(dataSource);
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
      throw new MissingPrivilegeError(dataSourceName(dataSource), 'CREATE TEMPORARY TABLES', grant, { cause: error });
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

  /** Not by SQLSTATE: 23000 is every constraint's. */
  isDuplicateKey(error: unknown): boolean {
    return DUPLICATE_KEY.has(Number(driverError(error).errno));
  }

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

  /** Several statements as one have several results, of which one has rows. */
  protected override resultOf(answer: Answer): StatementResult {
    const [rows] = answer.records ?? [];
    return Array.isArray(rows) ? { rows: rows as Row[], affected: 0 } : this.resultOfOne(answer);
  }

  /** The header of a write has the id of a row that was inserted, and in a text how many rows it was given. */
  private resultOfOne(answer: Answer): StatementResult {
    const { insertId, info } = (answer.raw ?? {}) as { insertId?: unknown; info?: unknown };
    // its words are in the server's language: Records: 2  Duplicates: 1  Warnings: 0
    const [records] = /\d+/.exec(typeof info === 'string' ? info : '') ?? [];
    return {
      ...super.resultOf(answer),
      insertedId: Number(insertId ?? 0),
      given: records === undefined ? null : Number(records),
    };
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

  protected pendingConnections(dataSource: DataSource): readonly unknown[] {
    return poolsOf(dataSource).flatMap(({ _allConnections: all }) =>
      Array.from({ length: all?.length ?? 0 }, (_, place) => all?.get(place)).filter(
        (connection) => connection?.threadId === null,
      ),
    );
  }

  protected isPoolBusy(dataSource: DataSource): boolean {
    return poolsOf(dataSource).some(({ _connectionQueue: queue }) => (queue?.length ?? 0) > 0);
  }

  /**
   * Rows are written in strict mode whatever the session's: without it, what is too long or too large is clipped, and
   * only a warning says so. MySQL takes the prefix for a comment; its sessions without strict mode are refused.
   */
  protected statementText(statement: Sql): string {
    const text = statement.sql; // joined at each use
    return WRITES.test(text) ? `${IN_STRICT_MODE}${text}` : text;
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
