import { jest } from '@jest/globals';
import { UnknownMetricError } from '../../lib/errors/catalog.error.js';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import {
  InvalidFilterError,
  NotSummableError,
  TooManyPointsError,
  TrackerOwnedError,
} from '../../lib/errors/statistic.error.js';
import { InvalidDateError, InvalidPeriodError } from '../../lib/errors/time.error.js';
import { addDecimals } from '../../lib/database/decimal.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { readTotals } from '../../lib/statistics/read/totals.query.js';
import { findPeriods, findPeriodsByType } from '../../lib/statistics/read/stored-periods.query.js';
import { type StatisticClass, statisticTableOf } from '../../lib/statistics/tables/statistic-table.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, Customer, NOW, ORDERS, Page, setup, type Setup, store, TODAY, VISITS } from './setup.js';

test.each([
  ['0', '-0', '0'],
  ['5', '-5', '0'],
  ['999999999999999', '999999999999999', '1999999999999998'],
  ['-99999999999999', '-99999999999999', '-199999999999998'],
  ['9007199254740993', '1', '9007199254740994'],
  ['900000000000001', '0.5', '900000000000001.5'],
])('%s and %s add up to %s', (a, b, sum) => {
  expect(addDecimals(a, b)).toBe(sum);
  expect(addDecimals(b, a)).toBe(sum);
});

