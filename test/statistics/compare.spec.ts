import { InvalidDateError } from '../../lib/errors/time.error.js';
import { IncompleteDimensionsError } from '../../lib/errors/dimension.error.js';
import { defineMetric } from '../../lib/catalog/definitions.js';
import { defineRatio } from '../../lib/catalog/derived.js';
import { InvalidFilterError, NotSummableError } from '../../lib/errors/statistic.error.js';
import { earlierDates, earlierRange } from '../../lib/statistics/read/comparison.js';
import { seriesDates } from '../../lib/statistics/read/series.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, NOW, ORDERS, OrdersByRegion, setup, SHOP, store, type Setup, TODAY, VISITS } from './setup.js';

const LEVEL = defineMetric({ domain: SHOP, ref: 'level', gauge: true });
const SHARE = defineMetric({ domain: SHOP, ref: 'share', unit: 'percent' });
const CUSTOMER = { type: 'customer', id: '1' };
const PER_LEVEL = defineRatio({ domain: SHOP, ref: 'per_level', of: ORDERS, per: LEVEL });
const PER_SHARE = defineRatio({ domain: SHOP, ref: 'per_share', of: ORDERS, per: SHARE });

describe('the dates that a series is compared with', () => {
  it.each([
    [Period.DAY, 'previous', ['2026-03-01', '2026-03-02'], ['2026-02-27', '2026-02-28']],
    [Period.MONTH, 'previous', ['2026-03-01', '2026-03-02'], ['2026-02-27', '2026-02-28']],
    [Period.CALENDAR_MONTH, 'previous', ['2026-03-01', '2026-04-01'], ['2026-01-01', '2026-02-01']],
    [Period.CALENDAR_WEEK, 'previous', ['2026-11-16'], ['2026-11-09']],
    [Period.DAY, 'year', ['2024-02-28', '2024-02-29', '2024-03-01'], ['2023-02-28', '2023-02-28', '2023-03-01']],
    [Period.DAY, 'year', ['2025-02-28', '2025-03-01'], ['2024-02-28', '2024-03-01']],
    [Period.CALENDAR_QUARTER, 'year', ['2026-10-01'], ['2025-10-01']],
    [Period.CALENDAR_WEEK, 'year', ['2026-11-16'], ['2025-11-17']],
    [Period.MONTH_TO_DATE, 'year', ['2026-11-20'], ['2025-11-20']],
    [Period.DAY, 'weekdays', ['2026-11-20'], ['2025-11-21']],
    [Period.DAY, 'week', ['2026-03-04', '2026-03-05'], ['2026-02-25', '2026-02-26']],
    [Period.CALENDAR_WEEK, 'week', ['2026-11-16'], ['2026-11-09']],
    [Period.DAY, 'month', ['2026-11-01', '2026-11-29'], ['2026-10-01', '2026-10-29']],
    [Period.DAY, 'month', ['2026-10-30', '2026-10-31'], ['2026-09-30', '2026-09-30']],
    [Period.DAY, 'month', ['2026-03-28', '2026-03-29', '2026-03-31'], ['2026-02-28', '2026-02-28', '2026-02-28']],
    [Period.DAY, 'month', ['2024-03-29', '2024-03-30'], ['2024-02-29', '2024-02-29']],
    [Period.DAY, 'month', ['2026-01-31'], ['2025-12-31']],
    [Period.DAY, 'quarter', ['2026-05-31', '2026-06-30'], ['2026-02-28', '2026-03-30']],
    [Period.WEEK, 'month', ['2026-11-20'], ['2026-10-20']],
    [Period.MONTH_TO_DATE, 'month', ['2026-03-31'], ['2026-02-28']],
    [Period.LIFETIME, 'quarter', ['2026-02-10'], ['2025-11-10']],
    [Period.CALENDAR_MONTH, 'month', ['2026-01-01', '2026-02-01'], ['2025-12-01', '2026-01-01']],
    [Period.CALENDAR_MONTH, 'quarter', ['2026-02-01'], ['2025-11-01']],
    [Period.CALENDAR_QUARTER, 'quarter', ['2026-01-01'], ['2025-10-01']],
    [Period.CALENDAR_WEEK, 'weekdays', ['2026-11-16'], ['2025-11-17']],
  ] as const)('of period %d, %s', (period, compareWith, dates, expected) => {
    expect(earlierDates(period, dates, compareWith, 'monday')).toEqual(expected);
  });

  it('are refused where there are none', () => {
    expect(() => earlierDates(Period.CALENDAR_MONTH, ['2026-11-01'], 'weekdays', 'monday')).toThrow(/CALENDAR_MONTH/);
    expect(() => earlierDates(Period.CALENDAR_WEEK, ['2026-11-16'], 'month', 'monday')).toThrow(
      /do not make up months/,
    );
    expect(() => earlierDates(Period.CALENDAR_QUARTER, ['2026-10-01'], 'month', 'monday')).toThrow(InvalidFilterError);
    expect(() => earlierDates(Period.CALENDAR_YEAR, ['2026-01-01'], 'quarter', 'monday')).toThrow(InvalidFilterError);
    expect(() => earlierDates(Period.CALENDAR_MONTH, ['2026-11-01'], 'week', 'monday')).toThrow(InvalidFilterError);
    expect(() => earlierDates(Period.DAY, ['0001-01-31'], 'month', 'monday')).toThrow(InvalidDateError);
    expect(() => earlierDates(Period.DAY, ['0001-01-01'], 'previous', 'monday')).toThrow(InvalidDateError);
    expect(() => earlierDates(Period.DAY, ['0001-06-01'], 'year', 'monday')).toThrow(InvalidDateError);
  });
});

