export type DatabaseKind = 'sqlite' | 'postgres' | 'mariadb';

/** A database that answered when the test run began. */
export interface FoundDatabase {
  kind: DatabaseKind;
  /** What the server calls itself: `SQLite`, `PostgreSQL`, `MariaDB` or `MySQL`. */
  product: string;
  version: string;
  /** The server's address; of SQLite the run's folder for database files. */
  url: string;
}

export interface TestRun {
  /** The beginning of the name of every database made by this run. */
  prefix: string;
  found: FoundDatabase[];
  missing: { kind: DatabaseKind | 'chromium'; reason: string }[];
  /** Where the browser is; null: there is none. */
  chromium: string | null;
}

export interface ServerConnection {
  query(sql: string): Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

export function connect(kind: 'postgres' | 'mariadb', url: string): Promise<ServerConnection>;
export function atDatabase(url: string, database: string): string;
export function startRun(): Promise<TestRun>;
export function endRun(): Promise<void>;
export function currentRun(): TestRun | undefined;
