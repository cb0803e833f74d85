import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  defineRatio,
  objectRef,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import {
  TrackstatsHttpModule,
  type CoverageResponse,
  type MetricsResponse,
  type MultiSeriesResponse,
  type OverviewResponse,
  type RankingResponse,
  type SeriesResponse,
  type SummariesResponse,
  type SummaryResponse,
  type TopResponse,
  type TotalResponse,
} from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { Order } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { closeServed, serve, type Served } from './application.js';

const BERLIN = 'Europe/Berlin';
/** A quarter past five in the afternoon of the day with 25 hours. */
const NOW = new Date('2026-10-25T16:15:00Z');
const { HOUR } = Period;
const QUARTER = Period.minutes(15);

const TILL = defineDomain({ ref: 'till' });
const ORDERS = defineMetric({ domain: TILL, ref: 'orders', name: 'Orders' });
const VISITS = defineMetric({ domain: TILL, ref: 'visits', name: 'Visits' });
const PER_VISIT = defineRatio({ domain: TILL, ref: 'per_visit', of: ORDERS, per: VISITS });

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', timeZone: BERLIN, period: [Period.DAY, HOUR, QUARTER] })
class OrderTracker extends CountObjectsByDateTracker {}

/** In UTC, one and three on the days before and six on the day, which begins at 22:00. None in the hours that are there twice. */
const ORDERED = [
  '2026-10-23T20:00:00Z',
  ...['2026-10-24T10:05:00Z', '2026-10-24T10:20:00Z', '2026-10-24T21:59:59Z'],
  ...['2026-10-24T22:00:00Z', '2026-10-25T12:10:00Z', '2026-10-25T12:50:00Z'],
  ...['2026-10-25T15:59:59Z', '2026-10-25T16:00:00Z', '2026-10-25T16:14:59Z'],
];
/** The number of visits at each instant, by page. The clock shows half past two twice. */
const VISITED = [
  ['2026-10-25T00:30:00Z', 'home', 4],
  ['2026-10-25T01:30:00Z', 'home', 3],
  ['2026-10-25T01:45:00Z', 'shop', 5],
  ['2026-10-25T16:10:00Z', 'shop', 2],
] as const;

