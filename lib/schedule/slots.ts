import { CronTime } from 'cron';
import type { TrackerSchedule } from '../tracking/definition/tracker-schedule.js';
import { nextSlot, slotAt } from './every.js';

/** Returns the first slot of a schedule after an instant. */
export function slotAfter(schedule: TrackerSchedule, instant: Date): Date {
  if (schedule.every !== undefined) return nextSlot(schedule.every, instant);
  return timesOf(schedule).next(instant);
}

/**
 * Returns the latest slot of a schedule at or before an instant, or null if there is none in the eight years before it.
 *
 * A cron expression gives the next slot only, not the previous one. So this doubles a span before the instant until it
 * contains a slot, and then walks through the slots of that span. They are few, because its later half has none.
 */
export function latestSlot(schedule: TrackerSchedule, instant: Date): Date | null {
  if (schedule.every !== undefined) return slotAt(schedule.every, instant);
  const times = timesOf(schedule);
  for (let span = SECOND; span <= EIGHT_YEARS; span *= 2) {
    let slot: Date | null = null;
    // `<=`: a slot at the very instant is the latest one
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
