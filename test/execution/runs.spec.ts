import { jest } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  LeaseLostError,
  Period,
  RunTimeoutError,
  ShuttingDownError,
  StatisticService,
  Track,
  TrackerEvents,
  TrackerService,
  type TrackContext,
  type TrackerEvent,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { TrackerState } from '../../lib/execution/run-tables.js';
import { TrackerRunRecord } from '../../lib/execution/run-tables.js';
import { at, closeApplications, NOW, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase, type DatabaseKind, type ExtraOptions } from '../support/databases.js';
import { gate } from '../support/gate.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const HURRIED = defineMetric({ domain: SHOP, ref: 'hurried' });

/** What happens between the taking of the lease and the run's own transaction; replaced by tests. */
let beforeReading: () => void | Promise<void> = () => undefined;

@Track({ metric: ORDERS, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME], name: 'orders' })
class Orders extends CountObjectsByDateTracker<Order> {
  override async source() {
    await beforeReading();
    return Order;
  }
}

/** What the method does; replaced by tests. */
let visit: (context: TrackContext) => number | Promise<number> = () => 1;

class Visits {
  @Track({ metric: VISITS, name: 'visits' })
  visits(context: TrackContext): number | Promise<number> {
    return visit(context);
  }

  @Track({ metric: HURRIED, name: 'hurried', timeout: 50 })
  hurried(context: TrackContext): number | Promise<number> {
    return visit(context);
  }
}

const logged = jest.spyOn(Logger.prototype, 'error');
beforeEach(() => {
  visit = () => 1;
  beforeReading = () => undefined;
  logged.mockReset().mockReturnValue(undefined);
});
afterAll(() => {
  logged.mockRestore();
});

