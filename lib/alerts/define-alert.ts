import { createHash } from 'node:crypto';
import { definedMetrics, isMetricDefinition, type MetricTarget, naturalKey } from '../catalog/definitions.js';
import { parseKey } from '../catalog/ref.js';
import { InvalidAlertError } from '../errors/alert.error.js';
import { shown } from '../errors/trackstats.error.js';
import { type EntityClass, objectTarget } from '../statistics/filter/object-target.js';
import type { ObjectTypes } from '../statistics/filter/object-types.js';
import { canCompare } from '../statistics/read/comparison.js';
import { millisecondsOf } from '../time/duration.js';
import { checkPeriod, Period } from '../time/period.js';
import { randomName } from '../tracking/definition/class-name.js';
import type { TrackerTarget } from '../tracking/definition/tracker.registry.js';
import { boolean, oneOf, optional, type Check, withDefault } from '../validation/check.js';
import { type Checks, type ChecksOf, readOptions, type Values } from '../validation/options.js';
import type { Alert } from './alert.js';
import { type DeclaredAlert, defaultAlertName } from './alert.explorer.js';
import { type AlertCondition, isCondition } from './condition.js';
import { ObjectTypeWatch } from './object-type.watch.js';
import type { OnStatisticOptions } from './on-statistic.decorator.js';
import type { OnTrackerOptions } from './on-tracker.decorator.js';
import { StatisticWatch, type WatchedSources, type WatchedValues } from './statistic.watch.js';
import { FailureWatch, LatenessWatch, type WatchedRuns } from './tracker.watch.js';

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

const milliseconds: Check<number> = (given, refuse) => {
  const length = millisecondsOf(given);
  if (length !== null && length >= 0) return length;
  return refuse(`Expected a whole number of milliseconds, or text such as '15 minutes'.`);
};

const ON_STATISTIC = {
  name: optional(alertName),
  metric: metricOrKey,
  period: withDefault((given) => checkPeriod(given), Period.DAY),
  object: optional(objectTarget),
  objectType: optional((given) => given as EntityClass | string),
  when: condition,
  for: withDefault(row, 1),
  complete: withDefault(boolean, true),
  recovered: withDefault(boolean, false),
} satisfies ChecksOf<OnStatisticOptions>;

const ON_TRACKER = {
  name: optional(alertName),
  tracker: optional((given) => given as TrackerTarget),
  trackers: optional((given, refuse): readonly TrackerTarget[] =>
    Array.isArray(given) && given.length > 0
      ? (given as readonly TrackerTarget[])
      : refuse('Expected an array of one tracker or more.'),
  ),
  when: oneOf('failed', 'late'),
  allowance: optional(milliseconds),
  recovered: withDefault(boolean, false),
} satisfies ChecksOf<OnTrackerOptions>;

/** The parts of the application that alerts are checked against and read from. */
export interface AlertContext extends WatchedSources {
  readonly objectTypes: ObjectTypes;
  readonly runs: WatchedRuns;
}

/**
 * Checks the options of an alert.
 *
 * @throws InvalidAlertError, and the errors of its metric, period, object and tracker
 */
export function defineAlert(context: AlertContext, declared: DeclaredAlert): Alert {
  const byDefault = defaultAlertName(declared);
  const define = declared.decorator === 'OnStatistic' ? statisticAlert : trackerAlert;
  const { name: given, ...defined } = define(context, byDefault, declared.options);
  const name = given ?? byDefault;
  const random = given === undefined ? randomName(declared.type) : null;
  if (random !== null) {
    throw new InvalidAlertError(
      name,
      `${random}, and the state of an alert goes by its name. Name it: @${declared.decorator}({ name: 'few orders', … }).`,
    );
  }
  if (name.length > LONGEST_NAME) {
    throw new InvalidAlertError(
      name,
      `its name is longer than ${LONGEST_NAME} characters. Give it a shorter one: name.`,
    );
  }
  return { name, ...defined, call: declared.call };
}

/** An alert as its options define it. Without a name of its own it takes that of its method. */
interface DefinedAlert extends Omit<Alert, 'name' | 'call'> {
  readonly name: string | undefined;
}

function statisticAlert(context: AlertContext, alert: string, given: object): DefinedAlert {
  const { objectTypes, runs } = context;
  const options = readAlertOptions(alert, given, ON_STATISTIC);
  const { name, metric, period, when, complete, recovered } = options;
  if (when.kind === 'changed' && !canCompare(period, when.with)) {
    throw new InvalidAlertError(
      name ?? alert,
      `when compares with '${when.with}', which values of ${Period.nameOf(period)} have no counterpart for. Use 'previous', or compare days.`,
    );
  }
  const values: WatchedValues = { metric, period, when, count: options.for, complete };
  if (options.objectType !== undefined) {
    const objectType = objectTypes.checkType(options.objectType);
    checkEach(name ?? alert, options);
    const watch = new ObjectTypeWatch(context, values, objectType, runs.clock);
    const fingerprint = fingerprintOf({ ...values, metric: naturalKey(metric), objectType });
    return { name, fingerprint, watch, recovered };
  }
  const object = options.object === undefined ? null : objectTypes.refOf(options.object);
  // stored, so the order of its keys stays
  const fingerprint = fingerprintOf({ metric: naturalKey(metric), period, object, when, count: options.for, complete });
  return { name, fingerprint, watch: new StatisticWatch(context, values, object), recovered };
}

/** @throws InvalidAlertError for what an alert of each object of a type cannot do */
function checkEach(alert: string, { object, when }: Pick<Values<typeof ON_STATISTIC>, 'object' | 'when'>): void {
  if (object !== undefined) throw new InvalidAlertError(alert, 'object and objectType are given. Give one of them.');
  if (when.kind === 'changed' && when.with !== 'previous') {
    throw new InvalidAlertError(
      alert,
      `when compares with '${when.with}', which is read for one object at a time. Use 'previous' with objectType, or name an object.`,
    );
  }
}

function trackerAlert({ runs }: AlertContext, alert: string, given: object): DefinedAlert {
  const { name, tracker, trackers, when, allowance, recovered } = readAlertOptions(alert, given, ON_TRACKER);
  if (tracker !== undefined && trackers !== undefined) {
    throw new InvalidAlertError(name ?? alert, 'tracker and trackers are given. Give one of them.');
  }
  if (allowance !== undefined && when !== 'late') {
    throw new InvalidAlertError(
      name ?? alert,
      `allowance is given, and when is '${when}'. It belongs to when: 'late'.`,
    );
  }
  const targets = tracker === undefined ? trackers : [tracker];
  const names = targets?.map((target) => runs.registry.get(target, 'OnTracker').name);
  const watched = names === undefined ? null : [...new Set(names)];
  const watch =
    when === 'failed' ? new FailureWatch(runs, watched) : new LatenessWatch(runs, watched, allowance ?? null);
  // each tracker has a row of its own: an alert of some goes on where it was one of all
  return { name, fingerprint: fingerprintOf({ when, allowance }), watch, recovered };
}

function readAlertOptions<const C extends Checks>(alert: string, given: object, checks: C): Values<C> {
  return readOptions(given, checks, (option, value, expected) => {
    const problem = option === null ? expected : `${option} is ${shown(value)}. ${expected}`;
    return new InvalidAlertError(alert, problem);
  });
}

/** A hash of everything that decides when an alert fires. */
function fingerprintOf(watched: object): string {
  return createHash('sha256').update(JSON.stringify(watched)).digest('hex');
}
