import type { JSX } from 'preact';
import { UNKNOWN } from '../../../catalog/number-text.js';
import type { RunResource, TrackerResource } from '../../../http/resources.js';
import { formatDates, formatDuration } from '../parts/format.js';
import { hrefOf, toMetric } from '../address.js';
import { Name } from '../parts/name.js';
import { troubleOf } from '../parts/trouble.js';

/** How a tracker is, in the words that its list and its page share. */

export function schedule({ schedule: set }: TrackerResource): string {
  if (set === null) return 'When asked to';
  if (set.every !== undefined) return `Every ${formatDuration(set.every).replace(/^1 /, '')}`;
  return `${set.cron ?? ''} (${set.timeZone})`;
}

export function RunStatus({ run }: { run: RunResource }): JSX.Element {
  return <Mark state={run.status} />;
}

/** How a tracker is now: what its last run came to, or that it is late. */
export function TrackerStatus({ tracker }: { tracker: TrackerResource }): JSX.Element {
  if (tracker.running) return <Mark state="running" />;
  if (troubleOf(tracker) === 'late') return <Mark state="late" />;
  return <Mark state={tracker.lastRun?.status ?? 'never run'} />;
}

function Mark({ state }: { state: string }): JSX.Element {
  return (
    <span class={`status ${state.replace(' ', '-')}`}>
      {state.charAt(0).toUpperCase()}
      {state.slice(1)}
    </span>
  );
}

/** The metrics of a tracker. Before its first run there is nothing of them to be led to. */
export function MetricLinks({ tracker }: { tracker: TrackerResource }): JSX.Element {
  const isStored = tracker.lagMs !== null || tracker.coverage !== null;
  return (
    <span>
      {tracker.metrics.map((metric, place) => (
        <span key={metric}>
          {place > 0 && ', '}
          {isStored ? (
            <a href={hrefOf(toMetric(metric))}>
              <code>
                <Name text={metric} />
              </code>
            </a>
          ) : (
            <code>
              <Name text={metric} />
            </code>
          )}
        </span>
      ))}
      {!isStored && <span class="quiet"> (nothing computed yet)</span>}
    </span>
  );
}

export function age({ lagMs }: TrackerResource): string {
  return lagMs === null ? UNKNOWN : `${formatDuration(lagMs)} ago`;
}

export function covered(range: { from: string; through: string } | null): string {
  return range === null ? UNKNOWN : formatDates(range.from, range.through);
}

export function took({ startedAt, finishedAt }: RunResource): string {
  return finishedAt === null ? UNKNOWN : formatDuration(Date.parse(finishedAt) - Date.parse(startedAt));
}
