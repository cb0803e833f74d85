import { isMetricDefinition, type MetricTarget } from '../../catalog/definitions.js';
import { Metric } from '../../catalog/metric.entity.js';
import { parseKey } from '../../catalog/ref.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import type { Check } from '../../validation/check.js';
import { type Checks, readOptions, type Values } from '../../validation/options.js';

/** True if an option was passed. `undefined` counts as left out. */
export function present(value: unknown): boolean {
  return value !== undefined;
}

/**
 * Reads the options of a tracker by a table of checks.
 *
 * @throws InvalidTrackerError, and the errors of the checks
 */
export function readTrackerOptions<const C extends Checks>(tracker: string, given: unknown, checks: C): Values<C> {
  return readOptions(given, checks, (name, value, expected) => {
    return new InvalidTrackerError(tracker, `${name ?? 'options'} is ${shown(value)}. ${expected}`);
  });
}

export const metric: Check<MetricTarget> = (given, refuse) => {
  if (isMetricDefinition(given) || given instanceof Metric) return given;
  if (typeof given === 'string' && given !== '') {
    parseKey(given);
    return given;
  }
  return refuse("Expected what defineMetric returned, or the natural key of a stored metric: 'shopping/order_count'.");
};

/** Accepts an option that is checked later, together with others or against the source. */
export const checkedLater = (given: unknown): unknown => given;

/** Returns the natural key of a metric, without asking the database. */
export function naturalKey(target: MetricTarget): string {
  return typeof target === 'string' ? target : target.key;
}
