import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  LeaseLostError,
  Period,
  StatisticService,
  Track,
  TrackerEvents,
  TrackerService,
  type TrackerEvent,
} from 'nestjs-trackstats';
import { TrackstatsHealthIndicator, TrackstatsHealthModule } from 'nestjs-trackstats/health';
import { DataSource } from 'typeorm';
import { TrackerState } from '../../lib/execution/run-tables.js';
import { at, closeApplications, Customer, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const CUSTOMERS = defineMetric({ domain: SHOP, ref: 'customers' });
const FOLLOWED = defineMetric({ domain: SHOP, ref: 'followed' });

/** What happens after the lease was taken, before the source is read; replaced by tests. */
let beforeReading: () => void | Promise<void> = () => undefined;
let now = at('2026-10-31T12:00');

const COMMON = { source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME] } as const;

@Track({ ...COMMON, metric: ORDERS, name: 'orders' })
class Orders extends CountObjectsByDateTracker {}

@Track({ ...COMMON, metric: CUSTOMERS, objectField: 'customer', name: 'customers' })
class Customers extends CountObjectsByDateAndObjectTracker {}

@Track({
  metric: FOLLOWED,
  dateField: 'createdAt',
  period: [Period.DAY, Period.CALENDAR_WEEK, Period.LIFETIME],
  history: 'current',
  scrub: { days: 10, every: '1 hour' },
  name: 'followed',
})
class Followed extends CountObjectsByDateTracker<Order> {
  override async source() {
    await beforeReading();
    return Order;
  }
}

