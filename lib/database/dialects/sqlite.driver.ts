import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import sql, { raw, type Sql } from 'sql-template-tag';
import type { DataSource, QueryRunner } from 'typeorm';
import { ConnectionBusyError } from '../../errors/database.error.js';
import type { Cancellation } from '../cancellation.js';
import { CONNECTION_TIMEOUT } from '../../trackstats.options.js';
import { remainingWait } from '../limits.js';
import { executeAll, type Row, type StatementResult, type Work } from '../work.js';
import { BaseDriver, SAVEPOINT } from './base.driver.js';
import type { SnapshotOptions, TransactionOptions, WaitOptions } from './driver.js';

/** The part of better-sqlite3's connection that is used. */
interface Connection {
  readonly inTransaction: boolean;
  prepare(text: string): Prepared;
  exec(text: string): unknown;
}

interface Prepared {
  safeIntegers(on: boolean): Prepared;
  readonly reader: boolean;
  all(...values: unknown[]): Row[];
  iterate(...values: unknown[]): Iterable<Row>;
  run(...values: unknown[]): { changes: number };
}

export class SqliteDriver extends BaseDriver {
  isTransient(error: unknown): boolean {
    return String((error as { code?: unknown } | null)?.code).startsWith('SQLITE_BUSY');
  }

  isUnavailable(error: unknown): boolean {
    return /^SQLITE_(FULL|IOERR|CANTOPEN|NOMEM|READONLY)/.test(String((error as { code?: unknown } | null)?.code));
  }

  /** A transaction is one burst: nothing of it can be cancelled but between its statements. */
  protected begin(): readonly string[] {
    return ['BEGIN IMMEDIATE'];
  }

  protected cancellation(): string {
    throw new TypeError('SQLite runs in this process: nothing else could cancel its statements');
  }

  protected limitedOptions(): Readonly<Record<string, unknown>> {
    return {};
  }

  protected destroyConnection(): void {
    throw new TypeError("SQLite has one connection, which is the application's too");
  }

  protected pendingConnections(): readonly unknown[] {
    return [];
  }

  protected isPoolBusy(): boolean {
    return false;
  }

  isCancelled(error: unknown): boolean {
    return (error as { code?: unknown } | null)?.code === 'SQLITE_INTERRUPT';
  }

  /** SQLite has no limits but that of integers; `limitLength` and `storedValue` fail at those of the other databases */
  isOutOfRange(error: unknown): boolean {
    return /^(integer overflow|malformed JSON)$/.test(String((error as { message?: unknown } | null)?.message));
  }

  isDuplicateKey(error: unknown): boolean {
    const code = (error as { code?: unknown } | null)?.code;
    return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
  }

  /** In one burst: while rows are open on the connection, the application could use it for nothing else. */
  each(dataSource: DataSource, statement: Sql, onRows: (rows: Row[]) => void): Promise<void> {
    return Promise.resolve().then(() => {
      let rows: Row[] = [];
      for (const row of prepare(connectionOf(dataSource), statement.sql).iterate(...statement.values)) {
        rows.push(row);
        if (rows.length < 1000) continue;
        onRows(rows);
        rows = [];
      }
      onRows(rows);
    });
  }

  protected statementText(statement: Sql): string {
    return statement.sql;
  }

  /**
   * The application's calls share this connection: with an `await` between our statements, they would fall into our
   * transaction, and ours into theirs. So the work runs as one synchronous burst, begun while no transaction is open.
   */
  override transaction<T>(
    dataSource: DataSource,
    work: () => Work<T>,
    { cancellation, connectionTimeout = CONNECTION_TIMEOUT, waitingSince = performance.now() }: TransactionOptions = {},
  ): Promise<T> {
    const deadline = performance.now() + remainingWait(connectionTimeout, waitingSince);
    const isOver = (): boolean => performance.now() >= deadline;
    return this.retrying(async () => {
      const connection = connectionOf(dataSource);
      await untilIdle(connection, { isOver, waitingSince, cancellation });
      cancellation?.check();
      const run = this.statementRunner(dataSource, connection);
      runAlone(connection, 'BEGIN IMMEDIATE');
      try {
        const result = drive(work(), run, cancellation);
        runAlone(connection, 'COMMIT');
        return result;
      } catch (error) {
        if (connection.inTransaction) connection.exec('ROLLBACK');
        throw error;
      }
    }, isOver);
  }

  /** A transaction keeps the whole database here, and the connection: nothing waits for rows. */
  protected isLockTimeout(): boolean {
    return false;
  }

  /** As one burst, too: no statement of the application falls between the savepoint and its end. */
  override within<T>(runner: QueryRunner, work: () => Work<T>): Promise<T> {
    const { dataSource } = runner;
    return Promise.resolve().then(() => {
      const connection = connectionOf(dataSource);
      const run = this.statementRunner(dataSource, connection);
      connection.exec(`SAVEPOINT ${SAVEPOINT}`);
      try {
        const result = drive(work(), run);
        connection.exec(`RELEASE ${SAVEPOINT}`);
        return result;
      } catch (error) {
        // some errors of SQLite end the transaction
        if (connection.inTransaction) connection.exec(`ROLLBACK TO ${SAVEPOINT}; RELEASE ${SAVEPOINT}`);
        throw error;
      }
    });
  }

