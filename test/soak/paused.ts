import type { TrackerRun } from 'nestjs-trackstats';
import type { TestDatabase } from '../support/databases.js';
import type { Settings } from './application/settings.js';
import { NOW } from './dates.js';
import { ENTITIES, Ledger } from './ledger.js';
import { pause, type ShopProcess, type ShopProgram } from './shop-process.js';

const LOCK_AT_MOST_FOR = 2000;

async function opened(database: TestDatabase, program: ShopProgram, sleep: number) {
  const ledger = new Ledger(await database.open({ entities: ENTITIES }));
  await ledger.fill(2);
  const settings: Settings = {
    database: database.options({ synchronize: false }),
    now: NOW,
    scheduling: { enabled: false, lockAtMostFor: LOCK_AT_MOST_FOR },
  };
  const [holder, other] = await Promise.all([program.start({ ...settings, sleep }), program.start(settings)]);
  return { ledger, holder, other };
}

/** What becomes of a call, without its being unhandled meanwhile. */
function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (result) => result,
    (error: unknown) => (error as Error).name,
  );
}

async function statuses(shop: ShopProcess, tracker: string): Promise<TrackerRun['status'][]> {
  return (await shop.history(tracker)).map(({ status }) => status);
}

/** Stops a process whose run has its lease and has not begun to write, lets another run, and wakes it. */
export async function pausedBeforeItWrites(database: TestDatabase, program: ShopProgram): Promise<void> {
  const { ledger, holder, other } = await opened(database, program, 0);
  await holder.call('gate', 'close');
  const waiting = holder.next('waiting');
  const run = outcome(holder.run('amounts'));
  await waiting;
  holder.signal('SIGSTOP');
  await ledger.change();
  expect(await other.runNext('amounts')).toMatchObject({ tracker: 'amounts' });
  holder.signal('SIGCONT');
  await holder.call('gate', 'letPass');
  expect(await run).toBe('LeaseLostError');
  const { amounts } = await ledger.expected();
  expect(new Map([...(await ledger.storedAmounts())].sort())).toEqual(new Map([...amounts].sort()));
  expect(await statuses(other, 'amounts')).toEqual(['succeeded', 'lost']);
}

/**
 * Stops a process in the middle of the transaction that writes. PostgreSQL ends such a transaction when its lease is
 * over, so that the other one gets on; where nothing ends it, its locks hold until it wakes.
 */
export async function pausedWhileItWrites(
  database: TestDatabase,
  program: ShopProgram,
  { serverEndsIt }: { serverEndsIt: boolean },
): Promise<void> {
  const { ledger, holder, other } = await opened(database, program, 1);
  const began = holder.next('started', 'slow');
  const run = outcome(holder.run('slow'));
  await began;
  await pause(150);
  holder.signal('SIGSTOP');
  let isDone = false;
  const next = other.runNext('slow').finally(() => (isDone = true));
  if (serverEndsIt) await next;
  else await pause(3 * LOCK_AT_MOST_FOR);
  expect(isDone).toBe(serverEndsIt);
  holder.signal('SIGCONT');
  expect(await run).toMatch(serverEndsIt ? /Error$/ : /^LeaseLostError$/);
  await next;
  expect(await other.call('trackers', 'verify', 'slow')).toEqual([]);
  expect(await statuses(other, 'slow')).toEqual(['succeeded', 'lost']);
  await ledger.dataSource.query('SELECT 1');
}
