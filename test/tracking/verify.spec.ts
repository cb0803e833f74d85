import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  Track,
  TrackerService,
  VerificationOvertakenError,
  type VerifyProgress,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { at, closeApplications, Customer, NOW, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });

@Track({
  metric: defineMetric({ domain: SHOP, ref: 'orders' }),
  source: Order,
  dateField: 'createdAt',
  period: [Period.DAY, Period.WEEK, Period.LIFETIME],
  name: 'orders',
})
class Orders extends CountObjectsByDateTracker {}

@Track({
  metric: defineMetric({ domain: SHOP, ref: 'daily' }),
  source: Order,
  dateField: 'createdAt',
  objectField: 'customer',
  density: 'daily',
  period: Period.LIFETIME,
  name: 'daily',
})
class DailyOfCustomer extends CountObjectsByDateAndObjectTracker {}

const TEN_YEARS = 3_652;
const DAY_MS = 86_400_000;
const STORED = 'SELECT COUNT(*) AS n, SUM(value) AS total FROM trackstats_statistic_by_date_and_object';

describeOnEachDatabase('verify', (database) => {
  let module: TestingModule;
  let trackers: TrackerService;
  let customers: Customer[];

  beforeAll(async () => {
    module = await start({ database: database.options(), providers: [Orders, DailyOfCustomer] });
    trackers = module.get(TrackerService);
    const repository = module.get(DataSource).getRepository(Customer);
    await repository.save(Array.from({ length: 60 }, (_, index) => ({ name: `c${index}` })));
    customers = await repository.find({ order: { id: 'ASC' } });
    const orders = customers.map((customer, index) => ({
      createdAt: new Date(NOW.getTime() - (TEN_YEARS - index) * DAY_MS),
      customer,
    }));
    await saveOrders(module, ...orders, { createdAt: at('2026-10-30T10:00'), customer: customers[0] ?? null });
    for (const name of ['orders', 'daily']) await trackers.run(name);
  }, 120_000);

  afterAll(() => closeApplications());

  it('compares ten years in about the time of a run, and shows how far it is', async () => {
    const progress: VerifyProgress[] = [];
    const began = performance.now();
    expect(await trackers.verify('orders', { onProgress: (now) => progress.push(now) })).toEqual([]);
    // 79 s on MariaDB and 113 s on SQLite where each stored row was compared with each expected one
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(progress.map(({ period }) => period)).toEqual([Period.DAY, Period.WEEK, Period.LIFETIME]);
    expect(progress.at(-1)).toMatchObject({ to: '2026-10-31', date: '2026-10-31', fraction: 1, differences: 0 });
  }, 60_000);

  it('goes in slices, between which the event loop turns, and finds what differs in any of them', async () => {
    const dataSource = module.get(DataSource);
    await dataSource.query(`UPDATE trackstats_statistic_by_date_and_object SET value = 7
WHERE period = 0 AND object_id = '1' AND date IN ('2018-05-05', '2026-10-31')`);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const fractions: number[] = [];
    try {
      const found = await trackers.verify('daily', { onProgress: ({ fraction }) => fractions.push(fraction) });
      expect(found.map(({ date, object, stored, expected }) => [date, object?.id, stored, expected])).toEqual([
        ['2018-05-05', '1', '7', '1'],
        ['2026-10-31', '1', '7', '2'],
      ]);
    } finally {
      clearInterval(timer);
    }
    // 60 customers on 3,652 dates
    expect(fractions.length).toBeGreaterThan(3);
    expect(turns).toBeGreaterThanOrEqual(3);
    await trackers.repair('daily', { from: '2018-05-05' });
    expect(await trackers.verify('daily')).toEqual([]);
  }, 120_000);

  it('is cancelled between two slices, and can be asked again', async () => {
    const stop = new AbortController();
    const onProgress = (): void => {
      stop.abort(new Error('enough'));
    };
    await expect(trackers.verify('daily', { signal: stop.signal, onProgress })).rejects.toThrow('enough');
    expect(await trackers.verify('daily', { from: '2026-10-01' })).toEqual([]);
  }, 60_000);

  it('begins again where a run ends between two slices', async () => {
    let run: Promise<unknown> | undefined;
    const onProgress = (): void => {
      run ??= saveOrders(module, { createdAt: at('2026-10-31T11:00'), customer: customers[0] ?? null }).then(() =>
        trackers.run('daily', { now: new Date(NOW.getTime() + 60_000) }),
      );
    };
    expect(await trackers.verify('daily', { onProgress })).toEqual([]);
    expect(await run).not.toBeNull();
    expect(await trackers.verify('daily')).toEqual([]);
  }, 120_000);

  it('gives up where runs of the same statistics end during each of five comparisons', async () => {
    const dataSource = module.get(DataSource);
    const before = await dataSource.query(STORED);
    const ends: Promise<unknown>[] = [];
    let comparisons = 0;
    let last = 1;
    const onProgress = ({ fraction }: VerifyProgress): void => {
      if (fraction <= last) {
        comparisons++;
        // as a run leaves the coverage: one that takes as long as a slice could end after the last one
        ends.push(dataSource.query('UPDATE trackstats_coverage SET computed_at = computed_at + 1'));
      }
      last = fraction;
    };
    const error = await trackers.verify('daily', { onProgress }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(VerificationOvertakenError);
    expect(error).toMatchObject({ code: 'TRACKSTATS_VERIFICATION_OVERTAKEN' });
    expect((error as Error).message).toMatch(/daily .* 5 times in a row/);
    await Promise.all(ends);
    expect(comparisons).toBe(5);
    expect(await dataSource.query(STORED)).toEqual(before);
    // its temporary tables are gone, and the next one is as any other
    expect(await trackers.verify('daily', { from: '2026-10-01' })).toEqual([]);
  }, 120_000);
});
