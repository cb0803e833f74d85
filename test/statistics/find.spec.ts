import { TooManyPointsError } from '../../lib/errors/statistic.error.js';
import type { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import type { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, ORDERS, setup, store, type Setup, VISITS } from './setup.js';

const LIFETIME = Period.LIFETIME;
const COVERED = { period: LIFETIME, from: '2026-11-01', through: '2026-11-06' } as const;

/** The date, the value, and the object if it has one. */
function shown(row: AbstractStatistic): unknown[] {
  const { objectId } = row as Partial<StatisticByDateAndObject>;
  return [row.date.slice(5), row.value, ...(objectId === undefined ? [] : [objectId])];
}

describeOnEachDatabase('find and mostRecent', (test) => {
  let s: Setup;

  beforeEach(async () => {
    s = await setup(test);
    await s.metrics.register(ORDERS);
    await s.metrics.register(VISITS);
  });

  async function total(date: string, value: string | null, metric = 'shop/orders'): Promise<void> {
    await store(s, { period: LIFETIME, date, value }, metric);
  }

  async function object(objectId: string, date: string, value: string, objectType = 'customer'): Promise<void> {
    await store(s, { period: LIFETIME, date, value, objectType, objectId });
  }

  async function found(filter: object): Promise<unknown[]> {
    const rows = await s.statistics.find({ metric: ORDERS, period: LIFETIME, ...filter } as never);
    return rows.map(shown);
  }

  async function last(filter: object): Promise<unknown> {
    const row = await s.statistics.mostRecent({ metric: ORDERS, period: LIFETIME, ...filter } as never);
    return row && shown(row);
  }

  it('give what holds on computed dates that have no row', async () => {
    await cover(s, COVERED);
    await total('2026-11-02', '1');
    await total('2026-11-05', null);
    const all = [
      ['11-02', 1],
      ['11-03', 1],
      ['11-04', 1],
      ['11-05', null],
      ['11-06', null],
    ];
    expect(await found({})).toEqual(all);
    expect(await found({ from: '2026-11-03', to: '2026-11-05' })).toEqual(all.slice(1, 4));
    expect(await found({ date: '2026-11-04' })).toEqual([['11-04', 1]]);
    expect(await found({ to: '2026-11-01' })).toEqual([]);
    expect(await found({ from: '2026-11-07' })).toEqual([]);
    expect(await last({})).toEqual(['11-06', null]);
    expect(await last({ to: '2026-11-04' })).toEqual(['11-04', 1]);
    expect(await last({ date: '2026-11-03' })).toEqual(['11-03', 1]);
    expect(await last({ from: '2026-11-03', to: '2026-11-03' })).toEqual(['11-03', 1]);
    expect(await last({ to: '2026-11-01' })).toBeNull();
    expect(await last({ from: '2026-11-07' })).toBeNull();
  });

  it('give nothing before coverage, and the row of a later date as it is', async () => {
    await cover(s, { ...COVERED, from: '2026-11-04' });
    await total('2026-11-01', '1');
    await total('2026-11-09', '2');
    const rows = ['11-01', '11-04', '11-05', '11-06', '11-09'];
    expect((await found({})).map((row) => (row as unknown[])[0])).toEqual(rows);
    expect(await last({})).toEqual(['11-09', 2]);
    expect(await last({ to: '2026-11-08' })).toEqual(['11-06', 1]);
    expect(await last({ from: '2026-11-07', to: '2026-11-08' })).toBeNull();
    expect(await last({ to: '2026-11-03' })).toEqual(['11-01', 1]);
    expect(await last({ from: '2026-11-02', to: '2026-11-03' })).toBeNull();
  });

  it('leave what was recorded by hand, and days, as they are', async () => {
    await cover(s, { ...COVERED, period: Period.DAY });
    await total('2026-11-02', '1');
    await store(s, { period: Period.DAY, date: '2026-11-02', value: '5' });
    expect(await found({})).toEqual([['11-02', 1]]);
    expect(await found({ from: '2026-11-03' })).toEqual([]);
    expect(await last({})).toEqual(['11-02', 1]);
    expect(await last({ period: Period.DAY })).toEqual(['11-02', 5]);
    expect(await found({ period: Period.DAY })).toEqual([['11-02', 5]]);
  });

  it('do so for each object by its own coverage, in the order of their ids', async () => {
    await cover(s, { ...COVERED, scope: 'objects:customer', through: '2026-11-04' });
    await cover(s, { ...COVERED, scope: 'object:customer:b', through: '2026-11-05' });
    for (const id of ['b', 'B', 'a']) await object(id, '2026-11-03', '1');
    await object('a', '2026-11-04', '2');
    await object('b', '2026-11-01', '7', 'page');
    const day4 = [
      ['11-04', 1, 'B'],
      ['11-04', 2, 'a'],
      ['11-04', 1, 'b'],
    ];
    const ofType = { objectType: 'customer' };
    expect(await found({ ...ofType, from: '2026-11-04' })).toEqual([...day4, ['11-05', 1, 'b']]);
    expect(await last(ofType)).toEqual(['11-05', 1, 'b']);
    expect(await last({ ...ofType, to: '2026-11-04' })).toEqual(['11-04', 1, 'B']);
    expect(await last({ objects: [objectRef('customer', 'a'), objectRef('customer', 'B')] })).toEqual([
      '11-04',
      1,
      'B',
    ]);
    expect(await last({ object: objectRef('customer', 'a') })).toEqual(['11-04', 2, 'a']);
    expect(await found({ objectType: 'page' })).toEqual([['11-01', 7, 'b']]);
  });

  it('read several metrics, and every period where none is named', async () => {
    await cover(s, { ...COVERED, through: '2026-11-03' });
    await cover(s, { ...COVERED, period: Period.WEEK, through: '2026-11-03' }, 'shop/visits');
    await total('2026-11-02', '1');
    await store(s, { period: Period.WEEK, date: '2026-11-01', value: '2' }, 'shop/visits');
    await store(s, { period: Period.DAY, date: '2026-11-02', value: '3' }, 'shop/visits');
    const rows = await s.statistics.find({ metrics: [VISITS, ORDERS], from: '2026-11-02' });
    expect(rows.map(({ metric, period, date, value }) => [metric.ref, period, date.slice(8), value])).toEqual([
      ['orders', 0, '02', 1],
      ['visits', 86400, '02', 3],
      ['visits', 604800, '02', 2],
      ['orders', 0, '03', 1],
      ['visits', 604800, '03', 2],
    ]);
  });

  it('refuse to give more than a limit', async () => {
    await cover(s, { ...COVERED, from: '1700-01-01', through: '2026-11-06' });
    await total('1700-01-01', '1');
    await expect(found({})).rejects.toThrow(TooManyPointsError);
    await expect(found({})).rejects.toThrow(/This find.*narrow/);
    expect(await found({ from: '2026-11-05' })).toHaveLength(2);
    expect(await last({})).toEqual(['11-06', 1]);
  });

  it('leave narrow to what is stored', async () => {
    await cover(s, COVERED);
    await total('2026-11-02', '1');
    expect(await s.statistics.narrow({ metric: ORDERS, period: LIFETIME }).getCount()).toBe(1);
  });
});
