import { Logger } from '@nestjs/common';
import { systemClock, type Clock } from '../trackstats.tokens.js';
import { CLOCK_TOLERANCE } from './lease.store.js';

/**
 * Tells runs the time: the application's clock, corrected by the database's if this machine's is off. Replicas share
 * the database, so they agree on the time even if their machines do not.
 */
export class DatabaseClock {
  private readonly logger = new Logger('Trackstats');
  private offset = 0;

  constructor(private readonly clock: Clock) {}

  now(): Date {
    return this.correct(this.clock());
  }

  /** Returns the time for schedules, which follow real time whatever clock the application uses. */
  scheduleNow(): Date {
    return this.correct(systemClock());
  }

  private correct(instant: Date): Date {
    return this.offset === 0 ? instant : new Date(instant.getTime() + this.offset);
  }

  /** True if this machine's clock is off. */
  get isOff(): boolean {
    return this.offset !== 0;
  }

  /**
   * Compares this machine's clock with the database's.
   *
   * @param ask returns the database's time, in milliseconds since 1970
   */
  async compareWith<T extends { readonly now: number }>(ask: () => Promise<T>): Promise<T> {
    const asked = systemClock().getTime();
    const answer = await ask();
    const answered = systemClock().getTime();
    const offset = answer.now - (asked + answered) / 2;
    // half of the round trip is the error of the estimate
    this.setOffset(Math.abs(offset) <= CLOCK_TOLERANCE + (answered - asked) / 2 ? 0 : Math.round(offset));
    return answer;
  }

  private setOffset(offset: number): void {
    if (offset !== 0 && Math.abs(offset - this.offset) > CLOCK_TOLERANCE) {
      const [by, way] = [Math.abs(offset / 1000).toFixed(1), offset < 0 ? 'ahead of' : 'behind'];
      this.logger.warn(
        `The clock of this machine is ${by} s ${way} the database's. Scheduled runs go by the database's; set this one right.`,
      );
    }
    this.offset = offset;
  }
}
