import type { Random } from './random.js';

/** A process whose timers and clock a simulation keeps. */
export interface TimeKeeper {
  /** milliseconds by which its clock is ahead */
  readonly clockOffset: number;
}

/** A timer that has not fired. */
export interface VirtualTimer {
  readonly owner: TimeKeeper | null;
  readonly at: number;
  readonly id: number;
  readonly fire: () => void;
}

/** The clocks and timers of the system. A simulation takes their place, and gives it back. */
const SYSTEM = { Date, performance, setTimeout, clearTimeout, random: Math.random };
const systemClock = (): number => SYSTEM.Date.now();
let clock = systemClock;

// for good, and before entities name it as the type of a column: TypeORM compares types
globalThis.Date = new Proxy(SYSTEM.Date, {
  construct: (target, given: unknown[], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [clock()] : given, newTarget) as object,
  apply: () => new SYSTEM.Date(clock()).toString(),
  get: (target, name, receiver) => (name === 'now' ? () => clock() : (Reflect.get(target, name, receiver) as unknown)),
});

/**
 * Takes the place of the system's clock, timers and random numbers, so that one seed decides all of them. Time passes
 * only by `moveTo`. Each timer and each look at the clock belongs to the simulated process that is running.
 */
export class VirtualTime {
  running: TimeKeeper | null = null;
  /** milliseconds since 1970, as the database has them */
  now: number;
  private readonly began: number;
  private timers: VirtualTimer[] = [];
  private nextId = 1;

  constructor(
    start: number,
    readonly random: Random,
  ) {
    this.now = start;
    this.began = start;
  }

  install(): void {
    clock = () => this.now + (this.running?.clockOffset ?? 0);
    setPerformance({ now: () => this.now - this.began });
    globalThis.setTimeout = ((task: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
      this.start(task, ms, given)) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((timer: { id?: number } | undefined | null) => {
      this.timers = this.timers.filter(({ id }) => id !== timer?.id);
    }) as typeof clearTimeout;
    Math.random = () => this.random.fraction();
  }

  uninstall(): void {
    clock = systemClock;
    setPerformance(SYSTEM.performance);
    globalThis.setTimeout = SYSTEM.setTimeout;
    globalThis.clearTimeout = SYSTEM.clearTimeout;
    Math.random = SYSTEM.random;
  }

  /** Returns the timer that fires first, of those for whose owner a condition holds. */
  nextTimer(isWanted: (owner: TimeKeeper | null) => boolean): VirtualTimer | undefined {
    let first: VirtualTimer | undefined;
    for (const timer of this.timers) {
      if (!isWanted(timer.owner)) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.id < first.id)) first = timer;
    }
    return first;
  }

  fire(timer: VirtualTimer): void {
    this.timers = this.timers.filter((other) => other !== timer);
    this.moveTo(timer.at);
    timer.fire();
  }

  /** Moves time on; it never goes back. */
  moveTo(instant: number): void {
    this.now = Math.max(this.now, instant);
  }

  /** Removes the timers of a process that has died. */
  forget(owner: TimeKeeper): void {
    this.timers = this.timers.filter((timer) => timer.owner !== owner);
  }

  private start(task: (...given: unknown[]) => void, ms: number, given: unknown[]): object {
    const id = this.nextId++;
    const owner = this.running;
    // Node takes what is no length for a millisecond
    const length = Number.isFinite(ms) && ms >= 1 ? ms : 1;
    this.timers.push({
      id,
      owner,
      at: this.now + length,
      fire: () => {
        task(...given);
      },
    });
    const timer = { id, ref: () => timer, unref: () => timer, hasRef: () => true, [Symbol.toPrimitive]: () => id };
    return timer;
  }
}

function setPerformance(value: object): void {
  Object.defineProperty(globalThis, 'performance', { value, configurable: true, writable: true });
}
