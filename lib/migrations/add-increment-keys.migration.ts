import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { Database } from '../database/database.js';
import { type MigrationTable, tableOptions } from './migration-table.js';
import { Naming } from './naming.js';

const COUNTED_AT = { property: 'countedAt', name: 'counted_at', type: 'bigint' } as const;

const INCREMENT_KEY: MigrationTable = {
  entity: 'TrackstatsIncrementKey',
  name: 'trackstats_increment_key',
  columns: [
    { property: 'metricId', name: 'metric_id', type: 'integer', isPrimary: true },
    { property: 'period', type: 'integer', isPrimary: true },
    { property: 'key', name: 'event_key', type: 'varchar', length: 255, isPrimary: true, isExact: true },
    { property: 'scope', type: 'varchar', length: 400, isExact: true },
    { property: 'cell', type: 'varchar', length: 64 },
    { property: 'date', name: 'counted_on', type: 'varchar', length: 10 },
    { property: 'amount', type: 'varchar', length: 100 },
    { property: 'batch', type: 'bigint' },
    COUNTED_AT,
  ],
  index: [COUNTED_AT],
  withoutRowid: true,
};

/** Creates the table of the keys under which increments are counted once. */
export class AddTrackstatsIncrementKeys1795564802000 implements MigrationInterface {
  readonly name = 'AddTrackstatsIncrementKeys1795564802000';

  async up(runner: QueryRunner): Promise<void> {
    const naming = new Naming(runner.dataSource);
    const { driver } = new Database(runner.dataSource);
    const exact = await driver.exactCollation((text) => runner.query(text));
    await runner.createTable(new Table(tableOptions(INCREMENT_KEY, naming, exact)), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(new Naming(runner.dataSource).table(INCREMENT_KEY), true);
  }
}
