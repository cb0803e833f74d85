import { Logger } from '@nestjs/common';
import { systemClock, type Clock } from '../trackstats.tokens.js';
import { CLOCK_TOLERANCE } from './lease.store.js';

/**
 * What time it is for runs: the application's clock, put right by the database's where this machine's is off. Replicas
 * share the database, so they agree on the time though their machines do not.
 */
export class DatabaseClock {
  private readonly logger = new Logger('Trackstats');
  private offset = 0;

  constructor(private readonly clock: Clock) {}

  now(): Date {
    return this.corrected(this.clock());
  }

  /** What time it is for schedules, which go by real time whatever clock the application has. */
  scheduleNow(): Date {
    return this.corrected(systemClock());
  }

  private corrected(instant: Date): Date {
    return this.offset === 0 ? instant : new Date(instant.getTime() + this.offset);
  }

  /** Whether this machine's clock is off. */
  get isOff(): boolean {
    return this.offset !== 0;
  }

  /**
   * Compares this machine's clock with the database's.
   *
   * @param ask tells the database's time, in milliseconds since 1970
   */
  async compared<T extends { readonly now: number }>(ask: () => Promise<T>): Promise<T> {
    const asked = systemClock().getTime();
    const answer = await ask();
    const answered = systemClock().getTime();
    const offset = answer.now - (asked + answered) / 2;
    // the answer was made at some time in between
    this.set(Math.abs(offset) <= CLOCK_TOLERANCE + (answered - asked) / 2 ? 0 : Math.round(offset));
    return answer;
  }

  private set(offset: number): void {
    if (offset !== 0 && Math.abs(offset - this.offset) > CLOCK_TOLERANCE) {
      const [by, way] = [Math.abs(offset / 1000).toFixed(1), offset < 0 ? 'ahead of' : 'behind'];
      this.logger.warn(
        `The clock of this machine is ${by} s ${way} the database's. Scheduled runs go by the database's; set this one right.`,
      );
    }
    this.offset = offset;
  }
}
