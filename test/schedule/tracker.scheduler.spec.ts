import { jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { Cron, SchedulerRegistry } from '@nestjs/schedule';
import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { at, closeApplications, NOW, Order, saveOrders, start } from '../module/application.js';
import { gate } from '../support/gate.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const LIKES = defineMetric({ domain: SHOP, ref: 'likes' });

@Track({
  metric: ORDERS,
  source: Order,
  dateField: 'createdAt',
  period: Period.DAY,
  cron: '0 3 * * *',
  timeZone: 'Asia/Tokyo',
})
class Orders extends CountObjectsByDateTracker {}

/** What the method does; replaced by tests. */
let visit: () => number | Promise<number> = () => 1;

class Visits {
  @Track({ metric: VISITS, every: '15 minutes', name: 'visits' })
  visits(): number | Promise<number> {
    return visit();
  }
}

function jobs(module: TestingModule): SchedulerRegistry {
  return module.get(SchedulerRegistry, { strict: false });
}

const logged = jest.spyOn(Logger.prototype, 'error');

beforeEach(() => {
  visit = () => 1;
  logged.mockReset().mockReturnValue(undefined);
});
afterEach(closeApplications);
afterAll(() => {
  logged.mockRestore();
});

describe('schedules', () => {
  it("are jobs of the application's registry, under the trackers' names", async () => {
    const module = await start({ providers: [Orders, Visits] });
    const [orders, visits] = [jobs(module).getCronJob('Orders'), jobs(module).getCronJob('visits')];
    expect([...jobs(module).getCronJobs().keys()]).toEqual(['Orders', 'visits']);
    expect([orders.isActive, visits.isActive]).toEqual([true, true]);
    expect(orders.cronTime.source).toBe('0 3 * * *');
    expect(orders.nextDate().toJSDate().toISOString()).toMatch(/T18:00:00.000Z$/);
    expect(visits.nextDate().toMillis() % 900_000).toBe(0);
    expect(await module.get(TrackerService).list()).toMatchObject([
      { schedule: { cron: '0 3 * * *', timeZone: 'Asia/Tokyo' }, nextRunAt: orders.nextDate().toJSDate() },
      { schedule: { every: 900_000, timeZone: 'UTC' }, nextRunAt: visits.nextDate().toJSDate() },
    ]);
  });

  it('run their trackers, into the history', async () => {
    const module = await start({ providers: [Orders, Visits] });
    await saveOrders(module, { createdAt: at('2026-10-31T01:00') });
    await jobs(module).getCronJob('Orders').fireOnTick();
    await jobs(module).getCronJob('visits').fireOnTick();
    const statistics = module.get(StatisticService);
    expect(await statistics.value({ metric: ORDERS })).toBe(1);
    expect(await statistics.value({ metric: VISITS })).toBe(1);
    expect(await module.get(TrackerService).history('visits')).toMatchObject([
      { status: 'succeeded', startedAt: NOW, slot: null, triggeredBy: 'call' },
    ]);
  });

  it('fire by themselves at their slots', async () => {
    const { opened, open } = gate();
    let calls = 0;
    visit = () => {
      if (++calls === 2) open();
      return calls;
    };
    const module = await start({ providers: [Visits], trackstats: { trackers: { visits: { every: 1000 } } } });
    await opened;
    await module.close();
    expect(calls).toBe(2);
  });

  it('enter the slot for which they fired', async () => {
    const { opened, open } = gate();
    visit = () => {
      open();
      return 1;
    };
    const module = await start({ providers: [Visits], trackstats: { trackers: { visits: { every: 1000 } } } });
    await opened;
    void jobs(module).getCronJob('visits').stop();
    const trackers = module.get(TrackerService);
    while ((await trackers.list())[0]?.running === true);
    const [run] = await trackers.history('visits');
    expect((run?.slot?.getTime() ?? 1) % 1000).toBe(0);
    expect(run?.triggeredBy).toBe('schedule');
    expect((await trackers.list())[0]).toMatchObject({ nextRunAt: null });
  });

  it('are replaced whole by the options of the module', async () => {
    const trackers = { Orders: { every: '1 hour' }, visits: false } as const;
    const module = await start({ providers: [Orders, Visits], trackstats: { trackers } });
    expect([...jobs(module).getCronJobs().keys()]).toEqual(['Orders']);
    expect(jobs(module).getCronJob('Orders').nextDate().toMillis() % 3_600_000).toBe(0);
    await closeApplications();
    const other = await start({
      providers: [Orders],
      trackstats: { trackers: { Orders: { cron: '0 4 * * *', timeZone: 'UTC' } } },
    });
    expect(jobs(other).getCronJob('Orders').nextDate().toJSDate().toISOString()).toMatch(/T04:00:00/);
  });

  it.each([[false as const], [{ enabled: false }]])('fire nothing with scheduling: %j', async (scheduling) => {
    let called = false;
    visit = () => {
      called = true;
      return 1;
    };
    class OnStart {
      @Track({ metric: LIKES, every: '1 hour', runOnStart: true })
      likes(): number | Promise<number> {
        return visit();
      }
    }
    const module = await start({ providers: [Orders, OnStart], trackstats: { scheduling } });
    expect(jobs(module).getCronJobs().size).toBe(0);
    await module.close();
    expect(called).toBe(false);
    await expect(start({ providers: [Orders], schedule: false, trackstats: { scheduling } })).resolves.toBeDefined();
  });

  it('run at start what is to run at start, and do not keep the start waiting', async () => {
    const { opened, open } = gate();
    visit = () => opened.then(() => 7);
    class OnStart {
      @Track({ metric: LIKES, runOnStart: true })
      likes(): number | Promise<number> {
        return visit();
      }
    }
    const module = await start({ providers: [OnStart], schedule: false });
    const trackers = module.get(TrackerService);
    expect((await trackers.list())[0]).toMatchObject({ running: true, schedule: null });
    open();
    while ((await trackers.list())[0]?.running === true);
    expect(await module.get(StatisticService).value({ metric: LIKES })).toBe(7);
    const [info] = await trackers.list();
    expect(info?.lastRun?.triggeredBy).toBe('start');
  });
});

describe('a run by schedule', () => {
  it('that fails is logged once, and the next one comes', async () => {
    const module = await start({ providers: [Visits] });
    const job = jobs(module).getCronJob('visits');
    visit = () => Promise.reject(new Error('no network'));
    await job.fireOnTick();
    expect(logged).toHaveBeenCalledTimes(1);
    expect(logged).toHaveBeenCalledWith(
      'Tracker visits failed: no network',
      expect.stringContaining('tracker.scheduler.spec'),
    );
    visit = () => 5;
    await job.fireOnTick();
    expect(await module.get(StatisticService).value({ metric: VISITS })).toBe(5);
    expect((await module.get(TrackerService).history('visits')).map(({ status }) => status)).toEqual([
      'succeeded',
      'failed',
    ]);
  });

  it('never overlaps itself', async () => {
    const module = await start({ providers: [Visits] });
    const job = jobs(module).getCronJob('visits');
    const { opened, open } = gate();
    let calls = 0;
    visit = () => opened.then(() => ++calls);
    const first = job.fireOnTick();
    const second = job.fireOnTick();
    expect(await module.get(TrackerService).run('visits')).toBeNull();
    open();
    await Promise.all([first, second]);
    expect(calls).toBe(1);
    expect(logged).not.toHaveBeenCalled();
  });

  it('is awaited when the application stops; nothing fires after it', async () => {
    const module = await start({ providers: [Visits, Orders] });
    const registry = jobs(module);
    const job = registry.getCronJob('visits');
    const { opened, open } = gate();
    let ended = false;
    visit = () => opened.then(() => ((ended = true), 3));
    void job.fireOnTick();
    const closing = module.close().then(() => ended);
    await new Promise(setImmediate);
    open();
    expect(await closing).toBe(true);
    expect(registry.getCronJobs().size).toBe(0);
    expect(job.isActive).toBe(false);
    visit = () => {
      throw new Error('fired after the end');
    };
    await job.fireOnTick();
    expect(logged).not.toHaveBeenCalled();
  });

  it('leaves no timer when the application has stopped', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const module = await start({ providers: [Visits, Orders] });
    expect(timers()).toBeGreaterThan(before);
    await jobs(module).getCronJob('visits').fireOnTick();
    await module.close();
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('the start stops at', () => {
  it('a schedule without ScheduleModule', async () => {
    await expect(start({ providers: [Orders, Visits], schedule: false })).rejects.toMatchObject({
      code: 'TRACKSTATS_MISSING_SCHEDULE_MODULE',
      message: expect.stringMatching(/Orders, visits.*ScheduleModule\.forRoot\(\)/),
    });
  });

  it('a job of the application that has the name of a tracker', async () => {
    @Injectable()
    class Jobs {
      constructor(private readonly registry: SchedulerRegistry) {}

      onModuleInit(): void {
        this.registry.addCronJob('visits', { stop: () => undefined, fireOnTick: () => undefined } as never);
      }
    }
    await expect(start({ providers: [Visits, Jobs] })).rejects.toMatchObject({
      code: 'TRACKSTATS_DUPLICATE_JOB',
      message: expect.stringContaining('visits'),
    });
  });
});

it("leaves the application's own jobs alone, which run once", async () => {
  const { opened, open } = gate();
  class Jobs {
    ticks = 0;

    @Cron('* * * * * *', { name: 'own' })
    tick(): void {
      this.ticks++;
      open();
    }
  }
  const module = await start({ providers: [Visits, Jobs] });
  expect([...jobs(module).getCronJobs().keys()].sort()).toEqual(['own', 'visits']);
  await opened;
  expect(module.get(Jobs, { strict: false }).ticks).toBe(1);
});
