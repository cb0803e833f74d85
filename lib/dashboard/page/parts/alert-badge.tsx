import type { JSX } from 'preact';
import { hrefOf, toMetric } from '../address.js';
import { alertText, firingOfMetric, watchedPart } from './alerts.js';
import { useDashboard } from './dashboard.js';

/** Says that alerts of a metric are firing, and leads to the values that the first of them watches. */
export function AlertBadge({ metric }: { metric: string }): JSX.Element | null {
  const { alerts } = useDashboard();
  const firing = firingOfMetric(alerts.data?.data.alerts ?? [], metric);
  const [first] = firing;
  if (first === undefined) return null;
  return (
    <a class="badge alert" href={hrefOf(toMetric(metric, watchedPart(first)))}>
      {alertText(firing)}
    </a>
  );
}
