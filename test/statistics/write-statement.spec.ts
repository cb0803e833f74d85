import { DataSource } from 'typeorm';
import { defineMetric, type MetricDefinition } from '../../lib/catalog/definitions.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { KeyConflictError, MixedWritesError, TrackerOwnedError } from '../../lib/errors/statistic.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { IncrementKey } from '../../lib/statistics/tables/increment-key.entity.js';
import type { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { Period } from '../../lib/time/period.js';
import { FailingClient, FAULTS } from '../execution/failing-client.js';
import { describeOnDatabase, describeOnEachDatabase } from '../support/databases.js';
import { waitingSession } from '../support/lock-wait.js';
import {
  cover,
  ENTITIES,
  NOW,
  ORDERS,
  OrdersByRegion,
  services,
  setup,
  SHOP,
  type Setup,
  TODAY,
  VISITS,
  statementsOf,
} from './setup.js';

/** A process that has read the metrics of its increments before, and another one that changes what was read. */
describeOnEachDatabase('increments of a metric that was read before', (test) => {
  let s: Setup;
  let other: Setup;
  let others: DataSource;
  let now: Date;

  beforeAll(async () => {
    await setup(test);
    others = await new DataSource(test.options({ entities: ENTITIES, synchronize: false })).initialize();
  });
  beforeEach(async () => {
    now = NOW;
    s = await setup(test, { clock: () => now });
    other = await services(others, { clock: () => now });
    // the first covers the metric, the second reads what is covered
    for (let times = 0; times < 2; times++) {
      await s.statistics.increment({ metric: VISITS });
      await s.statistics.increment({ metric: VISITS, object: objectRef('page', 'a') });
    }
  });
  afterAll(() => others.destroy());

  it('are one statement on PostgreSQL and MariaDB, of several tables', async () => {
    const [value, statements] = [await s.statistics.value({ metric: VISITS }), test.kind === 'sqlite' ? 5 : 1];
    const alone = await statementsOf(s, () => s.statistics.increment({ metric: VISITS, by: 5 }));
    expect(alone).toHaveLength(test.kind === 'sqlite' ? 3 : 1);
    const both = await statementsOf(s, () =>
      Promise.all([
        s.statistics.increment({ metric: VISITS, by: '0.5' }),
        s.statistics.increment({ metric: VISITS, object: objectRef('page', 'a') }),
      ]),
    );
    expect(both).toHaveLength(statements);
    expect(await s.statistics.value({ metric: VISITS })).toBe((value ?? 0) + 5.5);
    expect(await s.statistics.value({ metric: VISITS, object: objectRef('page', 'a') })).toBe(3);
  });

  it('are one statement on PostgreSQL and MariaDB with keys, too (beside the removal of old keys)', async () => {
    const statements = await statementsOf(s, () =>
      Promise.all([
        s.statistics.increment({ metric: VISITS, by: '0.5' }),
        s.statistics.increment({ metric: VISITS, by: 2, key: 'x' }),
        s.statistics.increment({ metric: 'shop/visits', object: objectRef('page', 'a') }).catch(() => undefined),
        s.statistics.increment({ metric: VISITS, object: objectRef('page', 'b'), by: 3, key: 'y' }),
      ]),
    );
    // the text names a metric that was read as a definition only
    if (test.kind !== 'sqlite') expect(statements.filter((text) => text.includes('INSERT')).length).toBeGreaterThan(1);
    const again = await statementsOf(s, () =>
      Promise.all([
        s.statistics.increment({ metric: VISITS, by: '0.5' }),
        s.statistics.increment({ metric: VISITS, by: 2, key: 'z' }),
        s.statistics.increment({ metric: 'shop/visits', object: objectRef('page', 'a') }),
        s.statistics.increment({ metric: VISITS, object: objectRef('page', 'b'), by: 3, key: 'w' }),
      ]),
    );
    if (test.kind !== 'sqlite') expect(again.filter((text) => text.includes('INSERT'))).toHaveLength(1);
    expect(await s.statistics.value({ metric: VISITS })).toBe(7);
    expect(await s.statistics.value({ metric: VISITS, object: objectRef('page', 'a') })).toBe(4);
    expect(await s.statistics.value({ metric: VISITS, object: objectRef('page', 'b') })).toBe(6);
    expect(await s.dataSource.getRepository(IncrementKey).count()).toBe(4);
  });

  it('count a key once, also where another process has stored it, and refuse one of something else', async () => {
    await other.statistics.increment({ metric: VISITS, key: 'a', by: 5 });
    await s.statistics.increment({ metric: VISITS, key: 'a', by: 5 });
    const settled = await Promise.allSettled([
      s.statistics.increment({ metric: VISITS, key: 'b' }),
      s.statistics.increment({ metric: VISITS, key: 'a', by: 4 }),
      s.statistics.increment({ metric: VISITS, key: 'b' }),
      s.statistics.increment({ metric: VISITS, key: 'd' }),
    ]);
    expect(settled.map((one) => (one.status === 'rejected' ? (one.reason as Error).constructor : null))).toEqual([
      null,
      KeyConflictError,
      null,
      null,
    ]);
    expect(await s.statistics.value({ metric: VISITS })).toBe(9);
    // both at once, many times
    await Promise.all(
      Array.from({ length: 40 }, async (_, event) => {
        await Promise.all([s, other].map((one) => one.statistics.increment({ metric: VISITS, key: `event-${event}` })));
      }),
    );
    expect(await s.statistics.value({ metric: VISITS })).toBe(49);
  });

  it('find that the metric was renamed, and that another one has its name', async () => {
    await other.metrics.rename(VISITS, 'visits_before');
    await s.statistics.increment({ metric: VISITS });
    expect(await s.statistics.value({ metric: VISITS })).toBe(1);
    expect(await s.statistics.value({ metric: 'shop/visits_before' })).toBe(2);
  });

  it('find that the metric was removed', async () => {
    await other.metrics.remove(VISITS, { statistics: true });
    await s.statistics.increment({ metric: VISITS });
    expect(await s.statistics.value({ metric: VISITS })).toBe(1);
    await other.metrics.remove(VISITS, { statistics: true });
    await s.statistics.increment({ metric: VISITS, by: 4, object: objectRef('page', 'a') });
    expect(await s.statistics.value({ metric: VISITS })).toBeNull();
    expect(await s.statistics.value({ metric: VISITS, object: objectRef('page', 'a') })).toBe(4);
  });

  it('find that their scope was removed, or is recorded now', async () => {
    await other.statistics.remove({ metric: VISITS });
    await s.statistics.increment({ metric: VISITS });
    expect(await s.statistics.value({ metric: VISITS })).toBe(1);
    expect((await s.statistics.coverage({ metric: VISITS }))?.from).toBe(TODAY);
    await s.statistics.increment({ metric: VISITS });
    await other.statistics.remove({ metric: VISITS });
    await other.statistics.record({ metric: VISITS, value: 10 });
    await expect(s.statistics.increment({ metric: VISITS, key: 'k' })).rejects.toThrow(MixedWritesError);
    expect(await s.statistics.value({ metric: VISITS })).toBe(10);
    expect(await s.dataSource.getRepository(IncrementKey).count()).toBe(0);
  });

  it('wait for a removal of their scope that has begun, and cover it again', async () => {
    if (test.kind === 'sqlite') return; // a transaction locks the database, and this process would wait for itself
    for (const first of [s, other]) {
      await first.statistics.increment({ metric: VISITS, key: 'known' });
      let added: Promise<void> | undefined;
      await others.transaction(async (manager) => {
        await other.statistics.remove({ metric: VISITS, manager });
        added = s.statistics.increment({ metric: VISITS, by: 3, key: 'k' });
        await waitingSession(test.kind, others);
      });
      await added;
      expect(await s.statistics.value({ metric: VISITS })).toBe(3);
      await s.statistics.increment({ metric: VISITS });
      expect(await s.statistics.value({ metric: VISITS })).toBe(4);
      expect((await s.statistics.coverage({ metric: VISITS }))?.from).toBe(TODAY);
      await s.statistics.remove({ metric: VISITS });
    }
  });

  it('that are not committed yet are removed by a removal of their scope, with their keys', async () => {
    if (test.kind === 'sqlite') return;
    const removed = await others
      .transaction(async (manager) => {
        await other.statistics.increment({ metric: VISITS, object: objectRef('page', 'new'), key: 'k', manager });
        const removal = s.statistics.remove({ metric: VISITS, objectType: 'page' });
        await waitingSession(test.kind, others);
        return { removal };
      })
      .then(({ removal }) => removal);
    expect(removed).toBe(2);
    expect(await s.dataSource.getRepository(StatisticByDateAndObject).count()).toBe(0);
    expect(await s.dataSource.getRepository(IncrementKey).count()).toBe(0);
    await s.statistics.increment({ metric: VISITS, object: objectRef('page', 'new'), key: 'k' });
    expect(await s.statistics.value({ metric: VISITS, object: objectRef('page', 'new') })).toBe(1);
  });

  it('find that a tracker has computed their scope, or one of its objects', async () => {
    const repository = s.dataSource.getRepository(Coverage);
    await cover(s, { from: TODAY, through: TODAY, scope: 'object:page:b' }, 'shop/visits');
    await s.statistics.increment({ metric: VISITS, object: objectRef('page', 'a') });
    await expect(s.statistics.increment({ metric: VISITS, object: objectRef('page', 'b') })).rejects.toThrow(
      TrackerOwnedError,
    );
    await repository.update({ scope: '' }, { kind: 'count', through: TODAY });
    await expect(s.statistics.increment({ metric: VISITS })).rejects.toThrow(TrackerOwnedError);
    expect(await s.statistics.value({ metric: VISITS })).toBe(2);
  });

  it('find that the days before a date were pruned, and cover it again', async () => {
    now = new Date('2026-11-25T12:00:00Z');
    await other.statistics.prune({ metric: VISITS, before: '2026-11-24' });
    expect(await s.statistics.value({ metric: VISITS, date: TODAY })).toBeNull();
    await s.statistics.increment({ metric: VISITS, date: TODAY });
    expect(await s.statistics.value({ metric: VISITS, date: TODAY })).toBe(1);
    expect((await s.statistics.coverage({ metric: VISITS }))?.from).toBe(TODAY);
  });

  it('are of the day in the zone of the coverage, whichever process changes it', async () => {
    now = new Date('2026-11-20T23:30:00Z');
    await s.statistics.increment({ metric: VISITS });
    await s.dataSource.getRepository(Coverage).update({ scope: '' }, { timeZone: 'Pacific/Auckland' });
    await s.statistics.increment({ metric: VISITS });
    expect(await s.statistics.value({ metric: VISITS, date: '2026-11-20' })).toBe(3);
    expect(await s.statistics.value({ metric: VISITS, date: '2026-11-21' })).toBe(1);
  });

  it('of which the database refuses one: the others are added, and nothing of a table alone', async () => {
    const most = '9'.repeat(45);
    await s.statistics.increment({ metric: VISITS, object: objectRef('page', 'full'), by: most });
    const settled = await Promise.allSettled([
      s.statistics.increment({ metric: VISITS, by: 10, key: 'k' }),
      s.statistics.increment({ metric: VISITS, object: objectRef('page', 'full'), by: most, key: 'l' }),
      s.statistics.increment({ metric: VISITS, object: objectRef('page', 'a'), by: 20 }),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await s.statistics.value({ metric: VISITS })).toBe(12);
    expect(await s.statistics.value({ metric: VISITS, object: objectRef('page', 'a') })).toBe(22);
    expect(await s.statistics.value({ metric: VISITS, object: objectRef('page', 'full'), exact: true })).toBe(most);
    expect(await s.dataSource.getRepository(IncrementKey).count()).toBe(1);
  });

  it('store other metrics beside it', async () => {
    const fresh = defineMetric({ domain: SHOP, ref: 'fresh' });
    await Promise.all([
      s.statistics.increment({ metric: VISITS }),
      s.statistics.increment({ metric: fresh, period: Period.CALENDAR_MONTH }),
      s.statistics.increment({ metric: ORDERS, by: 3 }),
      s.statistics.increment({ metric: VISITS, date: '2026-11-01' }),
    ]);
    expect(await s.statistics.value({ metric: VISITS })).toBe(3);
    expect(await s.statistics.value({ metric: fresh, period: Period.CALENDAR_MONTH })).toBe(1);
    expect(await s.statistics.value({ metric: ORDERS })).toBe(3);
    expect((await s.statistics.coverage({ metric: VISITS }))?.from).toBe('2026-11-01');
  });
});

/** A process that has read a metric before, and another one that changes what was read. */
describeOnEachDatabase('a value recorded of a metric that was read before', (test) => {
  const PAGE = objectRef('page', 'a');
  const REGION = { entity: OrdersByRegion, dimensions: { country: 'DE', province: null } };
  let s: Setup;
  let other: Setup;
  let others: DataSource;

  beforeAll(async () => {
    await setup(test);
    others = await new DataSource(test.options({ entities: ENTITIES, synchronize: false })).initialize();
  });
  beforeEach(async () => {
    s = await setup(test);
    other = await services(others);
    await s.statistics.record({ metric: ORDERS, value: 1, object: PAGE });
  });
  afterAll(() => others.destroy());

  it('is one statement on PostgreSQL and MariaDB, of any scope and period, and gives the same row', async () => {
    const calls = [
      { metric: ORDERS, value: '12345678901234567890.12345678901234567891' },
      { metric: ORDERS, value: null, date: '2026-11-18' },
      { metric: ORDERS, value: null, date: '2026-11-18' },
      { metric: ORDERS, value: '-0.00000000000000000001', period: Period.LIFETIME },
      { metric: ORDERS, value: 3, period: Period.CALENDAR_MONTH, date: '2026-10-31' },
      { metric: ORDERS, value: 4, object: PAGE },
      { metric: ORDERS, value: 5, ...REGION },
    ] as const;
    for (const call of calls) {
      let row: StatisticByDate | undefined;
      const statements = await statementsOf(s, async () => {
        row = await s.statistics.record(call as never);
      });
      if (test.kind !== 'sqlite') expect(statements).toHaveLength(1);
      const { date, ...found } = row as StatisticByDate;
      const filter = Object.fromEntries(Object.entries({ ...call, date }).filter(([key]) => key !== 'value'));
      expect(await s.statistics.find(filter as never)).toEqual([{ ...found, date }]);
      expect(row?.metric.key).toBe('shop/orders');
    }
    expect(await s.statistics.value({ metric: ORDERS, exact: true })).toBe('12345678901234567890.12345678901234567891');
    expect(await s.statistics.value({ metric: ORDERS, date: '2026-11-18' })).toBeNull();
    expect(await s.statistics.value({ metric: ORDERS, period: Period.CALENDAR_MONTH, date: '2026-10-01' })).toBe(3);
    expect(await s.statistics.value({ metric: ORDERS, object: PAGE })).toBe(4);
    expect(await s.statistics.value({ metric: ORDERS, ...REGION })).toBe(5);
  });

  it('gives the metric as it is stored, which its caller may change', async () => {
    const metric = (await s.statistics.record({ metric: ORDERS, value: 1 })).metric;
    Object.assign(metric, { ref: 'mine', name: 'Mine' });
    Object.assign(metric.domain, { ref: 'mine' });
    expect((await s.statistics.record({ metric: ORDERS, value: 2 })).metric).toMatchObject({
      key: 'shop/orders',
      name: 'Orders',
      unit: null,
    });
    const details = { name: 'ORDERS', description: 'of the shop', unit: 'km', better: 'up', gauge: true } as const;
    for (const [name, value] of Object.entries(details)) {
      await other.metrics.register({ domain: SHOP, ref: 'orders', name: 'Orders', [name]: value });
      expect((await s.statistics.record({ metric: ORDERS, value: 3 })).metric).toMatchObject({ [name]: value });
    }
    await other.domains.register({ ref: 'shop', name: 'SHOP' });
    expect((await s.statistics.record({ metric: ORDERS, value: 4 })).metric.domain.name).toBe('SHOP');
    expect(await s.statistics.value({ metric: ORDERS })).toBe(4);
  });

  it('finds that the metric was renamed, and that another one has its name, or was removed', async () => {
    await s.statistics.record({ metric: ORDERS, value: 1 });
    await other.metrics.rename(ORDERS, 'orders_before');
    await s.statistics.record({ metric: ORDERS, value: 2 });
    expect(await s.statistics.value({ metric: ORDERS })).toBe(2);
    expect(await s.statistics.value({ metric: 'shop/orders_before' })).toBe(1);
    await other.metrics.remove(ORDERS, { statistics: true });
    await s.statistics.record({ metric: ORDERS, value: 3 });
    expect(await s.statistics.value({ metric: ORDERS })).toBe(3);
  });

  it.each<[string, (s: Setup, metric: MetricDefinition) => Promise<unknown>]>([
    ['by record', ({ statistics }, metric) => statistics.record({ metric, value: 2 })],
    ['of LIFETIME', ({ statistics }, metric) => statistics.record({ metric, value: 2, period: Period.LIFETIME })],
    ['by recordMany', ({ statistics }, metric) => statistics.recordMany([{ metric, value: 2 }])],
    ['by increment', ({ statistics }, metric) => statistics.increment({ metric, by: 2, object: PAGE })],
  ])('is stored, or removed with its metric, beside a removal: %s', async (title, write) => {
    for (let time = 0; time < 15; time++) {
      const metric = defineMetric({ domain: SHOP, ref: `removed_${title.replace(' ', '_')}_${String(time)}` });
      if (time % 2 === 0) await s.statistics.record({ metric, value: 1 });
      else await other.metrics.register(metric);
      await Promise.all([write(s, metric), other.metrics.remove(metric, { statistics: true })]);
      const values = [
        await s.statistics.value({ metric }),
        await s.statistics.value({ metric, period: Period.LIFETIME }),
        await s.statistics.value({ metric, object: PAGE }),
      ];
      expect([[2], []]).toContainEqual(values.filter((value) => value !== null));
    }
  });

  it('is refused where another process has incremented, or a tracker has computed', async () => {
    await other.statistics.increment({ metric: ORDERS });
    await expect(s.statistics.record({ metric: ORDERS, value: 7 })).rejects.toThrow(MixedWritesError);
    // and where it was refused before
    await expect(s.statistics.record({ metric: ORDERS, value: 7 })).rejects.toThrow(MixedWritesError);
    expect(await s.statistics.value({ metric: ORDERS })).toBe(1);
    await other.statistics.remove({ metric: ORDERS });
    await s.statistics.record({ metric: ORDERS, value: 8 });
    expect(await s.statistics.value({ metric: ORDERS })).toBe(8);
    await cover(s, { from: TODAY, through: TODAY, scope: 'object:page:b' }, 'shop/orders');
    await s.statistics.record({ metric: ORDERS, value: 9, object: PAGE });
    await expect(s.statistics.record({ metric: ORDERS, value: 9, object: objectRef('page', 'b') })).rejects.toThrow(
      TrackerOwnedError,
    );
    expect(await s.statistics.value({ metric: ORDERS, object: PAGE })).toBe(9);
  });

  it.each([true, false])('waits for a first increment that has begun, which is committed: %s', async (commits) => {
    if (test.kind === 'sqlite') return; // a transaction locks the database, and this process would wait for itself
    for (const period of [Period.DAY, Period.CALENDAR_MONTH]) {
      const runner = others.createQueryRunner();
      await runner.startTransaction();
      await other.statistics.increment({ metric: ORDERS, period, manager: runner.manager });
      const recorded = s.statistics.record({ metric: ORDERS, period, value: 7 }).then(
        () => null,
        (error: unknown) => error,
      );
      await waitingSession(test.kind, others);
      await (commits ? runner.commitTransaction() : runner.rollbackTransaction());
      await runner.release();
      if (commits) expect(await recorded).toBeInstanceOf(MixedWritesError);
      else expect(await recorded).toBeNull();
      expect(await s.statistics.value({ metric: ORDERS, period })).toBe(commits ? 1 : 7);
    }
  });
});

describeOnDatabase('postgres', 'a write of one statement', (test) => {
  it('happens once or not at all, whatever becomes of the statement, and says so', async () => {
    const s = await setup(test);
    for (let times = 0; times < 3; times++) await s.statistics.increment({ metric: VISITS });
    await s.statistics.record({ metric: ORDERS, value: 0 });
    const client = new FailingClient(s.dataSource);
    let [visits, orders] = [3, 0];
    for (const kind of FAULTS) {
      const happens = kind === 'refused' || kind.endsWith('after');
      const outcome = kind === 'refused' ? 'done' : 'failed';
      const call = async (write: () => Promise<unknown>): Promise<string> => {
        client.arm({ kind, at: 1 });
        const ended = await write().then(
          () => 'done',
          () => 'failed',
        );
        expect(client.sent[0]).toMatch(/^WITH trackstats_met/);
        client.arm(null);
        return ended;
      };
      expect([kind, await call(() => s.statistics.increment({ metric: VISITS }))]).toEqual([kind, outcome]);
      if (happens) visits++;
      const value = orders + 1;
      expect([kind, await call(() => s.statistics.record({ metric: ORDERS, value }))]).toEqual([kind, outcome]);
      if (happens) orders = value;
      expect([kind, await s.statistics.value({ metric: VISITS })]).toEqual([kind, visits]);
      expect([kind, await s.statistics.value({ metric: ORDERS })]).toEqual([kind, orders]);
    }
  });
});
