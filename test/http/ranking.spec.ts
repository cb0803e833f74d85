import {
  addDays,
  avg,
  defineDomain,
  defineMetric,
  ObjectsByDateAndObjectTracker,
  Period,
  StatisticService,
  sum,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { TrackstatsHttpModule, type MultiSeriesResponse, type RankingResponse } from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { at, Customer, Order } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { closeServed, OrdersByRegion, serve, type Served } from './application.js';

const DOMAIN = defineDomain({ ref: 'rank' });
const metric = (ref: string) => defineMetric({ domain: DOMAIN, ref });
const BALANCE = defineMetric({ domain: DOMAIN, ref: 'balance', gauge: true });
const STOCK = defineMetric({ domain: DOMAIN, ref: 'stock', gauge: true });

@Track({
  source: Order,
  dateField: 'createdAt',
  objectField: 'customer',
  period: [Period.DAY, Period.LIFETIME],
  metrics: [
    { metric: metric('revenue'), aggregate: sum('total') },
    { metric: metric('mean'), aggregate: avg('total') },
    { metric: BALANCE, aggregate: sum('total') },
  ],
})
class ByCustomer extends ObjectsByDateAndObjectTracker {}

const TODAY = '2026-10-31';
const CUSTOMERS = 25;

interface Sale {
  readonly customer: number;
  readonly date: string;
  readonly total: number;
}

/** Each customer orders every (n % 4 + 1) days. */
const SALES: readonly Sale[] = Array.from({ length: CUSTOMERS }, (_, n) =>
  Array.from({ length: 20 }, (__, place) => ({
    customer: n + 1,
    date: addDays(TODAY, -place * ((n % 4) + 1)),
    total: ((n * 13 + place * 7) % 40) + 1,
  })),
).flat();

/** What a GROUP BY written by hand gives. */
function ranked(from: string, of: (sales: readonly Sale[]) => number): [string, number][] {
  const ids = Array.from({ length: CUSTOMERS }, (_, n) => n + 1);
  const values = ids.map((id): [string, number] => [
    String(id),
    of(SALES.filter(({ customer, date }) => customer === id && date >= from)),
  ]);
  return values.filter(([, value]) => !Number.isNaN(value)).sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1));
}
const added = (sales: readonly Sale[]): number =>
  sales.length === 0 ? NaN : sales.reduce((total, sale) => total + sale.total, 0);
const greatest = (sales: readonly Sale[]): number =>
  sales.length === 0 ? NaN : Math.max(...sales.map(({ total }) => total));

