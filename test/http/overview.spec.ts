import { defineDomain, defineMetric, MetricService, Period, StatisticService } from 'nestjs-trackstats';
import { TrackstatsHttpModule, type OverviewResponse } from 'nestjs-trackstats/http';
import type { DataSourceOptions } from 'typeorm';
import { closeServed, serve } from './application.js';

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
  it.each(['overview', 'overview?period=LIFETIME', 'metrics'])(
    'makes as many statements for many metrics (%s)',
    async (route) => {
      const few = await statementsOf(route, 4);
      const many = await statementsOf(route, 80);
      expect(few.length).toBeGreaterThan(0);
      expect(many.length).toBe(few.length);
      expect(many.length).toBeLessThan(20);
    },
  );

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
});
