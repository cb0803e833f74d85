import type { MetricTarget } from '../catalog/definitions.js';
import { metricKeyOf } from '../catalog/metric.query.js';
import type { Database } from '../database/database.js';
import { InvalidFilterError } from '../errors/statistic.error.js';
import { shown } from '../errors/trackstats.error.js';
import { checkPeriod, type Period } from '../time/period.js';
import { checkRange, type RangeInput } from './date-range.js';
import type { ObjectTypes } from './object-types.js';
import { type ScopeFilter, scopeOf } from './scope-filter.js';

/** What a filter asks for, checked. Dates may still be instants: their zone is that of the metric's coverage. */
export interface NormalFilter {
  readonly metrics: readonly MetricTarget[];
  /** null: every period */
  readonly period: Period | null;
  readonly range: RangeInput;
  readonly scope: ScopeFilter;
}

export interface FilterContext {
  readonly database: Database;
  readonly objectTypes: ObjectTypes;
}

const SCOPE = ['object', 'objects', 'objectType', 'entity', 'dimensions'];
const DATES = ['date', 'from', 'to', 'last'];
const OPTIONS = ['period', 'value', 'by', 'exact', 'fill', 'limit', 'offset', 'order', 'force'];
const NEVER_UNDEFINED = ['metric', 'metrics', ...SCOPE, ...DATES];
const KNOWN = new Set([...NEVER_UNDEFINED, ...OPTIONS]);

/**
 * Checks a filter, or the description of a value to write.
 *
 * @throws InvalidFilterError and the errors of what stands in it
 */
export function normalFilter(context: FilterContext, filter: object): NormalFilter {
  if (typeof filter !== 'object' || (filter as unknown) === null) {
    throw new InvalidFilterError(
      `Invalid filter: ${shown(filter)}. Expected an object with a metric: { metric: 'shopping/order_count' }.`,
    );
  }
  const given = filter as Readonly<Record<string, unknown>>;
  checkKeys(given);
  return {
    metrics: metricsOf(given),
    period: given['period'] === undefined ? null : checkPeriod(given['period']),
    range: checkRange(given),
    scope: scopeOf(context, given),
  };
}

/** As `normalFilter`, of a filter that must name one metric. */
export function oneMetricFilter(
  context: FilterContext,
  filter: object,
): NormalFilter & { readonly metric: MetricTarget } {
  const normal = normalFilter(context, filter);
  const [metric, ...others] = normal.metrics;
  if (metric === undefined || others.length > 0 || 'metrics' in filter) {
    throw new InvalidFilterError(
      'This call reads one metric: give it as metric. multiSeries, find and narrow take metrics.',
    );
  }
  return { ...normal, metric };
}

function checkKeys(given: Readonly<Record<string, unknown>>): void {
  const undefinedKey = NEVER_UNDEFINED.find((key) => key in given && given[key] === undefined);
  if (undefinedKey !== undefined) {
    throw new InvalidFilterError(
      `${undefinedKey} is undefined. It would read as if it were left out, and so mean something else: ` +
        `leave the key out on purpose, or give a value.`,
    );
  }
  const unknownKey = Object.keys(given).find((key) => !KNOWN.has(key));
  if (unknownKey !== undefined) {
    throw new InvalidFilterError(
      `Unknown key: ${shown(unknownKey)}. Expected ${[...KNOWN].join(', ')}; dimensions of a custom statistic stand under dimensions.`,
    );
  }
}

function metricsOf(given: Readonly<Record<string, unknown>>): readonly MetricTarget[] {
  if ('metric' in given === 'metrics' in given) {
    throw new InvalidFilterError(
      'metric' in given
        ? 'metric and metrics are both given. Give one of them.'
        : "No metric is given. Name it: { metric: 'shopping/order_count' }, or several: { metrics: [a, b] }.",
    );
  }
  const metrics = 'metric' in given ? [given['metric']] : given['metrics'];
  if (!Array.isArray(metrics))
    throw new InvalidFilterError(`metrics is ${shown(metrics)}. Expected an array of metrics.`);
  for (const metric of metrics) metricKeyOf(metric as MetricTarget);
  return metrics as MetricTarget[];
}
