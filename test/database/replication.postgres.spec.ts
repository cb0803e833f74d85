import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { TRACKSTATS_ENTITIES } from '../../lib/module/trackstats.entities.js';
import { at, closeApplications, Customer, NOW, Order, saveOrders, start } from '../module/application.js';
import { describeOnDatabase, type TestDatabase } from '../support/databases.js';
import { definitionOf, Engine } from '../support/engine.js';

const ORDERS = defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'orders' });
const ENTITIES = [...TRACKSTATS_ENTITIES, Order, Customer];

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME], name: 'orders' })
class Orders extends CountObjectsByDateTracker {}

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/**
 * A replica that lags as long as a test wants: connections that cannot write, and see copies of the tables which
 * `catchUp` renews.
 */
function replicated(options: DataSourceOptions): DataSourceOptions {
  const address = options as PostgresOptions;
  const { host, port = 5432, username = '', password, database, ...rest } = address;
  const url = new URL(`postgres://${username}@${host ?? ''}:${String(port)}/${database ?? ''}`);
  if (typeof password === 'string') url.password = password;
  url.searchParams.set('application_name', 'replica');
  url.searchParams.set('options', '-c default_transaction_read_only=on -c search_path=replica');
  const master = { host, port, username, password, database };
  return { ...rest, synchronize: false, replication: { master, slaves: [{ url: url.href }] } };
}

async function catchUp(primary: DataSource): Promise<void> {
  await primary.query('DROP SCHEMA IF EXISTS replica CASCADE');
  await primary.query('CREATE SCHEMA replica');
  for (const { tablePath } of primary.entityMetadatas)
    await primary.query(`CREATE TABLE replica."${tablePath}" AS TABLE public."${tablePath}"`);
}

describeOnDatabase('postgres', 'a data source whose replica lags', (database: TestDatabase) => {
  let primary: DataSource;

  beforeEach(async () => {
    await database.reset();
    primary = await database.open({ entities: ENTITIES });
    await catchUp(primary);
  });
  afterEach(closeApplications);

  it('writes on the primary, reads from the replica, and runs by what the primary says', async () => {
    const module = await start({ database: replicated(database.options()), providers: [Orders] });
    const trackers = module.get(TrackerService);
    const statistics = module.get(StatisticService);
    const lifetime = () => statistics.value({ metric: ORDERS, period: Period.LIFETIME });
    await saveOrders(module, { createdAt: at('2026-10-30T10:00:00') }, { createdAt: at('2026-10-31T10:00:00') });

    expect(await trackers.run(Orders)).toMatchObject({ from: '2026-10-30', written: 4 });
    expect(await lifetime()).toBeNull();
    expect(await trackers.run(Orders)).toMatchObject({ written: 0, removed: 0 });
    await catchUp(primary);
    expect(await lifetime()).toBe(2);

    await saveOrders(module, { createdAt: at('2026-10-31T11:00:00') });
    expect(await trackers.run(Orders)).toMatchObject({ written: 2 });
    expect(await lifetime()).toBe(2);
    expect(await trackers.verify(Orders)).toEqual([]);
    await statistics.increment({ metric: 'shop/orders', object: { type: 'shop', id: 'a' } });
    const seen: { query: string }[] = await primary.query(
      `SELECT query FROM pg_stat_activity WHERE application_name = 'replica' AND datname = current_database()`,
    );
    expect(seen.length).toBeGreaterThan(0);
  });

  it('is no obstacle where the source is in another data source, which is read from its replica', async () => {
    const statistics = new DataSource({ ...replicated(database.options()), entities: ENTITIES });
    const source = new DataSource({ ...replicated(database.options()), entities: ENTITIES });
    try {
      await Promise.all([statistics.initialize(), source.initialize()]);
      const engine = await Engine.on(statistics, source);
      const definition = definitionOf({
        metric: ORDERS,
        dateField: 'createdAt',
        periods: [Period.DAY, Period.LIFETIME],
      });
      const rows = source.getRepository(Order);
      await rows.save({ createdAt: at('2026-10-30T10:00:00') });

      // the replica has not seen the order yet
      await engine.run(definition, rows, { now: NOW });
      await rows.save({ createdAt: at('2026-11-02T11:00:00') });
      await catchUp(primary);
      expect(await engine.run(definition, rows, { now: NOW })).toMatchObject({ from: '2026-10-30' });
      // and now not what was covered by the last run
      const later = new Date('2026-11-02T12:00:00Z');
      expect(await engine.run(definition, rows, { now: later })).toMatchObject({ through: '2026-11-02' });
      expect(await engine.run(definition, rows, { now: later })).toMatchObject({ written: 0 });
      await primary.query(
        `UPDATE replica.trackstats_coverage SET computed_at = CAST(computed_at AS bigint) - 9 * 3600000`,
      );
      expect(await engine.verify(definition, rows)).toEqual([]);
    } finally {
      await Promise.all([statistics.destroy(), source.destroy()]);
    }
  });
});
