import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';

/** Every data source of the application, the one that holds the statistics first. */
export class DataSources {
  constructor(
    readonly statistics: DataSource,
    private readonly others: () => readonly DataSource[],
  ) {}

  all(): readonly DataSource[] {
    return [this.statistics, ...this.others().filter((dataSource) => dataSource !== this.statistics)];
  }

  /** The data sources that know an entity. */
  having(entity: EntityTarget<ObjectLiteral>): readonly DataSource[] {
    return this.all().filter((dataSource) => dataSource.hasMetadata(entity));
  }

  /** An entity's metadata in the first data source that knows it. */
  metadataOf(entity: EntityTarget<ObjectLiteral>): EntityMetadata | undefined {
    return this.having(entity)[0]?.getMetadata(entity);
  }
}
