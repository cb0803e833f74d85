import type { Sql } from 'sql-template-tag';
import { QueryRunnerAlreadyReleasedError, type DataSource, type QueryRunner } from 'typeorm';
import { MissingPrivilegeError } from '../../errors/database.error.js';
import { constantText, type Row, type StatementResult, textOf, type Work } from '../work.js';
import { ConnectionUse } from './connection-use.js';
import { BaseDriver, type BeginOptions, dataSourceName, type Executor } from './base.driver.js';
import type { WaitOptions } from './driver.js';
import { NamedStatements } from './named-statements.js';
import { pathOf, Shared, TEXT_SETTINGS } from './postgres.sql.js';

/** SQLSTATE: serialization failure, deadlock, lock not available */
const LOCK_TIMEOUT = '55P03';
const TRANSIENT = new Set(['40001', '40P01', LOCK_TIMEOUT]);

/** SQLSTATE classes and codes, and what Node calls it: no connection, no room, shutting down, ended for being idle, a standby */
const UNAVAILABLE =
  /^(08...|53...|57P0[1-5]|25P03|25006|ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN)$/;

const SET_TEXT = Object.entries(TEXT_SETTINGS).map(([name, value]) => `SET LOCAL ${name} = ${value}`);

/** The tables that Citus distributes. */
const PARTITIONS = 'pg_catalog.pg_dist_partition';

/** The part of pg's Client that is used. */
interface Client {
  readonly _connected?: boolean;
  readonly connection?: { readonly stream?: { destroy(): void } };
}

/** The part of pg's Pool that is used. */
interface Pool {
  readonly _clients?: readonly Client[];
  readonly waitingCount?: number;
}

function poolsOf({ driver }: DataSource): readonly Pool[] {
  const { master, slaves = [] } = driver as unknown as { master?: Pool; slaves?: readonly Pool[] };
  return master === undefined ? [] : [master, ...slaves];
}

function sqlState(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}

/** The number of each value's parameter. */
function placesOf(values: readonly unknown[]): number[] {
  const known = new Map<Shared, number>();
  let count = 0;
  return values.map((value) => {
    if (!(value instanceof Shared)) return ++count;
    const place = known.get(value) ?? ++count;
    known.set(value, place);
    return place;
  });
}

export class PostgresDriver extends BaseDriver {
  private readonly named = new NamedStatements();

  /** A statement of constant text by its name: in a transaction its failure could not be undone. */
  protected override async run(connection: Executor, statement: Sql): Promise<StatementResult> {
    const kind = constantText(statement);
    if (kind !== null && connection instanceof ConnectionUse && !connection.isInTransaction) {
      this.checkValues(statement);
      const [text, values] = [this.statementText(statement), this.statementValues(statement)];
      const answer = await connection.answered(this.named.run(connection.runner, { text, values, kind }));
      if (answer !== null) return { rows: answer.rows as Row[], affected: answer.rowCount ?? 0 };
    }
    return super.run(connection, statement);
  }

  override commitsAlone(): boolean {
    return true;
  }

  protected isLockTimeout(error: unknown): boolean {
    return sqlState(error) === LOCK_TIMEOUT;
  }

  isTransient(error: unknown): boolean {
    return TRANSIENT.has(sqlState(error));
  }

  protected override isReferenceLost(error: unknown): boolean {
    return sqlState(error) === '23503';
  }

  /**
   * Where a connection ends without a word the driver has no code for it; where it ends between two statements, TypeORM
   * gives it back to the pool by itself, and refuses the next one.
   */
  isUnavailable(error: unknown): boolean {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
    return (
      UNAVAILABLE.test(String(code)) ||
      error instanceof QueryRunnerAlreadyReleasedError ||
      (code === undefined &&
        /^Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after|Client was closed/.test(
          String(message),
        ))
    );
  }

  /** Errors of the server have a severity. Those of the driver do not tell if the server ran the statement. */
  protected override isRolledBack(error: unknown): boolean {
    const { severity } = (error ?? {}) as { severity?: unknown };
    return typeof severity === 'string' && !this.isUnavailable(error);
  }

  /** In one round trip. The label is the application's name for the server's list of sessions, by which it is cancelled. */
  protected begin({ label, idleLimit, isProvisional, lockTimeout }: BeginOptions): readonly string[] {
    const settings = [
      // compiling the CASE of a zone's offsets takes longer than evaluating it for a million rows
      'SET LOCAL jit = off',
      ...SET_TEXT,
      ...(isProvisional ? ['SET LOCAL synchronous_commit = off'] : []),
      ...(lockTimeout === null ? [] : [`SET LOCAL lock_timeout = ${String(lockTimeout)}`]),
      ...(label === null ? [] : [`SET LOCAL application_name = '${label}'`]),
      ...(idleLimit === null ? [] : [`SET LOCAL idle_in_transaction_session_timeout = ${String(idleLimit)}`]),
    ];
    return [['START TRANSACTION ISOLATION LEVEL READ COMMITTED', ...settings].join('; ')];
  }

  override async checkPrivileges(dataSource: DataSource): Promise<void> {
    const runner = dataSource.createQueryRunner('master');
    try {
      const [found] = (await runner.query(
        `SELECT has_database_privilege(current_database(), 'TEMPORARY')::text AS "mayStage",
format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user) AS "grant"`,
      )) as { mayStage: string; grant: string }[];
      if (found?.mayStage === 'false')
        throw new MissingPrivilegeError(dataSourceName(dataSource), 'TEMPORARY', found.grant);
    } finally {
      await runner.release();
    }
  }

