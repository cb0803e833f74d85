import type { RunHistory } from '../execution/run-history.js';
import type { TrackerInfo } from '../execution/tracker-overview.js';
import type { TrackerSchedule } from '../tracking/definition/tracker-schedule.js';
import { latestSlot, slotAfter } from './slots.js';

/** A tracker that is later than its allowance. */
export interface LateTracker {
  /** the earliest slot that no successful run has made up for; ISO 8601, UTC */
  due: string;
  /** milliseconds since then */
  lateMs: number;
  /** the start of the last successful run; null if there is none */
  lastSuccess: string | null;
  /** the error of the last run; null if it did not fail, or there was none */
  error: string | null;
}

interface Looking {
  readonly now: Date;
  /** milliseconds; null for that of each schedule */
  readonly allowance: number | null;
  /** the start of this process */
  readonly startedAt: Date;
}

/** Returns the trackers that are late, by name. */
export async function lateTrackers(
  history: RunHistory,
  infos: readonly TrackerInfo[],
  { now, allowance, startedAt }: Looking,
): Promise<Record<string, LateTracker>> {
  const scheduled = infos.filter(({ schedule }) => schedule !== null);
  const neverSucceeded = scheduled.filter(({ lagMs }) => lagMs === null).map(({ name }) => name);
  const firstRuns = await history.firstStarts(neverSucceeded);
  const late = scheduled.flatMap((info): [string, LateTracker][] => {
    const lastSuccess = info.lagMs === null ? null : new Date(now.getTime() - info.lagMs);
    const firstRun = firstRuns.get(info.name) ?? startedAt;
    const since = firstRun < startedAt ? firstRun : startedAt;
    const due = overdueSlot(info.schedule as TrackerSchedule, { now, allowance, lastSuccess, since });
    return due === null ? [] : [[info.name, lateTracker(info, due, now, lastSuccess)]];
  });
  return Object.fromEntries(late);
}

function lateTracker(info: TrackerInfo, due: Date, now: Date, lastSuccess: Date | null): LateTracker {
  return {
    due: due.toISOString(),
    lateMs: now.getTime() - due.getTime(),
    lastSuccess: lastSuccess?.toISOString() ?? null,
    error: info.lastRun?.error ?? null,
  };
}

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
 * is not late. A run that began after a slot counts for it, whoever started it.
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
