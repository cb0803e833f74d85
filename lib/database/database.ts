import type { Sql } from 'sql-template-tag';
import type { DataSource, EntityManager, EntityTarget, ObjectLiteral, QueryRunner } from 'typeorm';
import type { Dialect } from './dialects/dialect.js';
import type { Driver, SnapshotOptions, TransactionOptions, WaitOptions } from './dialects/driver.js';
import { driverOf, mayBeDistributed } from './dialects/dialect.registry.js';
import { InvalidManagerError } from '../errors/database.error.js';
import { CONNECTION_TIMEOUT } from '../trackstats.options.js';
import { Table } from './table.js';
import type { Row, Work } from './work.js';

/** Data sources whose sessions are as they must be. */
const checked = new WeakSet<DataSource>();

/** Data sources whose database says that their tables are distributed. */
const distributed = new WeakSet<DataSource>();

/** The data source of the statistics, with its driver and dialect. */
export class Database {
  private readonly tables = new Map<EntityTarget<ObjectLiteral>, Table>();
  /** until the session is checked, that of a database with all rows in one place, unless an option says otherwise */
  private knownDriver: Driver;

  /**
   * @param connectionTimeout milliseconds that calls wait for a connection
   * @param isDistributed true if the tables may be distributed over several servers. By default the database is asked
   * @throws UnsupportedDatabaseError
   */
  constructor(
    readonly dataSource: DataSource,
    readonly connectionTimeout = CONNECTION_TIMEOUT,
    private readonly isDistributed: boolean | null = null,
  ) {
    this.knownDriver = this.findDriver();
  }

  get driver(): Driver {
    return this.knownDriver;
  }

  get dialect(): Dialect {
    return this.driver.dialect;
  }

  /** True if the library knows distributed tables of such a database. */
  get mayBeDistributed(): boolean {
    return mayBeDistributed(this.dataSource);
  }

  /** Returns that of another data source of the application, with the same options. */
  beside(dataSource: DataSource): Database {
    return dataSource === this.dataSource ? this : new Database(dataSource, this.connectionTimeout, this.isDistributed);
  }

  /** Returns the data source's name, as it was passed to TypeOrmModule.forRoot. */
  get name(): string {
    return (this.dataSource.options as { name?: string }).name ?? 'default';
  }

  /** Returns the table of an entity. */
  table(entity: EntityTarget<ObjectLiteral>): Table {
    let table = this.tables.get(entity);
    if (table === undefined) {
      table = Table.of(this.dataSource, entity);
      this.tables.set(entity, table);
    }
    return table;
  }

  /**
   * Checks the settings of the database's sessions and finds out if its tables are distributed, once for each data source.
   *
   * @throws SessionSettingError
   */
  async checkSession(): Promise<void> {
    const { dataSource, driver } = this;
    if (!checked.has(dataSource)) {
      await driver.checkSession(dataSource);
      if (await driver.findsDistributed(dataSource)) distributed.add(dataSource);
      checked.add(dataSource);
    }
    this.knownDriver = this.findDriver();
  }

  private findDriver(): Driver {
    return driverOf(this.dataSource, this.isDistributed ?? distributed.has(this.dataSource));
  }

  /**
   * Runs a unit of work in one transaction: all of it happens, or nothing. It is begun again after a deadlock or a
   * serialization failure, so `work` must have no effect but its statements. Cancelled, it is rolled back.
   */
  transaction<T>(work: () => Work<T>, options: TransactionOptions = {}): Promise<T> {
    const { connectionTimeout } = this;
    return this.driver.transaction(this.dataSource, work, { connectionTimeout, ...options });
  }

  /**
   * Runs a unit of work that an application's call makes: in a transaction of its own, which waits for locked rows no
   * longer than for a connection, or inside the transaction of a manager. There it takes no other connection, commits
   * and rolls back with the transaction, and undoes what it did itself if it fails.
   *
   * @param call the call that an error names
   * @throws InvalidManagerError, RowsLockedError
   */
  write<T>(
    call: string,
    manager: EntityManager | undefined,
    work: () => Work<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    return manager === undefined
      ? this.transaction(work, { lockTimeout: this.connectionTimeout, ...options })
      : this.driver.within(this.openRunner(call, manager), work);
  }

  /** Runs one statement of `Dialect.addTogether`, as `Driver.addTogether` says. */
  addTogether(statement: Sql, options: WaitOptions = {}): Promise<boolean> {
    const { connectionTimeout } = this;
    return this.driver.addTogether(this.dataSource, statement, { connectionTimeout, ...options });
  }

  /** True if `commitAlone` saves round trips here. */
  get commitsAlone(): boolean {
    return this.driver.commitsAlone(this.dataSource);
  }

  /** Runs one statement of `Dialect.changeAndInsert` or `Dialect.replaceAlone`, as `Driver.commitAlone` says. */
  commitAlone(statementOf: (label: string | null) => Sql, options: WaitOptions = {}): Promise<Row[] | null> {
    const { connectionTimeout } = this;
    return this.driver.commitAlone(this.dataSource, statementOf, { connectionTimeout, ...options });
  }

  private openRunner(call: string, manager: EntityManager): QueryRunner {
    const { queryRunner } = manager;
    if (manager.dataSource !== this.dataSource) {
      throw new InvalidManagerError(
        call,
        `manager is of another data source than the statistics, which are in "${this.name}".`,
      );
    }
    if (queryRunner?.isTransactionActive !== true || queryRunner.isReleased) {
      throw new InvalidManagerError(call, 'manager has no open transaction.');
    }
    return queryRunner;
  }

  /** Runs works one after the other, as `Driver.inSlices` says. */
  inSlices(
    slices: () => Iterable<() => Work<void>>,
    options: TransactionOptions & { readonly tables: readonly string[] },
  ): Promise<void> {
    const { connectionTimeout } = this;
    return this.driver.inSlices(this.dataSource, slices, { connectionTimeout, ...options });
  }

  /** Runs statements that only read. */
  read<T>(work: () => Work<T>, options: WaitOptions = {}): Promise<T> {
    const { connectionTimeout } = this;
    return this.driver.read(this.dataSource, work, { connectionTimeout, ...options });
  }

  /**
   * Runs statements that only read, all of one snapshot: what others commit meanwhile is in none of them.
   *
   * @param options `stages`: the work makes temporary tables
   */
  snapshot<T>(work: () => Work<T>, options: SnapshotOptions = {}): Promise<T> {
    const { connectionTimeout } = this;
    return this.driver.snapshot(this.dataSource, work, { connectionTimeout, ...options });
  }

  /** Reads a statement's rows in chunks, of which one is in memory at a time. */
  each(statement: Sql, onRows: (rows: Row[]) => void, options: WaitOptions = {}): Promise<void> {
    const { connectionTimeout } = this;
    return this.driver.each(this.dataSource, statement, onRows, { connectionTimeout, ...options });
  }
}