describeOnEachDatabase('drift', (database) => {
  let module: TestingModule;
  let trackers: TrackerService;
  let told: (TrackerEvent & { type: 'drift' })[];

  beforeEach(async () => {
    now = at('2026-10-31T12:00');
    beforeReading = () => undefined;
    module = await start({
      database: database.options(),
      providers: [Orders, Customers, Followed],
      imports: [TrackstatsHealthModule],
      trackstats: { clock: () => now, scheduling: false },
    });
    trackers = module.get(TrackerService);
    told = [];
    module.get(TrackerEvents).on('drift', (event) => told.push(event));
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const orders = () => module.get(DataSource).getRepository(Order);
  const infoOf = async (name: string) => (await trackers.list()).find((info) => info.name === name);
  const state = () => module.get(DataSource).getRepository(TrackerState).findOneByOrFail({ name: 'followed' });
  const value = (date: string, metric: typeof ORDERS | typeof FOLLOWED = FOLLOWED) =>
    module.get(StatisticService).value({ metric, date });

  it('of recorded dates is told once, shown by list and health, and gone after a repair', async () => {
    const customer = await module.get(DataSource).getRepository(Customer).save({ name: 'acme' });
    const [old] = await saveOrders(
      module,
      { createdAt: at('2026-10-02T10:00'), customer },
      { createdAt: at('2026-10-30T10:00'), customer },
    );
    for (const name of ['orders', 'customers']) await trackers.run(name);
    expect(await infoOf('orders')).toMatchObject({ drift: [] });
    await saveOrders(module, { createdAt: at('2026-10-05T10:00') }, { createdAt: at('2026-10-06T10:00') });
    await orders().delete(old?.id ?? 0);
    now = at('2026-10-31T13:00');
    const drift = [{ metric: 'shop/orders', of: 'total', date: '2026-10-29', keys: 1, difference: '1' }];
    const ofCustomers = [{ metric: 'shop/customers', of: 'objects', date: '2026-10-29', keys: 1, difference: '-1' }];
    await trackers.run('orders');
    await trackers.run('customers');
    expect(told).toMatchObject([
      { tracker: 'orders', slot: null, attempt: 1, drift, repairedFrom: null },
      { tracker: 'customers', drift: ofCustomers, repairedFrom: null },
    ]);
    expect(await infoOf('orders')).toMatchObject({ drift });
    expect(await infoOf('customers')).toMatchObject({ drift: ofCustomers });
    expect(await module.get(TrackstatsHealthIndicator).isHealthy('statistics')).toEqual({
      statistics: { status: 'up', trackers: 3, drift: { orders: drift, customers: ofCustomers } },
    });
    await trackers.run('orders');
    expect(told).toHaveLength(2);
    await trackers.repair('orders');
    expect(told[2]).toMatchObject({ tracker: 'orders', drift: [], repairedFrom: null });
    expect(await infoOf('orders')).toMatchObject({ drift: [] });
    expect(await value('2026-10-05', ORDERS)).toBe(1);
  });

  it('of a tracker that follows its source is corrected by the run that finds it', async () => {
    await saveOrders(module, { createdAt: at('2026-08-02T10:00') }, { createdAt: at('2026-10-30T10:00') });
    await trackers.run('followed');
    now = at('2026-10-31T12:05');
    await trackers.run('followed');
    await saveOrders(module, { createdAt: at('2026-08-05T10:00') });
    now = at('2026-10-31T12:30');
    await trackers.run('followed');
    expect(await value('2026-08-05')).toBe(1);
    expect(told).toMatchObject([
      { drift: [{ metric: 'shop/followed', date: '2026-10-25', difference: '1' }], repairedFrom: '2026-07-27' },
    ]);
    expect(await infoOf('followed')).toMatchObject({ drift: [] });
    expect(await trackers.verify('followed')).toEqual([]);
  });

  it('that LIFETIME does not show is found in turn, an hour apart, and the position is kept', async () => {
    const [moved] = await saveOrders(
      module,
      { createdAt: at('2026-10-12T10:00') },
      { createdAt: at('2026-09-20T10:00') },
      { createdAt: at('2026-10-30T10:00') },
    );
    await trackers.run('followed');
    expect(await state()).toMatchObject({ scrubbedThrough: null, scrubbedAt: null });
    await orders().update(moved?.id ?? 0, { createdAt: at('2026-10-14T10:00') });
    const through: (string | null)[] = [];
    for (const time of ['12:05', '12:55', '13:06', '14:07', '15:08', '16:09']) {
      now = at(`2026-10-31T${time}`);
      await trackers.run('followed');
      through.push((await state()).scrubbedThrough);
    }
    expect(through).toEqual(['2026-09-23', '2026-09-23', '2026-10-03', '2026-10-13', '2026-10-23', '2026-10-29']);
    expect(told).toMatchObject([
      {
        drift: [{ metric: 'shop/followed', of: 'total', date: '2026-10-13', keys: 1, difference: null }],
        repairedFrom: '2026-10-12',
      },
    ]);
    expect([await value('2026-10-12'), await value('2026-10-14')]).toEqual([0, 1]);
    expect(Number((await state()).scrubbedAt)).toBe(now.getTime());
    expect(await trackers.verify('followed')).toEqual([]);
  });

  it('that is found by a process which has lost its lease is corrected by the next one', async () => {
    const [moved] = await saveOrders(
      module,
      { createdAt: at('2026-10-02T10:00') },
      { createdAt: at('2026-10-30T10:00') },
    );
    await trackers.run('followed');
    await orders().update(moved?.id ?? 0, { createdAt: at('2026-10-04T10:00') });
    const states = module.get(DataSource).getRepository(TrackerState);
    const { fence } = await state();
    beforeReading = () => states.update({ name: 'followed' }, { fence: String(Number(fence) + 2), owner: 'x' }).then();
    await expect(trackers.run('followed')).rejects.toThrow(LeaseLostError);
    expect(await state()).toMatchObject({ scrubbedThrough: null, scrubbedAt: null });
    expect([await value('2026-10-02'), await value('2026-10-04')]).toEqual([1, 0]);
    expect(told).toEqual([]);
    beforeReading = () => undefined;
    await states.update({ name: 'followed' }, { until: null, owner: null });
    await trackers.run('followed');
    expect([await value('2026-10-02'), await value('2026-10-04')]).toEqual([0, 1]);
    expect(await state()).toMatchObject({ scrubbedThrough: '2026-10-07' });
  });
});
