import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type AddedColumn, dropColumns } from './added-columns.js';
import type { TableName } from './naming.js';

const ALERT: TableName = { entity: 'TrackstatsAlert', name: 'trackstats_alert' };

const ADDED: readonly AddedColumn[] = [{ property: 'seen', type: 'bigint' }];

/** Adds the time at which an alert was last evaluated, after which those that nobody has any more are removed. */
export class AddTrackstatsAlertSeen1795564810000 implements MigrationInterface {
  readonly name = 'AddTrackstatsAlertSeen1795564810000';

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, ALERT, ADDED);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, ALERT, ADDED);
  }
}
