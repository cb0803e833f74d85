import { latestSlot, slotAfter } from '../schedule/slots.js';
import type { TrackerSchedule } from '../tracking/definition/tracker-schedule.js';

/** A process may be this much ahead of the database, in milliseconds: its run of a slot may begin before the slot. */
const CLOCK_TOLERANCE = 1000;

/** Where a schedule fires more often, a run that takes a while is no reason for alarm. */
const LEAST_ALLOWANCE = 60_000;

export interface Freshness {
  readonly now: Date;
  /** milliseconds; null: one interval of the schedule, and a minute at least */
  readonly allowance: number | null;
  /** when the last run began that succeeded; null: none has */
  readonly lastSuccess: Date | null;
  /** since when it could have run: slots before are not asked of a tracker that never succeeded */
  readonly since: Date;
}

/**
 * The earliest slot that no successful run has made up for, if the tracker had its allowance of time for it; null: it
 * is not late. A run that began after a slot counts for it, by whatever it was started.
 */
export function overdueSlot(schedule: TrackerSchedule, { now, allowance, lastSuccess, since }: Freshness): Date | null {
  const due = dueSlot(schedule, now, allowance);
  const fresh = lastSuccess === null ? since.getTime() : lastSuccess.getTime() + CLOCK_TOLERANCE;
  if (due === null || due.getTime() <= fresh) return null;
  return slotAfter(schedule, new Date(fresh));
}

/** The latest slot whose allowance is over. */
function dueSlot(schedule: TrackerSchedule, now: Date, allowance: number | null): Date | null {
  if (allowance !== null) return latestSlot(schedule, new Date(now.getTime() - allowance));
  const settled = latestSlot(schedule, new Date(now.getTime() - LEAST_ALLOWANCE));
  const latest = latestSlot(schedule, now);
  if (settled === null || latest === null) return null;
  const previous = latestSlot(schedule, new Date(latest.getTime() - 1));
  return previous === null || previous > settled ? settled : previous;
}
