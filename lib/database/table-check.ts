import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import { MissingTableError } from '../errors/database.error.js';
import type { Database } from './database.js';

/**
 * Checks that the tables of entities are there, with all their columns. One statement, as applications start often;
 * only where it fails the schema is looked at.
 *
 * @throws MissingTableError
 */
export async function checkTables(database: Database, entities: readonly EntityTarget<ObjectLiteral>[]): Promise<void> {
  const { dataSource } = database;
  const tables = entities.map((entity) => database.table(entity));
  const reads = tables.map(({ metadata, path }, place) => {
    const columns = metadata.columns.map(({ databaseName }) => dataSource.driver.escape(databaseName));
    return `SELECT 1 AS found FROM (SELECT ${columns.join(', ')} FROM ${path.sql} WHERE 1 = 0) t${place}`;
  });
  try {
    await dataSource.query(reads.join('\nUNION ALL\n'));
  } catch (error) {
    const missing = await missingFrom(
      dataSource,
      tables.map(({ metadata }) => metadata),
    );
    if (missing.length === 0) throw error;
    throw new MissingTableError(missing, database.name, { cause: error });
  }
}

/** Returns the tables that are missing, and `table.column` for those that lack columns. */
async function missingFrom(dataSource: DataSource, tables: readonly EntityMetadata[]): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    const missing: string[] = [];
    for (const { tablePath, columns } of tables) {
      const found = await runner.getTable(tablePath);
      const names = columns.map(({ databaseName }) => databaseName);
      if (found === undefined) missing.push(tablePath);
      else missing.push(...names.filter((name) => !found.findColumnByName(name)).map((name) => `${tablePath}.${name}`));
    }
    return missing;
  } finally {
    await runner.release();
  }
}
