import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type AddedColumn, dropColumns } from './added-columns.js';
import type { TableName } from './naming.js';

const RUN: TableName = { entity: 'TrackstatsTrackerRun', name: 'trackstats_run' };

const ADDED: readonly AddedColumn[] = [{ property: 'triggeredBy', name: 'triggered_by', type: 'varchar(40)' }];

/** Adds what asked for a run. */
export class AddTrackstatsRunTrigger1795564808000 implements MigrationInterface {
  readonly name = 'AddTrackstatsRunTrigger1795564808000';

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, RUN, ADDED);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, RUN, ADDED);
  }
}
