import type { TestingModule } from '@nestjs/testing';
import { ConnectionBusyError, defineDomain, defineMetric, StatisticService } from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { closeApplications, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
/** One for each request: those of one metric would wait for each other's rows, and those of a new one for its domain. */
const NOTED = Array.from({ length: 10 }, (_, n) => defineMetric({ domain: SHOP, ref: `noted_${n}` }));
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });

const TIMEOUT = 400;

describeOnEachDatabase('a call inside a transaction of the application', (database) => {
  let module: TestingModule;
  let statistics: StatisticService;

  beforeEach(async () => {
    module = await start({
      database: database.options({ poolSize: 10 }),
      trackstats: { connectionTimeout: TIMEOUT },
    });
    statistics = module.get(StatisticService);
    await statistics.increment({ metric: VISITS });
    await statistics.recordMany(NOTED.map((metric) => ({ metric, value: 0 })));
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  /** What becomes of a call that a transaction waits for, as each of ten requests makes it. */
  const request = async (call: () => Promise<unknown>): Promise<{ error: unknown; waited: number }> => {
    const began = performance.now();
    const error = await module
      .get(DataSource)
      .transaction(async (manager) => {
        await manager.query('SELECT 1');
        await call();
      })
      .then(
        () => null,
        (caught: unknown) => caught,
      );
    return { error, waited: performance.now() - began };
  };

  it.each<[string, (n: number) => Promise<unknown>]>([
    ['increment', () => statistics.increment({ metric: VISITS })],
    ['record', (n) => statistics.record({ metric: NOTED[n] ?? VISITS, value: 1 })],
  ])('%s: ten at one time, on a pool of ten, end by the clock', async (name, call) => {
    if (name === 'record' && database.kind === 'sqlite') return; // TypeORM gives ten transactions one connection there
    const requests = database.kind === 'sqlite' ? 1 : 10;
    const ended = await Promise.all(Array.from({ length: requests }, (_, n) => request(() => call(n))));
    const failed = ended.filter(({ error }) => error !== null);
    for (const { error, waited } of failed) {
      expect(error).toBeInstanceOf(ConnectionBusyError);
      expect(waited).toBeGreaterThan(0.9 * TIMEOUT);
    }
    for (const { waited } of ended) expect(waited).toBeLessThan(TIMEOUT + 3_000);
    const busy = failed.find(({ error }) => error instanceof ConnectionBusyError);
    expect(String(busy?.error)).toMatch(/{ …, manager }.*await (it|the call) after the transaction has\s+ended/);
    // the connections are back, and nothing hangs behind
    expect(await statistics.value({ metric: VISITS })).toBeGreaterThanOrEqual(1);
    await statistics.increment({ metric: VISITS });
  });

  it('fails by the time since it was made, not by that of the calls before it', async () => {
    const runner = module.get(DataSource).createQueryRunner();
    const runners = database.kind === 'sqlite' ? [runner] : [runner, ...others(9)];
    for (const one of runners) await one.startTransaction();
    const waits: number[] = [];
    const call = async (): Promise<void> => {
      const began = performance.now();
      await expect(statistics.increment({ metric: VISITS })).rejects.toThrow(ConnectionBusyError);
      waits.push(performance.now() - began);
    };
    const first = call();
    await new Promise((resolve) => setTimeout(resolve, TIMEOUT / 4));
    await Promise.all([first, call(), call()]);
    for (const one of runners) {
      await one.rollbackTransaction();
      await one.release();
    }
    // each by its own clock: not twice as long because another one was waiting already
    for (const waited of waits) {
      expect(waited).toBeGreaterThan(0.9 * TIMEOUT);
      expect(waited).toBeLessThan(1.7 * TIMEOUT);
    }
    expect(await statistics.value({ metric: VISITS })).toBe(1);
  });

  it('goes on when the transaction ends in time', async () => {
    const dataSource = module.get(DataSource);
    const runner = dataSource.createQueryRunner();
    const runners = database.kind === 'sqlite' ? [runner] : [runner, ...others(9)];
    for (const one of runners) await one.startTransaction();
    const counted = statistics.increment({ metric: VISITS });
    for (const one of runners) {
      await one.rollbackTransaction();
      await one.release();
    }
    await counted;
    expect(await statistics.value({ metric: VISITS })).toBe(2);
  });

  function others(count: number) {
    return Array.from({ length: count }, () => module.get(DataSource).createQueryRunner());
  }
});

describe('waiting for the SQLite connection', () => {
  it('is by a clock, whatever the pauses of a busy process are', async () => {
    const module = await start({ trackstats: { connectionTimeout: 500 } });
    try {
      const runner = module.get(DataSource).createQueryRunner();
      await runner.startTransaction();
      // the process has its hands full: a pause of 5 ms takes 50
      const busy = setInterval(() => {
        const until = performance.now() + 45;
        while (performance.now() < until);
      }, 1);
      const began = performance.now();
      await expect(module.get(StatisticService).increment({ metric: VISITS })).rejects.toThrow(ConnectionBusyError);
      clearInterval(busy);
      expect(performance.now() - began).toBeLessThan(1_000);
      await runner.rollbackTransaction();
      await runner.release();
    } finally {
      await closeApplications();
    }
  });
});