describeOnEachDatabase('a run', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const shop = (scheduling = {}): Promise<TestingModule> =>
    start({ database: database.options(), providers: [Orders, Visits], trackstats: { scheduling } });

  const stateOf = async (module: TestingModule, name: string): Promise<TrackerState> =>
    module.get(DataSource).getRepository(TrackerState).findOneByOrFail({ name });

  const history = (module: TestingModule, name = 'visits') => module.get(TrackerService).history(name);

  it('is entered as running while it goes on, and then as what it did', async () => {
    const module = await shop();
    const [trackers, { opened, open }, began] = [module.get(TrackerService), gate(), gate()];
    visit = async () => {
      began.open();
      await opened;
      return 4;
    };
    const run = trackers.run('visits');
    await began.opened;
    expect(await history(module)).toMatchObject([
      { status: 'running', finishedAt: null, startedAt: NOW, attempt: 1, slot: null },
    ]);
    expect((await trackers.list())[1]).toMatchObject({ running: true });
    open();
    expect(await run).toMatchObject({ written: 1 });
    expect(await history(module)).toMatchObject([
      { status: 'succeeded', finishedAt: NOW, written: 1, from: '2026-10-31' },
    ]);
    expect((await trackers.list())[1]).toMatchObject({ running: false });
    expect(await stateOf(module, 'visits')).toMatchObject({ owner: null, until: null });
  });

  it('begins in one process at a time', async () => {
    const [first, second] = [await shop(), await shop()];
    const [{ opened, open }, began] = [gate(), gate()];
    let calls = 0;
    visit = async () => {
      calls++;
      began.open();
      await opened;
      return calls;
    };
    const skipped: TrackerEvent[] = [];
    second.get(TrackerEvents).on('skipped', (event) => skipped.push(event));
    const run = first.get(TrackerService).run('visits');
    await began.opened;
    expect(await second.get(TrackerService).run('visits')).toBeNull();
    expect(skipped).toMatchObject([{ tracker: 'visits', slot: null, reason: 'held' }]);
    open();
    await run;
    expect(await second.get(TrackerService).run('visits')).toMatchObject({ tracker: 'visits' });
    expect(calls).toBe(2);
  });

  it('that is paused past its lease writes nothing, whatever the next one has written', async () => {
    const [first, second] = [await shop(), await shop()];
    const [{ opened, open }, began] = [gate(), gate()];
    visit = async () => {
      began.open();
      await opened;
      return 1;
    };
    const paused = first.get(TrackerService).run('visits');
    await began.opened;
    await expireLease(first, 'visits');
    expect(await history(first)).toMatchObject([{ status: 'lost', error: expect.stringMatching(/process died/) }]);
    visit = () => 2;
    expect(await second.get(TrackerService).run('visits')).toMatchObject({ written: 1 });
    open();
    await expect(paused).rejects.toThrow(LeaseLostError);
    expect(await first.get(StatisticService).value({ metric: VISITS })).toBe(2);
    expect((await history(first)).map(({ status }) => status)).toEqual(['succeeded', 'lost']);
    expect((await history(first))[1]?.finishedAt).toEqual(NOW);
  });

  it('of a source that is paused past its lease is rolled back whole', async () => {
    const [first, second] = [await shop(), await shop()];
    await saveOrders(first, { createdAt: at('2026-10-29T10:00') }, { createdAt: at('2026-10-31T10:00') });
    // another process takes over between the taking of the lease and the run's own transaction
    beforeReading = () => takeOver(second, 'orders');
    await expect(first.get(TrackerService).run('orders')).rejects.toThrow(LeaseLostError);
    expect(await first.get(StatisticService).find({ metric: ORDERS })).toEqual([]);
    expect(await first.get(StatisticService).coverage({ metric: ORDERS })).toBeNull();
    expect(await history(first, 'orders')).toMatchObject([{ status: 'lost', written: 0 }]);
  });

  it('is cancelled after its timeout, and the lease given back', async () => {
    const module = await shop();
    let aborted: unknown;
    visit = ({ signal }) =>
      new Promise(() => {
        signal.addEventListener('abort', () => (aborted = signal.reason));
      });
    const run = module.get(TrackerService).run('hurried');
    await expect(run).rejects.toThrow(RunTimeoutError);
    await expect(run).rejects.toThrow(/hurried took longer than its timeout of 50 ms/);
    expect(aborted).toBeInstanceOf(RunTimeoutError);
    expect(await history(module, 'hurried')).toMatchObject([
      { status: 'failed', error: expect.stringMatching(/timeout of 50 ms/) },
    ]);
    expect(await stateOf(module, 'hurried')).toMatchObject({ owner: null, until: null });
  });

  it('is cancelled by a signal', async () => {
    const module = await shop();
    const [stop, began] = [new AbortController(), gate()];
    visit = () => {
      began.open();
      return new Promise(() => undefined);
    };
    const run = module.get(TrackerService).run('visits', { signal: stop.signal });
    await began.opened;
    stop.abort(new Error('enough'));
    await expect(run).rejects.toThrow('enough');
    expect(await history(module)).toMatchObject([{ status: 'cancelled', error: 'enough' }]);
    expect(await stateOf(module, 'visits')).toMatchObject({ owner: null, until: null });
  });

  it('keeps nobody waiting at a shutdown: it ends, or is cancelled after the grace time', async () => {
    const module = await shop({ shutdownGrace: 30 });
    const [{ opened, open }, began] = [gate(), gate()];
    visit = async () => {
      began.open();
      await opened;
      return 9;
    };
    const run = module.get(TrackerService).run('visits');
    await began.opened;
    const settled = expect(run).rejects.toThrow(ShuttingDownError);
    const other = await shop();
    await module.close();
    await settled;
    open();
    expect(await history(other)).toMatchObject([{ status: 'cancelled' }]);
    expect(await other.get(TrackerService).run('visits')).toMatchObject({ written: 1 });
    await expect(module.get(TrackerService).run('visits')).rejects.toThrow(ShuttingDownError);
  });

  it('that ends within the grace time is finished at a shutdown', async () => {
    const module = await shop();
    const [{ opened, open }, began] = [gate(), gate()];
    visit = async () => {
      began.open();
      await opened;
      return 9;
    };
    const run = module.get(TrackerService).run('visits');
    await began.opened;
    const closed = module.close();
    open();
    expect(await run).toMatchObject({ written: 1 });
    await closed;
  });

  it('holds its lease as long as the options say, though it has ended', async () => {
    const module = await shop({ lockAtLeastFor: '1 hour' });
    await module.get(TrackerService).run('visits');
    expect(await module.get(TrackerService).run('visits')).toBeNull();
    const { until, owner } = await stateOf(module, 'visits');
    expect(Number(until)).toBeGreaterThan(Date.now() + 3_500_000);
    expect(owner).toBeNull();
    expect((await module.get(TrackerService).list())[1]).toMatchObject({ running: false });
  });

  it('tells its events, to listeners that may fail', async () => {
    const module = await shop();
    const told: TrackerEvent[] = [];
    const events = module.get(TrackerEvents);
    events.all$.subscribe((event) => told.push(event));
    const stop = events.on('finished', () => {
      throw new Error('a listener');
    });
    await module.get(TrackerService).run('visits');
    stop();
    visit = () => Promise.reject(new Error('no'));
    await expect(module.get(TrackerService).run('visits')).rejects.toThrow('no');
    expect(told).toMatchObject([
      { type: 'started', tracker: 'visits', slot: null, attempt: 1 },
      { type: 'finished', result: { written: 1 } },
      { type: 'started' },
      { type: 'failed', error: new Error('no'), willRetry: false },
    ]);
    const [, finished] = told;
    expect((await history(module))[1]?.id).toBe((finished as TrackerEvent & { type: 'finished' }).runId);
    expect(logged).toHaveBeenCalledWith(
      expect.stringMatching(/listener of finished failed for tracker visits/),
      expect.anything(),
    );
  });

  it('keeps of its history what the options say, the last success always', async () => {
    const module = await shop({ history: { days: 10, runs: 2 } });
    const records = module.get(DataSource).getRepository(TrackerRunRecord);
    const old = {
      tracker: 'visits',
      attempt: 1,
      written: '0',
      removed: '0',
      host: 'h',
      slot: null,
      from: null,
      through: null,
      error: null,
      fence: '0',
    };
    const DAY = 86_400_000;
    const entered = async (status: 'succeeded' | 'failed', days: number): Promise<void> => {
      const started = NOW.getTime() - days * DAY;
      await records.insert({ ...old, status, startedAt: String(started), finishedAt: String(started) });
    };
    await entered('succeeded', 30);
    await entered('failed', 12);
    await entered('failed', 3);
    await records.insert({ ...old, tracker: 'other', status: 'failed', startedAt: '0', finishedAt: '0' });
    await module.get(TrackerService).run('visits');
    expect((await history(module)).map(({ status }) => status)).toEqual(['succeeded', 'failed']);
    visit = () => Promise.reject(new Error('no'));
    expect(await records.countBy({ tracker: 'other' })).toBe(1);
  });

  it('in a database that cannot be written to fails, and leaves everything as it is', async () => {
    const extra = READ_ONLY[database.kind];
    if (extra === undefined) return; // its administrator may write all the same
    const module = await shop();
    await module.get(TrackerService).run('visits');
    visit = () => 5;
    const readOnly = await start({
      database: database.options({ synchronize: false, ...extra }),
      providers: [Visits],
    });
    if (database.kind === 'sqlite') await readOnly.get(DataSource).query('PRAGMA query_only = ON');
    await expect(readOnly.get(TrackerService).run('visits')).rejects.toMatchObject({
      message: expect.stringMatching(/read.?only/i) as string,
    });
    expect(await readOnly.get(StatisticService).value({ metric: VISITS })).toBe(1);
    await module.get(TrackerService).run('visits');
    expect(await readOnly.get(StatisticService).value({ metric: VISITS })).toBe(5);
  });
});

