import type { AlertResource, TrackerResource } from '../../../http/resources.js';
import { firingOfTracker } from './alerts.js';

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
  trackers: readonly TrackerResource[],
): { tracker: TrackerResource; trouble: Trouble }[] {
  return trackers.flatMap((tracker) => {
    const trouble = tracker.metrics.some((key) => keys.includes(key)) ? troubleOf(tracker) : null;
    return trouble === null ? [] : [{ tracker, trouble }];
  });
}

/** How many trackers need attention: those in trouble, and those for which an alert is firing. */
export function attentionCount(trackers: readonly TrackerResource[], alerts: readonly AlertResource[]): number {
  return trackers.filter((tracker) => troubleOf(tracker) !== null || firingOfTracker(alerts, tracker.name).length > 0)
    .length;
}

/** How many trackers are in which trouble. */
export function troubleCounts(trackers: readonly TrackerResource[]): Readonly<Record<Trouble, number>> {
  const troubles = trackers.map(troubleOf);
  const count = (wanted: Trouble): number => troubles.filter((trouble) => trouble === wanted).length;
  return { failed: count('failed'), late: count('late') };
}

/** @example '1 failed, 2 late', 'none failed, none is late' */
export function troubleText({ failed, late }: Readonly<Record<Trouble, number>>): string {
  if (failed + late === 0) return 'none failed, none is late';
  return [failed > 0 && `${failed} failed`, late > 0 && `${late} late`].filter((text) => text !== false).join(', ');
}
