import type { Sql } from 'sql-template-tag';
import { DataSource, type DataSourceOptions, type QueryRunner, type ReplicationMode } from 'typeorm';
import {
  ConnectionBusyError,
  DatabaseNotRespondingError,
  RowsLockedError,
  TooManyValuesError,
} from '../../errors/database.error.js';
import type { Cancellation } from '../cancellation.js';
import { CONNECTION_TIMEOUT } from '../../trackstats.options.js';
import { remainingWait, withinTime } from '../limits.js';
import { isDeferred, joinsDeferred, type Row, type StatementResult, type Work } from '../work.js';
import { type Answer, ConnectionUse } from './connection-use.js';
import type { Dialect } from './dialect.js';
import type { Collation, Driver, KeyTable, SnapshotOptions, TransactionOptions, WaitOptions } from './driver.js';

const ATTEMPTS = 8;

/** Milliseconds for each step of a cancel on the server, which nobody waits for longer than its grace. */
const CANCEL_LIMIT = 5_000;

/** Where a data source is opened for a statement or two. */
const ONE_CONNECTION = {
  entities: [],
  migrations: [],
  subscribers: [],
  synchronize: false,
  migrationsRun: false,
  dropSchema: false,
  installExtensions: false,
  cache: false,
  poolSize: 1,
};

/** The first statements of a transaction, if the server needs any. */
export interface BeginOptions {
  /** tells the transaction from all others */
  readonly label: string | null;
  /** milliseconds after which the server may end the transaction if no statement comes */
  readonly idleLimit: number | null;
  readonly isProvisional: boolean;
  /** milliseconds to wait for locked rows; null: as the session has it */
  readonly lockTimeout: number | null;
}

/** Executes statements: a connection of the pool, or that of a transaction of the application. */
export type Executor = Pick<ConnectionUse, 'execute'>;

/** The savepoint to which a call returns that fails within a transaction of the application. */
export const SAVEPOINT = 'trackstats';

/** The result of a deferred statement, which nobody reads. */
const UNKNOWN: StatementResult = { rows: [], affected: 0 };

/** A connection that is used, or a wait for one. */
interface Use {
  destroy(): void;
}

/** The common part of most drivers: a pool, and a transaction on a connection of its own. */
export abstract class BaseDriver implements Driver {
  constructor(readonly dialect: Dialect) {}

  abstract isTransient(error: unknown): boolean;

  isPassing(error: unknown): boolean {
    return this.isTransient(error) || this.isReferenceLost(error);
  }

  /** True if a foreign key refers to no row, which may have been removed since it was read. */
  protected isReferenceLost(_error: unknown): boolean {
    return false;
  }

  abstract isUnavailable(error: unknown): boolean;

  abstract isCancelled(error: unknown): boolean;

  abstract isOutOfRange(error: unknown): boolean;

  abstract isDuplicateKey(error: unknown): boolean;

  protected abstract statementText(statement: Sql): string;

  protected statementValues(statement: Sql): unknown[] {
    return statement.values;
  }

  async transaction<T>(
    dataSource: DataSource,
    work: () => Work<T>,
    { isProvisional = false, lockTimeout, ...options }: TransactionOptions = {},
  ): Promise<T> {
    const { cancellation } = options;
    const idleLimit = cancellation?.idleLimit ?? null;
    const began = performance.now();
    const remaining = (): number => (lockTimeout ?? Infinity) - (performance.now() - began);
    const attempt = (): Promise<T> => {
      cancellation?.check();
      return this.onConnection(dataSource, 'master', options, (connection) => {
        const limit = lockTimeout === undefined ? null : Math.max(1, Math.round(remaining()));
        return this.inTransaction(
          connection,
          this.begin({ label: connection.label, idleLimit, isProvisional, lockTimeout: limit }),
          () => this.drive(connection, work(), cancellation),
          cancellation,
        );
      });
    };
    try {
      return await this.retrying(attempt, () => remaining() <= 0);
    } catch (error) {
      const isLocked = lockTimeout !== undefined && this.isLockTimeout(error);
      throw isLocked ? new RowsLockedError(performance.now() - began, { cause: error }) : error;
    }
  }

  /** True if an error says that a statement waited too long for rows that another transaction has locked. */
  protected abstract isLockTimeout(error: unknown): boolean;

  async addTogether(dataSource: DataSource, statement: Sql, options: WaitOptions): Promise<boolean> {
    const began = performance.now();
    try {
      const { rows } = await this.onConnection(dataSource, 'master', options, (connection) =>
        this.alone(connection, () => this.run(connection, statement)),
      );
      return Number(rows[0]?.['written']) === 1;
    } catch (error) {
      if (this.isLockTimeout(error)) throw new RowsLockedError(performance.now() - began, { cause: error });
      if (this.isRolledBack(error)) return false;
      throw error;
    }
  }

