import type { TestDatabase } from '../support/databases.js';
import { DATES, FIRST_DATE } from './application/writers.js';
import { NOW } from './dates.js';
import { ENTITIES, Ledger } from './ledger.js';
import type { ShopProgram } from './shop-process.js';

export interface WriterFigures {
  writers: number;
  calls: number;
  runsBeside: number;
  seconds: number;
}

/** Lets writers in several processes write the same keys at once, with a tracker running in each beside them. */
export async function writersAtOnce(
  database: TestDatabase,
  program: ShopProgram,
  { processes, each, rounds }: { processes: number; each: number; rounds: number },
): Promise<WriterFigures> {
  const ledger = new Ledger(await database.open({ entities: ENTITIES }));
  await ledger.fill(2);
  const settings = {
    database: database.options({ synchronize: false }),
    now: NOW,
    scheduling: { enabled: false },
  } as const;
  const shops = await Promise.all(Array.from({ length: processes }, () => program.start(settings)));
  const began = performance.now();
  let [going, runsBeside] = [true, 0];
  const running = shops.map(async (shop) => {
    while (going) if ((await shop.run('sales')) !== null) runsBeside++;
  });
  // whatever fails fails this
  await Promise.all(shops.map((shop, index) => shop.call('writers', 'write', index * each + 1, each, rounds)));
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  going = false;
  await Promise.all(running);

  const writers = processes * each;
  const numbers = Array.from({ length: writers }, (_, index) => index + 1);
  const [shop] = shops;
  const value = (metric: string, more: object = {}): Promise<number> =>
    shop!.call('statistics', 'total', { metric, from: FIRST_DATE, to: `2026-11-0${DATES}`, ...more });
  expect(await value('shop/visits')).toBe(rounds * numbers.reduce((sum, number) => sum + number, 0));
  const [even, odd] = [Math.ceil(rounds / 2), Math.floor(rounds / 2)];
  expect(await value('shop/visits', { object: { type: 'page', id: 'a' } })).toBe(even * writers);
  expect(await value('shop/visits', { object: { type: 'page', id: 'A' } })).toBe(odd * writers);
  const levels = await shop!.call<{ value: number }[]>('statistics', 'find', { metric: 'shop/levels' });
  expect(levels).toHaveLength(DATES);
  for (const level of levels) expect(numbers).toContain(level.value);
  expect(await shop!.call('trackers', 'verify', 'sales')).toEqual([]);
  return { writers, calls: 4 * writers * rounds, runsBeside, seconds };
}