  /** By the catalog of Citus, if there is one. It has the method 'n' for tables of which each server has all rows. */
  override async findsDistributed(dataSource: DataSource): Promise<boolean> {
    const runner = dataSource.createQueryRunner('master');
    try {
      const [catalog] = (await runner.query(
        `SELECT has_table_privilege(CAST(to_regclass('${PARTITIONS}') AS oid), 'SELECT')::text AS "isReadable"`,
      )) as { isReadable: string | null }[];
      if (catalog?.isReadable !== 'true') return false;
      const tables = dataSource.entityMetadatas.map(pathOf);
      const found = (await runner.query(
        `SELECT 1 AS found FROM ${PARTITIONS} p JOIN UNNEST(CAST($1 AS text[])) t(name) ON p.logicalrelid = to_regclass(t.name)
WHERE p.partmethod <> 'n' LIMIT 1`,
        [tables],
      )) as unknown[];
      return found.length > 0;
    } finally {
      await runner.release();
    }
  }

  protected cancellation(label: string | null): string {
    return `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = '${String(label)}'`;
  }

  isCancelled(error: unknown): boolean {
    return sqlState(error) === '57014';
  }

  /** text too long, number out of range, and what `storedValue` fails with for NaN */
  isOutOfRange(error: unknown): boolean {
    return ['22001', '22003', '22P02'].includes(sqlState(error));
  }

  isDuplicateKey(error: unknown): boolean {
    return sqlState(error) === '23505';
  }

  each(
    dataSource: DataSource,
    statement: Sql,
    onRows: (rows: Row[]) => void,
    options: WaitOptions = {},
  ): Promise<void> {
    return this.readOnly(dataSource, options, async (connection) => {
      await connection.query(
        `DECLARE trackstats_rows NO SCROLL CURSOR FOR ${this.statementText(statement)}`,
        this.statementValues(statement),
      );
      for (;;) {
        options.cancellation?.check();
        const rows = (await connection.query('FETCH 5000 FROM trackstats_rows')) as Row[];
        if (rows.length === 0) break;
        onRows(rows);
      }
    });
  }

  /** In a transaction where it can be cancelled: the server finds it by the transaction's label. */
  override read<T>(dataSource: DataSource, work: () => Work<T>, options: WaitOptions = {}): Promise<T> {
    const { cancellation } = options;
    if (cancellation === undefined) return super.read(dataSource, work, options);
    return this.readOnly(dataSource, options, (connection) => this.drive(connection, work(), cancellation));
  }

  /** As for runs: without jit, and with texts that do not depend on a role's settings. In one round trip. */
  protected beginSnapshot(stages: boolean): readonly string[] {
    const begin = `START TRANSACTION ISOLATION LEVEL REPEATABLE READ${stages ? '' : ' READ ONLY'}`;
    return [[begin, 'SET LOCAL jit = off', ...SET_TEXT].join('; ')];
  }

  private readOnly<T>(
    dataSource: DataSource,
    options: WaitOptions,
    task: (connection: ConnectionUse) => Promise<T>,
  ): Promise<T> {
    return this.onConnection(dataSource, 'slave', options, (connection) => {
      const { label } = connection;
      const settings = [...SET_TEXT, ...(label === null ? [] : [`SET LOCAL application_name = '${label}'`])];
      // a read-only transaction that is SERIALIZABLE by default may fail and have to be repeated
      const begin = ['START TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY', ...settings].join('; ');
      return this.inTransaction(connection, [begin], () => task(connection), options.cancellation);
    });
  }

  protected limitedOptions({ options }: DataSource, ms: number): Readonly<Record<string, unknown>> {
    const extra = (options as { extra?: object }).extra ?? {};
    return { extra: { ...extra, connectionTimeoutMillis: ms, query_timeout: ms } };
  }

  protected destroyConnection(connection: unknown): void {
    (connection as Client | undefined)?.connection?.stream?.destroy();
  }

  /** TypeORM's way to give a connection back as one that is broken. */
  protected override discard(runner: QueryRunner): void {
    super.discard(runner);
    const broken = runner as unknown as { releasePostgresConnection?: (error: Error) => Promise<void> };
    void broken.releasePostgresConnection?.(new Error('The connection was destroyed.'));
  }

  protected pendingConnections(dataSource: DataSource): readonly unknown[] {
    return poolsOf(dataSource).flatMap((pool) =>
      (pool._clients ?? []).filter(({ _connected }) => _connected === false),
    );
  }

  protected isPoolBusy(dataSource: DataSource): boolean {
    return poolsOf(dataSource).some(({ waitingCount }) => (waitingCount ?? 0) > 0);
  }

  protected statementText(statement: Sql): string {
    return textOf(statement, () => {
      const { strings, values } = statement;
      const places = placesOf(values);
      return strings.map((text, index) => (index === 0 ? text : `$${String(places[index - 1])}${text}`)).join('');
    });
  }

  protected override statementValues({ values }: Sql): unknown[] {
    return [...new Set(values.map((value) => (value instanceof Shared ? value : new Shared(value))))].map(
      ({ value }) => value,
    );
  }
}
