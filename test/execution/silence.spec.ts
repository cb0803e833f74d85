import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  DatabaseNotRespondingError,
  defineDomain,
  defineMetric,
  Period,
  RunTimeoutError,
  ShuttingDownError,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import { at, closeApplications, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase, type DatabaseKind } from '../support/databases.js';
import { silentProxy, type SilentProxy } from '../support/silent-proxy.js';

const SHOP = defineDomain({ ref: 'shop' });
const SILENT = defineMetric({ domain: SHOP, ref: 'silent' });
const HURRIED = defineMetric({ domain: SHOP, ref: 'hurried' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });

const SLEEP: Partial<Record<DatabaseKind, string>> = {
  postgres: `(SELECT CAST(pg_sleep(:seconds) AS text)) = ''`,
  mariadb: '(SELECT SLEEP(:seconds)) = 0',
};
/** The statements that are asleep now on the server. */
const ASLEEP: Partial<Record<DatabaseKind, string>> = {
  postgres: `SELECT pid AS id FROM pg_stat_activity WHERE datname = CURRENT_DATABASE() AND wait_event = 'PgSleep'`,
  mariadb: `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'`,
};
/** Ends a session that the server still keeps for a client that it cannot reach. */
const END: Partial<Record<DatabaseKind, (id: unknown) => string>> = {
  postgres: (id) => `SELECT pg_terminate_backend(${String(id)})`,
  mariadb: (id) => `KILL CONNECTION ${String(id)}`,
};

const GRACE = 300;
/** Enough for a run of one row on a busy machine. */
const TIMEOUT = 2_000;
/** A few seconds, and what a busy machine needs. */
const SOON = GRACE + 8_000;

let seconds = 0;
let sleep = '';

@Injectable()
class Sleeping extends CountObjectsByDateTracker<Order> {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override source(): SelectQueryBuilder<Order> {
    return this.dataSource.getRepository(Order).createQueryBuilder('o').where(sleep, { seconds });
  }
}

@Track({ metric: SILENT, dateField: 'createdAt', period: Period.DAY, name: 'silent' })
class Silent extends Sleeping {}

@Track({ metric: HURRIED, dateField: 'createdAt', period: Period.DAY, name: 'hurried', timeout: TIMEOUT })
class Hurried extends Sleeping {}

