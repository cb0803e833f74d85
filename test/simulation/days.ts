import { createHash } from 'node:crypto';
import { Period } from 'nestjs-trackstats';
import { FAULTS, type Fault } from './fault.js';
import { Random } from './random.js';
import { LIKES, Payments, registerAmounts, VISITS } from './shop.js';
import type { SimulatedDatabase } from './simulated-database.js';
import { SimulatedProcess } from './simulated-process.js';
import { Watcher } from './watcher.js';
import { type Statement, World } from './world.js';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
const START = Date.UTC(2026, 9, 1, 0, 30);
const LEASE = 30 * SECOND;
const SLOTS = 12 * HOUR;
const PROCESSES = 3;
/** Things that the application does in a day. */
const DEEDS = 6;
/** The limit of a shutdown: its grace, and what it waits for a database that does not answer. */
const CLOSE_LIMIT = 16 * SECOND + 500;

/** The outcome of some simulated days. */
export interface Days {
  readonly problems: readonly string[];
  readonly statements: number;
  readonly runs: number;
  readonly faults: number;
  /** tells if another play of the same seed did the same */
  readonly trace: string;
}

interface Increments {
  /** increments that were acknowledged, and those of which nobody knows */
  acknowledged: number;
  unknown: number;
  /** keys that were not acknowledged yet */
  readonly open: Set<string>;
  keys: number;
}

/**
 * Plays some days of an application with three processes: rows come, change and go, visits are counted, processes are
 * restarted, and anything may go wrong at any statement. Everything follows from the seed.
 */
export class SimulatedDays {
  private readonly random: Random;
  private readonly world: World;
  private readonly watcher: Watcher;
  private readonly payments: Payments;
  private readonly processes: (SimulatedProcess | null)[] = [];
  private readonly increments: Increments = { acknowledged: 0, unknown: 0, open: new Set(), keys: 0 };
  private readonly trace = createHash('sha256');
  private readonly faultTimes: number[] = [];
  private readonly closings: {
    readonly process: SimulatedProcess;
    readonly until: number;
    isSettled: () => boolean;
  }[] = [];
  private started = 0;
  private isCalm = false;

  private constructor(
    private readonly database: SimulatedDatabase,
    private readonly seed: number,
    /** how often something goes wrong: at one of so many statements */
    private readonly rarity: number,
  ) {
    this.random = new Random(seed ^ 0x5eed);
    this.world = new World({
      database,
      start: START,
      seed,
      faultAt: (statement) => this.faultAt(statement),
      sleepFor: this.random.pick([45 * SECOND, 75 * SECOND, 10 * MINUTE]),
      idleLimit: this.random.pick([LEASE, null]),
      onChange: (statement, written) => {
        this.watcher.versions = [this.payments.rows];
        this.watcher.look(statement, written);
      },
      isShuffled: true,
    });
    this.watcher = new Watcher(this.world, LEASE);
    // LIFETIME takes twice the time: SQLite prepares every statement again after a table was staged
    this.watcher.periods = seed % 4 === 0 ? [Period.DAY, Period.LIFETIME] : [Period.DAY, Period.MONTH_TO_DATE];
    this.payments = new Payments(database);
  }

  static async play(database: SimulatedDatabase, seed: number, days: number, rarity = 250): Promise<Days> {
    database.clear();
    const play = new SimulatedDays(database, seed, rarity);
    try {
      await play.live(days);
    } catch (error) {
      play.watcher.problems.push(String((error as Error).stack));
    } finally {
      play.world.close();
    }
    const { watcher, world, faultTimes, trace } = play;
    return {
      problems: watcher.problems.map((problem) => `seed ${seed}: ${problem}`),
      statements: world.executed,
      runs: watcher.stored.runs.length,
      faults: faultTimes.length,
      trace: trace.digest('hex'),
    };
  }

  private faultAt({ text, connection: { actor } }: Statement): Fault | null {
    this.trace.update(`${this.world.time.now} ${actor.name} ${text}\n`);
    if (this.isCalm || !this.random.chance(1 / this.rarity)) return null;
    this.faultTimes.push(this.world.time.now);
    return this.random.pick(FAULTS);
  }

  private async live(days: number): Promise<void> {
    for (let place = 0; place < PROCESSES; place++) await this.startAt(place);
    for (let day = 0; day < days; day++) {
      const times = Array.from({ length: DEEDS }, () => START + day * DAY + this.random.below(DAY)).sort(
        (a, b) => a - b,
      );
      for (const at of times) {
        await this.world.runUntil(at);
        await this.doSomething();
      }
    }
    await this.end(START + days * DAY);
  }

  private async doSomething(): Promise<void> {
    const { random } = this;
    this.checkClosings();
    for (let place = 0; place < PROCESSES; place++) {
      if (this.processes[place]?.isDead !== false && random.chance(0.7)) await this.startAt(place);
    }
    const deed = random.below(10);
    if (deed < 4) await this.changeSource();
    else if (deed < 9) this.count();
    else this.restart(random.below(PROCESSES));
  }

  /** Changes rows of dates that the next run counts again. */
  private async changeSource(): Promise<void> {
    const { random, payments, world } = this;
    await world.untilUnlocked();
    const { now } = world.time;
    const some = payments.rows.filter(({ at }) => at > now - 2 * DAY);
    const chosen = some.length === 0 ? undefined : random.pick(some);
    if (chosen === undefined || random.chance(0.6)) {
      payments.add(
        now - 10 * MINUTE - random.below(2 * DAY - 20 * MINUTE),
        random.pick([1, 2, 3, null]),
        random.between(-500, 900),
      );
    } else if (random.chance(0.5)) payments.remove(chosen.id);
    else payments.change(chosen.id, random.between(-500, 900));
  }

