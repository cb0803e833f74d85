import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { TestingModule } from '@nestjs/testing';
import {
  defineDomain,
  defineMetric,
  StatisticService,
  Track,
  TrackerEvents,
  TrackerService,
  type TrackContext,
  type TrackerEvent,
  type TrackerRun,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { DatabaseClock } from '../../lib/execution/database-clock.js';
import { TrackerState } from '../../lib/execution/run-tables.js';
import { closeApplications, start, type ApplicationOptions } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { gate } from '../support/gate.js';

const SHOP = defineDomain({ ref: 'shop' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const HOUR = 3_600_000;

/** What the method does; replaced by tests. */
let visit: (context: TrackContext) => number | Promise<number> = () => 1;

class Visits {
  @Track({ metric: VISITS, every: '1 hour', name: 'visits', retries: 2 })
  visits(context: TrackContext): number | Promise<number> {
    return visit(context);
  }
}

const silenced = (['error', 'warn', 'log', 'debug'] as const).map((level) => jest.spyOn(Logger.prototype, level));
const [, warned] = silenced;

beforeEach(() => {
  visit = () => 1;
  for (const spy of silenced) spy.mockReset().mockReturnValue(undefined);
});
afterAll(() => {
  for (const spy of silenced) spy.mockRestore();
});

function slotNow(): number {
  return Math.floor(Date.now() / HOUR) * HOUR;
}

/** Waits for the next event of a type. */
function next<T extends TrackerEvent['type']>(module: TestingModule, type: T): Promise<TrackerEvent & { type: T }> {
  return new Promise((resolve) => {
    const stop = module.get(TrackerEvents).on(type, (event) => {
      stop();
      resolve(event);
    });
  });
}

describeOnEachDatabase('schedules of several processes', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const shop = (scheduling = {}, more: ApplicationOptions = {}): Promise<TestingModule> =>
    start({
      database: database.options(),
      providers: [Visits],
      trackstats: { scheduling: { catchUpJitter: 0, retryDelay: 1, ...scheduling } },
      ...more,
    });

  const states = (module: TestingModule) => module.get(DataSource).getRepository(TrackerState);
  const history = (module: TestingModule): Promise<TrackerRun[]> => module.get(TrackerService).history('visits');
  const lastSlot = async (module: TestingModule): Promise<number> =>
    Number((await states(module).findOneByOrFail({ name: 'visits' })).slot);

  /** Fires the tracker's job for a slot, as its timer would. */
  async function tick(module: TestingModule, slot = slotNow()): Promise<void> {
    const job = module.get(SchedulerRegistry, { strict: false }).getCronJob('visits') as unknown as {
      slot: Date | null;
      fireOnTick(): Promise<void>;
    };
    job.slot = new Date(slot);
    await job.fireOnTick();
  }

  it('run each slot once', async () => {
    const modules = [await shop(), await shop()];
    const [first, second] = modules as [TestingModule, TestingModule];
    await Promise.all(modules.map((module) => tick(module)));
    await tick(first);
    await tick(second);
    expect((await history(first)).map(({ slot, status }) => [slot?.getTime(), status])).toEqual([
      [slotNow(), 'succeeded'],
    ]);
    expect(await lastSlot(first)).toBe(slotNow());
    const skipped = next(second, 'skipped');
    await tick(second, slotNow() - HOUR);
    expect(await skipped).toMatchObject({ reason: 'done' });
  });

  it('run the latest slot that was missed when one of them starts, and once', async () => {
    const before = await shop();
    await tick(before);
    await states(before).update({ name: 'visits' }, { slot: String(slotNow() - 5 * HOUR) });
    await before.close();
    const [first, second] = await Promise.all([shop(), shop()]);
    while ((await history(first)).length < 2) await new Promise((resolve) => setImmediate(resolve));
    await first.close();
    await second.close();
    const module = await shop();
    expect((await history(module)).map(({ slot }) => slot?.getTime())).toEqual([slotNow(), slotNow()]);
    expect(await lastSlot(module)).toBe(slotNow());
  });

  it.each([
    ['a tracker that is new', {}, null],
    ['where they are not to', { catchUp: false }, 5],
  ])('do not catch up with %s', async (_, scheduling, hours) => {
    const before = await shop();
    if (hours !== null) {
      await tick(before);
      await states(before).update({ name: 'visits' }, { slot: String(slotNow() - hours * HOUR) });
    }
    const runs = (await history(before)).length;
    await before.close();
    let called = false;
    visit = () => {
      called = true;
      return 1;
    };
    const module = await shop(scheduling);
    await module.close();
    expect(called).toBe(false);
    expect((await history(await shop({ catchUp: false }))).length).toBe(runs);
  });

  it('try a method that failed again, as often as it says, and then the slot is over', async () => {
    const module = await shop();
    let calls = 0;
    visit = () => Promise.reject(new Error(`no ${++calls}`));
    const failed: TrackerEvent[] = [];
    module.get(TrackerEvents).on('failed', (event) => failed.push(event));
    await tick(module);
    expect(failed).toMatchObject([
      { attempt: 1, willRetry: true },
      { attempt: 2, willRetry: true },
      { attempt: 3, willRetry: false, slot: new Date(slotNow()) },
    ]);
    expect((await history(module)).map(({ status, error, attempt }) => [status, error, attempt])).toEqual([
      ['failed', 'no 3', 3],
      ['failed', 'no 2', 2],
      ['failed', 'no 1', 1],
    ]);
    expect(await lastSlot(module)).toBe(slotNow());
    await tick(module);
    expect(calls).toBe(3);
  });

  it('succeed with a later attempt', async () => {
    const module = await shop();
    let calls = 0;
    visit = () => (++calls < 3 ? Promise.reject(new Error('not yet')) : 7);
    await tick(module);
    expect(await module.get(StatisticService).value({ metric: VISITS })).toBe(7);
    expect((await history(module)).map(({ status }) => status)).toEqual(['succeeded', 'failed', 'failed']);
  });

  it('do not try again what is wrong', async () => {
    const module = await shop();
    visit = () => NaN;
    await tick(module);
    expect((await history(module)).map(({ status }) => status)).toEqual(['failed']);
  });

  it('try again for as long as the database is away, however few retries there are', async () => {
    const module = await shop();
    let calls = 0;
    const code = { sqlite: 'SQLITE_FULL', postgres: '57P01', mariadb: 'PROTOCOL_CONNECTION_LOST' }[database.kind];
    visit = () => (++calls < 6 ? Promise.reject(Object.assign(new Error('away'), { code })) : 3);
    await tick(module);
    expect(await module.get(StatisticService).value({ metric: VISITS })).toBe(3);
    expect((await history(module))[0]).toMatchObject({ status: 'succeeded', attempt: 6 });
  });

  it('try nothing again when the next slot comes first', async () => {
    const module = await shop({ retryDelay: 2 * HOUR });
    let calls = 0;
    visit = () => Promise.reject(new Error(`no ${++calls}`));
    // pauses are a minute at most: the slot before this hour's is over
    await tick(module, slotNow() - HOUR);
    expect(calls).toBe(1);
  });

  it('look again at a slot whose process died, when its lease is over', async () => {
    const module = await shop({ lockAtMostFor: 1000 });
    await tick(module, slotNow() - HOUR);
    const { fence } = await states(module).findOneByOrFail({ name: 'visits' });
    const until = Date.now() + 300;
    await states(module).update(
      { name: 'visits' },
      { owner: 'dead', fence: String(Number(fence) + 1), until: String(until) },
    );
    const [skipped, finished] = [next(module, 'skipped'), next(module, 'finished')];
    await tick(module);
    expect(await skipped).toMatchObject({ reason: 'held' });
    expect(await finished).toMatchObject({ slot: new Date(slotNow()) });
    expect(Date.now()).toBeGreaterThanOrEqual(until);
  });

  it('agree on the slots though the clock of one is off', async () => {
    const module = await shop();
    const clock = module.get(DatabaseClock, { strict: false });
    const ahead = 2 * HOUR;
    await clock.compareWith(() => Promise.resolve({ now: Date.now() - ahead }));
    expect(warned).toHaveBeenCalledWith(expect.stringMatching(/7200\.0 s ahead of the database's/));
    expect(Math.abs(clock.scheduleNow().getTime() + ahead - Date.now())).toBeLessThan(1000);
    // its own slot has not come by the database's clock, and the one that has is run
    await tick(module);
    expect(await lastSlot(module)).toBe(slotNow() - ahead);
    // the database says how late it is each time: this machine's clock is right after all
    await tick(module);
    expect(await lastSlot(module)).toBe(slotNow());
    const skipped = next(module, 'skipped');
    await tick(module, slotNow() + HOUR);
    expect(await skipped).toMatchObject({ reason: 'early' });
  });

  it('run so many at once, and all of them in turn', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    let [going, most] = [0, 0];
    const done: string[] = [];
    // the first two are there together; a third would be counted before they go
    const { opened, open } = gate();
    class Many {}
    for (const name of names) {
      const run = async (): Promise<number> => {
        most = Math.max(most, ++going);
        if (going === 2) setImmediate(open);
        await opened;
        going--;
        done.push(name);
        return 1;
      };
      Object.defineProperty(Many.prototype, name, { value: run, writable: true });
      Track({ metric: defineMetric({ domain: SHOP, ref: name }), every: '1 hour', name })(
        Many.prototype,
        name,
        Object.getOwnPropertyDescriptor(Many.prototype, name) as TypedPropertyDescriptor<() => Promise<number>>,
      );
    }
    const module = await shop({ concurrency: 2 }, { providers: [Many] });
    const jobs = module.get(SchedulerRegistry, { strict: false });
    await Promise.all(
      names.map((name) => {
        const job = jobs.getCronJob(name) as unknown as { slot: Date; fireOnTick(): Promise<void> };
        job.slot = new Date(slotNow());
        return job.fireOnTick();
      }),
    );
    expect(most).toBe(2);
    expect(done.sort()).toEqual(names);
  });
});
