import { driverOf, isSupported } from './dialects/dialect.registry.js';
import type { Driver } from './dialects/driver.js';
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
    return this.drivers().some((driver) => driver.isTransient(error) || driver.isUnavailable(error));
  }

  /** True if an error says that a statement was cancelled, or met a row of another writer. */
  isPassing(error: unknown): boolean {
    return this.drivers().some((driver) => driver.isCancelled(error) || driver.isDuplicateKey(error));
  }

  private drivers(): readonly Driver[] {
    return [
      ...new Set(
        this.all()
          .filter(isSupported)
          .map((dataSource) => driverOf(dataSource)),
      ),
    ];
  }

  /** Stops waiting for databases: destroys the connections that the library uses. */
  disconnect(): void {
    for (const dataSource of this.all().filter(isSupported)) driverOf(dataSource).disconnect(dataSource);
  }

  /** Returns an entity's metadata from the first data source that has it. */
  metadataOf(entity: EntityTarget<ObjectLiteral>): EntityMetadata | undefined {
    return this.having(entity)[0]?.getMetadata(entity);
  }
}
