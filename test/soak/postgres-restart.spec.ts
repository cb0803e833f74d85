import { DataSource } from 'typeorm';
import type { Settings } from './application/settings.js';
import { tell } from './figures.js';
import { ENTITIES, Ledger } from './ledger.js';
import { HAS_POSTGRES, PrivatePostgres } from './private-postgres.js';
import { pause, ShopProgram, waitAtMost } from './shop-process.js';

const RESTARTS = Number(process.env.SOAK_RESTARTS ?? 6);

(HAS_POSTGRES ? describe : describe.skip)('scheduled runs of a PostgreSQL that is restarted', () => {
  const program = new ShopProgram();
  const server = new PrivatePostgres();
  afterAll(async () => {
    await program.remove();
    server.remove();
  });

  it('go on by themselves, and their rows are right', async () => {
    const opened = (): Promise<DataSource> =>
      new DataSource({ ...server.options(), entities: ENTITIES, synchronize: true }).initialize();
    let ledger = new Ledger(await opened());
    await ledger.fill(1);
    const every = { every: 1000 };
    const settings: Settings = {
      database: server.options(),
      now: new Date(Date.now()).toISOString(),
      scheduling: { lockAtMostFor: 2000, retryDelay: 200 },
      trackers: { sales: every, amounts: every },
    };
    const shops = await Promise.all([program.start(settings), program.start(settings)]);
    const began = Date.now();
    for (let restart = 0; restart < RESTARTS; restart++) {
      await pause(3000 + Math.random() * 4000);
      await ledger.dataSource.destroy();
      server.stop(restart % 2 === 0 ? 'immediate' : 'fast');
      await pause(Math.random() * 1000);
      server.start();
      ledger = new Ledger(await opened());
      const { length } = await ledger.runs('sales');
      // nobody does anything for it
      while ((await ledger.runs('sales')).slice(length).every(({ status }) => status !== 'succeeded')) await pause(100);
    }
    await Promise.all(
      [shops[0].next('finished', 'sales'), shops[0].next('finished', 'amounts')].map((next) =>
        waitAtMost(10_000, next),
      ),
    );
    const [shop] = shops;
    for (const tracker of ['sales', 'amounts']) expect(await shop.call('trackers', 'verify', tracker)).toEqual([]);
    const runs = [...(await ledger.runs('sales')), ...(await ledger.runs('amounts'))];
    const count = (status: string): number => runs.filter((run) => run.status === status).length;
    tell('PostgreSQL restarted', {
      restarts: RESTARTS,
      seconds: Math.round((Date.now() - began) / 1000),
      succeeded: count('succeeded'),
      failed: count('failed'),
      'died with it': count('running'),
    });
    expect(await Promise.all(shops.map(async (each) => (await each.kill('SIGTERM')).code))).toEqual([0, 0]);
    await ledger.dataSource.destroy();
  });
});
