import { Controller, Get, Injectable, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { defineDomain, defineMetric, Track, TrackstatsModule, UnknownTrackerError } from 'nestjs-trackstats';
import {
  InvalidPartOptionError,
  MissingModuleError,
  TrackstatsHealthIndicator,
  TrackstatsHealthModule,
} from 'nestjs-trackstats/health';
import { TrackerService } from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { describeOnEachDatabase } from '../support/databases.js';
import { at, closeApplications, metadataOf, QUIET, start } from '../module/application.js';
import { Module } from '@nestjs/common';

const SHOP = defineDomain({ ref: 'shop' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const LIKES = defineMetric({ domain: SHOP, ref: 'likes' });

let now = at('2026-10-31T12:00');
let visits: () => number = () => 1;

@Injectable()
class Counters {
  @Track({ metric: VISITS, every: '15 minutes', name: 'visits' })
  visits(): number {
    return visits();
  }

  @Track({ metric: LIKES, name: 'likes' })
  likes(): number {
    return 1;
  }
}

const OPTIONS = { clock: () => now, scheduling: false } as const;

beforeEach(() => {
  now = at('2026-10-31T12:00');
  visits = () => 1;
});

describeOnEachDatabase('TrackstatsHealthIndicator', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const shop = () =>
    start({
      database: database.options(),
      providers: [Counters],
      imports: [TrackstatsHealthModule],
      trackstats: OPTIONS,
    });

  it('is up while trackers keep their times, and down when one is late', async () => {
    const module = await shop();
    const [indicator, trackers] = [module.get(TrackstatsHealthIndicator), module.get(TrackerService)];
    expect(await indicator.isHealthy('statistics')).toEqual({ statistics: { status: 'up', trackers: 2 } });
    await trackers.run('visits');
    now = at('2026-10-31T12:29');
    expect(await indicator.isHealthy('statistics')).toEqual({ statistics: { status: 'up', trackers: 2 } });
    now = at('2026-10-31T12:31');
    expect(await indicator.isHealthy('statistics')).toEqual({
      statistics: {
        status: 'down',
        message: 'A tracker is late: visits',
        trackers: 2,
        late: {
          visits: {
            due: '2026-10-31T12:15:00.000Z',
            lateMs: 16 * 60_000,
            lastSuccess: '2026-10-31T12:00:00.000Z',
            error: null,
          },
        },
      },
    });
    expect(await indicator.isHealthy('statistics', { allowance: '1 hour' })).toMatchObject({
      statistics: { status: 'up' },
    });
    expect(await indicator.isHealthy('statistics', { trackers: ['likes'] })).toEqual({
      statistics: { status: 'up', trackers: 1 },
    });
    await trackers.run('visits');
    expect(await indicator.isHealthy('statistics')).toMatchObject({ statistics: { status: 'up' } });
  });

  it('tells what a late tracker fails with, and counts from the first failure through restarts', async () => {
    const module = await shop();
    visits = () => {
      throw new Error('no answer');
    };
    await expect(module.get(TrackerService).run('visits')).rejects.toThrow('no answer');
    await closeApplications();
    now = at('2026-10-31T12:31');
    const indicator = (await shop()).get(TrackstatsHealthIndicator);
    expect(await indicator.isHealthy('statistics')).toMatchObject({
      statistics: {
        status: 'down',
        late: { visits: { due: '2026-10-31T12:15:00.000Z', lastSuccess: null, error: 'no answer' } },
      },
    });
  });

  it('is down, and throws nothing, when the database is gone', async () => {
    const module = await shop();
    const dataSource = module.get(DataSource);
    await dataSource.destroy();
    expect(await module.get(TrackstatsHealthIndicator).isHealthy('statistics')).toMatchObject({
      statistics: {
        status: 'down',
        message: expect.stringMatching(/^The database of the statistics did not answer: ./),
      },
    });
    await dataSource.initialize();
  });
});

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly trackers: TrackstatsHealthIndicator,
  ) {}

  @Get('health')
  @HealthCheck()
  check() {
    return this.health.check([() => this.trackers.isHealthy('statistics')]);
  }
}

describe('TrackstatsHealthModule', () => {
  afterEach(closeApplications);

  it('works in @nestjs/terminus', async () => {
    const metadata = metadataOf({
      providers: [Counters],
      controllers: [HealthController],
      imports: [TerminusModule.forRoot({ logger: false }), TrackstatsHealthModule],
      trackstats: OPTIONS,
    });
    @Module(metadata)
    class AppModule {}
    const app: INestApplication = await NestFactory.create(AppModule, { logger: false });
    try {
      await app.listen(0, '127.0.0.1');
      const url = `${await app.getUrl()}/health`;
      await app.get(TrackerService, { strict: false }).run('visits');
      const up = await fetch(url);
      expect([up.status, await up.json()]).toMatchObject([200, { info: { statistics: { status: 'up' } } }]);
      now = at('2026-10-31T13:00');
      const down = await fetch(url);
      expect([down.status, await down.json()]).toMatchObject([
        503,
        { status: 'error', error: { statistics: { status: 'down', late: { visits: { lateMs: 45 * 60_000 } } } } },
      ]);
    } finally {
      await app.close();
    }
  });

  it('is found where TrackstatsModule is not global', async () => {
    const module = await start({
      imports: [TrackstatsHealthModule],
      trackstats: TrackstatsModule.forRoot({ ...OPTIONS, isGlobal: false }),
    });
    expect(await module.get(TrackstatsHealthIndicator).isHealthy('x')).toEqual({ x: { status: 'up', trackers: 0 } });
  });

  it('says what is wrong with a call', async () => {
    const module = await start({ providers: [Counters], imports: [TrackstatsHealthModule], trackstats: OPTIONS });
    const indicator = module.get(TrackstatsHealthIndicator);
    await expect(indicator.isHealthy('x', { trackers: ['visit'] })).rejects.toThrow(UnknownTrackerError);
    for (const allowance of ['soon', -1, 1.5, Number.NaN, '']) {
      await expect(indicator.isHealthy('x', { allowance })).rejects.toThrow(InvalidPartOptionError);
    }
  });

  it('says what is missing', async () => {
    const compiled = await Test.createTestingModule({ imports: [TrackstatsHealthModule] })
      .setLogger(QUIET)
      .compile();
    await expect(compiled.init()).rejects.toThrow(MissingModuleError);
  });
});
