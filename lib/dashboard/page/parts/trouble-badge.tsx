import type { JSX } from 'preact';
import { hrefOf } from '../address.js';
import { useDashboard } from './dashboard.js';
import { troublesOf } from './trouble.js';

/** Says that the trackers of a metric failed or are late, and leads to the first of them. */
export function TroubleBadge({ keys }: { keys: readonly string[] }): JSX.Element | null {
  const { trackers } = useDashboard();
  const [first] = troublesOf(keys, trackers.data?.data.trackers ?? []);
  if (first === undefined) return null;
  const { tracker, trouble } = first;
  return (
    <a class={`badge ${trouble}`} href={hrefOf({ page: 'tracker', tracker: tracker.name })}>
      {trouble === 'failed' ? 'Tracker failed' : 'Tracker late'}
    </a>
  );
}
