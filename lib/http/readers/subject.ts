import type { Metric } from '../../catalog/index.js';
import { Period } from '../../time/period.js';
import type { StoredCoverage } from '../../coverage/index.js';
import { type Calendar, type NormalFilter, readFilter, readFilterMetrics } from '../../statistics/index.js';

import type { ObjectLabels } from './labels.js';
import type { SubjectResource } from '../resources.js';
import { filterOf, scopeOf, statisticName, type Scope, type ScopeQuery } from './scope.js';
import { metricResource } from './to-resource.js';
import type { TrackstatsAccess } from '../trackstats.access.js';

/** The subject of a request: stored metrics in a period and a scope, with their calendar. */
export interface Subject {
  /** in the order of the request */
  readonly metrics: readonly Metric[];
  readonly period: Period;
  readonly scope: Scope;
  readonly filter: NormalFilter & { readonly period: Period };
  readonly calendar: Calendar;
  /** of the metrics, for the period */
  readonly coverages: readonly StoredCoverage[];
}

/**
 * Reads what a request asks about, in one query.
 *
 * @throws TrackstatsHttpException, UnknownMetricError, and the errors of what stands in a filter
 */
export async function subjectOf(
  { context, clock }: TrackstatsAccess,
  metrics: readonly string[],
  period: Period,
  query: ScopeQuery,
): Promise<Subject> {
  const scope = scopeOf(context, query);
  const filter = { ...readFilter(context, { metrics, period, ...filterOf(scope) }), period };
  const now = clock();
  const read = await context.database.read(() => readFilterMetrics(context, filter, now));
  return { metrics: read.stored, period, scope, filter, calendar: read.calendar, coverages: read.coverages };
}

/** As `subjectOf`, of one metric. */
export async function oneSubjectOf(
  access: TrackstatsAccess,
  query: ScopeQuery & { readonly metric: string; readonly period: Period },
): Promise<Subject & { readonly metric: Metric }> {
  const subject = await subjectOf(access, [query.metric], query.period, query);
  const [metric] = subject.metrics;
  if (metric === undefined) throw new TypeError('a metric that is stored was not found');
  return { ...subject, metric };
}

/** The subject of a response about one value at a time. */
export async function subjectResource(
  { metric, period, scope }: Subject & { readonly metric: Metric },
  labels: ObjectLabels,
): Promise<SubjectResource> {
  const resource = { metric: metricResource(metric), period: Period.nameOf(period) };
  switch (scope.kind) {
    case 'total':
      return resource;
    case 'objects': {
      const [object] = await labels.of(scope.objects);
      return object === undefined ? resource : { ...resource, object };
    }
    case 'statistic': {
      const values = Object.entries(scope.dimensions).map(([name, [value = null]]) => [name, value] as const);
      return { ...resource, statistic: statisticName(scope.table), dimensions: Object.fromEntries(values) };
    }
  }
}
