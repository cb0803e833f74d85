import { createHash } from 'node:crypto';
import { definedMetrics, isMetricDefinition, type MetricTarget, naturalKey } from '../catalog/definitions.js';
import { parseKey } from '../catalog/ref.js';
import { InvalidAlertError } from '../errors/alert.error.js';
import { shown } from '../errors/trackstats.error.js';
import { objectTarget } from '../statistics/filter/object-target.js';
import type { ObjectTypes } from '../statistics/filter/object-types.js';
import { canCompare } from '../statistics/read/comparison.js';
import type { StatisticService } from '../statistics/statistic.service.js';
import type { StatisticOwners } from '../statistics/tables/owners.js';
import { checkPeriod, Period } from '../time/period.js';
import { boolean, optional, type Check, withDefault } from '../validation/check.js';
import { type ChecksOf, readOptions } from '../validation/options.js';
import type { Alert } from './alert.js';
import type { DeclaredAlert } from './alert.explorer.js';
import { type AlertCondition, isCondition } from './condition.js';
import type { OnStatisticOptions } from './on-statistic.decorator.js';
import { StatisticWatch, type WatchedStatistic } from './statistic.watch.js';

const LONGEST_NAME = 200;
/** Number of values that `for` may ask for. */
const LONGEST_ROW = 100;

const alertName: Check<string> = (given, refuse) =>
  typeof given === 'string' && given.length >= 1 && given.length <= LONGEST_NAME
    ? given
    : refuse(`Expected text of 1 to ${LONGEST_NAME} characters.`);

const metricOrKey: Check<MetricTarget> = (given, refuse) => {
  if (isMetricDefinition(given)) return given;
  if (typeof given !== 'string')
    return refuse(`Expected a metric of defineMetric, or its natural key: 'shopping/orders'.`);
  parseKey(given);
  // a metric that is defined need not be stored yet
  return definedMetrics().find(({ key }) => key === given) ?? given;
};

const condition: Check<AlertCondition> = (given, refuse) =>
  isCondition(given) ? given : refuse('Expected a condition: below(10), above(1000) or changed({ by: 0.3 }).');

const row: Check<number> = (given, refuse) =>
  Number.isSafeInteger(given) && (given as number) >= 1 && (given as number) <= LONGEST_ROW
    ? (given as number)
    : refuse(`Expected a whole number of values in a row, from 1 to ${LONGEST_ROW}.`);

const ON_STATISTIC = {
  name: optional(alertName),
  metric: metricOrKey,
  period: withDefault((given) => checkPeriod(given), Period.DAY),
  object: optional(objectTarget),
  when: condition,
  for: withDefault(row, 1),
  complete: withDefault(boolean, true),
  recovered: withDefault(boolean, false),
} satisfies ChecksOf<OnStatisticOptions>;

/** What the definition of alerts needs of the application. */
export interface AlertContext {
  readonly statistics: StatisticService;
  readonly owners: StatisticOwners;
  readonly objectTypes: ObjectTypes;
}

/**
 * Returns the default name of an alert.
 *
 * @example 'OrderAlerts.fewOrders'
 */
export function defaultAlertName({ type, method }: Pick<DeclaredAlert, 'type' | 'method'>): string {
  return `${type.name}.${String(method)}`;
}

/**
 * Checks the options of an alert.
 *
 * @throws InvalidAlertError, and the errors of its metric, period and object
 */
export function defineAlert(context: AlertContext, declared: DeclaredAlert): Alert {
  const byDefault = defaultAlertName(declared);
  const options = readOptions(declared.options, ON_STATISTIC, (option, given, expected) => {
    const problem = option === null ? expected : `${option} is ${shown(given)}. ${expected}`;
    return new InvalidAlertError(byDefault, problem);
  });
  const { name = byDefault, metric, period, when, complete, recovered } = options;
  if (name.length > LONGEST_NAME) {
    throw new InvalidAlertError(
      name,
      `its name is longer than ${LONGEST_NAME} characters. Give it a shorter one: name.`,
    );
  }
  if (when.kind === 'changed' && !canCompare(period, when.with)) {
    throw new InvalidAlertError(
      name,
      `when compares with '${when.with}', which values of ${Period.nameOf(period)} have no counterpart for. Use 'previous', or compare days.`,
    );
  }
  const object = options.object === undefined ? null : context.objectTypes.refOf(options.object);
  const watched: WatchedStatistic = { metric, period, object, when, count: options.for, complete };
  return {
    name,
    fingerprint: fingerprintOf(watched),
    watch: new StatisticWatch(context.statistics, context.owners, watched),
    recovered,
    call: declared.call,
  };
}

/** A hash of everything that decides when an alert fires. */
function fingerprintOf({ metric, ...watched }: WatchedStatistic): string {
  return createHash('sha256')
    .update(JSON.stringify({ metric: naturalKey(metric), ...watched }))
    .digest('hex');
}
