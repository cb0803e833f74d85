import { DefaultNamingStrategy, Entity, type DataSource, type QueryRunner, type Table } from 'typeorm';
import {
  AbstractStatistic,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Dimension,
  Domain,
  Metric,
  objectRef,
  Period,
  StatisticByDateAndObject,
  StatisticService,
  TableConflictError,
  Track,
  TRACKSTATS_ENTITIES,
  TrackerService,
  trackstatsMigrations,
} from 'nestjs-trackstats';
import { prepareAlertTable } from '../../lib/alerts/alert.entity.js';
import { Database } from '../../lib/database/database.js';
import { prepareAnnotationTable } from '../../lib/annotations/annotation.entity.js';
import { prepareRunTables } from '../../lib/execution/run-tables.js';
import { TrackerRunRecord } from '../../lib/execution/run-tables.js';
import { prepareStatisticTables } from '../../lib/statistics/tables/statistic-table.js';
import { at, closeApplications, Customer, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase, type ExtraOptions } from '../support/databases.js';
import { EARLIER_TABLES } from './fixtures/earlier-tables.js';

/** It makes every name but those that a column was given, as TypeORM needs these for relations that are keys. */
class Renaming extends DefaultNamingStrategy {
  override tableName(target: string, given: string | undefined): string {
    return `t_${super.tableName(target, given)}`;
  }

  override columnName(property: string, given: string | undefined, prefixes: string[]): string {
    return given ?? `c_${super.columnName(property, '', prefixes)}`.toUpperCase();
  }

  override joinColumnName(relation: string, column: string): string {
    return `j_${relation}_${column}`;
  }

  override indexName(table: Table | string, columns: string[], where?: string): string {
    return super.indexName(table, columns, where).replace('IDX', 'i');
  }
}

const MIGRATED = {
  entities: TRACKSTATS_ENTITIES as never,
  synchronize: false,
  migrations: trackstatsMigrations,
} as const;

const shop = defineDomain({ ref: 'shop' });
const metric = defineMetric({ domain: shop, ref: 'orders' });
const STOCK = defineMetric({ domain: shop, ref: 'stock' });

@Entity()
class OrdersByRegion extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
}

@Track({ metric, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME] })
class Orders extends CountObjectsByDateTracker {}

/** What the start of an application does to the keys that `synchronize` made. */
async function prepareKeys(dataSource: DataSource): Promise<void> {
  const database = new Database(dataSource);
  await prepareStatisticTables(database);
  await prepareAnnotationTable(database);
  await prepareRunTables(database);
  await prepareAlertTable(database);
}

/** What `synchronize` would still have to do. */
async function pending(dataSource: DataSource): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

/** The tables, keys and indexes that are there, by their names, in an order that does not matter. */
async function schemaOf(dataSource: DataSource): Promise<unknown> {
  const runner = dataSource.createQueryRunner();
  try {
    const tables = await runner.getTables(dataSource.entityMetadatas.map(({ tablePath }) => tablePath));
    const keys = new Map<string, string[]>();
    for (const table of tables) keys.set(table.name, await primaryKeyOf(runner, table));
    return tables
      .map((table) => ({
        name: table.name,
        withoutRowid: table.withoutRowid,
        primary: keys.get(table.name),
        columns: table.columns.map((column) => Object.fromEntries(Object.entries(column))).sort(byName),
        indices: table.indices.map(({ name, columnNames, isUnique }) => ({ name, columnNames, isUnique })).sort(byName),
        uniques: table.uniques.map(({ name, columnNames }) => ({ name, columnNames })).sort(byName),
        foreignKeys: table.foreignKeys.map((key) => Object.fromEntries(Object.entries(key))).sort(byName),
      }))
      .sort(byName);
  } finally {
    await runner.release();
  }
}

