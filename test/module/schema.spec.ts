import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { describeOnEachDatabase } from '../support/databases.js';
import { at, closeApplications, Order, saveOrders, start } from './application.js';

const metric = defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'orders' });

@Track({ metric, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME] })
class Orders extends CountObjectsByDateTracker {}

describeOnEachDatabase('another schema and entityPrefix', (database) => {
  afterEach(closeApplications);

  it('are where statistics, coverage and history are', async () => {
    await database.createSchema('reports');
    const place = database.kind === 'postgres' ? { schema: 'reports' } : {};
    const module = await start({ database: database.options({ entityPrefix: 'my_', ...place }), providers: [Orders] });
    const tables = module.get(DataSource).entityMetadatas.map(({ tablePath }) => tablePath);
    const prefix = database.kind === 'postgres' ? 'reports.my_' : 'my_';
    expect(tables.every((table) => table.startsWith(prefix))).toBe(true);
    await saveOrders(module, { createdAt: at('2026-10-30T10:00') });
    const trackers = module.get(TrackerService);
    await trackers.run(Orders);
    expect(await module.get(StatisticService).value({ metric, period: Period.LIFETIME })).toBe(1);
    expect(await trackers.list()).toMatchObject([
      { coverage: { from: '2026-10-30', through: '2026-10-31' }, lastRun: { status: 'succeeded' } },
    ]);
  });
});
