import type { RunHistory } from '../execution/run-history.js';
import type { TrackerInfo } from '../execution/tracker-overview.js';
import type { TrackerSchedule } from '../tracking/definition/tracker-schedule.js';
import { overdueSlot } from './lateness.js';

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
