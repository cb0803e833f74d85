import { DataSource } from 'typeorm';
import type { Settings } from './application/settings.js';
import { Sale } from './application/shop.js';
import { FIRST_DATE } from './application/writers.js';
import { Pair } from './failover.js';
import { tell } from './figures.js';
import { ENTITIES, Ledger } from './ledger.js';
import { HAS_POSTGRES } from './private-postgres.js';
import { pause, type ShopProcess, ShopProgram } from './shop-process.js';

const FAILOVERS = Number(process.env.SOAK_FAILOVERS ?? 5);
const CALLERS = 6;

/** What the application was told is done. */
class Acknowledged {
  keyed = 0;
  plain = 0;
  /** calls without a key that were not answered, and may have been counted */
  unknown = 0;
  readonly sales: number[] = [];
  readonly runs: number[] = [];
  errors = 0;
  isOver = false;
}

(HAS_POSTGRES ? describe : describe.skip)('a PostgreSQL whose primary crashes', () => {
  const program = new ShopProgram();
  let pair: Pair | undefined;

  afterEach(async () => {
    await program.killAll();
    await pair?.remove();
  });
  afterAll(() => program.remove());

  /** Counts events until it is over, each with a key and until it is acknowledged, and each without one once. */
  async function count(shop: ShopProcess, caller: number, done: Acknowledged): Promise<void> {
    for (let event = 0; !done.isOver; event++) {
      const key = `${String(caller)} ${String(event)}`;
      for (;;) {
        try {
          await shop.call('writers', 'count', 'keyed', key);
          done.keyed += 1;
          break;
        } catch {
          done.errors += 1;
          await pause(50);
        }
      }
      try {
        await shop.call('writers', 'count', 'plain');
        done.plain += 1;
      } catch {
        done.unknown += 1;
      }
      await pause(5);
    }
  }

  /** Inserts rows of the source until it is over. */
  async function sell(dataSource: DataSource, done: Acknowledged): Promise<void> {
    while (!done.isOver) {
      try {
        const result = await dataSource
          .getRepository(Sale)
          .insert({ soldAt: new Date(), amount: 1, customer: { id: 'a' } });
        done.sales.push(result.identifiers[0]?.id as number);
      } catch {
        await pause(50);
      }
      await pause(20);
    }
  }

  /** Fails over again and again while increments, sales and runs go on. */
  async function play(isSynchronous: boolean, lag: number): Promise<Record<string, number>> {
    pair = await Pair.start(isSynchronous);
    const database = pair.address.options();
    const dataSource = await new DataSource({ ...database, entities: ENTITIES, synchronize: true }).initialize();
    await new Ledger(dataSource).fill(0.1);
    const every = { every: 1000 };
    const settings: Settings = {
      database,
      scheduling: { lockAtMostFor: 2000, retryDelay: 100 },
      trackers: { sales: every, amounts: every },
    };
    const shops = await Promise.all([program.start(settings), program.start(settings)]);
    const done = new Acknowledged();
    for (const shop of shops) {
      shop.onEvent(({ type, runId }) => {
        if (type === 'finished' && runId !== undefined) done.runs.push(runId);
      });
    }
    const callers = Array.from({ length: CALLERS }, (_, caller) =>
      count(shops[caller % shops.length] as ShopProcess, caller, done),
    );
    const work = Promise.all([...callers, sell(dataSource, done)]);
    const outages: number[] = [];
    for (let failover = 0; failover < FAILOVERS; failover++) {
      await pause(3000 + Math.random() * 2000);
      const began = Date.now();
      const runs = done.runs.length;
      await pair.failOver(lag);
      // nobody does anything for it
      while (done.runs.length === runs) await pause(20);
      outages.push(Date.now() - began - lag);
      await pair.addReplica();
    }
    done.isOver = true;
    await work;
    const shop = shops[0];
    for (const tracker of ['sales', 'amounts']) {
      await shop.runNext(tracker);
      expect(await shop.call('trackers', 'verify', tracker)).toEqual([]);
    }
    const value = (ref: string): Promise<number> =>
      shop.call('statistics', 'value', { metric: `shop/${ref}`, date: FIRST_DATE });
    const runs = [...done.runs];
    const ids = new Set((await dataSource.getRepository(Sale).find({ select: { id: true } })).map(({ id }) => id));
    const ledger = new Ledger(dataSource);
    const history = [...(await ledger.runs('sales')), ...(await ledger.runs('amounts'))];
    const succeeded = new Set(history.filter(({ status }) => status === 'succeeded').map(({ id }) => id));
    const slots = history
      .filter(({ status, slot }) => status === 'succeeded' && slot !== null)
      .map(({ tracker, slot }) => `${tracker} ${String(slot)}`);
    const [keyed, plain] = [await value('keyed'), await value('plain')];
    const figures = {
      failovers: FAILOVERS,
      'keyed increments acknowledged': done.keyed,
      'keyed increments lost': done.keyed - keyed,
      'increments acknowledged': done.plain,
      'increments lost': Math.max(0, done.plain - plain),
      'increments unanswered': done.unknown,
      'increments too many': Math.max(0, plain - done.plain - done.unknown),
      'rows acknowledged': done.sales.length,
      'rows lost': done.sales.filter((id) => !ids.has(id)).length,
      'runs acknowledged': runs.length,
      'runs lost': runs.filter((id) => !succeeded.has(id)).length,
      'slots twice': slots.length - new Set(slots).size,
      'longest outage in ms': Math.max(...outages),
    };
    tell(isSynchronous ? 'synchronous replication' : 'asynchronous replication', figures);
    expect(await Promise.all(shops.map(async (each) => (await each.kill('SIGTERM')).code))).toEqual([0, 0]);
    await dataSource.destroy();
    return figures;
  }

  it('loses nothing that was acknowledged, if the replica is synchronous', async () => {
    expect(await play(true, 400)).toMatchObject({
      'keyed increments lost': 0,
      'increments lost': 0,
      'increments too many': 0,
      'rows lost': 0,
      'runs lost': 0,
      'slots twice': 0,
    });
  });

  // what the replica has not received is gone, and the rest fits together
  it('goes on with what the replica has, if it is asynchronous', async () => {
    expect(await play(false, 400)).toMatchObject({ 'increments too many': 0, 'slots twice': 0 });
  });
});
