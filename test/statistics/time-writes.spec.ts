import { MissingEntityError } from '../../lib/errors/database.error.js';
import { InvalidDateError, InvalidPeriodError } from '../../lib/errors/time.error.js';
import { InvalidFilterError, KeyConflictError, MixedWritesError } from '../../lib/errors/statistic.error.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { modelBucket, offsetsByIntl } from '../time/bucket-model.js';
import { ORDERS, OrdersByRegion, services, setup, VISITS } from './setup.js';
import { OrdersByRegionAndTime, second, timeSetup, type TimeSetup } from './time-setup.js';

const { HOUR } = Period;
const QUARTER = Period.minutes(15);
const NOW = new Date('2026-10-25T12:40:00Z');
const BERLIN = 'Europe/Berlin';

describeOnEachDatabase('writing hours and minutes', (test) => {
  let s: TimeSetup;

  const stored = async (period = HOUR as number): Promise<[number, string | null][]> => {
    const rows = await s.dataSource
      .getRepository(StatisticByTime)
      .find({ where: { period: period as never }, order: { start: 'ASC' } });
    return rows.map(({ start, exactValue }) => [start, exactValue]);
  };

  beforeEach(async () => {
    s = await timeSetup(test, BERLIN, () => NOW);
  });

  it('record a value in the bucket of an instant, which is now by default', async () => {
    const row = await s.calls.record({ metric: ORDERS, period: HOUR, value: '21.5' });
    expect(row).toBeInstanceOf(StatisticByTime);
    expect(row).toMatchObject({
      period: 3600,
      start: second('2026-10-25T12:00:00Z'),
      date: '2026-10-25',
      value: 21.5,
      metric: { key: 'shop/orders' },
    });
    await s.calls.record({ metric: ORDERS, period: HOUR, value: 1, at: new Date('2026-10-25T00:59:59.999Z') });
    await s.calls.record({ metric: ORDERS, period: HOUR, value: 2, at: '2026-10-25T02:00:00+01:00' });
    await s.calls.record({ metric: ORDERS, period: HOUR, value: 3, at: '2026-10-25T02:59:59+01:00' });
    // the hour that the clock shows twice is two buckets
    expect(await stored()).toEqual([
      [second('2026-10-25T00:00:00Z'), '1'],
      [second('2026-10-25T01:00:00Z'), '3'],
      [second('2026-10-25T12:00:00Z'), '21.5'],
    ]);
    expect(await s.dataSource.getRepository(StatisticByDate).count()).toBe(0);
  });

  it.each([
    ['Europe/Berlin', '2026-03-29T00:30:00Z'],
    ['Europe/Berlin', '2026-10-25T00:30:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T14:40:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:10:00Z'],
    ['Asia/Kathmandu', '2026-01-01T00:00:00Z'],
    ['America/St_Johns', '2026-03-08T05:30:00Z'],
    ['Pacific/Apia', '2011-12-30T09:59:00Z'],
    ['Africa/Monrovia', '1972-01-07T00:44:00Z'],
  ])('in %s around %s a value is where the model of buckets has it', async (zone, around) => {
    s = await timeSetup(test, zone, () => NOW);
    const offsets = offsetsByIntl(zone);
    const at = Array.from({ length: 24 }, (_, index) => second(around) + (index - 12) * 731);
    const rows = at.flatMap((one, index) =>
      [HOUR, QUARTER].map((period) => ({ metric: ORDERS, period, value: index, at: new Date(one * 1000) })),
    );
    await s.calls.recordMany(rows);
    for (const period of [HOUR, QUARTER]) {
      // of several values of one bucket the last one is stored
      const model = new Map(at.map((one, index) => [modelBucket(offsets, period, one).start, String(index)]));
      expect(await stored(period)).toEqual([...model].sort(([a], [b]) => a - b));
    }
  });

  it('record values of objects and of dimensions, beside those of days', async () => {
    const at = new Date('2026-10-25T09:10:00Z');
    const page = objectRef('page', 'home');
    const dimensions = { country: 'DE', shelf: null };
    const written = await s.calls.recordMany([
      { metric: ORDERS, period: HOUR, value: 1, at, object: page },
      { metric: ORDERS, period: HOUR, value: 2, at, entity: OrdersByRegionAndTime, dimensions },
      { metric: ORDERS, period: Period.DAY, value: 3, date: '2026-10-25' },
      { metric: ORDERS, value: 4, date: at, entity: OrdersByRegion, dimensions: { country: 'DE', province: null } },
    ]);
    expect(written).toBe(4);
    const start = second('2026-10-25T09:00:00Z');
    const [ofPage] = await s.dataSource.getRepository(StatisticByTimeAndObject).find();
    expect(ofPage).toMatchObject({ objectType: 'page', objectId: 'home', period: 3600, start, value: 1 });
    const [ofRegion] = await s.dataSource.getRepository(OrdersByRegionAndTime).find();
    expect(ofRegion).toMatchObject({ country: 'DE', shelf: null, period: 3600, start, value: 2 });
    expect(await s.dataSource.getRepository(StatisticByDate).count()).toBe(1);
    expect(await s.dataSource.getRepository(OrdersByRegion).count()).toBe(1);
  });

  it('increment counts in the bucket of an instant, and covers its date', async () => {
    const at = '2026-10-25T02:10:00+02:00';
    await Promise.all([
      ...Array.from({ length: 5 }, () => s.calls.increment({ metric: VISITS, period: HOUR, at })),
      s.calls.increment({ metric: VISITS, period: HOUR, by: '0.25', at: '2026-10-25T02:10:00+01:00' }),
      s.calls.increment({ metric: VISITS, period: QUARTER, by: 7, at }),
      s.calls.increment({ metric: VISITS, period: HOUR }),
    ]);
    await s.calls.increment({ metric: VISITS, period: HOUR, by: -2, at });
    expect(await stored()).toEqual([
      [second('2026-10-25T00:00:00Z'), '3'],
      [second('2026-10-25T01:00:00Z'), '0.25'],
      [second('2026-10-25T12:00:00Z'), '1'],
    ]);
    expect(await stored(QUARTER)).toEqual([[second('2026-10-25T00:00:00Z'), '7']]);
    await s.calls.increment({ metric: VISITS, period: HOUR, at: new Date('2026-10-23T22:30:00Z') });
    const coverages = await s.dataSource.getRepository(Coverage).find({ order: { period: 'ASC' } });
    expect(coverages.map(({ period, from, through, timeZone }) => [period, from, through, timeZone])).toEqual([
      [900, '2026-10-25', null, BERLIN],
      [3600, '2026-10-24', null, BERLIN],
    ]);
  });

  it('increments of one zone stay in it when the module gets another one', async () => {
    const at = new Date('2026-01-01T12:00:00Z');
    s = await timeSetup(test, 'Asia/Kathmandu', () => NOW);
    await s.calls.increment({ metric: VISITS, period: HOUR, at });
    const moved = await services(s.dataSource, { timeZone: 'UTC', clock: () => NOW });
    await moved.statistics.increment({ metric: VISITS, period: HOUR, at } as never);
    expect(await stored()).toEqual([[second('2026-01-01T11:15:00Z'), '2']]);
  });

  it('increment and record do not mix, and each period is one of its own', async () => {
    await s.calls.increment({ metric: VISITS, period: HOUR });
    await expect(s.calls.record({ metric: VISITS, period: HOUR, value: 1 })).rejects.toThrow(MixedWritesError);
    await expect(s.calls.record({ metric: VISITS, period: HOUR, value: 1 })).rejects.toThrow(/\(HOUR\)/);
    await s.calls.record({ metric: VISITS, period: QUARTER, value: 1 });
    await expect(s.calls.increment({ metric: VISITS, period: QUARTER })).rejects.toThrow(/MINUTES_15/);
    await s.calls.increment({ metric: VISITS });
  });

  it('a key counts once, in the bucket in which it was counted first', async () => {
    const at = '2026-10-25T02:10:00+02:00';
    const once = { metric: VISITS, period: HOUR, key: 'event 1' };
    await s.calls.increment({ ...once, at });
    await s.calls.increment({ ...once, at });
    await s.calls.increment({ ...once, at: '2026-10-25T02:50:00+02:00' });
    // without an instant it repeats the call, whenever it comes
    await s.calls.increment(once);
    const other = s.calls.increment({ ...once, at: '2026-10-25T02:10:00+01:00' });
    await expect(other).rejects.toThrow(KeyConflictError);
    await expect(other).rejects.toThrow(
      /was counted in the bucket of 2026-10-25T00:00:00\.000Z before, and now comes with 2026-10-25T01:00:00\.000Z/,
    );
    expect(await stored()).toEqual([[second('2026-10-25T00:00:00Z'), '1']]);
    const early = { metric: VISITS, period: QUARTER, key: 'event 2' };
    await s.calls.increment({ ...early, at: '0004-05-06T07:10:00Z' });
    await expect(s.calls.increment({ ...early, at: '9998-05-06T07:10:00Z' })).rejects.toThrow(
      /0004-05-06T07:.* now comes with 9998-05-06T07:00:00/,
    );
  });

  it('is a part of a transaction of the application', async () => {
    await expect(
      s.dataSource.transaction(async (manager) => {
        await s.calls.increment({ metric: VISITS, period: HOUR, manager });
        await s.calls.record({ metric: ORDERS, period: HOUR, value: 1, manager });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await stored()).toEqual([]);
  });

  it('a date where an instant is needed is refused, and the other way round', async () => {
    const calls = [
      (given: object) => s.calls.record({ metric: ORDERS, value: 1, ...given }),
      (given: object) => s.calls.recordMany([{ metric: ORDERS, value: 1, ...given }]),
      (given: object) => s.calls.increment({ metric: VISITS, ...given }),
    ];
    for (const call of calls) {
      for (const date of ['2026-10-25', new Date()]) {
        await expect(call({ period: HOUR, date })).rejects.toThrow(InvalidFilterError);
        await expect(call({ period: HOUR, date })).rejects.toThrow(/date is given for HOUR.*Give at, an instant/);
      }
      await expect(call({ at: new Date() })).rejects.toThrow(InvalidFilterError);
      await expect(call({ at: new Date() })).rejects.toThrow(/at is given for DAY.*Give date/);
      await expect(call({ period: HOUR, at: '2026-10-25' })).rejects.toThrow(InvalidDateError);
      await expect(call({ period: HOUR, at: '2026-10-25T02:30:00' })).rejects.toThrow(/with an offset/);
      await expect(call({ period: HOUR, at: undefined })).rejects.toThrow(/at is undefined/);
      await expect(call({ period: HOUR, at: new Date(8.64e15) })).rejects.toThrow(/0001 to 9999/);
      await expect(call({ period: 7200 })).rejects.toThrow(InvalidPeriodError);
    }
    expect(await stored()).toEqual([]);
  });

  it('statistics of dates and of buckets are told apart', async () => {
    const dimensions = { country: 'DE', shelf: 1 };
    const ofDays = { entity: OrdersByRegion, dimensions: { country: 'DE', province: null } };
    const wrong = [
      { period: HOUR, ...ofDays },
      { entity: OrdersByRegionAndTime, dimensions },
      { period: Period.CALENDAR_MONTH, entity: OrdersByRegionAndTime, dimensions },
    ];
    for (const given of wrong) {
      await expect(s.calls.record({ metric: ORDERS, value: 1, ...given })).rejects.toThrow(InvalidFilterError);
      await expect(s.calls.increment({ metric: ORDERS, ...given })).rejects.toThrow(/AbstractTimeStatistic/);
      await expect(s.calls.value({ metric: ORDERS, ...given })).rejects.toThrow(/period is (HOUR|DAY|CALENDAR_MONTH)/);
      await expect(s.calls.multiSeries({ metric: ORDERS, ...given })).rejects.toThrow(InvalidFilterError);
    }
    for (const entity of [StatisticByTime, StatisticByTimeAndObject]) {
      await expect(s.calls.record({ metric: ORDERS, value: 1, period: HOUR, entity, dimensions: {} })).rejects.toThrow(
        /Expected a custom statistic/,
      );
    }
  });
});

describeOnEachDatabase('hours and minutes on a data source that lists its entities, without theirs', (test) => {
  it('are refused with the names of the missing ones, and at is refused for days', async () => {
    const { statistics } = await setup(test);
    const hour = { metric: ORDERS, period: HOUR } as const;
    await expect(statistics.value(hour)).rejects.toThrow(MissingEntityError);
    await expect(statistics.increment(hour)).rejects.toThrow(/TrackstatsStatisticByTime.*TRACKSTATS_ENTITIES/);
    const at = { metric: ORDERS, at: new Date() } as never;
    await expect(statistics.increment(at)).rejects.toThrow(/at is given for DAY.*Give date/);
  });
});
