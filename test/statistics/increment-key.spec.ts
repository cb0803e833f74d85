import type { TestingModule } from '@nestjs/testing';
import {
  defineDomain,
  defineMetric,
  InvalidKeyError,
  KeyConflictError,
  MetricService,
  MixedWritesError,
  Period,
  StatisticService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { Database } from '../../lib/database/database.js';
import { StatisticOwners } from '../../lib/statistics/tables/owners.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { checkIncrement } from '../../lib/statistics/write/increment.js';
import { addIncrements } from '../../lib/statistics/write/increment.query.js';
import { closeApplications, start } from '../module/application.js';
import { Kill, unlessKilled } from '../properties/killed.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const SALES = defineMetric({ domain: SHOP, ref: 'sales' });
const NOW = new Date('2026-10-31T12:00:00Z');
const DAY = 86_400_000;

/** Shuffles the same way each time. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  let state = seed;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const left = [...all];
  return all.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T);
}

describeOnEachDatabase('increments with a key', (database) => {
  let module: TestingModule;
  let statistics: StatisticService;
  let now: Date;

  beforeEach(async () => {
    now = NOW;
    module = await start({
      database: database.options({ poolSize: 6 }),
      trackstats: { clock: () => now, keepKeys: 10 },
    });
    statistics = module.get(StatisticService);
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  /** Another process, as far as batches go. */
  const replica = (): StatisticService =>
    new StatisticService(
      new Database(module.get(DataSource)),
      module.get(ObjectTypes),
      new StatisticOwners(),
      { timeZone: 'UTC', weekStart: 'monday', keepKeys: 10 },
      () => now,
    );
  const keys = async (): Promise<number> => {
    const found = await module
      .get(DataSource)
      .query<{ n: unknown }[]>('SELECT COUNT(*) AS n FROM trackstats_increment_key');
    return Number(found[0]?.n);
  };

  it('count once, alone and in a batch, in any order with others', async () => {
    await statistics.increment({ metric: VISITS, key: 'a', by: 2 });
    await statistics.increment({ metric: VISITS, key: 'a', by: 2 });
    await Promise.all([
      statistics.increment({ metric: VISITS, key: 'b' }),
      statistics.increment({ metric: VISITS, key: 'a', by: '2.0' }),
      statistics.increment({ metric: VISITS }),
      statistics.increment({ metric: VISITS, key: 'b' }),
      statistics.increment({ metric: VISITS }),
    ]);
    expect(await statistics.value({ metric: VISITS })).toBe(5);
    expect(await keys()).toBe(2);
  });

  it('tell keys apart byte by byte, and by metric and period', async () => {
    const texts = [
      'k',
      'K',
      'k ',
      ' k',
      'ḱ',
      'k\u0301',
      "k'; DROP TABLE x --",
      '\u{1f600}',
      'x'.repeat(255),
      '%',
      '\\',
    ];
    for (const key of texts) await statistics.increment({ metric: VISITS, key });
    await Promise.all(texts.map((key) => statistics.increment({ metric: VISITS, key })));
    expect(await statistics.value({ metric: VISITS })).toBe(texts.length);
    await statistics.increment({ metric: SALES, key: 'k', by: 9 });
    await statistics.increment({ metric: VISITS, key: 'k', period: Period.CALENDAR_MONTH });
    expect(await statistics.value({ metric: SALES })).toBe(9);
    expect(await statistics.value({ metric: VISITS, period: Period.CALENDAR_MONTH })).toBe(1);
  });

  it('refuse a key that was counted as something else', async () => {
    const page = { type: 'page', id: '1' };
    await statistics.increment({ metric: VISITS, key: 'a', by: 2, date: '2026-10-30' });
    await statistics.increment({ metric: VISITS, key: 'p', object: page });
    const wrong = [
      statistics.increment({ metric: VISITS, key: 'a', by: 3, date: '2026-10-30' }),
      statistics.increment({ metric: VISITS, key: 'a', by: 2, date: '2026-10-29' }),
      statistics.increment({ metric: VISITS, key: 'a', by: 2, date: '2026-10-30', object: page }),
      statistics.increment({ metric: VISITS, key: 'p', object: { type: 'page', id: '2' } }),
      statistics.increment({ metric: VISITS, key: 'p', object: { type: 'pages', id: '1' } }),
    ];
    const right = statistics.increment({ metric: VISITS, key: 'a', by: 2 });
    for (const call of wrong) await expect(call).rejects.toThrow(KeyConflictError);
    await right;
    // two at once, of which one is counted
    const both = await Promise.allSettled([
      statistics.increment({ metric: VISITS, key: 'both', by: 1 }),
      statistics.increment({ metric: VISITS, key: 'both', by: 2 }),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await statistics.series({ metric: VISITS }).then((all) => all.map(({ value }) => value))).toEqual([2, 1]);
    expect((await statistics.coverage({ metric: VISITS }))?.from).toBe('2026-10-30');
  });

  it('take a repetition on a later day for what it repeats, without a date', async () => {
    await statistics.increment({ metric: VISITS, key: 'a' });
    now = new Date(NOW.getTime() + 2 * DAY);
    await statistics.increment({ metric: VISITS, key: 'a' });
    expect(await statistics.total({ metric: VISITS })).toBe(1);
  });

  it('refuse what is no key', async () => {
    for (const key of ['', 'x'.repeat(256), 'a\0b', '\ud800', 5, null, {}, [], true] as string[]) {
      await expect(statistics.increment({ metric: VISITS, key })).rejects.toThrow(InvalidKeyError);
    }
    expect(await keys()).toBe(0);
  });

  it('leave no key behind where they are refused', async () => {
    await statistics.record({ metric: SALES, value: 1 });
    const object = { type: 'page', id: '1' };
    await statistics.increment({ metric: VISITS, by: '9'.repeat(45) });
    const calls = [
      statistics.increment({ metric: SALES, key: 'a' }),
      statistics.increment({ metric: SALES, key: 'a' }),
      statistics.increment({ metric: VISITS, key: 'b', object }),
    ];
    const ended = await Promise.allSettled(calls);
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    for (const one of ended.slice(0, 2)) expect((one as PromiseRejectedResult).reason).toBeInstanceOf(MixedWritesError);
    await expect(statistics.increment({ metric: VISITS, key: 'c', by: '9'.repeat(45) })).rejects.toThrow();
    expect(await keys()).toBe(1);
  });

  it('commit and roll back with a transaction of the application, and can be sent again', async () => {
    const dataSource = module.get(DataSource);
    const once = (fails: boolean): Promise<void> =>
      dataSource.transaction(async (manager) => {
        await statistics.increment({ metric: VISITS, key: 'a', manager });
        await statistics.increment({ metric: VISITS, key: 'a', manager });
        await expect(statistics.increment({ metric: VISITS, key: 'a', by: 2, manager })).rejects.toThrow(
          KeyConflictError,
        );
        if (fails) throw new Error('rolled back');
      });
    await expect(once(true)).rejects.toThrow('rolled back');
    expect(await keys()).toBe(0);
    await once(false);
    await once(false);
    await statistics.increment({ metric: VISITS, key: 'a' });
    expect(await statistics.value({ metric: VISITS })).toBe(1);
  });

  it('see a key that another process stored after the transaction took its snapshot', async () => {
    if (database.kind === 'sqlite') return; // one connection
    await statistics.increment({ metric: VISITS, key: 'first' });
    const begun = module.get(DataSource).transaction('REPEATABLE READ', async (manager) => {
      await manager.query('SELECT COUNT(*) FROM trackstats_increment_key');
      await replica().increment({ metric: VISITS, key: 'a' });
      await statistics.increment({ metric: VISITS, key: 'a', manager });
    });
    // PostgreSQL refuses to write over what its snapshot does not see: the application repeats such a transaction
    if (database.kind === 'postgres') await expect(begun).rejects.toThrow(/serialize/);
    else await begun;
    expect(await statistics.value({ metric: VISITS })).toBe(2);
  });

  it('are forgotten with their scope, and with their metric', async () => {
    await statistics.increment({ metric: VISITS, key: 'a' });
    await statistics.increment({ metric: VISITS, key: 'o', object: { type: 'page', id: '1' } });
    await statistics.remove({ metric: VISITS, date: '2026-10-31' });
    await statistics.increment({ metric: VISITS, key: 'a' });
    expect(await statistics.value({ metric: VISITS })).toBe(0);
    await statistics.remove({ metric: VISITS });
    expect(await keys()).toBe(1);
    await statistics.increment({ metric: VISITS, key: 'a' });
    expect(await statistics.value({ metric: VISITS })).toBe(1);
    await module.get(MetricService).remove(VISITS, { statistics: true });
    expect(await keys()).toBe(0);
  });

  it('are kept for keepKeys days, and pruned in steps beside the calls', async () => {
    const many = Array.from({ length: 2_500 }, (_, place) => `old-${String(place)}`);
    await Promise.all(many.map((key) => statistics.increment({ metric: VISITS, key })));
    expect(await statistics.value({ metric: VISITS })).toBe(2_500);
    now = new Date(NOW.getTime() + 9 * DAY);
    await statistics.increment({ metric: VISITS, key: 'old-7' });
    expect(await statistics.total({ metric: VISITS })).toBe(2_500);
    now = new Date(NOW.getTime() + 11 * DAY);
    await statistics.increment({ metric: VISITS, key: 'new' });
    for (let waited = 0; (await keys()) > 1 && waited < 200; waited++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await keys()).toBe(1);
    await statistics.increment({ metric: VISITS, key: 'old-7' });
    expect(await statistics.total({ metric: VISITS })).toBe(2_502);
  });

  it('of a replayed log, shuffled over processes of which some are killed, add up to the distinct keys', async () => {
    const events = Array.from({ length: 300 }, (_, id) => ({ key: `event-${String(id)}`, by: (id % 7) + 1 }));
    const log = shuffled([...events, ...events.filter((_, place) => place % 10 < 3)], 7);
    const replicas = [statistics, replica(), replica(), replica()];
    const context = {
      database: new Database(module.get(DataSource)),
      objectTypes: module.get(ObjectTypes),
      owners: new StatisticOwners(),
      options: { timeZone: 'UTC', weekStart: 'monday' as const },
    };
    /** A process that takes some of the log, and is killed before one of its statements. */
    const killed = async (some: readonly (typeof log)[number][], statements: number): Promise<void> => {
      const increments = some.map((event) => checkIncrement(context, { metric: VISITS, ...event }, now));
      await unlessKilled(
        context.database.transaction(() => addIncrements(context, increments, now), {
          cancellation: new Kill(statements),
        }),
      );
    };
    await statistics.increment({ metric: VISITS, ...log[0] });
    const left = log.map((event, place) => ({ event, of: place % replicas.length }));
    await Promise.all([
      ...replicas.map(async (one, of) => {
        const own = left.filter((entry) => entry.of === of).map(({ event }) => event);
        for (let start = 0; start < own.length; start += 20) {
          await Promise.all(own.slice(start, start + 20).map((event) => one.increment({ metric: VISITS, ...event })));
        }
      }),
      (async () => {
        for (let statements = 0; statements < 8; statements++)
          await killed(log.slice(statements * 20, statements * 20 + 30), statements);
      })(),
    ]);
    const expected = events.reduce((sum, { by }) => sum + by, 0);
    expect(await statistics.value({ metric: VISITS })).toBe(expected);
    expect(await keys()).toBe(events.length);
    // the log once more, in another order
    await Promise.all(
      shuffled(log, 11).map((event, place) =>
        (replicas[place % 4] ?? statistics).increment({ metric: VISITS, ...event }),
      ),
    );
    expect(await statistics.value({ metric: VISITS })).toBe(expected);
  });
});
