export type DatabaseKind = 'sqlite' | 'postgres' | 'mariadb';

/** A database that answered when the test run started. */
export interface FoundDatabase {
  kind: DatabaseKind;
  /** The server's name: `SQLite`, `PostgreSQL`, `MariaDB` or `MySQL`. */
  product: string;
  version: string;
  /** The server's address. For SQLite, the run's folder for database files. */
  url: string;
}

export interface TestRun {
  /** The beginning of the name of every database made by this run. */
  prefix: string;
  found: FoundDatabase[];
  missing: { kind: DatabaseKind | 'chromium'; reason: string }[];
  /** Path of the browser, or null if there is none. */
  chromium: string | null;
  /** true if this run has set that MariaDB writes its log once a second */
  commitsLater?: boolean;
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
