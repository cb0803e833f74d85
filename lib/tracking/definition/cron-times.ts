import { CronTime } from 'cron';
import { systemClock } from '../../trackstats.tokens.js';

type CronDate = ReturnType<CronTime['getNextDateFrom']>;

/** A time of an expression, and an instant after which it is the next one. */
interface NextTime {
  readonly since: Date;
  readonly time: CronDate;
}

const known = new Map<string, CronTimes>();

/**
 * The times of a cron expression. The next one is kept until it has come: cron needs about 1 ms to find it, and an
 * application that starts asks for it three times for each tracker, of which many have the same expression.
 */
export class CronTimes extends CronTime {
  private next: NextTime | null = null;

  private constructor(expression: string, timeZone: string) {
    super(expression, timeZone);
  }

  /**
   * Returns the times of an expression, the same ones for all trackers that have it.
   *
   * @throws CronError
   */
  static of(expression: string, timeZone: string): CronTimes {
    const key = `${timeZone} ${expression}`;
    let times = known.get(key);
    if (times === undefined) known.set(key, (times = new CronTimes(expression, timeZone)));
    return times;
  }

  override sendAt(): CronDate;
  override sendAt(count: number): CronDate[];
  override sendAt(count?: number): CronDate | CronDate[] {
    if (count !== undefined) return super.sendAt(count);
    const now = systemClock();
    const { next } = this;
    // a clock that is set back may have earlier times before it
    if (next !== null && next.since <= now && now.getTime() < next.time.toMillis()) return next.time;
    const time = super.sendAt();
    this.next = { since: now, time };
    return time;
  }
}
