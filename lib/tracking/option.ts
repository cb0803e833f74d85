import { isMetricDefinition, type MetricTarget } from '../catalog/definitions.js';
import { Metric } from '../catalog/metric.entity.js';
import { InvalidTrackerError } from '../errors/tracker.error.js';
import { shown } from '../errors/trackstats.error.js';

/** Whether an option was given: `undefined` is as if it were left out. */
export function present(value: unknown): boolean {
  return value !== undefined;
}

/** Refuses options that do not exist: a mistyped one would silently do nothing. */
export function onlyKnown(tracker: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown === undefined) return;
  throw new InvalidTrackerError(
    tracker,
    `it has the option ${JSON.stringify(unknown)}, which does not exist here. There are ${known.join(', ')}.`,
  );
}

export function checkMetric(tracker: string, given: unknown): MetricTarget {
  if (isMetricDefinition(given) || given instanceof Metric) return given;
  if (typeof given === 'string' && given !== '') return given;
  throw new InvalidTrackerError(
    tracker,
    `metric is ${shown(given)}. Expected what defineMetric returned, or the natural key of a stored metric: 'shopping/order_count'.`,
  );
}

export function truth(tracker: string, option: string, given: unknown): boolean {
  if (given === undefined || typeof given === 'boolean') return given ?? false;
  throw new InvalidTrackerError(tracker, `${option} is ${shown(given)}. Expected true or false.`);
}

export function oneOf<T extends string>(
  tracker: string,
  option: string,
  given: unknown,
  allowed: readonly T[],
): T | undefined {
  if (given === undefined || allowed.includes(given as T)) return given as T | undefined;
  throw new InvalidTrackerError(
    tracker,
    `${option} is ${shown(given)}. Expected ${allowed.map((value) => `'${value}'`).join(' or ')}.`,
  );
}

export function wholeNumber(tracker: string, option: string, given: unknown, unit: string): number | undefined {
  if (given === undefined || (Number.isSafeInteger(given) && (given as number) >= 0))
    return given as number | undefined;
  throw new InvalidTrackerError(
    tracker,
    `${option} is ${shown(given)}. Expected a whole number of ${unit}, 0 or more.`,
  );
}

export function text(tracker: string, option: string, given: unknown): string | undefined {
  if (given === undefined || (typeof given === 'string' && given !== '')) return given;
  throw new InvalidTrackerError(tracker, `${option} is ${shown(given)}. Expected text.`);
}

/** The natural key of a metric, without asking the database. */
export function naturalKey(metric: MetricTarget): string {
  return typeof metric === 'string' ? metric : metric.key;
}
