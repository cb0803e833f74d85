import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { defineDomain, defineMetric, Track, TrackerService, type TrackContext } from 'nestjs-trackstats';
import {
  InvalidPartOptionError,
  MissingModuleError,
  TrackstatsPrometheusModule,
  type TrackstatsPrometheusOptions,
} from 'nestjs-trackstats/prometheus';
import { Counter, register, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { at, closeApplications, MEMORY, QUIET, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
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
  ])('refuses %s', (_, options) => {
    expect(() => TrackstatsPrometheusModule.forRoot(options)).toThrow(InvalidPartOptionError);
  });

  it('says what is missing', async () => {
    const compiled = await Test.createTestingModule({ imports: [TrackstatsPrometheusModule.forRoot()] })
      .setLogger(QUIET)
      .compile();
    await expect(compiled.init()).rejects.toThrow(MissingModuleError);
  });
});
