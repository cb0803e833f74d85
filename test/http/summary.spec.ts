import {
  addDays,
  avg,
  count,
  countDistinct,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  defineRatio,
  max,
  min,
  ObjectsByDateTracker,
  Period,
  StatisticService,
  sum,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { TrackstatsHttpModule, type SummariesResponse, type SummaryResponse } from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { at, Customer, Order } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { closeServed, serve, type Served } from './application.js';

const DOMAIN = defineDomain({ ref: 'sum' });
const metric = (ref: string) => defineMetric({ domain: DOMAIN, ref });
const [ORDERS, REVENUE] = [metric('orders'), metric('revenue')];
const RATIO = defineRatio({ domain: DOMAIN, ref: 'ratio', of: REVENUE, per: ORDERS });

@Track({
  source: Order,
  dateField: 'createdAt',
  period: [Period.DAY, Period.WEEK, Period.LIFETIME],
  metrics: [
    { metric: ORDERS, aggregate: count() },
    { metric: REVENUE, aggregate: sum('total') },
    { metric: metric('least'), aggregate: min('total') },
    { metric: metric('greatest'), aggregate: max('total') },
    { metric: metric('mean'), aggregate: avg('total') },
    { metric: defineMetric({ domain: DOMAIN, ref: 'balance', gauge: true }), aggregate: sum('total') },
    { metric: defineMetric({ domain: DOMAIN, ref: 'lowest_share', unit: 'percent' }), aggregate: min('total') },
    { metric: metric('buyers'), aggregate: countDistinct('customer') },
  ],
})
class OrderValues extends ObjectsByDateTracker {}

@Track({ metric: metric('scheduled'), source: Order, dateField: 'createdAt', period: Period.DAY, every: '1 hour' })
class Scheduled extends CountObjectsByDateTracker {}

const TODAY = '2026-10-31';

interface Sale {
  readonly date: string;
  readonly total: number;
  readonly buyer: number;
}

/** On the nth day before today there are n % 3 orders. */
const SALES: readonly Sale[] = Array.from({ length: 60 }, (_, day) =>
  Array.from({ length: day % 3 }, (__, order) => ({
    date: addDays(TODAY, -day),
    total: ((day * 7 + order * 5) % 23) + 1,
    buyer: (day + order) % 2,
  })),
).flat();

const within = (from: string, to: string): Sale[] => SALES.filter(({ date }) => date >= from && date <= to);
const totals = (sales: readonly Sale[]): number[] => sales.map(({ total }) => total);
const added = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describeOnEachDatabase('summaries', (database) => {
  // the application stops before the database goes
  describe('of a shop', () => {
    let served: Served;
    const summary = async (query: string): Promise<SummaryResponse> =>
      (await served.get(`trackstats/summary?${query}`)).body;
    const summaries = async (query: string): Promise<SummariesResponse> =>
      (await served.get(`trackstats/summaries?${query}`)).body;

    beforeAll(async () => {
      served = await serve([TrackstatsHttpModule.forRoot({ public: true })], {
        providers: [OrderValues],
        runs: false,
        database: database.options({ entities: [], synchronize: true }),
      });
      const dataSource = served.app.get(DataSource);
      const customers = await dataSource.getRepository(Customer).save([{ name: 'a' }, { name: 'b' }]);
      await dataSource.getRepository(Order).save(
        SALES.map(({ date, total, buyer }) => ({
          createdAt: at(`${date}T10:00`),
          total,
          customer: customers[buyer]!,
        })),
      );
      await served.app.get(TrackerService).run(OrderValues);
      await served.app
        .get(StatisticService)
        .record({ metric: metric('recorded'), value: 2.5, date: addDays(TODAY, -1) });
    });
    afterAll(closeServed);

    const RANGES: [string, string, string, string][] = [
      ['2026-10-25', '2026-10-31', '2026-10-18', '2026-10-24'],
      ['2026-10-11', '2026-10-20', '2026-10-01', '2026-10-10'],
    ];
    it.each(RANGES)('from %s to %s are what a count by hand gives', async (from, to, before, end) => {
      const [sales, earlier] = [within(from, to), within(before, end)];
      const expected: [string, string, number, number | null][] = [
        ['orders', 'total', sales.length, earlier.length],
        ['revenue', 'total', added(totals(sales)), added(totals(earlier))],
        ['least', 'least', Math.min(...totals(sales)), Math.min(...totals(earlier))],
        ['greatest', 'greatest', Math.max(...totals(sales)), Math.max(...totals(earlier))],
        ['ratio', 'whole', added(totals(sales)) / sales.length, added(totals(earlier)) / earlier.length],
      ];
      const { items, today } = await summaries(`from=${from}&to=${to}`);
      expect(today).toBe(TODAY);
      await served.app.get(StatisticService).value({ metric: RATIO }); // it is defined
      for (const [ref, kind, value, was] of expected) {
        const one = await summary(`metric=sum/${ref}&from=${from}&to=${to}&compare=previous`);
        const all = items.find((item) => item.metric.ref === ref)?.summary;
        for (const found of [one, all!]) {
          expect([ref, found.kind, found.from, found.to]).toEqual([ref, kind, from, to]);
          expect(found.value).toBeCloseTo(value, 9);
          expect(found.comparison).toMatchObject({ from: before, to: end, comparable: to !== TODAY });
          expect(found.comparison?.value).toBeCloseTo(was ?? NaN, 9);
          expect(found.comparison?.absolute).toBeCloseTo(value - (was ?? NaN), 9);
          expect(found.comparison?.relative).toBeCloseTo((value - was!) / was!, 9);
        }
      }
    });

    it('compare with the same days of the month before, or with none of which some are not known', async () => {
      const all = async (query: string) => {
        const { items } = await summaries(query);
        const refs = ['orders', 'revenue', 'least', 'greatest', 'ratio'];
        return Promise.all(
          refs.map(async (ref) => ({
            ref,
            found: [
              await summary(`metric=sum/${ref}&${query}`),
              items.find((item) => item.metric.ref === ref)!.summary!,
            ],
          })),
        );
      };
      const september = within('2026-09-05', '2026-09-20');
      const before: Readonly<Record<string, number>> = {
        orders: september.length,
        revenue: added(totals(september)),
        least: Math.min(...totals(september)),
        greatest: Math.max(...totals(september)),
        ratio: added(totals(september)) / september.length,
      };
      for (const { ref, found } of await all('from=2026-10-05&to=2026-10-20&compare=month')) {
        for (const { comparison } of found) {
          expect([ref, comparison?.from, comparison?.to]).toEqual([ref, '2026-09-05', '2026-09-20']);
          expect(comparison?.value).toBeCloseTo(before[ref]!, 9);
        }
      }
      // the first sale was on 2 September
      expect(SALES.at(-1)!.date).toBe('2026-09-02');
      for (const { ref, found } of await all('from=2026-10-01&to=2026-10-20&compare=month')) {
        for (const { value, comparison } of found) {
          expect([ref, typeof value]).toEqual([ref, 'number']);
          expect(comparison).toMatchObject({ from: '2026-09-01', to: '2026-09-20', comparable: true });
          expect(comparison).toMatchObject({ value: null, absolute: null, relative: null });
        }
      }
    });

    it('compare whole months with whole months, and only what is known of both', async () => {
      const counted = defineMetric({ domain: DOMAIN, ref: 'by_day' });
      const statistics = served.app.get(StatisticService);
      const days = (from: string, length: number) =>
        Array.from({ length }, (_, day) => ({ metric: counted, value: 1, date: addDays(from, day) }));
      await statistics.recordMany([...days('2026-01-01', 31), ...days('2026-02-01', 28)]);
      const february = async (): Promise<unknown[]> => {
        const query = 'from=2026-02-01&to=2026-02-28&compare=month';
        const { items } = await summaries(query);
        const item = items.find(({ metric: { ref } }) => ref === 'by_day')!.summary!;
        const { kind, from, to, value, comparison } = await summary(`metric=sum/by_day&${query}`);
        expect({ kind, from, to, value, comparison }).toEqual(item);
        return [value, comparison?.from, comparison?.to, comparison?.value, comparison?.absolute, comparison?.relative];
      };
      expect(await february()).toEqual([28, '2026-01-01', '2026-01-31', 31, -3, -3 / 31]);
      await statistics.remove({ metric: counted, period: Period.DAY, date: '2026-02-10' });
      expect(await february()).toEqual([27, '2026-01-01', '2026-01-31', 31, null, null]);
      await statistics.record({ metric: counted, value: 1, date: '2026-02-10' });
      await statistics.remove({ metric: counted, period: Period.DAY, date: '2026-01-31' });
      expect(await february()).toEqual([28, '2026-01-01', '2026-01-31', null, null, null]);
      await statistics.remove({ metric: counted, period: Period.DAY });
    });

    it('of weeks among those of days are compared with the weeks before', async () => {
      const weekly = defineMetric({ domain: DOMAIN, ref: 'weekly' });
      const weeks = ['2026-10-12', '2026-10-19'].map((date, place) => ({
        metric: weekly,
        period: Period.CALENDAR_WEEK,
        date,
        value: place + 1,
      }));
      await served.app.get(StatisticService).recordMany(weeks);
      const { items } = await summaries('from=2026-10-19&to=2026-10-25&compare=month');
      const of = (ref: string) => items.find((item) => item.metric.ref === ref)!.summary?.comparison;
      expect(of('weekly')).toMatchObject({ from: '2026-10-12', to: '2026-10-18', value: 1, absolute: 1 });
      expect(of('orders')).toMatchObject({ from: '2026-09-19', to: '2026-09-25' });
      await served.app.get(StatisticService).remove({ metric: weekly, period: Period.CALENDAR_WEEK });
    });

    it('say how many of the last values of a course are of dates that are not over', async () => {
      const course = async (query: string) => {
        const { items } = await summaries(query);
        const { trend, openValues } = items.find((item) => item.metric.ref === 'orders')!;
        return { trend, openValues };
      };
      // 27 to 31 October: 1, 0, 2, 1, 0 orders, and the last day is not over
      expect(await course('last=5')).toEqual({ trend: [1, 0, 2, 1, 0], openValues: 1 });
      expect(await course('from=2026-10-27&to=2026-10-30')).toEqual({ trend: [1, 0, 2, 1], openValues: 0 });
      // days that have not come are no values
      expect(await course('from=2026-10-29&to=2026-11-02')).toEqual({ trend: [2, 1, 0, null, null], openValues: 1 });
      // the mean of several days of which one is not over: 2, 1, 0 and 2, 1, 0
      expect(await course('last=6&points=2')).toEqual({ trend: [1, 1], openValues: 1 });
      expect((await course('period=LIFETIME&last=2')).openValues).toBe(1);
    });

    it('of an average or a distinct count are the value of a period over exactly the range, or the last value', async () => {
      const week = within('2026-10-18', '2026-10-24');
      const mean = await summary('metric=sum/mean&from=2026-10-18&to=2026-10-24');
      expect([mean.kind, mean.comparison]).toEqual(['whole', null]);
      expect(mean.value).toBeCloseTo(added(totals(week)) / week.length, 9);
      const buyers = await summary('metric=sum/buyers&from=2026-10-18&to=2026-10-24&compare=previous');
      expect(buyers).toMatchObject({
        kind: 'whole',
        value: 2,
        comparison: { value: 2, from: '2026-10-11', absolute: 0 },
      });
      // no period has nine days
      const nine = await summary('metric=sum/buyers&from=2026-10-16&to=2026-10-24&compare=previous');
      const last = new Set(within('2026-10-24', '2026-10-24').map(({ buyer }) => buyer)).size;
      expect(nine).toMatchObject({ kind: 'last', from: '2026-10-24', to: '2026-10-24', value: last });
      expect(nine.comparison).toMatchObject({ from: '2026-10-15', to: '2026-10-15' });
    });

    it('of a rolling window and of LIFETIME are the last value that is final', async () => {
      const week = await summary('metric=sum/orders&period=WEEK&last=7&compare=previous');
      expect(week).toMatchObject({
        kind: 'last',
        from: '2026-10-30',
        value: within('2026-10-24', '2026-10-30').length,
        comparison: { from: '2026-10-23', value: within('2026-10-17', '2026-10-23').length, comparable: true },
      });
      const { items } = await summaries('period=LIFETIME&last=10');
      const lifetime = items.find((item) => item.metric.ref === 'orders')?.summary;
      expect(lifetime).toMatchObject({ value: within('2026-01-01', '2026-10-30').length });
      expect(lifetime?.comparison?.value).toBe(within('2026-01-01', '2026-10-20').length);
    });

    it.each(['year', 'weekdays'])('compare with a %s before', async (compare) => {
      const { comparison } = await summary(`metric=sum/orders&from=2026-10-25&to=2026-10-27&compare=${compare}`);
      expect(comparison).toMatchObject({
        from: compare === 'year' ? '2025-10-25' : addDays('2026-10-25', -364),
        value: null,
        absolute: null,
        relative: null,
      });
    });

    it('do not stand against a range that began before the statistics', async () => {
      const begin = within('2026-01-01', TODAY).at(-1)!.date;
      const found = await summary(
        `metric=sum/orders&from=${addDays(begin, 1)}&to=${addDays(begin, 5)}&compare=previous`,
      );
      expect(found.value).toBe(within(addDays(begin, 1), addDays(begin, 5)).length);
      expect(found.comparison?.value).toBeNull();
    });

    it('leave dates that have not come out of both ranges', async () => {
      const found = await summary('metric=sum/orders&from=2026-10-26&to=2026-11-01&compare=previous');
      expect(found.value).toBe(within('2026-10-26', '2026-10-31').length);
      expect(found.comparison).toMatchObject({ to: '2026-10-24', value: within('2026-10-19', '2026-10-24').length });
    });

    it('have at most as many values of their course as are asked for', async () => {
      const { items } = await summaries('from=2026-10-20&to=2026-10-31&points=5');
      const { trend, periods, description, coverage } = items.find((item) => item.metric.ref === 'orders')!;
      const daily = Array.from(
        { length: 12 },
        (_, day) => within(addDays('2026-10-20', day), addDays('2026-10-20', day)).length,
      );
      const means = [0, 1, 2, 3].map((place) => added(daily.slice(place * 3, place * 3 + 3)) / 3);
      trend.forEach((value, place) => {
        expect(value).toBeCloseTo(means[place]!, 9);
      });
      expect(trend).toHaveLength(4);
      expect([periods, description]).toEqual([['DAY', 'WEEK', 'LIFETIME'], null]);
      expect(coverage?.through).toBe(TODAY);
    });

    it('of values that were recorded one by one leave out what is not known', async () => {
      const { items } = await summaries('last=3');
      const recorded = items.find((item) => item.metric.ref === 'recorded')!;
      expect(recorded.summary).toMatchObject({ kind: 'total', value: 2.5, comparison: { value: null } });
      expect(recorded.trend).toEqual([null, 2.5, null]);
    });

    it.each([
      ['share', { unit: 'percent' }, ['2026-10-30', 30, '2026-10-27', 5]],
      ['stock', { gauge: true }, [TODAY, 40, '2026-10-28', 10]],
    ] as const)(
      'of a %s that was recorded are the last one: a level of today counts too',
      async (ref, details, last) => {
        const [date, value, then, before] = last;
        const own = defineMetric({ domain: DOMAIN, ref, ...details });
        const days = [40, 30, 20, 10, 5].map((value, day) => ({ metric: own, value, date: addDays(TODAY, -day) }));
        await served.app.get(StatisticService).recordMany(days);
        const { items } = await summaries('last=3&compare=previous');
        const item = items.find(({ metric: { ref: of } }) => of === ref)!;
        expect(item.metric).toMatchObject(details);
        const one = await summary(`metric=sum/${ref}&last=3&compare=previous`);
        for (const found of [one, item.summary!]) {
          expect(found).toMatchObject({ kind: 'last', from: date, to: date, value });
          expect(found.comparison).toMatchObject({ from: then, to: then, value: before, absolute: value - before });
          expect(found.comparison?.comparable).toBe(true);
        }
        const { items: over } = await summaries('from=2026-10-28&to=2026-10-30');
        expect(over.find(({ metric: { ref: of } }) => of === ref)!.summary).toMatchObject({ kind: 'last', value: 30 });
        const ratio = `per_${ref}`;
        defineRatio({ domain: DOMAIN, ref: ratio, of: ORDERS, per: own });
        const of = await summary(`metric=sum/${ratio}&from=2026-10-29&to=2026-10-30`);
        const onItsDate = 1 / 30; // of the only order of that day
        expect(of).toMatchObject({ kind: 'last', from: '2026-10-30', value: onItsDate });
        const { items: derived } = await summaries('from=2026-10-29&to=2026-10-30');
        const derivedItem = derived.find(({ metric: { ref: found } }) => found === ratio)!;
        expect(derivedItem.summary).toMatchObject({ kind: 'last', value: onItsDate });
      },
    );

    it('of levels of which a tracker stores a longer period are no sum of its rows', async () => {
      const week = await summary('metric=sum/balance&from=2026-10-24&to=2026-10-30');
      expect(week).toMatchObject({ kind: 'last', value: added(totals(within('2026-10-30', '2026-10-30'))) });
      const lowest = await summary('metric=sum/lowest_share&from=2026-10-24&to=2026-10-30');
      const least = Math.min(...totals(within('2026-10-24', '2026-10-30')));
      expect(lowest).toMatchObject({ kind: 'least', value: least });
    });

    it.each([
      ['summary?metric=sum/orders&from=2026-10-02&to=2026-10-01', 400],
      ['summary?metric=sum/nothing', 404],
      ['summary?metric=sum/orders&period=CALENDAR_MONTH&compare=weekdays', 400],
      ['summaries?to=2026-10-01', 400],
      ['summaries?points=0', 400],
      ['summaries?from=0001-01-01', 400],
      ['summaries?compare=fortnight', 400],
      ['summary?metric=sum/orders&period=CALENDAR_WEEK&compare=month', 400],
      ['summary?metric=sum/orders&from=0001-01-01&to=0001-01-02&compare=month', 400],
    ])('refuse %s', async (route, status) => {
      expect((await served.get(`trackstats/${route}`)).status).toBe(status);
    });

    it('are of the metrics that are asked for', async () => {
      const { metrics, total } = (await served.get('trackstats/metrics?metric=sum/orders&metric=sum/mean')).body;
      expect([total, metrics.map(({ ref }: { ref: string }) => ref)]).toEqual([2, ['mean', 'orders']]);
    });
  });
});

describe('a tracker', () => {
  afterEach(closeServed);

  it('is late once the next slot comes without a run, as for the health check', async () => {
    let now = new Date('2026-10-31T12:00:00Z');
    const options = { providers: [Scheduled, OrderValues], runs: false, trackstats: { clock: () => now } };
    const { get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], options);
    const late = async (name: string): Promise<unknown> =>
      (await get('trackstats/trackers')).body.trackers.find((one: { name: string }) => one.name === name).late;
    expect(await late('Scheduled')).toBeNull();
    now = new Date('2026-10-31T14:30:00Z');
    expect(await late('Scheduled')).toEqual({ due: '2026-10-31T13:00:00.000Z', lateMs: 5_400_000 });
    expect(await late('OrderValues')).toBeNull();
  });
});
