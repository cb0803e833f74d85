import { jest } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import {
  avg,
  count,
  CountObjectsByDateTracker,
  DateFormError,
  defineDomain,
  defineMetric,
  LeaseLostError,
  type MetricDefinition,
  ObjectsByDateAndObjectTracker,
  ObjectsByDateTracker,
  Period,
  StatisticService,
  sum,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource, type QueryRunner } from 'typeorm';
import { Database } from '../../lib/database/database.js';
import { TrackerState } from '../../lib/execution/run-tables.js';
import { at, closeApplications, Customer, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { waitingSession } from '../support/lock-wait.js';

const SHOP = defineDomain({ ref: 'alone' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const REVENUE = defineMetric({ domain: SHOP, ref: 'revenue' });
const AVERAGE = defineMetric({ domain: SHOP, ref: 'average' });
const BY_CUSTOMER = defineMetric({ domain: SHOP, ref: 'by_customer' });
const PAID = defineMetric({ domain: SHOP, ref: 'paid' });
const OPEN = defineMetric({ domain: SHOP, ref: 'open' });
const COUNTED = { source: Order, dateField: 'createdAt', lookback: 3 } as const;

@Track({ ...COUNTED, metric: ORDERS, period: Period.DAY, name: 'orders' })
class Orders extends CountObjectsByDateTracker {}

@Track({
  ...COUNTED,
  name: 'sums',
  metrics: [
    { metric: REVENUE, aggregate: sum('total'), period: [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH] },
    { metric: AVERAGE, aggregate: avg('total'), period: Period.DAY, where: { status: 'paid' } },
  ],
})
class Sums extends ObjectsByDateTracker {}

@Track({
  ...COUNTED,
  name: 'by_customer',
  objectField: 'customer',
  withTotal: true,
  metrics: [{ metric: BY_CUSTOMER, aggregate: count(), period: [Period.DAY, Period.WEEK], density: 'changes' }],
})
class ByCustomer extends ObjectsByDateAndObjectTracker {}

const NAMES = ['orders', 'sums', 'by_customer'];

describeOnEachDatabase('a run as one statement', (database) => {
  if (database.kind === 'sqlite') {
    it.skip('is no use: a statement of SQLite is no round trip', () => undefined);
    return;
  }
  let module: TestingModule;
  let trackers: TrackerService;
  let dataSource: DataSource;

  beforeEach(async () => {
    module = await start({ database: database.options(), providers: [Orders, Sums, ByCustomer] });
    [trackers, dataSource] = [module.get(TrackerService), module.get(DataSource)];
    await dataSource.getRepository(Customer).save([{ name: 'Ann' }, { name: 'Bob' }]);
    await saveOrders(module, { createdAt: at('2026-09-20T10:00') }, { createdAt: at('2026-10-31T10:00') });
    for (const name of NAMES) await trackers.run(name);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await closeApplications();
    await database.clear();
  });

  const points = async (): Promise<unknown> =>
    (await module.get(StatisticService).series({ metric: ORDERS, from: '2026-10-29', to: '2026-10-31' })).map(
      ({ value }) => value,
    );

  /** Does something before or after the statement of the next run, and returns what became of it. */
  const around = (does: {
    before?: () => Promise<unknown>;
    after?: () => Promise<unknown>;
  }): { readonly outcomes: unknown[] } => {
    const target = module.get(Database);
    const commitAlone = target.commitAlone.bind(target);
    const outcomes: unknown[] = [];
    let isLease = true;
    jest.spyOn(target, 'commitAlone').mockImplementation(async (...parameters) => {
      if (isLease) {
        isLease = false;
        return commitAlone(...parameters);
      }
      await does.before?.();
      const outcome = await commitAlone(...parameters);
      outcomes.push(outcome === null ? null : 'done');
      await does.after?.();
      return outcome;
    });
    return { outcomes };
  };

  const changeCoverage = (runner: DataSource | QueryRunner, by: number): Promise<unknown> =>
    runner.query(`UPDATE trackstats_coverage SET computed_at = computed_at + ${String(by)}`);

  it('reads its own coverage where another tracker had its name', async () => {
    const counted = { period: Period.DAY, dateField: 'createdAt' } as const;
    await saveOrders(
      module,
      ...['open', 'open', 'open'].map((status) => ({ status, createdAt: at('2026-10-31T10:00') })),
    );
    for (const [metric, status] of [
      [PAID, 'paid'],
      [OPEN, 'open'],
    ] as const) {
      const tracker = new CountObjectsByDateTracker<Order>({ ...counted, metric, where: { status } });
      await trackers.register(tracker, { name: 'same', source: Order });
      await trackers.run('same');
      await trackers.unregister('same');
    }
    const valueOf = (metric: MetricDefinition): Promise<number | null> =>
      module.get(StatisticService).value({ metric, date: '2026-10-31' });
    expect([await valueOf(PAID), await valueOf(OPEN)]).toEqual([1, 3]);
  });

  it.each(NAMES)('computes what a transaction computes: %s', async (name) => {
    const [ann, bob] = await dataSource.getRepository(Customer).find({ order: { id: 'ASC' } });
    const [late, other] = await saveOrders(
      module,
      { createdAt: at('2026-10-30T10:00'), total: 7, customer: ann ?? null },
      { createdAt: at('2026-10-31T11:00'), total: 5, customer: bob ?? null },
    );
    const added = around({});
    const result = await trackers.run(name);
    expect(added.outcomes).toEqual(['done']);
    expect(result?.written).toBeGreaterThan(0);
    expect(await trackers.verify(name)).toMatchObject([]);
    await dataSource.getRepository(Order).remove([late, other].filter((order) => order !== undefined));
    jest.restoreAllMocks();
    const removed = around({});
    expect(await trackers.run(name)).toMatchObject({ removed: expect.any(Number) });
    expect(removed.outcomes).toEqual(['done']);
    expect(await trackers.verify(name)).toMatchObject([]);
    const [last] = await trackers.history(name);
    expect(last).toMatchObject({ status: 'succeeded', from: result?.from, through: result?.through });
    expect((last?.written ?? 0) + (last?.removed ?? 0)).toBeGreaterThan(0);
  });

  it('runs in a transaction if the coverage is another one by then', async () => {
    await saveOrders(module, { createdAt: at('2026-10-31T11:00') });
    const { outcomes } = around({ before: () => changeCoverage(dataSource, -1) });
    expect(await trackers.run('orders')).toMatchObject({ written: 1 });
    expect(outcomes).toEqual([null]);
    expect(await points()).toEqual([0, 0, 2]);
  });

  it('sees what was written with the coverage for which it waited', async () => {
    const other = dataSource.createQueryRunner();
    await other.startTransaction();
    // as it was, but another version of the row
    await changeCoverage(other, 1);
    await changeCoverage(other, -1);
    await other.query('DELETE FROM trackstats_statistic_by_date');
    const { outcomes } = around({});
    const run = trackers.run('orders');
    await waitingSession(database.kind, dataSource);
    expect(outcomes).toEqual([]);
    await other.commitTransaction();
    await other.release();
    await run;
    // a statement of MariaDB that follows the lock reads what is then stored, and those of PostgreSQL are one
    expect(outcomes).toEqual([database.kind === 'postgres' ? null : 'done']);
    expect(await points()).toEqual([0, 0, 1]);
  });

  it('writes nothing once another process has taken over', async () => {
    await saveOrders(module, { createdAt: at('2026-10-31T11:00') });
    const { outcomes } = around({
      before: () => dataSource.query(`UPDATE trackstats_tracker SET fence = fence + 1, owner = 'other'`),
    });
    await expect(trackers.run('orders')).rejects.toThrow(LeaseLostError);
    expect(outcomes).toEqual([null]);
    expect(await points()).toEqual([0, 0, 1]);
    expect(await trackers.history('orders')).toMatchObject([{ status: 'lost' }, { status: 'succeeded' }]);
    expect(await dataSource.getRepository(TrackerState).findOneByOrFail({ name: 'orders' })).toMatchObject({
      owner: 'other',
    });
  });

  it('leaves a run that was committed a success, if the process never hears of it', async () => {
    await saveOrders(module, { createdAt: at('2026-10-31T11:00') });
    const broken = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const { outcomes } = around({ after: () => Promise.reject(broken) });
    await expect(trackers.run('orders')).rejects.toThrow('ECONNRESET');
    expect(outcomes).toEqual(['done']);
    expect(await trackers.history('orders')).toMatchObject([{ status: 'succeeded', written: 1 }, {}]);
    jest.restoreAllMocks();
    expect(await trackers.run('orders')).toMatchObject({ written: 0 });
    expect(await points()).toEqual([0, 0, 2]);
  });

  it('is cancelled while it waits, and leaves nothing open', async () => {
    await saveOrders(module, { createdAt: at('2026-10-31T11:00') });
    const other = dataSource.createQueryRunner();
    await other.startTransaction();
    await changeCoverage(other, 1);
    const controller = new AbortController();
    const run = trackers.run('orders', { signal: controller.signal });
    setTimeout(() => {
      controller.abort(new Error('enough'));
    }, 200);
    await expect(run).rejects.toThrow('enough');
    await other.rollbackTransaction();
    await other.release();
    expect(await points()).toEqual([0, 0, 1]);
    expect(await trackers.history('orders')).toMatchObject([{ status: 'cancelled' }, {}]);
    expect(await trackers.run('orders')).toMatchObject({ written: 1 });
  });

  it('writes nothing if the server ends its session while it waits', async () => {
    await saveOrders(module, { createdAt: at('2026-10-31T11:00') });
    const other = dataSource.createQueryRunner();
    await other.startTransaction();
    await changeCoverage(other, 1);
    const run = trackers.run('orders');
    const waiting = await waitingSession(database.kind, dataSource);
    const end = database.kind === 'postgres' ? 'SELECT pg_terminate_backend' : 'KILL ';
    await other.query(`${end}(${String(waiting)})`);
    await expect(run).rejects.toThrow();
    await other.rollbackTransaction();
    await other.release();
    expect(await points()).toEqual([0, 0, 1]);
    // recorded as failed, unless the server takes too long for a new session
    expect(await trackers.history('orders')).not.toMatchObject([{ status: 'succeeded' }, {}]);
  });

  it('stores its metric again if the coverage is removed meanwhile', async () => {
    const { outcomes } = around({ before: () => dataSource.query('DELETE FROM trackstats_coverage') });
    expect(await trackers.run('orders')).toMatchObject({ from: '2026-09-20' });
    expect(outcomes).toEqual([null]);
    expect(await points()).toEqual([0, 0, 1]);
  });

  it('fails with the reason that a transaction has', async () => {
    await saveOrders(module, { createdAt: at('2026-10-31T11:00') }, { createdAt: at('2026-10-31T11:30') });
    const table = 'trackstats_statistic_by_date';
    await dataSource.query(`ALTER TABLE ${table} ADD CONSTRAINT less CHECK (value < 3)`);
    try {
      await expect(trackers.run('orders')).rejects.toThrow(/less/);
    } finally {
      await dataSource.query(`ALTER TABLE ${table} DROP CONSTRAINT less`);
    }
    expect(await points()).toEqual([0, 0, 1]);
    expect(await trackers.run('orders')).toMatchObject({ written: 1 });
  });

  it('is several statements for a range that a call asks for', async () => {
    const { outcomes } = around({});
    await trackers.backfill('orders', { from: '2026-10-30' });
    expect(outcomes).toEqual([]);
  });
});

const HOURLY = defineMetric({ domain: SHOP, ref: 'hourly' });

@Track({
  source: Order,
  dateField: 'createdAt',
  metric: HOURLY,
  period: [Period.DAY, Period.HOUR],
  timeZone: 'Europe/Berlin',
  name: 'hourly',
})
class Hourly extends CountObjectsByDateTracker {}

/** The text of what they read is kept. */
describeOnEachDatabase('runs that read the same days again', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  it('count up to their instant, also on a day whose clock is set back, and on the next one', async () => {
    const module = await start({ database: database.options(), providers: [Hourly] });
    const [trackers, statistics] = [module.get(TrackerService), module.get(StatisticService)];
    // the 25th has 25 hours in Berlin: from 22:00 UTC to 23:00 UTC
    const orders = ['24T21:30', '24T22:30', '25T00:30', '25T01:30', '25T22:30', '25T23:30', '26T10:00'];
    await saveOrders(module, ...orders.map((time) => ({ createdAt: at(`2026-10-${time}`) })));
    const runs: [now: string, days: readonly (number | null)[], hours: number][] = [
      ['25T00:00', [1, 1, null], 1],
      ['25T00:15', [1, 1, null], 1],
      ['25T00:45', [1, 2, null], 2],
      ['25T00:50', [1, 2, null], 2],
      ['25T01:45', [1, 3, null], 3],
      ['25T01:50', [1, 3, null], 3],
      ['25T22:45', [1, 4, null], 4],
      ['25T23:15', [1, 4, 0], 4],
      ['25T23:45', [1, 4, 1], 4],
      ['26T09:00', [1, 4, 1], 4],
      ['26T11:00', [1, 4, 2], 4],
    ];
    for (const [now, days, hours] of runs) {
      await trackers.run('hourly', { now: at(`2026-10-${now}`) });
      const dates = ['2026-10-24', '2026-10-25', '2026-10-26'];
      const values = await Promise.all(dates.map((date) => statistics.value({ metric: HOURLY, date })));
      expect([now, values]).toEqual([now, days]);
      const day = await statistics.find({
        metric: HOURLY,
        period: Period.HOUR,
        from: '2026-10-25',
        to: '2026-10-25',
      });
      expect([now, day.reduce((sum, { value }) => sum + Number(value), 0)]).toEqual([now, hours]);
    }
    // the start of a point as it is read
    const [first] = await statistics.series({
      metric: HOURLY,
      period: Period.HOUR,
      from: '2026-10-25',
      to: '2026-10-25',
    });
    const date = String(first?.start);
    expect(date).toBe('2026-10-25T00:00:00+02:00');
    const rows = await trackers.rows(Hourly, { metric: HOURLY, period: Period.HOUR, date });
    expect(await rows.getCount()).toBe(1);
  });

  it('refuse dates in another form that come later', async () => {
    if (database.kind !== 'sqlite') return; // the others check the form themselves
    const module = await start({ database: database.options(), providers: [Orders] });
    const trackers = module.get(TrackerService);
    await saveOrders(module, { createdAt: at('2026-10-31T10:00') });
    for (let times = 0; times < 3; times++) await trackers.run('orders');
    await module.get(DataSource).query(`INSERT INTO shop_order ("createdAt") VALUES ('2026-10-31T11:00:00Z')`);
    await expect(trackers.run('orders')).rejects.toThrow(DateFormError);
  });
});
