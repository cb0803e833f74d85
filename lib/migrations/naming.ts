import type { DataSource } from 'typeorm';

/** The name of an entity at the time of a migration: its class, and the name that it gave its table. */
export interface TableName {
  readonly entity: string;
  readonly name: string;
}

/** The name of a column: its property, and the name that the entity gave it, if any. */
export interface ColumnName {
  readonly property: string;
  readonly name?: string;
}

/**
 * The names that the options of the data source give: `schema`, `entityPrefix` and the naming strategy. They are asked
 * as TypeORM's metadata asks them, so that both come to the same names, and the entities need not be there.
 */
export class Naming {
  constructor(private readonly dataSource: DataSource) {}

  /** a table, with its schema: `reports.my_trackstats_run` */
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

  /** a table's path in SQL */
  escapedTable(table: TableName): string {
    return this.table(table)
      .split('.')
      .map((part) => this.dataSource.driver.escape(part))
      .join('.');
  }

  /** a column in SQL */
  escapedColumn(column: ColumnName): string {
    return this.dataSource.driver.escape(this.column(column));
  }
}
