import type { TestingModule } from '@nestjs/testing';
import { Entity, DataSource } from 'typeorm';
import {
  AbstractStatistic,
  defineDomain,
  defineMetric,
  Dimension,
  InvalidOptionsError,
  MetricService,
  Period,
  StatisticService,
  TrackstatsModule,
  type TrackstatsModuleOptions,
} from 'nestjs-trackstats';
import sql from 'sql-template-tag';
import { DataSources } from '../../lib/database/data-sources.js';
import { Database } from '../../lib/database/database.js';
import { DistributedPostgresSql } from '../../lib/database/dialects/distributed-postgres.sql.js';
import { query } from '../../lib/database/work.js';
import { closeApplications, start } from '../module/application.js';
import { describeOnDatabase, describeOnEachDatabase, type TestDatabase } from '../support/databases.js';

@Entity()
class BySite extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) site!: string;
}

const visits = defineMetric({ domain: defineDomain({ ref: 'distributed' }), ref: 'visits' });

function startOn(database: TestDatabase, trackstats: TrackstatsModuleOptions = {}): Promise<TestingModule> {
  return start({ database: database.options(), imports: [TrackstatsModule.forFeature([BySite])], trackstats });
}

function isDistributed(module: TestingModule): boolean {
  return module.get(Database).dialect instanceof DistributedPostgresSql;
}

describeOnEachDatabase('the option distributed', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.reset();
  });

  if (database.kind === 'postgres') {
    it.each([
      [undefined, false],
      [false, false],
      [true, true],
    ])('%s', async (distributed, expected) => {
      expect(isDistributed(await startOn(database, { distributed }))).toBe(expected);
    });
  } else {
    it('is an error on a database that is not PostgreSQL', async () => {
      const started = startOn(database, { distributed: true });
      await expect(started).rejects.toThrow(InvalidOptionsError);
      await expect(started).rejects.toThrow(/distributed is true\. Expected PostgreSQL; the data source "default"/);
    });

    it('may be false', async () => {
      expect(isDistributed(await startOn(database, { distributed: false }))).toBe(false);
    });
  }
});

describeOnDatabase('postgres', 'a database with the catalog of Citus', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.reset();
  });

  /** Makes what Citus has, in the schema of PostgreSQL's own tables as it does. */
  async function distribute(module: TestingModule, table: string, method = 'h'): Promise<void> {
    const runner = module.get(DataSource).createQueryRunner();
    await runner.query('SET allow_system_table_mods = on');
    await runner.query(
      'CREATE TABLE IF NOT EXISTS pg_catalog.pg_dist_partition (logicalrelid regclass, partmethod "char")',
    );
    await runner.query(`TRUNCATE pg_catalog.pg_dist_partition`);
    await runner.query(`INSERT INTO pg_catalog.pg_dist_partition VALUES ('${table}', '${method}')`);
    await runner.query('RESET allow_system_table_mods');
    await runner.release();
  }

  it.each([
    ['trackstats_statistic_by_date_and_object', 'h', undefined, true],
    ['by_site', 'h', undefined, true],
    ['shop_order', 'a', undefined, true],
    ['shop_order', 'a', false, false],
    // a reference table: each server has all rows
    ['trackstats_metric', 'n', undefined, false],
    ['not_of_an_entity', 'h', undefined, false],
  ])('that has %s by %s, and the option %s', async (table, method, distributed, expected) => {
    const before = await startOn(database);
    expect(isDistributed(before)).toBe(false);
    await before.get(DataSource).query('CREATE TABLE IF NOT EXISTS not_of_an_entity (id integer)');
    await distribute(before, table, method);
    expect(isDistributed(await startOn(database, { distributed }))).toBe(expected);
  });

  it('is left at a shutdown, whatever its statements wait for', async () => {
    const module = await startOn(database, { distributed: true });
    const statement = module.get(Database).read(() => query(sql`SELECT pg_sleep(60)`));
    const refused = expect(statement).rejects.toThrow();
    const running = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`;
    while ((await module.get(DataSource).query<unknown[]>(running)).length === 0);
    module.get(DataSources).disconnect();
    await refused;
  });

  it('removes a metric after its statistics, one table after the other', async () => {
    const module = await startOn(database, { distributed: true });
    const dataSource = module.get(DataSource);
    await module.get(StatisticService).record({
      metric: visits,
      entity: BySite,
      dimensions: { site: 'a' },
      period: Period.DAY,
      value: 1,
      date: '2026-10-30',
    });
    await seeMode(dataSource);
    await module.get(MetricService).remove(visits, { statistics: true });
    expect(await dataSource.query('SELECT mode FROM seen')).toEqual([{ mode: 'sequential' }]);
    expect(await dataSource.query('SELECT 1 FROM by_site')).toEqual([]);
    expect(await dataSource.query(`SELECT current_setting('citus.multi_shard_modify_mode', true) AS mode`)).toEqual([
      { mode: expect.not.stringMatching('sequential') as unknown },
    ]);
  });

  /** Says that the extension is there, and notes its mode when a metric is deleted. */
  async function seeMode(dataSource: DataSource): Promise<void> {
    const runner = dataSource.createQueryRunner();
    await runner.query('SET allow_system_table_mods = on');
    await runner.query(`INSERT INTO pg_extension SELECT 99999, 'citus', extowner, extnamespace, false, '1', NULL, NULL
FROM pg_extension WHERE extname = 'plpgsql'`);
    await runner.query('RESET allow_system_table_mods');
    await runner.query('CREATE TABLE seen (mode text)');
    await runner.query(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO seen VALUES (current_setting('citus.multi_shard_modify_mode', true)); RETURN OLD; END $$`);
    await runner.query('CREATE TRIGGER note BEFORE DELETE ON trackstats_metric FOR EACH ROW EXECUTE FUNCTION note()');
    await runner.release();
  }
});
