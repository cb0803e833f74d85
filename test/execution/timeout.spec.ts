import type { TestingModule } from '@nestjs/testing';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  RunTimeoutError,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import { at, closeApplications, Order, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase, type DatabaseKind } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const SLOW = defineMetric({ domain: SHOP, ref: 'slow' });
const TIMEOUT = 300;

const SLEEP: Partial<Record<DatabaseKind, string>> = {
  postgres: `(SELECT CAST(pg_sleep(:seconds) AS text)) = ''`,
  mariadb: '(SELECT SLEEP(:seconds)) = 0',
};
/** The statements that are asleep now on the server. */
const ASLEEP: Partial<Record<DatabaseKind, string>> = {
  postgres: `SELECT 1 FROM pg_stat_activity WHERE datname = CURRENT_DATABASE() AND state = 'active' AND wait_event = 'PgSleep'`,
  mariadb: `SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'`,
};

let seconds = 0;
let sleep = '';

@Track({ metric: SLOW, dateField: 'createdAt', period: Period.DAY, name: 'slow', timeout: TIMEOUT })
class Slow extends CountObjectsByDateTracker<Order> {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override source(): SelectQueryBuilder<Order> {
    return this.dataSource.getRepository(Order).createQueryBuilder('o').where(sleep, { seconds });
  }
}

describeOnEachDatabase('a statement that takes longer than the timeout', (database) => {
  const [sleeping, asleep] = [SLEEP[database.kind], ASLEEP[database.kind]];
  if (sleeping === undefined || asleep === undefined) {
    it.skip('goes on: SQLite runs in this process', () => undefined);
    return;
  }
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const shop = (poolSize: number): Promise<TestingModule> => {
    sleep = sleeping;
    return start({ database: database.options({ poolSize }), providers: [Slow] });
  };

  it.each([4, 1])('is cancelled on the server, with a pool of %i', async (poolSize) => {
    const module = await shop(poolSize);
    const trackers = module.get(TrackerService);
    await saveOrders(module, { createdAt: at('2026-10-31T10:00') });
    seconds = 60;
    const began = performance.now();
    await expect(trackers.run('slow')).rejects.toThrow(RunTimeoutError);
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(await module.get(DataSource).query(asleep)).toEqual([]);
    expect(await trackers.history('slow')).toMatchObject([{ status: 'failed', written: 0 }]);
    // the connection is as good as before
    expect(await module.get(DataSource).query('SELECT 1 AS one')).toHaveLength(1);
  });
});