describeOnEachDatabase('hours and minutes of the JSON interface', (database) => {
  // the application stops before the database goes
  describe('of a shop', () => {
    let served: Served;

    beforeAll(async () => {
      served = await serve([TrackstatsHttpModule.forRoot({ public: true, limits: { live: 1 } })], {
        database: database.options({ entities: [], synchronize: true }),
        providers: [OrderTracker],
        trackstats: { clock: () => NOW, timeZone: BERLIN },
        runs: false,
      });
      const { app } = served;
      await app
        .get(DataSource)
        .getRepository(Order)
        .save(ORDERED.map((text) => ({ createdAt: new Date(text) })));
      await app.get(TrackerService).run(OrderTracker);
      const statistics = app.get(StatisticService);
      for (const [at, page, by] of VISITED) {
        const visit = { metric: VISITS, period: HOUR, by, at };
        await statistics.increment(visit);
        await statistics.increment({ ...visit, object: objectRef('page', page) });
      }
      await app.get(StatisticService).value({ metric: PER_VISIT }); // it is defined
    });
    afterAll(closeServed);

    const read = async <T>(route: string): Promise<T> => {
      const { status, body } = await served.get(`trackstats/${route}`);
      expect([status, status === 200 ? null : body]).toEqual([200, null]);
      return body as T;
    };
    const refused = async (route: string): Promise<string> => {
      const { status, body } = await served.get(`trackstats/${route}`);
      expect(status).toBe(400);
      return (body as { message: string[] }).message.join(' ');
    };
    const DAY = 'from=2026-10-25&to=2026-10-25';

    it('are among the periods of a metric, after days', async () => {
      const { metrics } = await read<MetricsResponse>('metrics');
      const periodsOf = (ref: string) =>
        metrics.find((one) => one.ref === ref)?.scopes.map(({ kind, periods }) => [kind, periods]);
      const coverage = { from: '2026-10-23', through: '2026-10-25', timeZone: BERLIN };
      const computedAt = NOW.toISOString();
      const periods = ['DAY', 'HOUR', 'MINUTES_15'].map((name) =>
        expect.objectContaining({ name, coverage, computedAt }),
      );
      expect(periodsOf('orders')).toEqual([['total', periods]]);
      const counted = [
        expect.objectContaining({ name: 'HOUR', coverage: { ...coverage, from: '2026-10-25' }, live: false }),
      ];
      expect(periodsOf('visits')).toEqual([
        ['total', counted],
        ['objects', counted],
      ]);
      const shared = [expect.objectContaining({ name: 'HOUR', coverage: { ...coverage, from: '2026-10-25' } })];
      expect(periodsOf('per_visit')).toEqual([['total', shared]]);
    });

    it('have a point for each of the 25 hours of the day on which the clock is set back', async () => {
      const { points, period, asOf } = await read<SeriesResponse>(`series?metric=till/visits&period=hour&${DAY}`);
      expect([period, points.length, asOf]).toEqual(['HOUR', 25, null]);
      const starts = points.map(({ start }) => start);
      expect(starts.slice(0, 5)).toEqual([
        '2026-10-25T00:00:00+02:00',
        '2026-10-25T01:00:00+02:00',
        '2026-10-25T02:00:00+02:00',
        '2026-10-25T02:00:00+01:00',
        '2026-10-25T03:00:00+01:00',
      ]);
      expect(points[2]).toEqual({ date: '2026-10-25', start: starts[2], value: 4, complete: true });
      expect(points[3]).toEqual({ date: '2026-10-25', start: starts[3], value: 8, complete: true });
      expect(points[18]).toEqual({ date: '2026-10-25', start: '2026-10-25T17:00:00+01:00', value: 2, complete: false });
      expect(points[19]).toMatchObject({ value: null, complete: false });
    });

    it('are read between instants, and up to now', async () => {
      const between = 'from=2026-10-25T12:50:00Z&to=2026-10-25T16:59:00%2B01:00';
      const quarters = await read<SeriesResponse>(`series?metric=till/orders&period=MINUTES_15&${between}&exact=true`);
      expect(quarters.points[0]).toMatchObject({ start: '2026-10-25T13:45:00+01:00', value: 1, exactValue: '1' });
      expect(quarters.points.map(({ value }) => value)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
      const last = await read<SeriesResponse>('series?metric=till/orders&period=900&last=3&compare=previous');
      expect(last.points.map(({ start, value }) => [start?.slice(11, 16), value])).toEqual([
        ['16:45', 1],
        ['17:00', 2],
        ['17:15', 0],
      ]);
      expect(last.comparison?.points.map(({ start, value }) => [start?.slice(11, 16), value])).toEqual([
        ['16:00', 0],
        ['16:15', 0],
        ['16:30', 0],
      ]);
      const { points } = await read<SeriesResponse>('series?metric=till/orders&period=DAY&from=2026-10-24T22:00:00Z');
      expect(points.map(({ date, value }) => [date, value])).toEqual([['2026-10-25', 6]]);
    });

    it('come as columns of several series, of objects too', async () => {
      const two = await read<MultiSeriesResponse>(
        'multi-series?metric=till/orders&metric=till/visits&period=HOUR&last=2&compare=previous',
      );
      expect(two.dates).toEqual(['2026-10-25', '2026-10-25']);
      expect(two.starts).toEqual(['2026-10-25T16:00:00+01:00', '2026-10-25T17:00:00+01:00']);
      expect(two.comparison).toEqual({
        dates: ['2026-10-25', '2026-10-25'],
        starts: ['2026-10-25T14:00:00+01:00', '2026-10-25T15:00:00+01:00'],
      });
      expect(two.series.map(({ values, before }) => [values, before])).toEqual([
        [
          [1, 2],
          [0, 0],
        ],
        [
          [0, 2],
          [0, 0],
        ],
      ]);
      const pages = await read<MultiSeriesResponse>(
        'multi-series?metric=till/visits&period=HOUR&object_type=page&top=2&from=2026-10-25T00:00:00Z&to=2026-10-25T01:00:00Z',
      );
      expect(pages.series.map(({ object, values }) => [object?.id, values])).toEqual([
        ['home', [4, 3]],
        ['shop', [0, 5]],
      ]);
    });

    it('rank the objects of an hour, and of a range', async () => {
      const top = await read<TopResponse>(
        'top?metric=till/visits&period=HOUR&object_type=page&date=2026-10-25T01:59:59Z',
      );
      expect([top.date, top.start]).toEqual(['2026-10-25', '2026-10-25T02:00:00+01:00']);
      expect(top.items.map(({ object, value }) => [object?.id, value])).toEqual([
        ['shop', 5],
        ['home', 3],
      ]);
      expect(await refused('top?metric=till/visits&period=HOUR&object_type=page&date=2026-10-25')).toMatch(
        /date is "2026-10-25", which has many values of HOUR/,
      );
      const now = await read<TopResponse>('top?metric=till/visits&period=HOUR&object_type=page');
      expect([now.start, now.items.map(({ value }) => value)]).toEqual(['2026-10-25T17:00:00+01:00', [2]]);

      const ranking = await read<RankingResponse>(
        'ranking?metric=till/visits&period=HOUR&object_type=page&from=2026-10-25T01:00:00Z&to=2026-10-25T01:59:00Z&compare=previous',
      );
      expect(ranking).toMatchObject({
        from: '2026-10-25',
        to: '2026-10-25',
        start: '2026-10-25T02:00:00+01:00',
        end: '2026-10-25T03:00:00+01:00',
        count: 2,
        total: 8,
        comparison: { start: '2026-10-25T02:00:00+02:00', end: '2026-10-25T02:00:00+01:00', total: 4, known: true },
      });
      expect(ranking.items.map(({ object, value, before }) => [object?.id, value, before])).toEqual([
        ['shop', 5, 0],
        ['home', 3, 4],
      ]);
      const whole = await read<RankingResponse>(`ranking?metric=till/visits&period=HOUR&object_type=page&${DAY}`);
      expect(whole).toMatchObject({ start: '2026-10-25T00:00:00+02:00', end: '2026-10-26T00:00:00+01:00', total: 14 });
    });

    it('become one value: the total of a range, and its summary with the hours just before', async () => {
      const total = await read<TotalResponse>(`total?metric=till/orders&period=HOUR&${DAY}&exact=true`);
      expect(total).toMatchObject({
        from: '2026-10-25',
        to: '2026-10-25',
        start: '2026-10-25T00:00:00+02:00',
        end: '2026-10-26T00:00:00+01:00',
        value: 6,
        exactValue: '6',
      });
      // 18 hours and the open one have come. They are compared with the first 19 of the 25 hours before
      const summary = await read<SummaryResponse>(`summary?metric=till/orders&period=HOUR&${DAY}&compare=previous`);
      expect(summary).toMatchObject({
        kind: 'total',
        start: '2026-10-25T00:00:00+02:00',
        end: '2026-10-25T18:00:00+01:00',
        value: 6,
        comparison: {
          from: '2026-10-23',
          to: '2026-10-24',
          start: '2026-10-23T23:00:00+02:00',
          end: '2026-10-24T18:00:00+02:00',
          value: 2,
          absolute: 4,
          relative: 2,
          comparable: false,
        },
      });
      // without the open hour, whose parts were not counted at one time
      const ratio = await read<SummaryResponse>(`summary?metric=till/per_visit&period=HOUR&${DAY}`);
      expect(ratio).toMatchObject({ kind: 'whole', value: 4 / 12, end: '2026-10-25T18:00:00+01:00' });
      const coverage = await read<CoverageResponse>('coverage?metric=till/orders&period=HOUR');
      expect(coverage.coverage).toEqual({ from: '2026-10-23', through: '2026-10-25', timeZone: BERLIN });
    });

    it('are summed up and shown at a glance for all metrics', async () => {
      const { items } = await read<SummariesResponse>(`summaries?period=HOUR&${DAY}&points=25`);
      const byRef = Object.fromEntries(items.map((item) => [item.metric.ref, item]));
      expect(byRef['orders']).toMatchObject({
        periods: ['DAY', 'HOUR', 'MINUTES_15'],
        period: 'HOUR',
        summary: { value: 6, end: '2026-10-25T18:00:00+01:00', comparison: { value: 2 } },
        openValues: 1,
      });
      expect(byRef['orders']?.trend.slice(13, 20)).toEqual([0, 2, 0, 0, 1, 2, null]);
      expect(byRef['visits']).toMatchObject({ periods: ['HOUR'], summary: { value: 14 } });
      expect(byRef['per_visit']).toMatchObject({ periods: ['HOUR'], summary: { kind: 'whole', value: 4 / 12 } });
      // without a period each has its first one
      const first = await read<SummariesResponse>(`summaries?${DAY}`);
      expect(first.items.map(({ period, summary }) => [period, summary?.value])).toEqual([
        ['DAY', 6],
        ['HOUR', 4 / 12],
        ['HOUR', 14],
      ]);
      // 11,000 hours are more than the limit of one metric, and do not fail the days of another
      const long = await read<SummariesResponse>('summaries?from=2025-07-01&to=2026-10-25');
      expect(long.items.map(({ period, summary }) => [period, summary?.value])).toEqual([
        ['DAY', 10],
        ['HOUR', undefined],
        ['HOUR', undefined],
      ]);
      // visits are recorded, in the time zone of the module
      expect(long.items.map(({ since }) => since)).toEqual(['2026-10-23', '2026-10-25', '2026-10-25']);
      const overview = await read<OverviewResponse>('overview?period=HOUR&points=3');
      expect(overview.items[0]).toMatchObject({
        last: { start: '2026-10-25T17:00:00+01:00', value: 2, complete: false },
        change: {
          start: '2026-10-25T16:00:00+01:00',
          value: 1,
          previousStart: '2026-10-25T15:00:00+01:00',
          previousValue: 0,
        },
      });
      expect(overview.items.map(({ sparkline }) => sparkline.map(({ value }) => value))).toEqual([
        [0, 1, 2],
        [null, null, null],
        [0, 0, 2],
      ]);
    });

    it('are counted now in a live read', async () => {
      const { metrics } = await read<MetricsResponse>('metrics?metric=till/orders');
      expect(metrics[0]?.scopes[0]?.periods.map(({ name, live }) => [name, live])).toEqual([
        ['DAY', true],
        ['HOUR', true],
        ['MINUTES_15', true],
      ]);
      await served.app
        .get(DataSource)
        .getRepository(Order)
        .save({ createdAt: new Date('2026-10-25T16:01:00Z') });
      const series = 'series?metric=till/orders&period=HOUR&last=2';
      const valuesOf = async (route: string) =>
        (await read<SeriesResponse>(route)).points.map(({ start, value }) => [start, value]);
      const [before, hour] = ['2026-10-25T16:00:00+01:00', '2026-10-25T17:00:00+01:00'];
      expect(await valuesOf(series)).toEqual([
        [before, 1],
        [hour, 2],
      ]);
      expect(await valuesOf(`${series}&live=true`)).toEqual([
        [before, 1],
        [hour, 3],
      ]);
      const total = await read<TotalResponse>(`total?metric=till/orders&period=HOUR&${DAY}&live=true`);
      const summary = await read<SummaryResponse>(`summary?metric=till/orders&period=HOUR&${DAY}&live=true`);
      expect([total.value, summary.value]).toEqual([7, 7]);
    });

    it('refuse what has no meaning for them, and more points than the limit', async () => {
      const series = 'series?metric=till/orders&period=HOUR';
      expect(await refused(`${series}&last=3&compare=year`)).toMatch(/with is 'year', and the period is HOUR/);
      expect(await refused(`${series}&from=2026-10-25T02:30:00+02:00`)).toMatch(/Write the \+ of an offset as %2B/);
      expect(await refused(`${series}&from=2026-10-25T02:30:00`)).toMatch(/text with an offset/);
      expect(await refused(`${series}&from=2026-10-25T03:00:00Z&to=2026-10-25T02:00:00Z`)).toMatch(/which is after to/);
      expect(await refused('series?metric=till/orders&period=minutes_7')).toMatch(/expected one of 1, 5, 10/);
      const tooMany = /points of a series are asked for; the limit `points` is 10000/;
      expect(await refused('series?metric=till/orders&period=MINUTES_1&from=0001-01-01')).toMatch(tooMany);
      expect(await refused('total?metric=till/orders&period=MINUTES_1&from=2000-01-01&to=9999-12-31')).toMatch(tooMany);
      expect(await refused('series?metric=till/orders&period=MINUTES_1&from=2026-10-01')).toMatch(tooMany);
    });
  });
});
