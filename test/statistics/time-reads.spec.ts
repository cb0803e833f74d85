import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { defineMetric, defineDomain } from '../../lib/catalog/definitions.js';
import { defineRatio } from '../../lib/catalog/derived.js';
import { InvalidFilterError, NotSummableError, TooManyPointsError } from '../../lib/errors/statistic.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import type { BucketPoint } from '../../lib/statistics/read/bucket-series.js';
import type { SeriesPoint } from '../../lib/statistics/read/series.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { isStart, offsetsByIntl } from '../time/bucket-model.js';
import { ORDERS, VISITS } from './setup.js';
import { OrdersByRegionAndTime, second, timeSetup, type TimeSetup } from './time-setup.js';

const { HOUR } = Period;
const QUARTER = Period.minutes(15);
const BERLIN = 'Europe/Berlin';
/** A quarter past five in the evening of the day with 25 hours. */
const NOW = new Date('2026-10-25T16:15:00Z');
const SHOP = defineDomain({ ref: 'shop', name: 'Shop' });
const PAID = defineMetric({ domain: SHOP, ref: 'paid' });
const SHARE = defineRatio({ domain: SHOP, ref: 'share', of: PAID, per: VISITS });

/** A day, the hours of which the model walks through minute by minute. */
const DAYS = [
  ['Europe/Berlin', '2026-03-29', 23],
  ['Europe/Berlin', '2026-10-25', 25],
  ['Europe/Berlin', '2026-10-26', 24],
  // the half hour of the change is a bucket of its own
  ['Australia/Lord_Howe', '2026-04-05', 25],
  ['Australia/Lord_Howe', '2026-10-04', 24],
  ['Asia/Kathmandu', '2026-10-25', 24],
  ['Pacific/Apia', '2011-12-31', 24],
  ['Africa/Monrovia', '1972-01-07', 24],
] as const;

function startsOfDay(zone: string, date: string, length: number): number[] {
  const offsets = offsetsByIntl(zone);
  const noon = Date.parse(`${date}T12:00:00Z`) / 1000;
  const starts: number[] = [];
  // every second of the minutes that are not whole, in zones with seconds
  const step = offsets(noon) % 60 === 0 && offsets(noon - 86_400) % 60 === 0 ? 60 : 1;
  for (let at = noon - 36 * 3600; at < noon + 36 * 3600; at += step) {
    if (!isStart(offsets, length, at)) continue;
    if (new Date((at + offsets(at)) * 1000).toISOString().startsWith(date)) starts.push(at);
  }
  return starts;
}

