import sql, { raw, type Sql } from 'sql-template-tag';
import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';

/**
 * The names of one entity's table, as the data source's metadata has them (schema, prefix and naming strategy
 * included), escaped by its driver. SQL texts spell no name themselves.
 */
export class Table {
  /** the escaped path, e.g. `"stats"."shop_trackstats_metric"` */
  readonly path: Sql;
  private readonly columns = new Map<string, Sql>();

  constructor(
    readonly metadata: EntityMetadata,
    private readonly escape: (name: string) => string,
    path?: Sql,
  ) {
    this.path = path ?? escapedPath(metadata.tablePath, escape);
  }

  static of(dataSource: DataSource, target: EntityTarget<ObjectLiteral>): Table {
    return new Table(dataSource.getMetadata(target), (name) => dataSource.driver.escape(name));
  }

  /** the same columns of a query in its place, for use in FROM */
  replacedBy(query: Sql): Table {
    return new Table(this.metadata, this.escape, sql`(${query})`);
  }

  /** True if a query is in its place, which no index serves. */
  get isQuery(): boolean {
    return this.path.sql !== escapedPath(this.metadata.tablePath, this.escape).sql;
  }

  /** the escaped column of a property, e.g. `"metric_id"` */
  column(propertyPath: string): Sql {
    let column = this.columns.get(propertyPath);
    if (column === undefined) {
      column = this.columnOf(propertyPath);
      this.columns.set(propertyPath, column);
    }
    return column;
  }

  private columnOf(propertyPath: string): Sql {
    const column = this.metadata.findColumnWithPropertyPath(propertyPath);
    if (column === undefined) throw new TypeError(`${this.metadata.name} has no column for ${propertyPath}`);
    return raw(this.escape(column.databaseName));
  }
}

/** Returns a table's path, escaped part by part. It also works for a table without an entity. */
export function escapedPath(path: string, escape: (name: string) => string): Sql {
  return raw(
    path
      .split('.')
      .map((part) => escape(part))
      .join('.'),
  );
}
