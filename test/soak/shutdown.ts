import { TrackerState } from '../../lib/execution/run-tables.js';
import type { TestDatabase } from '../support/databases.js';
import type { Settings } from './application/settings.js';
import { NOW } from './dates.js';
import { ENTITIES, Ledger } from './ledger.js';
import { pause, type ShopProgram } from './shop-process.js';

const RUNNING: Partial<Record<string, string>> = {
  postgres: `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
  mariadb: `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command <> 'Sleep'`,
};

const HOUR = 3_600_000;

/** Sends SIGTERM in the middle of a scheduled run, which ends within the grace time or does not. */
export async function terminated(
  database: TestDatabase,
  program: ShopProgram,
  { sleep, shutdownGrace }: { sleep: number; shutdownGrace: number },
): Promise<string[]> {
  const ledger = new Ledger(await database.open({ entities: ENTITIES }));
  await ledger.fill(1);
  const settings: Settings = {
    database: database.options({ synchronize: false }),
    now: NOW,
    scheduling: { shutdownGrace, catchUpJitter: 0 },
    trackers: { slow: { every: HOUR } },
  };
  const first = await program.start(settings);
  await first.run('slow');
  // the slots of five hours are missed: the next one catches up with the latest when it starts
  await ledger.dataSource.getRepository(TrackerState).update({ name: 'slow' }, { slot: String(Date.now() - 5 * HOUR) });
  await first.kill('SIGTERM');
  const shop = await program.start({ ...settings, sleep });
  while ((await ledger.runs('slow')).length < 2) await pause(20);
  await pause(300);
  expect(await shop.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  const running = RUNNING[database.kind];
  if (running !== undefined) expect(await ledger.dataSource.query(running)).toEqual([]);
  expect((await ledger.states()).get('slow')).toMatchObject({ owner: null, until: null });
  const statuses = (await ledger.runs('slow')).map(({ status }) => status);
  // the one that starts next makes up for it, where it was cancelled
  const last = await program.start(settings);
  while ((await ledger.runs('slow')).at(-1)?.status !== 'succeeded') await pause(20);
  expect(await last.call('trackers', 'verify', 'slow')).toEqual([]);
  expect(Number((await ledger.states()).get('slow')?.slot)).toBe(Math.floor(Date.now() / HOUR) * HOUR);
  expect((await last.kill('SIGTERM')).code).toBe(0);
  return statuses;
}
