import type { TrackerService } from 'nestjs-trackstats';
import { FAULTS, type Fault } from './fault.js';
import type { SimulatedDatabase } from './simulated-database.js';
import { SimulatedProcess } from './simulated-process.js';
import { Watcher } from './watcher.js';
import { type Mutation, type Statement, World } from './world.js';

export const LEASE = 30_000;
/** When the action begins: some seconds after the slot of noon. */
export const START = Date.UTC(2026, 9, 31, 12, 0, 5);
/** Milliseconds after which everything that one failure delays has ended. */
const PATIENCE = 5 * 60_000;
/** Milliseconds that `app.close()` may take: the grace of a shutdown, and those of a database that does not answer. */
const CLOSE_LIMIT = 16_000;

/** Something that processes do, each of whose statements may fail. */
export interface Scenario {
  readonly name: string;
  readonly register: (trackers: TrackerService) => Promise<unknown>;
  /** the source, as `Watcher.versions` has it */
  readonly versions: () => Watcher['versions'];
  readonly compares?: Watcher['compares'];
  /** when what is stored before is stored, in milliseconds since 1970. @default when the action begins */
  readonly preparedAt?: number;
  /** stores what is there before; it has all the time it needs */
  readonly prepare: (stage: Stage) => Promise<void>;
  /** the action */
  readonly act: (process: SimulatedProcess, stage: Stage) => Promise<unknown>;
  /** what the application does afterwards, in a new process, when everything has ended */
  readonly goOn?: (process: SimulatedProcess, stage: Stage) => Promise<unknown>;
  /** what is wrong at the end, beside what is never right */
  readonly check: (stage: Stage) => readonly string[];
  /** what is wrong with what a commit has left */
  readonly look?: (stage: Stage) => readonly string[];
}

/** A place where something goes wrong. */
export interface Place {
  readonly fault: Fault;
  /** the number of the statement, from 1 on */
  readonly at: number;
  /** number of statements that a second process has done of the same action then; null: there is none */
  readonly beside: number | null;
  /** true: the server ends the transactions of a process that sleeps; false: they keep their locks */
  readonly endsIdle: boolean;
}

/** The outcome of an action at whose statement something went wrong. */
export interface Played {
  readonly problems: readonly string[];
  /** the statements of the first process */
  readonly statements: readonly string[];
  /** number of statements that the second process had done when it went wrong */
  readonly reached: number;
}

/** The world of one case, and what is seen of it. */
export interface Stage {
  readonly database: SimulatedDatabase;
  readonly world: World;
  readonly watcher: Watcher;
  /** what the calls of each process came to, by its name and the call; undefined while a process waits for it */
  readonly outcomes: Map<string, 'done' | 'failed' | undefined>;
  readonly place: Place | null;
}

/** Returns each place at which something can go wrong while there is no second process. */
export function allPlaces(statements: readonly string[]): Place[] {
  return statements.flatMap((_, index) =>
    FAULTS.flatMap((fault): Place[] => {
      const ends = fault.startsWith('sleeps') ? [false, true] : [false];
      return ends.map((endsIdle) => ({ fault, at: index + 1, beside: null, endsIdle }));
    }),
  );
}

/** Returns the places that are not nearly the same as others: the end of one statement is the beginning of the next. */
export function mainPlaces(statements: readonly string[]): Place[] {
  return allPlaces(statements).filter(({ fault, at, endsIdle }) => {
    const isEnd = fault === 'dies after' || fault === 'sleeps after';
    return !endsIdle && (!isEnd || statements[at - 1] === 'COMMIT');
  });
}

/** The name of a place, by which it is found again. */
export function nameOf({ fault, at, beside, endsIdle }: Place): string {
  const where = `${fault} at statement ${at}${endsIdle ? ', whose transaction the server ends' : ''}`;
  return beside === null ? where : `${where}, beside ${beside} statements of a second process`;
}

export class Enumeration {
  constructor(
    private readonly database: SimulatedDatabase,
    private readonly scenario: Scenario,
    private readonly mutation?: Mutation,
  ) {}

  /** Stores what is there before, and returns the statements of the action where nothing goes wrong. */
  async prepare(): Promise<readonly string[]> {
    const stage = this.stage(null, () => null, this.scenario.preparedAt);
    try {
      await this.scenario.prepare(stage);
      this.database.save();
    } finally {
      stage.world.close();
    }
    if (this.mutation !== undefined) return [];
    const played = await this.play(null);
    if (played.problems.length > 0) throw new Error(`Without a failure: ${played.problems.join('; ')}`);
    return played.statements;
  }

  /** Plays a failure beside a second process, at each of the statements that this one can reach. */
  async *playBeside(place: Omit<Place, 'beside'>): AsyncGenerator<{ readonly place: Place; readonly played: Played }> {
    for (let beside = 0; ; beside++) {
      const played = await this.play({ ...place, beside });
      if (played.reached < beside) return;
      yield { place: { ...place, beside }, played };
    }
  }

