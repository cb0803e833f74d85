import { defineDerived, defineDomain, defineMetric, defineRatio } from 'nestjs-trackstats';
import { divideDecimals } from '../../lib/database/decimal.js';
import { DerivedMetricError, DerivedValueError, UnknownMetricError } from '../../lib/errors/catalog.error.js';
import { NotSummableError } from '../../lib/errors/statistic.error.js';
import { InvalidPeriodError } from '../../lib/errors/time.error.js';
import type { SeriesPoint } from '../../lib/statistics/read/series.js';
import { addDays } from '../../lib/time/local-date.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import fc from '../support/fast-check.js';
import { cover, NOW, ORDERS, OrdersByRegion, setup, SHOP, store, TODAY, VISITS, type Setup } from './setup.js';

const CONVERSION = defineRatio({
  domain: SHOP,
  ref: 'conversion',
  name: 'Conversion',
  of: ORDERS,
  per: VISITS,
  unit: 'percent',
});
const DIFFERENCE = defineDerived({
  domain: SHOP,
  ref: 'difference',
  from: { visits: VISITS, orders: ORDERS },
  value: ({ visits, orders }) => visits - orders,
});
const LOST = defineRatio({ domain: SHOP, ref: 'lost', of: DIFFERENCE, per: 'shop/visits' });
const OTHERS = defineMetric({ domain: SHOP, ref: 'others' });

/** as it is stored */
const AT = String(NOW.getTime());
const ELSEWHERE = defineDomain({ ref: 'elsewhere' });

const PERIODS = [
  Period.DAY,
  Period.WEEK,
  Period.days(3),
  Period.LIFETIME,
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
] as const;
const quotient = (a: string | null | undefined, b: string | null | undefined): string | null =>
  a == null || b == null ? null : divideDecimals(a, b, 20);
const values = (points: readonly SeriesPoint<string>[]) => points.map(({ value }) => value);

