import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { Database } from '../database/database.js';
import { type MigrationColumn, type MigrationTable, tableOptions } from './migration-table.js';
import { Naming } from './naming.js';

const DOMAIN: MigrationTable = {
  entity: 'TrackstatsDomain',
  name: 'trackstats_domain',
  columns: [{ property: 'id', type: 'integer', isPrimary: true, isGenerated: true }],
};

const DATE: MigrationColumn = { property: 'date', type: 'date' };
const DOMAIN_ID: MigrationColumn = { property: 'domain', name: 'domain_id', type: 'integer', isNullable: true };

const ANNOTATION: MigrationTable = {
  entity: 'TrackstatsAnnotation',
  name: 'trackstats_annotation',
  columns: [
    { property: 'id', type: 'varchar', length: 32, isPrimary: true, isExact: true },
    DATE,
    { property: 'at', name: 'happened_at', type: 'bigint', isNullable: true },
    { property: 'text', type: 'varchar', length: 500, isExact: true },
    { property: 'key', name: 'event_key', type: 'varchar', length: 255, isExact: true },
    DOMAIN_ID,
  ],
  index: [DATE],
  reference: { column: DOMAIN_ID, to: DOMAIN, onDelete: 'CASCADE' },
  withoutRowid: true,
};

/** Creates the table of annotations. */
export class AddTrackstatsAnnotations1795564806000 implements MigrationInterface {
  readonly name = 'AddTrackstatsAnnotations1795564806000';

  async up(runner: QueryRunner): Promise<void> {
    const naming = new Naming(runner.dataSource);
    const { driver } = new Database(runner.dataSource);
    const exact = await driver.exactCollation((text) => runner.query(text));
    await runner.createTable(new Table(tableOptions(ANNOTATION, naming, exact)), true);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(new Naming(runner.dataSource).table(ANNOTATION), true);
  }
}
