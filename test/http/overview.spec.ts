import { defineDomain, defineMetric, MetricService, Period, StatisticService, TrackerService } from 'nestjs-trackstats';
import { TrackstatsHttpModule, type OverviewResponse, type SeriesResponse } from 'nestjs-trackstats/http';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { at, Order } from '../module/application.js';
import { closeServed, OrderTracker, serve } from './application.js';

afterEach(closeServed);

const MANY = defineDomain({ ref: 'many' });
const metric = (n: number) => defineMetric({ domain: MANY, ref: `m${String(n).padStart(3, '0')}` });

/** The statements that a request makes, of an application with some metrics. */
async function statementsOf(route: string, metrics: number): Promise<string[]> {
  const statements: string[] = [];
  const database = {
    type: 'better-sqlite3',
    database: ':memory:',
    synchronize: true,
    verbose: (statement: unknown) => statements.push(String(statement)),
  } as DataSourceOptions;
  const { app, get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { database, runs: false });
  await app.get(StatisticService).recordMany(
    Array.from({ length: metrics }, (_, n) => ({
      metric: metric(n),
      value: n,
      period: n % 2 === 0 ? Period.DAY : Period.LIFETIME,
      date: '2026-10-01',
    })),
  );
  statements.length = 0;
  expect((await get(`trackstats/${route}`)).status).toBe(200);
  return statements;
}

describe('the overview', () => {
  it.each(['overview', 'overview?period=LIFETIME', 'summaries', 'summaries?period=DAY&last=90', 'metrics'])(
    'makes as many statements for many metrics (%s)',
    async (route) => {
      const few = await statementsOf(route, 4);
      const many = await statementsOf(route, 80);
      expect(few.length).toBeGreaterThan(0);
      expect(many.length).toBe(few.length);
      expect(many.length).toBeLessThan(20);
    },
  );

  it.each([
    ['series?metric=many/m000&last=30', 2],
    ['series?metric=many/m000&last=30&compare=year', 3],
    ['series?metric=many/m001&period=LIFETIME&last=30', 2],
  ])('reads the metric of a series once, with its coverage (%s)', async (route, expected) => {
    const reads = (await statementsOf(route, 4)).filter((statement) => /^\s*(SELECT|WITH)/.test(statement));
    expect(reads).toHaveLength(expected);
  });

  it('reads a window before the sparkline, and changes from nothing or below it', async () => {
    const { app, get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { runs: false });
    const statistics = app.get(StatisticService);
    await app.get(MetricService).register(metric(9));
    const week = { metric: metric(1), period: Period.WEEK };
    await statistics.record({ ...week, value: 10, date: '2026-10-20' });
    await statistics.record({ ...week, value: 15, date: '2026-10-30' });
    const days: [number, string, number][] = [
      [2, '2026-10-29', 0],
      [2, '2026-10-30', 5],
      [3, '2026-10-29', -4],
      [3, '2026-10-30', -1],
    ];
    for (const [n, date, value] of days) await statistics.record({ metric: metric(n), value, date });
    const { items } = (await get('trackstats/overview?points=3')).body as OverviewResponse;
    expect(
      items.map(({ metric: { ref }, period, change }) => [ref, period, change?.absolute, change?.relative]),
    ).toEqual([
      ['m001', 'WEEK', 5, 0.5],
      ['m002', 'DAY', 5, null],
      ['m003', 'DAY', 3, 0.75],
      ['m009', null, undefined, undefined],
    ]);
    expect(items[0]?.sparkline.map(({ value }) => value)).toEqual([10, 15, 15]);
    expect(items[0]?.change).toMatchObject({ date: '2026-10-30', previousDate: '2026-10-23' });
  });

  it('carries a recorded value to date to no later unit', async () => {
    const { app, get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { runs: false });
    const statistics = app.get(StatisticService);
    const rows: [number, string, number][] = [
      [1, '2026-08-20', 7],
      [1, '2026-10-05', 3],
      [2, '2026-09-02', 4],
      [2, '2026-10-05', 3],
      [3, '2026-09-29', 8],
    ];
    const period = Period.MONTH_TO_DATE;
    for (const [n, date, value] of rows) await statistics.record({ metric: metric(n), value, date, period });
    const { items } = (await get('trackstats/overview?points=40')).body as OverviewResponse;
    const values = items.map(({ sparkline }) => sparkline.map(({ value }) => value));
    // from 22 September to 31 October
    expect(values[0]).toEqual([...Array.from({ length: 13 }, () => null), ...Array.from({ length: 27 }, () => 3)]);
    expect(values[2]).toEqual([
      ...Array.from({ length: 7 }, () => null),
      8,
      8,
      ...Array.from({ length: 31 }, () => null),
    ]);
    expect(items.map(({ change }) => change?.previousValue)).toEqual([undefined, 4, undefined]);
  });

  it('a window before the first row, inside the coverage, counts as 0', async () => {
    const { app, get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { runs: false });
    await app
      .get(DataSource)
      .getRepository(Order)
      .save({ createdAt: at('2026-10-29T09:00') });
    await app.get(TrackerService).backfill(OrderTracker, { from: '2026-10-10' });
    const { items } = (await get('trackstats/overview?points=3&period=WEEK')).body as OverviewResponse;
    expect(items.map(({ metric: { ref }, change }) => [ref, change?.previousDate, change?.previousValue])).toEqual([
      ['orders', '2026-10-23', 0],
    ]);
    const query = 'metric=shop/orders&period=LIFETIME&from=2026-10-09&to=2026-10-30';
    const { points } = (await get(`trackstats/series?${query}`)).body as SeriesResponse;
    expect(points.map(({ value }) => value)).toEqual([null, ...Array.from({ length: 19 }, () => 0), 1, 1]);
  });
});
