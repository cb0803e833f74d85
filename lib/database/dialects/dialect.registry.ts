import type { DataSource } from 'typeorm';
import { UnsupportedDatabaseError } from '../../errors/database.error.js';
import type { Dialect } from './dialect.js';
import { DistributedPostgresDriver } from './distributed-postgres.driver.js';
import { DistributedPostgresSql } from './distributed-postgres.sql.js';
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

/** The same, of databases whose tables may be distributed over several servers. */
const DISTRIBUTED: Readonly<Record<string, Driver>> = {
  postgres: new DistributedPostgresDriver(new DistributedPostgresSql()),
};

/** True if the library supports the database of a data source. */
export function isSupported(dataSource: DataSource): boolean {
  return Object.hasOwn(DRIVERS, dataSource.options.type);
}

/** True if the library knows tables of a data source's database that are distributed over several servers. */
export function mayBeDistributed(dataSource: DataSource): boolean {
  return Object.hasOwn(DISTRIBUTED, dataSource.options.type);
}

/**
 * Returns the driver of a data source.
 *
 * @param isDistributed true if its tables may be distributed
 * @throws UnsupportedDatabaseError
 */
export function driverOf({ options: { type } }: DataSource, isDistributed = false): Driver {
  const driver = (isDistributed ? DISTRIBUTED[type] : undefined) ?? DRIVERS[type];
  if (driver === undefined) throw new UnsupportedDatabaseError(type, Object.keys(DRIVERS));
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
