import { Period, StatisticService } from 'nestjs-trackstats';
import {
  type AnnotationsRequest,
  type CoverageRequest,
  type ExportRequest,
  type MetricsRequest,
  type MultiSeriesRequest,
  type OverviewRequest,
  type RankingRequest,
  type SeriesRequest,
  type SummariesRequest,
  type SummaryRequest,
  type TopRequest,
  type TotalRequest,
  TrackstatsClient,
  TrackstatsRequestError,
} from 'nestjs-trackstats/client';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { STATISTIC_PARAMETERS } from '../../lib/http/parameters/statistic.parameters.js';
import {
  closeServed,
  OrdersByRegion,
  OwnerGuard,
  ReaderGuard,
  serve,
  type Served,
  TEMPERATURE,
} from '../http/application.js';
import { at, Customer, Order } from '../module/application.js';

/** The keys of a request beside those of its route's parameters; never, if they are the same. */
type Differing<Q, K extends keyof typeof STATISTIC_PARAMETERS> =
  Exclude<keyof Q, Parameters<K> | 'dimensions'> | Exclude<Parameters<K>, keyof Q>;
type Parameters<K extends keyof typeof STATISTIC_PARAMETERS> = keyof (typeof STATISTIC_PARAMETERS)[K]['parameters'];

/** true if no key differs, and those that do otherwise. */
type Same<Q, K extends keyof typeof STATISTIC_PARAMETERS> = [Differing<Q, K>] extends [never] ? true : Differing<Q, K>;

/** Fails to compile if a parameter was added to a route and not to the client. */
const REQUESTS: {
  metrics: Same<MetricsRequest, 'metrics'>;
  overview: Same<OverviewRequest, 'overview'>;
  summaries: Same<SummariesRequest, 'summaries'>;
  summary: Same<SummaryRequest, 'summary'>;
  series: Same<SeriesRequest, 'series'>;
  multiSeries: Same<MultiSeriesRequest, 'multiSeries'>;
  top: Same<TopRequest, 'top'>;
  ranking: Same<RankingRequest, 'ranking'>;
  total: Same<TotalRequest, 'total'>;
  coverage: Same<CoverageRequest, 'coverage'>;
  annotations: Same<AnnotationsRequest, 'annotations'>;
  export: Same<ExportRequest, 'export'>;
} = {
  metrics: true,
  overview: true,
  summaries: true,
  summary: true,
  series: true,
  multiSeries: true,
  top: true,
  ranking: true,
  total: true,
  coverage: true,
  annotations: true,
  export: true,
};

const METRIC = 'shop/orders';

