import { Domain, Metric } from 'nestjs-trackstats';
import type { TestDatabase } from '../support/databases.js';
import { FIRST_DAY, NOW } from './dates.js';
import { ENTITIES } from './ledger.js';
import { ProcessEnded, type ShopProcess, type ShopProgram } from './shop-process.js';

interface LogEntry {
  readonly key: string;
  readonly by: number;
}

export interface ReplayFigures {
  kills: number;
  /** entries that a killed process had not answered, and that others counted then */
  resent: number;
}

const METRIC = 'shop/clicks';
const BATCH = 20;

/**
 * Replays a log of increments over processes, of which some are killed in the middle of a batch. 30 % of its entries are
 * in it twice, and what a killed process did not answer is sent again. The total must be that of the distinct keys.
 */
export async function replayedLog(
  database: TestDatabase,
  program: ShopProgram,
  { events, processes, kills }: { events: number; processes: number; kills: number },
): Promise<ReplayFigures> {
  const dataSource = await database.open({ entities: ENTITIES });
  const domain = await dataSource.getRepository(Domain).save({ ref: 'shop', name: 'Shop' });
  await dataSource.getRepository(Metric).insert({ domain, ref: 'clicks', name: 'Clicks' });
  const distinct = Array.from({ length: events }, (_, id): LogEntry => ({ key: `event-${id}`, by: (id % 7) + 1 }));
  const queue = shuffled([...distinct, ...distinct.filter((_, place) => place % 10 < 3)], 7);
  const settings = {
    database: database.options({ synchronize: false }),
    now: NOW,
    scheduling: { enabled: false },
  } as const;
  const shops = await Promise.all(Array.from({ length: processes }, () => program.start(settings)));
  const figures: ReplayFigures = { kills: 0, resent: 0 };

  /** Sends some of the log, and returns what was not answered because the process was killed. */
  const send = async (shop: ShopProcess, batch: readonly LogEntry[], isKilled: boolean): Promise<LogEntry[]> => {
    const calls = batch.map(({ key, by }) =>
      shop.call('statistics', 'increment', { metric: METRIC, date: FIRST_DAY, key, by }),
    );
    const settled = Promise.allSettled(calls);
    if (isKilled) {
      await calls[0]; // the others are written together after it, in one transaction or more
      await shop.kill();
      figures.kills++;
    }
    const answers = await settled;
    return batch.filter((_, place) => {
      const answer = answers[place];
      if (answer?.status !== 'rejected') return false;
      if (!(answer.reason instanceof ProcessEnded)) throw answer.reason;
      return true;
    });
  };
  await Promise.all(
    shops.map(async (shop, index) => {
      for (let batches = 0; queue.length > 0; batches++) {
        const isKilled = index < kills && batches === 0;
        const unanswered = await send(shop, queue.splice(0, BATCH), isKilled);
        queue.push(...unanswered);
        figures.resent += unanswered.length;
        if (isKilled) return;
      }
    }),
  );
  const shop = shops.at(-1)!;
  // the last of the killed ones may have given back its part after the others had ended
  while (queue.length > 0) expect(await send(shop, queue.splice(0, BATCH), false)).toEqual([]);

  const expected = distinct.reduce((sum, { by }) => sum + by, 0);
  const total = (): Promise<number> =>
    shop.call('statistics', 'total', { metric: METRIC, from: FIRST_DAY, to: FIRST_DAY });
  expect(await total()).toBe(expected);
  // the whole log once more, in another order
  const again = shuffled(distinct, 11);
  while (again.length > 0) expect(await send(shop, again.splice(0, BATCH), false)).toEqual([]);
  expect(await total()).toBe(expected);
  return figures;
}

/** Shuffles the same way each time. */
function shuffled<T>(all: readonly T[], seed: number): T[] {
  let state = seed;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const left = [...all];
  return all.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T);
}
