import { NumberText } from '../catalog/number-text.js';
import { InvalidArgumentError } from '../errors/argument.error.js';
import { oneOf, optional, withDefault, type Check } from '../validation/check.js';
import { readArgument, readCallOptions } from '../validation/options.js';

/** Texts of alerts are in English, as those of errors. */
export const NUMBERS = new NumberText('en');

// Symbol.for, because an application may have loaded the library twice
const CONDITION: unique symbol = Symbol.for('nestjs-trackstats/alert-condition');

/** The earlier value with which `changed` compares, as the `with` of `StatisticService.compare`. */
export type ChangedWith = 'previous' | 'week' | 'month' | 'quarter' | 'year' | 'weekdays';

/** The condition of an alert. Create it with `below`, `above` or `changed`. */
export type AlertCondition = { readonly [CONDITION]: true } & (
  | {
      readonly kind: 'below' | 'above';
      readonly threshold: number;
      readonly recoveryThreshold: number;
    }
  | {
      readonly kind: 'changed';
      /** the share of the earlier value: 0.3 is 30 % */
      readonly threshold: number;
      readonly recoveryThreshold: number;
      readonly with: ChangedWith;
      /** null for both */
      readonly direction: 'up' | 'down' | null;
    }
);

/** A value that an alert looks at, with the change since the earlier value where its condition compares. */
export interface Measured {
  /** null if nothing is known */
  readonly value: number | null;
  /** change ÷ |earlier value|; null if nothing is compared, the earlier value is unknown, or a value of 0 has changed */
  readonly change: number | null;
}

const number: Check<number> = (given, refuse) =>
  typeof given === 'number' && Number.isFinite(given) ? given : refuse('Expected a finite number.');

const share: Check<number> = (given, refuse) =>
  typeof given === 'number' && Number.isFinite(given) && given > 0
    ? given
    : refuse('Expected a share greater than 0: 0.3 for 30 %.');

const WITH = oneOf('previous', 'week', 'month', 'quarter', 'year', 'weekdays');

/**
 * Returns the condition that a value is less than a threshold. The alert ends once a value is at the threshold or
 * above it.
 *
 * @param options `recoveryThreshold`: ends the alert only once a value is at least this much, so that values around the
 * threshold do not begin it again and again
 * @throws InvalidArgumentError
 * @example below(10, { recoveryThreshold: 15 })
 */
export function below(threshold: number, options: { recoveryThreshold?: number | undefined } = {}): AlertCondition {
  return bound('below', threshold, options);
}

/**
 * Returns the condition that a value is greater than a threshold. The alert ends once a value is at the threshold or
 * below it.
 *
 * @param options `recoveryThreshold`: ends the alert only once a value is at most this much
 * @throws InvalidArgumentError
 * @example above(1000, { recoveryThreshold: 800 })
 */
export function above(threshold: number, options: { recoveryThreshold?: number | undefined } = {}): AlertCondition {
  return bound('above', threshold, options);
}

/**
 * Returns the condition that a value differs from an earlier one by a share of that one, or more. Where the earlier
 * value is unknown, or is 0 and has changed, there is no share, and the alert stays as it is.
 *
 * @param options `by`: the share, 0.3 for 30 %; `with`: `'previous'` (default) for the value just before, or what
 * `StatisticService.compare` takes: `'weekdays'` for the one 52 weeks earlier; `direction`: `'up'` or `'down'` alone, both
 * by default; `recoveryThreshold`: ends the alert only once the share is at most this much
 * @throws InvalidArgumentError
 * @example changed({ by: 0.3, with: 'weekdays', direction: 'down' })
 */
