import type { Metric } from '../../catalog/index.js';
import { Period } from '../../time/period.js';
import type { StoredCoverage } from '../../coverage/index.js';
import type { Work } from '../../database/work.js';
import {
  type Calendar,
  type NormalFilter,
  type ObjectLabels,
  readFilter,
  readFilterMetrics,
  type StatisticContext,
} from '../../statistics/index.js';
import type { SelectionResource } from '../resources.js';
import { scopeFilter, requestedScope, statisticName, type RequestScope, type ScopeQuery } from './scope.js';
import { metricResource } from './statistic.resource.js';
import type { TrackstatsAccess } from '../trackstats.access.js';

/** The stored metrics, the period and the scope that a request selects, with their calendar. */
export interface Selection {
  /** in the order of the request */
  readonly metrics: readonly Metric[];
  readonly period: Period;
  readonly scope: RequestScope;
  readonly filter: NormalFilter & { readonly period: Period };
  readonly calendar: Calendar;
  /** those under which coverage can be stored, of single objects first */
  readonly scopes: readonly string[];
  /** of the metrics, for the period */
  readonly coverages: readonly StoredCoverage[];
  /** the context for what the same read does next: it need not read the metrics and their coverage again */
  readonly context: StatisticContext;
}

/** A selection that is checked, and not read yet. */
export type AskedSelection = Pick<Selection, 'period' | 'scope' | 'filter'>;

/**
 * Checks what a request selects. Does not use the database.
 *
 * @throws TrackstatsHttpException, and the errors of a filter
 */
export function askedSelection(
  context: StatisticContext,
  metrics: readonly string[],
  period: Period,
  query: ScopeQuery,
): AskedSelection {
  const scope = requestedScope(context, query);
  return { period, scope, filter: { ...readFilter(context, { metrics, period, ...scopeFilter(scope) }), period } };
}

/**
 * Finds the metrics that a request selects, with their coverage, in one query.
 *
 * @throws UnknownMetricError
 */
export function* findSelection(context: StatisticContext, asked: AskedSelection, now: Date): Work<Selection> {
  const read = yield* readFilterMetrics(context, asked.filter, now);
  return {
    ...asked,
    metrics: read.asked.filter((metric) => metric !== null),
    calendar: read.calendar,
    scopes: read.scopes,
    coverages: read.coverages,
    context: { ...context, known: { asked: read.stored, coverages: read.coverages } },
  };
}

/**
 * Reads the metrics that a request selects, with their coverage, in one query.
 *
 * @throws TrackstatsHttpException, UnknownMetricError, and the errors of a filter
 */
export async function readSelection(
  { context, clock }: TrackstatsAccess,
  metrics: readonly string[],
  period: Period,
  query: ScopeQuery,
): Promise<Selection> {
  const asked = askedSelection(context, metrics, period, query);
  const now = clock();
  return context.database.read(() => findSelection(context, asked, now));
}

/** Reads a selection like `readSelection`, of one metric. */
export async function readOneSelection(
  access: TrackstatsAccess,
  query: ScopeQuery & { readonly metric: string; readonly period: Period },
): Promise<Selection & { readonly metric: Metric }> {
  return ofOneMetric(await readSelection(access, [query.metric], query.period, query));
}

/** Returns a selection of one metric with that metric. */
export function ofOneMetric(selection: Selection): Selection & { readonly metric: Metric } {
  const [metric] = selection.metrics;
  if (metric === undefined) throw new TypeError('a metric that is stored was not found');
  return { ...selection, metric };
}

/** Returns the dates for which statistics are complete, with the time at which the oldest of their parts were computed. */
export function withComputedAt<C extends object>(
  complete: C | null,
  parts: readonly StoredCoverage[],
): (C & { readonly computedAt: Date | null }) | null {
  return complete && { ...complete, computedAt: earliestOf(parts.map(({ computedAt }) => computedAt)) };
}

/** Returns the coverages of a selection that are those of its scope. */
export function ownCoverages({
  coverages,
  scopes,
}: Pick<Selection, 'coverages' | 'scopes'>): readonly StoredCoverage[] {
  return coverages.filter(({ scope }) => scopes.includes(scope));
}

function earliestOf(times: readonly (Date | null)[]): Date | null {
  return times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);
}

/** Returns the part of a response that names its metric, period and scope. */
export async function selectionResource(
  { metric, period, scope }: Selection & { readonly metric: Metric },
  labels: ObjectLabels,
): Promise<SelectionResource> {
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
