import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerEvents,
  TrackerService,
  type TrackerEvent,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { TrackerState } from '../../lib/execution/run-tables.js';
import { at, closeApplications, NOW, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const ORDERS = defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'orders' });
const options = { metric: ORDERS, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME] } as const;

@Track({ ...options, source: Order, name: 'orders' })
class AllOrders extends CountObjectsByDateTracker<Order> {}

@Track({ ...options, source: Order, name: 'orders', keep: { DAY: 7, LIFETIME: 7 } })
class RecentOrders extends CountObjectsByDateTracker<Order> {}

describeOnEachDatabase('keep of a tracker', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const now = { value: NOW };
  const shop = (tracker: typeof AllOrders) =>
    start({ database: database.options(), providers: [tracker], trackstats: { clock: () => now.value } });

  /** An application whose statistics of all dates are stored, of orders on the 20th, 21st and 31st. */
  async function withHistory() {
    now.value = NOW;
    const before = await shop(AllOrders);
    await saveOrders(
      before,
      ...['2026-10-20', '2026-10-21', '2026-10-31'].map((day) => ({ createdAt: at(`${day}T08:00`) })),
    );
    await before.get(TrackerService).run('orders');
    await closeApplications();
    const module = await shop(RecentOrders);
    return { module, trackers: module.get(TrackerService), statistics: module.get(StatisticService) };
  }

  const stateOf = async (source: DataSource): Promise<TrackerState> =>
    source.getRepository(TrackerState).findOneByOrFail({ name: 'orders' });

  it('removes what is older in the run, which its history and its events say', async () => {
    const { module, trackers, statistics } = await withHistory();
    const events: TrackerEvent[] = [];
    for (const type of ['started', 'finished', 'failed'] as const)
      module.get(TrackerEvents).on(type, (event) => events.push(event));
    // the days of two orders, and 5 dates of LIFETIME
    expect(await trackers.run('orders')).toMatchObject({ removed: 7 });
    expect(events).toMatchObject([{ type: 'started' }, { type: 'finished', result: { removed: 7 } }]);
    expect(await trackers.history('orders')).toMatchObject([
      { status: 'succeeded', removed: 7, finishedAt: NOW, from: '2026-10-30', through: '2026-10-31' },
      { status: 'succeeded', removed: 0 },
    ]);
    expect(await stateOf(module.get(DataSource))).toMatchObject({ owner: null, until: null });
    expect(await statistics.coverage({ metric: ORDERS, period: Period.DAY })).toMatchObject({ from: '2026-10-25' });
    const series = await statistics.series({ metric: ORDERS, from: '2026-10-20', to: '2026-10-25' });
    expect(series.map(({ value }) => value)).toEqual([null, null, null, null, null, 0]);
    expect(await statistics.value({ metric: ORDERS, period: Period.LIFETIME, date: '2026-10-25' })).toBe(2);
    expect(await statistics.value({ metric: ORDERS, period: Period.LIFETIME })).toBe(3);
    expect(await trackers.run('orders')).toMatchObject({ removed: 0, written: 0 });
    expect(await trackers.verify('orders')).toEqual([]);
  });

  it('prunes once at the end of a backfill, whatever its steps', async () => {
    const { trackers, statistics } = await withHistory();
    // the orders of two days, and the dates of LIFETIME from 20 to 24 October
    expect(await trackers.backfill('orders', { from: '2026-10-20', step: 4 })).toMatchObject({
      from: '2026-10-20',
      through: '2026-10-31',
      removed: 7,
    });
    expect(await trackers.history('orders', { limit: 1 })).toMatchObject([{ status: 'succeeded', removed: 7 }]);
    expect(await statistics.coverage({ metric: ORDERS, period: Period.DAY })).toMatchObject({ from: '2026-10-25' });
    expect(await trackers.verify('orders')).toEqual([]);
  });

  it('follows the days, in a tracker that nobody has registered too', async () => {
    const { module, trackers } = await withHistory();
    await trackers.run('orders');
    now.value = new Date('2026-11-10T12:00:00Z');
    // one day, and the dates of LIFETIME from 25 October to 3 November
    expect(await trackers.track(module.get(RecentOrders), Order)).toMatchObject({ removed: 11 });
    expect((await module.get(StatisticService).find({ metric: ORDERS, period: Period.DAY })).length).toBe(0);
  });
});