describe('the range that a range is compared with as a whole', () => {
  it.each([
    ['month to date', 'month', '2026-11-01', '2026-11-29', '2026-10-01', '2026-10-29'],
    ['month to date after a shorter month', 'month', '2026-03-01', '2026-03-30', '2026-02-01', '2026-02-28'],
    ['month to date after February of a leap year', 'month', '2024-03-01', '2024-03-30', '2024-02-01', '2024-02-29'],
    ['31 days against 30', 'month', '2026-10-01', '2026-10-31', '2026-09-01', '2026-09-30'],
    ['30 days against 31', 'month', '2026-11-01', '2026-11-30', '2026-10-01', '2026-10-31'],
    ['February against January', 'month', '2026-02-01', '2026-02-28', '2026-01-01', '2026-01-31'],
    ['28 of 29 days are no whole month', 'month', '2024-02-01', '2024-02-28', '2024-01-01', '2024-01-28'],
    ['29 February against January', 'month', '2024-02-01', '2024-02-29', '2024-01-01', '2024-01-31'],
    ['January against December', 'month', '2026-01-01', '2026-01-31', '2025-12-01', '2025-12-31'],
    ['two months against two', 'month', '2026-05-01', '2026-06-30', '2026-04-01', '2026-05-31'],
    ['the end of a month alone', 'month', '2026-11-15', '2026-11-30', '2026-10-15', '2026-10-30'],
    ['92 days against 91', 'quarter', '2026-07-01', '2026-09-30', '2026-04-01', '2026-06-30'],
    ['91 days against 90', 'quarter', '2026-04-01', '2026-06-30', '2026-01-01', '2026-03-31'],
    ['quarter to date', 'quarter', '2026-10-01', '2026-11-29', '2026-07-01', '2026-08-29'],
    ['year to date', 'year', '2026-01-01', '2026-11-29', '2025-01-01', '2025-11-29'],
    ['year to date of a leap year', 'year', '2024-01-01', '2024-02-29', '2023-01-01', '2023-02-28'],
    ['two months after a leap year', 'year', '2025-01-01', '2025-02-28', '2024-01-01', '2024-02-29'],
    ['a year against a leap year', 'year', '2025-01-01', '2025-12-31', '2024-01-01', '2024-12-31'],
    ['a week', 'week', '2026-03-02', '2026-03-08', '2026-02-23', '2026-03-01'],
    ['the range before, of whole months', 'previous', '2026-02-01', '2026-02-28', '2026-01-04', '2026-01-31'],
    ['weekdays, of whole months', 'weekdays', '2026-11-01', '2026-11-30', '2025-11-02', '2025-12-01'],
  ] as const)('%s: %s', (_, compareWith, from, to, first, last) => {
    const dates = seriesDates(Period.DAY, from, to, 'monday');
    const earlier = earlierDates(Period.DAY, dates, compareWith, 'monday');
    const range = earlierRange(Period.DAY, dates, earlier, compareWith, 'monday');
    expect([range.at(0), range.at(-1)]).toEqual([first, last]);
    expect(range).toEqual([...new Set(range)]);
  });

  it('has none of no dates', () => {
    expect(earlierRange(Period.DAY, [], [], 'month', 'monday')).toEqual([]);
  });
});

