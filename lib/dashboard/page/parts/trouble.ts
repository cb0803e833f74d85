import type { TrackerResource } from '../../../http/resources.js';

/** Why statistics may be wrong or old. */
export type Trouble = 'failed' | 'late';

/** A tracker that failed has its last run to look at; one that is late has none. */
export function troubleOf({ lastRun, running, late }: TrackerResource): Trouble | null {
  const hasFailed = lastRun?.status === 'failed' || lastRun?.status === 'lost';
  if (hasFailed && !running) return 'failed';
  return late === null ? null : 'late';
}

/** The trackers in trouble that compute a metric, or one of the metrics that it is computed from. */
export function troublesOf(
  keys: readonly string[],
  trackers: readonly TrackerResource[] | null,
): { tracker: TrackerResource; trouble: Trouble }[] {
  return (trackers ?? []).flatMap((tracker) => {
    const trouble = tracker.metrics.some((key) => keys.includes(key)) ? troubleOf(tracker) : null;
    return trouble === null ? [] : [{ tracker, trouble }];
  });
}
