import type { MigrationInterface } from 'typeorm';
import { AddTrackstatsRunState1795564801000 } from './add-run-state.migration.js';
import { CreateTrackstatsTables1795564800000 } from './create-tables.migration.js';

/**
 * The migrations that make the library's tables, for an application without `synchronize`; they run on every database,
 * under the data source's `schema`, `entityPrefix` and naming strategy. Tables of custom statistics are not theirs.
 *
 * @example
 * ```ts
 * TypeOrmModule.forRoot({ …, migrations: [...trackstatsMigrations, …], migrationsRun: true })
 * ```
 */
export const trackstatsMigrations: (new () => MigrationInterface)[] = [
  CreateTrackstatsTables1795564800000,
  AddTrackstatsRunState1795564801000,
];
