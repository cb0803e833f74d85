import type { MetricTarget } from '../../catalog/definitions.js';
import { checkStored } from '../../catalog/derived.js';
import { InvalidFilterError, InvalidKeyError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { Period } from '../../time/period.js';
import {
  localDate,
  manager,
  oneOf,
  optional,
  boolean,
  withDefault,
  wholeNumber,
  type Check,
} from '../../validation/check.js';
import { readValue, type Checks, type Values } from '../../validation/options.js';
import { LONGEST_KEY } from '../tables/increment-key.entity.js';
import { keyTextProblem } from '../tables/key-text.js';
import { checkFilterKeys, type FilterKey, type NormalFilter, readFilter } from './filter.js';
import { checkMoment, type FilterContext } from './scope-filter.js';
import type { Fill } from './statistic-filter.js';
import { parseNumber, storedValue } from './statistic-value.js';

/** The filter keys and the options of a call. */
interface CallShape {
  /** keys that its filter takes */
  readonly keys: readonly FilterKey[];
  readonly options: Checks;
  /** true if a derived metric is computed for it, from its parts; all others need what is stored */
  readonly derives?: boolean;
}

const CELL = ['object', 'entity', 'dimensions'] as const;
const SCOPE = ['object', 'objects', 'objectType', 'entity', 'dimensions'] as const;
const RANGE = ['period', 'date', 'from', 'to', 'last'] as const;

const incrementKey: Check<string> = (given) => {
  const problem = given === '' ? 'Expected text that is not empty.' : keyTextProblem(given, LONGEST_KEY);
  if (problem !== null) throw new InvalidKeyError(given, problem);
  return given as string;
};

const exact = withDefault(boolean, false);
const live = withDefault(boolean, false);
const fill = withDefault<Fill>(oneOf('period', 'zero', 'previous', 'null'), 'period');
const limit: Check<number> = (given, refuse) =>
  given === Infinity || (Number.isSafeInteger(given) && (given as number) >= 0)
    ? (given as number)
    : refuse('Expected a whole number, or Infinity for all.');

/** The filter keys and the options of each call of StatisticService that takes a filter. Unknown keys are rejected. */
const CALLS = {
  record: { keys: ['metric', 'period', 'date', 'at', ...CELL], options: { value: storedValue, manager } },
  recordMany: { keys: ['metric', 'period', 'date', 'at', ...CELL], options: { value: storedValue } },
  increment: {
    keys: ['metric', 'period', 'date', 'at', ...CELL],
    options: { by: withDefault(parseNumber, '1'), key: optional(incrementKey), manager },
  },
  narrow: { keys: ['metric', 'metrics', ...RANGE, ...SCOPE], options: {} },
  find: { keys: ['metric', 'metrics', ...RANGE, ...SCOPE], options: {} },
  mostRecent: { keys: ['metric', ...RANGE, ...SCOPE], options: {} },
  value: { keys: ['metric', 'period', 'date', ...CELL], options: { exact, live }, derives: true },
  point: { keys: ['metric', 'period', 'date', ...CELL], options: { exact, live }, derives: true },
  series: { keys: ['metric', ...RANGE, ...CELL], options: { exact, fill, live }, derives: true },
  multiSeries: { keys: ['metric', 'metrics', ...RANGE, ...SCOPE], options: { exact, fill, live }, derives: true },
  top: {
    keys: ['metric', 'period', 'date', ...SCOPE],
    options: {
      exact,
      live,
      limit: withDefault(limit, 10),
      offset: withDefault(wholeNumber('places'), 0),
      order: withDefault(oneOf('desc', 'asc'), 'desc'),
    },
    derives: true,
  },
  total: { keys: ['metric', 'period', 'from', 'to', 'last', ...CELL], options: { exact, live }, derives: true },
  compare: {
    keys: ['metric', 'period', 'from', 'to', 'last', ...CELL],
    options: {
      exact,
      fill,
      live,
      with: withDefault(oneOf('previous', 'week', 'month', 'quarter', 'year', 'weekdays'), 'previous'),
    },
    derives: true,
  },
  coverage: { keys: ['metric', 'period', ...SCOPE], options: {}, derives: true },
  remove: { keys: ['metric', 'metrics', ...RANGE, ...SCOPE], options: { force: withDefault(boolean, false), manager } },
  prune: {
    keys: ['metric', 'metrics', 'period'],
    options: { before: optional(localDate), keep: optional(wholeNumber('days', 1)) },
  },
  today: { keys: ['metric'], options: {}, derives: true },
} satisfies Record<string, CallShape>;

type CallName = keyof typeof CALLS;

/** A call, with what reading it needs each time: recordMany reads a hundred thousand. */
interface PreparedCall extends CallShape {
  readonly optionNames: readonly string[];
  readonly refuse: Parameters<typeof readValue>[3];
}

const PREPARED = new Map<string, PreparedCall>(
  Object.entries<CallShape>(CALLS).map(([call, shape]) => {
    const refuse = (name: string | null, value: unknown, expected: string): InvalidFilterError =>
      new InvalidFilterError(`${call}: ${String(name)} is ${shown(value)}. ${expected}`);
    return [call, { ...shape, optionNames: Object.keys(shape.options), refuse }];
  }),
);

/** The checked filter and options of a call. Dates may still be instants. */
export type ReadCall<N extends CallName> = NormalFilter & {
  readonly options: Values<(typeof CALLS)[N]['options']>;
};

/**
 * Reads the argument of a call of StatisticService. Does not use the database.
 *
 * @throws InvalidFilterError, and the errors of the values in the filter
 */
export function readCall<N extends CallName>(context: FilterContext, call: N, given: unknown): ReadCall<N> {
  const { keys, options, optionNames, refuse, derives = false } = PREPARED.get(call) as PreparedCall;
  const filter = checkFilterKeys(call, given, keys, optionNames);
  const values: Record<string, unknown> = {};
  for (const name of optionNames) values[name] = readValue(filter[name], options[name] as Check<unknown>, name, refuse);
  const { metrics, period, range, scope } = readFilter(context, filter);
  if (!derives) for (const metric of metrics) checkStored(call, metric);
  // written out, as below: spread objects take several times as long
  return { metrics, period, range, scope, options: values as Values<(typeof CALLS)[N]['options']> };
}

/** Reads the argument of a call like `readCall`. The period is DAY by default. */
export function readOnePeriod<N extends CallName>(
  context: FilterContext,
  call: N,
  given: unknown,
): ReadCall<N> & { readonly period: Period } {
  const { metrics, period: asked, range, scope, options } = readCall(context, call, given);
  const period = asked ?? Period.DAY;
  checkMoment(scope.table, period);
  return { metrics, period, range, scope, options };
}

/** Reads the argument of a call like `readOnePeriod`, for one metric. */
export function readOneMetric<N extends CallName>(
  context: FilterContext,
  call: N,
  given: unknown,
): ReadCall<N> & { readonly metric: MetricTarget; readonly period: Period } {
  const { metrics, period, range, scope, options } = readOnePeriod(context, call, given);
  return { metric: metrics[0] as MetricTarget, metrics, period, range, scope, options };
}