describeOnEachDatabase('a database to which packets are lost', (database) => {
  const [sleeping, asleep, end] = [SLEEP[database.kind], ASLEEP[database.kind], END[database.kind]];
  if (sleeping === undefined || asleep === undefined || end === undefined) {
    it.skip('does not exist: SQLite runs in this process', () => undefined);
    return;
  }
  let proxy: SilentProxy;
  let direct: DataSource;

  beforeEach(async () => {
    sleep = sleeping;
    seconds = 60;
    proxy = await silentProxy(database.options());
    direct = await database.open({ entities: [] });
  });
  afterEach(async () => {
    // sessions of the lost connections sleep on, with their locks
    const sessions = await direct.query<{ id: unknown }[]>(asleep);
    for (const { id } of sessions) await direct.query(end(id));
    await proxy.close();
    await closeApplications().catch(() => undefined);
    await database.clear();
  });

  const shop = async (scheduling = {}): Promise<TestingModule> => {
    const module = await start({
      database: proxy.through(database.options({ poolSize: 4 })),
      providers: [Silent, Hurried],
      trackstats: { scheduling: { shutdownGrace: GRACE, lockAtMostFor: 60_000, ...scheduling } },
    });
    await saveOrders(module, { createdAt: at('2026-10-31T10:00') });
    return module;
  };
  const untilAsleep = async (): Promise<void> => {
    for (let look = 0; (await direct.query<unknown[]>(asleep)).length === 0; look++) {
      if (look > 500) throw new Error('the statement has not begun');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  /** The number of timers that keep this process alive. */
  const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const timed = async (task: Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await task;
    return performance.now() - began;
  };

  it('does not keep the application from closing, in the middle of a run', async () => {
    const module = await shop();
    const run = module
      .get(TrackerService)
      .run('silent')
      .catch((error: unknown) => error);
    await untilAsleep();
    proxy.lose();
    expect(await timed(module.close())).toBeLessThan(SOON);
    expect(await run).toBeInstanceOf(ShuttingDownError);
  });

  it('does not keep it from closing while a lease is taken, a value is read and an increment is written', async () => {
    const before = timers();
    const module = await shop();
    const statistics = module.get(StatisticService);
    await statistics.increment({ metric: VISITS });
    proxy.lose();
    const waiting = [
      module.get(TrackerService).run('silent'),
      statistics.value({ metric: VISITS }),
      statistics.increment({ metric: VISITS }),
      module.get(TrackerService).verify('silent'),
      module.get(TrackerService).list(),
    ].map((task) => task.catch((error: unknown) => error));
    expect(await timed(module.close())).toBeLessThan(SOON);
    // no call waits for ever either
    expect(await timed(Promise.all(waiting))).toBeLessThan(SOON);
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(Error);
    // and the process may end, once the connection that would cancel the run gives up too
    expect(timers()).toBeLessThanOrEqual(before + 1);
  });

  it('ends a run at its timeout, and the next one runs when packets arrive again', async () => {
    const module = await shop({ lockAtMostFor: 5_000 });
    const trackers = module.get(TrackerService);
    const run = trackers.run('hurried');
    await untilAsleep();
    proxy.lose();
    expect(await timed(expect(run).rejects.toThrow(RunTimeoutError))).toBeLessThan(TIMEOUT + SOON);
    proxy.recover();
    seconds = 0;
    for (const { id } of await direct.query<{ id: unknown }[]>(asleep)) await direct.query(end(id));
    // the lease that could not be given back runs out
    const next = await trackers.backfill('hurried', { from: '2026-10-31' });
    expect(next).toMatchObject({ tracker: 'hurried', from: '2026-10-31' });
    expect((await trackers.history('hurried')).map(({ status }) => status)).toEqual(['succeeded', 'lost']);
    // none of the connections of the pool is left behind
    const reads = Array.from({ length: 8 }, () => module.get(StatisticService).value({ metric: HURRIED }));
    await Promise.all(reads);
  });

  it('ends a run without a timeout when its lease cannot be renewed', async () => {
    const module = await shop({ lockAtMostFor: 1_000 });
    const run = module.get(TrackerService).run('silent');
    await untilAsleep();
    proxy.lose();
    expect(await timed(expect(run).rejects.toThrow(DatabaseNotRespondingError))).toBeLessThan(SOON);
  });

  it('lets calls fail by the time that they may wait for a connection, and work when it answers again', async () => {
    const module = await start({
      database: proxy.through(database.options({ poolSize: 2 })),
      trackstats: { connectionTimeout: 300 },
    });
    const statistics = module.get(StatisticService);
    await statistics.increment({ metric: VISITS });
    // every connection that is made from now on hangs
    for (const connection of await Promise.all([1, 2].map(() => heldConnection(module)))) await connection.release();
    proxy.lose();
    await closeIdle(module);
    await expect(statistics.value({ metric: VISITS })).rejects.toThrow(DatabaseNotRespondingError);
    await expect(statistics.value({ metric: VISITS })).rejects.toThrow(DatabaseNotRespondingError);
    proxy.recover();
    expect(await Promise.all([1, 2, 3, 4].map(() => statistics.value({ metric: VISITS })))).toEqual([1, 1, 1, 1]);
  });
});

async function heldConnection(module: TestingModule) {
  const runner = module.get(DataSource).createQueryRunner();
  await runner.query('SELECT 1');
  return runner;
}

/** The pool forgets its idle connections, as it does after a while. */
async function closeIdle(module: TestingModule): Promise<void> {
  const { master, pool } = module.get(DataSource).driver as unknown as {
    master?: { _idle: { client: object }[]; _remove(client: object): void };
    pool?: { _freeConnections: { length: number; get(place: number): { destroy(): void } } };
  };
  for (const { client } of [...(master?._idle ?? [])]) master?._remove(client);
  while ((pool?._freeConnections.length ?? 0) > 0) pool?._freeConnections.get(0).destroy();
  await Promise.resolve();
}
