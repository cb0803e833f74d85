import type { JSX } from 'preact';
import type { AlertResource, CatalogMetric } from '../../../http/resources.js';
import { hrefOf, toMetric } from '../address.js';
import { firingOfMetric, valuesText, watchedPart } from '../parts/alerts.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatInstant } from '../parts/format.js';
import { periodLabel } from '../parts/period.js';
import { When } from '../parts/when.js';
import { nameOf } from './metric.data.js';

/** The alerts that are firing for a metric: their names, since when, the condition, the value that crossed it and the latest one. */
export function MetricAlerts({ metric }: { metric: CatalogMetric }): JSX.Element | null {
  const { data } = useDashboard().alerts;
  if (data === null) return null;
  const firing = firingOfMetric(data.data.alerts, metric.key);
  if (firing.length === 0) return null;
  return (
    <div class="notice alerts" role="note" aria-label="Alerts">
      {firing.map((alert) => (
        <Firing key={alert.name} alert={alert} metric={metric} now={data.now} />
      ))}
    </div>
  );
}

interface FiringProps {
  readonly alert: AlertResource;
  readonly metric: CatalogMetric;
  readonly now: string;
}

function Firing({ alert, metric, now }: FiringProps): JSX.Element {
  const { name, since, condition } = alert;
  return (
    <div>
      <p>
        <strong>
          Alert <bdi>{name}</bdi>
        </strong>{' '}
        {since === null ? (
          'is firing'
        ) : (
          <>
            has been firing since {formatInstant(since)} (<When instant={since} now={now} />)
          </>
        )}
        .
      </p>
      <p>
        Condition: {condition}. {valuesText(alert, metric)} Watched:{' '}
        <a href={hrefOf(toMetric(metric.key, watchedPart(alert)))}>{watchedText(alert)}</a>
      </p>
    </div>
  );
}

/** @example 'Day', 'Rolling 7 days, Ada Lovelace' */
function watchedText({ period = 'DAY', object }: AlertResource): string {
  const label = periodLabel(period);
  return object === undefined ? label : `${label}, ${nameOf(object, undefined)}`;
}
