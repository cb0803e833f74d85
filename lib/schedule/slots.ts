import { CronTime } from 'cron';
import type { TrackerSchedule } from '../tracking/tracker-schedule.js';
import { nextSlot, slotAt } from './every.js';

/** The first slot of a schedule after an instant. */
export function slotAfter(schedule: TrackerSchedule, instant: Date): Date {
  if (schedule.every !== undefined) return nextSlot(schedule.every, instant);
  return timesOf(schedule).next(instant);
}

/**
 * The latest slot of a schedule at or before an instant; null where there is none in the eight years before it.
 *
 * Cron expressions tell what comes, not what came: so longer and longer spans before the instant are looked at until one
 * has a slot, and in that one the slots are walked through. It has none in its later half, so they are few.
 */
export function latestSlot(schedule: TrackerSchedule, instant: Date): Date | null {
  if (schedule.every !== undefined) return slotAt(schedule.every, instant);
  const times = timesOf(schedule);
  for (let span = SECOND; span <= EIGHT_YEARS; span *= 2) {
    let slot: Date | null = null;
    // a slot at the very instant is the latest one, so what comes after the moment before it is asked for
    for (let next = times.next(new Date(instant.getTime() - span)); next <= instant; next = times.next(next))
      slot = next;
    if (slot !== null) return slot;
  }
  return null;
}

const SECOND = 1000;
const EIGHT_YEARS = 8 * 366 * 86_400_000;

function timesOf({ cron, timeZone }: { readonly cron: string; readonly timeZone: string }): {
  next: (instant: Date) => Date;
} {
  const time = new CronTime(cron, timeZone);
  return { next: (instant) => time.getNextDateFrom(instant, timeZone).toJSDate() };
}
