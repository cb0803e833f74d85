import type { DataSource, QueryRunner } from 'typeorm';
import { type ColumnName, Naming, type TableName } from './naming.js';

/** A column that a migration adds to a table. */
export type AddedColumn = ColumnName &
  (
    | {
        /** a type name that every supported database accepts */
        readonly type: 'integer' | 'bigint' | 'text' | `varchar(${number})`;
      }
    | { readonly type: 'boolean'; readonly default: boolean }
  );

// ALTER TABLE in SQL, because TypeORM's addColumn copies the whole table on SQLite

/** Adds columns that can be null or have a default, except those that the table has already. */
export async function addColumns(
  runner: QueryRunner,
  table: TableName,
  columns: readonly AddedColumn[],
): Promise<void> {
  const naming = new Naming(runner.dataSource);
  const found = await runner.getTable(naming.table(table));
  for (const column of columns) {
    if (found?.findColumnByName(naming.column(column)) !== undefined) continue;
    const type = 'default' in column ? defaulting(runner.dataSource, column.default) : column.type;
    await runner.query(`ALTER TABLE ${naming.escapedTable(table)} ADD COLUMN ${naming.escapedColumn(column)} ${type}`);
  }
}

/** Returns the type of a boolean column with its default, as `synchronize` writes them. */
function defaulting({ driver }: DataSource, value: boolean): string {
  const given = { default: value } as Parameters<typeof driver.normalizeDefault>[0];
  return `${driver.normalizeType({ type: 'boolean' })} NOT NULL DEFAULT ${String(driver.normalizeDefault(given))}`;
}

/** Removes columns, if the table has them. */
export async function dropColumns(
  runner: QueryRunner,
  table: TableName,
  columns: readonly AddedColumn[],
): Promise<void> {
  const naming = new Naming(runner.dataSource);
  const found = await runner.getTable(naming.table(table));
  for (const column of columns) {
    if (found?.findColumnByName(naming.column(column)) === undefined) continue;
    await runner.query(`ALTER TABLE ${naming.escapedTable(table)} DROP COLUMN ${naming.escapedColumn(column)}`);
  }
}
