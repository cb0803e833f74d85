import type { Sql } from 'sql-template-tag';
import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import type { Dialect, TransactionOptions, WaitOptions } from './dialects/dialect.js';
import { dialectOf } from './dialects/dialect.registry.js';
import { CONNECTION_TIMEOUT } from '../trackstats.options.js';
import { Table } from './table.js';
import type { Row, Work } from './work.js';

/** Data sources whose sessions are as they must be. */
const checked = new WeakSet<DataSource>();

/** The data source of the statistics, with its dialect. */
export class Database {
  readonly dialect: Dialect;
  private readonly tables = new Map<EntityTarget<ObjectLiteral>, Table>();

  /** @param connectionTimeout milliseconds that calls wait for a connection */
  constructor(
    readonly dataSource: DataSource,
    readonly connectionTimeout = CONNECTION_TIMEOUT,
  ) {
    this.dialect = dialectOf(dataSource);
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
   * Checks the settings of the database's sessions, once for each data source.
   *
   * @throws SessionSettingError
   */
  async checkSession(): Promise<void> {
    if (checked.has(this.dataSource)) return;
    await this.dialect.checkSession(this.dataSource);
    checked.add(this.dataSource);
  }

  /**
   * Runs a unit of work in one transaction: all of it happens, or nothing. It is begun again after a deadlock or a
   * serialization failure, so `work` must have no effect but its statements. Cancelled, it is rolled back.
   */
  transaction<T>(work: () => Work<T>, options: TransactionOptions = {}): Promise<T> {
    const { connectionTimeout } = this;
    return this.dialect.transaction(this.dataSource, work, { connectionTimeout, ...options });
  }

  /** Runs works one after the other, as `Dialect.inSlices` says. */
  inSlices(
    slices: () => Iterable<() => Work<void>>,
    options: TransactionOptions & { readonly tables: readonly string[] },
  ): Promise<void> {
    const { connectionTimeout } = this;
    return this.dialect.inSlices(this.dataSource, slices, { connectionTimeout, ...options });
  }

  /** Runs statements that only read. */
  read<T>(work: () => Work<T>, options: WaitOptions = {}): Promise<T> {
    const { connectionTimeout } = this;
    return this.dialect.read(this.dataSource, work, { connectionTimeout, ...options });
  }

  /** Reads a statement's rows in chunks, of which one is in memory at a time. */
  each(statement: Sql, onRows: (rows: Row[]) => void, options: WaitOptions = {}): Promise<void> {
    const { connectionTimeout } = this;
    return this.dialect.each(this.dataSource, statement, onRows, { connectionTimeout, ...options });
  }
}