  /** Counts visits: likes without a key, and visits with one, which are sent until they are acknowledged. */
  private count(): void {
    const { increments, random } = this;
    const process = this.processes[random.below(PROCESSES)];
    if (process == null || process.isDead) return;
    for (let sent = random.between(1, 3); sent > 0; sent--) {
      const by = random.between(1, 9);
      increments.unknown += by;
      const done = process.do(() => process.statistics.increment({ metric: LIKES, date: '2026-10-01', by }));
      done.then(
        () => {
          increments.unknown -= by;
          increments.acknowledged += by;
        },
        () => undefined,
      );
    }
    if (random.chance(0.6)) increments.open.add(`event ${increments.keys++}`);
    for (const key of increments.open) this.countKey(process, key);
  }

  private countKey(process: SimulatedProcess, key: string): void {
    const call = { metric: VISITS, date: '2026-10-01', key } as const;
    const done = process.do(() => process.statistics.increment(call));
    done.then(
      () => this.increments.open.delete(key),
      () => undefined,
    );
  }

  private async startAt(place: number): Promise<void> {
    const { random, world } = this;
    const offset = random.chance(0.2) ? random.between(-300, 300) * SECOND : 0;
    const scheduling = { lockAtMostFor: LEASE };
    const name = `process ${++this.started}`;
    const process = new SimulatedProcess(world, name, this.database.metadata, { scheduling }, offset);
    this.processes[place] = process;
    const start = process.start((trackers) => registerAmounts(trackers, { period: this.watcher.periods }, '12 hours'));
    // a start that fails is begun again by whatever keeps processes running
    const hasFailed = start.then(
      () => false,
      () => true,
    );
    const isSettled = world.watch(hasFailed);
    while (!isSettled() && !process.isDead && process.asleepUntil === 0 && (await world.step()));
    if (isSettled() && (await hasFailed)) world.kill(process);
  }

  private restart(place: number): void {
    const process = this.processes[place];
    if (process == null || process.isDead) return;
    this.processes[place] = null;
    const closed = process.close();
    this.closings.push({ process, until: this.world.time.now + CLOSE_LIMIT, isSettled: this.world.watch(closed) });
  }

  /** A process that was told to close has ended in time, unless it was paused. */
  private checkClosings(): void {
    for (const closing of [...this.closings]) {
      const { process, until, isSettled } = closing;
      if (this.world.time.now < until) continue;
      this.closings.splice(this.closings.indexOf(closing), 1);
      if (!isSettled() && !process.wasPaused && !process.isDead)
        this.watcher.problems.push(`${process.name} does not close`);
      if (!process.isDead) this.world.kill(process);
    }
  }

  /** Nothing goes wrong any more, and in the end everything is right. */
  private async end(until: number): Promise<void> {
    const { world, watcher, increments } = this;
    this.isCalm = true;
    await world.runUntil(until + HOUR);
    this.checkClosings();
    for (let place = 0; place < PROCESSES; place++) {
      if (this.processes[place]?.isDead !== false) await this.startAt(place);
    }
    await world.runUntil(until + 2 * SLOTS);
    const process = this.processes[0] as SimulatedProcess;
    for (const key of increments.open) this.countKey(process, key);
    await world.runUntil(until + 2 * SLOTS + HOUR);
    watcher.versions = [this.payments.rows];
    const { stored } = watcher;
    watcher.problems.push(...watcher.wrongValues(stored), ...this.wrongEnd());
    for (const one of this.processes) if (one !== null) await world.settle(one.close());
  }

  private wrongEnd(): string[] {
    const { world, watcher, increments } = this;
    const { state } = watcher.stored;
    const problems = [...watcher.wrongHistory()];
    const slot = Math.floor(world.time.now / SLOTS) * SLOTS;
    if (state?.slot !== slot) problems.push(`the slot ${new Date(slot).toISOString()} was lost`);
    if (state?.owner !== null) problems.push('the lease is not free');
    const [likes, visits] = [this.counted(LIKES.ref), this.counted(VISITS.ref)];
    if (likes < increments.acknowledged || likes > increments.acknowledged + increments.unknown) {
      problems.push(
        `${likes} likes, of which ${increments.acknowledged} were acknowledged and ${increments.unknown} not`,
      );
    }
    if (visits !== increments.keys) problems.push(`${visits} visits with ${increments.keys} keys`);
    return [...problems, ...this.lostSlots()];
  }

  /** Slots that no run has, though nothing went wrong between the one before and the one after. */
  private lostSlots(): string[] {
    const slots = new Set(
      this.watcher.stored.runs.filter(({ status }) => status === 'succeeded').map(({ slot }) => slot),
    );
    const lost: string[] = [];
    const first = Math.min(...[...slots].map((slot) => slot ?? Infinity));
    for (let slot = first; slot <= this.world.time.now - SLOTS; slot += SLOTS) {
      const isExcused = this.faultTimes.some((at) => at > slot - SLOTS && at < slot + SLOTS);
      if (!slots.has(slot) && !isExcused) lost.push(`the slot ${new Date(slot).toISOString()} was lost`);
    }
    return lost;
  }

  private counted(ref: string): number {
    const [row] = this.database.outside.rows<{ value: number | null }>(
      `SELECT SUM(s.value) AS value FROM trackstats_statistic_by_date s JOIN trackstats_metric m ON m.id = s.metric_id WHERE m.ref = ?`,
      ref,
    );
    return row?.value ?? 0;
  }
}
