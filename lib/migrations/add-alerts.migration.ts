import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { Database } from '../database/database.js';
import { type MigrationTable, tableOptions } from './migration-table.js';
import { Naming } from './naming.js';

const ALERT: MigrationTable = {
  entity: 'TrackstatsAlert',
  name: 'trackstats_alert',
  columns: [
    { property: 'name', type: 'varchar', length: 200, isPrimary: true, isExact: true },
    { property: 'fingerprint', type: 'varchar', length: 64, isPrimary: true, isExact: true },
    { property: 'tracker', type: 'varchar', length: 200, isPrimary: true, isExact: true },
    { property: 'version', type: 'bigint', default: '0' },
    { property: 'status', type: 'varchar', length: 20, default: "'ok'" },
    { property: 'since', type: 'bigint', isNullable: true },
    { property: 'moment', type: 'varchar', length: 40, isNullable: true },
    { property: 'observed', type: 'text', isNullable: true },
    { property: 'crossing', type: 'text', isNullable: true },
    { property: 'until', type: 'bigint', isNullable: true },
    { property: 'attempts', type: 'integer', default: '0' },
    { property: 'error', type: 'text', isNullable: true },
  ],
  withoutRowid: true,
};

/** Creates the table of the state of alerts. */
export class AddTrackstatsAlerts1795564807000 implements MigrationInterface {
  readonly name = 'AddTrackstatsAlerts1795564807000';

  async up(runner: QueryRunner): Promise<void> {
    const naming = new Naming(runner.dataSource);
    const { driver } = new Database(runner.dataSource);
    const exact = await driver.exactCollation((text) => runner.query(text));
    await runner.createTable(new Table(tableOptions(ALERT, naming, exact)), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(new Naming(runner.dataSource).table(ALERT), true);
  }
}
