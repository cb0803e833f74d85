import { CronTime } from 'cron';
import { systemClock } from '../../trackstats.tokens.js';

type CronDate = ReturnType<CronTime['getNextDateFrom']>;

/** A time of an expression, and an instant after which it is the next one. */
interface NextTime {
  readonly since: Date;
  readonly time: CronDate;
}

const nextTimes = new Map<string, NextTime>();

/**
 * The times of a cron expression. The next one is kept until it has come: cron needs about 1 ms to find it, and an
 * application that starts asks for it three times for each tracker, of which many have the same expression.
 */
export class CronTimes extends CronTime {
  private readonly key: string;

  /** @throws CronError */
  constructor(expression: string, timeZone: string) {
    super(expression, timeZone);
    this.key = `${timeZone} ${expression}`;
  }

  override sendAt(): CronDate;
  override sendAt(count: number): CronDate[];
  override sendAt(count?: number): CronDate | CronDate[] {
    if (count !== undefined) return super.sendAt(count);
    const now = systemClock();
    const known = nextTimes.get(this.key);
    // a clock that is set back may have earlier times before it
    if (known !== undefined && known.since <= now && now.getTime() < known.time.toMillis()) return known.time;
    const time = super.sendAt();
    nextTimes.set(this.key, { since: now, time });
    return time;
  }
}
