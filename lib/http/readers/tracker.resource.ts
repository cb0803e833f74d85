import type { TrackerInfo } from '../../execution/tracker-overview.js';
import type { LateTracker } from '../../schedule/late-trackers.js';
import type { TrackerRun } from '../../execution/tracker-run.js';
import type { Difference } from '../../tracking/running/tracker.verifier.js';
import type { TrackResult } from '../../tracking/running/track-result.js';
import { Period } from '../../time/period.js';
import type { DifferenceResource, ObjectResource, ResultResource, RunResource, TrackerResource } from '../resources.js';
import { isoInstant } from './statistic.resource.js';

/** @param isTrusted whether the reader may see what a database or a host is called */
export function trackerResource(info: TrackerInfo, late: LateTracker | null, isTrusted: boolean): TrackerResource {
  const { name, metric, metrics, schedule, coverage, lagMs, running } = info;
  return {
    name,
    metric,
    metrics,
    periods: info.periods.map((period) => Period.nameOf(period)),
    schedule,
    nextRunAt: isoInstant(info.nextRunAt),
    lastRun: info.lastRun === null ? null : runResource(info.lastRun, isTrusted),
    coverage,
    lagMs,
    late: late === null ? null : { due: late.due, lateMs: late.lateMs },
    running,
    drift: info.drift,
  };
}

/** @param isTrusted whether the reader may see what a database or a host is called */
export function runResource(run: TrackerRun, isTrusted: boolean): RunResource {
  const { id, status, attempt, from, through, written, removed, error, host, triggeredBy } = run;
  return {
    id,
    status,
    slot: isoInstant(run.slot),
    triggeredBy,
    attempt,
    startedAt: run.startedAt.toISOString(),
    finishedAt: isoInstant(run.finishedAt),
    from,
    through,
    written,
    removed,
    error: isTrusted ? error : null,
    host: isTrusted ? host : null,
  };
}

export function resultResource(tracker: string, result: TrackResult): ResultResource {
  const { from, through, written, removed, durationMs } = result;
  return { tracker, from, through, written, removed, durationMs };
}

export function differenceResource(difference: Difference, object: ObjectResource | undefined): DifferenceResource {
  const { period, date, start, dimensions, stored, expected } = difference;
  return {
    period: Period.nameOf(period),
    date,
    ...(start !== undefined && { start }),
    ...(object !== undefined && { object }),
    ...(dimensions !== undefined && { dimensions }),
    ...(stored !== undefined && { stored }),
    ...(expected !== undefined && { expected }),
  };
}
