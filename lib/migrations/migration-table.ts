import type { TableColumnOptions, TableOptions } from 'typeorm';
import type { Collation } from '../database/dialects/driver.js';
import type { ColumnName, Naming, TableName } from './naming.js';

/** A column that a migration creates. */
export interface MigrationColumn extends ColumnName {
  readonly type: 'integer' | 'bigint' | 'varchar' | 'text' | 'date' | 'decimal';
  /** length of a varchar, in characters */
  readonly length?: number;
  readonly isNullable?: true;
  readonly isPrimary?: true;
  readonly isGenerated?: true;
  /** text that compares byte by byte */
  readonly isExact?: true;
  readonly default?: string;
}

/** A table that a migration creates. */
export interface MigrationTable extends TableName {
  readonly columns: readonly MigrationColumn[];
  readonly unique?: readonly MigrationColumn[];
  readonly index?: readonly MigrationColumn[];
  /**
   * a foreign key to the `id` of another table, whose rows cannot be deleted while it refers to them (RESTRICT), or
   * take the rows that refer to them along
   */
  readonly reference?: {
    readonly column: MigrationColumn;
    readonly to: MigrationTable;
    /** @default 'RESTRICT' */
    readonly onDelete?: 'CASCADE';
  };
  /** SQLite only: the table is stored in its primary key */
  readonly withoutRowid?: true;
}

const DECIMAL = { precision: 65, scale: 20 };

/** Returns a table in TypeORM's form. Its keys and indexes have the names that `synchronize` gives them. */
export function tableOptions(table: MigrationTable, naming: Naming, exact: Collation | null): TableOptions {
  const { columns, unique, index, reference, withoutRowid = false } = table;
  const names = (some: readonly MigrationColumn[]): string[] => some.map((column) => naming.column(column));
  return {
    name: naming.table(table),
    columns: columns.map((column) => columnOptions(column, naming, exact)),
    withoutRowid,
    ...(unique && { uniques: [{ columnNames: names(unique) }] }),
    ...(index && { indices: [{ columnNames: names(index) }] }),
    ...(reference && {
      foreignKeys: [
        {
          columnNames: names([reference.column]),
          referencedTableName: naming.table(reference.to),
          referencedColumnNames: names(reference.to.columns.filter(({ isGenerated }) => isGenerated)),
          onDelete: reference.onDelete ?? 'RESTRICT',
          onUpdate: 'NO ACTION',
        },
      ],
    }),
  };
}

function columnOptions(column: MigrationColumn, naming: Naming, exact: Collation | null): TableColumnOptions {
  const { type, length, isNullable = false, isPrimary = false, isGenerated = false, isExact = false } = column;
  return {
    name: naming.column(column),
    type,
    isNullable,
    isPrimary,
    ...(isGenerated && { isGenerated, generationStrategy: 'increment' as const }),
    ...(length !== undefined && { length: String(length) }),
    ...(type === 'decimal' && DECIMAL),
    ...(column.default !== undefined && { default: column.default }),
    ...(isExact && exact),
  };
}
