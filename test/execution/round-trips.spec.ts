import { jest } from '@jest/globals';
import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { TrackerRunRecord, TrackerState } from '../../lib/execution/run-tables.js';
import { at, closeApplications, NOW, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const ORDERS = defineMetric({ domain: defineDomain({ ref: 'trips' }), ref: 'orders' });

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: Period.DAY, name: 'trips', lookback: 3 })
class Orders extends CountObjectsByDateTracker {}

describeOnEachDatabase('a run of a tracker that has run before', (database) => {
  const expected = { postgres: 2, mariadb: 2, sqlite: 13 }[database.kind];
  let module: TestingModule;

  beforeEach(async () => {
    module = await start({ database: database.options(), providers: [Orders] });
    await saveOrders(module, { createdAt: at('2026-10-20T10:00') }, { createdAt: at('2026-10-31T10:00') });
    await module.get(TrackerService).run(Orders);
    await module.get(TrackerService).run(Orders);
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const statementsOf = async (work: () => Promise<unknown>): Promise<string[]> => {
    const statements: string[] = [];
    const watched = jest
      .spyOn(module.get(DataSource).logger, 'logQuery')
      .mockImplementation((text) => void statements.push(text));
    await work();
    watched.mockRestore();
    // after a statement that took long
    return statements.filter((text) => text !== 'DISCARD PLANS');
  };

  /** The versions of the rows of statistics, which a write changes. */
  const versions = async (): Promise<unknown> =>
    database.kind === 'postgres'
      ? module.get(DataSource).query('SELECT date, xmin::text FROM trackstats_statistic_by_date ORDER BY date')
      : null;

  it('takes few statements, and writes only what has changed', async () => {
    const before = await versions();
    const statements = await statementsOf(async () => {
      expect(await module.get(TrackerService).run(Orders)).toMatchObject({ written: 0, removed: 0 });
    });
    expect(statements).toHaveLength(expected);
    expect(await versions()).toEqual(before);
    await saveOrders(module, { createdAt: at('2026-10-30T10:00') }, { createdAt: at('2026-10-31T11:00') });
    const after = await statementsOf(async () => {
      expect(await module.get(TrackerService).run(Orders)).toMatchObject({ written: 2, removed: 0 });
    });
    expect(after).toHaveLength(expected);
    expect(await module.get(TrackerService).history(Orders)).toMatchObject([
      { status: 'succeeded', written: 2 },
      { status: 'succeeded', written: 0 },
      { status: 'succeeded' },
      { status: 'succeeded', written: 2 },
    ]);
  });

  it('enters each run under its own id, and leaves the lease free', async () => {
    await module.get(TrackerService).run(Orders);
    const dataSource = module.get(DataSource);
    const runs = await dataSource.getRepository(TrackerRunRecord).find({ order: { id: 'ASC' } });
    expect(runs.map(({ status, fence, startedAt }) => [status, Number(fence), Number(startedAt)])).toEqual(
      [1, 2, 3].map((fence) => ['succeeded', fence, NOW.getTime()]),
    );
    expect(new Set(runs.map(({ id }) => id)).size).toBe(3);
    expect(await dataSource.getRepository(TrackerState).findOneByOrFail({ name: 'trips' })).toMatchObject({
      owner: null,
      until: null,
    });
  });
});
