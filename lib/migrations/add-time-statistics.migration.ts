import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { Database } from '../database/database.js';
import { type MigrationColumn, type MigrationTable, tableOptions } from './migration-table.js';
import { Naming } from './naming.js';

const METRIC: MigrationTable = {
  entity: 'TrackstatsMetric',
  name: 'trackstats_metric',
  columns: [{ property: 'id', type: 'integer', isPrimary: true, isGenerated: true }],
};

const METRIC_ID: MigrationColumn = { property: 'metricId', name: 'metric_id', type: 'integer', isPrimary: true };
const PERIOD: MigrationColumn = { property: 'period', type: 'integer', isPrimary: true };
const START: MigrationColumn = { property: 'start', type: 'bigint', isPrimary: true };
const VALUE: MigrationColumn = { property: 'value', type: 'decimal', isNullable: true };

const TABLES: readonly MigrationTable[] = [
  {
    entity: 'TrackstatsStatisticByTime',
    name: 'trackstats_statistic_by_time',
    columns: [METRIC_ID, PERIOD, START, VALUE],
    reference: { column: METRIC_ID, to: METRIC },
    withoutRowid: true,
  },
  {
    entity: 'TrackstatsStatisticByTimeAndObject',
    name: 'trackstats_statistic_by_time_and_object',
    columns: [
      METRIC_ID,
      PERIOD,
      { property: 'objectType', name: 'object_type', type: 'varchar', length: 100, isPrimary: true, isExact: true },
      { property: 'objectId', name: 'object_id', type: 'varchar', length: 255, isPrimary: true, isExact: true },
      START,
      VALUE,
    ],
    index: [METRIC_ID, PERIOD, START],
    reference: { column: METRIC_ID, to: METRIC },
    withoutRowid: true,
  },
];

/** Creates the tables of the periods of less than a day. */
export class AddTrackstatsTimeStatistics1795564805000 implements MigrationInterface {
  readonly name = 'AddTrackstatsTimeStatistics1795564805000';

  async up(runner: QueryRunner): Promise<void> {
    const naming = new Naming(runner.dataSource);
    const { driver } = new Database(runner.dataSource);
    const exact = await driver.exactCollation((text) => runner.query(text));
    for (const table of TABLES) await runner.createTable(new Table(tableOptions(table, naming, exact)), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    const naming = new Naming(runner.dataSource);
    for (const table of TABLES.toReversed()) await runner.dropTable(naming.table(table), true);
  }
}
