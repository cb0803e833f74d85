import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type AddedColumn, dropColumns } from './added-columns.js';
import type { TableName } from './naming.js';

const METRIC: TableName = { entity: 'TrackstatsMetric', name: 'trackstats_metric' };

const ADDED: readonly AddedColumn[] = [
  { property: 'unit', type: 'varchar(50)' },
  { property: 'better', type: 'varchar(4)' },
];

/** Adds the unit of a metric, and the direction of a change for the better. */
export class AddTrackstatsMetricUnit1795564803000 implements MigrationInterface {
  readonly name = 'AddTrackstatsMetricUnit1795564803000';

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, METRIC, ADDED);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, METRIC, ADDED);
  }
}