export function changed(options: {
  by: number;
  with?: ChangedWith | undefined;
  direction?: 'up' | 'down' | undefined;
  recoveryThreshold?: number | undefined;
}): AlertCondition {
  const read = readCallOptions('changed', options, {
    by: share,
    with: withDefault(WITH, 'previous'),
    direction: optional(oneOf('up', 'down')),
    recoveryThreshold: optional(number),
  });
  const { by, recoveryThreshold = by } = read;
  if (recoveryThreshold > by || recoveryThreshold < 0) {
    throw new InvalidArgumentError(
      'changed: recoveryThreshold',
      recoveryThreshold,
      `Expected a share from 0 to by, ${by}: the alert ends once the change is that small.`,
    );
  }
  return Object.freeze({
    [CONDITION]: true as const,
    kind: 'changed',
    threshold: by,
    recoveryThreshold,
    with: read.with,
    direction: read.direction ?? null,
  });
}

function bound(kind: 'below' | 'above', given: unknown, options: unknown): AlertCondition {
  const threshold = readArgument(`${kind}: threshold`, given, number);
  const { recoveryThreshold = threshold } = readCallOptions(kind, options, { recoveryThreshold: optional(number) });
  const isBack = kind === 'below' ? recoveryThreshold >= threshold : recoveryThreshold <= threshold;
  if (!isBack) {
    throw new InvalidArgumentError(
      `${kind}: recoveryThreshold`,
      recoveryThreshold,
      `The alert ends on the other side of the threshold. Expected ${threshold} or ${kind === 'below' ? 'more' : 'less'}.`,
    );
  }
  return Object.freeze({ [CONDITION]: true as const, kind, threshold, recoveryThreshold });
}

/** True if `below`, `above` or `changed` created the value. */
export function isCondition(value: unknown): value is AlertCondition {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, CONDITION);
}

/** True if a condition can be judged by what is known of a value. */
export function isKnown({ kind }: AlertCondition, { value, change }: Measured): boolean {
  return (kind === 'changed' ? change : value) !== null;
}

/**
 * Tells whether a value meets a condition, has recovered from it, or is between the two thresholds. An unknown value is
 * between, so that it changes nothing.
 */
export function judge(condition: AlertCondition, { value, change }: Measured): 'met' | 'recovered' | 'between' {
  const { threshold, recoveryThreshold } = condition;
  switch (condition.kind) {
    case 'below':
      if (value === null) return 'between';
      if (value < threshold) return 'met';
      return value >= recoveryThreshold ? 'recovered' : 'between';
    case 'above':
      if (value === null) return 'between';
      if (value > threshold) return 'met';
      return value <= recoveryThreshold ? 'recovered' : 'between';
    case 'changed': {
      if (change === null) return 'between';
      const size = condition.direction === null ? Math.abs(change) : condition.direction === 'up' ? change : -change;
      if (size >= threshold) return 'met';
      return size <= recoveryThreshold ? 'recovered' : 'between';
    }
  }
}

/** A share of this much is more likely a number of percent: values seldom become six times as great. */
const UNLIKELY_SHARE = 5;

/**
 * Returns a warning of a share that was probably meant as percent, or null.
 *
 * @example unlikelyShare(changed({ by: 30 })) // 'changed({ by: 30 }) is 3,000 %. …'
 */
export function unlikelyShare({ kind, threshold }: AlertCondition): string | null {
  if (kind !== 'changed' || threshold < UNLIKELY_SHARE) return null;
  const percent = NUMBERS.full(threshold * 100);
  return `changed({ by: ${threshold} }) is ${percent} %. by is a share of the earlier value: 0.3 for 30 %.`;
}

const EARLIER: Readonly<Record<ChangedWith, string>> = {
  previous: 'the value before',
  week: 'a week earlier',
  month: 'a month earlier',
  quarter: 'a quarter earlier',
  year: 'a year earlier',
  weekdays: '52 weeks earlier',
};

/**
 * Returns a condition in words: 'below 10', 'down by 30 % or more from a year earlier'.
 *
 * @param write writes a threshold that is a value
 */
export function conditionText(condition: AlertCondition, write: (value: number) => string = String): string {
  if (condition.kind !== 'changed') return `${condition.kind} ${write(condition.threshold)}`;
  const { threshold, direction } = condition;
  // 0.07 * 100 is 7.000000000000001
  const percent = Number((threshold * 100).toPrecision(12));
  return `${direction ?? 'changed'} by ${percent} % or more from ${EARLIER[condition.with]}`;
}