  /** @param isBrief true to leave out what the application does afterwards where nothing is left to do */
  async play(place: Place | null, isBrief = false): Promise<Played> {
    const { scenario, database } = this;
    database.restore();
    const statements: string[] = [];
    let [isActing, isStruck, sentBefore] = [false, false, 0];
    const faultAt = ({ connection: { actor }, number, text }: Statement): Fault | null => {
      if (!isActing || actor !== first) return null;
      if (!isStruck) statements.push(text);
      if (isStruck || number - sentBefore !== place?.at) return null;
      isStruck = true;
      return place.fault;
    };
    const stage = this.stage(place, faultAt);
    const { world, watcher } = stage;
    const first = this.processOf(stage, 'first');
    const all = [first];
    try {
      await world.settle(first.start(scenario.register));
      const second = place?.beside == null ? null : this.processOf(stage, 'second');
      if (second !== null) {
        all.push(second);
        await world.settle(second.start(scenario.register));
      }
      [isActing, sentBefore] = [true, first.sent];
      const acted = this.act(stage, first);
      let reached = 0;
      if (second !== null && place !== null) {
        reached = await this.meet(stage, place, { first, second, acted, isStruck: () => isStruck });
      }
      while (!acted() && !first.isDead && (await world.step(undefined, START + PATIENCE)));
      isActing = false;
      await world.runUntil(START + PATIENCE);
      if (first.isDead || !isBrief || scenario.check(stage).length > 0) await this.goOn(stage, all);
      watcher.lookAtEnd();
      const problems = [...watcher.problems, ...scenario.check(stage)];
      for (const process of all.filter(({ isDead }) => !isDead)) {
        const began = world.time.now;
        await world.settle(process.close());
        if (world.time.now - began > CLOSE_LIMIT) problems.push(`${process.name} took too long to close`);
      }
      if (place !== null && !isStruck) problems.push('nothing went wrong at the place');
      return { problems, statements, reached };
    } catch (error) {
      return { problems: [...watcher.problems, String((error as Error).stack)], statements, reached: 0 };
    } finally {
      world.close();
    }
  }

  /**
   * Lets the first process come to its place, and the second to its own. What a second process does while the first one
   * is silent comes after it has gone silent.
   */
  private async meet(
    { world, ...stage }: Stage,
    { at, fault, beside }: Place,
    { first, second, acted, isStruck }: Meeting,
  ): Promise<number> {
    const ofFirst = (actor: unknown): boolean => actor === first;
    const ofSecond = (actor: unknown): boolean => actor === second;
    const before = first.sent;
    await world.calm();
    // a method takes its time
    const patience = START + PATIENCE;
    while (!acted() && first.sent - before < at && (await world.step(ofFirst, patience)));
    const isSilent = !fault.startsWith('fails');
    if (isSilent) while (!acted() && !isStruck() && (await world.step(ofFirst, patience)));
    const sent = second.sent;
    this.act({ world, ...stage }, second);
    const reached = (): number => second.sent - sent - (world.hasSent(second) ? 1 : 0);
    // where the first one has the lease, the second waits for its end
    const until = world.time.now + (isSilent ? 2 * LEASE : 0);
    await world.calm();
    while (reached() < (beside ?? 0) && (await world.step(ofSecond, until)));
    const count = reached();
    if (first.asleepUntil > 0) world.wake(first);
    while (!acted() && !first.isDead && (await world.step(ofFirst, world.time.now)));
    return count;
  }

  /** Goes on as an application does: a process is started in place of one that has died. */
  private async goOn(stage: Stage, all: SimulatedProcess[]): Promise<void> {
    const { scenario } = this;
    const { world } = stage;
    let next = all.find(({ isDead }) => !isDead);
    if (next === undefined) {
      next = this.processOf(stage, 'next');
      all.push(next);
      await world.settle(next.start(scenario.register));
      await world.runUntil(START + 2 * PATIENCE);
    }
    const process = next;
    await world.settle(process.do(async () => scenario.goOn?.(process, stage)));
  }

  private act(stage: Stage, process: SimulatedProcess): () => boolean {
    return stage.world.watch(process.do(() => this.scenario.act(process, stage)));
  }

  private processOf({ world }: Stage, name: string): SimulatedProcess {
    return new SimulatedProcess(world, name, this.database.metadata, {
      scheduling: { lockAtMostFor: LEASE, catchUpJitter: 1_000 },
    });
  }

  private stage(place: Place | null, faultAt: (statement: Statement) => Fault | null, start = START): Stage {
    const world = new World({
      database: this.database,
      start,
      seed: 1,
      faultAt,
      sleepFor: 2.5 * LEASE,
      idleLimit: place?.endsIdle === true ? LEASE : null,
      onChange: (statement, written) => {
        watcher.look(statement, written);
        watcher.problems.push(...(this.scenario.look?.(stage) ?? []));
      },
      isShuffled: false,
      mutation: this.mutation,
    });
    const watcher = new Watcher(world, LEASE);
    watcher.versions = this.scenario.versions();
    watcher.compares = this.scenario.compares ?? 'rows';
    const stage: Stage = { database: this.database, world, watcher, outcomes: new Map(), place };
    return stage;
  }
}

interface Meeting {
  readonly first: SimulatedProcess;
  readonly second: SimulatedProcess;
  readonly acted: () => boolean;
  readonly isStruck: () => boolean;
}
