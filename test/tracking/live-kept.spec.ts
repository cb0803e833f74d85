import { jest } from '@jest/globals';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { LiveShop } from '../support/live.js';
import { Buyer, openShop, Sale, SHOP } from './shop.js';

const DEFAULTS = { timeZone: 'Europe/Amsterdam', weekStart: 'monday' } as const;
const domain = defineDomain({ ref: 'kept' });
const SALES = defineMetric({ domain, ref: 'sales' });
const BY_BUYER = defineMetric({ domain, ref: 'sales_by_buyer' });
const given = { dateField: 'at', period: [Period.DAY, Period.LIFETIME], lookback: 0 };
const TRACKERS = [
  {
    definition: defineTracker({ kind: 'date', name: null, type: 'Spec' }, { ...given, metric: SALES }, DEFAULTS),
    source: Sale,
  },
  {
    definition: defineTracker(
      { kind: 'object', name: null, type: 'Spec' },
      { ...given, metric: BY_BUYER, objectField: 'buyer' },
      DEFAULTS,
    ),
    source: Sale,
  },
];

/** A live read keeps its plan for the next one. These reads are of one process, between which something moves. */
describeOnEachDatabase('live reads one after the other', (database) => {
  afterEach(() => database.clear());
  let shop: LiveShop;
  let another: LiveShop;
  let engine: Engine;

  beforeEach(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, ...SHOP] }));
    // as the start of an application does
    await engine.database.checkSession();
    await openShop(engine.source);
    shop = new LiveShop(engine, TRACKERS, DEFAULTS);
    another = new LiveShop(engine, TRACKERS, DEFAULTS);
  });

  let id = 0;
  async function sell(at: string): Promise<void> {
    const sale = { at: new Date(at), status: null, total: null, items: 1, buyer: { id: 1 } };
    await engine.source.getRepository(Sale).insert({ id: ++id, ...sale });
  }

  async function runAt(now: string, by = another): Promise<void> {
    by.now = new Date(now);
    await by.run();
  }

  /** The last days of both trackers, and how many sales there were in all, as the same process reads them. */
  async function readAt(now: string): Promise<{ days: Record<string, string | null>; all: string | null }> {
    shop.now = new Date(now);
    const common = { live: true, exact: true } as const;
    const days = await shop.statistics.series({ metric: SALES, last: 3, ...common });
    const all = await shop.statistics.value({ metric: SALES, period: Period.LIFETIME, ...common });
    const ofBuyer = { metric: BY_BUYER, object: objectRef(Buyer, 1), ...common };
    expect(await shop.statistics.series({ ...ofBuyer, last: 3 })).toEqual(days);
    expect(await shop.statistics.value({ ...ofBuyer, period: Period.LIFETIME })).toBe(all);
    return { days: Object.fromEntries(days.map(({ date, value }) => [date, value])), all };
  }

  test('count rows up to the instant of each', async () => {
    await sell('2026-11-10T09:00:00Z');
    await sell('2026-11-10T10:05:00Z');
    await runAt('2026-11-10T10:00:00Z');
    expect((await readAt('2026-11-10T10:00:00Z')).all).toBe('1');
    expect((await readAt('2026-11-10T10:04:59.999Z')).all).toBe('1');
    expect((await readAt('2026-11-10T10:05:00Z')).all).toBe('2');
    await sell('2026-11-10T10:06:00Z');
    expect(await readAt('2026-11-10T11:00:00Z')).toEqual({
      days: expect.objectContaining({ '2026-11-10': '3' }),
      all: '3',
    });
  });

  /** The statements of some reads at an instant. */
  async function statementsAt(now: string, reads: () => Promise<unknown>): Promise<string[]> {
    shop.now = new Date(now);
    const texts: string[] = [];
    const watched = jest
      .spyOn(engine.dataSource.logger, 'logQuery')
      .mockImplementation((text) => void texts.push(text));
    await reads();
    watched.mockRestore();
    return texts;
  }

  test.each([
    ['a day', () => shop.statistics.value({ metric: SALES, live: true }), 3],
    ['all time', () => shop.statistics.value({ metric: SALES, period: Period.LIFETIME, live: true }), 5],
    ['a point', () => shop.statistics.point({ metric: SALES, live: true }), expect.objectContaining({ value: 3 })],
    ['a sum of days', () => shop.statistics.total({ metric: SALES, last: 2, live: true }), 5],
    ['days', async () => (await shop.statistics.series({ metric: SALES, last: 2, live: true })).at(-1)?.value, 3],
    ['an object', () => shop.statistics.value({ metric: BY_BUYER, object: objectRef(Buyer, 1), live: true }), 3],
  ])('of %s are one statement on a server', async (_, read, expected) => {
    await sell('2026-11-09T09:00:00Z');
    await sell('2026-11-09T10:00:00Z');
    await sell('2026-11-10T09:00:00Z');
    await runAt('2026-11-10T09:30:00Z');
    await sell('2026-11-10T10:00:00Z');
    await sell('2026-11-10T10:01:00Z');
    const now = '2026-11-10T11:00:00Z';
    await statementsAt(now, read);
    const found: unknown[] = [];
    const statements = await statementsAt(now, async () => found.push(await read()));
    expect(found).toEqual([expected]);
    if (database.kind !== 'sqlite') expect(statements).toHaveLength(1);
    // a run moves the coverage: what was planned for the one before does not count
    await runAt('2026-11-10T11:00:00Z');
    const planned = await statementsAt(now, async () => found.push(await read()));
    expect(found).toEqual([expected, expected]);
    if (database.kind !== 'sqlite') expect(planned).toHaveLength(2);
    await statementsAt('2026-11-12T11:00:00Z', async () => found.push(await read()));
    const nextDays = await statementsAt('2026-11-12T11:00:00Z', async () => found.push(await read()));
    expect(found[2]).toEqual(found[3]);
    if (database.kind !== 'sqlite') expect(nextDays).toHaveLength(1);
  });

  test('have the settings of a transaction where the one before was slow', async () => {
    await sell('2026-11-10T09:00:00Z');
    await runAt('2026-11-10T09:30:00Z');
    const now = '2026-11-10T11:00:00Z';
    const read = (): Promise<unknown> => shop.statistics.value({ metric: SALES, live: true });
    const transactions = async (): Promise<number> =>
      (await statementsAt(now, read)).filter((text) => /^(START|BEGIN)/.test(text)).length;
    // the driver of SQLite reports no BEGIN
    const one = database.kind === 'sqlite' ? 0 : 1;
    shop.readMs = 101;
    await transactions();
    expect(await transactions()).toBe(one);
    shop.readMs = 100;
    expect(await transactions()).toBe(one);
    expect(await transactions()).toBe(0);
  });

  test('go on from what another process has run meanwhile', async () => {
    await sell('2026-11-10T09:00:00Z');
    await runAt('2026-11-10T10:00:00Z');
    await sell('2026-11-10T11:00:00Z');
    expect((await readAt('2026-11-12T10:00:00Z')).days).toEqual({
      '2026-11-10': '2',
      '2026-11-11': '0',
      '2026-11-12': '0',
    });
    await runAt('2026-11-12T10:00:00Z');
    // of a day that is closed now
    await sell('2026-11-10T12:00:00Z');
    await sell('2026-11-12T09:00:00Z');
    expect((await readAt('2026-11-12T10:00:00Z')).days).toEqual({
      '2026-11-10': '2',
      '2026-11-11': '0',
      '2026-11-12': '1',
    });
  });

  test('begin again where statistics were removed', async () => {
    await sell('2026-11-10T09:00:00Z');
    await runAt('2026-11-12T10:00:00Z');
    await sell('2026-11-10T11:00:00Z');
    expect((await readAt('2026-11-12T10:00:00Z')).days['2026-11-10']).toBe('1');
    await another.statistics.remove({ metric: SALES, force: true });
    await another.statistics.remove({ metric: BY_BUYER, objectType: Buyer, force: true });
    expect((await readAt('2026-11-12T10:00:00Z')).days['2026-11-10']).toBe('2');
  });

  test('have the date of each, over midnight', async () => {
    await sell('2026-11-10T22:59:59Z');
    await sell('2026-11-10T23:00:00Z');
    await runAt('2026-11-10T22:00:00Z');
    expect((await readAt('2026-11-10T22:59:59Z')).days['2026-11-10']).toBe('1');
    expect((await readAt('2026-11-10T23:00:00Z')).days).toMatchObject({ '2026-11-10': '1', '2026-11-11': '1' });
  });

  // the clocks went back at 01:00 UTC: the hour before midnight is at another offset than the morning
  test('know the offset of each, where the clock changes between them', async () => {
    await sell('2026-10-24T22:00:00Z');
    await sell('2026-10-25T22:30:00Z');
    await runAt('2026-10-25T00:15:00Z');
    expect((await readAt('2026-10-25T00:20:00Z')).days['2026-10-25']).toBe('1');
    expect((await readAt('2026-10-25T22:45:00Z')).days['2026-10-25']).toBe('2');
  });
});
