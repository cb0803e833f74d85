import { Injectable } from '@nestjs/common';
import type { AlertInfo, ObservedValue } from '../../alerts/alert.js';
import { Period } from '../../time/period.js';
import type { AlertResource, AlertsResponse, ObjectResource, ObservedResource } from '../resources.js';
import { HttpReader } from './http.reader.js';
import { isoInstant } from './statistic.resource.js';

/** Lists the alerts of the application. */
@Injectable()
export class AlertReader extends HttpReader {
  async list(): Promise<AlertsResponse> {
    const infos = await this.access.alerts.list();
    const watching = infos.flatMap((info) => (info.kind === 'statistic' && info.object !== null ? [info] : []));
    const objects = await this.labels.of(watching.flatMap(({ object }) => object ?? []));
    const objectOf = new Map<AlertInfo, ObjectResource | undefined>(
      watching.map((info, place) => [info, objects[place]]),
    );
    return { alerts: infos.map((info) => alertResource(info, objectOf.get(info))) };
  }
}

/** Errors are left out: they may show what a database or a host is called. */
function alertResource(info: AlertInfo, object: ObjectResource | undefined): AlertResource {
  const { name, condition, status, kind } = info;
  const since = isoInstant(info.since);
  const undelivered = info.undelivered !== null;
  return info.kind === 'tracker'
    ? { name, condition, status, since, kind, tracker: info.tracker, when: info.when, undelivered }
    : { name, condition, status, since, kind, ...watchedValue(info, object), undelivered };
}

function watchedValue(
  info: AlertInfo & { kind: 'statistic' },
  object: ObjectResource | undefined,
): Omit<AlertResource, 'name' | 'condition' | 'status' | 'since' | 'kind' | 'tracker' | 'undelivered'> {
  const { metric, period, objectType, when, threshold, recoveryThreshold, observed, crossed } = info;
  return {
    metric,
    period: Period.nameOf(period),
    ...(object !== undefined && { object }),
    ...(objectType !== undefined && { objectType }),
    when,
    threshold,
    recoveryThreshold,
    observed: observed && observedResource(observed),
    crossed: crossed && observedResource(crossed),
  };
}

function observedResource({ date, start, value, before, change }: ObservedValue): ObservedResource {
  return { date, ...(start !== undefined && { start }), value, before, change };
}
