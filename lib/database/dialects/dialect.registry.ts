import type { DataSource } from 'typeorm';
import { UnsupportedDatabaseError } from '../../errors/database.error.js';
import type { Dialect } from './dialect.js';
import type { Driver } from './driver.js';
import { MysqlDriver } from './mysql.driver.js';
import { MysqlSql } from './mysql.sql.js';
import { PostgresDriver } from './postgres.driver.js';
import { PostgresSql } from './postgres.sql.js';
import { SqliteDriver } from './sqlite.driver.js';
import { SqliteSql } from './sqlite.sql.js';

const mysql = new MysqlDriver(new MysqlSql());

/** By TypeORM's type of data source. Another database is two files beside this one, and a line here. */
const DRIVERS: Readonly<Record<string, Driver>> = {
  'better-sqlite3': new SqliteDriver(new SqliteSql()),
  postgres: new PostgresDriver(new PostgresSql()),
  mysql,
  mariadb: mysql,
};

/** True if the library supports the database of a data source. */
export function isSupported(dataSource: DataSource): boolean {
  return Object.hasOwn(DRIVERS, dataSource.options.type);
}

/**
 * Returns the driver of a data source.
 *
 * @throws UnsupportedDatabaseError
 */
export function driverOf(dataSource: DataSource): Driver {
  const driver = DRIVERS[dataSource.options.type];
  if (driver === undefined) throw new UnsupportedDatabaseError(dataSource.options.type, Object.keys(DRIVERS));
  return driver;
}

/**
 * Returns the dialect of a data source.
 *
 * @throws UnsupportedDatabaseError
 */
export function dialectOf(dataSource: DataSource): Dialect {
  return driverOf(dataSource).dialect;
}
