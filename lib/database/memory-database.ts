import type { DataSourceOptions } from 'typeorm';

/** An SQLite database in memory, whose tables are created, for tests. */
export const MEMORY_DATABASE = {
  type: 'better-sqlite3',
  database: ':memory:',
  synchronize: true,
} as const satisfies DataSourceOptions;
