import { dialectOf, isSupported } from './dialects/dialect.registry.js';
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

  /** Whether an error is a database's that may not come again: it was busy, or could not be reached. */
  isOutage(error: unknown): boolean {
    const dialects = new Set(this.all().filter(isSupported).map(dialectOf));
    return [...dialects].some((dialect) => dialect.isTransient(error) || dialect.isUnavailable(error));
  }

  /** An entity's metadata in the first data source that knows it. */
  metadataOf(entity: EntityTarget<ObjectLiteral>): EntityMetadata | undefined {
    return this.having(entity)[0]?.getMetadata(entity);
  }
}