  commitsAlone(_dataSource: DataSource): boolean {
    return false;
  }

  async commitAlone(
    dataSource: DataSource,
    statementOf: (label: string | null) => Sql,
    options: WaitOptions,
  ): Promise<Row[] | null> {
    try {
      return await this.onConnection(dataSource, 'master', options, (connection) =>
        this.alone(connection, async () => {
          const { rows } = await connection.cancellably(() => {
            options.cancellation?.check();
            return this.run(connection, statementOf(connection.label));
          });
          return rows;
        }),
      );
    } catch (error) {
      if (this.isRolledBack(error) && !this.isCancelled(error)) return null;
      throw error;
    }
  }

  /** Runs a statement that is a transaction of its own. */
  protected alone<T>(_connection: ConnectionUse, task: () => Promise<T>): Promise<T> {
    return task();
  }

  /** True if an error is certain to say that the server refused a statement, and so wrote nothing of it. */
  protected isRolledBack(_error: unknown): boolean {
    return false;
  }

  within<T>(runner: QueryRunner, work: () => Work<T>): Promise<T> {
    const connection: Executor = { execute: (text, values) => runner.query(text, values, true) };
    return oneAtATime(runner, async () => {
      await runner.query(`SAVEPOINT ${SAVEPOINT}`);
      try {
        const result = await this.drive(connection, work());
        await runner.query(`RELEASE SAVEPOINT ${SAVEPOINT}`);
        return result;
      } catch (error) {
        // after a deadlock or a lost connection there is no transaction any more, and no savepoint
        await runner.query(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`).catch(() => undefined);
        throw error;
      }
    });
  }

  protected async inTransaction<T>(
    connection: ConnectionUse,
    begin: readonly string[],
    task: () => Promise<T>,
    cancellation: Cancellation | undefined,
  ): Promise<T> {
    connection.isInTransaction = true;
    try {
      for (const statement of begin) await connection.query(statement);
      const result = await connection.cancellably(task);
      cancellation?.check();
      await connection.query('COMMIT');
      return result;
    } catch (error) {
      await connection.rollBack();
      throw error;
    }
  }

  /**
   * Statements that begin a transaction. READ COMMITTED: under MySQL's default an INSERT … SELECT would lock the rows
   * that it reads.
   */
  protected abstract begin(beginning: BeginOptions): readonly string[];

  /** Cancels, on the server, the statement that a connection executes: by another one, of which the pool may have none left. */
  private async cancelStatement(
    dataSource: DataSource,
    mode: ReplicationMode,
    connection: ConnectionUse,
  ): Promise<void> {
    const options = { ...dataSource.options, ...ONE_CONNECTION, ...this.limitedOptions(dataSource, CANCEL_LIMIT) };
    const other = new DataSource(options as DataSourceOptions);
    await other.initialize();
    const runner = other.createQueryRunner(mode);
    try {
      await connection.sendCancel(() =>
        withinTime(CANCEL_LIMIT, runner.query(this.cancellation(connection.label, connection.runner)), () => {
          this.discard(runner);
          return new DatabaseNotRespondingError(dataSourceName(dataSource), CANCEL_LIMIT);
        }),
      );
    } finally {
      await runner.release();
      await other.destroy();
    }
  }

  /** A statement that cancels the one that a connection is at. */
  protected abstract cancellation(label: string | null, runner: QueryRunner): string;

  inSlices(
    dataSource: DataSource,
    slices: () => Iterable<() => Work<void>>,
    options: TransactionOptions & { readonly tables: readonly string[] },
  ): Promise<void> {
    return this.transaction(dataSource, () => oneAfterTheOther(slices()), options);
  }

  /** Options of a data source whose driver gives up connecting, and its statements, after so many milliseconds. */
  protected abstract limitedOptions(dataSource: DataSource, ms: number): Readonly<Record<string, unknown>>;

  /** Closes the socket of a driver's connection without a word to the server. */
  protected abstract destroyConnection(connection: unknown): void;

  /** Closes a runner's connection, and takes it out of its pool at once: nobody else gets it while it is closing. */
  protected discard(runner: QueryRunner): void {
    this.destroyConnection((runner as unknown as { databaseConnection?: unknown }).databaseConnection);
  }

  /** The driver's connections of a data source's pools that are still being made. */
  protected abstract pendingConnections(dataSource: DataSource): readonly unknown[];

  /** True if calls wait because every connection of the pool is in use. */
  protected abstract isPoolBusy(dataSource: DataSource): boolean;

  read<T>(dataSource: DataSource, work: () => Work<T>, options: WaitOptions = {}): Promise<T> {
    return this.onConnection(dataSource, 'slave', options, (connection) =>
      connection.cancellably(() => this.drive(connection, work(), options.cancellation)),
    );
  }

  snapshot<T>(
    dataSource: DataSource,
    work: () => Work<T>,
    { stages = false, ...options }: SnapshotOptions = {},
  ): Promise<T> {
    const { cancellation } = options;
    return this.retrying(() =>
      this.onConnection(dataSource, stages ? 'master' : 'slave', options, (connection) =>
        this.inTransaction(
          connection,
          this.beginSnapshot(stages),
          () => this.drive(connection, work(), cancellation),
          cancellation,
        ),
      ),
    );
  }

  /** Statements that begin a transaction in which every statement reads the same snapshot. */
  protected abstract beginSnapshot(stages: boolean): readonly string[];

  abstract each(
    dataSource: DataSource,
    statement: Sql,
    onRows: (rows: Row[]) => void,
    options?: WaitOptions,
  ): Promise<void>;

  disconnect(dataSource: DataSource): void {
    for (const connection of usesOf(dataSource)) connection.destroy();
    for (const connection of this.pendingConnections(dataSource)) this.destroyConnection(connection);
  }

  checkSession(_dataSource: DataSource): Promise<void> {
    return Promise.resolve();
  }

  findsDistributed(_dataSource: DataSource): Promise<boolean> {
    return Promise.resolve(false);
  }

  checkPrivileges(_dataSource: DataSource): Promise<void> {
    return Promise.resolve();
  }

  prepareKeys(_dataSource: DataSource, _tables: readonly KeyTable[]): Promise<void> {
    return Promise.resolve();
  }

  exactCollation(_read: (text: string) => Promise<Row[]>): Promise<Collation | null> {
    return Promise.resolve(null);
  }

  /**
   * Begins the work again after a transient failure, or if a metric was removed meanwhile, a little later each time.
   *
   * @param isOver true once the time for it has passed
   */
  protected async retrying<T>(attempt: () => Promise<T>, isOver: () => boolean = () => false): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (tries >= ATTEMPTS || !this.isPassing(error) || isOver()) throw error;
        await pause(2 ** tries * (1 + Math.random()));
      }
    }
  }

  protected async drive<T>(connection: Executor, work: Work<T>, cancellation?: Cancellation): Promise<T> {
    let waiting: Sql[] = [];
    let step = work.next();
    while (step.done !== true) {
      let result: StatementResult;
      const statement = step.value;
      try {
        cancellation?.check();
        if (isDeferred(statement) && this.dialect.together([statement]) !== null) {
          waiting.push(statement);
          result = UNKNOWN;
        } else {
          const before = waiting;
          waiting = [];
          result = await this.runAfter(connection, before, statement);
        }
      } catch (error) {
        step = work.throw(error);
        continue;
      }
      step = work.next(result);
    }
    await this.runTogether(connection, waiting);
    return step.value;
  }

  /** Runs a statement after deferred ones, or together with them. */
  private async runAfter(connection: Executor, deferred: readonly Sql[], statement: Sql): Promise<StatementResult> {
    if (deferred.length > 0 && joinsDeferred(statement)) {
      const affected = await this.runTogether(connection, [...deferred, statement]);
      return { rows: [], affected: affected.at(-1) ?? 0 };
    }
    await this.runTogether(connection, deferred);
    return this.run(connection, statement);
  }

  /** Returns the number of rows that each statement changed. */
  private async runTogether(connection: Executor, statements: readonly Sql[]): Promise<number[]> {
    const [only, ...others] = statements;
    if (only === undefined) return [];
    const together = others.length === 0 ? null : this.dialect.together(statements);
    if (together === null) {
      const changed: number[] = [];
      for (const statement of statements) changed.push((await this.run(connection, statement)).affected);
      return changed;
    }
    const { rows } = await this.run(connection, together);
    return statements.map((_, place) => Number(rows[0]?.[`n${String(place)}`]));
  }

  /** @throws TooManyValuesError instead of what drivers say, which names neither the reason nor the number */
  protected checkValues({ values: { length } }: Sql): void {
    if (length > this.dialect.maxParameters)
      throw new TooManyValuesError(length, this.dialect.maxParameters, this.dialect.name);
  }

  protected resultOf({ records, affected }: Answer): StatementResult {
    return { rows: (records ?? []) as StatementResult['rows'], affected: affected ?? 0 };
  }

  /** Runs one statement. */
  protected async run(connection: Executor, statement: Sql): Promise<StatementResult> {
    this.checkValues(statement);
    const result = await connection.execute(this.statementText(statement), this.statementValues(statement));
    return this.resultOf(result);
  }

  /** Uses a connection of the pool, which gets it back however the use ends. */
  protected async onConnection<T>(
    dataSource: DataSource,
    mode: ReplicationMode,
    options: WaitOptions,
    use: (connection: ConnectionUse) => Promise<T>,
  ): Promise<T> {
    const runner = await this.connect(dataSource, mode, options);
    try {
      return await this.withUse(dataSource, mode, runner, options.cancellation, use);
    } catch (error) {
      options.cancellation?.signal.throwIfAborted();
      throw error;
    } finally {
      await runner.release();
    }
  }

  private async withUse<T>(
    dataSource: DataSource,
    mode: ReplicationMode,
    runner: QueryRunner,
    cancellation: Cancellation | undefined,
    use: (connection: ConnectionUse) => Promise<T>,
  ): Promise<T> {
    const began = performance.now();
    const connection = new ConnectionUse(runner, cancellation, {
      cancel: (at) => this.cancelStatement(dataSource, mode, at),
      destroy: () => {
        this.discard(runner);
      },
      onDestroyed: () => new DatabaseNotRespondingError(dataSourceName(dataSource), performance.now() - began),
    });
    const uses = usesOf(dataSource);
    uses.add(connection);
    try {
      return await use(connection);
    } finally {
      uses.delete(connection);
      connection.end();
    }
  }

  /** @throws ConnectionBusyError, DatabaseNotRespondingError */
  private async connect(
    dataSource: DataSource,
    mode: ReplicationMode,
    { cancellation, connectionTimeout = CONNECTION_TIMEOUT, waitingSince = performance.now() }: WaitOptions,
  ): Promise<QueryRunner> {
    const runner = dataSource.createQueryRunner(mode);
    const others = this.pendingConnections(dataSource);
    const connecting = runner.connect() as Promise<unknown>;
    const made = this.pendingConnections(dataSource).filter((connection) => !others.includes(connection));
    const waited = (): number => performance.now() - waitingSince;
    const late = (): Error =>
      this.isPoolBusy(dataSource)
        ? new ConnectionBusyError(waited(), dataSourceName(dataSource))
        : new DatabaseNotRespondingError(dataSourceName(dataSource), waited());
    const uses = usesOf(dataSource);
    let given: Use = { destroy: () => undefined };
    const disconnected = new Promise<never>((_, reject) => {
      given = {
        destroy: () => {
          reject(new DatabaseNotRespondingError(dataSourceName(dataSource), waited()));
        },
      };
    });
    uses.add(given);
    try {
      const got = Promise.race([connecting, disconnected]);
      // whatever ends the wait ends its timer: a place in the queue of a pool that was closed never answers
      await withinTime(
        remainingWait(connectionTimeout, waitingSince),
        cancellation === undefined ? got : cancellation.during(got),
        late,
      );
      return runner;
    } catch (error) {
      // one that comes after all goes back to the pool
      connecting.then(
        () => runner.release(),
        () => undefined,
      );
      // and one that may never come must not count as one of the pool's for ever
      for (const connection of made) this.destroyConnection(connection);
      throw error;
    } finally {
      uses.delete(given);
    }
  }
}

/** By data source, not by driver: a shutdown ends what any of its drivers uses. */
const usesByDataSource = new WeakMap<DataSource, Set<Use>>();

function usesOf(dataSource: DataSource): Set<Use> {
  let uses = usesByDataSource.get(dataSource);
  if (uses === undefined) usesByDataSource.set(dataSource, (uses = new Set()));
  return uses;
}

const turns = new WeakMap<QueryRunner, Promise<unknown>>();

/** Does one task at a time on a connection of the application: two savepoints would overlap. */
function oneAtATime<T>(runner: QueryRunner, task: () => Promise<T>): Promise<T> {
  const result = (turns.get(runner) ?? Promise.resolve()).then(task, task);
  turns.set(
    runner,
    result.catch(() => undefined),
  );
  return result;
}

/** A data source's name, for messages. */
export function dataSourceName(dataSource: DataSource): string {
  return (dataSource.options as { name?: string }).name ?? 'default';
}

function* oneAfterTheOther(slices: Iterable<() => Work<void>>): Work<void> {
  for (const slice of slices) yield* slice();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
