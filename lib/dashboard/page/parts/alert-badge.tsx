import type { JSX } from 'preact';
import type { MetricResource } from '../../../http/resources.js';
import { hrefOf, toMetric } from '../address.js';
import { alertText, firingOfMetric, watchedPart } from './alerts.js';
import { useDashboard } from './dashboard.js';

/** Says that alerts of a metric are firing, and leads to the values that the first of them watches. */
export function AlertBadge({ metric: { key, unit } }: { metric: MetricResource }): JSX.Element | null {
  const { alerts } = useDashboard();
  const firing = firingOfMetric(alerts.data?.data.alerts ?? [], key);
  const [first] = firing;
  if (first === undefined) return null;
  return (
    <a class="badge alert" href={hrefOf(toMetric(key, watchedPart(first)))}>
      {alertText(firing, unit)}
    </a>
  );
}
