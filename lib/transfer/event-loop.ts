import { setImmediate } from 'node:timers/promises';

/** Lets the event loop turn once after so many steps: awaiting what is there already does not. */
export class EventLoopTurns {
  private steps = 0;

  constructor(private readonly every: number) {}

  /** True if the next step has to wait for `turn`. */
  isDue(steps = 1): boolean {
    this.steps += steps;
    return this.steps >= this.every;
  }

  async turn(): Promise<void> {
    this.steps = 0;
    await setImmediate();
  }
}
