import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, type AddedColumn, dropColumns } from './added-columns.js';
import type { TableName } from './naming.js';

const METRIC: TableName = { entity: 'TrackstatsMetric', name: 'trackstats_metric' };

const ADDED: readonly AddedColumn[] = [{ property: 'gauge', type: 'boolean', default: false }];

/** Adds the mark of metrics whose values are levels. Those that are stored already have none. */
export class AddTrackstatsMetricGauge1795564811000 implements MigrationInterface {
  readonly name = 'AddTrackstatsMetricGauge1795564811000';

  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, METRIC, ADDED);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropColumns(runner, METRIC, ADDED);
  }
}
