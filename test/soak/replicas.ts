import { existsSync } from 'node:fs';
import type { TestDatabase } from '../support/databases.js';
import type { Settings } from './application/settings.js';
import { ENTITIES, Ledger } from './ledger.js';
import { pause, type ShopProcess, type ShopProgram, waitAtMost } from './shop-process.js';

const LIBFAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/** What makes a process's clock five minutes fast; null where Debian's libfaketime is not installed. */
export const FAST_CLOCK: NodeJS.ProcessEnv | null = existsSync(LIBFAKETIME)
  ? { LD_PRELOAD: LIBFAKETIME, FAKETIME: '+5m', FAKETIME_DONT_FAKE_MONOTONIC: '1' }
  : null;

const SLOT = 1000;
/** What a process may take to see that it can run. */
const LOOK = 300;
const LOCK_AT_MOST_FOR = 3000;
const TRACKERS = ['sales', 'stock', 'minutes'] as const;

export interface ReplicaFigures {
  /** of each tracker, between the first and the last that were run */
  slots: number;
  kills: number;
  /** kills in the middle of a run, whose lease then had to run out */
  killsOfHolders: number;
  /** slots that came while the lease of a killed process ran */
  slotsOfTheDead: number;
  /** slots that came and went while the run of an earlier one went on, as it does on a machine that has too much to do */
  overrun: number;
  /** slots that nobody ran though no lease of a killed process was in the way */
  missed: number;
  /** slots that were run twice */
  twice: number;
  processWithFastClock: boolean;
  /** how many runs each process did */
  runs: number[];
}

interface Kill {
  readonly at: number;
  readonly tracker: string | null;
}

/**
 * Lets several processes run the same trackers each second, one of them with a clock that is five minutes fast, and
 * kills and restarts one now and then: at rest, or in the middle of a run.
 */
export async function replicas(
  database: TestDatabase,
  program: ShopProgram,
  { processes, ticks, killEvery }: { processes: number; ticks: number; killEvery: number },
): Promise<ReplicaFigures> {
  const ledger = new Ledger(await database.open({ entities: ENTITIES }));
  await ledger.fill(0.1);
  const every = { every: SLOT };
  const settings: Settings = {
    database: database.options({ synchronize: false }),
    scheduling: { lockAtMostFor: LOCK_AT_MOST_FOR, catchUpJitter: 100 },
    trackers: { sales: every, stock: every, minutes: every },
    stockTakes: 50,
  };
  const shops = await Promise.all(
    Array.from({ length: processes }, (_, index) => program.start(settings, envOf(index))),
  );
  const kills: Kill[] = [];
  const began = Date.now();
  for (let next = began + killEvery; Date.now() < began + ticks * SLOT;) {
    await pause(100);
    if (Date.now() < next) continue;
    next += killEvery;
    const place = kills.length % processes;
    kills.push(
      await kill(shops[place]!, kills.length % 2 === 0 ? TRACKERS[(kills.length / 2) % TRACKERS.length]! : null),
    );
    shops[place] = await program.start(settings, envOf(place));
  }
  const ended = Date.now();
  expect(await Promise.all(shops.map(async (shop) => (await shop.kill('SIGTERM')).code))).toEqual(shops.map(() => 0));
  return figuresOf(ledger, kills, { began: began + SLOT, ended: ended - SLOT });
}

function envOf(place: number): NodeJS.ProcessEnv {
  return place === 0 ? (FAST_CLOCK ?? {}) : {};
}

/** @param tracker in the middle of a run of it; null: whenever */
async function kill(shop: ShopProcess, tracker: string | null): Promise<Kill> {
  if (tracker !== null) await waitAtMost(30 * SLOT, shop.next('started', tracker));
  const at = Date.now();
  await shop.kill();
  return { at, tracker };
}

async function figuresOf(
  ledger: Ledger,
  kills: readonly Kill[],
  { began, ended }: { began: number; ended: number },
): Promise<ReplicaFigures> {
  const figures = {
    slots: 0,
    kills: kills.length,
    killsOfHolders: 0,
    slotsOfTheDead: 0,
    overrun: 0,
    missed: 0,
    twice: 0,
  };
  const runs = new Map<string, number>();
  for (const tracker of TRACKERS) {
    const records = (await ledger.runs(tracker)).filter(({ slot }) => slot !== null);
    // none is going on any more: it says so because its process was killed
    const lost = records.filter(({ status }) => status === 'running');
    figures.killsOfHolders += lost.length;
    const dead = lost.map(({ startedAt }) => Number(startedAt));
    for (let slot = Math.ceil(began / SLOT) * SLOT; slot < ended; slot += SLOT) {
      figures.slots++;
      const succeeded = records.filter((run) => Number(run.slot) === slot && run.status === 'succeeded');
      if (succeeded.length > 1) figures.twice++;
      if (succeeded.length > 0) continue;
      // a lease is looked at again a moment after it has run out
      const isOfTheDead = dead.some((at) => slot >= at - SLOT && slot <= at + LOCK_AT_MOST_FOR + SLOT / 2);
      // the run of an earlier slot took until after this one: the latest slot makes up for all that came meanwhile
      const isOverrun = records.some(
        (run) => Number(run.slot) < slot && Number(run.finishedAt ?? 0) >= slot + SLOT - LOOK,
      );
      if (isOfTheDead) figures.slotsOfTheDead++;
      else if (isOverrun) figures.overrun++;
      else figures.missed++;
    }
    for (const { host } of records) runs.set(host, (runs.get(host) ?? 0) + 1);
  }
  return { ...figures, processWithFastClock: FAST_CLOCK !== null, runs: [...runs.values()] };
}
