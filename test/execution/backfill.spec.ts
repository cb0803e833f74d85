import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  NothingToResumeError,
  Period,
  StatisticService,
  Track,
  TrackerEvents,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { TrackerState } from '../../lib/execution/run-tables.js';
import { at, closeApplications, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const ORDERS = defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'orders' });

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME], name: 'orders' })
class Orders extends CountObjectsByDateTracker {}

const DAYS = ['27', '28', '29', '30', '31'];

describeOnEachDatabase('a backfill that is interrupted', (database) => {
  let module: TestingModule;
  let trackers: TrackerService;

  beforeEach(async () => {
    module = await start({ database: database.options(), providers: [Orders] });
    trackers = module.get(TrackerService);
    await saveOrders(module, ...DAYS.map((day) => ({ createdAt: at(`2026-10-${day}T10:00`) })));
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const state = (): Promise<TrackerState> =>
    module.get(DataSource).getRepository(TrackerState).findOneByOrFail({ name: 'orders' });

  /** Steps of a day, of which so many are done. */
  async function interrupted(steps: number, to?: string): Promise<void> {
    const stop = new AbortController();
    let done = 0;
    const backfill = trackers.backfill('orders', {
      from: '2026-10-27',
      ...(to === undefined ? {} : { to }),
      step: 1,
      signal: stop.signal,
      onProgress: () => {
        if (++done === steps) stop.abort(new Error('enough'));
      },
    });
    await expect(backfill).rejects.toThrow('enough');
  }

  it('says that it needs its first date, also to go on', async () => {
    const resumed = trackers.backfill('orders', { resume: true } as Parameters<TrackerService['backfill']>[1]);
    await expect(resumed).rejects.toMatchObject({
      code: 'TRACKSTATS_INVALID_ARGUMENT',
      message:
        'TrackerService.backfill: from is undefined. ' +
        "Expected the first date to compute, as '2024-01-01'; with resume that of the interrupted backfill.",
    });
  });

  it('goes on where it was, and computes nothing twice', async () => {
    await interrupted(2);
    expect(await state()).toMatchObject({
      backfillFrom: '2026-10-27',
      backfillTo: null,
      backfillThrough: '2026-10-28',
      owner: null,
    });
    expect(await trackers.history('orders')).toMatchObject([
      { status: 'cancelled', from: '2026-10-27', through: '2026-10-28' },
    ]);
    const dates: string[] = [];
    const fractions: number[] = [];
    const result = await trackers.backfill('orders', {
      from: '2026-10-27',
      step: 1,
      resume: true,
      onProgress: ({ date, fraction }) => {
        dates.push(date);
        fractions.push(fraction);
      },
    });
    expect(dates).toEqual(['2026-10-29', '2026-10-30', '2026-10-31']);
    expect(fractions[0]).toBeCloseTo(0.6);
    expect(result).toMatchObject({ from: '2026-10-29', through: '2026-10-31' });
    expect(await state()).toMatchObject({ backfillFrom: null, backfillTo: null, backfillThrough: null, owner: null });
    expect(await module.get(StatisticService).value({ metric: ORDERS, period: Period.LIFETIME })).toBe(5);
    expect(await trackers.verify('orders')).toEqual([]);
  });

  it('is left alone by a run, and resumed after it', async () => {
    await interrupted(2);
    await trackers.run('orders');
    expect(await state()).toMatchObject({ backfillThrough: '2026-10-28' });
    await trackers.backfill('orders', { from: '2026-10-27', resume: true });
    expect(await trackers.verify('orders')).toEqual([]);
  });

  it('is replaced by one that is asked for whole', async () => {
    await interrupted(2);
    expect(await trackers.backfill('orders', { from: '2026-10-27' })).toMatchObject({ from: '2026-10-27' });
    expect(await state()).toMatchObject({ backfillFrom: null });
  });

  it('is resumed by its own range only', async () => {
    const resume = (range: { from: string; to?: string }) => trackers.backfill('orders', { ...range, resume: true });
    await expect(resume({ from: '2026-10-27' })).rejects.toThrow(NothingToResumeError);
    await expect(resume({ from: '2026-10-27' })).rejects.toThrow(
      /no interrupted backfill of orders from 2026-10-27 on to go on with\./,
    );
    await interrupted(1, '2026-10-30');
    await expect(resume({ from: '2026-10-27' })).rejects.toThrow(/there is one from 2026-10-27 to 2026-10-30/);
    await expect(resume({ from: '2026-10-28', to: '2026-10-30' })).rejects.toThrow(NothingToResumeError);
    expect(await resume({ from: '2026-10-27', to: '2026-10-30' })).toMatchObject({
      from: '2026-10-28',
      through: '2026-10-30',
    });
  });

  it('waits for a run in progress of another process', async () => {
    const states = module.get(DataSource).getRepository(TrackerState);
    await trackers.run('orders');
    await states.update({ name: 'orders' }, { owner: 'another', fence: '9', until: String(Date.now() + 200) });
    const [began, told] = [Date.now(), [] as string[]];
    module.get(TrackerEvents).all$.subscribe(({ type }) => told.push(type));
    expect(await trackers.backfill('orders', { from: '2026-10-27' })).toMatchObject({ from: '2026-10-27' });
    expect(Date.now() - began).toBeGreaterThanOrEqual(150);
    expect(told).toEqual(['started', 'finished']);
  });
});

describeOnEachDatabase('a backfill from long before the first row', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  it('computes from the first row on, and does a healthy tracker no harm', async () => {
    const module = await start({ database: database.options(), providers: [Orders] });
    const trackers = module.get(TrackerService);
    await saveOrders(module, ...DAYS.map((day) => ({ createdAt: at(`2026-10-${day}T10:00`) })));
    await trackers.run('orders');
    const steps: string[] = [];
    for (const from of ['0001-01-01', '0024-10-28', '1970-01-01']) {
      const done = await trackers.backfill('orders', { from, onProgress: ({ date }) => void steps.push(date) });
      expect(done).toMatchObject({ from: '2026-10-27', through: '2026-10-31', written: 0, removed: 0 });
    }
    expect(steps).toHaveLength(3);
    // a date within ten years is taken at its word
    expect(await trackers.backfill('orders', { from: '2026-10-01' })).toMatchObject({ from: '2026-10-01' });
    expect(await trackers.run('orders')).toMatchObject({ written: 0, removed: 0 });
    const { coverage } = (await trackers.list())[0] ?? {};
    expect(coverage).toEqual({ from: '2026-10-01', through: '2026-10-31' });
  });

  it('does not begin with a stray row', async () => {
    const module = await start({ database: database.options(), providers: [Orders] });
    const trackers = module.get(TrackerService);
    await saveOrders(module, { createdAt: at('2026-10-30T10:00') });
    await trackers.run('orders');
    await saveOrders(module, { createdAt: at('1970-01-01T12:00') });
    await expect(trackers.backfill('orders', { from: '0001-01-01' })).rejects.toMatchObject({
      code: 'TRACKSTATS_STRAY_ROWS',
      first: '1970-01-01',
      count: 1,
      rest: '2026-10-30',
    });
    const through = await trackers.backfill('orders', { from: '2026-10-30' });
    expect(through).toMatchObject({ from: '2026-10-30', through: '2026-10-31' });
  });
});
