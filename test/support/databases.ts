import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import Sqlite from 'better-sqlite3';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { atDatabase, connect, currentRun } from './servers.js';
import { connectionSettings, type Extra } from './connection-settings.js';
import type { DatabaseKind, FoundDatabase } from './servers.js';

export type { DatabaseKind };

/** Options for every kind of database, and the few options of one kind that specs need. */
export type ExtraOptions = Partial<Omit<DataSourceOptions, 'type' | 'database' | 'driver'>> & {
  /** PostgreSQL only. */
  schema?: string;
  /** MySQL and MariaDB only: how the driver reads `datetime` columns. */
  timezone?: string;
  /** MySQL and MariaDB only: types that the driver returns as text. */
  dateStrings?: boolean | string[];
  /** SQLite only: settings of the connection. */
  prepareDatabase?: (connection: { defaultSafeIntegers(on: boolean): unknown; pragma(text: string): unknown }) => void;
};

/** An empty database that only one spec uses. */
export interface TestDatabase {
  readonly kind: DatabaseKind;
  /** The server's name and version: `PostgreSQL 15.4`. */
  readonly version: string;
  /** Returns options for TypeOrmModule.forRoot or a DataSource. They create the tables, unless `extra` says no. */
  options(extra?: ExtraOptions): DataSourceOptions;
  /** Returns a connected DataSource with its tables created. `reset` and `close` close it. */
  open(extra: ExtraOptions & { entities: NonNullable<DataSourceOptions['entities']> }): Promise<DataSource>;
  /** Creates a schema beside the default one. Does nothing if the database has no schemas. */
  createSchema(name: string): Promise<void>;
  /** Closes what `open` opened and removes every table, so that the next test finds the database empty. */
  reset(): Promise<void>;
  /**
   * Closes what `open` opened and removes every row, for tests that have the same tables: the next one need not create
   * them. Ids begin with 1 again. It takes a tenth of the time of `reset` on MariaDB.
   */
  clear(): Promise<void>;
  /** Closes what `open` opened and removes the database. Called at the end of the spec. */
  close(): Promise<void>;
}

/** Runs a describe on each database that answers, and skips it on the others. `jest -t 'on postgres'` runs it on one. */
export function describeOnEachDatabase(title: string, body: (database: TestDatabase) => void): void {
  const { found, missing, prefix } = runOfSpec();
  for (const server of found) describeOn(server, prefix, title, body);
  // skipped, so that jest does not take their snapshots for those of tests that are gone, and fail
  for (const { kind } of missing) {
    if (kind === 'chromium') continue;
    const absent = testDatabase({ kind, product: '', version: '', url: 'absent://absent' }, prefix);
    describe.skip(`${title} on ${kind}`, () => {
      body(absent);
    });
  }
}

function runOfSpec(): NonNullable<ReturnType<typeof currentRun>> {
  const run = currentRun();
  if (!run) throw new Error('Specs need the global set-up of jest.config.js (test/support/global-setup.js).');
  return run;
}

/**
 * Runs a describe on pairs of databases, each of which is the first of one pair and the second of another: what reads one
 * database knows nothing of what writes the other. A single one is a pair with itself.
 */
export function describeOnPairs(title: string, body: (first: TestDatabase, second: TestDatabase) => void): void {
  const { found, prefix } = runOfSpec();
  for (const [place, server] of found.entries()) {
    const other = found[(place + 1) % found.length] ?? server;
    describeOn(server, prefix, title, (first) => {
      describeOn(other, prefix, 'and a second database', (second) => {
        body(first, second);
      });
    });
  }
}

/** Runs a describe on one kind of database. Skipped if it does not answer. */
export function describeOnDatabase(kind: DatabaseKind, title: string, body: (database: TestDatabase) => void): void {
  const run = currentRun();
  const server = run?.found.find((found) => found.kind === kind);
  if (run === undefined || server === undefined) {
    describe.skip(`${title} on ${kind}`, () => {
      it.todo('is tried where it answers');
    });
  } else describeOn(server, run.prefix, title, body);
}

