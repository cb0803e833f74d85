import type { Sql } from 'sql-template-tag';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Cancellation } from '../cancellation.js';
import type { Table } from '../table.js';
import type { Row, Work } from '../work.js';
import type { Dialect } from './dialect.js';

/**
 * Runs statements on one kind of database: transactions, reads, cancelling, what its errors mean, and what its sessions
 * must be. The text of the statements is the dialect's.
 */
export interface Driver {
  readonly dialect: Dialect;

  /** runs a whole unit of work in one transaction on the database */
  transaction<T>(dataSource: DataSource, work: () => Work<T>, options?: TransactionOptions): Promise<T>;
  /**
   * runs one statement of `Dialect.addTogether` as a transaction of its own. Returns false if it wrote nothing, also where
   * the server refused it: in a transaction it may succeed, or tells what is wrong. An error says that it may have written
   *
   * @throws RowsLockedError
   */
  addTogether(dataSource: DataSource, statement: Sql, options: WaitOptions): Promise<boolean>;
  /** true if `commitAlone` saves round trips */
  commitsAlone(dataSource: DataSource): boolean;
  /**
   * runs one statement as a transaction of its own. Returns its rows, or null if the server refused it: in a transaction
   * it may succeed, or tells what is wrong
   *
   * @param statementOf returns the statement, given the label by which it is cancelled
   */
  commitAlone(
    dataSource: DataSource,
    statementOf: (label: string | null) => Sql,
    options: WaitOptions,
  ): Promise<Row[] | null>;
  /**
   * runs a unit of work inside a transaction of the application, on its connection: all of it happens, or nothing, and
   * the transaction goes on
   */
  within<T>(runner: QueryRunner, work: () => Work<T>): Promise<T>;
  /**
   * runs works one after the other, so that each finds the temporary tables of those before it: in one transaction, or,
   * where a transaction keeps the whole process waiting, in one each
   */
  inSlices(
    dataSource: DataSource,
    slices: () => Iterable<() => Work<void>>,
    options: TransactionOptions & { readonly tables: readonly string[] },
  ): Promise<void>;
  /** runs statements that only read; where nothing can cancel them, outside a transaction */
  read<T>(dataSource: DataSource, work: () => Work<T>, options?: WaitOptions): Promise<T>;
  /** runs statements that only read, all of one snapshot */
  snapshot<T>(dataSource: DataSource, work: () => Work<T>, options?: SnapshotOptions): Promise<T>;
  /** reads a statement's rows in chunks, in bounded memory */
  each(dataSource: DataSource, statement: Sql, onRows: (rows: Row[]) => void, options?: WaitOptions): Promise<void>;
  /** destroys the connections that the library uses now, and those that are still being made: nothing waits for them any more */
  disconnect(dataSource: DataSource): void;
  /** deadlocks, serialization failures, busy locks: the same work may succeed when it is begun again */
  isTransient(error: unknown): boolean;
  /** the same work may succeed when it is begun again at once: a transient failure, or a row that a key refers to is gone */
  isPassing(error: unknown): boolean;
  /** the connection was lost, or the database takes none or has no room: later the same work may succeed */
  isUnavailable(error: unknown): boolean;
  /** somebody, or a limit of the server's, cancelled the statement */
  isCancelled(error: unknown): boolean;
  /** a key or a number does not fit its column, or a sum overflows */
  isOutOfRange(error: unknown): boolean;
  /** a row with the same primary or unique key is there already */
  isDuplicateKey(error: unknown): boolean;
  /**
   * Checks the settings of a data source's sessions, on the primary and on a replica.
   *
   * @throws SessionSettingError
   */
  checkSession(dataSource: DataSource): Promise<void>;
  /** True if the database says that a table of the data source's entities is distributed over several servers. */
  findsDistributed(dataSource: DataSource): Promise<boolean>;
  /**
   * Checks that the user may create temporary tables.
   *
   * @throws MissingPrivilegeError
   */
  checkPrivileges(dataSource: DataSource): Promise<void>;
  /** makes sure that text keys compare byte by byte, where the database does not do so by itself */
  prepareKeys(dataSource: DataSource, tables: readonly KeyTable[]): Promise<void>;
  /** how a text column is declared that compares so; null where every one does */
  exactCollation(read: (text: string) => Promise<Row[]>): Promise<Collation | null>;
}

export interface Collation {
  readonly charset: string;
  readonly collation: string;
}

export interface WaitOptions {
  /** cancelled, the work is rolled back */
  readonly cancellation?: Cancellation | undefined;
  /** milliseconds to wait for a connection: a free one of the pool, or SQLite's one without a transaction. @default CONNECTION_TIMEOUT */
  readonly connectionTimeout?: number | undefined;
  /** when the call was made that waits, by `performance.now()`. @default now */
  readonly waitingSince?: number | undefined;
}

export interface SnapshotOptions extends WaitOptions {
  /** the work makes temporary tables, so it runs on the primary. @default false */
  readonly stages?: boolean | undefined;
}

export interface TransactionOptions extends WaitOptions {
  /**
   * a crash of the server may undo it though it has succeeded, and nothing is lost by that: what relies on it commits
   * later, and is undone or kept with it. It need not wait for the disk.
   */
  readonly isProvisional?: boolean | undefined;
  /**
   * milliseconds to wait for rows that another transaction has locked, where the database can be told so; then it rejects
   * with RowsLockedError. @default as the database is set up
   */
  readonly lockTimeout?: number | undefined;
}

/** A table with text columns that are keys. */
export interface KeyTable {
  table: Table;
  /** properties of the text columns that must compare exactly */
  textKeys: readonly string[];
}