describeOnEachDatabase('rankings', (database) => {
  // the application stops before the database goes
  describe('of a shop', () => {
    let served: Served;
    const ranking = async (query: string): Promise<RankingResponse> =>
      (await served.get(`trackstats/ranking?${query}`)).body;
    const values = ({ items }: RankingResponse): [string, number][] =>
      items.map(({ object, value }) => [object?.id ?? '', value ?? NaN]);

    beforeAll(async () => {
      const label = (objects: readonly { id: string }[]) => objects.map(({ id }) => `Customer No. ${id}`);
      served = await serve([TrackstatsHttpModule.forRoot({ public: true, label, limits: { live: 2 } })], {
        providers: [ByCustomer],
        entities: [Order, Customer, OrdersByRegion],
        runs: false,
        database: database.options({ entities: [], synchronize: true }),
      });
      const dataSource = served.app.get(DataSource);
      const names = Array.from({ length: CUSTOMERS }, (_, n) => ({ name: `c${n}` }));
      const customers = await dataSource.getRepository(Customer).save(names);
      await dataSource.getRepository(Order).save(
        SALES.map(({ date, total, customer }) => ({
          createdAt: at(`${date}T10:00`),
          total,
          customer: customers[customer - 1]!,
        })),
      );
      await served.app.get(TrackerService).run(ByCustomer);
      const statistics = served.app.get(StatisticService);
      const regions: [string, string | null, number][] = [
        ['NL', 'Utrecht', 5],
        ['NL', null, 7],
        ['DE', null, 3],
      ];
      for (const [country, province, value] of regions) {
        const dimensions = { country, province, floor: 0 };
        await statistics.record({ metric: metric('regions'), entity: OrdersByRegion, dimensions, value });
      }
    });
    afterAll(closeServed);

    it('by the sum of a range are a GROUP BY, a page at a time, with the sum of all for shares', async () => {
      const expected = ranked('2026-10-02', added);
      const query = 'metric=rank/revenue&object_type=customer&from=2026-10-02&limit=10';
      const pages = [await ranking(query), await ranking(`${query}&offset=10`), await ranking(`${query}&offset=20`)];
      expect(pages.flatMap(values)).toEqual(expected);
      const total = expected.reduce((sum, [, value]) => sum + value, 0);
      for (const page of pages)
        expect(page).toMatchObject({ count: expected.length, total, from: '2026-10-02', to: TODAY });
    });

    it('by averages take the greatest of them, which are no parts of a whole', async () => {
      // one order of a customer a day: the average of a day is that order
      const found = await ranking('metric=rank/mean&object_type=customer&from=2026-10-20&limit=100');
      expect(values(found)).toEqual(ranked('2026-10-20', greatest));
      expect(found.total).toBeNull();
    });

    it('of levels take the latest one of the range, which are no parts of a whole', async () => {
      // a customer's sales begin with the last one
      const latest = (sales: readonly Sale[]): number => sales[0]?.total ?? NaN;
      const range = 'metric=rank/balance&object_type=customer&from=2026-10-29&to=2026-10-30';
      const until = (sales: readonly Sale[]): number => latest(sales.filter(({ date }) => date <= '2026-10-30'));
      const expected = ranked('2026-10-29', until);
      expect(expected).toHaveLength(13);
      for (const live of ['', '&live=true']) {
        const found = await ranking(`${range}&limit=100${live}`);
        expect(values(found)).toEqual(expected);
        expect([found.total, found.count]).toEqual([null, 13]);
      }
      const page = await ranking(`${range}&limit=5&offset=5`);
      expect([values(page), page.total, page.count]).toEqual([expected.slice(5, 10), null, 13]);
      expect((await ranking(`${range}&limit=5&offset=50`)).count).toBe(13);
    });

    it('of levels that were recorded leave out what is unknown, by day, by hour and by dimensions', async () => {
      const statistics = served.app.get(StatisticService);
      const of = (
        id: number,
        when: { date: string; period?: Period } | { at: string; period: Period },
        value: unknown,
      ) => ({ metric: STOCK, object: { type: 'customer', id: String(id) }, ...when, value }) as never;
      const region = (country: string, date: string, value: number) =>
        ({
          metric: STOCK,
          entity: OrdersByRegion,
          dimensions: { country, province: null, floor: 0 },
          date,
          value,
        }) as never;
      const hour = (time: string) => ({ period: Period.HOUR, at: `2026-10-30T${time}Z` });
      await statistics.recordMany([
        of(1, { date: '2026-10-20' }, 50),
        of(1, { date: '2026-10-25' }, 10),
        of(2, { date: '2026-10-21' }, 5),
        of(2, { date: '2026-10-30' }, 20),
        of(3, { date: '2026-10-01' }, 99),
        of(4, { date: '2026-10-22' }, 7),
        of(4, { date: '2026-10-23' }, null),
        of(1, hour('09:00'), 5),
        of(1, hour('10:00'), 1),
        of(2, hour('09:00'), 3),
        region('NL', '2026-10-29', 8),
        region('NL', '2026-10-30', 2),
        region('DE', '2026-10-29', 5),
      ]);
      const query = 'metric=rank/stock&object_type=customer';
      const byDay = await ranking(`${query}&from=2026-10-20`);
      expect([values(byDay), byDay.total]).toEqual([[['2', 20], ['1', 10], ['4', 7]], null]); // prettier-ignore
      expect(values(await ranking(`${query}&period=HOUR&from=2026-10-30&to=2026-10-30`))).toEqual([['2', 3], ['1', 1]]); // prettier-ignore
      const { items } = await ranking('metric=rank/stock&statistic=orders_by_region&last=5');
      expect(items.map(({ dimensions, value }) => [dimensions?.['country'], value])).toEqual([['DE', 5], ['NL', 2]]); // prettier-ignore
      const top: MultiSeriesResponse = (
        await served.get(`trackstats/multi-series?${query}&from=2026-10-20&top=2&others=true`)
      ).body;
      expect([top.series.map(({ object }) => object?.id), top.others]).toEqual([['2', '1'], null]);
    });

    it('of LIFETIME take the value at the end', async () => {
      const found = await ranking('metric=rank/revenue&object_type=customer&period=LIFETIME&last=5&limit=3');
      expect(values(found)).toEqual(ranked('2000-01-01', added).slice(0, 3));
      expect(found.count).toBe(CUSTOMERS);
    });

    it('are searched by name', async () => {
      const query = 'metric=rank/revenue&object_type=customer&from=2026-10-02&search=no.%202&limit=4';
      const expected = ranked('2026-10-02', added).filter(([id]) => id.includes('2'));
      const first = await ranking(query);
      expect(values(first)).toEqual(expected.slice(0, 4));
      expect(first).toMatchObject({
        count: expected.length,
        total: ranked('2026-10-02', added).reduce((t, [, v]) => t + v, 0),
      });
      expect(values(await ranking(`${query}&offset=4`))).toEqual(expected.slice(4));
      expect((await ranking(query.replace('no.%202', 'nobody'))).items).toEqual([]);
    });

    it('of dimensions have them', async () => {
      const found = await ranking('metric=rank/regions&statistic=orders_by_region&last=3');
      expect(found.items).toEqual([
        { dimensions: { country: 'NL', province: null, floor: 0 }, value: 7 },
        { dimensions: { country: 'NL', province: 'Utrecht', floor: 0 }, value: 5 },
        { dimensions: { country: 'DE', province: null, floor: 0 }, value: 3 },
      ]);
      expect([found.count, found.total, found.statistic]).toEqual([3, 15, 'orders_by_region']);
      const nl = await ranking('metric=rank/regions&statistic=orders_by_region&last=3&dimension.country=NL');
      expect([nl.count, nl.total]).toEqual([2, 12]);
      expect((await ranking('metric=rank/regions&statistic=orders_by_region&last=3&search=utr')).count).toBe(1);
    });

    it('compare with an earlier range, and sort by what was before and by the change', async () => {
      const sums = (from: string, to: string) =>
        new Map(
          Array.from({ length: CUSTOMERS }, (_, n): [string, number] => [
            String(n + 1),
            SALES.filter(({ customer, date }) => customer === n + 1 && date >= from && date <= to).reduce(
              (sum, { total }) => sum + total,
              0,
            ),
          ]),
        );
      // 20 to 25 October against 20 to 25 September: some ordered in one of them only
      const [now, then] = [sums('2026-10-20', '2026-10-25'), sums('2026-09-20', '2026-09-25')];
      const expected = [...now].flatMap(([id, value]) => {
        const before = then.get(id)!;
        return value === 0 && before === 0 ? [] : [{ id, value, before, change: value - before }];
      });
      expect(expected.some(({ before }) => before === 0)).toBe(true);
      const query = 'metric=rank/revenue&object_type=customer&from=2026-10-20&to=2026-10-25&compare=month';
      const total = [...then.values()].reduce((a, b) => a + b, 0);
      const of = ({ items }: RankingResponse) =>
        items.map(({ object, value, before, absolute }) => ({ id: object?.id, value, before, change: absolute }));
      const first = await ranking(`${query}&limit=5`);
      expect(first.comparison).toEqual({ from: '2026-09-20', to: '2026-09-25', total, known: true });
      const byValue = expected.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value);
      expect(of(first).map(({ value }) => value)).toEqual(byValue.slice(0, 5).map(({ value }) => value));
      for (const one of of(first)) expect(expected).toContainEqual(one);
      for (const { before, absolute, relative } of first.items) {
        expect(relative).toBe(before === 0 ? null : absolute! / before!);
      }
      for (const [sort, order] of [
        ['change', 'asc'],
        ['change', 'desc'],
        ['before', 'desc'],
        ['value', 'asc'],
      ] as const) {
        const sorted = [...expected].sort((a, b) => (order === 'asc' ? a[sort] - b[sort] : b[sort] - a[sort]));
        const found = await ranking(`${query}&sort=${sort}&order=${order}&limit=100`);
        expect(of(found).map((one) => one[sort])).toEqual(sorted.map((one) => one[sort]));
        for (const one of of(found)) expect(expected).toContainEqual(one);
        expect([found.count, found.total]).toEqual([expected.length, first.total]);
        const page = await ranking(`${query}&sort=${sort}&order=${order}&limit=3&offset=2`);
        expect(of(page)).toEqual(of(found).slice(2, 5));
      }
    });

    it('do not compare with a range that is not fully known', async () => {
      const since = SALES.map(({ date }) => date).sort()[0]!;
      const query = `metric=rank/revenue&object_type=customer&from=${addDays(since, 3)}&to=${addDays(since, 6)}`;
      const { items, comparison } = await ranking(`${query}&compare=previous`);
      expect(comparison).toEqual({ from: addDays(since, -1), to: addDays(since, 2), total: null, known: false });
      expect(items.length).toBeGreaterThan(0);
      for (const item of items) expect(item).toMatchObject({ before: null, absolute: null, relative: null });
      const alone = await ranking(query);
      expect(alone.comparison).toBeNull();
      expect(alone.items[0]).not.toHaveProperty('before');
    });

    it('of averages compare the greatest of them', async () => {
      const query = 'metric=rank/mean&object_type=customer&from=2026-10-28&to=2026-10-31&compare=previous&limit=100';
      const most = (id: string, from: string, to: string): number | null => {
        const own = SALES.filter(({ customer, date }) => String(customer) === id && date >= from && date <= to);
        return own.length === 0 ? null : Math.max(...own.map(({ total }) => total));
      };
      const { items, comparison } = await ranking(query);
      expect(comparison).toMatchObject({ total: null, known: true });
      for (const { object, value, before } of items) {
        expect([value, before]).toEqual([
          most(object!.id, '2026-10-28', '2026-10-31'),
          most(object!.id, '2026-10-24', '2026-10-27'),
        ]);
      }
    });

    it('of LIFETIME compare the values at the ends', async () => {
      const query = 'metric=rank/revenue&object_type=customer&period=LIFETIME&last=5&compare=previous&limit=3';
      const { items } = await ranking(query);
      const until = (id: string, to: string): number =>
        SALES.filter(({ customer, date }) => String(customer) === id && date <= to).reduce((t, s) => t + s.total, 0);
      for (const { object, value, before } of items) {
        expect([value, before]).toEqual([until(object!.id, '2026-10-31'), until(object!.id, '2026-10-26')]);
      }
    });

    it('of the greatest have the earlier values of the same objects, date by date', async () => {
      const query = 'metric=rank/revenue&object_type=customer&top=3&from=2026-10-29&compare=month&exact=true';
      const { series, dates, comparison }: MultiSeriesResponse = (await served.get(`trackstats/multi-series?${query}`))
        .body;
      expect(dates).toEqual(['2026-10-29', '2026-10-30', '2026-10-31']);
      const before = ['2026-09-29', '2026-09-30', '2026-09-30'];
      expect(comparison).toEqual({ dates: before });
      const day = (id: string, date: string) =>
        SALES.filter((sale) => String(sale.customer) === id && sale.date === date).reduce((t, s) => t + s.total, 0);
      expect(series.map(({ object }) => object?.id)).toEqual(
        ranked('2026-10-29', added)
          .slice(0, 3)
          .map(([id]) => id),
      );
      for (const { object, values: own, before: earlier, exactBefore } of series) {
        expect(own).toEqual(dates.map((date) => day(object!.id, date)));
        // none of the three has ordered for the first time after that
        expect(earlier).toEqual(before.map((date) => day(object!.id, date)));
        expect(exactBefore).toEqual(before.map((date) => String(day(object!.id, date))));
      }
    });

    it('add up all that the greatest leave out, date by date, where that adds up', async () => {
      const range = 'object_type=customer&top=3&from=2026-10-25&others=true';
      const read = async (rest: string): Promise<MultiSeriesResponse> =>
        (await served.get(`trackstats/multi-series?${range}&${rest}`)).body;
      const { series, dates, others } = await read('metric=rank/revenue&compare=previous&exact=true');
      const shown = series.map(({ object }) => object!.id);
      const restOf = (date: string): number =>
        SALES.filter((sale) => sale.date === date && !shown.includes(String(sale.customer))).reduce(
          (total, sale) => total + sale.total,
          0,
        );
      expect(dates).toHaveLength(7);
      expect(others?.values).toEqual(dates.map(restOf));
      expect(others?.exactValues).toEqual(dates.map((date) => String(restOf(date))));
      expect(others?.before).toEqual(dates.map((date) => restOf(addDays(date, -7))));
      expect((await read('metric=rank/revenue&live=true')).others?.values).toEqual(dates.map(restOf));
      // averages do not add up, nor do values that overlap
      expect((await read('metric=rank/mean')).others).toBeNull();
      expect((await read('metric=rank/revenue&period=LIFETIME')).others).toBeNull();
      const plain = await served.get('trackstats/multi-series?metric=rank/revenue&object_type=customer&top=3');
      expect(plain.body).not.toHaveProperty('others');
      const named = 'trackstats/multi-series?metric=rank/revenue&object_type=customer&object_id=1&others=true';
      expect((await served.get(named)).status).toBe(400);
    });

    it('of groups have the earlier values of the same groups', async () => {
      const dimensions = { country: 'NL', province: null, floor: 0 };
      const earlier = { metric: metric('regions'), entity: OrdersByRegion, dimensions, date: '2026-10-30' } as const;
      await served.app.get(StatisticService).record({ ...earlier, value: 2 });
      const query = 'metric=rank/regions&statistic=orders_by_region&last=1&top=2';
      const read = async (rest: string): Promise<MultiSeriesResponse> =>
        (await served.get(`trackstats/multi-series?${query}${rest}`)).body;
      const { series, comparison } = await read('&compare=previous');
      expect(comparison).toEqual({ dates: ['2026-10-30'] });
      expect(series.map(({ values: own, before }) => [own, before])).toEqual([
        [[7], [2]],
        [[5], [null]],
      ]);
      const plain = await read('');
      expect(plain.comparison).toBeNull();
      expect(plain.series[0]).not.toHaveProperty('before');
      await served.app.get(StatisticService).remove({ ...earlier, period: Period.DAY });
    });

    it.each([
      ['multi-series?metric=rank/revenue&object_type=customer&top=10&last=6000&compare=previous', 400],
      ['multi-series?metric=rank/revenue&object_type=customer&period=CALENDAR_WEEK&compare=month', 400],
      ['ranking?metric=rank/revenue', 400],
      ['ranking?metric=rank/revenue&object_type=customer&sort=name', 400],
      ['ranking?metric=rank/nothing&object_type=customer', 404],
      ['ranking?metric=rank/revenue&object_type=customer&limit=1001', 400],
    ])('refuse %s', async (route, status) => {
      expect((await served.get(`trackstats/${route}`)).status).toBe(status);
    });
  });
});
