import { jest } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import {
  ConnectionBusyError,
  defineDomain,
  defineMetric,
  InvalidFilterError,
  InvalidManagerError,
  Period,
  RowsLockedError,
  StatisticService,
} from 'nestjs-trackstats';
import { DataSource, type EntityManager } from 'typeorm';
import { closeApplications, Customer, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const NOTED = defineMetric({ domain: SHOP, ref: 'noted' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });

const TIMEOUT = 400;
class RolledBack extends Error {}

describeOnEachDatabase('calls inside a transaction of the application', (database) => {
  let module: TestingModule;
  let statistics: StatisticService;
  let dataSource: DataSource;

  const begin = async (poolSize: number): Promise<void> => {
    module = await start({ database: database.options({ poolSize }), trackstats: { connectionTimeout: TIMEOUT } });
    statistics = module.get(StatisticService);
    dataSource = module.get(DataSource);
  };
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const saveCustomer = (manager: EntityManager, id: number): Promise<unknown> =>
    manager.save(Customer, manager.create(Customer, { id, name: `c${String(id)}` } as object));
  const customers = (): Promise<number> => dataSource.getRepository(Customer).count();

  /** Every call that writes, within a transaction that ends as told. */
  const writeAll = async (manager: EntityManager): Promise<void> => {
    await saveCustomer(manager, 1);
    await statistics.record({ metric: NOTED, value: 7, manager });
    await statistics.recordMany([{ metric: NOTED, value: 8, object: { type: 'page', id: '1' } }], { manager });
    await statistics.increment({ metric: VISITS, by: 3, manager });
    await statistics.increment({ metric: VISITS, by: 4, manager });
    await statistics.remove({ metric: NOTED, date: '2020-01-01', manager });
  };

  it.each([1, 5])('commit with it, and take no other connection of a pool of %i', async (poolSize) => {
    await begin(poolSize);
    await statistics.record({ metric: NOTED, value: 1, date: '2020-01-01' });
    const connections = jest.spyOn(dataSource, 'createQueryRunner');
    await dataSource.transaction(writeAll);
    expect(connections).toHaveBeenCalledTimes(1);
    expect(await statistics.value({ metric: NOTED })).toBe(7);
    expect(await statistics.value({ metric: NOTED, object: { type: 'page', id: '1' } })).toBe(8);
    expect(await statistics.value({ metric: VISITS })).toBe(7);
    expect(await statistics.value({ metric: NOTED, date: '2020-01-01' })).toBeNull();
    expect(await customers()).toBe(1);
    await statistics.increment({ metric: VISITS });
    expect(await statistics.value({ metric: VISITS })).toBe(8);
  });

  it.each([1, 5])('leave nothing where it rolls back, with a pool of %i', async (poolSize) => {
    await begin(poolSize);
    await statistics.record({ metric: NOTED, value: 1, date: '2020-01-01' });
    const all = dataSource.transaction(async (manager) => {
      await writeAll(manager);
      throw new RolledBack();
    });
    await expect(all).rejects.toThrow(RolledBack);
    expect(await statistics.value({ metric: NOTED })).toBeNull();
    expect(await statistics.value({ metric: NOTED, date: '2020-01-01' })).toBe(1);
    expect(await statistics.coverage({ metric: VISITS })).toBeNull();
    expect(await customers()).toBe(0);
    // the metric of the rolled back call was not remembered as stored
    await statistics.increment({ metric: VISITS });
    expect(await statistics.value({ metric: VISITS })).toBe(1);
  });

  it('undo what a refused call did, and let the transaction go on', async () => {
    await begin(2);
    await statistics.record({ metric: NOTED, value: 1 });
    await statistics.increment({ metric: VISITS, by: '9'.repeat(45) });
    await dataSource.transaction(async (manager) => {
      await saveCustomer(manager, 1);
      await expect(statistics.increment({ metric: NOTED, manager })).rejects.toThrow('record');
      await expect(
        statistics.increment({ metric: VISITS, by: '9'.repeat(45), date: '2020-01-01', manager }),
      ).resolves.toBeUndefined();
      await expect(statistics.increment({ metric: VISITS, by: '9'.repeat(45), manager })).rejects.toThrow();
      await statistics.record({ metric: NOTED, value: 2, manager });
      await saveCustomer(manager, 2);
    });
    expect(await customers()).toBe(2);
    expect(await statistics.value({ metric: NOTED })).toBe(2);
    expect(await statistics.value({ metric: VISITS, exact: true })).toBe('9'.repeat(45));
  });

  it('made at the same time follow one another', async () => {
    await begin(2);
    await statistics.record({ metric: NOTED, value: 1 });
    await dataSource.transaction(async (manager) => {
      const calls = Array.from({ length: 8 }, (_, place) =>
        place % 2 === 0
          ? statistics.increment({ metric: VISITS, manager })
          : statistics.increment({ metric: NOTED, manager }).catch(() => 'refused'),
      );
      expect((await Promise.all(calls)).filter((one) => one === 'refused')).toHaveLength(4);
    });
    expect(await statistics.value({ metric: VISITS })).toBe(4);
  });

  it('join a transaction within a transaction', async () => {
    await begin(2);
    await dataSource.transaction(async (outer) => {
      await statistics.increment({ metric: VISITS, manager: outer });
      const inner = outer.transaction(async (manager) => {
        await statistics.increment({ metric: VISITS, by: 10, manager });
        throw new RolledBack();
      });
      await expect(inner).rejects.toThrow(RolledBack);
      await statistics.increment({ metric: VISITS, by: 100, manager: outer });
    });
    expect(await statistics.value({ metric: VISITS })).toBe(101);
  });

  it('refuse a manager without an open transaction, or of another data source', async () => {
    await begin(2);
    const other = await new DataSource({ type: 'better-sqlite3', database: ':memory:' }).initialize();
    const runner = dataSource.createQueryRunner();
    const idle = [dataSource.manager, runner.manager];
    const calls: ((manager: EntityManager) => Promise<unknown>)[] = [
      (manager) => statistics.record({ metric: NOTED, value: 1, manager }),
      (manager) => statistics.recordMany([{ metric: NOTED, value: 1 }], { manager }),
      (manager) => statistics.increment({ metric: VISITS, manager }),
      (manager) => statistics.remove({ metric: NOTED, manager }),
    ];
    for (const call of calls)
      for (const manager of idle) await expect(call(manager)).rejects.toThrow(InvalidManagerError);
    for (const call of calls) {
      await expect(call({} as EntityManager)).rejects.toThrow(/manager/);
      await expect(call(null as unknown as EntityManager)).rejects.toThrow(/manager/);
    }
    await runner.release();
    await other.transaction(async (manager) => {
      for (const call of calls) await expect(call(manager)).rejects.toThrow(/another data source/);
    });
    await other.destroy();
    const row = { metric: NOTED, value: 1, manager: dataSource.manager };
    await expect(statistics.recordMany([row])).rejects.toThrow(InvalidFilterError);
    expect(await statistics.find({ metric: NOTED })).toEqual([]);
    await dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1');
      await manager.queryRunner?.rollbackTransaction();
      for (const call of calls) await expect(call(manager)).rejects.toThrow(InvalidManagerError);
      await manager.queryRunner?.startTransaction();
    });
    expect(await statistics.find({ metric: NOTED })).toEqual([]);
  });

  it('without manager name it, where they wait for the transaction that awaits them', async () => {
    await begin(1);
    await statistics.increment({ metric: VISITS });
    const waited = dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1');
      await statistics.increment({ metric: VISITS });
    });
    const error: unknown = await waited.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConnectionBusyError);
    expect(String(error)).toContain('{ …, manager }');
  });

  it('without manager name it, where the transaction that awaits them has locked their rows', async () => {
    if (database.kind === 'sqlite') return; // one connection: the case before
    await begin(3);
    if (database.kind === 'mariadb') {
      const runners = [0, 1, 2].map(() => dataSource.createQueryRunner());
      for (const runner of runners) await runner.query('SET SESSION innodb_lock_wait_timeout = 1');
      for (const runner of runners) await runner.release();
    }
    await statistics.increment({ metric: VISITS });
    const waited = dataSource.transaction(async (manager) => {
      await statistics.increment({ metric: VISITS, manager });
      await statistics.increment({ metric: VISITS });
    });
    const error: unknown = await waited.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RowsLockedError);
    expect(String(error)).toContain('{ …, manager }');
    // the transaction was rolled back, and nothing hangs behind
    expect(await statistics.value({ metric: VISITS, period: Period.DAY })).toBe(1);
    await statistics.increment({ metric: VISITS });
  });
});
