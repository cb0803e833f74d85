import { Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { closeApplications, metadataOf, NOW, Order, QUIET, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const metricOf = (tenant: string) => defineMetric({ domain: SHOP, ref: `orders.${tenant}` });
const trackerOf = (tenant: string) =>
  new CountObjectsByDateTracker<Order>({
    metric: metricOf(tenant),
    period: Period.DAY,
    dateField: 'createdAt',
    where: { status: tenant },
  });
const of = (tenant: string) => ({ name: `orders of ${tenant}`, source: Order });

@Injectable()
@Track({ metric: metricOf('lazy'), source: Order, dateField: 'createdAt', period: Period.DAY, cron: '0 * * * *' })
class LazyTracker extends CountObjectsByDateTracker {}

@Injectable()
class LazyMethods {
  @Track({ metric: metricOf('first'), every: '1 hour' })
  first(): number {
    return 1;
  }

  @Track({ metric: metricOf('second') })
  second(): number {
    return 2;
  }
}

@Module({ providers: [LazyTracker, LazyMethods] })
class LazyModule {}

describeOnEachDatabase('trackers that are registered at run time', (database) => {
  let module: TestingModule;
  let trackers: TrackerService;

  beforeAll(async () => {
    module = await start({ database: database.options() });
    trackers = module.get(TrackerService);
    await saveOrders(module, ...['acme', 'acme', 'bolt'].map((status) => ({ status, createdAt: NOW })));
  });
  afterAll(closeApplications);
  afterEach(async () => {
    for (const { name } of await trackers.list()) await trackers.unregister(name);
  });

  const names = async () => (await trackers.list()).map(({ name }) => name);
  const value = (tenant: string) => module.get(StatisticService).value({ metric: metricOf(tenant) });
  const jobs = () => [...module.get(SchedulerRegistry, { strict: false }).getCronJobs().keys()];

  it('are several of one class, each with its name, schedule, statistics and history', async () => {
    expect(await trackers.register(trackerOf('acme'), { ...of('acme'), every: '1 hour' })).toEqual(['orders of acme']);
    await trackers.register(trackerOf('bolt'), { ...of('bolt'), cron: '0 3 * * *', every: undefined });
    expect(jobs()).toEqual(['orders of acme', 'orders of bolt']);
    expect(await trackers.list()).toMatchObject([
      { schedule: { every: 3_600_000 }, nextRunAt: expect.any(Date) },
      { schedule: { cron: '0 3 * * *' }, nextRunAt: expect.any(Date) },
    ]);
    for (const name of await names()) await trackers.run(name);
    expect([await value('acme'), await value('bolt')]).toEqual([2, 1]);
    expect(await trackers.history('orders of bolt')).toMatchObject([{ status: 'succeeded' }]);
    await expect(trackers.run(CountObjectsByDateTracker)).rejects.toMatchObject({
      code: 'TRACKSTATS_AMBIGUOUS_TRACKER',
    });
    const recorded = module.get(StatisticService).record({ metric: metricOf('acme'), value: 7 });
    await expect(recorded).rejects.toMatchObject({ code: 'TRACKSTATS_TRACKER_OWNED' });
  });

  it('end when they are unregistered, and may come again', async () => {
    await trackers.register(trackerOf('acme'), { ...of('acme'), every: '1 hour' });
    await trackers.unregister('orders of acme');
    expect([await names(), jobs()]).toEqual([[], []]);
    await trackers.register(trackerOf('acme'), { ...of('acme'), every: '2 hours' });
    expect(await names()).toEqual(['orders of acme']);
  });

  it('may be those of a module that was loaded lazily', async () => {
    const loader = module.get(LazyModuleLoader, { strict: false });
    const lazy: ModuleRef = await loader.load(() => LazyModule);
    expect(await trackers.register(lazy.get(LazyTracker))).toEqual(['LazyTracker']);
    expect(await trackers.register(lazy.get(LazyMethods))).toEqual(['LazyMethods.first', 'LazyMethods.second']);
    expect(jobs()).toEqual(['LazyTracker', 'LazyMethods.first']);
    await trackers.run(LazyTracker);
    await trackers.run([LazyMethods, 'second']);
    expect([await value('lazy'), await value('second')]).toEqual([3, 2]);
    await trackers.unregister(LazyTracker);
    await trackers.register(lazy.get(LazyTracker), { every: '1 day', name: 'daily' });
    expect((await trackers.list()).find(({ name }) => name === 'daily')?.schedule).toMatchObject({
      every: 86_400_000,
    });
  });

  it('leave nothing behind where they are refused', async () => {
    await trackers.register(trackerOf('acme'), of('acme'));
    const refusals: [object, object, string][] = [
      [trackerOf('bolt'), of('acme'), 'DUPLICATE_TRACKER'],
      [trackerOf('acme'), of('bolt'), 'DUPLICATE_TRACKER'],
      [trackerOf('bolt'), { source: Order }, 'INVALID_TRACKER'],
      [trackerOf('bolt'), { name: 'bolt' }, 'MISSING_SOURCE'],
      [trackerOf('bolt'), { ...of('bolt'), cron: 'often' }, 'INVALID_SCHEDULE'],
      [trackerOf('bolt'), { ...of('bolt'), metric: 'shop/x' }, 'INVALID_TRACKER'],
      [trackerOf('bolt'), { ...of('bolt'), source: class Nothing {} }, 'INVALID_SOURCE'],
      [new LazyMethods(), { every: '1 hour' }, 'INVALID_TRACKER'],
      [{}, {}, 'INVALID_TRACKER'],
      [null as never, {}, 'INVALID_TRACKER'],
      [trackerOf('bolt'), null as never, 'INVALID_TRACKER'],
    ];
    for (const [tracker, options, code] of refusals) {
      await expect(trackers.register(tracker, options)).rejects.toMatchObject({ code: `TRACKSTATS_${code}` });
    }
    expect(await names()).toEqual(['orders of acme']);
    await trackers.register(trackerOf('bolt'), of('bolt'));
    await expect(trackers.unregister('nobody')).rejects.toMatchObject({ code: 'TRACKSTATS_UNKNOWN_TRACKER' });
  });
});

it('none is registered before the application has started, nor when it has stopped', async () => {
  const module = await Test.createTestingModule(metadataOf({})).setLogger(QUIET).compile();
  const trackers = module.get(TrackerService);
  const register = () => trackers.register(trackerOf('acme'), { ...of('acme'), every: '1 hour' });
  await expect(register()).rejects.toMatchObject({ code: 'TRACKSTATS_NOT_STARTED' });
  await module.init();
  await module.close();
  await expect(register()).rejects.toThrow();
});