describeOnEachDatabase('reading', (test) => {
  let s: Setup;
  beforeEach(async () => {
    s = await setup(test);
    await s.metrics.resolve(ORDERS);
  });
  const day = (date: string, value: string | null) => store(s, { date, value });
  const lifetime = (id: string, date: string, value: string | null, type = 'customer') =>
    store(s, { date, value, period: Period.LIFETIME, objectType: type, objectId: id });

  describe('find', () => {
    beforeEach(async () => {
      for (const date of ['2026-11-03', '2026-11-01', '2026-11-02']) await day(date, date.slice(-1));
      await store(s, { date: '2026-11-02', value: '20', period: Period.LIFETIME });
      for (const id of ['b', 'B', 'a'])
        await store(s, { date: '2026-11-01', value: '1', objectType: 'page', objectId: id });
    });
    const dates = async (filter: object) =>
      (await s.statistics.find({ metric: ORDERS, ...filter })).map(({ date }) => date.slice(-2));

    it('gives rows by date, then keys, in every period unless one is named', async () => {
      expect(await dates({})).toEqual(['01', '02', '02', '03']);
      expect(await dates({ period: Period.DAY })).toEqual(['01', '02', '03']);
      expect(await dates({ from: '2026-11-02' })).toEqual(['02', '02', '03']);
      expect(await dates({ from: '2026-11-02', to: '2026-11-02', period: Period.DAY })).toEqual(['02']);
      expect(await dates({ date: new Date('2026-11-03T12:00:00Z') })).toEqual(['03']);
      expect(await dates({ from: '2026-11-03', to: '2026-11-01' })).toEqual([]);
      expect(await dates({ last: 19, period: Period.DAY })).toEqual(['02', '03']);
      const rows = await s.statistics.find({ metric: ORDERS, objectType: 'page' });
      expect(rows.map(({ objectId }) => objectId)).toEqual(['B', 'a', 'b']);
      expect(rows[0]).toBeInstanceOf(StatisticByDateAndObject);
      expect(rows[0]!.metric.domain.ref).toBe('shop');
    });

    it('orders the objects of a date by code points, as the databases do', async () => {
      // by UTF-16 units, the first half of an emoji would be before U+FFFD
      for (const id of ['\u{1F600}', '\uFFFD', 'z']) await lifetime(id, '2026-11-05', '1', 'page');
      const rows = await s.statistics.find({ metric: ORDERS, objectType: 'page', period: Period.LIFETIME });
      expect(rows.map(({ objectId }) => objectId)).toEqual(['z', '\uFFFD', '\u{1F600}']);
      expect(Object.keys(rows[0]!).sort()).toEqual([
        'date',
        'metric',
        'metricId',
        'objectId',
        'objectType',
        'period',
        'value',
      ]);
      expect(JSON.parse(JSON.stringify(rows[1]))).toMatchObject({ objectId: '\uFFFD', value: 1 });
    });

    it('gives rows of several metrics, none of none, none of one that is only defined', async () => {
      await s.statistics.record({ metric: VISITS, value: 9, date: '2026-11-02' });
      expect(await s.statistics.find({ metrics: [ORDERS, VISITS], period: Period.DAY })).toHaveLength(4);
      expect(await s.statistics.find({ metrics: [] })).toEqual([]);
      expect(await s.statistics.find({ metric: ORDERS, objects: [] })).toEqual([]);
      await s.metrics.remove(VISITS, { statistics: true });
      expect(await s.statistics.find({ metric: VISITS })).toEqual([]);
      expect(await s.metrics.find(VISITS)).toBeNull();
      await expect(s.statistics.find({ metric: 'shop/vists' })).rejects.toThrow(UnknownMetricError);
      defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'unstored_yet' });
      const near = s.statistics.find({ metric: 'shop/unstord_yet' });
      await expect(near).rejects.toThrow(/Did you mean "shop\/unstored_yet"\?/);
      const same = s.statistics.value({ metric: 'shop/unstored_yet' });
      await expect(same).rejects.toThrow(/"shop\/unstored_yet". It is defined, and nothing was written for it yet\./);
      await expect(s.statistics.find({ metric: undefined } as never)).rejects.toThrow(
        'find: metric is undefined. Expected a metric. If it is imported, the two files may import each other.',
      );
      await expect(s.statistics.find({ metrics: [undefined] } as never)).rejects.toThrow(/import each other/);
      await expect(s.statistics.find([1, 2] as never)).rejects.toThrow(/the filter is an array of 2/);
      await expect(s.statistics.find({} as never)).rejects.toThrow(InvalidFilterError);
      await expect(s.statistics.find({ metric: ORDERS, metrics: [ORDERS] } as never)).rejects.toThrow(
        InvalidFilterError,
      );
      await expect(s.statistics.find({ metric: ORDERS, objects: undefined } as never)).rejects.toThrow(
        InvalidFilterError,
      );
      await expect(s.statistics.find({ metric: ORDERS, date: '2026-11-01', from: '2026-11-01' })).rejects.toThrow(
        InvalidFilterError,
      );
      await expect(s.statistics.find({ metric: ORDERS, last: 0 })).rejects.toThrow(InvalidFilterError);
      await expect(s.statistics.find({ metric: ORDERS, to: '2026-11-31' })).rejects.toThrow(InvalidDateError);
    });

    it('has nothing in a range that ends before it begins', async () => {
      const range = { metric: ORDERS, from: '2026-11-02', to: '2026-11-01' } as const;
      expect(await s.statistics.find(range)).toEqual([]);
      expect(await s.statistics.series(range)).toEqual([]);
      expect(await s.statistics.multiSeries({ metrics: [ORDERS], from: range.from, to: range.to })).toMatchObject([
        { points: [] },
      ]);
      expect(await s.statistics.total(range)).toBeNull();
    });

    it('reads objects of several types', async () => {
      await store(s, { date: '2026-11-01', value: '1', objectType: 'customer', objectId: '5' });
      const rows = await s.statistics.find({
        metric: ORDERS,
        objects: [objectRef(Page, 'a'), objectRef(Page, 'b'), objectRef(Customer, 5), objectRef(Customer, 6)],
      });
      expect(rows.map(({ objectType, objectId }) => `${objectType} ${objectId}`)).toEqual([
        'customer 5',
        'page a',
        'page b',
      ]);
    });

    it('gives the most recent', async () => {
      const latest = async (filter: object) =>
        (await s.statistics.mostRecent({ metric: ORDERS, ...filter }))?.date ?? null;
      expect(await latest({})).toBe('2026-11-03');
      expect(await latest({ to: '2026-11-02' })).toBe('2026-11-02');
      expect(await latest({ date: '2026-11-30' })).toBe('2026-11-03');
      expect(await latest({ to: '2026-10-31' })).toBeNull();
      expect(await latest({ period: Period.LIFETIME })).toBe('2026-11-02');
      expect(await s.statistics.mostRecent({ metric: ORDERS })).toBeInstanceOf(StatisticByDate);
    });

    it('narrows to the same rows, to go on composing', async () => {
      const rows = await s.statistics
        .narrow({ metric: ORDERS, period: Period.DAY, from: '2026-11-02' })
        .orderBy('statistic.date')
        .getMany();
      expect(rows).toEqual(await s.statistics.find({ metric: ORDERS, period: Period.DAY, from: '2026-11-02' }));
      const page = s.statistics.narrow(
        { metric: 'shop/orders', objects: [objectRef(Page, 'a'), objectRef(Customer, 1)] },
        's',
      );
      expect(await page.innerJoin(Page, 'p', '1 = 1').andWhere('s.value > :least', { least: 0 }).getCount()).toBe(0);
      expect(
        await s.statistics
          .narrow({ metric: ORDERS, objectType: Page }, 's')
          .andWhere('s.objectId = :id', { id: 'a' })
          .getCount(),
      ).toBe(1);
      expect(await s.statistics.narrow({ metric: 'shop/nothing' }).getMany()).toEqual([]);
      expect(await s.statistics.narrow({ metrics: [] }).getMany()).toEqual([]);
      expect(await s.statistics.narrow({ metrics: [await s.metrics.resolve(ORDERS), VISITS] }).getCount()).toBe(4);
      expect(() => s.statistics.narrow({ metric: ORDERS, object: undefined as never })).toThrow(InvalidFilterError);
    });
  });

  describe('a value', () => {
    it('follows the rule of its period', async () => {
      await cover(s, { from: '2026-11-10', through: TODAY, computedAt: String(NOW.getTime()) });
      await day('2026-11-12', '5');
      const value = (filter: object) => s.statistics.value({ metric: ORDERS, ...filter });
      expect(await value({ date: '2026-11-12' })).toBe(5);
      expect(await value({ date: '2026-11-13' })).toBe(0);
      expect(await value({ date: '2026-11-09' })).toBeNull();
      expect(await value({})).toBe(0);
      expect(await s.statistics.value({ metric: ORDERS, exact: true })).toBe('0');
      expect(await s.statistics.point({ metric: ORDERS })).toEqual({
        date: TODAY,
        value: 0,
        complete: false,
        asOf: NOW,
      });
      expect(await s.statistics.point({ metric: ORDERS, date: '2026-11-19' })).toMatchObject({ complete: true });
      expect(await value({ period: Period.LIFETIME })).toBeNull();
      await store(s, { date: '2026-01-01', value: '77', period: Period.LIFETIME });
      expect(await value({ period: Period.LIFETIME })).toBe(77);
      expect(await s.statistics.value({ metric: VISITS })).toBeNull();
      await expect(s.statistics.value({ metric: ORDERS, objectType: Page } as never)).rejects.toThrow(
        InvalidFilterError,
      );
      await expect(s.statistics.value({ metric: ORDERS, from: TODAY } as never)).rejects.toThrow(InvalidFilterError);
      await expect(s.statistics.value({ metrics: [ORDERS] } as never)).rejects.toThrow(InvalidFilterError);
    });

    it("is today's in the zone of its coverage", async () => {
      await cover(s, {
        from: '2026-11-10',
        through: '2026-11-21',
        timeZone: 'Pacific/Auckland',
        computedAt: String(NOW.getTime()),
      });
      await day('2026-11-21', '3');
      expect(await s.statistics.today()).toBe(TODAY);
      expect(await s.statistics.today(ORDERS)).toBe('2026-11-21');
      expect(await s.statistics.today(VISITS)).toBe(TODAY);
      expect(await s.statistics.value({ metric: ORDERS })).toBe(3);
      expect(await s.statistics.value({ metric: ORDERS, date: NOW })).toBe(3);
      expect((await s.statistics.series({ metric: ORDERS, last: 2 })).map(({ date }) => date)).toEqual([
        '2026-11-20',
        '2026-11-21',
      ]);
      expect(await s.statistics.coverage({ metric: ORDERS })).toEqual({
        from: '2026-11-10',
        through: '2026-11-21',
        timeZone: 'Pacific/Auckland',
      });
    });

    it('of one object knows the coverage of all of its type, or its own', async () => {
      await cover(s, { from: '2026-11-10', through: TODAY, scope: 'objects:customer' });
      await cover(s, { from: '2026-11-15', through: TODAY, scope: 'object:page:x' });
      const at = (object: object) => s.statistics.value({ metric: ORDERS, object, date: '2026-11-12' });
      expect(await at(objectRef(Customer, 5))).toBe(0);
      expect(await at(objectRef(Page, 'x'))).toBeNull();
      const coverage = (filter: object) => s.statistics.coverage({ metric: ORDERS, ...filter });
      expect(await coverage({ object: objectRef(Page, 'x') })).toMatchObject({ from: '2026-11-15' });
      expect(await coverage({ object: objectRef(Page, 'y') })).toBeNull();
      expect(await coverage({ objectType: Customer })).toMatchObject({ from: '2026-11-10' });
      expect(await coverage({ objects: [objectRef(Customer, 1), objectRef(Page, 'x')] })).toMatchObject({
        from: '2026-11-15',
      });
      expect(await coverage({})).toBeNull();
    });
  });

  describe('a series', () => {
    it('begins at from, else at the coverage, else at the first row, and ends today', async () => {
      const span = async (filter: object = {}) => {
        const points = await s.statistics.series({ metric: ORDERS, ...filter });
        return points.length === 0 ? null : [points[0]!.date, points.at(-1)!.date, points.length];
      };
      expect(await span()).toBeNull();
      await day('2026-11-15', '1');
      expect(await span()).toEqual(['2026-11-15', TODAY, 6]);
      await cover(s, { from: '2026-11-18', through: TODAY });
      expect(await span()).toEqual(['2026-11-18', TODAY, 3]);
      expect(await span({ from: '2026-11-01', to: '2026-11-30' })).toEqual(['2026-11-01', '2026-11-30', 30]);
      expect(await span({ last: 7 })).toEqual(['2026-11-14', TODAY, 7]);
      expect(await span({ last: 2, period: Period.CALENDAR_MONTH })).toEqual(['2026-10-01', '2026-11-01', 2]);
      expect(await span({ from: '2026-12-01' })).toBeNull();
      expect(await span({ date: '2026-11-03' })).toEqual(['2026-11-03', '2026-11-03', 1]);
      await expect(span({ from: '0001-01-01' })).rejects.toThrow(TooManyPointsError);
      await expect(span({ fill: 'holes' })).rejects.toThrow(InvalidFilterError);
    });

    it('takes a calendar bucket that begins before the coverage', async () => {
      await cover(s, { from: '2026-09-15', through: TODAY, period: Period.CALENDAR_MONTH });
      await store(s, { date: '2026-09-01', value: '4', period: Period.CALENDAR_MONTH });
      const points = await s.statistics.series({ metric: ORDERS, period: Period.CALENDAR_MONTH, exact: true });
      expect(points.map(({ date, value }) => [date, value])).toEqual([
        ['2026-09-01', '4'],
        ['2026-10-01', '0'],
        ['2026-11-01', '0'],
      ]);
    });

    it('holds the value from before its beginning', async () => {
      await store(s, { date: '2026-01-01', value: '9007199254740993', period: Period.LIFETIME });
      await store(s, { date: '2026-11-19', value: '0.5', period: Period.LIFETIME });
      const points = await s.statistics.series({
        metric: ORDERS,
        period: Period.LIFETIME,
        from: '2026-11-17',
        exact: true,
      });
      expect(points.map(({ value }) => value)).toEqual(['9007199254740993', '9007199254740993', '0.5', '0.5']);
      const filled = await s.statistics.series({ metric: ORDERS, from: '2026-11-19', fill: 'zero' });
      expect(filled.map(({ value }) => value)).toEqual([null, null]);
    });

    it('reads as many statements as it needs', async () => {
      await cover(s, { from: '2026-11-10', through: TODAY });
      let statements = 0;
      const watched = jest.spyOn(s.dataSource.logger, 'logQuery').mockImplementation(() => {
        statements++;
      });
      await s.statistics.series({ metric: ORDERS, last: 5 });
      expect(statements).toBe(2);
      statements = 0;
      // with the last row of each object before the range
      const objects = ['5', '6'].map((id) => ({ type: 'customer', id }));
      await s.statistics.multiSeries({ metric: ORDERS, objects, period: Period.LIFETIME, last: 5 });
      watched.mockRestore();
      expect(statements).toBe(2);
    });
  });

  it('finds the periods that have rows by jumping along the key, in one statement on PostgreSQL', async () => {
    const [orders, visits] = [await s.metrics.resolve(ORDERS), await s.metrics.resolve(VISITS)];
    for (const date of ['2026-11-01', '2026-11-02']) {
      await store(s, { date, value: '1' });
      await store(s, { date, value: '2', period: Period.CALENDAR_MONTH });
      await lifetime('5', date, '3');
      await lifetime('a', date, '4', 'page');
      await store(s, { date, value: '5', objectType: 'page', objectId: 'b' });
      await store(s, { date, value: '6', period: Period.LIFETIME }, visits.key);
    }
    const statements = jest.spyOn(s.dataSource.logger, 'logQuery').mockImplementation(() => undefined);
    const both = [visits, orders];
    const found = async (find: typeof findPeriods, entity: StatisticClass) => {
      const table = statisticTableOf(s.database, entity);
      const periods = await s.database.read(() => find(s.database, table, both));
      return periods
        .map(({ metricId, period, objectType }) => [metricId === orders.id ? 'orders' : 'visits', period, objectType])
        .sort();
    };
    expect(await found(findPeriods, StatisticByDate)).toEqual([
      ['orders', Period.CALENDAR_MONTH, null],
      ['orders', Period.DAY, null],
      ['visits', Period.LIFETIME, null],
    ]);
    expect(await found(findPeriodsByType, StatisticByDateAndObject)).toEqual([
      ['orders', Period.LIFETIME, 'customer'],
      ['orders', Period.LIFETIME, 'page'],
      ['orders', Period.DAY, 'page'],
    ]);
    const rounds = { postgres: 2, sqlite: 3 + 6, mariadb: 3 + 6 };
    expect(statements).toHaveBeenCalledTimes(rounds[test.kind]);
    statements.mockRestore();
    expect(
      await s.database.read(() => findPeriods(s.database, statisticTableOf(s.database, StatisticByDate), [])),
    ).toEqual([]);
  });

  describe('several series', () => {
    it('share their dates, also of what has no rows', async () => {
      await day('2026-11-19', '1');
      const all = await s.statistics.multiSeries({ metrics: [ORDERS, VISITS], from: '2026-11-18' });
      expect(all.map(({ key }) => key)).toEqual(['shop/orders', 'shop/visits']);
      expect(all.map(({ points }) => points.map(({ value }) => value))).toEqual([
        [null, 1, null],
        [null, null, null],
      ]);
      expect(all[1]!.metric).toMatchObject({ ref: 'visits', id: 0 });
      expect(await s.metrics.find(VISITS)).toBeNull();
      expect(await s.statistics.multiSeries({ metrics: [] })).toEqual([]);
    });

    it('are of the objects that are named, or that have rows', async () => {
      await lifetime('1', '2026-01-01', '5');
      await lifetime('2', '2026-11-19', '7');
      await lifetime('1', '2026-11-20', '6');
      await lifetime('1', '2026-11-20', '60', 'page');
      const read = async (filter: object) =>
        (
          await s.statistics.multiSeries({
            metric: ORDERS,
            period: Period.LIFETIME,
            from: '2026-11-18',
            ...filter,
          } as unknown as { metric: typeof ORDERS; objectType: string })
        ).map(({ object, points }) => [object.id, ...points.map(({ value }) => value)]);
      expect(await read({ objectType: Customer })).toEqual([
        ['1', 5, 5, 6],
        ['2', null, 7, 7],
      ]);
      expect(await read({ objects: [objectRef(Customer, 9), objectRef(Customer, 1), objectRef(Customer, 9)] })).toEqual(
        [
          ['9', null, null, null],
          ['1', 5, 5, 6],
        ],
      );
      expect(await read({ objects: [] })).toEqual([]);
      expect(await read({ object: objectRef(Page, 1), fill: 'null' })).toEqual([['1', null, null, 60]]);
    });
  });

  describe('top', () => {
    it('takes the last value of each object at or before the date', async () => {
      await lifetime('1', '2026-01-01', '5');
      await lifetime('1', '2026-11-01', '6');
      await lifetime('1', '2026-12-01', '600');
      await lifetime('2', '2025-01-01', '10');
      await lifetime('3', '2026-11-20', '6');
      await lifetime('4', '2026-11-20', null);
      await lifetime('5', '2026-11-20', '0');
      await lifetime('9', '2026-11-20', '1000', 'page');
      const top = async (filter: object) =>
        (await s.statistics.top({ metric: ORDERS, period: Period.LIFETIME, objectType: Customer, ...filter })).map(
          ({ object, value }) => [object.id, value],
        );
      expect(await top({})).toEqual([
        ['2', 10],
        ['1', 6],
        ['3', 6],
        ['5', 0],
      ]);
      expect(await top({ limit: 2 })).toEqual([
        ['2', 10],
        ['1', 6],
      ]);
      expect(await top({ limit: 2, offset: 1 })).toEqual([
        ['1', 6],
        ['3', 6],
      ]);
      expect(await top({ limit: Infinity, order: 'asc' })).toEqual([
        ['5', 0],
        ['1', 6],
        ['3', 6],
        ['2', 10],
      ]);
      expect(await top({ date: '2026-10-31' })).toEqual([
        ['2', 10],
        ['1', 5],
      ]);
      expect(await top({ date: '2026-12-01' })).toEqual([['1', 600]]);
      expect(await top({ limit: 0 })).toEqual([]);
      await expect(s.statistics.top({ metric: ORDERS } as never)).rejects.toThrow(
        'top ranks objects or dimensions, and none is named. Give objectType: Customer, or entity: OrdersByCountry.',
      );
      await expect(top({ limit: -1 })).rejects.toThrow(InvalidFilterError);
      await expect(top({ order: 'up' })).rejects.toThrow(InvalidFilterError);
      expect(await s.statistics.top({ metric: VISITS, objectType: Customer })).toEqual([]);
    });

    it('sorts numbers as numbers, exactly, and takes ten', async () => {
      const values = [
        '9',
        '10',
        '0.1',
        '-5',
        '9007199254740993',
        '9007199254740992',
        '1e30',
        '100',
        '99',
        '98',
        '97',
        '96',
      ];
      for (const [id, value] of values.entries())
        await s.statistics.record({ metric: ORDERS, value, object: objectRef(Customer, id) });
      const top = await s.statistics.top({ metric: ORDERS, objectType: Customer, exact: true });
      expect(top.map(({ value }) => value)).toEqual([
        '1000000000000000000000000000000',
        '9007199254740993',
        '9007199254740992',
        '100',
        '99',
        '98',
        '97',
        '96',
        '10',
        '9',
      ]);
      expect(await s.statistics.top({ metric: ORDERS, objectType: Customer, date: '2026-11-19' })).toEqual([]);
      const some = await s.statistics.top({
        metric: ORDERS,
        objects: [objectRef(Customer, 0), objectRef(Customer, 3)],
      });
      expect(some.map(({ value }) => value)).toEqual([9, -5]);
    });
  });

  describe('total', () => {
    it('adds exactly what is known', async () => {
      await day('2026-11-12', '9007199254740993');
      await day('2026-11-13', '0.1');
      await day('2026-11-14', null);
      await day('2026-11-15', '0.2');
      expect(await s.statistics.total({ metric: ORDERS, exact: true })).toBe('9007199254740993.3');
      expect(await s.statistics.total({ metric: ORDERS, from: '2026-11-13', to: '2026-11-30' })).toBe(0.3);
      expect(await s.statistics.total({ metric: ORDERS, last: 3 })).toBeNull();
      await cover(s, { from: '2026-11-10', through: TODAY });
      expect(await s.statistics.total({ metric: ORDERS, last: 3 })).toBe(0);
      expect(await s.statistics.total({ metric: VISITS })).toBeNull();
      await expect(s.statistics.total({ metric: ORDERS, period: Period.LIFETIME as never })).rejects.toThrow(
        InvalidPeriodError,
      );
    });

    it.each(['avg', 'min', 'max', 'countDistinct'] as const)('refuses %s', async (kind) => {
      await cover(s, { from: '2026-11-10', through: TODAY, kind });
      await expect(s.statistics.total({ metric: ORDERS })).rejects.toThrow(NotSummableError);
    });
  });

  it('reads the totals of many metrics in order, exactly, with the carried value', async () => {
    const [orders, visits] = [await s.metrics.resolve(ORDERS), await s.metrics.resolve(VISITS)];
    const LONG = '9007199254740993.12';
    await s.statistics.record({ metric: ORDERS, date: '2026-11-03', value: '-0.5' });
    await s.statistics.record({ metric: ORDERS, date: '2026-11-01', value: LONG });
    await day('2026-11-02', null);
    await s.statistics.record({ metric: VISITS, date: '2026-11-02', value: 7 });
    await s.statistics.record({ metric: VISITS, date: '2026-10-20', value: 3, period: Period.LIFETIME });
    const totals = async (period: Period) => {
      const range = { from: '2026-11-01', to: '2026-11-03' } as const;
      const found = await s.database.read(() => readTotals(s.database, [orders, visits], period, range));
      return [orders, visits].map((metric) => found.get(metric.id)?.map(({ date, value }) => [date, value]));
    };
    expect(await totals(Period.DAY)).toEqual([
      [
        ['2026-11-01', LONG],
        ['2026-11-02', null],
        ['2026-11-03', '-0.5'],
      ],
      [['2026-11-02', '7']],
    ]);
    expect(await totals(Period.LIFETIME)).toEqual([[], [['2026-10-20', '3']]]);
  });

  describe('remove', () => {
    it('removes the rows of its scope only', async () => {
      await day('2026-11-12', '1');
      await day('2026-11-13', '1');
      await store(s, { date: '2026-11-13', value: '1', period: Period.LIFETIME });
      await store(s, { date: '2026-11-13', value: '1', objectType: 'page', objectId: 'x' });
      expect(await s.statistics.remove({ metric: ORDERS, period: Period.DAY, date: '2026-11-12' })).toBe(1);
      expect(await s.statistics.remove({ metric: ORDERS })).toBe(2);
      expect(await s.statistics.remove({ metric: ORDERS, objects: [] })).toBe(0);
      expect(await s.statistics.find({ metric: ORDERS, objectType: Page })).toHaveLength(1);
      expect(await s.statistics.remove({ metric: VISITS })).toBe(0);
      await expect(s.statistics.remove({} as never)).rejects.toThrow(InvalidFilterError);
      await expect(s.statistics.remove({ metric: undefined } as never)).rejects.toThrow(InvalidFilterError);
    });

    it('spares what a tracker computes, unless forced', async () => {
      await cover(s, { from: '2026-11-10', through: TODAY });
      await day('2026-11-12', '1');
      await store(s, { date: '2026-11-12', value: '1', period: Period.LIFETIME });
      s.owners.own('shop/orders', [Period.LIFETIME], '', 'LifetimeTracker');
      const dayOnly = { metric: ORDERS, period: Period.DAY, date: '2026-11-12' };
      await expect(s.statistics.remove(dayOnly)).rejects.toThrow(TrackerOwnedError);
      await expect(s.statistics.remove({ metric: ORDERS, date: '2026-11-12' })).rejects.toThrow(/LifetimeTracker/);
      await expect(s.statistics.remove({ metric: ORDERS, period: Period.LIFETIME })).rejects.toThrow(TrackerOwnedError);
      expect(await s.statistics.remove({ ...dayOnly, force: true })).toBe(1);
      expect(await s.statistics.value({ metric: ORDERS, date: '2026-11-12' })).toBe(0);
      expect(await s.statistics.remove({ metric: ORDERS, force: true })).toBe(1);
      expect(await s.dataSource.getRepository(Coverage).count()).toBe(0);
    });

    it('keeps the coverage of other objects', async () => {
      await s.statistics.increment({ metric: ORDERS, object: objectRef(Page, 'x') });
      await s.statistics.increment({ metric: ORDERS, object: objectRef(Page, 'y') });
      expect(await s.statistics.remove({ metric: ORDERS, object: objectRef(Page, 'x') })).toBe(1);
      expect(await s.statistics.coverage({ metric: ORDERS, objectType: Page })).not.toBeNull();
      expect(await s.statistics.remove({ metric: ORDERS, objectType: Page })).toBe(1);
      expect(await s.statistics.coverage({ metric: ORDERS, objectType: Page })).toBeNull();
    });
  });
});
