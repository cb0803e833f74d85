import type { Dialect } from './dialects/dialect.js';
import { dialectOf, isSupported } from './dialects/dialect.registry.js';
import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';

/** Holds every data source of the application, with that of the statistics first. */
export class DataSources {
  constructor(
    readonly statistics: DataSource,
    private readonly others: () => readonly DataSource[],
  ) {}

  all(): readonly DataSource[] {
    return [this.statistics, ...this.others().filter((dataSource) => dataSource !== this.statistics)];
  }

  /** Returns the data sources that have an entity. */
  having(entity: EntityTarget<ObjectLiteral>): readonly DataSource[] {
    return this.all().filter((dataSource) => dataSource.hasMetadata(entity));
  }

  /** True if an error says that a database was busy or could not be reached. */
  isOutage(error: unknown): boolean {
    return this.dialects().some((dialect) => dialect.isTransient(error) || dialect.isUnavailable(error));
  }

  /** True if an error says that a statement was cancelled, or met a row of another writer. */
  isPassing(error: unknown): boolean {
    return this.dialects().some((dialect) => dialect.isCancelled(error) || dialect.isDuplicateKey(error));
  }

  private dialects(): readonly Dialect[] {
    return [...new Set(this.all().filter(isSupported).map(dialectOf))];
  }

  /** Stops waiting for databases: destroys the connections that the library uses. */
  disconnect(): void {
    for (const dataSource of this.all().filter(isSupported)) dialectOf(dataSource).disconnect(dataSource);
  }

  /** Returns an entity's metadata from the first data source that has it. */
  metadataOf(entity: EntityTarget<ObjectLiteral>): EntityMetadata | undefined {
    return this.having(entity)[0]?.getMetadata(entity);
  }
}
