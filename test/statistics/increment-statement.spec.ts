import { jest } from '@jest/globals';
import { DataSource, type EntityManager } from 'typeorm';
import { defineMetric } from '../../lib/catalog/definitions.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { KeyConflictError, MixedWritesError, TrackerOwnedError } from '../../lib/errors/statistic.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { IncrementKey } from '../../lib/statistics/tables/increment-key.entity.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, ENTITIES, NOW, ORDERS, services, setup, SHOP, type Setup, TODAY, VISITS } from './setup.js';

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

  const statementsOf = async (work: () => Promise<unknown>): Promise<string[]> => {
    const statements: string[] = [];
    const watched = jest
      .spyOn(s.dataSource.logger, 'logQuery')
      .mockImplementation((text) => void statements.push(text));
    await work();
    watched.mockRestore();
    return statements;
  };

  /** Resolves when a statement of another connection waits for a lock. */
  const othersWait = async (manager: EntityManager): Promise<void> => {
    const waiting =
      test.kind === 'postgres'
        ? `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
        : `SELECT 1 FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
           WHERE p.db = DATABASE() AND t.trx_state = 'LOCK WAIT'`;
    for (let tries = 0; (await manager.query<unknown[]>(waiting)).length === 0 && tries < 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it('are one statement on PostgreSQL (beside the removal of old keys), of several tables and with keys', async () => {
    const statements = await statementsOf(() =>
      Promise.all([
        s.statistics.increment({ metric: VISITS, by: '0.5' }),
        s.statistics.increment({ metric: VISITS, by: 2, key: 'x' }),
        s.statistics.increment({ metric: 'shop/visits', object: objectRef('page', 'a') }).catch(() => undefined),
        s.statistics.increment({ metric: VISITS, object: objectRef('page', 'b'), by: 3, key: 'y' }),
      ]),
    );
    // the text names a metric that was read as a definition only
    if (test.kind === 'postgres')
      expect(statements.filter((text) => text.includes('INSERT')).length).toBeGreaterThan(1);
    const again = await statementsOf(() =>
      Promise.all([
        s.statistics.increment({ metric: VISITS, by: '0.5' }),
        s.statistics.increment({ metric: VISITS, by: 2, key: 'z' }),
        s.statistics.increment({ metric: 'shop/visits', object: objectRef('page', 'a') }),
        s.statistics.increment({ metric: VISITS, object: objectRef('page', 'b'), by: 3, key: 'w' }),
      ]),
    );
    if (test.kind === 'postgres') expect(again.filter((text) => text.includes('INSERT'))).toHaveLength(1);
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
        await othersWait(manager);
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
        await othersWait(manager);
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
