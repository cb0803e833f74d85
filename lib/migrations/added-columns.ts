import type { QueryRunner } from 'typeorm';
import { type ColumnName, Naming, type TableName } from './naming.js';

/** A column that a migration adds to a table. */
export interface AddedColumn extends ColumnName {
  /** a type name that every supported database accepts */
  readonly type: 'integer' | 'bigint' | 'text' | `varchar(${number})`;
}

// ALTER TABLE in SQL, because TypeORM's addColumn copies the whole table on SQLite

/** Adds columns that can be null, except those that the table has already. */
export async function addColumns(
  runner: QueryRunner,
  table: TableName,
  columns: readonly AddedColumn[],
): Promise<void> {
  const naming = new Naming(runner.dataSource);
  const found = await runner.getTable(naming.table(table));
  for (const column of columns) {
    if (found?.findColumnByName(naming.column(column)) !== undefined) continue;
    await runner.query(
      `ALTER TABLE ${naming.escapedTable(table)} ADD COLUMN ${naming.escapedColumn(column)} ${column.type}`,
    );
  }
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
