import { ScheduleModule } from '@nestjs/schedule';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { TrackstatsHealthIndicator, TrackstatsHealthModule } from 'nestjs-trackstats/health';
import { at, closeApplications, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const START = at('2026-10-31T12:00').getTime();
const HOUR = 3_600_000;

let now = START;

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: Period.DAY, name: 'orders', cron: '0 * * * *' })
class Orders extends CountObjectsByDateTracker<Order> {}

describeOnEachDatabase('an application whose every query is cached, { alwaysEnabled: true }', (database) => {
  beforeEach(() => {
    now = START;
  });
  afterEach(async () => {
    await closeApplications();
    await database.reset();
  });

  it('is told of runs, coverage and lateness as they are', async () => {
    const module = await start({
      // for an hour: what is cached here stays
      database: database.options({ cache: { alwaysEnabled: true, duration: HOUR } as never }),
      schedule: false,
      imports: [ScheduleModule.forRoot(), TrackstatsHealthModule],
      providers: [Orders],
      trackstats: { clock: () => new Date(now) },
    });
    const [trackers, health] = [module.get(TrackerService), module.get(TrackstatsHealthIndicator)];
    await saveOrders(module, { createdAt: at('2026-10-31T10:00') });

    expect(await trackers.history('orders')).toEqual([]);
    expect(await trackers.list()).toMatchObject([{ lastRun: null, coverage: null, lagMs: null }]);
    expect(await health.isHealthy('statistics')).toMatchObject({ statistics: { status: 'up' } });

    await trackers.run('orders');
    expect(await trackers.history('orders')).toMatchObject([{ status: 'succeeded' }]);
    expect(await trackers.list()).toMatchObject([
      { lastRun: { status: 'succeeded' }, coverage: { from: '2026-10-31', through: '2026-10-31' }, lagMs: 0 },
    ]);

    now = START + 25 * HOUR;
    expect(await health.isHealthy('statistics')).toMatchObject({ statistics: { status: 'down' } });
    await trackers.run('orders');
    expect(await trackers.history('orders')).toHaveLength(2);
    expect(await trackers.list()).toMatchObject([
      { coverage: { from: '2026-10-31', through: '2026-11-01' }, lagMs: 0 },
    ]);
    expect(await health.isHealthy('statistics')).toMatchObject({ statistics: { status: 'up' } });
  });
});