  /** Each slice is a burst of its own: between two of them the application's calls have their turn. */
  override async inSlices(
    dataSource: DataSource,
    slices: () => Iterable<() => Work<void>>,
    { tables, ...options }: TransactionOptions & { readonly tables: readonly string[] },
  ): Promise<void> {
    const connection = connectionOf(dataSource);
    // after the application's own transaction, whose rollback would bring them back
    const dropTables = (): Promise<void> =>
      this.transaction(dataSource, () =>
        executeAll(tables.map((table) => sql`DROP TABLE IF EXISTS temp.${raw(table)}`)),
      );
    await inTurn(connection, async () => {
      await dropTables();
      try {
        for (const slice of slices()) {
          await turn();
          await this.transaction(dataSource, slice, options);
        }
      } finally {
        // what is left is dropped by the next verification
        await dropTables().catch(() => undefined);
      }
    });
  }

  override read<T>(dataSource: DataSource, work: () => Work<T>, { cancellation }: WaitOptions = {}): Promise<T> {
    return this.retrying(() =>
      Promise.resolve().then(() =>
        drive(work(), this.statementRunner(dataSource, connectionOf(dataSource)), cancellation),
      ),
    );
  }

  /** In one burst, so nothing of this process falls in between, and in a transaction, so nothing of others does. */
  override snapshot<T>(
    dataSource: DataSource,
    work: () => Work<T>,
    { stages = false, ...options }: SnapshotOptions = {},
  ): Promise<T> {
    if (stages) return this.transaction(dataSource, work, options);
    return this.retrying(() =>
      Promise.resolve().then(() => {
        const connection = connectionOf(dataSource);
        const run = this.statementRunner(dataSource, connection);
        // a transaction of the application has a snapshot already
        if (connection.inTransaction) return drive(work(), run, options.cancellation);
        connection.exec('BEGIN');
        try {
          return drive(work(), run, options.cancellation);
        } finally {
          endReading(connection);
        }
      }),
    );
  }

  protected beginSnapshot(): readonly string[] {
    return ['BEGIN'];
  }

  private statementRunner(dataSource: DataSource, connection: Connection): (statement: Sql) => StatementResult {
    return (statement) => {
      this.checkValues(statement);
      const text = statement.sql; // joined at each use
      dataSource.logger.logQuery(text, statement.values);
      const prepared = preparedOn(connection, text);
      return prepared.reader
        ? { rows: prepared.all(...statement.values), affected: 0 }
        : { rows: [], affected: prepared.run(...statement.values).changes };
    };
  }
}

function connectionOf(dataSource: DataSource): Connection {
  return (dataSource.driver as unknown as { databaseConnection: Connection }).databaseConnection;
}

/** Some errors end the transaction by themselves. */
function endReading(connection: Connection): void {
  if (connection.inTransaction) connection.exec('COMMIT');
}

interface IdleWait {
  readonly isOver: () => boolean;
  readonly waitingSince: number;
  readonly cancellation: Cancellation | undefined;
}

async function untilIdle(connection: Connection, { isOver, waitingSince, cancellation }: IdleWait): Promise<void> {
  while (connection.inTransaction) {
    cancellation?.check();
    if (isOver()) throw new ConnectionBusyError(performance.now() - waitingSince, null);
    await pause(5);
  }
}

function drive<T>(work: Work<T>, run: (statement: Sql) => StatementResult, cancellation?: Cancellation): T {
  let step = work.next();
  while (step.done !== true) {
    let result: StatementResult;
    try {
      cancellation?.check();
      result = run(step.value);
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(result);
  }
  return step.value;
}

const turns = new WeakMap<Connection, Promise<unknown>>();

/** One at a time on a connection, which has one set of temporary tables for all. */
function inTurn<T>(connection: Connection, task: () => Promise<T>): Promise<T> {
  const before = turns.get(connection) ?? Promise.resolve();
  const result = before.then(task, task);
  turns.set(
    connection,
    result.catch(() => undefined),
  );
  return result;
}

/** Begins or ends a transaction. */
function runAlone(connection: Connection, text: string): void {
  preparedOn(connection, text).run();
}

const STATEMENTS = 200;
const statements = new WeakMap<Connection, Map<string, Prepared>>();

/** With integers as numbers, whatever `defaultSafeIntegers` says: those that no number holds are selected as text. */
function prepare(connection: Connection, text: string): Prepared {
  return connection.prepare(text).safeIntegers(false);
}

/** Prepared once: half of a small statement's time. The ones that were not used for longest are forgotten. */
function preparedOn(connection: Connection, text: string): Prepared {
  const known = statements.get(connection) ?? new Map<string, Prepared>();
  statements.set(connection, known);
  const prepared = known.get(text) ?? prepare(connection, text);
  // while there is room, their order does not matter
  if (known.size >= STATEMENTS) known.delete(text);
  known.set(text, prepared);
  if (known.size > STATEMENTS) known.delete(known.keys().next().value ?? '');
  return prepared;
}
