import { CronJob, CronTime } from 'cron';
import { CronTimes } from '../tracking/definition/cron-times.js';
import type { TrackerSchedule } from '../tracking/definition/tracker-schedule.js';
import { systemClock } from '../trackstats.tokens.js';
import { nextSlot } from './every.js';

type CronDate = ReturnType<CronJob['nextDate']>;

/** The times of `every` as a CronJob needs them, so that these jobs are cron jobs too. */
class IntervalTime extends CronTime {
  constructor(private readonly every: number) {
    super('* * * * * *', 'UTC');
    this.source = `every ${every} ms`;
  }

  override sendAt(): CronDate;
  override sendAt(count: number): CronDate[];
  override sendAt(count?: number): CronDate | CronDate[] {
    const now = systemClock();
    if (count === undefined) return this.cronDateAfter(now);
    const first = nextSlot(this.every, now).getTime();
    return Array.from({ length: count }, (_, index) => this.cronDateAfter(new Date(first - 1 + index * this.every)));
  }

  override getTimeout(): number {
    const now = systemClock();
    return nextSlot(this.every, now).getTime() - now.getTime();
  }

  override getNextDateFrom(start: Parameters<CronTime['getNextDateFrom']>[0]): CronDate {
    return this.cronDateAfter(start instanceof Date ? start : new Date(start.toMillis()));
  }

  private cronDateAfter(instant: Date): CronDate {
    // made once: cron parses text for each, which takes most of a start with many trackers
    origin ??= super.getNextDateFrom(new Date(0), 'UTC');
    return origin.plus({ milliseconds: nextSlot(this.every, instant).getTime() - origin.toMillis() });
  }
}

/** A date of the class that cron returns, which is not exported. */
let origin: CronDate | null = null;

/**
 * Runs a tracker for a slot, the instant for which it was scheduled. The slot is null if the application fired the job
 * itself.
 */
export type Tick = (slot: Date | null) => Promise<void>;

/** The expression that cron asks for before a job has its times: one with few times is parsed quickly. */
const NEVER_USED = '0 0 0 1 1 *';

/**
 * The cron job of one tracker in the application's SchedulerRegistry. Its `fireOnTick` resolves when the run has ended.
 */
export class TrackerJob extends CronJob {
  private due: Date | null = null;
  private slot: Date | null = null;
  private latest: Promise<void> = Promise.resolve();

  static of(schedule: TrackerSchedule, tick: Tick): TrackerJob {
    const onTick = (): void => {
      job.latest = tick(job.takeSlot());
    };
    const job = new TrackerJob(NEVER_USED, onTick, null, false, 'UTC');
    job.setTime(
      schedule.every === undefined ? CronTimes.of(schedule.cron, schedule.timeZone) : new IntervalTime(schedule.every),
    );
    return job;
  }

  override start(): void {
    if (this.isActive) return;
    // cron starts the job for the next slot before it ticks for this one
    if (this.due !== null && this.due <= systemClock()) this.slot = this.due;
    this.due = this.nextDate().toJSDate();
    super.start();
  }

  override stop(): ReturnType<CronJob['stop']> {
    this.due = null;
    return super.stop();
  }

  override async fireOnTick(): Promise<void> {
    await super.fireOnTick();
    await this.latest;
  }

  private takeSlot(): Date | null {
    const { slot } = this;
    this.slot = null;
    return slot;
  }
}