/** The columns of a primary key in its order. TypeORM reads them from PostgreSQL in any order, and from version 18 on it varies. */
async function primaryKeyOf(runner: QueryRunner, table: Table): Promise<string[]> {
  if (runner.dataSource.driver.options.type !== 'postgres') return table.primaryColumns.map(({ name }) => name);
  const columns: { name: string }[] = await runner.query(
    `SELECT attname AS name FROM pg_index, unnest(indkey) WITH ORDINALITY AS key (number, place), pg_attribute
      WHERE indrelid = $1::regclass AND indisprimary AND attrelid = indrelid AND attnum = key.number ORDER BY place`,
    [
      table.name
        .split('.')
        .map((part) => runner.dataSource.driver.escape(part))
        .join('.'),
    ],
  );
  return columns.map(({ name }) => name);
}

function byName(a: { name?: string }, b: { name?: string }): number {
  return String(a.name) < String(b.name) ? -1 : 1;
}

async function tablesLeft(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    const left: string[] = [];
    // one after the other: the runner has one connection
    for (const { tablePath } of dataSource.entityMetadatas) {
      const table = await runner.getTable(tablePath);
      if (table !== undefined) left.push(table.name);
    }
    return left;
  } finally {
    await runner.release();
  }
}

describeOnEachDatabase('migrations', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.reset();
  });

  const places: [string, ExtraOptions][] = [
    ['as they are', {}],
    ['under an entityPrefix', { entityPrefix: 'my_' }],
    ['under a naming strategy', { namingStrategy: new Renaming() }],
    ...(database.kind === 'postgres'
      ? ([
          ['in another schema', { schema: 'reports' }],
          ['in another schema under an entityPrefix', { schema: 'reports', entityPrefix: 'my_' }],
        ] as [string, ExtraOptions][])
      : []),
  ];

  describe.each(places)('%s', (_, place) => {
    beforeEach(() => database.createSchema('reports'));

    it('make the tables that synchronize makes, and leave it nothing to do', async () => {
      const synchronized = await database.open({ entities: MIGRATED.entities, ...place });
      await prepareKeys(synchronized);
      const expected = await schemaOf(synchronized);
      await database.reset();

      await database.createSchema('reports');
      const migrated = await database.open({ ...MIGRATED, ...place });
      const made = await migrated.runMigrations();
      expect(made.map(({ name }) => name)).toEqual(trackstatsMigrations.map(({ name }) => name));
      expect(await pending(migrated)).toEqual([]);
      expect(await schemaOf(migrated)).toEqual(expected);
      expect(await migrated.runMigrations()).toEqual([]);
    });

    it('are reversible', async () => {
      const dataSource = await database.open({ ...MIGRATED, ...place });
      await dataSource.runMigrations();
      const made = await schemaOf(dataSource);
      await dataSource.undoLastMigration();
      expect(await pending(dataSource)).not.toEqual([]);
      await dataSource.runMigrations();
      expect(await schemaOf(dataSource)).toEqual(made);
      for (let left = trackstatsMigrations.length; left > 0; left--) await dataSource.undoLastMigration();
      expect(await tablesLeft(dataSource)).toEqual([]);
      await dataSource.runMigrations({ transaction: 'each' });
      expect(await schemaOf(dataSource)).toEqual(made);
    });

    it('change nothing where synchronize has made the tables', async () => {
      const dataSource = await database.open({ ...MIGRATED, synchronize: true, ...place });
      await dataSource.getRepository(Domain).insert({ ref: 'kept', name: 'Kept' });
      const before = await schemaOf(dataSource);
      await dataSource.runMigrations({ transaction: 'none' });
      expect(await schemaOf(dataSource)).toEqual(before);
      expect(await pending(dataSource)).toEqual([]);
      expect(await dataSource.getRepository(Domain).count()).toBe(1);
    });
  });

  it('bring earlier tables up to date, with all that is in them', async () => {
    const dataSource = await database.open(MIGRATED);
    for (const statement of EARLIER_TABLES[database.kind]) await dataSource.query(statement);
    await dataSource.query(
      `INSERT INTO trackstats_run (tracker, status, attempt, started_at, written, removed, host) VALUES ('Orders', 'succeeded', 1, 1793000000000, 3, 0, 'here')`,
    );
    await dataSource.query(`INSERT INTO trackstats_tracker (name) VALUES ('Orders')`);
    await dataSource.query(`INSERT INTO trackstats_domain (id, ref, name) VALUES (1, 'shop', 'Shop')`);
    await dataSource.query(`INSERT INTO trackstats_metric (ref, name, domain_id) VALUES ('orders', 'Orders', 1)`);
    await dataSource.runMigrations();
    const metric = await dataSource.getRepository(Metric).findOneByOrFail({ ref: 'orders' });
    expect(metric).toMatchObject({ name: 'Orders', unit: null, better: null, gauge: false });
    expect(await pending(dataSource)).toEqual([]);
    expect(await dataSource.getRepository(TrackerRunRecord).find()).toMatchObject([
      { tracker: 'Orders', written: expect.anything(), fence: null },
    ]);
  });

  it('go on where they were interrupted', async () => {
    const dataSource = await database.open(MIGRATED);
    for (const statement of EARLIER_TABLES[database.kind].slice(0, 2)) await dataSource.query(statement);
    await dataSource.runMigrations();
    expect(await pending(dataSource)).toEqual([]);
  });

  it('refuse a table that is not theirs', async () => {
    const dataSource = await database.open(MIGRATED);
    await dataSource.query('CREATE TABLE trackstats_metric (id integer, title varchar(20))');
    await expect(dataSource.runMigrations()).rejects.toThrow(TableConflictError);
    await expect(dataSource.runMigrations()).rejects.toThrow(
      /trackstats_metric.*without ref, name, description, domain_id/s,
    );
  });

  it('make keys that compare exactly', async () => {
    const dataSource = await database.open(MIGRATED);
    await dataSource.runMigrations();
    const domain = await dataSource.getRepository(Domain).save({ ref: 'shop', name: 'Shop' });
    const { id: metricId } = await dataSource.getRepository(Metric).save({ domain, ref: 'orders', name: 'Orders' });
    const ids = ['a', 'A', 'a ', 'á'];
    await dataSource.getRepository(StatisticByDateAndObject).insert(
      ids.map((objectId) => ({
        metricId,
        period: Period.DAY,
        objectType: 'x',
        objectId,
        date: '2026-10-31',
        value: 1,
      })),
    );
    const stored = await dataSource.getRepository(StatisticByDateAndObject).findBy({ objectId: 'a' });
    expect(stored.map(({ objectId }) => objectId)).toEqual(['a']);
  });

  it('leave the table of a custom statistic to a migration of its own, which finds nothing else to do', async () => {
    const entities = [...TRACKSTATS_ENTITIES, OrdersByRegion] as never;
    const dataSource = await database.open({ ...MIGRATED, entities });
    await dataSource.runMigrations();
    const generated = await pending(dataSource);
    expect(generated[0]).toMatch(/^CREATE TABLE .orders_by_region/);
    expect(generated.filter((query) => /trackstats_(?!metric)/.test(query))).toEqual([]);
    for (const query of generated) await dataSource.query(query);
    expect(await pending(dataSource)).toEqual([]);
    const module = await start({ database: database.options(), trackstats: { statistics: [OrdersByRegion] } });
    const statistics = module.get(StatisticService);
    for (const country of ['a', 'A', 'a ', 'á']) {
      await statistics.record({ metric: STOCK, value: 1, entity: OrdersByRegion, dimensions: { country } });
    }
    expect(await statistics.find({ metric: STOCK, entity: OrdersByRegion })).toHaveLength(4);
  });

  it('make the tables of an application', async () => {
    const options = database.options({ synchronize: false, migrations: trackstatsMigrations, migrationsRun: true });
    await database.open({ entities: [Order, Customer] }); // the application's own tables
    const module = await start({ database: options, providers: [Orders] });
    const statistics = module.get(StatisticService);
    await saveOrders(module, { createdAt: at('2026-10-30T10:00') });
    await statistics.record({ metric: STOCK, value: '12.5', object: objectRef('shelf', 'a ') });
    await module.get(TrackerService).run(Orders);
    expect(await statistics.value({ metric, period: Period.LIFETIME })).toBe(1);
    expect(await statistics.value({ metric: STOCK, object: objectRef('shelf', 'a ') })).toBe(12.5);
    expect(await statistics.value({ metric: STOCK, object: objectRef('shelf', 'a') })).toBeNull();
    expect(await module.get(TrackerService).history(Orders)).toMatchObject([{ status: 'succeeded' }]);
  });
});
