import type { TableColumnOptions, TableOptions } from 'typeorm';
import type { Collation } from '../database/dialects/dialect.js';
import type { ColumnName, Naming, TableName } from './naming.js';

/** A column as a migration makes it. */
export interface ColumnShape extends ColumnName {
  readonly type: 'integer' | 'bigint' | 'varchar' | 'text' | 'date' | 'decimal';
  /** of a varchar, in characters */
  readonly length?: number;
  readonly isNullable?: true;
  readonly isPrimary?: true;
  readonly isGenerated?: true;
  /** text that compares byte by byte */
  readonly isExact?: true;
  readonly default?: string;
}

/** A table as a migration makes it. */
export interface TableShape extends TableName {
  readonly columns: readonly ColumnShape[];
  readonly unique?: readonly ColumnShape[];
  readonly index?: readonly ColumnShape[];
  /** a foreign key to the `id` of another table, whose rows it keeps from being deleted */
  readonly reference?: { readonly column: ColumnShape; readonly to: TableShape };
  /** SQLite only: its primary key is the table */
  readonly withoutRowid?: true;
}

const DECIMAL = { precision: 65, scale: 20 };

/** Describes a table as TypeORM makes one. It names keys and indexes by the naming strategy, as `synchronize` does. */
export function tableOptions(shape: TableShape, naming: Naming, exact: Collation | null): TableOptions {
  const { columns, unique, index, reference, withoutRowid = false } = shape;
  const names = (some: readonly ColumnShape[]): string[] => some.map((column) => naming.column(column));
  return {
    name: naming.table(shape),
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
          onDelete: 'RESTRICT',
          onUpdate: 'NO ACTION',
        },
      ],
    }),
  };
}

function columnOptions(column: ColumnShape, naming: Naming, exact: Collation | null): TableColumnOptions {
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
