import { addDays, type AlertInfo } from 'nestjs-trackstats';
import type { TestDatabase } from '../support/databases.js';
import { DAYS, FIRST_DAY, NOW } from './dates.js';
import { ENTITIES } from './ledger.js';
import { pause, type ShopProcess, type ShopProgram } from './shop-process.js';

const LOCK_AT_MOST_FOR = 4000;

/** Kills a process while the method of its alert runs: another one calls it for the same crossing, once the lease is over. */
export async function killedInItsAlert(database: TestDatabase, program: ShopProgram): Promise<void> {
  await database.open({ entities: ENTITIES });
  const settings = {
    database: database.options({ synchronize: false }),
    now: NOW,
    scheduling: { enabled: false, lockAtMostFor: LOCK_AT_MOST_FOR },
  };
  const [first, second] = await Promise.all([program.start(settings), program.start(settings)]);
  await first.call('level', 'record', addDays(FIRST_DAY, DAYS - 2), 3);
  await first.call('gate', 'close');
  const waiting = first.next('waiting');
  evaluate(first).catch(() => undefined); // ends with its process
  await waiting;
  expect((await evaluate(second))[0]).toMatchObject({ status: 'firing', undelivered: { attempts: 1 } });
  expect(callsOf(second)).toEqual([]);
  await first.kill();
  while (callsOf(second).length === 0) {
    await evaluate(second);
    await pause(50);
  }
  const [begun] = callsOf(first);
  expect(begun).toMatchObject({ attempt: 1 });
  expect(callsOf(second)).toEqual([{ ...begun, attempt: 2 }]);
  expect((await evaluate(second))[0]).toMatchObject({ status: 'firing', undelivered: null });
  expect(callsOf(second)).toHaveLength(1);
}

function evaluate(shop: ShopProcess): Promise<AlertInfo[]> {
  return shop.call('alerts', 'evaluate');
}

function callsOf({ events }: ShopProcess): object[] {
  return events.filter(({ type }) => type === 'alerted');
}
