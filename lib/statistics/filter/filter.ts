import type { MetricTarget } from '../../catalog/definitions.js';
import { metricKeyOf } from '../../catalog/metric.query.js';
import { CIRCULAR_IMPORT } from '../../errors/catalog.error.js';
import { InvalidFilterError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { checkPeriod, type Period } from '../../time/period.js';
import { isOptions } from '../../validation/check.js';
import { didYouMean } from '../../validation/options.js';
import { checkRange, type RangeInput } from './date-range.js';
import { type FilterContext, type ScopeFilter, readScopeFilter } from './scope-filter.js';

/** A checked filter. Dates may still be instants, because their time zone depends on the metric's coverage. */
export interface NormalFilter {
  readonly metrics: readonly MetricTarget[];
  /** null for every period */
  readonly period: Period | null;
  readonly range: RangeInput;
  readonly scope: ScopeFilter;
}

/** A key of a filter. */
export type FilterKey =
  | 'metric'
  | 'metrics'
  | 'period'
  | 'date'
  | 'from'
  | 'to'
  | 'last'
  | 'at'
  | 'object'
  | 'objects'
  | 'objectType'
  | 'entity'
  | 'dimensions'
  | 'domain';

/** `period: undefined` counts as left out. For other keys, undefined would silently select other statistics. */
const MAY_BE_UNDEFINED: readonly FilterKey[] = ['period'];

/**
 * Checks the keys of a filter.
 *
 * @param call the call that an error names
 * @param keys that the call takes
 * @param options that the call takes beside the filter
 * @throws InvalidFilterError
 */
export function checkFilterKeys(
  call: string,
  filter: unknown,
  keys: readonly FilterKey[],
  options: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (!isOptions(filter)) {
    throw new InvalidFilterError(
      `${call}: the filter is ${shown(filter)}. Expected an object` +
        (keys.includes('metric')
          ? " with a metric: { metric: 'shopping/order_count' }."
          : `, with any of ${keys.join(', ')}.`),
    );
  }
  const unknownKey = Object.keys(filter).find((key) => !keys.includes(key as FilterKey) && !options.includes(key));
  if (unknownKey !== undefined) {
    throw new InvalidFilterError(
      `${call} takes no ${shown(unknownKey)}. ${didYouMean(unknownKey, [...keys, ...options])}` +
        `It takes ${[...keys, ...options].join(', ')}` +
        (keys.includes('dimensions') ? '; the dimensions of a custom statistic are in dimensions.' : '.'),
    );
  }
  const undefinedKey = keys.find(
    (key) => filter[key] === undefined && key in filter && !MAY_BE_UNDEFINED.includes(key),
  );
  if (undefinedKey === 'metric') {
    throw new InvalidFilterError(`${call}: metric is undefined. Expected a metric. ${CIRCULAR_IMPORT}`);
  }
  if (undefinedKey !== undefined) {
    throw new InvalidFilterError(
      `${call}: ${undefinedKey} is undefined. It would have the same effect as leaving it out: ` +
        `leave the key out on purpose, or give a value.`,
    );
  }
  return filter;
}

/**
 * Reads a filter whose keys have been checked.
 *
 * @throws InvalidFilterError, and the errors of the values in it
 */
export function readFilter(context: FilterContext, given: Readonly<Record<string, unknown>>): NormalFilter {
  const period = given['period'] === undefined ? null : checkPeriod(given['period']);
  return {
    metrics: metricsOf(given),
    period,
    range: checkRange(given, period),
    scope: readScopeFilter(context, given, period),
  };
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
