import { jest } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  LeaseLostError,
  Period,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { Database } from '../../lib/database/database.js';
import type { Work } from '../../lib/database/work.js';
import { LeaseService, type LeasedTask } from '../../lib/execution/lease.service.js';
import type { LeaseEnd } from '../../lib/execution/lease.store.js';
import { TrackerRunRecord, TrackerState } from '../../lib/execution/run-tables.js';
import { closeApplications, Order, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: Period.DAY, name: 'orders' })
class Orders extends CountObjectsByDateTracker<Order> {}

const LOCK = 1_000;

// eslint-disable-next-line require-yield -- a work of no statements
function* nothing<T>(value: T): Work<T> {
  return value;
}

function fails(): never {
  throw new TypeError('no');
}

const TASK: LeasedTask<string> = {
  record: () => nothing(0),
  run: () => Promise.resolve('done'),
  fail: () => nothing<LeaseEnd>({ lockAtLeastFor: 0, values: {} }),
};

describeOnEachDatabase('a lease', (database) => {
  let module: TestingModule;

  beforeEach(async () => {
    module = await start({
      database: database.options(),
      providers: [Orders],
      trackstats: { scheduling: { lockAtMostFor: LOCK } },
    });
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const hold = (task: Partial<LeasedTask<string>>): Promise<unknown> =>
    module.get(LeaseService).runUnderLease({ name: 'orders', slot: null }, [], { ...TASK, ...task });
  const until = async (): Promise<number | null> => {
    const state = await module.get(DataSource).getRepository(TrackerState).findOneBy({ name: 'orders' });
    return state?.until === undefined || state.until === null ? null : Number(state.until);
  };

  it.each<[string, Partial<LeasedTask<string>>]>([
    ['a task that throws before it is a promise', { run: fails }],
    ['a task that rejects', { run: () => Promise.reject(new TypeError('no')) }],
    ['what is done with the taking of it and throws', { record: fails }],
    ['what is done with the taking of it and throws later', { record: () => throwing() }],
  ])('is given back after %s', async (_, task) => {
    await expect(hold(task)).rejects.toThrow('no');
    expect(await until()).toBeNull();
    expect(await module.get(TrackerService).run('orders')).toMatchObject({ tracker: 'orders' });
  });

  it('is renewed no more where its end fails, and runs out', async () => {
    await expect(hold({ run: fails, fail: fails })).rejects.toThrow('no');
    const left = await until();
    expect(left).not.toBeNull();
    // longer than the lease: a heartbeat would have moved it
    await new Promise((resolve) => setTimeout(resolve, LOCK + 200));
    expect(await until()).toBe(left);
    expect(await module.get(TrackerService).run('orders')).toMatchObject({ tracker: 'orders' });
  });

  it('is not taken by a call whose signal is none', async () => {
    const trackers = module.get(TrackerService);
    const signal = null as unknown as AbortSignal;
    await expect(trackers.backfill('orders', { from: '2026-10-30', signal })).rejects.toThrow();
    await expect(trackers.run('orders', { signal })).rejects.toThrow();
    expect(await until()).toBeNull();
    expect(await trackers.run('orders')).toMatchObject({ tracker: 'orders' });
  });

  it('that counts as lost after its run was committed leaves the run a success', async () => {
    const [database, trackers] = [module.get(Database), module.get(TrackerService)];
    const transaction = database.transaction.bind(database);
    // of the run's own one the process never hears
    let ofRun = 0;
    const spy = jest.spyOn(database, 'transaction').mockImplementation(async (work, options) => {
      const result = await transaction(work, options);
      if (!isOfLease(options) && ++ofRun === 1) throw new LeaseLostError('orders');
      return result;
    });
    await expect(trackers.run('orders')).rejects.toThrow(LeaseLostError);
    spy.mockRestore();
    expect(ofRun).toBe(2);
    expect(await trackers.history('orders')).toMatchObject([{ status: 'succeeded', error: null }]);
  });

  // the replica that is promoted may not have the lease, and gives its run's id to the run of another process
  it('that a failover has lost leaves the entry of another run as it is', async () => {
    const [database, trackers] = [module.get(Database), module.get(TrackerService)];
    const records = module.get(DataSource).getRepository(TrackerRunRecord);
    const transaction = database.transaction.bind(database);
    let ofRun = 0;
    const spy = jest.spyOn(database, 'transaction').mockImplementation(async (work, options) => {
      if (isOfLease(options) || ++ofRun > 1) return transaction(work, options);
      await records.update({ tracker: 'orders' }, { host: 'other:1' });
      throw new LeaseLostError('orders');
    });
    await expect(trackers.run('orders')).rejects.toThrow(LeaseLostError);
    spy.mockRestore();
    expect(await records.find()).toMatchObject([{ status: 'running', host: 'other:1', error: null }]);
  });
});

/** True for a transaction that takes or renews the lease: a slow machine has renewals between those of a run. */
function isOfLease(options: Parameters<Database['transaction']>[1]): boolean {
  return options?.isProvisional === true;
}

// eslint-disable-next-line require-yield -- it throws instead
function* throwing(): Work<never> {
  throw new TypeError('no');
}
