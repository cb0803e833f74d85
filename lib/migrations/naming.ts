import type { DataSource } from 'typeorm';

/** An entity at the time of a migration: the name of its class, and the name it gives its table. */
export interface TableName {
  readonly entity: string;
  readonly name: string;
}

/** A column at the time of a migration: its property, and the name it gives its column, if any. */
export interface ColumnName {
  readonly property: string;
  readonly name?: string;
}

/**
 * Returns names of tables, columns and indexes by the data source's `schema`, `entityPrefix` and naming strategy. They
 * are the names that TypeORM's metadata would have, but need no entity.
 */
export class Naming {
  constructor(private readonly dataSource: DataSource) {}

  /** Returns a table's name with its schema: `reports.my_trackstats_run`. */
  table({ entity, name }: TableName): string {
    const { driver, namingStrategy, options } = this.dataSource;
    const own = namingStrategy.tableName(entity, name);
    const { entityPrefix = '', schema } = options as { entityPrefix?: string; schema?: string };
    const prefixed = entityPrefix === '' ? own : namingStrategy.prefixTableName(entityPrefix, own);
    return driver.buildTableName(prefixed, schema);
  }

  column({ property, name }: ColumnName): string {
    return this.dataSource.namingStrategy.columnName(property, name, []);
  }

  index(table: TableName, columns: readonly ColumnName[]): string {
    const names = columns.map((column) => this.column(column));
    return this.dataSource.namingStrategy.indexName(this.table(table), names);
  }

  /** Returns a table's path in SQL. */
  escapedTable(table: TableName): string {
    return this.table(table)
      .split('.')
      .map((part) => this.dataSource.driver.escape(part))
      .join('.');
  }

  /** Returns a column's name in SQL. */
  escapedColumn(column: ColumnName): string {
    return this.dataSource.driver.escape(this.column(column));
  }
}
