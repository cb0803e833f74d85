import { StatisticService, TrackerService, Period } from 'nestjs-trackstats';
import {
  TrackstatsHttpModule,
  type CoverageResponse,
  type MetricsResponse,
  type MultiSeriesResponse,
  type OverviewResponse,
  type SeriesResponse,
  type TopResponse,
  type TotalResponse,
} from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { at, Customer, Order } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import {
  closeServed,
  CustomerTracker,
  ORDERS,
  OrdersByRegion,
  OrderTracker,
  serve,
  TEMPERATURE,
  type Served,
} from './application.js';

const OPEN = { public: true, label: (objects: readonly { id: string }[]) => objects.map(({ id }) => `<b>${id}</b>`) };

/** Three customers with 3, 2 and 1 orders on each of four days. */
async function fill({ app }: Served): Promise<void> {
  const dataSource = app.get(DataSource);
  const customers = await dataSource.getRepository(Customer).save([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  const orders = ['2026-10-28', '2026-10-29', '2026-10-30', '2026-10-31'].flatMap((date) =>
    customers.flatMap((customer, place) =>
      Array.from({ length: 3 - place }, () => ({ createdAt: at(`${date}T09:00`), customer })),
    ),
  );
  await dataSource.getRepository(Order).save(orders);
  await app.get(TrackerService).run(OrderTracker);
  await app.get(TrackerService).run(CustomerTracker);
  const statistics = app.get(StatisticService);
  await statistics.record({ metric: TEMPERATURE, value: '21.5', date: '2026-10-30' });
  await statistics.record({ metric: TEMPERATURE, value: '0.1', date: '2026-10-29' });
  for (const [country, province, floor, value] of [
    ['NL', 'UT', 1, 5],
    ['NL', null, 2, 7],
    ['DE', null, 1, 9],
  ] as const) {
    const dimensions = { country, province, floor };
    await statistics.record({ metric: TEMPERATURE, entity: OrdersByRegion, dimensions, value, date: '2026-10-30' });
  }
}

describeOnEachDatabase('the statistics of the JSON interface', (database) => {
  // the application stops before the database goes
  describe('of a shop', () => {
    let served: Served;

    beforeAll(async () => {
      served = await serve([TrackstatsHttpModule.forRoot(OPEN)], {
        database: database.options({ entities: [], synchronize: true }),
        runs: false,
      });
      await fill(served);
    });
    afterAll(closeServed);

    const read = async <T>(route: string): Promise<T> => {
      const { status, body } = await served.get(`trackstats/${route}`);
      expect([status, status === 200 ? null : body]).toEqual([200, null]);
      return body as T;
    };

    it('tell which metrics there are, and what can be asked of each', async () => {
      const { metrics, ...page } = await read<MetricsResponse>('metrics');
      expect(page).toEqual({ total: 3, limit: 1000, offset: 0 });
      expect(metrics.map(({ key }) => key)).toEqual(['air/temperature', 'shop/by_customer', 'shop/orders']);
      const coverage = { from: '2026-10-28', through: '2026-10-31', timeZone: 'UTC' };
      const computedAt = '2026-10-31T12:00:00.000Z';
      const since = coverage.from;
      expect(metrics[2]).toEqual({
        key: 'shop/orders',
        domain: { ref: 'shop', name: 'Shop' },
        ref: 'orders',
        name: 'Orders',
        description: 'All of them',
        today: '2026-10-31',
        scopes: [
          {
            kind: 'total',
            periods: ['DAY', 'WEEK', 'LIFETIME'].map((name) => ({ name, coverage, since, computedAt, live: false })),
          },
        ],
      });
      expect(metrics[1]?.scopes).toEqual([
        {
          kind: 'objects',
          objectType: 'customer',
          periods: [{ name: 'DAY', coverage, since, computedAt, live: false }],
        },
      ]);
      expect(metrics[0]).toMatchObject({ unit: '°C', better: 'down' });
      // the first dates that are stored
      const recorded = (first: string): object[] => [
        { name: 'DAY', coverage: null, since: first, computedAt: null, live: false },
      ];
      expect(metrics[0]?.scopes).toEqual([
        { kind: 'total', periods: recorded('2026-10-29') },
        {
          kind: 'statistic',
          statistic: 'orders_by_region',
          dimensions: [
            { name: 'country', type: 'varchar', nullable: false },
            { name: 'province', type: 'varchar', nullable: true },
            { name: 'floor', type: 'integer', nullable: false },
          ],
          periods: recorded('2026-10-30'),
        },
      ]);
      expect((await read<MetricsResponse>('metrics?domain=shop&limit=1&offset=1')).metrics).toMatchObject([
        { key: 'shop/orders' },
      ]);
    });

    it('show every metric at a glance', async () => {
      const { items, ...page } = await read<OverviewResponse>('overview?points=3');
      expect(page).toEqual({ total: 3, limit: 1000, offset: 0, points: 3 });
      expect(items[2]).toEqual({
        metric: { key: 'shop/orders', domain: { ref: 'shop', name: 'Shop' }, ref: 'orders', name: 'Orders' },
        period: 'DAY',
        last: { date: '2026-10-31', value: 6, complete: false },
        change: {
          date: '2026-10-30',
          value: 6,
          previousDate: '2026-10-29',
          previousValue: 6,
          absolute: 0,
          relative: 0,
        },
        sparkline: [
          { date: '2026-10-29', value: 6, complete: true },
          { date: '2026-10-30', value: 6, complete: true },
          { date: '2026-10-31', value: 6, complete: false },
        ],
        coverage: { from: '2026-10-28', through: '2026-10-31', timeZone: 'UTC' },
      });
      expect(items[1]).toMatchObject({ period: null, last: null, change: null, sparkline: [] });
      expect(items[0]).toMatchObject({ period: 'DAY', last: { date: '2026-10-30', value: 21.5 }, coverage: null });
      expect(items[0]?.change).toMatchObject({ previousValue: 0.1, absolute: 21.4, relative: 21.4 / 0.1 });
    });

    it('show a period that is asked for, held values and windows included', async () => {
      const lifetime = (await read<OverviewResponse>('overview?period=lifetime&points=2')).items[2];
      expect(lifetime?.sparkline).toEqual([
        { date: '2026-10-30', value: 18, complete: true },
        { date: '2026-10-31', value: 24, complete: false },
      ]);
      expect(lifetime?.change).toMatchObject({ date: '2026-10-30', value: 18, previousValue: 12, relative: 0.5 });
      expect((await read<OverviewResponse>('overview?period=WEEK&points=1')).items[2]).toMatchObject({
        last: { date: '2026-10-31', value: 24 },
        change: null,
      });
    });

    it('read a series by a range, by its end, and with the range before', async () => {
      const { points, ...rest } = await read<SeriesResponse>('series?metric=shop/orders&from=2026-10-29&to=2026-10-30');
      expect(points).toEqual([
        { date: '2026-10-29', value: 6, complete: true },
        { date: '2026-10-30', value: 6, complete: true },
      ]);
      expect(rest).toMatchObject({ period: 'DAY', asOf: '2026-10-31T12:00:00.000Z', comparison: null });
      const compared = await read<SeriesResponse>('series?metric=shop/orders&last=2&compare=previous&period=LIFETIME');
      expect(compared.points.map(({ value }) => value)).toEqual([18, 24]);
      expect(compared.comparison?.points.map(({ date, value }) => [date, value])).toEqual([
        ['2026-10-28', 6],
        ['2026-10-29', 12],
      ]);
      const before = async (compare: string): Promise<unknown> => {
        const asked = `series?metric=shop/orders&from=2026-10-30&to=2026-10-31&compare=${compare}`;
        return (await read<SeriesResponse>(asked)).comparison?.points.map(({ date, value }) => [date, value]);
      };
      expect(await before('previous')).toEqual([
        ['2026-10-28', 6],
        ['2026-10-29', 6],
      ]);
      expect(await before('year')).toEqual([
        ['2025-10-30', null],
        ['2025-10-31', null],
      ]);
      expect(await before('weekdays')).toEqual([
        ['2025-10-31', null],
        ['2025-11-01', null],
      ]);
      const months = 'series?metric=shop/orders&period=CALENDAR_MONTH&last=2&compare=weekdays';
      expect((await served.get(`trackstats/${months}`)).status).toBe(400);
      expect((await read<SeriesResponse>('series?metric=shop/orders')).points).toHaveLength(30);
    });

    it('read a series of an object with its label, and of a custom statistic', async () => {
      const ofObject = await read<SeriesResponse>(
        'series?metric=shop/by_customer&object_type=customer&object_id=1&last=1',
      );
      expect(ofObject.object).toEqual({ type: 'customer', id: '1', label: '<b>1</b>' });
      expect(ofObject.points).toEqual([{ date: '2026-10-31', value: 3, complete: false }]);
      const cell = 'dimension.country=NL&null_dimension=province&dimension.floor=2';
      const custom = await read<SeriesResponse>(
        `series?metric=air/temperature&statistic=orders_by_region&${cell}&from=2026-10-30&to=2026-10-30&exact=true`,
      );
      expect(custom).toMatchObject({
        statistic: 'orders_by_region',
        dimensions: { country: 'NL', province: null, floor: 2 },
        points: [{ date: '2026-10-30', value: 7, exactValue: '7' }],
      });
    });

    it('keep decimals exact', async () => {
      const huge = '12345678901234567890.00000000000000000001';
      await served.app
        .get(StatisticService)
        .record({ metric: TEMPERATURE, value: huge, period: Period.CALENDAR_YEAR, date: '2026-01-01' });
      const query = 'metric=air/temperature&period=CALENDAR_YEAR&last=1&exact=true';
      expect((await read<SeriesResponse>(`series?${query}`)).points).toEqual([
        { date: '2026-01-01', value: 12345678901234567000, exactValue: huge, complete: false },
      ]);
      expect(await read<TotalResponse>(`total?${query}`)).toMatchObject({
        from: '2026-01-01',
        to: '2026-12-31',
        exactValue: huge,
      });
      expect((await read<MultiSeriesResponse>(`multi-series?${query}`)).series[0]?.exactValues).toEqual([huge]);
    });

    it('read several metrics over the same dates', async () => {
      const { dates, series, period } = await read<MultiSeriesResponse>(
        'multi-series?metric=shop/orders&metric=air/temperature&from=2026-10-29&to=2026-10-30',
      );
      expect([period, dates]).toEqual(['DAY', ['2026-10-29', '2026-10-30']]);
      expect(series.map(({ key, values, complete }) => [key, values, complete])).toEqual([
        ['shop/orders', [6, 6], [true, true]],
        ['air/temperature', [0.1, 21.5], [true, true]],
      ]);
    });

    it('read several objects, those that are named or the greatest', async () => {
      const query = 'metric=shop/by_customer&object_type=customer&last=2';
      const named = await read<MultiSeriesResponse>(`multi-series?${query}&object_id=3&object_id=1`);
      expect(named.series.map(({ object, values }) => [object?.label, values])).toEqual([
        ['<b>3</b>', [1, 1]],
        ['<b>1</b>', [3, 3]],
      ]);
      const top = await read<MultiSeriesResponse>(`multi-series?${query}&top=2`);
      expect(top.series.map(({ object, values }) => [object?.id, values])).toEqual([
        ['1', [3, 3]],
        ['2', [2, 2]],
      ]);
    });

    it('read the greatest groups of a custom statistic', async () => {
      const query = 'metric=air/temperature&statistic=orders_by_region&from=2026-10-30&to=2026-10-30';
      const { series } = await read<MultiSeriesResponse>(`multi-series?${query}&top=2`);
      expect(series.map(({ dimensions, values }) => [dimensions, values])).toEqual([
        [{ country: 'DE', province: null, floor: 1 }, [9]],
        [{ country: 'NL', province: null, floor: 2 }, [7]],
      ]);
      const some = await read<MultiSeriesResponse>(`multi-series?${query}&dimension.country=NL`);
      expect(some.series.map(({ values }) => values)).toEqual([[7], [5]]);
      const top = await read<TopResponse>(
        'top?metric=air/temperature&statistic=orders_by_region&date=2026-10-30&limit=1&order=asc',
      );
      expect(top).toMatchObject({ items: [{ dimensions: { province: 'UT' }, value: 5 }], hasMore: true });
    });

    it('rank objects', async () => {
      const query = 'top?metric=shop/by_customer&object_type=customer&date=2026-10-30';
      expect(await read<TopResponse>(`${query}&limit=2&offset=1`)).toMatchObject({
        date: '2026-10-30',
        items: [
          { object: { type: 'customer', id: '2', label: '<b>2</b>' }, value: 2 },
          { object: { type: 'customer', id: '3', label: '<b>3</b>' }, value: 1 },
        ],
        limit: 2,
        offset: 1,
        hasMore: false,
      });
    });

    it('sum a range, and tell what is covered', async () => {
      expect(await read<TotalResponse>('total?metric=shop/orders&from=2026-10-28&to=2026-10-30')).toMatchObject({
        value: 18,
        from: '2026-10-28',
        to: '2026-10-30',
      });
      const coverage = { from: '2026-10-28', through: '2026-10-31', timeZone: 'UTC' };
      expect(await read<CoverageResponse>('coverage?metric=shop/by_customer&object_type=customer')).toMatchObject({
        objectType: 'customer',
        coverage,
        today: '2026-10-31',
      });
      expect((await read<CoverageResponse>('coverage?metric=air/temperature')).coverage).toBeNull();
      expect((await read<CoverageResponse>(`coverage?metric=${ORDERS.key}&period=WEEK`)).coverage).toEqual(coverage);
    });
  });
});
