import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type AddedColumn, dropColumns } from './added-columns.js';
import type { TableName } from './naming.js';

const ALERT: TableName = { entity: 'TrackstatsAlert', name: 'trackstats_alert' };

const ADDED: readonly AddedColumn[] = [{ property: 'crossed', type: 'text' }];

/** Adds the value that changed the status of an alert. */
export class AddTrackstatsAlertCrossing1795564809000 implements MigrationInterface {
  readonly name = 'AddTrackstatsAlertCrossing1795564809000';

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, ALERT, ADDED);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, ALERT, ADDED);
  }
}