describeOnEachDatabase('compare', (database) => {
  let s: Setup;
  const today = { through: TODAY, computedAt: String(NOW.getTime()) } as const;

  beforeEach(async () => {
    s = await setup(database);
    for (const metric of [ORDERS, VISITS]) await s.metrics.register(metric);
  });

  async function days(values: Readonly<Record<string, string | null>>, period: Period = Period.DAY): Promise<void> {
    for (const [date, value] of Object.entries(values)) await store(s, { period, date, value });
  }

  it('sets a range against the one before it, day by day and as a whole', async () => {
    await cover(s, { from: '2026-11-01', ...today });
    await days({ '2026-11-15': '4', '2026-11-17': '1', '2026-11-18': '3', '2026-11-20': '3' });
    const { points, before, total } = await s.statistics.compare({ metric: ORDERS, last: 3 });
    expect(points.map(({ date, value, complete }) => [date, value, complete])).toEqual([
      ['2026-11-18', 3, true],
      ['2026-11-19', 0, true],
      ['2026-11-20', 3, false],
    ]);
    expect(before).toEqual([
      { date: '2026-11-15', value: 4, comparable: true },
      { date: '2026-11-16', value: 0, comparable: true },
      { date: '2026-11-17', value: 1, comparable: false },
    ]);
    expect(total).toEqual({ value: 6, before: 5, absolute: 1, relative: 0.2, comparable: false });
    const over = await s.statistics.compare({ metric: ORDERS, from: '2026-11-18', to: '2026-11-19' });
    expect(over.total).toEqual({ value: 3, before: 1, absolute: 2, relative: 2, comparable: true });
  });

  it('is of the last 30 dates by default, and knows nothing of dates outside the coverage', async () => {
    await cover(s, { from: '2026-10-20', ...today });
    await days({ '2026-10-21': '1', '2026-11-01': '2' });
    const { points, before, total } = await s.statistics.compare({ metric: ORDERS });
    expect([points.length, points[0]?.date, before[0]?.date]).toEqual([30, '2026-10-22', '2026-09-22']);
    expect(total).toMatchObject({ value: 2, before: null, absolute: null, relative: null });
  });

  it('has no relative change from zero', async () => {
    await cover(s, { from: '2026-11-01', ...today });
    await days({ '2026-11-19': '2' });
    const { total } = await s.statistics.compare({ metric: ORDERS, last: 2 });
    expect(total).toMatchObject({ value: 2, before: 0, absolute: 2, relative: null });
  });

  it('is exact', async () => {
    await cover(s, { from: '2026-11-01', ...today, kind: 'sum' });
    await days({ '2026-11-17': '0.7', '2026-11-18': '-0.1', '2026-11-19': '0.1', '2026-11-20': '0.2' });
    const { total } = await s.statistics.compare({ metric: ORDERS, last: 2, exact: true });
    expect(total).toMatchObject({ value: '0.3', before: '0.6', absolute: '-0.3', relative: -0.5 });
  });

  it('sets 29 February against 28, and counts each date of a year once', async () => {
    await cover(s, { from: '2023-01-01', ...today });
    await days({ '2023-02-28': '5', '2023-03-01': '1', '2024-02-28': '1', '2024-02-29': '2', '2024-03-01': '4' });
    const leap = { metric: ORDERS, from: '2024-02-28', to: '2024-03-01', with: 'year' } as const;
    const { before, total } = await s.statistics.compare(leap);
    expect(before.map(({ date, value }) => [date, value])).toEqual([
      ['2023-02-28', 5],
      ['2023-02-28', 5],
      ['2023-03-01', 1],
    ]);
    expect(total).toMatchObject({ value: 7, before: 6 });
    const after = await s.statistics.compare({ ...leap, from: '2025-02-28', to: '2025-03-01' });
    expect(after.before.map(({ date }) => date)).toEqual(['2024-02-28', '2024-03-01']);
    expect(after.total).toMatchObject({ value: 0, before: 7, relative: -1 });
  });

  it('leaves out dates that have not come, or that no run has computed', async () => {
    await cover(s, {
      from: '2026-10-01',
      through: '2026-11-19',
      computedAt: String(Date.parse('2026-11-19T23:00:00Z')),
    });
    await days({ '2026-10-19': '1', '2026-10-20': '10', '2026-10-21': '100', '2026-11-19': '2' });
    const month = { metric: ORDERS, from: '2026-11-01', to: '2026-11-30' } as const;
    const { points, total } = await s.statistics.compare(month);
    expect(points).toHaveLength(30);
    // 1 to 19 November against 2 to 20 October
    expect(total).toMatchObject({ value: 2, before: 11 });
  });

  it('compares calendar months', async () => {
    await cover(s, { period: Period.CALENDAR_MONTH, from: '2025-01-01', ...today });
    await days({ '2025-11-01': '8', '2026-10-01': '4', '2026-11-01': '2' }, Period.CALENDAR_MONTH);
    const month = { metric: ORDERS, period: Period.CALENDAR_MONTH, last: 1 } as const;
    expect((await s.statistics.compare(month)).total).toMatchObject({ value: 2, before: 4, relative: -0.5 });
    expect((await s.statistics.compare({ ...month, with: 'year' })).total).toMatchObject({ before: 8 });
    await expect(s.statistics.compare({ ...month, with: 'weekdays' })).rejects.toThrow(InvalidFilterError);
  });

  it('compares calendar units, whatever the lengths of their months', async () => {
    await cover(s, { from: '2026-01-01', ...today });
    // February has one a day, September three, October ten, November a hundred
    const perDay: [string, number, string][] = [
      ['2026-02', 28, '1'],
      ['2026-09', 30, '3'],
      ['2026-10', 31, '10'],
      ['2026-11', 20, '100'],
    ];
    for (const [month, length, value] of perDay) {
      for (let day = 1; day <= length; day++) {
        await store(s, { date: `${month}-${String(day).padStart(2, '0')}`, value });
      }
    }
    const of = async (from: string, to: string, compareWith: 'month' | 'quarter' | 'week') => {
      const { points, before, total } = await s.statistics.compare({ metric: ORDERS, from, to, with: compareWith });
      return [points.length, before.length, total.value, total.before, total.comparable];
    };
    expect(await of('2026-11-01', '2026-11-19', 'month')).toEqual([19, 19, 1900, 190, true]);
    expect(await of('2026-11-01', '2026-11-20', 'month')).toEqual([20, 20, 2000, 200, false]);
    // ten of its days have not come: 1 to 20 November against 1 to 20 October
    expect(await of('2026-11-01', '2026-11-30', 'month')).toEqual([30, 30, 2000, 200, false]);
    expect(await of('2026-10-01', '2026-10-31', 'month')).toEqual([31, 31, 310, 90, true]);
    expect(await of('2026-03-01', '2026-03-31', 'month')).toEqual([31, 31, 0, 28, true]);
    expect(await of('2026-03-01', '2026-03-30', 'month')).toEqual([30, 30, 0, 28, true]);
    expect(await of('2026-02-01', '2026-02-28', 'month')).toEqual([28, 28, 28, 0, true]);
    expect(await of('2026-10-01', '2026-11-19', 'quarter')).toEqual([50, 50, 2210, 0, true]);
    expect(await of('2026-10-05', '2026-10-11', 'week')).toEqual([7, 7, 70, 3 * 3 + 4 * 10, true]);
    const { before } = await s.statistics.compare({
      metric: ORDERS,
      from: '2026-10-29',
      to: '2026-10-31',
      with: 'month',
    });
    expect(before.map(({ date, value }) => [date, value])).toEqual([
      ['2026-09-29', 3],
      ['2026-09-30', 3],
      ['2026-09-30', 3],
    ]);
    await expect(
      s.statistics.compare({ metric: ORDERS, from: '2026-01-01', to: '2026-01-31', with: 'month' }),
    ).resolves.toMatchObject({ total: { before: null } });
  });

  it('has a total of averages and distinct counts where a period covers the range, and null elsewhere', async () => {
    await cover(s, { from: '2026-10-01', ...today, kind: 'countDistinct' });
    await days({ '2026-11-17': '2', '2026-11-18': '2', '2026-11-19': '3' });
    const filter = { metric: ORDERS, from: '2026-11-18', to: '2026-11-19' } as const;
    expect((await s.statistics.compare(filter)).total).toMatchObject({ value: null, before: null, absolute: null });
    await cover(s, { period: Period.days(2), from: '2026-11-17', ...today, kind: 'countDistinct' });
    await days({ '2026-11-17': '2', '2026-11-19': '4' }, Period.days(2));
    expect((await s.statistics.compare(filter)).total).toMatchObject({ value: 4, before: 2, relative: 1 });
    // the month so far has a period of its own; the days before it have none, but the month before has
    await cover(s, { period: Period.MONTH_TO_DATE, from: '2026-10-01', ...today, kind: 'countDistinct' });
    await days({ '2026-11-20': '9' }, Period.MONTH_TO_DATE);
    const month = await s.statistics.compare({ metric: ORDERS, from: '2026-11-01', to: '2026-11-30' });
    expect(month.total).toMatchObject({ value: 9, before: null });
    await days({ '2026-10-20': '6', '2026-10-31': '12' }, Period.MONTH_TO_DATE);
    const byMonth = { metric: ORDERS, from: '2026-11-01', with: 'month' } as const;
    expect((await s.statistics.compare({ ...byMonth, to: '2026-11-30' })).total).toMatchObject({ value: 9, before: 6 });
  });

  it('has the least and the greatest value of a range, and no total of values that overlap', async () => {
    await cover(s, { from: '2026-11-01', ...today, kind: 'min' });
    await days({ '2026-11-17': '10', '2026-11-18': '9', '2026-11-19': '100', '2026-11-20': '-5' });
    expect((await s.statistics.compare({ metric: ORDERS, last: 2 })).total).toMatchObject({ value: -5, before: 9 });
    await cover(s, { period: Period.WEEK, from: '2026-11-01', ...today });
    const week = await s.statistics.compare({ metric: ORDERS, period: Period.WEEK, last: 2 });
    expect(week.total).toMatchObject({ value: null, before: null });
    expect(week.before).toHaveLength(2);
  });

  it('adds no levels and shares, whatever writes them', async () => {
    const refusal = /^total: the values of shop\/level are levels \(gauge: true\).*latest one with point/;
    await expect(s.statistics.total({ metric: LEVEL })).rejects.toThrow(refusal); // of which nothing is stored
    for (const [date, value] of Object.entries({ 17: 10, 18: 20, 19: 30, 20: 40 })) {
      await s.statistics.recordMany(
        [ORDERS, LEVEL, SHARE].map((metric) => ({ metric, value, date: `2026-11-${date}` })),
      );
      await s.statistics.increment({ metric: LEVEL, by: value, date: `2026-11-${date}`, object: CUSTOMER });
    }
    const nothing = { value: null, before: null, absolute: null, relative: null };
    const levels = { metric: LEVEL, last: 2 } as const;
    for (const scope of [{}, { object: CUSTOMER }]) {
      const filter = { ...levels, ...(scope as object) };
      const { points, before, total } = await s.statistics.compare(filter);
      expect([...before, ...points].map(({ value }) => value)).toEqual([10, 20, 30, 40]);
      expect(total).toMatchObject(nothing);
      await expect(s.statistics.total(filter)).rejects.toThrow(NotSummableError);
    }
    await expect(s.statistics.total(levels)).rejects.toThrow(refusal);
    expect((await s.statistics.compare({ metric: SHARE, last: 2 })).total).toMatchObject(nothing);
    for (const metric of [PER_LEVEL, PER_SHARE]) {
      expect((await s.statistics.compare({ metric, last: 2 })).total).toMatchObject(nothing);
      await expect(s.statistics.total({ metric, last: 2 })).rejects.toThrow(NotSummableError);
    }
    // a unit is how people read values: who asks for the sum of shares gets it
    expect(await s.statistics.total({ metric: SHARE, last: 2 })).toBe(70);
    expect((await s.statistics.compare({ metric: ORDERS, last: 2 })).total).toMatchObject({ value: 70, before: 30 });
    // what is stored decides, and the next start stores what is defined
    await s.metrics.register({ domain: SHOP, ref: 'level', gauge: false });
    expect(await s.statistics.total(levels)).toBe(70);
  });

  it('takes no longer sum of a tracker for the level of a range', async () => {
    await s.metrics.resolve(LEVEL);
    for (const period of [Period.DAY, Period.days(2)]) {
      await cover(s, { period, from: '2026-11-01', ...today, kind: 'sum' }, 'shop/level');
      await store(s, { period, date: TODAY, value: '70' }, 'shop/level');
    }
    expect((await s.statistics.compare({ metric: LEVEL, last: 2 })).total).toMatchObject({ value: null, before: null });
    expect(await s.statistics.value({ metric: LEVEL, period: Period.days(2) })).toBe(70);
  });

  it('reads objects, dimensions, and values that are recorded', async () => {
    const object = { type: 'customer', id: '1' };
    await s.statistics.recordMany([
      { metric: ORDERS, object, value: 3, date: '2026-11-17' },
      { metric: ORDERS, object, value: 0, date: '2026-11-18' },
      { metric: ORDERS, object, value: 1, date: '2026-11-19' },
      { metric: ORDERS, object, value: 4 },
    ]);
    const byObject = await s.statistics.compare({ metric: ORDERS, object, last: 2 });
    expect(byObject.total).toMatchObject({ value: 5, before: 3, absolute: 2 });
    const region = { entity: OrdersByRegion, dimensions: { country: 'NL', province: null } };
    await s.statistics.record({ metric: VISITS, ...region, value: 1 });
    const byRegion = await s.statistics.compare({ metric: VISITS, ...region, last: 1, fill: 'zero' });
    expect(byRegion.total).toMatchObject({ value: 1, before: null });
    const incomplete = { entity: OrdersByRegion, dimensions: { country: 'NL' } } as never;
    await expect(s.statistics.compare({ metric: VISITS, ...(incomplete as object) })).rejects.toThrow(
      IncompleteDimensionsError,
    );
  });

  it('has a change of recorded values only where all dates of both ranges are known', async () => {
    await days({ '2026-11-11': '800' });
    for (const date of [12, 13, 14, 15, 16, 17]) await days({ [`2026-11-${String(date)}`]: '10' });
    const of = async (from: string, to: string) => {
      const { total } = await s.statistics.compare({ metric: ORDERS, from, to });
      return total;
    };
    // one of the three earlier days is known
    expect(await of('2026-11-12', '2026-11-14')).toEqual({
      value: 30,
      before: null,
      absolute: null,
      relative: null,
      comparable: true,
    });
    expect(await of('2026-11-15', '2026-11-17')).toMatchObject({
      value: 30,
      before: 30,
      relative: 0,
      comparable: true,
    });
    // one of the three later days is known
    expect(await of('2026-11-17', '2026-11-19')).toEqual({
      value: 10,
      before: 30,
      absolute: null,
      relative: null,
      comparable: false,
    });
  });

  it('refuses half a range, an empty one, and an unknown comparison', async () => {
    await expect(s.statistics.compare({ metric: ORDERS, to: TODAY })).rejects.toThrow(/to is given without from/);
    const empty = { metric: ORDERS, from: '2026-11-02', to: '2026-11-01' };
    await expect(s.statistics.compare(empty)).rejects.toThrow(/2026-11-02, which is after to, 2026-11-01/);
    await expect(s.statistics.compare({ metric: ORDERS, with: 'fortnight' as never })).rejects.toThrow(/'weekdays'/);
    await expect(s.statistics.compare({ metric: ORDERS, date: TODAY } as never)).rejects.toThrow(/takes no "date"/);
  });
});