describeOnEachDatabase('derived metrics', (database) => {
  let world: Setup;
  const both = async (coverage: Parameters<typeof cover>[1], visits: Partial<Parameters<typeof cover>[1]> = {}) => {
    await cover(world, coverage);
    await cover(world, { ...coverage, ...visits }, 'shop/visits');
  };

  beforeEach(async () => {
    world = await setup(database);
    await world.metrics.register(ORDERS);
    await world.metrics.register(VISITS);
  });

  it('are read from their parts, which may be zero, unknown or absent', async () => {
    const { statistics } = world;
    await both({ from: '2026-11-01', through: '2026-11-05', computedAt: AT });
    for (const [date, orders, visits] of [
      ['2026-11-01', '1', '3'],
      ['2026-11-02', null, '3'],
      ['2026-11-03', '2', '0'],
    ] as const) {
      await store(world, { date, value: orders });
      await store(world, { date, value: visits }, 'shop/visits');
    }
    await store(world, { date: '2026-11-04', value: '4' }, 'shop/visits');
    const range = { from: '2026-11-01', to: '2026-11-06' } as const;
    const third = '0.33333333333333333333';
    expect(values(await statistics.series({ metric: CONVERSION, ...range, exact: true }))).toEqual([
      third,
      null,
      null,
      '0',
      null,
      null,
    ]);
    expect(values(await statistics.series({ metric: DIFFERENCE, ...range, exact: true }))).toEqual([
      '2',
      null,
      '-2',
      '4',
      '0',
      null,
    ]);
    expect(values(await statistics.series({ metric: LOST, ...range, exact: true }))).toEqual([
      '0.66666666666666666667',
      null,
      null,
      '1',
      null,
      null,
    ]);
    expect(await statistics.value({ metric: CONVERSION, date: '2026-11-01' })).toBeCloseTo(1 / 3, 15);
    expect(await statistics.value({ metric: 'shop/conversion', date: '2026-11-01', exact: true })).toBe(third);
    expect(await statistics.point({ metric: CONVERSION, date: '2026-11-01' })).toMatchObject({
      complete: true,
      asOf: NOW,
    });
  });

  it('equal the quotient of their parts, for random data in every period and scope', async () => {
    const start = '2026-10-01';
    const row = fc.record({
      day: fc.integer({ min: 0, max: 50 }),
      value: fc.option(fc.integer({ min: -3, max: 3 }), { nil: null }),
      id: fc.constantFrom('', '1', '2'),
      isOrder: fc.boolean(),
    });
    const rows = fc.sample(row, { numRuns: 400, seed: 26 });
    const { statistics } = world;
    for (const period of PERIODS) {
      await statistics.recordMany(
        rows.map(({ day, value, id, isOrder }) => ({
          metric: isOrder ? ORDERS : VISITS,
          value,
          period,
          date: addDays(start, day),
          ...(id !== '' && { object: { type: 'customer', id } }),
        })) as Parameters<typeof statistics.recordMany>[0],
      );
      // a total that a tracker computed, and objects that were recorded
      await both({ period, from: start, through: TODAY, computedAt: AT });
      for (const scope of [{}, { object: { type: 'customer', id: '1' } }, { object: { type: 'customer', id: '2' } }]) {
        const filter = { period, from: start, to: addDays(TODAY, 3), exact: true, ...scope } as const;
        const [orders, visits, ratio] = await Promise.all(
          [ORDERS, VISITS, CONVERSION].map((metric) => statistics.series({ ...filter, metric } as never)),
        );
        const expected = orders!.map(({ value }, place) => quotient(value as never, visits![place]!.value as never));
        expect(values(ratio as never)).toEqual(expected);
        expect(expected.filter((value) => value !== null).length).toBeGreaterThan(
          period === Period.CALENDAR_MONTH ? 0 : 2,
        );
        const at = { metric: CONVERSION, period, exact: true, ...scope };
        for (const { date, value } of (ratio as unknown as SeriesPoint<string>[]).slice(0, 3)) {
          expect(await statistics.value({ ...at, date } as never)).toBe(value);
        }
        if (period !== Period.DAY && period !== Period.CALENDAR_WEEK && period !== Period.CALENDAR_MONTH) continue;
        const known = orders!.map(({ value }, place) => value !== null && visits![place]!.value !== null);
        const sum = (points: unknown) =>
          (points as SeriesPoint<string>[]).reduce(
            (total, { value }, place) => total + (known[place] ? Number(value) : 0),
            0,
          );
        expect(await statistics.total({ ...filter, metric: CONVERSION } as never)).toBe(
          quotient(String(sum(orders)), String(sum(visits))),
        );
      }
    }
  });

  it('are unknown on an open date whose parts were computed at different times', async () => {
    const { statistics } = world;
    const earlier = new Date(NOW.getTime() - 600_000);
    await both({ from: '2026-11-01', through: TODAY, computedAt: AT }, { computedAt: String(earlier.getTime()) });
    for (const date of ['2026-11-19', TODAY]) {
      await store(world, { date, value: '4' });
      await store(world, { date, value: '2' }, 'shop/visits');
    }
    const points = await statistics.series({ metric: CONVERSION, from: '2026-11-19' });
    expect(points).toEqual([
      { date: '2026-11-19', value: 2, complete: true, asOf: earlier },
      { date: TODAY, value: null, complete: false, asOf: earlier },
    ]);
    expect(await statistics.total({ metric: CONVERSION, from: '2026-11-19', exact: true })).toBe('2');
  });

  it('are known on an open date whose parts one tracker computed', async () => {
    await both({ from: '2026-11-01', through: TODAY, computedAt: AT });
    await store(world, { date: TODAY, value: '1' });
    await store(world, { date: TODAY, value: '2' }, 'shop/visits');
    expect(await world.statistics.point({ metric: CONVERSION })).toEqual({
      date: TODAY,
      value: 0.5,
      complete: false,
      asOf: NOW,
    });
  });

  it('are counted by increments at once', async () => {
    const { statistics } = world;
    await statistics.increment({ metric: ORDERS, by: 2 });
    await statistics.increment({ metric: VISITS, by: 8 });
    expect(await statistics.value({ metric: CONVERSION })).toBe(0.25);
    expect(await statistics.coverage({ metric: CONVERSION })).toEqual({ from: TODAY, through: TODAY, timeZone: 'UTC' });
  });

  it('begin where all parts are known', async () => {
    const { statistics } = world;
    await both({ from: '2026-11-01', through: TODAY, computedAt: AT }, { from: '2026-11-10' });
    const [first] = await statistics.series({ metric: CONVERSION });
    expect(first?.date).toBe('2026-11-10');
    expect(await statistics.coverage({ metric: CONVERSION })).toEqual({
      from: '2026-11-10',
      through: TODAY,
      timeZone: 'UTC',
    });
    expect(await statistics.today(CONVERSION)).toBe(TODAY);
    const series = await statistics.multiSeries({ metrics: [ORDERS, CONVERSION] });
    expect(series.map(({ key, points }) => [key, points[0]?.date])).toEqual([
      ['shop/orders', '2026-11-01'],
      ['shop/conversion', '2026-11-01'],
    ]);
    expect(series[1]?.metric).toMatchObject({ id: 0, key: 'shop/conversion', name: 'Conversion' });
  });

  it('rank objects, and have a series of each', async () => {
    const { statistics } = world;
    const numbers = { '1': [1, 4], '2': [3, 4], '3': [1, 0], '4': [1, 4], '10': [2, 1] } as const;
    for (const [id, [orders, visits]] of Object.entries(numbers)) {
      await statistics.record({ metric: ORDERS, value: orders, object: { type: 'customer', id } });
      await statistics.record({ metric: VISITS, value: visits, object: { type: 'customer', id } });
    }
    await statistics.record({ metric: ORDERS, value: 9, object: { type: 'customer', id: '5' } });
    const filter = { metric: CONVERSION, objectType: 'customer' } as const;
    const places = async (more: object) =>
      (await statistics.top({ ...filter, ...more })).map(({ object, value }) => [object.id, value]);
    expect(await places({})).toEqual([
      ['10', 2],
      ['2', 0.75],
      ['1', 0.25],
      ['4', 0.25],
    ]);
    expect(await places({ order: 'asc', limit: 2, offset: 1 })).toEqual([
      ['4', 0.25],
      ['2', 0.75],
    ]);
    const all = await statistics.multiSeries({ ...filter, date: TODAY });
    expect(all.map(({ object, points: [point] }) => [object.id, point?.value])).toEqual(
      expect.arrayContaining([
        ['1', 0.25],
        ['3', null],
        ['5', null],
      ]),
    );
  });

  it('are read in custom statistics', async () => {
    const { statistics } = world;
    for (const [country, orders, visits] of [
      ['NL', 1, 2],
      ['BE', 1, 8],
    ] as const) {
      const scope = { entity: OrdersByRegion, dimensions: { country, province: null } };
      await statistics.record({ metric: ORDERS, value: orders, ...scope });
      await statistics.record({ metric: VISITS, value: visits, ...scope });
    }
    expect(
      await statistics.value({
        metric: CONVERSION,
        entity: OrdersByRegion,
        dimensions: { country: 'BE', province: null },
      }),
    ).toBe(0.125);
    expect(await statistics.top({ metric: CONVERSION, entity: OrdersByRegion })).toEqual([
      { dimensions: { country: 'NL', province: null }, value: 0.5 },
      { dimensions: { country: 'BE', province: null }, value: 0.125 },
    ]);
  });

  it('have a total where their parts have one', async () => {
    const { statistics } = world;
    await both({ from: '2026-11-01', through: TODAY, kind: 'avg', computedAt: AT });
    await expect(statistics.total({ metric: CONVERSION, last: 2 })).rejects.toThrow(NotSummableError);
    await expect(statistics.total({ metric: CONVERSION, period: Period.WEEK as never })).rejects.toThrow(
      InvalidPeriodError,
    );
  });

  it('are in the catalog, and nothing of them is stored', async () => {
    const { metrics } = world;
    const listed = await metrics.list({ domain: SHOP });
    expect(listed.map(({ key }) => key)).toEqual([
      'shop/conversion',
      'shop/difference',
      'shop/lost',
      'shop/orders',
      'shop/visits',
    ]);
    const [conversion] = listed;
    expect(await metrics.find('shop/conversion')).toEqual(conversion);
    expect(await metrics.resolve(CONVERSION)).toEqual(conversion);
    expect(await world.statistics.value({ metric: conversion! })).toBeNull();
    expect(await world.dataSource.getRepository('TrackstatsMetric').count()).toBe(2);
    await expect(metrics.rename(ORDERS, 'conversion')).rejects.toThrow('already');
  });

  it('are refused where stored statistics are needed', async () => {
    const { statistics, metrics } = world;
    const calls: (() => unknown)[] = [
      () => statistics.record({ metric: CONVERSION, value: 1 }),
      () => statistics.record({ metric: 'shop/conversion', value: 1 }),
      () => statistics.recordMany([{ metric: CONVERSION, value: 1 }]),
      () => statistics.increment({ metric: CONVERSION }),
      () => statistics.remove({ metric: CONVERSION }),
      () => statistics.prune({ metric: CONVERSION, keep: 1 }),
      () => statistics.find({ metrics: [ORDERS, CONVERSION] }),
      () => statistics.mostRecent({ metric: CONVERSION }),
      () => statistics.narrow({ metric: CONVERSION }),
      () => metrics.register(CONVERSION),
      () => metrics.register({ domain: SHOP, ref: 'conversion' }),
      () => metrics.rename('shop/conversion', 'rate'),
      () => metrics.remove(CONVERSION),
    ];
    for (const call of calls) await expect((async () => call())()).rejects.toThrow(DerivedMetricError);
  });

  it('are compared by the ratios of the totals', async () => {
    const { statistics } = world;
    await both({ from: '2026-11-01', through: '2026-11-05', computedAt: AT });
    for (const [day, orders, visits] of [
      [1, '1', '4'],
      [2, '1', '4'],
      [3, '6', '8'],
      [4, '2', '8'],
    ] as const) {
      await store(world, { date: `2026-11-0${String(day)}`, value: orders });
      await store(world, { date: `2026-11-0${String(day)}`, value: visits }, 'shop/visits');
    }
    const filter = { from: '2026-11-03', to: '2026-11-04' } as const;
    const { points, before, total } = await statistics.compare({ metric: CONVERSION, ...filter });
    expect(values(points as never)).toEqual([0.75, 0.25]);
    expect(before.map(({ value }) => value)).toEqual([0.25, 0.25]);
    expect(total).toEqual({ value: 0.5, before: 0.25, absolute: 0.25, relative: 1, comparable: true });
    expect((await statistics.compare({ metric: DIFFERENCE, ...filter })).total).toMatchObject({ value: 8, before: 6 });
    const unknown = await statistics.compare({ metric: CONVERSION, from: '2026-11-01', to: '2026-11-02' });
    expect(unknown.total).toMatchObject({ value: 0.25, before: null, absolute: null });
    expect((await statistics.compare({ metric: LOST, ...filter, exact: true })).total).toMatchObject({ value: '0.5' });
  });

  it('are compared by month, whatever the lengths of the months', async () => {
    const { statistics } = world;
    await both({ from: '2026-01-01', through: '2026-02-28', computedAt: AT });
    for (const [date, orders, visits] of [
      ['2026-01-01', '1', '4'],
      ['2026-01-31', '3', '4'],
      ['2026-02-28', '1', '4'],
    ] as const) {
      await store(world, { date, value: orders });
      await store(world, { date, value: visits }, 'shop/visits');
    }
    const february = { metric: CONVERSION, from: '2026-02-01', with: 'month' } as const;
    // with the 31 days of January
    const whole = await statistics.compare({ ...february, to: '2026-02-28' });
    expect(whole.total).toMatchObject({ value: 0.25, before: 0.5, relative: -0.5 });
    // and 27 days with 27
    const part = await statistics.compare({ ...february, to: '2026-02-27' });
    expect(part.total).toMatchObject({ value: null, before: 0.25 });
  });

  it('name a part that does not exist, and a function that fails', async () => {
    const missing = defineRatio({ domain: ELSEWHERE, ref: 'of_missing', of: 'shop/ordres', per: VISITS });
    await expect(world.statistics.value({ metric: missing })).rejects.toThrow(UnknownMetricError);
    await expect(world.statistics.value({ metric: missing })).rejects.toThrow('"shop/orders"');
    const unwritten = defineRatio({ domain: ELSEWHERE, ref: 'of_unwritten', of: OTHERS, per: VISITS });
    expect(await world.statistics.value({ metric: unwritten })).toBeNull();
    expect(await world.statistics.coverage({ metric: unwritten })).toBeNull();
    const wrong = defineDerived({
      domain: ELSEWHERE,
      ref: 'wrong',
      from: { a: ORDERS },
      value: () => undefined as never,
    });
    await world.statistics.record({ metric: ORDERS, value: 1 });
    await expect(world.statistics.value({ metric: wrong })).rejects.toThrow(DerivedValueError);
  });
});
