import type { Difference, TrackerRun } from 'nestjs-trackstats';
import type { TestDatabase } from '../support/databases.js';
import { BACKFILL_STEP_DAYS, FIRST_DAY, NOW } from './dates.js';
import { tell } from './figures.js';
import { ENTITIES, Ledger } from './ledger.js';
import { pause, ProcessEnded, type ShopProcess, type ShopProgram, waitAtMost } from './shop-process.js';

/** What came of it. */
export interface KillFigures {
  kills: number;
  /** runs that had begun and not ended: the history shows them as lost */
  lost: number;
  /** backfills that were gone on with where they were killed */
  resumed: number;
  /** times that the statistics were looked at while something went on */
  looks: number;
}

const WORK = ['sales', 'amounts', 'stock', 'minutes', 'backfill'] as const;
type WorkName = (typeof WORK)[number];

const BACKFILL = { from: FIRST_DAY, step: BACKFILL_STEP_DAYS };

/**
 * Kills processes at random points of runs and backfills, each after the other has mended what the one before it left,
 * and changes the source before and after. After each kill, the statistics must be those of a fresh computation.
 */
export async function killedAtRandom(
  database: TestDatabase,
  program: ShopProgram,
  { kills, sales, extra = {} }: { kills: number; sales: number; extra?: object },
): Promise<KillFigures> {
  const settings = {
    database: database.options({ synchronize: false, ...extra }),
    now: NOW,
    scheduling: { enabled: false, lockAtMostFor: 1000 },
  };
  const ledger = new Ledger(await database.open({ entities: ENTITIES, ...extra }));
  await ledger.fill(sales);
  const figures: KillFigures = { kills: 0, lost: 0, resumed: 0, looks: 0 };
  const reader = new Reader(ledger);
  const durations = new Map<WorkName, number>();
  try {
    for (;;) {
      const shop = await program.start(settings);
      reader.look();
      await mend(shop, ledger, figures);
      await reader.rest();
      await expectFresh(shop, ledger);
      if (figures.kills === kills) {
        await expectHistory(shop, figures);
        expect((await shop.kill('SIGTERM')).code).toBe(0);
        break;
      }
      if (figures.kills === 0) for (const work of WORK) await measure(shop, work, durations);
      if (figures.kills % 10 === 0) tell(`kill -9 on ${database.kind}`, { ...figures, looks: reader.looks });
      await ledger.change();
      reader.look();
      await killAtWork(shop, WORK[figures.kills % WORK.length]!, durations);
      await reader.rest();
      figures.kills++;
      if (Math.random() < 0.5) await ledger.change();
    }
  } finally {
    await reader.rest();
  }
  figures.looks = reader.looks;
  expect(reader.torn).toEqual([]);
  expect(figures.looks).toBeGreaterThan(kills);
  return figures;
}

function start(shop: ShopProcess, work: WorkName): Promise<unknown> {
  return work === 'backfill' ? shop.call('trackers', 'backfill', 'amounts', BACKFILL) : shop.run(work);
}

async function measure(shop: ShopProcess, work: WorkName, durations: Map<WorkName, number>): Promise<void> {
  const began = performance.now();
  await start(shop, work);
  durations.set(work, performance.now() - began);
}

async function killAtWork(shop: ShopProcess, work: WorkName, durations: Map<WorkName, number>): Promise<void> {
  const done = measure(shop, work, durations).catch((error: unknown) => {
    if (!(error instanceof ProcessEnded)) throw error;
  });
  // a few end before they are killed: so the kills reach to the very end of it
  await waitAtMost(Math.random() * durations.get(work)! * 1.1, done);
  await shop.kill();
  await done;
}

/** What an application does whose process was killed: it goes on with the backfill, and runs. */
async function mend(shop: ShopProcess, ledger: Ledger, figures: KillFigures): Promise<void> {
  const mark = (await ledger.states()).get('amounts')?.backfillFrom ?? null;
  if (mark !== null) {
    await shop.call('trackers', 'backfill', 'amounts', { ...BACKFILL, resume: true });
    figures.resumed++;
  }
  for (const tracker of ['sales', 'amounts', 'minutes', 'stock']) await shop.runNext(tracker);
}

async function expectFresh(shop: ShopProcess, ledger: Ledger): Promise<void> {
  for (const tracker of ['sales', 'amounts', 'minutes']) {
    expect(await shop.call<Difference[]>('trackers', 'verify', tracker)).toEqual([]);
  }
  const { sales, amounts, times, number } = await ledger.expected();
  expect(sorted(await ledger.storedSales())).toEqual(sorted(sales));
  expect(sorted(await ledger.storedAmounts())).toEqual(sorted(amounts));
  expect(sorted(await ledger.storedTimes())).toEqual(sorted(times));
  expect(await shop.call('statistics', 'value', { metric: 'shop/stock' })).toBe(number);
}

function sorted(values: ReadonlyMap<string, number>): [string, number][] {
  // an object whose sales are all gone is zero from then on, or is not there
  return [...values].filter(([, value]) => value !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function expectHistory(shop: ShopProcess, figures: KillFigures): Promise<void> {
  const runs = await Promise.all(['sales', 'amounts', 'minutes', 'stock'].map((tracker) => shop.history(tracker)));
  const count = (status: TrackerRun['status']): number => runs.flat().filter((run) => run.status === status).length;
  figures.lost = count('lost');
  expect(count('succeeded') + figures.lost).toBe(runs.flat().length);
}

/** Looks at the statistics again and again, while it is not told to rest. */
class Reader {
  readonly torn: string[] = [];
  looks = 0;
  private looking: Promise<void> | null = null;
  private resting = true;

  constructor(private readonly ledger: Ledger) {}

  look(): void {
    this.resting = false;
    this.looking ??= this.loop();
  }

  async rest(): Promise<void> {
    this.resting = true;
    await this.looking;
    this.looking = null;
  }

  private async loop(): Promise<void> {
    while (!this.resting) {
      this.torn.push(...(await this.ledger.tornRanges()));
      this.looks++;
      await pause(5);
    }
  }
}