function describeOn(
  server: FoundDatabase,
  prefix: string,
  title: string,
  body: (database: TestDatabase) => void,
): void {
  const database = testDatabase(server, prefix + randomBytes(5).toString('hex'));
  describe(`${title} on ${server.kind}`, () => {
    beforeAll(() => database.create());
    afterAll(() => database.close());
    body(database);
  });
}

function testDatabase(server: FoundDatabase, name: string): RealDatabase {
  switch (server.kind) {
    case 'sqlite':
      return new SqliteDatabase(server, name);
    case 'postgres':
      return new PostgresDatabase(server, name);
    case 'mariadb':
      return new MariadbDatabase(server, name);
  }
}

/** Returns the entities whose tables have the names and columns that they declare, or null if options change these. */
function plainEntities(extra: ExtraOptions): readonly unknown[] | null {
  const { entities, schema, namingStrategy, entityPrefix, dropSchema } = extra;
  const changes = [schema, namingStrategy, entityPrefix, dropSchema];
  return Array.isArray(entities) && changes.every((option) => option === undefined) ? entities : null;
}

/** Many enough for concurrent work in one spec, few enough for several workers side by side. */
const POOL_SIZE = 4;

abstract class RealDatabase implements TestDatabase {
  private opened: DataSource[] = [];
  /** of which all tables exist as they are declared; null if that is not known */
  private made: readonly unknown[] | null = null;

  constructor(
    protected readonly server: FoundDatabase,
    protected readonly name: string,
  ) {}

  get kind(): DatabaseKind {
    return this.server.kind;
  }

  get version(): string {
    return `${this.server.product} ${this.server.version}`;
  }

  abstract create(): Promise<void>;
  abstract createSchema(name: string): Promise<void>;
  protected abstract address(): DataSourceOptions;
  protected abstract empty(): Promise<void>;
  protected abstract emptyTables(): Promise<void>;
  protected abstract drop(): Promise<void>;

  options(given: ExtraOptions = {}): DataSourceOptions {
    const settings = connectionSettings(this.kind);
    const extra = { ...settings.extra, ...(given.extra as Extra | undefined) };
    const options = [settings.extra?.options, (given.extra as Extra | undefined)?.options].filter(Boolean).join(' ');
    if (options !== '') extra.options = options;
    return { ...this.address(), synchronize: true, ...settings, ...given, extra } as DataSourceOptions;
  }

  async open(extra: ExtraOptions & { entities: NonNullable<DataSourceOptions['entities']> }): Promise<DataSource> {
    const entities = plainEntities(extra);
    const isMade = entities !== null && isDeepStrictEqual(entities, this.made);
    // TypeORM takes 100 ms on PostgreSQL to find that there is nothing to create
    const dataSource = new DataSource(this.options(isMade ? { ...extra, synchronize: false } : extra));
    this.opened.push(dataSource);
    await dataSource.initialize();
    if (dataSource.options.synchronize === true) this.made = entities;
    return dataSource;
  }

  async reset(): Promise<void> {
    await this.closeOpened();
    this.made = null;
    await this.empty();
  }

  async clear(): Promise<void> {
    await this.closeOpened();
    await this.emptyTables();
  }

  async close(): Promise<void> {
    await this.closeOpened();
    await this.drop();
  }

  private async closeOpened(): Promise<void> {
    const opened = this.opened.splice(0);
    await Promise.all(opened.filter(({ isInitialized }) => isInitialized).map((dataSource) => dataSource.destroy()));
  }

  protected async run(url: string, ...statements: string[]): Promise<void> {
    if (this.kind === 'sqlite') return;
    const connection = await connect(this.kind, url);
    try {
      for (const statement of statements) await connection.query(statement);
    } finally {
      await connection.end();
    }
  }
}

/** A file in the run's temporary folder, which is removed with the run. */
class SqliteDatabase extends RealDatabase {
  private readonly file = join(this.server.url, `${this.name}.sqlite`);

  create(): Promise<void> {
    return Promise.resolve();
  }

  createSchema(): Promise<void> {
    return Promise.resolve();
  }

  protected address(): DataSourceOptions {
    return { type: 'better-sqlite3', database: this.file };
  }

