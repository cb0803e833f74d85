import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { Database } from '../database/database.js';
import { TableConflictError } from '../errors/database.error.js';
import { Naming } from './naming.js';
import { type MigrationColumn, tableOptions, type MigrationTable } from './migration-table.js';

const ID: MigrationColumn = { property: 'id', type: 'integer', isPrimary: true, isGenerated: true };
const REF: MigrationColumn = { property: 'ref', type: 'varchar', length: 100, isExact: true };
const NAME: MigrationColumn = { property: 'name', type: 'varchar', length: 255 };

const DOMAIN: MigrationTable = {
  entity: 'TrackstatsDomain',
  name: 'trackstats_domain',
  columns: [ID, REF, NAME],
  unique: [REF],
};

const DOMAIN_ID: MigrationColumn = { property: 'domain', name: 'domain_id', type: 'integer' };

const METRIC: MigrationTable = {
  entity: 'TrackstatsMetric',
  name: 'trackstats_metric',
  columns: [ID, REF, NAME, { property: 'description', type: 'text', isNullable: true }, DOMAIN_ID],
  unique: [DOMAIN_ID, REF],
  reference: { column: DOMAIN_ID, to: DOMAIN },
};

const METRIC_ID: MigrationColumn = { property: 'metricId', name: 'metric_id', type: 'integer', isPrimary: true };
const PERIOD: MigrationColumn = { property: 'period', type: 'integer', isPrimary: true };
const DATE: MigrationColumn = { property: 'date', type: 'date', isPrimary: true };
const VALUE: MigrationColumn = { property: 'value', type: 'decimal', isNullable: true };

const STATISTIC_BY_DATE: MigrationTable = {
  entity: 'TrackstatsStatisticByDate',
  name: 'trackstats_statistic_by_date',
  columns: [METRIC_ID, PERIOD, DATE, VALUE],
  reference: { column: METRIC_ID, to: METRIC },
  withoutRowid: true,
};

const STATISTIC_BY_DATE_AND_OBJECT: MigrationTable = {
  entity: 'TrackstatsStatisticByDateAndObject',
  name: 'trackstats_statistic_by_date_and_object',
  columns: [
    METRIC_ID,
    PERIOD,
    { property: 'objectType', name: 'object_type', type: 'varchar', length: 100, isPrimary: true, isExact: true },
    { property: 'objectId', name: 'object_id', type: 'varchar', length: 255, isPrimary: true, isExact: true },
    DATE,
    VALUE,
  ],
  index: [METRIC_ID, PERIOD, DATE],
  reference: { column: METRIC_ID, to: METRIC },
  withoutRowid: true,
};

const COVERAGE: MigrationTable = {
  entity: 'TrackstatsCoverage',
  name: 'trackstats_coverage',
  columns: [
    METRIC_ID,
    PERIOD,
    { property: 'scope', type: 'varchar', length: 400, isPrimary: true, isExact: true },
    { property: 'from', name: 'from_date', type: 'date', isNullable: true },
    { property: 'through', name: 'through_date', type: 'date', isNullable: true },
    { property: 'timeZone', name: 'time_zone', type: 'varchar', length: 100 },
    { property: 'kind', type: 'varchar', length: 20 },
    { property: 'fingerprint', type: 'varchar', length: 64 },
    { property: 'computedAt', name: 'computed_at', type: 'bigint', isNullable: true },
  ],
  withoutRowid: true,
};

const TRACKER: MigrationTable = {
  entity: 'TrackstatsTrackerState',
  name: 'trackstats_tracker',
  columns: [
    { property: 'name', type: 'varchar', length: 200, isPrimary: true, isExact: true },
    { property: 'owner', type: 'varchar', length: 255, isNullable: true },
    { property: 'fence', type: 'bigint', default: '0' },
    { property: 'until', type: 'bigint', isNullable: true },
    { property: 'slot', type: 'bigint', isNullable: true },
  ],
  withoutRowid: true,
};

const RUN_TRACKER: MigrationColumn = { property: 'tracker', type: 'varchar', length: 200, isExact: true };
const STARTED_AT: MigrationColumn = { property: 'startedAt', name: 'started_at', type: 'bigint' };

const RUN: MigrationTable = {
  entity: 'TrackstatsTrackerRun',
  name: 'trackstats_run',
  columns: [
    ID,
    RUN_TRACKER,
    { property: 'slot', type: 'bigint', isNullable: true },
    { property: 'status', type: 'varchar', length: 20 },
    { property: 'attempt', type: 'integer' },
    STARTED_AT,
    { property: 'finishedAt', name: 'finished_at', type: 'bigint', isNullable: true },
    { property: 'from', name: 'from_date', type: 'varchar', length: 10, isNullable: true },
    { property: 'through', name: 'through_date', type: 'varchar', length: 10, isNullable: true },
    { property: 'written', type: 'bigint' },
    { property: 'removed', type: 'bigint' },
    { property: 'error', type: 'text', isNullable: true },
    { property: 'host', type: 'varchar', length: 255 },
  ],
  index: [RUN_TRACKER, STARTED_AT],
};

const TABLES = [DOMAIN, METRIC, STATISTIC_BY_DATE, STATISTIC_BY_DATE_AND_OBJECT, COVERAGE, TRACKER, RUN];

/** Creates the seven tables. Keeps those that `synchronize` or an interrupted migration has created. */
export class CreateTrackstatsTables1795564800000 implements MigrationInterface {
  // a bundler may rename the class, and TypeORM stores migrations by name
  readonly name = 'CreateTrackstatsTables1795564800000';

  async up(runner: QueryRunner): Promise<void> {
    const naming = new Naming(runner.dataSource);
    const exact = await new Database(runner.dataSource).driver.exactCollation((text) => runner.query(text));
    for (const table of TABLES) {
      const created = new Table(tableOptions(table, naming, exact));
      const found = await runner.getTable(created.name);
      if (found === undefined) await runner.createTable(created);
      else this.checkColumns(found, created);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    const naming = new Naming(runner.dataSource);
    for (const table of TABLES.toReversed()) await runner.dropTable(naming.table(table), true);
  }

  private checkColumns(found: Table, created: Table): void {
    const missing = created.columns
      .map(({ name }) => name)
      .filter((name) => found.findColumnByName(name) === undefined);
    if (missing.length > 0) throw new TableConflictError(created.name, missing, this.name);
  }
}