describeOnEachDatabase('reading hours and minutes', (test) => {
  let s: TimeSetup;
  const at = (iso: string): Date => new Date(iso);

  const cover = async (given: Partial<Coverage>, metric = 'shop/visits'): Promise<void> => {
    const { id: metricId } = await s.metrics.resolve(metric);
    const common = { period: HOUR, scope: '', timeZone: BERLIN, kind: 'count', fingerprint: 'test', computedAt: null };
    await s.dataSource.getRepository(Coverage).insert({ ...common, metricId, ...given } as never);
  };
  const store = async (iso: string, value: number, metric = 'shop/visits', period: number = HOUR): Promise<void> => {
    const { id: metricId } = await s.metrics.resolve(metric);
    await s.dataSource
      .getRepository(StatisticByTime)
      .insert({ metricId, period: period as never, start: second(iso), value: String(value) as never });
  };
  const series = (given: object) =>
    s.calls.series({ metric: VISITS, period: HOUR, ...given }) as Promise<BucketPoint[]>;
  const valuesOf = async (given: object): Promise<(number | null)[]> => (await series(given)).map(({ value }) => value);

  beforeEach(async () => {
    s = await timeSetup(test, BERLIN, () => NOW);
    for (const metric of [ORDERS, VISITS, PAID]) await s.metrics.resolve(metric);
  });

  it.each(DAYS)('in %s the %s has its %d hours, which add up to the day', async (zone, date, hours) => {
    s = await timeSetup(test, zone, () => at('2027-01-01T00:00:00Z'));
    const starts = startsOfDay(zone, date, HOUR);
    expect(starts).toHaveLength(hours);
    const amounts = starts.map((_, index) => index + 1);
    const rows = starts.map((start, index) => ({
      metric: VISITS,
      period: HOUR,
      by: amounts[index],
      at: new Date((start + 7) * 1000),
    }));
    await Promise.all(rows.map((row) => s.calls.increment(row)));
    // an hour of the days beside it
    for (const other of [(starts[0] ?? 0) - 1, (starts.at(-1) ?? 0) + 3600]) {
      await s.calls.increment({ metric: VISITS, period: HOUR, by: 1000, at: new Date(other * 1000) });
    }
    const points = await series({ from: date, to: date });
    expect(points.map(({ start }) => Date.parse(start) / 1000)).toEqual(starts);
    expect(points.map(({ value }) => value)).toEqual(amounts);
    expect(points.every((point) => point.date === date && point.complete)).toBe(true);
    expect(await series({ date })).toEqual(points);
    const sum = amounts.reduce((a, b) => a + b, 0);
    expect(await s.calls.total({ metric: VISITS, period: HOUR, from: date, to: date })).toBe(sum);
    const found = (await s.calls.find({ metric: VISITS, period: HOUR, date })) as { start: number; date: string }[];
    expect(found.map((row) => [row.start, row.date])).toEqual(starts.map((start) => [start, date]));
    const narrowed = await s.statistics
      .narrow({ metric: VISITS, period: HOUR, from: date, to: date } as never)
      .getMany();
    expect(narrowed.map((row) => row.start).sort((a, b) => a - b)).toEqual(starts);
  });

  it('a point says its date, its start with the offset, and if it was over when it was computed', async () => {
    await cover({
      from: '2026-10-25',
      through: '2026-10-25',
      computedAt: at('2026-10-25T14:30:00Z').getTime() as never,
    });
    await store('2026-10-25T00:00:00Z', 5);
    await store('2026-10-25T01:00:00Z', 6);
    const asOf = at('2026-10-25T14:30:00Z');
    const points = await series({ from: at('2026-10-25T00:10:00Z'), to: at('2026-10-25T17:00:00Z') });
    expect(points.slice(0, 3)).toEqual([
      { date: '2026-10-25', start: '2026-10-25T02:00:00+02:00', value: 5, complete: true, asOf },
      { date: '2026-10-25', start: '2026-10-25T02:00:00+01:00', value: 6, complete: true, asOf },
      { date: '2026-10-25', start: '2026-10-25T03:00:00+01:00', value: 0, complete: true, asOf },
    ]);
    const [, before, open, after, ofNow, future] = points.slice(12);
    expect(before).toMatchObject({ start: '2026-10-25T14:00:00+01:00', value: 0, complete: true });
    // the run came in the middle of this hour
    expect(open).toMatchObject({ start: '2026-10-25T15:00:00+01:00', value: 0, complete: false, asOf });
    expect(after).toMatchObject({ value: null, complete: false });
    expect(ofNow).toMatchObject({ start: '2026-10-25T17:00:00+01:00', value: null, complete: false });
    expect(future).toMatchObject({ start: '2026-10-25T18:00:00+01:00', value: null, complete: false, asOf: null });
    expect(points).toHaveLength(18);
  });

  it('knows nothing before the first covered date, and all of a day that was computed later', async () => {
    await cover({ from: '2026-10-24', through: '2026-10-24', computedAt: NOW.getTime() as never });
    const points = await series({ from: '2026-10-23', to: '2026-10-25' });
    const of = (date: string) => points.filter((point) => point.date === date);
    expect(of('2026-10-23').map(({ value }) => value)).toEqual(Array(24).fill(null));
    expect(of('2026-10-24').map(({ value, complete }) => [value, complete])).toEqual(Array(24).fill([0, true]));
    expect(of('2026-10-25').map(({ value, complete }) => [value, complete])).toEqual(Array(25).fill([null, false]));
    // the first covered date, up to now
    const whole = await series({});
    expect([whole[0]?.start, whole.at(-1)?.start]).toEqual(['2026-10-24T00:00:00+02:00', '2026-10-25T17:00:00+01:00']);
  });

  it('increments read 0 from their first date on, up to the bucket of now, which is open', async () => {
    await s.calls.increment({ metric: VISITS, period: HOUR, by: 3, at: '2026-10-25T02:10:00+01:00' });
    const points = await series({});
    // 0, 1, 2, 2, 3 … 17 o'clock
    expect(points).toHaveLength(19);
    expect(points.map(({ value }) => value)).toEqual([0, 0, 0, 3, ...Array<number>(15).fill(0)]);
    expect(points.map(({ complete }) => complete)).toEqual([...Array<boolean>(18).fill(true), false]);
    expect(await valuesOf({ last: 3 })).toEqual([0, 0, 0]);
    expect((await series({ last: 16 }))[0]).toMatchObject({ start: '2026-10-25T02:00:00+01:00', value: 3 });
    expect((await series({ last: 17 }))[0]).toMatchObject({ start: '2026-10-25T02:00:00+02:00', value: 0 });
  });

  it('recorded values have gaps, which fill says how to read', async () => {
    await s.calls.record({ metric: ORDERS, period: HOUR, value: 7, at: at('2026-10-25T10:00:00Z') });
    await s.calls.record({ metric: ORDERS, period: HOUR, value: null, at: at('2026-10-25T12:00:00Z') });
    const filled = (fill: string) =>
      s.calls.series({
        metric: ORDERS,
        period: HOUR,
        from: at('2026-10-25T09:00:00Z'),
        to: at('2026-10-25T17:00:00Z'),
        fill,
      });
    const values = async (fill: string) => ((await filled(fill)) as BucketPoint[]).map(({ value }) => value);
    expect(await values('period')).toEqual([null, 7, ...Array<null>(7).fill(null)]);
    expect(await values('null')).toEqual([null, 7, ...Array<null>(7).fill(null)]);
    // nothing is known before the first row and after now
    expect(await values('zero')).toEqual([null, 7, 0, null, 0, 0, 0, 0, null]);
    expect(await values('previous')).toEqual([null, 7, 7, null, null, null, null, null, null]);
    const later = { metric: ORDERS, period: HOUR, from: at('2026-10-25T11:00:00Z'), to: at('2026-10-25T11:30:00Z') };
    expect(await s.calls.series({ ...later, fill: 'previous' })).toMatchObject([{ value: 7 }]);
    expect(await s.calls.series({ ...later, fill: 'zero' })).toMatchObject([{ value: 0 }]);
    // without a beginning it begins at the first row
    const whole = (await s.calls.series({ metric: ORDERS, period: HOUR })) as BucketPoint[];
    expect(whole.map(({ start }) => start).slice(0, 2)).toEqual([
      '2026-10-25T11:00:00+01:00',
      '2026-10-25T12:00:00+01:00',
    ]);
    expect(whole).toHaveLength(7);
    expect(await s.calls.series({ metric: PAID, period: HOUR })).toEqual([]);
  });

  it('a value is that of the bucket of an instant, now by default', async () => {
    await s.calls.increment({ metric: VISITS, period: HOUR, by: '0.1', at: '2026-10-25T02:10:00+01:00' });
    await s.calls.increment({ metric: VISITS, period: HOUR, by: 2 });
    const value = (given: object) => s.calls.value({ metric: VISITS, period: HOUR, ...given });
    expect(await value({})).toBe(2);
    expect(await value({ date: at('2026-10-25T01:59:59.999Z'), exact: true })).toBe('0.1');
    expect(await value({ date: at('2026-10-25T00:59:59.999Z') })).toBe(0);
    expect(await value({ date: at('2026-10-24T21:00:00Z') })).toBeNull();
    expect(await s.calls.point({ metric: VISITS, period: HOUR })).toEqual({
      date: '2026-10-25',
      start: '2026-10-25T17:00:00+01:00',
      value: 2,
      complete: false,
      asOf: null,
    });
    const { start } = (await s.calls.point({ metric: VISITS, period: HOUR })) as SeriesPoint;
    expect(await value({ date: start })).toBe(2);
    const range = { metric: VISITS, period: HOUR, from: start, to: '2026-10-25T16:59:00Z' };
    expect(((await s.calls.series(range)) as SeriesPoint[]).map((one) => one.value)).toEqual([2]);
    await expect(value({ date: '2026-10-25T17:00' })).rejects.toThrow(/"2026-10-25T17:00".*text with an offset/);
    await expect(s.calls.value({ metric: VISITS, date: start })).rejects.toThrow(
      /'YYYY-MM-DD'.*A Date is accepted too/,
    );
    for (const call of [s.calls.value, s.calls.point, s.calls.top].map((one) => one.bind(s.statistics))) {
      const asked = call({ metric: VISITS, period: HOUR, date: '2026-10-25', object: objectRef('page', '1') });
      await expect(asked).rejects.toThrow(InvalidFilterError);
      await expect(asked).rejects.toThrow(/has many values of HOUR\. Pass a Date within the bucket you mean/);
    }
  });

  it('series of objects and dimensions, rankings, and the last values', async () => {
    const hour = at('2026-10-25T10:20:00Z');
    const page = (id: string) => objectRef('page', id);
    await s.calls.recordMany([
      ...['a', 'b', 'c'].map((id, index) => ({
        metric: VISITS,
        period: HOUR,
        value: index,
        at: hour,
        object: page(id),
      })),
      { metric: VISITS, period: HOUR, value: 99, at: at('2026-10-25T11:20:00Z'), object: page('a') },
      { metric: VISITS, period: QUARTER, value: 50, at: hour, object: page('a') },
      ...[1, null].map((shelf) => ({
        metric: VISITS,
        period: HOUR,
        value: shelf === null ? 8 : 9,
        at: hour,
        entity: OrdersByRegionAndTime,
        dimensions: { country: 'DE', shelf },
      })),
    ]);
    expect(await s.calls.top({ metric: VISITS, period: HOUR, date: hour, objectType: 'page', limit: 2 })).toEqual([
      { object: { type: 'page', id: 'c' }, value: 2 },
      { object: { type: 'page', id: 'b' }, value: 1 },
    ]);
    expect(await s.calls.top({ metric: VISITS, period: HOUR, objectType: 'page' })).toEqual([]);
    expect(await s.calls.top({ metric: VISITS, period: HOUR, date: hour, entity: OrdersByRegionAndTime })).toEqual([
      { dimensions: { country: 'DE', shelf: 1 }, value: 9 },
      { dimensions: { country: 'DE', shelf: null }, value: 8 },
    ]);
    const all = (await s.calls.multiSeries({
      metric: VISITS,
      period: HOUR,
      objectType: 'page',
      from: hour,
      to: at('2026-10-25T11:00:00Z'),
    })) as { key: string; points: BucketPoint[] }[];
    expect(all.map(({ key, points }) => [key, points.map(({ value }) => value)])).toEqual([
      ['shop/visits page:a', [0, 99]],
      ['shop/visits page:b', [1, null]],
      ['shop/visits page:c', [2, null]],
    ]);
    expect(all[0]?.points[0]?.start).toBe('2026-10-25T11:00:00+01:00');
    expect(await s.calls.mostRecent({ metric: VISITS, period: HOUR, objectType: 'page' })).toMatchObject({
      objectId: 'a',
      value: 99,
      start: second('2026-10-25T11:00:00Z'),
      date: '2026-10-25',
    });
    const upTo = { metric: VISITS, period: HOUR, objectType: 'page', to: hour };
    expect(await s.calls.mostRecent(upTo)).toMatchObject({ objectId: 'a', value: 0 });
    expect(await s.calls.mostRecent({ metric: VISITS, period: HOUR })).toBeNull();
    // without a period: those of every one
    const region = { metric: VISITS, entity: OrdersByRegionAndTime };
    expect(await s.calls.find(region)).toHaveLength(2);
    expect(await s.calls.find({ ...region, from: '2026-10-26' })).toEqual([]);
    expect(await s.calls.find({ ...region, dimensions: { shelf: null } })).toMatchObject([{ value: 8, shelf: null }]);
    const stored = s.statistics.narrow({ ...region, period: HOUR, dimensions: { country: 'DE' } } as never);
    expect(await stored.andWhere('statistic.value > 8').getMany()).toMatchObject([
      { shelf: 1, start: second('2026-10-25T10:00:00Z') },
    ]);
  });

  it('a ratio of buckets is that of its parts', async () => {
    await s.calls.increment({ metric: VISITS, period: HOUR, by: 4, at: '2026-10-25T02:10:00+01:00' });
    await s.calls.increment({ metric: PAID, period: HOUR, by: 1, at: '2026-10-25T02:10:00+01:00' });
    const from = at('2026-10-25T00:00:00Z');
    const points = (await s.calls.series({
      metric: SHARE,
      period: HOUR,
      from,
      to: at('2026-10-25T02:00:00Z'),
    })) as BucketPoint[];
    expect(points.map(({ start, value }) => [start, value])).toEqual([
      ['2026-10-25T02:00:00+02:00', null],
      ['2026-10-25T02:00:00+01:00', 0.25],
      ['2026-10-25T03:00:00+01:00', null],
    ]);
    expect(await s.calls.total({ metric: SHARE, period: HOUR, from: '2026-10-25' })).toBe(0.25);
  });

  it('compares with as many buckets just before, and refuses what has no counterpart', async () => {
    for (const [iso, by] of [
      ['2026-10-25T00:30:00Z', 1],
      ['2026-10-25T01:30:00Z', 2],
      ['2026-10-25T02:30:00Z', 4],
      ['2026-10-25T03:30:00Z', 8],
    ] as const)
      await s.calls.increment({ metric: VISITS, period: HOUR, by, at: at(iso) });
    const compared = await s.calls.compare({
      metric: VISITS,
      period: HOUR,
      from: at('2026-10-25T02:00:00Z'),
      to: at('2026-10-25T03:00:00Z'),
    });
    expect(compared).toMatchObject({
      points: [{ value: 4, start: '2026-10-25T03:00:00+01:00' }, { value: 8 }],
      before: [
        { value: 1, start: '2026-10-25T02:00:00+02:00', date: '2026-10-25', comparable: true },
        { value: 2, start: '2026-10-25T02:00:00+01:00' },
      ],
      total: { value: 12, before: 3, absolute: 9, relative: 3, comparable: true },
    });
    const open = (await s.calls.compare({ metric: VISITS, period: HOUR, last: 2 })) as { total: object };
    expect(open.total).toMatchObject({ value: 0, before: 0, comparable: false });
    // buckets that have not begun are left out on both sides
    const ahead = { metric: VISITS, period: HOUR, from: at('2026-10-25T03:00:00Z'), to: at('2026-10-25T23:00:00Z') };
    expect(((await s.calls.compare(ahead)) as { total: object }).total).toMatchObject({ value: 8, before: null });
    for (const given of ['year', 'weekdays']) {
      const asked = s.calls.compare({ metric: VISITS, period: HOUR, with: given });
      await expect(asked).rejects.toThrow(InvalidFilterError);
      await expect(asked).rejects.toThrow(/23 or 25 hours.*Use 'previous'/);
    }
  });

  it('averages are not added up', async () => {
    await cover({ from: '2026-10-25', through: '2026-10-25', kind: 'avg', computedAt: NOW.getTime() as never });
    await store('2026-10-25T00:00:00Z', 5);
    await store('2026-10-25T01:00:00Z', 7);
    await expect(s.calls.total({ metric: VISITS, period: HOUR })).rejects.toThrow(NotSummableError);
    const range = { from: at('2026-10-25T00:00:00Z'), to: at('2026-10-25T01:00:00Z') };
    expect(await s.calls.compare({ metric: VISITS, period: HOUR, ...range })).toMatchObject({
      points: [{ value: 5 }, { value: 7 }],
      total: { value: null },
    });
    expect(await s.calls.value({ metric: VISITS, period: HOUR, date: at('2026-10-25T02:00:00Z') })).toBeNull();
  });

  it('a series has at most 100,000 points', async () => {
    const minutes = { metric: VISITS, period: Period.minutes(1) };
    const asked = s.calls.series({ ...minutes, from: '2020-01-01' });
    await expect(asked).rejects.toThrow(TooManyPointsError);
    await expect(asked).rejects.toThrow(/from 2020-01-01T00:00:00\+01:00 to /);
    expect(await s.calls.series({ ...minutes, last: 100_000 })).toHaveLength(100_000);
  });

  it('is read live of trackers only', async () => {
    for (const call of [s.calls.value, s.calls.series, s.calls.total].map((one) => one.bind(s.statistics))) {
      await expect(call({ metric: VISITS, period: HOUR, live: true })).rejects.toThrow(/HOUR.*no tracker computes/);
    }
  });
});
