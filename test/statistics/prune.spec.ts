import { InvalidFilterError } from '../../lib/errors/statistic.error.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, ORDERS, OrdersByRegion, setup, type Setup, store } from './setup.js';

describeOnEachDatabase('prune', (database) => {
  let s: Setup;

  beforeEach(async () => {
    s = await setup(database);
  });

  test('removes the days before a date in every scope, and counts them', async () => {
    await s.statistics.record({ metric: ORDERS, value: 1, date: '2026-10-01' });
    await s.statistics.record({ metric: ORDERS, value: 2, date: '2026-11-01' });
    await s.statistics.record({ metric: ORDERS, value: 3, date: '2026-10-01', object: { type: 'customer', id: 5 } });
    const cell = { entity: OrdersByRegion, dimensions: { country: 'NL', province: null } };
    await s.statistics.record({ metric: ORDERS, value: 4, date: '2026-10-01', ...cell });
    expect(await s.statistics.prune({ metric: ORDERS, before: '2026-11-01' })).toBe(3);
    expect((await s.statistics.find({ metric: ORDERS })).map(({ date }) => date)).toEqual(['2026-11-01']);
  });

  test('is counted before, by metric and period, and nothing is removed', async () => {
    const date = '2026-10-01';
    await s.statistics.record({ metric: ORDERS, value: 1, date });
    await s.statistics.record({ metric: ORDERS, value: 2, date: '2026-11-01' });
    await s.statistics.record({ metric: ORDERS, value: 3, date, object: { type: 'customer', id: 5 } });
    const cell = { entity: OrdersByRegion, dimensions: { country: 'NL', province: null } };
    await s.statistics.record({ metric: ORDERS, value: 4, date, ...cell });
    await s.statistics.record({ metric: ORDERS, value: 5, date, period: Period.CALENDAR_MONTH });
    await cover(s, { period: Period.LIFETIME, from: '2026-01-01', through: '2026-11-20' });
    for (const day of ['2026-01-05', '2026-03-05', '2026-11-01'])
      await store(s, { period: Period.LIFETIME, date: day, value: '1' });

    const filter = { metric: ORDERS, before: '2026-11-01' };
    const old = await s.statistics.prunable(filter);
    const expected = [
      [Period.DAY, 3],
      [Period.CALENDAR_MONTH, 1],
      [Period.LIFETIME, 2],
    ];
    expect(old.map(({ period, rows }) => [period, rows]).sort()).toEqual(expected.sort());
    expect(old[0]).toMatchObject({ metric: ORDERS.key, before: '2026-11-01' });
    expect(await s.statistics.prunable(filter)).toEqual(old);
    expect(await s.statistics.prunable({ ...filter, period: Period.CALENDAR_MONTH })).toHaveLength(1);
    for (const { period, rows } of old) expect(await s.statistics.prune({ ...filter, period })).toBe(rows);
    expect(await s.statistics.prunable(filter)).toEqual([]);
  });

  test('keeps so many days up to today', async () => {
    for (const date of ['2026-11-18', '2026-11-19', '2026-11-20'])
      await s.statistics.record({ metric: ORDERS, value: 1, date });
    expect(await s.statistics.prune({ metric: ORDERS, period: Period.DAY, keep: 2 })).toBe(1);
    expect((await s.statistics.find({ metric: ORDERS })).map(({ date }) => date)).toEqual(['2026-11-19', '2026-11-20']);
  });

  test('leaves other periods and other metrics alone', async () => {
    await s.statistics.record({ metric: ORDERS, value: 1, date: '2026-01-01' });
    await s.statistics.record({ metric: ORDERS, value: 1, date: '2026-01-01', period: Period.CALENDAR_MONTH });
    expect(await s.statistics.prune({ metric: ORDERS, period: Period.DAY, before: '2026-11-01' })).toBe(1);
    expect(await s.statistics.find({ metric: ORDERS })).toHaveLength(1);
  });

  test('keeps what holds at the cut where values hold until the next row, for each object', async () => {
    await s.metrics.register(ORDERS);
    await cover(s, { period: Period.LIFETIME, from: '2026-01-01', through: '2026-11-20' });
    for (const [objectId, date, value] of [
      ['a', '2026-01-05', '1'],
      ['a', '2026-03-05', '2'],
      ['b', '2026-02-01', '9007199254740993'],
      ['c', '2026-06-01', '9'],
    ] as const) {
      await store(s, { period: Period.LIFETIME, objectType: 'customer', objectId, date, value });
    }
    const at = (id: string, date: string): Promise<string | null> =>
      s.statistics.value({
        metric: ORDERS,
        period: Period.LIFETIME,
        object: { type: 'customer', id },
        date,
        exact: true,
      });
    expect(await s.statistics.prune({ metric: ORDERS, before: '2026-06-01' })).toBe(3);
    expect([await at('a', '2026-06-01'), await at('a', '2026-11-20')]).toEqual(['2', '2']);
    expect(await at('b', '2026-07-01')).toBe('9007199254740993');
    expect(await at('c', '2026-06-01')).toBe('9');
    const rows = await s.statistics.find({ metric: ORDERS, objectType: 'customer' });
    expect(rows.map(({ objectId, date }) => [objectId, date])).toEqual([
      ['a', '2026-06-01'],
      ['b', '2026-06-01'],
      ['c', '2026-06-01'],
    ]);
  });

  test('moves the beginning of what is covered to the cut', async () => {
    await s.metrics.register(ORDERS);
    await cover(s, { from: '2026-01-01', through: '2026-11-20' });
    await store(s, { date: '2026-01-01', value: '1' });
    await s.statistics.prune({ metric: ORDERS, before: '2026-06-01' });
    expect(await s.statistics.coverage({ metric: ORDERS })).toMatchObject({
      from: '2026-06-01',
      through: '2026-11-20',
    });
  });

  test.each([
    [{ metric: ORDERS }],
    [{ metric: ORDERS, before: '2026-01-01', keep: 3 }],
    [{ metric: ORDERS, keep: 0 }],
    [{ metric: ORDERS, before: '2026-11-21' }],
    [{ before: '2026-01-01' }],
  ])('refuses %j', async (filter) => {
    await s.statistics.record({ metric: ORDERS, value: 1, date: '2026-01-01' });
    await expect(s.statistics.prune(filter as never)).rejects.toThrow(InvalidFilterError);
    expect(await s.statistics.find({ metric: ORDERS })).toHaveLength(1);
  });
});
