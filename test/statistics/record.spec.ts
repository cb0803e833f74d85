import { canonicalDecimal } from '../../lib/database/decimal.js';
import { InvalidRefError, UnknownMetricError } from '../../lib/errors/catalog.error.js';
import {
  InvalidFilterError,
  InvalidObjectError,
  InvalidValueError,
  MixedWritesError,
  TrackerOwnedError,
} from '../../lib/errors/statistic.error.js';
import { InvalidDateError, InvalidPeriodError } from '../../lib/errors/time.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { objectScope, objectsScope } from '../../lib/coverage/scope.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { addDays } from '../../lib/time/local-date.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, Customer, Flights, ORDERS, OrdersByRegion, Page, setup, type Setup, TODAY, VISITS } from './setup.js';

const EXACT = [
  '0',
  '1',
  '-1',
  '0.1',
  '-0.5',
  '9007199254740993',
  '-9007199254740993',
  '0.30000000000000004',
  '123456789012345678901234567890123456789012345.12345678901234567891',
  '-999999999999999999999999999999999999999999999.99999999999999999999',
  '0.00000000000000000001',
  '100000000000000000000',
];

describeOnEachDatabase('record', (test) => {
  let s: Setup;
  beforeEach(async () => {
    s = await setup(test);
  });

  it('gives the entity, with its metric', async () => {
    const row = await s.statistics.record({ metric: ORDERS, value: 12.5, date: '2026-10-31' });
    expect(row).toBeInstanceOf(StatisticByDate);
    expect(row).toMatchObject({ period: Period.DAY, date: '2026-10-31', value: 12.5, exactValue: '12.5' });
    expect(row.metric.key).toBe('shop/orders');
    const [found] = await s.dataSource.getRepository(StatisticByDate).find({ relations: { metric: true } });
    expect(found).toEqual(row);
    expect(await s.statistics.find({ metric: ORDERS })).toEqual([row]);
  });

  it('is for today where no date is given, and for the day of an instant in the zone of the module', async () => {
    expect(await s.statistics.record({ metric: ORDERS, value: 1 })).toMatchObject({ date: TODAY });
    const auckland = await setup(test, { timeZone: 'Pacific/Auckland' });
    expect(await auckland.statistics.record({ metric: ORDERS, value: 1 })).toMatchObject({ date: '2026-11-21' });
    const instant = new Date('2026-10-31T12:00:00Z');
    expect(await auckland.statistics.record({ metric: ORDERS, value: 1, date: instant })).toMatchObject({
      date: '2026-11-01',
    });
  });

  it('replaces what was recorded, alone in its key', async () => {
    await s.statistics.record({ metric: ORDERS, value: 1 });
    await s.statistics.record({ metric: ORDERS, value: 2 });
    await s.statistics.record({ metric: ORDERS, value: 3, period: Period.LIFETIME });
    await s.statistics.record({ metric: VISITS, value: 4 });
    await s.statistics.record({ metric: ORDERS, value: 5, object: objectRef(Customer, 1) });
    const rows = await s.statistics.find({ metrics: [ORDERS, VISITS] });
    expect(rows.map(({ value }) => value)).toEqual(expect.arrayContaining([2, 3, 4]));
    expect(rows).toHaveLength(3);
  });

  it('keeps values exactly', async () => {
    for (const [id, value] of EXACT.entries()) {
      const object = objectRef(Customer, id);
      const date = addDays(TODAY, -id);
      await s.statistics.recordMany([
        { metric: ORDERS, value, date },
        { metric: ORDERS, value, date, object },
      ]);
      expect(await s.statistics.value({ metric: ORDERS, date, exact: true })).toBe(value);
      expect(await s.statistics.value({ metric: ORDERS, date })).toBe(Number(value));
      expect((await s.statistics.find({ metric: ORDERS, date }))[0]?.exactValue).toBe(value);
      expect((await s.statistics.narrow({ metric: ORDERS, date }).getOneOrFail()).exactValue).toBe(value);
      const [best] = await s.statistics.top({ metric: ORDERS, date, objects: [object], exact: true });
      expect(best).toEqual({ object: { type: 'customer', id: String(id) }, value });
    }
  });

  it.each([
    [7, '7'],
    [-0, '0'],
    ['-0', '0'],
    [' 1.50 ', '1.5'],
    ['1e3', '1000'],
    ['+5', '5'],
    ['.5', '0.5'],
    [2n ** 70n, String(2n ** 70n)],
    [1e21, '1000000000000000000000'],
    [1 / 30000, '0.00003333333333333334'],
    [1e-20, '0.00000000000000000001'],
    [0.1 + 0.2, '0.30000000000000004'],
  ])('takes %s', async (value, expected) => {
    expect((await s.statistics.record({ metric: ORDERS, value })).exactValue).toBe(expected);
    expect(await s.statistics.value({ metric: ORDERS, exact: true })).toBe(expected);
  });

  it('keeps "no value"', async () => {
    const row = await s.statistics.record({ metric: ORDERS, value: null });
    expect(row).toMatchObject({ value: null, exactValue: null });
    const [found] = await s.statistics.find({ metric: ORDERS });
    expect(found).toMatchObject({ value: null, exactValue: null });
    expect(await s.statistics.value({ metric: ORDERS })).toBeNull();
    await s.statistics.record({ metric: ORDERS, value: 0 });
    expect(await s.statistics.value({ metric: ORDERS })).toBe(0);
  });

  it('refuses what is no value', async () => {
    const wrong = [
      NaN,
      Infinity,
      '',
      '12abc',
      '0x10',
      '1,5',
      'NaN',
      undefined,
      true,
      [1],
      {},
      1e46,
      '1e45',
      '0.123456789012345678901',
    ];
    for (const value of [...wrong, 5e-324, '1'.repeat(46)]) {
      await expect(s.statistics.record({ metric: ORDERS, value: value as never })).rejects.toThrow(InvalidValueError);
    }
    expect(await s.metrics.list()).toEqual([]);
  });

  it('refuses what is no date', async () => {
    for (const date of ['2026-02-30', '2026-13-01', '26-01-01', 'today', '', new Date(NaN), 5, null]) {
      await expect(s.statistics.record({ metric: ORDERS, value: 1, date: date as never })).rejects.toThrow(
        InvalidDateError,
      );
    }
  });

  it('refuses what it cannot read', async () => {
    const record = (more: object): Promise<unknown> =>
      s.statistics.record({ metric: ORDERS, value: 1, ...more } as never);
    await expect(record({ period: 7 })).rejects.toThrow(InvalidPeriodError);
    await expect(record({ metric: 'shop/nothing' })).rejects.toThrow(UnknownMetricError);
    await expect(record({ metric: 'nothing' })).rejects.toThrow(InvalidRefError);
    for (const key of ['metric', 'object', 'objects', 'objectType', 'entity', 'dimensions', 'date', 'from', 'to']) {
      await expect(record({ [key]: undefined })).rejects.toThrow(InvalidFilterError);
    }
    await expect(record({ object: null })).rejects.toThrow(InvalidObjectError);
    await expect(record({ from: '2026-01-01' })).rejects.toThrow(InvalidFilterError);
    await expect(record({ objectType: Customer })).rejects.toThrow(InvalidFilterError);
    await expect(record({ perriod: Period.DAY })).rejects.toThrow(/perriod/);
    await expect(record({ entity: StatisticByDate, dimensions: {} })).rejects.toThrow(InvalidFilterError);
    await expect(s.statistics.record(undefined as never)).rejects.toThrow(InvalidFilterError);
    expect(await s.dataSource.getRepository(StatisticByDate).count()).toBe(0);
  });

  it('stores a calendar period under the first day of its bucket', async () => {
    const at = (period: Period): Promise<StatisticByDate> =>
      s.statistics.record({ metric: ORDERS, value: 1, period, date: '2026-11-19' });
    expect((await at(Period.CALENDAR_WEEK)).date).toBe('2026-11-16');
    expect((await at(Period.CALENDAR_MONTH)).date).toBe('2026-11-01');
    expect((await at(Period.CALENDAR_QUARTER)).date).toBe('2026-10-01');
    expect((await at(Period.CALENDAR_YEAR)).date).toBe('2026-01-01');
    expect((await at(Period.WEEK)).date).toBe('2026-11-19');
    const sunday = await setup(test, { weekStart: 'sunday' });
    expect((await sunday.statistics.record({ metric: ORDERS, value: 1, period: Period.CALENDAR_WEEK })).date).toBe(
      '2026-11-15',
    );
  });

  it('tells objects apart by every byte of their ids', async () => {
    const ids = [
      'a',
      'A',
      'a ',
      ' a',
      'á',
      'a\u0301',
      'ａ',
      '',
      '%',
      '_',
      "'",
      '"; --',
      '日本',
      '🙂',
      '0',
      '00',
      '\u2400',
      'x'.repeat(255),
    ].filter((id) => id !== '');
    for (const [place, id] of ids.entries())
      await s.statistics.record({ metric: ORDERS, value: place, object: objectRef(Page, id) });
    for (const [place, id] of ids.entries()) {
      expect(await s.statistics.value({ metric: ORDERS, object: objectRef(Page, id) })).toBe(place);
    }
    const rows = await s.statistics.find({ metric: ORDERS, objectType: Page });
    expect(new Set(rows.map(({ objectId }) => objectId))).toEqual(new Set(ids));
    expect(await s.statistics.remove({ metric: ORDERS, object: objectRef(Page, 'a') })).toBe(1);
    expect(await s.statistics.find({ metric: ORDERS, objectType: Page })).toHaveLength(ids.length - 1);
  });

  it('tells object types apart', async () => {
    await s.statistics.record({ metric: ORDERS, value: 1, object: objectRef('thing', 1) });
    await s.statistics.record({ metric: ORDERS, value: 2, object: objectRef('Thing', 1) });
    expect(await s.statistics.value({ metric: ORDERS, object: objectRef('thing', 1) })).toBe(1);
    expect(await s.statistics.find({ metric: ORDERS, objectType: 'Thing' })).toHaveLength(1);
  });

  it('keeps custom statistics with dimensions of every type', async () => {
    const cells = [
      { from: 'AMS', to: 'JFK', order: 1, object: true, booked: '2026-01-31' },
      { from: 'AMS', to: null, order: null, object: null, booked: null },
      { from: 'ams', to: '', order: 0, object: false, booked: '9999-12-31' },
      { from: '', to: 'JFK', order: -2147483647, object: true, booked: '1582-10-15' },
    ];
    for (const [place, dimensions] of cells.entries()) {
      const row = await s.statistics.record({ metric: ORDERS, value: place, entity: Flights, dimensions });
      expect(row).toBeInstanceOf(Flights);
      expect(row).toMatchObject({ ...dimensions, value: place, date: TODAY });
    }
    for (const [place, dimensions] of cells.entries()) {
      expect(await s.statistics.value({ metric: ORDERS, entity: Flights, dimensions })).toBe(place);
    }
    const found = await s.statistics.find({ metric: ORDERS, entity: Flights });
    expect(found.map(({ from, to, order, object, booked }) => ({ from, to, order, object, booked }))).toEqual(
      expect.arrayContaining(cells),
    );
    const read = await s.dataSource.getRepository(Flights).find({ relations: { metric: true } });
    const byValue = (rows: Flights[]): Flights[] => rows.slice().sort((a, b) => a.value! - b.value!);
    expect(byValue(read)).toEqual(byValue(found));
  });

  it('refuses what a tracker owns, and what increment counted', async () => {
    s.owners.own('shop/orders', [Period.DAY], '', 'OrderTracker');
    s.owners.own('shop/orders', [Period.DAY], objectsScope('customer'), 'CustomerTracker');
    await expect(s.statistics.record({ metric: ORDERS, value: 1 })).rejects.toThrow(/OrderTracker.*repair/);
    await expect(s.statistics.record({ metric: ORDERS, value: 1, object: objectRef(Customer, 1) })).rejects.toThrow(
      TrackerOwnedError,
    );
    await s.statistics.record({ metric: ORDERS, value: 1, period: Period.LIFETIME });
    await s.statistics.record({ metric: ORDERS, value: 1, object: objectRef(Page, 'x') });
    await s.statistics.increment({ metric: VISITS });
    await expect(s.statistics.record({ metric: VISITS, value: 1 })).rejects.toThrow(MixedWritesError);
    await s.statistics.record({ metric: VISITS, value: 1, object: objectRef(Page, 'x') });
    await cover(s, { from: '2026-01-01', through: '2026-01-02', scope: 'statistic:orders_by_region' });
    const region = { entity: OrdersByRegion, dimensions: { country: 'NL', province: null } };
    await expect(s.statistics.record({ metric: ORDERS, value: 1, ...region })).rejects.toThrow(TrackerOwnedError);
  });

  it('refuses the one object that increments count, among others of its type', async () => {
    await s.metrics.resolve(ORDERS);
    const scope = objectScope({ type: 'page', id: 'counted' });
    await cover(s, { from: '2026-01-01', through: null, scope, kind: 'increment' });
    const page = (id: string) => ({ metric: ORDERS, value: 1, object: objectRef(Page, id) });
    await expect(s.statistics.recordMany([page('a'), page('counted')])).rejects.toThrow(MixedWritesError);
    await expect(s.statistics.recordMany([page('counted'), page('a')])).rejects.toThrow(MixedWritesError);
    expect(await s.dataSource.getRepository(StatisticByDateAndObject).count()).toBe(0);
    expect(await s.statistics.recordMany([page('a'), page('b'), page('a')])).toBe(2);
  });

  it('is the last of many at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => s.statistics.record({ metric: ORDERS, value: i })));
    expect(await s.statistics.find({ metric: ORDERS })).toHaveLength(1);
  });
});

