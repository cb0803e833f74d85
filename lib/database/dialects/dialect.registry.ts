import type { DataSource } from 'typeorm';
import { UnsupportedDatabaseError } from '../../errors/database.error.js';
import type { Dialect } from './dialect.js';
import { MysqlDialect } from './mysql.dialect.js';
import { PostgresDialect } from './postgres.dialect.js';
import { SqliteDialect } from './sqlite.dialect.js';

const mysql = new MysqlDialect();

/** The dialects by TypeORM's type of data source: a further database is a file beside this one and a line here. */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  'better-sqlite3': new SqliteDialect(),
  postgres: new PostgresDialect(),
  mysql,
  mariadb: mysql,
};

/** True if there is a dialect for a data source. */
export function isSupported(dataSource: DataSource): boolean {
  return Object.hasOwn(DIALECTS, dataSource.options.type);
}

/**
 * The dialect of a data source.
 *
 * @throws UnsupportedDatabaseError
 */
export function dialectOf(dataSource: DataSource): Dialect {
  const dialect = DIALECTS[dataSource.options.type];
  if (dialect === undefined) throw new UnsupportedDatabaseError(dataSource.options.type, Object.keys(DIALECTS));
  return dialect;
}
