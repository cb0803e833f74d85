import sql, { type Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import { DataSources } from '../../lib/database/data-sources.js';
import { Database } from '../../lib/database/database.js';
import { BaseDriver } from '../../lib/database/dialects/base.driver.js';
import type { Driver, SnapshotOptions, TransactionOptions, WaitOptions } from '../../lib/database/dialects/driver.js';
import { SqliteDriver } from '../../lib/database/dialects/sqlite.driver.js';
import { SqliteSql } from '../../lib/database/dialects/sqlite.sql.js';
import type { Row, Work } from '../../lib/database/work.js';

/** SQLite's statements, on the clock of the simulation. */
class SimulatedSqliteSql extends SqliteSql {
  override readonly now = sql`simulated_now()`;
}

/**
 * SQLite as a server would be: each statement is a round trip, in which other processes have their turn. The
 * transactions, retries, cancels and lost connections are those of the library's drivers of PostgreSQL and MariaDB.
 */
export class SteppedSqliteDriver extends SqliteDriver {
  constructor(private readonly disconnectSession: (session: unknown) => void) {
    super(new SimulatedSqliteSql());
  }

  override transaction<T>(dataSource: DataSource, work: () => Work<T>, options?: TransactionOptions): Promise<T> {
    return BaseDriver.prototype.transaction.call(this, dataSource, work, options) as Promise<T>;
  }

  override read<T>(dataSource: DataSource, work: () => Work<T>, options?: WaitOptions): Promise<T> {
    return BaseDriver.prototype.read.call(this, dataSource, work, options) as Promise<T>;
  }

  override snapshot<T>(dataSource: DataSource, work: () => Work<T>, options?: SnapshotOptions): Promise<T> {
    return BaseDriver.prototype.snapshot.call(this, dataSource, work, options) as Promise<T>;
  }

  override inSlices(
    dataSource: DataSource,
    slices: () => Iterable<() => Work<void>>,
    options: TransactionOptions & { readonly tables: readonly string[] },
  ): Promise<void> {
    return BaseDriver.prototype.inSlices.call(this, dataSource, slices, options);
  }

  override each(
    dataSource: DataSource,
    statement: Sql,
    onRows: (rows: Row[]) => void,
    options: WaitOptions = {},
  ): Promise<void> {
    return this.onConnection(dataSource, 'slave', options, async (connection) => {
      onRows((await connection.query(statement.sql, statement.values)) as Row[]);
    });
  }

  protected override destroyConnection(connection?: unknown): void {
    this.disconnectSession(connection);
  }

  /** A statement cannot be cancelled here: it has ended, or its answer is lost. */
  protected override limitedOptions(): Readonly<Record<string, unknown>> {
    throw new Error('No other connection cancels a statement of SQLite.');
  }
}

/** The library's database, with a driver of ours. */
export class SteppedDatabase extends Database {
  constructor(
    dataSource: DataSource,
    connectionTimeout: number,
    private readonly stepped: Driver,
  ) {
    super(dataSource, connectionTimeout);
  }

  override get driver(): Driver {
    return this.stepped;
  }
}

/** The data sources of an application that has one, with a driver of ours. */
export class SteppedDataSources extends DataSources {
  constructor(
    dataSource: DataSource,
    private readonly driver: Driver,
  ) {
    super(dataSource, () => []);
  }

  override disconnect(): void {
    this.driver.disconnect(this.statistics);
  }
}