describe('the client of the JSON interface', () => {
  let served: Served;
  let reader: TrackstatsClient;
  let owner: TrackstatsClient;
  let sent: string[] = [];

  const client = (user: string): TrackstatsClient =>
    new TrackstatsClient({
      url: `${served.url}/trackstats`,
      headers: () => Promise.resolve({ 'x-user': user }),
      fetch: (url, init) => {
        sent.push(`${init.method ?? 'GET'} ${url.slice(`${served.url}/trackstats/`.length)}`);
        return fetch(url, init);
      },
    });

  beforeAll(async () => {
    served = await serve([
      TrackstatsHttpModule.forRoot({ guards: [new ReaderGuard()], actionGuards: [new OwnerGuard()] }),
    ]);
    const dataSource = served.app.get(DataSource);
    const [ada] = await dataSource.getRepository(Customer).save([{ name: 'Ada' }]);
    await dataSource
      .getRepository(Order)
      .save([{ createdAt: at('2026-10-30T09:00'), customer: ada }, { createdAt: at('2026-10-31T09:00') }]);
    const statistics = served.app.get(StatisticService);
    for (const [country, province, value] of [
      ['NL', null, 7],
      ['NL', 'a&b=c', 5],
      ['DE', null, 9],
    ] as const) {
      const dimensions = { country, province, floor: 1 };
      await statistics.record({ metric: TEMPERATURE, entity: OrdersByRegion, dimensions, value, date: '2026-10-30' });
    }
    reader = client('reader');
    owner = client('owner');
    await owner.run('OrderTracker');
    await owner.run('CustomerTracker');
  });

  beforeEach(() => {
    sent = [];
  });

  afterAll(closeServed);

  it('takes the parameters of each route', () => {
    expect(Object.keys(REQUESTS).sort()).toEqual(Object.keys(STATISTIC_PARAMETERS).sort());
  });

  it('reads points, and says which of them are complete and of when they are', async () => {
    const { points, asOf } = await reader.series({ metric: METRIC, last: 2 });
    expect(points).toEqual([
      { date: '2026-10-30', value: 1, complete: true },
      { date: '2026-10-31', value: 1, complete: false },
    ]);
    expect(asOf).toBe('2026-10-31T12:00:00.000Z');
  });

  it('has a method for each route that reads statistics', async () => {
    const range = { metric: METRIC, from: '2026-10-30', to: '2026-10-31' };
    expect((await reader.metrics({ metric: [METRIC, 'air/temperature'] })).metrics.map(({ key }) => key)).toEqual([
      'air/temperature',
      METRIC,
    ]);
    expect((await reader.overview({ domain: 'shop', points: 2 })).items).toHaveLength(2);
    expect((await reader.summaries({ ...without(range), compare: 'previous' })).items).toHaveLength(3);
    expect((await reader.summary({ ...range, compare: 'previous' })).comparison?.from).toBe('2026-10-28');
    expect((await reader.multiSeries({ ...range, metric: [METRIC] })).series[0]?.values).toEqual([1, 1]);
    const ofObjects = { metric: 'shop/by_customer', objectType: 'customer' };
    expect((await reader.top({ ...ofObjects, date: '2026-10-30' })).items[0]?.object?.id).toBe('1');
    expect((await reader.ranking({ ...ofObjects, last: 2, exact: true })).items[0]?.exactValue).toBe('1');
    expect((await reader.total({ ...range, exact: true })).exactValue).toBe('2');
    expect((await reader.coverage({ metric: METRIC, period: 'LIFETIME' })).coverage?.through).toBe('2026-10-31');
    expect((await reader.annotations({ domain: ['shop', 'air'], last: 2, order: 'desc' })).total).toBe(0);
    const text = await (await reader.export({ ...range, format: 'jsonl', period: ['DAY', 'LIFETIME'] })).text();
    expect(text.trim().split('\n').length).toBeGreaterThan(3);
    expect(sent).toEqual([
      'GET metrics?metric=shop%2Forders&metric=air%2Ftemperature',
      'GET overview?domain=shop&points=2',
      'GET summaries?from=2026-10-30&to=2026-10-31&compare=previous',
      'GET summary?metric=shop%2Forders&from=2026-10-30&to=2026-10-31&compare=previous',
      'GET multi-series?metric=shop%2Forders&from=2026-10-30&to=2026-10-31',
      'GET top?metric=shop%2Fby_customer&object_type=customer&date=2026-10-30',
      'GET ranking?metric=shop%2Fby_customer&object_type=customer&last=2&exact=true',
      'GET total?metric=shop%2Forders&from=2026-10-30&to=2026-10-31&exact=true',
      'GET coverage?metric=shop%2Forders&period=LIFETIME',
      'GET annotations?domain=shop&domain=air&last=2&order=desc',
      'GET export?metric=shop%2Forders&from=2026-10-30&to=2026-10-31&format=jsonl&period=DAY&period=LIFETIME',
    ]);
  });

  it('gives the values of dimensions, null and hostile ones too', async () => {
    const statistic = 'orders_by_region';
    const one = { metric: 'air/temperature', statistic, last: 2 };
    const value = async (province: string | null): Promise<unknown> =>
      (await reader.series({ ...one, dimensions: { country: 'NL', province, floor: 1 } })).points[0]?.value;
    expect([await value(null), await value('a&b=c')]).toEqual([7, 5]);
    const { series } = await reader.multiSeries({ ...one, dimensions: { country: ['NL', 'DE'], province: null } });
    expect(series.map(({ values }) => values[0]).sort()).toEqual([7, 9]);
  });

  it('has a method for each route of trackers', async () => {
    const name = 'OrderTracker';
    const from = '2026-10-31';
    expect((await reader.trackers()).trackers.map((tracker) => tracker.name).sort()).toEqual(['CustomerTracker', name]);
    expect((await reader.actions()).actions).toEqual([]);
    expect((await owner.actions()).actions).toContain('verify');
    expect((await reader.runs(name, { limit: 1 })).runs).toHaveLength(1);
    expect((await owner.run(name)).tracker).toBe(name);
    expect((await owner.verify(name, { from })).total).toBe(0);
    expect((await owner.startVerify(name, { from, to: from })).kind).toBe('verify');
    expect((await owner.repair(name)).written).toBe(0);
    expect((await owner.startBackfill(name, { from })).from).toBe(from);
    expect((await reader.backfill(name)).from).toBe(from);
    expect((await reader.progress(name)).tasks.map(({ kind }) => kind)).toContain('backfill');
    await expect(owner.cancel(name, { kind: 'repair' })).rejects.toMatchObject({
      messages: ['No repair of this tracker is running in this process.'],
    });
    expect(sent.map((request) => request.replace('OrderTracker', ':name'))).toEqual([
      'GET trackers',
      'GET trackers/actions',
      'GET trackers/actions',
      'GET trackers/:name/runs?limit=1',
      'POST trackers/:name/run',
      'POST trackers/:name/verify',
      'POST trackers/:name/verify',
      'POST trackers/:name/repair',
      'POST trackers/:name/backfill',
      'GET trackers/:name/backfill',
      'GET trackers/:name/progress',
      'POST trackers/:name/cancel',
    ]);
  });

  it('throws the messages of a refused request', async () => {
    const wrong = reader.series({ metric: METRIC, period: 'EONS' as never, last: 0 });
    await expect(wrong).rejects.toThrow(TrackstatsRequestError);
    await expect(wrong).rejects.toMatchObject({
      status: 400,
      messages: [expect.stringContaining('period'), expect.stringContaining('last')],
      url: `${served.url}/trackstats/series?metric=shop%2Forders&period=EONS&last=0`,
    });
    await expect(reader.run('OrderTracker')).rejects.toMatchObject({ status: 403 });
    await expect(reader.runs('a/../b "%2F')).rejects.toMatchObject({ status: 404 });
  });

  it('throws the status of an answer that is not from the interface', async () => {
    const behind = new TrackstatsClient({
      url: new URL('https://shop.example/stats/'),
      fetch: () => Promise.resolve(new Response('<html>Bad gateway</html>', { status: 502 })),
    });
    await expect(behind.trackers()).rejects.toMatchObject({
      status: 502,
      message: 'https://shop.example/stats/trackers answered with status 502.',
    });
  });

  it('names the address that does not answer, or not with JSON', async () => {
    const nobody = new TrackstatsClient({ url: 'http://127.0.0.1:1/stats' });
    await expect(nobody.total({ metric: METRIC, last: 2 })).rejects.toMatchObject({
      name: 'TypeError',
      message: expect.stringMatching(
        /^No answer from http:\/\/127\.0\.0\.1:1\/stats\/total\?metric=\S+&last=2: .+ \(.+\)\.$/,
      ),
      cause: { name: 'TypeError' },
    });
    const page = new TrackstatsClient({ url: '/', fetch: () => Promise.resolve(new Response('<!doctype html>')) });
    await expect(page.trackers()).rejects.toMatchObject({
      name: 'TrackstatsRequestError',
      status: 200,
      url: '/trackers',
      message: expect.stringContaining('/trackers answered, and not with JSON'),
    });
    const own = new TrackstatsClient({ url: '/', fetch: () => Promise.reject(new RangeError('no agent')) });
    await expect(own.trackers()).rejects.toThrow(RangeError);
  });

  it.each([undefined, {}, { url: '' }])('refuses to be made without an address: %j', (options) => {
    expect(() => new TrackstatsClient(options as never)).toThrow(TypeError);
  });

  it.each([
    [{ objectType: 'customer', objectId: undefined }, 'objectId is undefined'],
    [{ from: undefined }, 'from is undefined'],
    [{ statistic: 'orders_by_region', dimensions: { country: undefined } }, 'The dimension country is undefined'],
  ])('refuses to read everything where a part of it was meant: %j', async (part, message) => {
    await expect(reader.series({ metric: METRIC, ...part } as never)).rejects.toThrow(message);
    expect(sent).toEqual([]);
  });

  it('ends a request that is aborted', async () => {
    await expect(reader.trackers({ signal: AbortSignal.abort() })).rejects.toThrow('aborted');
  });

  it('names periods as the module does', async () => {
    const { points } = await reader.series({ metric: METRIC, period: Period.nameOf(Period.WEEK), last: 1 });
    expect(points[0]?.value).toBe(2);
  });
});

function without<T extends { metric: unknown }>({ metric: _, ...range }: T): Omit<T, 'metric'> {
  return range;
}
