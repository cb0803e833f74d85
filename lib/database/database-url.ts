import { existsSync } from 'node:fs';
import type { DataSourceOptions } from 'typeorm';
import { InvalidArgumentError } from '../errors/argument.error.js';

/** Types of TypeORM by the schemes of URLs. */
const TYPES: Readonly<Record<string, 'postgres' | 'mysql' | 'mariadb'>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mariadb',
};

/**
 * Returns the options of a data source without entities, from which another application's tables are read.
 *
 * @param name of the argument, for the message
 * @param given a URL, or the file of a SQLite database
 * @throws InvalidArgumentError for another scheme, and for a file that does not exist
 */
export function dataSourceOptions(name: string, given: string): DataSourceOptions {
  const scheme = /^[a-z0-9+-]+:(?=\/\/)/.exec(given)?.[0];
  const type = scheme === undefined ? undefined : TYPES[scheme];
  if (type !== undefined) return { type, url: given };
  // the given text may contain a password
  const schemes = Object.keys(TYPES).map((one) => `${one}//`);
  const expected = `Expected a URL that begins with ${schemes.join(', ')}, or the file of a SQLite database.`;
  if (scheme !== undefined) throw new InvalidArgumentError(name, `${scheme}//…`, expected);
  if (!existsSync(given)) throw new InvalidArgumentError(name, given, `There is no such file. ${expected}`);
  return { type: 'better-sqlite3', database: given, readonly: true, fileMustExist: true };
}