const READ_ONLY: Partial<Record<DatabaseKind, ExtraOptions>> = {
  sqlite: {},
  postgres: { extra: { options: '-c default_transaction_read_only=on' } },
};

async function expireLease(module: TestingModule, name: string): Promise<void> {
  await module.get(DataSource).getRepository(TrackerState).update({ name }, { until: '1' });
}

async function takeOver(module: TestingModule, name: string): Promise<void> {
  const states = module.get(DataSource).getRepository(TrackerState);
  const { fence } = await states.findOneByOrFail({ name });
  await states.update({ name }, { fence: String(Number(fence) + 1), owner: 'another' });
}

describe('with @nestjs/event-emitter', () => {
  afterEach(closeApplications);

  it('listeners of the application hear of runs', async () => {
    const heard: unknown[] = [];
    @Injectable()
    class Listener {
      @OnEvent('trackstats.run.*')
      hear(event: TrackerEvent): void {
        heard.push([event.type, event.tracker]);
      }
    }
    const module = await start({
      imports: [EventEmitterModule.forRoot({ wildcard: true })],
      providers: [Visits, Listener],
    });
    await module.get(TrackerService).run('visits');
    expect(heard).toEqual([
      ['started', 'visits'],
      ['finished', 'visits'],
    ]);
  });
});
