import type { JSX } from 'preact';
import { useDashboard } from '../parts/dashboard.js';
import { When } from '../parts/when.js';
import type { Shown } from './metric.data.js';

/** Says in words when the values that are shown were computed, and when their tracker runs next. */
export function Freshness({ shown }: { shown: Shown }): JSX.Element | null {
  const { data } = useDashboard().trackers;
  const computed = shown.asOf ?? shown.choice.period.computedAt;
  if (computed === null || data === null) return null;
  const keys = shown.metrics.flatMap(({ key, derivedFrom = [key] }) => derivedFrom);
  const own = data.data.trackers.filter(({ metrics }) => metrics.some((key) => keys.includes(key)));
  const [next] = own.flatMap(({ nextRunAt }) => nextRunAt ?? []).sort();
  // the trackers may have been asked for before the values
  const now = computed > data.now ? computed : data.now;
  const isDue = next !== undefined && next <= now;
  return (
    <p class="quiet small">
      Computed <When instant={computed} now={now} />
      {own.some(({ running }) => running) && ', a run is under way'}
      {next !== undefined && (
        <>
          , next run {isDue && 'due '}
          <When instant={next} now={now} />
        </>
      )}
    </p>
  );
}
