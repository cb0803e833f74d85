import type { JSX } from 'preact';
import { periodLabel } from '../../../time/period-text.js';
import type { AlertResource, CatalogMetric, ObjectResource } from '../../../http/resources.js';
import { hrefOf, toMetric } from '../address.js';
import { conditionText, firingOfMetric, valuesText, watchedPart } from '../parts/alerts.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatInstant } from '../parts/format.js';
import { When } from '../parts/when.js';
import { nameOf } from './metric.data.js';

/** More are in a list that opens: each object of a type may have one. */
const MOST = 3;

interface MetricAlertsProps {
  readonly metric: CatalogMetric;
  /** the one object that is shown: alerts of others are left out */
  readonly object: ObjectResource | null;
}

/** The alerts that are firing for a metric: their names, since when, the condition, the value that crossed it and the latest one. */
export function MetricAlerts({ metric, object }: MetricAlertsProps): JSX.Element | null {
  const { data } = useDashboard().alerts;
  if (data === null) return null;
  const isShown = ({ object: own }: AlertResource): boolean =>
    object === null || own === undefined || (own.type === object.type && own.id === object.id);
  const firing = firingOfMetric(data.data.alerts, metric.key).filter(isShown);
  if (firing.length === 0) return null;
  const rows = firing.map((alert) => (
    <Firing key={`${alert.name} ${alert.object?.id ?? ''}`} alert={alert} metric={metric} now={data.now} />
  ));
  return (
    <div class="notice alerts" role="note" aria-label="Alerts">
      {rows.slice(0, MOST)}
      {rows.length > MOST && (
        <details>
          <summary>{rows.length - MOST} more</summary>
          {rows.slice(MOST)}
        </details>
      )}
    </div>
  );
}

interface FiringProps {
  readonly alert: AlertResource;
  readonly metric: CatalogMetric;
  readonly now: string;
}

function Firing({ alert, metric, now }: FiringProps): JSX.Element {
  const { name, since } = alert;
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
        Condition: {conditionText(alert, metric.unit)}. {valuesText(alert, metric)} Watched:{' '}
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