  protected empty(): Promise<void> {
    const file = new Sqlite(this.file);
    try {
      file.pragma('foreign_keys = OFF');
      const made = file.prepare<[], { type: string; name: string }>(
        `SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
      );
      for (const { type, name } of made.all()) file.exec(`DROP ${type} "${name}"`);
    } finally {
      file.close();
    }
    return Promise.resolve();
  }

  protected emptyTables(): Promise<void> {
    const file = new Sqlite(this.file);
    try {
      file.pragma('foreign_keys = OFF');
      file.pragma('synchronous = OFF');
      const tables = file
        .prepare<[], string>(
          `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'`,
        )
        .pluck()
        .all();
      file.transaction(() => {
        for (const name of tables) file.exec(`DELETE FROM "${name}"`);
      })();
    } finally {
      file.close();
    }
    return Promise.resolve();
  }

  protected drop(): Promise<void> {
    return Promise.resolve();
  }
}

class PostgresDatabase extends RealDatabase {
  // template0, because nobody can be connected to it, so that workers can create databases at the same time
  create(): Promise<void> {
    return this.run(
      this.server.url,
      `CREATE DATABASE ${this.name} TEMPLATE template0`,
      `ALTER DATABASE ${this.name} SET synchronous_commit = off`, // no spec needs a commit to survive the server
    );
  }

  createSchema(name: string): Promise<void> {
    return this.run(atDatabase(this.server.url, this.name), `CREATE SCHEMA "${name}"`);
  }

  protected address(): DataSourceOptions {
    return { type: 'postgres', ...credentials(this.server.url), database: this.name, poolSize: POOL_SIZE };
  }

  protected empty(): Promise<void> {
    return this.run(
      atDatabase(this.server.url, this.name),
      `SET lock_timeout = '10s'`, // a transaction that a test left open is an error, not a wait
      `SET client_min_messages = warning`,
      `DO $$
      DECLARE made text;
      BEGIN
        FOR made IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' LOOP
          EXECUTE format('DROP SCHEMA %I CASCADE', made);
        END LOOP;
      END $$`,
      'CREATE SCHEMA public',
    );
  }

  // TRUNCATE would make files for each table and index: 50 ms instead of 2
  protected emptyTables(): Promise<void> {
    return this.run(
      atDatabase(this.server.url, this.name),
      `SET lock_timeout = '10s'`,
      `SET session_replication_role = replica`,
      `DO $$
      DECLARE made record;
      BEGIN
        FOR made IN SELECT schemaname, tablename FROM pg_tables
        WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema' LOOP
          EXECUTE format('DELETE FROM %I.%I', made.schemaname, made.tablename);
        END LOOP;
        PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
      END $$`,
    );
  }

  protected drop(): Promise<void> {
    return this.run(this.server.url, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }
}

class MariadbDatabase extends RealDatabase {
  // the loose collation that servers have by default; keys must compare exactly despite it
  create(): Promise<void> {
    return this.run(this.server.url, `CREATE DATABASE ${this.name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  }

  createSchema(): Promise<void> {
    return Promise.resolve();
  }

  protected address(): DataSourceOptions {
    return {
      type: this.server.product === 'MySQL' ? 'mysql' : 'mariadb',
      ...credentials(this.server.url),
      database: this.name,
      poolSize: POOL_SIZE,
    };
  }

  protected async empty(): Promise<void> {
    await this.drop();
    await this.create();
  }

  // TRUNCATE would make a file for each table
  protected async emptyTables(): Promise<void> {
    const connection = await connect('mariadb', atDatabase(this.server.url, this.name));
    try {
      await connection.query('SET foreign_key_checks = 0, lock_wait_timeout = 10, innodb_lock_wait_timeout = 10');
      const tables = await connection.query(
        `SELECT table_name AS name, auto_increment AS next FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`,
      );
      for (const { name, next } of tables) {
        await connection.query(`DELETE FROM \`${String(name)}\``);
        if (Number(next ?? 1) > 1) await connection.query(`ALTER TABLE \`${String(name)}\` AUTO_INCREMENT = 1`);
      }
    } finally {
      await connection.end();
    }
  }

  protected drop(): Promise<void> {
    return this.run(this.server.url, 'SET lock_wait_timeout = 10', `DROP DATABASE IF EXISTS ${this.name}`);
  }
}

function credentials(url: string): { host: string; port?: number; username: string; password?: string } {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname,
    username: decodeURIComponent(username),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}
