import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  ObjectsByDateTracker,
  Period,
  StatisticService,
  sum,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource, type Repository } from 'typeorm';
import { at, closeApplications, Customer, NOW, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const REVENUE = defineMetric({ domain: SHOP, ref: 'revenue' });
const OF_CUSTOMER = defineMetric({ domain: SHOP, ref: 'orders_of_customer' });

@Injectable()
class Status {
  readonly paid = 'paid';
}

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME], name: 'orders' })
class Orders extends CountObjectsByDateTracker {}

@Track({ metric: REVENUE, dateField: 'createdAt', aggregate: sum('total'), period: Period.DAY })
class Revenue extends ObjectsByDateTracker {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly options: Status,
  ) {
    super();
  }

  override source() {
    return this.orders.createQueryBuilder('o').where('o.status = :status', { status: this.options.paid });
  }
}

@Track({ metric: OF_CUSTOMER, source: Order, dateField: 'createdAt', objectField: 'customer', period: Period.LIFETIME })
class OrdersOfCustomer extends CountObjectsByDateAndObjectTracker {}

describeOnEachDatabase('TrackerService', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const shop = (now: () => Date = () => NOW) =>
    start({
      database: database.options(),
      providers: [Status, Orders, Revenue, OrdersOfCustomer],
      trackstats: { clock: now },
    });

  it('runs trackers by name and class, and writes their history', async () => {
    const module = await shop();
    const trackers = module.get(TrackerService);
    const statistics = module.get(StatisticService);
    await saveOrders(module, { createdAt: at('2026-10-29T10:00') }, { createdAt: at('2026-10-31T10:00'), total: 4 });
    expect(await trackers.run('orders')).toMatchObject({
      tracker: 'orders',
      from: '2026-10-29',
      through: '2026-10-31',
    });
    expect(await statistics.series({ metric: ORDERS, from: '2026-10-29', to: '2026-10-31' })).toMatchObject([
      { value: 1, complete: true },
      { value: 0, complete: true },
      { value: 1, complete: false },
    ]);
    await saveOrders(
      module,
      { createdAt: at('2026-10-31T11:00'), total: 5 },
      { createdAt: NOW, status: 'open', total: 9 },
    );
    await trackers.run(Revenue);
    expect(await statistics.value({ metric: REVENUE, date: '2026-10-31' })).toBe(9);
    const [latest, ...earlier] = await trackers.history(Orders);
    expect(earlier).toEqual([]);
    expect(latest).toMatchObject({
      tracker: 'orders',
      slot: null,
      triggeredBy: 'call',
      status: 'succeeded',
      attempt: 1,
      startedAt: NOW,
      from: '2026-10-29',
      through: '2026-10-31',
      removed: 0,
      error: null,
    });
    expect(latest?.written).toBeGreaterThan(0);
  });

  it('runs at another time than now, and computes a range anew', async () => {
    const module = await shop();
    const trackers = module.get(TrackerService);
    const statistics = module.get(StatisticService);
    await saveOrders(module, { createdAt: at('2026-10-20T10:00') }, { createdAt: at('2026-10-30T10:00') });
    await trackers.run(Orders, { now: at('2026-10-21T10:00') });
    expect(await statistics.coverage({ metric: ORDERS })).toMatchObject({ from: '2026-10-20', through: '2026-10-21' });
    await trackers.run(Orders);
    await saveOrders(module, { createdAt: at('2026-10-20T11:00') });
    const progress: unknown[] = [];
    const result = await trackers.backfill(Orders, {
      from: at('2026-10-20T05:00'),
      to: '2026-10-22',
      onProgress: (reached) => progress.push(reached),
    });
    expect(result).toMatchObject({ from: '2026-10-20', through: '2026-10-22' });
    expect(progress.at(-1)).toMatchObject({ from: '2026-10-20', to: '2026-10-22', fraction: 1 });
    expect(await statistics.value({ metric: ORDERS, date: '2026-10-20' })).toBe(2);
    await trackers.repair(Orders, { triggeredBy: 'a deployment' });
    const [repaired] = await trackers.history(Orders, { limit: 1 });
    expect(repaired?.triggeredBy).toBe('a deployment');
    expect((await trackers.history(Orders)).map(({ status }) => status)).toEqual([
      'succeeded',
      'succeeded',
      'succeeded',
      'succeeded',
    ]);
    expect(await trackers.history(Orders, { limit: 1 })).toHaveLength(1);
  });

  it('runs a tracker that was made by hand', async () => {
    const module = await shop();
    const trackers = module.get(TrackerService);
    const statistics = module.get(StatisticService);
    const [order] = await saveOrders(module, { createdAt: at('2026-10-31T01:00') });
    const metric = defineMetric({ domain: SHOP, ref: 'by_hand' });
    const tracker = new CountObjectsByDateTracker<Order>({ metric, period: Period.DAY, dateField: 'createdAt' });
    expect(await trackers.track(tracker, Order)).toMatchObject({ tracker: null, through: '2026-10-31' });
    await trackers.track(tracker, module.get(DataSource).getRepository(Order), { now: at('2026-10-31T13:00') });
    expect(await statistics.value({ metric })).toBe(1);
    expect(order).toBeDefined();
    await expect(trackers.track(tracker)).rejects.toMatchObject({ code: 'TRACKSTATS_MISSING_SOURCE' });
    await expect(trackers.track(new CountObjectsByDateTracker(), Order)).rejects.toThrow(/no options/);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(trackers.track(tracker, Order, { signal })).rejects.toThrow('enough');
  });

  it('runs what was declared without a source on any', async () => {
    const module = await shop();
    const orders = await saveOrders(
      module,
      { createdAt: at('2026-10-31T01:00') },
      { createdAt: at('2026-10-31T02:00') },
    );
    const source = module
      .get(DataSource)
      .getRepository(Order)
      .createQueryBuilder('o')
      .where('o.id = :id', { id: orders[0]?.id });
    expect(await module.get(TrackerService).track(module.get(Orders, { strict: false }), source)).toMatchObject({
      tracker: 'orders',
    });
    expect(await module.get(StatisticService).value({ metric: ORDERS })).toBe(1);
  });

  it('lists them', async () => {
    let now = NOW;
    const module = await shop(() => now);
    const trackers = module.get(TrackerService);
    const [customer] = await module
      .get(DataSource)
      .getRepository(Customer)
      .save([{ name: 'Ada' }]);
    await saveOrders(module, { createdAt: at('2026-10-29T10:00'), customer });
    expect(await trackers.list()).toMatchObject([
      { name: 'orders', lastRun: null, coverage: null, lagMs: null, nextRunAt: null, schedule: null, running: false },
      { name: 'Revenue', metric: 'shop/revenue', periods: [Period.DAY] },
      { name: 'OrdersOfCustomer' },
    ]);
    await trackers.run('orders');
    await trackers.run('OrdersOfCustomer');
    now = at('2026-10-31T12:30');
    expect(await trackers.list()).toMatchObject([
      {
        name: 'orders',
        metric: 'shop/orders',
        periods: [Period.DAY, Period.LIFETIME],
        coverage: { from: '2026-10-29', through: '2026-10-31' },
        lastRun: { status: 'succeeded', startedAt: NOW },
        lagMs: 30 * 60_000,
      },
      { name: 'Revenue', lastRun: null },
      { name: 'OrdersOfCustomer', coverage: { from: '2026-10-29', through: '2026-10-31' } },
    ]);
  });

  it('enters a failure, and nothing else of it', async () => {
    const module = await shop();
    const trackers = module.get(TrackerService);
    await saveOrders(module, { createdAt: NOW });
    jestSource(module.get(Revenue, { strict: false }), () => Promise.reject(new Error('boom')));
    await expect(trackers.run(Revenue)).rejects.toThrow('boom');
    expect(await trackers.history(Revenue)).toMatchObject([
      { status: 'failed', error: 'boom', from: null, through: null, written: 0 },
    ]);
    expect((await trackers.list())[1]).toMatchObject({ lastRun: { status: 'failed' }, lagMs: null, coverage: null });
  });

  it('never runs a tracker twice at once', async () => {
    const module = await shop();
    const trackers = module.get(TrackerService);
    await saveOrders(module, { createdAt: at('2026-10-31T01:00') });
    let release = (): void => undefined;
    const revenue = module.get(Revenue, { strict: false });
    const original = revenue.source.bind(revenue);
    const waiting = new Promise<void>((resolve) => (release = resolve));
    jestSource(revenue, async () => waiting.then(original));
    const first = trackers.run(Revenue);
    expect(await trackers.run(Revenue)).toBeNull();
    expect((await trackers.list())[1]).toMatchObject({ running: true });
    const backfill = trackers.backfill(Revenue, { from: '2026-10-31' });
    release();
    expect(await first).toMatchObject({ tracker: 'Revenue' });
    expect(await backfill).toMatchObject({ tracker: 'Revenue' });
    expect(await trackers.history(Revenue)).toHaveLength(2);
  });

  it('keeps the names of trackers apart that differ by case only', async () => {
    @Track({
      metric: defineMetric({ domain: SHOP, ref: 'upper' }),
      source: Order,
      dateField: 'createdAt',
      period: Period.DAY,
      name: 'ORDERS',
    })
    class Upper extends CountObjectsByDateTracker {}
    const module = await start({ database: database.options(), providers: [Orders, Upper] });
    const trackers = module.get(TrackerService);
    await trackers.run('ORDERS');
    expect(await trackers.history('orders')).toEqual([]);
    expect(await trackers.history('ORDERS')).toHaveLength(1);
  });
});

/** Replaces what a tracker says its source is. */
function jestSource(tracker: Revenue, source: () => Promise<unknown>): void {
  (tracker as { source: unknown }).source = source;
}