describeOnEachDatabase('recordMany', (test) => {
  let s: Setup;
  beforeEach(async () => {
    s = await setup(test);
  });

  it('writes rows of every scope in one transaction, the last of a key', async () => {
    async function* rows() {
      yield { metric: ORDERS, value: 1 };
      yield { metric: 'shop/orders', value: 3 } as never;
      yield { metric: VISITS, value: 5, object: objectRef(Customer, 1) };
      yield { metric: ORDERS, value: 7, entity: OrdersByRegion, dimensions: { country: 'NL', province: null } };
    }
    await s.metrics.resolve(ORDERS);
    expect(await s.statistics.recordMany<OrdersByRegion>(rows())).toBe(3);
    expect(await s.statistics.value({ metric: ORDERS })).toBe(3);
    expect(await s.statistics.value({ metric: VISITS, object: objectRef(Customer, 1) })).toBe(5);
    expect(
      await s.statistics.value({
        metric: ORDERS,
        entity: OrdersByRegion,
        dimensions: { country: 'NL', province: null },
      }),
    ).toBe(7);
  });

  it('writes nothing where one is wrong', async () => {
    const wrong = [
      { metric: ORDERS, value: 1 },
      { metric: ORDERS, value: NaN, date: '2026-01-01' },
    ];
    await expect(s.statistics.recordMany(wrong)).rejects.toThrow(InvalidValueError);
    const unknown = [
      { metric: ORDERS, value: 1 },
      { metric: 'shop/nothing', value: 1 },
    ];
    await expect(s.statistics.recordMany(unknown)).rejects.toThrow(UnknownMetricError);
    expect(await s.dataSource.getRepository(StatisticByDate).count()).toBe(0);
    expect(await s.metrics.list()).toEqual([]);
    expect(await s.statistics.recordMany([])).toBe(0);
  });

  it('writes more than a statement can bind, and overlapping batches at once', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({
      metric: ORDERS,
      value: `${i}.25`,
      object: objectRef(Customer, i + 1),
    }));
    const results = await Promise.all([s.statistics.recordMany(rows), s.statistics.recordMany(rows.toReversed())]);
    expect(results).toEqual([20_000, 20_000]);
    expect(await s.dataSource.getRepository(StatisticByDateAndObject).count()).toBe(20_000);
    expect(await s.statistics.value({ metric: ORDERS, object: objectRef(Customer, 20_000), exact: true })).toBe(
      '19999.25',
    );
  });
});

it('the spelling of decimals', () => {
  expect(EXACT.map((text) => canonicalDecimal(text))).toEqual(EXACT);
});
