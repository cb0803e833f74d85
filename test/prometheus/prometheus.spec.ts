import { spawnSync } from 'node:child_process';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  defineDomain,
  defineMetric,
  objectRef,
  Period,
  StatisticService,
  Track,
  TrackerService,
  type TrackContext,
} from 'nestjs-trackstats';
import {
  InvalidPartOptionError,
  MissingModuleError,
  TrackstatsPrometheusModule,
  type TrackstatsPrometheusOptions,
} from 'nestjs-trackstats/prometheus';
import { Counter, register, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { at, closeApplications, MEMORY, metadataOf, QUIET, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const PAGES = defineMetric({ domain: SHOP, ref: 'pages' });
const LIKES = defineMetric({ domain: SHOP, ref: 'likes' });
const HOSTILE = 'a "b"\n# TYPE injected gauge\\';

let now = at('2026-10-31T12:00');
let visits: (context: TrackContext) => number | Promise<number> = () => 1;

@Injectable()
class Counters {
  @Track({ metric: VISITS, every: '15 minutes', name: 'visits' })
  visits(context: TrackContext): number | Promise<number> {
    return visits(context);
  }

  @Track({ metric: LIKES, name: HOSTILE })
  likes(): number {
    return 1;
  }
}

beforeEach(() => {
  now = at('2026-10-31T12:00');
  visits = () => 1;
});
afterEach(closeApplications);

function shop(options: TrackstatsPrometheusOptions, database = MEMORY): Promise<TestingModule> {
  return start({
    database,
    providers: [Counters],
    imports: [TrackstatsPrometheusModule.forRoot(options)],
    trackstats: { clock: () => now, scheduling: false },
  });
}

/** The samples of a scrape, by name with labels. */
async function scraped(from: Registry): Promise<Record<string, number>> {
  const lines = (await from.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describeOnEachDatabase('the metrics of trackers', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  it('count runs by outcome, and tell the lag when they are scraped', async () => {
    const own = new Registry();
    const module = await shop({ register: own }, database.options());
    const trackers = module.get(TrackerService);
    expect(await scraped(own)).toMatchObject({ trackstats_up: 1, 'trackstats_running{tracker="visits"}': 0 });
    await trackers.run('visits');
    visits = () => {
      throw new Error('no answer');
    };
    await expect(trackers.run('visits')).rejects.toThrow('no answer');
    const abort = new AbortController();
    visits = ({ signal }) => {
      abort.abort();
      signal.throwIfAborted();
      return 1;
    };
    await expect(trackers.run('visits', { signal: abort.signal })).rejects.toThrow();
    now = at('2026-10-31T12:10');
    const samples = await scraped(own);
    expect(samples).toMatchObject({
      'trackstats_runs_total{tracker="visits",outcome="succeeded"}': 1,
      'trackstats_runs_total{tracker="visits",outcome="failed"}': 1,
      'trackstats_runs_total{tracker="visits",outcome="cancelled"}': 1,
      'trackstats_rows_written_total{tracker="visits"}': 1,
      'trackstats_rows_removed_total{tracker="visits"}': 0,
      'trackstats_run_duration_seconds_count{tracker="visits",outcome="succeeded"}': 1,
      'trackstats_lag_seconds{tracker="visits"}': 600,
      'trackstats_last_success_timestamp_seconds{tracker="visits"}': at('2026-10-31T12:00').getTime() / 1000,
    });
    expect(samples['trackstats_run_duration_seconds_sum{tracker="visits",outcome="succeeded"}']).toBeGreaterThan(0);
    expect(Object.keys(samples).filter((name) => /^trackstats_(lag|last)/.test(name))).toHaveLength(2);
  });

  it('are scraped while the database is gone, without values that would be old', async () => {
    const own = new Registry();
    const module = await shop({ register: own }, database.options());
    await module.get(TrackerService).run('visits');
    expect(await scraped(own)).toMatchObject({ trackstats_up: 1, 'trackstats_lag_seconds{tracker="visits"}': 0 });
    await module.get(DataSource).destroy();
    const samples = await scraped(own);
    expect(samples).toMatchObject({
      trackstats_up: 0,
      'trackstats_runs_total{tracker="visits",outcome="succeeded"}': 1,
    });
    expect(samples).not.toHaveProperty(['trackstats_lag_seconds{tracker="visits"}']);
    await module.get(DataSource).initialize();
  });

  it('show the newest values of statistics, and only those that are asked for', async () => {
    const own = new Registry();
    const module = await shop(
      {
        register: own,
        statistics: [
          { metric: PAGES },
          { metric: PAGES, objectType: 'page', top: 2 },
          { metric: 'shop/pages', period: Period.LIFETIME },
          { metric: LIKES },
          { metric: 'shop/never_written' },
        ],
      },
      database.options(),
    );
    const statistics = module.get(StatisticService);
    await statistics.record({ metric: PAGES, date: '2026-10-30', value: 7 });
    await statistics.record({ metric: PAGES, date: '2026-10-31', value: 3 });
    for (const [id, value] of [
      ['/', 5],
      [HOSTILE, 9],
      ['/about', 1],
    ] as const) {
      await statistics.record({ metric: PAGES, object: objectRef('page', id), date: '2026-10-31', value });
    }
    const samples = Object.entries(await scraped(own)).filter(([name]) => name.startsWith('trackstats_statistic'));
    expect(Object.fromEntries(samples)).toEqual({
      'trackstats_statistic{metric="shop/pages",period="DAY"}': 3,
      'trackstats_statistic{metric="shop/pages",period="DAY",object_type="page",object_id="/"}': 5,
      [String.raw`trackstats_statistic{metric="shop/pages",period="DAY",object_type="page",object_id="a \"b\"\n# TYPE injected gauge\\"}`]: 9,
    });
  });

  it('warn at the start of a key that is neither stored nor defined', async () => {
    const warned: unknown[] = [];
    const metadata = metadataOf({
      database: database.options(),
      providers: [Counters],
      imports: [
        TrackstatsPrometheusModule.forRoot({
          register: new Registry(),
          statistics: [
            { metric: 'shop/visit' },
            { metric: 'shop/pages' },
            { metric: PAGES, objectType: 'page', top: 1 },
          ],
        }),
      ],
      trackstats: { scheduling: false },
    });
    const logger = { ...QUIET, warn: (message: unknown) => void warned.push(message) };
    const module = await Test.createTestingModule(metadata).setLogger(logger).compile();
    await module.init();
    await module.close();
    expect(warned.filter((message) => String(message).startsWith('TrackstatsPrometheusModule'))).toEqual([
      expect.stringMatching(
        /Unknown metric: "shop\/visit"\. Did you mean "shop\/visits"\? .* Until then its gauge has no value/,
      ),
    ]);
  });

  it('fall with what is stored, and go with a value that is removed', async () => {
    const own = new Registry();
    const module = await shop({ register: own, statistics: [{ metric: PAGES }] }, database.options());
    const name = 'trackstats_statistic{metric="shop/pages",period="DAY"}';
    for (const value of [7, 3]) {
      await module.get(StatisticService).record({ metric: PAGES, value });
      expect(await scraped(own)).toMatchObject({ [name]: value });
    }
    await module.get(StatisticService).remove({ metric: PAGES });
    expect(await scraped(own)).not.toHaveProperty([name]);
  });
});

describe('TrackstatsPrometheusModule', () => {
  it('escapes the names of trackers', async () => {
    const own = new Registry();
    const module = await shop({ register: own, prefix: 'shop:' });
    await module.get(TrackerService).run(HOSTILE);
    const text = await own.metrics();
    expect(text).toContain(
      String.raw`shop:runs_total{tracker="a \"b\"\n# TYPE injected gauge\\",outcome="succeeded"} 1`,
    );
    expect(text).not.toMatch(/^# TYPE injected/m);
  });

  it('is shared by two applications of a process, and goes with the last', async () => {
    const [first, second] = [await shop({}), await shop({})];
    await first.get(TrackerService).run('visits');
    await second.get(TrackerService).run('visits');
    expect(await scraped(register)).toMatchObject({
      'trackstats_runs_total{tracker="visits",outcome="succeeded"}': 2,
    });
    await first.close();
    await second.get(TrackerService).run('visits');
    expect(await scraped(register)).toMatchObject({
      'trackstats_runs_total{tracker="visits",outcome="succeeded"}': 3,
    });
    await second.close();
    expect(await scraped(register)).toEqual({});
    await shop({});
    expect(await scraped(register)).not.toHaveProperty(['trackstats_runs_total{tracker="visits",outcome="succeeded"}']);
  });

  it('goes from a registry that writes OpenMetrics too', async () => {
    const own = new Registry();
    own.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    const module = await shop({ register: own });
    await module.get(TrackerService).run('visits');
    expect(await own.metrics()).toContain('trackstats_runs_total{tracker="visits",outcome="succeeded"} 1');
    await module.close();
    expect(own.getMetricsAsArray()).toEqual([]);
  });

  it('leaves metrics of others alone', async () => {
    const own = new Registry();
    const other = new Counter({ name: 'trackstats_runs_total', help: 'of somebody else', registers: [own] });
    await expect(shop({ register: own })).rejects.toThrow(/already that is not this library's/);
    expect(own.getMetricsAsArray()).toEqual([other]);
  });

  it.each([
    ['a prefix that is no name', { prefix: 'shop-' }],
    ['an empty prefix', { prefix: '' }],
    ['no buckets', { buckets: [] }],
    ['buckets out of order', { buckets: [1, 0.5] }],
    ['statistics that are no list', { statistics: { metric: VISITS } as never }],
    [
      'more statistics than a page has room for',
      { statistics: Array.from({ length: 101 }, () => ({ metric: VISITS })) },
    ],
    ['an unknown key of a statistic', { statistics: [{ metric: VISITS, periods: [] } as never] }],
    ['objects without a number', { statistics: [{ metric: VISITS, objectType: 'page' }] }],
    ['too many objects', { statistics: [{ metric: VISITS, objectType: 'page', top: 101 }] }],
    ['a number without objects', { statistics: [{ metric: VISITS, top: 5 }] }],
  ])('refuses %s', (_, options) => {
    expect(() => TrackstatsPrometheusModule.forRoot(options)).toThrow(InvalidPartOptionError);
  });

  it('refuses a statistic of no metric and of no period', () => {
    for (const statistic of [{ metric: 'visits' }, { metric: VISITS, period: 7.5 }, {}]) {
      expect(() => TrackstatsPrometheusModule.forRoot({ statistics: [statistic as never] })).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^TRACKSTATS_INVALID/) }),
      );
    }
  });

  it('writes what promtool accepts', async () => {
    if (spawnSync('promtool', ['--version']).error !== undefined) return;
    const own = new Registry();
    const module = await shop({ register: own, statistics: [{ metric: VISITS }] });
    await module.get(TrackerService).run('visits');
    const text = await own.metrics();
    expect(text).toContain('trackstats_statistic{');
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('says what is missing', async () => {
    const compiled = await Test.createTestingModule({ imports: [TrackstatsPrometheusModule.forRoot()] })
      .setLogger(QUIET)
      .compile();
    await expect(compiled.init()).rejects.toThrow(MissingModuleError);
  });
});
