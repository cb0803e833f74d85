import { Injectable } from '@nestjs/common';
import type { AlertInfo, ObservedValue } from '../../alerts/alert.js';
import { Period } from '../../time/period.js';
import type { AlertResource, AlertsResponse, ObservedResource } from '../resources.js';
import { HttpReader } from './http.reader.js';
import { isoInstant } from './statistic.resource.js';

/** Lists the alerts of the application. */
@Injectable()
export class AlertReader extends HttpReader {
  async list(): Promise<AlertsResponse> {
    const infos = await this.access.alerts.list();
    return { alerts: infos.map(alertResource) };
  }
}

/** Errors are left out: they may show what a database or a host is called. */
function alertResource(info: AlertInfo): AlertResource {
  const { name, condition, status, kind } = info;
  const since = isoInstant(info.since);
  const undelivered = info.undelivered !== null;
  return info.kind === 'tracker'
    ? { name, condition, status, since, kind, tracker: info.tracker, when: info.when, undelivered }
    : { name, condition, status, since, kind, ...watchedValue(info), undelivered };
}

function watchedValue(
  info: AlertInfo & { kind: 'statistic' },
): Pick<AlertResource, 'metric' | 'period' | 'object' | 'observed' | 'crossed'> {
  const { metric, period, object, observed, crossed } = info;
  return {
    metric,
    period: Period.nameOf(period),
    ...(object !== null && { object }),
    observed: observed && observedResource(observed),
    crossed: crossed && observedResource(crossed),
  };
}

function observedResource({ date, start, value, before, change }: ObservedValue): ObservedResource {
  return { date, ...(start !== undefined && { start }), value, before, change };
}
