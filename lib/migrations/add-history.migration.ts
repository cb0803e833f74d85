import type { MigrationInterface, QueryRunner } from 'typeorm';
import { type AddedColumn, addColumns, dropColumns } from './added-columns.js';
import type { TableName } from './naming.js';

const COVERAGE: TableName = { entity: 'TrackstatsCoverage', name: 'trackstats_coverage' };
const TRACKER: TableName = { entity: 'TrackstatsTrackerState', name: 'trackstats_tracker' };

const ADDED: readonly (readonly [TableName, readonly AddedColumn[]])[] = [
  [
    COVERAGE,
    [
      { property: 'isWhole', name: 'is_whole', type: 'integer' },
      { property: 'drift', type: 'text' },
    ],
  ],
  [
    TRACKER,
    [
      { property: 'scrubbedThrough', name: 'scrubbed_through', type: 'varchar(10)' },
      { property: 'scrubbedAt', name: 'scrubbed_at', type: 'bigint' },
    ],
  ],
];

/** Adds what a tracker knows of the past: where LIFETIME and the days went apart, and how far it has compared them. */
export class AddTrackstatsHistory1795564804000 implements MigrationInterface {
  readonly name = 'AddTrackstatsHistory1795564804000';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of ADDED) await addColumns(runner, table, columns);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of ADDED) await dropColumns(runner, table, columns);
  }
}
