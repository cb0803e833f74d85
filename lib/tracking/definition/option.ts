import { isMetricDefinition, type MetricTarget } from '../../catalog/definitions.js';
import { checkStored } from '../../catalog/derived.js';
import { Metric } from '../../catalog/metric.entity.js';
import { parseKey } from '../../catalog/ref.js';
import { CIRCULAR_IMPORT } from '../../errors/catalog.error.js';
import { InvalidPeriodError } from '../../errors/time.error.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { entityClass, objectTarget } from '../../statistics/filter/object-target.js';
import { keyTextProblem } from '../../statistics/tables/key-text.js';
import { MS_PER_DAY } from '../../time/local-date.js';
import { millisecondsOf } from '../../time/duration.js';
import { Period } from '../../time/period.js';
import { checkTimeZone } from '../../time/time-zone.js';
import {
  boolean,
  type Check,
  isOptions,
  localDate,
  oneOf,
  optional,
  text,
  wholeNumber,
  withDefault,
} from '../../validation/check.js';
import { group, readOptions } from '../../validation/options.js';
import type { Keep, Scrubbing, TrackerWhere } from './tracker-definition.js';
import type {
  Aggregating,
  ByDimensions,
  ByObject,
  JobOptions,
  MethodOptions,
  MetricsOf,
  Schedule,
  SourceOf,
  TrackerOptions,
  WithTotal,
} from './tracker.options.js';

/** The kind of a tracker class, which decides the options that it takes. */
export type TrackerKind = 'date' | 'count-date' | 'object' | 'count-object' | 'dimensions';

/** The kinds of everything that `@Track` makes a tracker. */
type Kind = TrackerKind | 'method';

const CLASSES = ['date', 'count-date', 'object', 'count-object', 'dimensions'] as const;
const ALL = [...CLASSES, 'method'] as const;
const BY_OBJECT = ['object', 'count-object'] as const;
const KEYED = [...BY_OBJECT, 'dimensions'] as const;

/** An option of `@Track` and of the constructors of trackers. */
interface Option {
  /** reads the value. An option whose value depends on others, or on the source, is checked there */
  readonly check: Check<unknown>;
  /** the kinds of tracker that take it */
  readonly takenBy: readonly Kind[];
  /** what it says: the values to compute, the rows to read, or when to run */
  readonly says: 'values' | 'source' | 'job';
  /** true if each metric of `metrics` may have its own */
  readonly perMetric?: true;
  /** true if stored statistics are right only for the same value. Their coverage stores it in its fingerprint */
  readonly identifies?: true;
}

/** characters in the name of a tracker */
export const LONGEST_NAME = 200;

/** Accepts an option that is checked later, together with others or against the source. */
const checkedLater = (given: unknown): unknown => given;

const metric: Check<MetricTarget> = (given, refuse) => {
  checkStored('@Track', given as MetricTarget);
  if (isMetricDefinition(given) || given instanceof Metric) return given;
  if (typeof given === 'string' && given !== '') {
    parseKey(given);
    return given;
  }
  return refuse("Expected what defineMetric returned, or the natural key of a stored metric: 'shopping/order_count'.");
};

const property: Check<string> = (given, refuse) =>
  typeof given === 'string' && given !== ''
    ? given
    : refuse("Expected the property that says when a row happened: dateField: 'createdAt'.");

const where: Check<TrackerWhere> = (given, refuse) =>
  typeof given === 'function' || (Array.isArray(given) ? given : [given]).every(isOptions)
    ? (given as TrackerWhere)
    : refuse(
        "Expected conditions as find takes them ({ status: 'paid' }), a list of them, or a function (query, alias) => void.",
      );

const keep: Check<Keep> = (given, refuse) => {
  if (!isOptions(given)) return refuse('Expected a number of days for each period: keep: { DAY: 730 }.');
  const kept = new Map<Period, number>();
  for (const [period, days] of Object.entries(given)) {
    if (days === undefined) continue;
    const code = periodNamed(period);
    if (code === null)
      return refuse('Expected the name of a period, as Period.nameOf returns it.', { name: period, given: days });
    if (kept.has(code)) return refuse(`Name ${Period.nameOf(code)} once.`, { name: period, given: days });
    kept.set(
      code,
      wholeNumber('days', 1)(days, (expected) => refuse(expected, { name: period, given: days })),
    );
  }
  return kept;
};

/** How much before the last run the next one recomputes. */
export interface Lookback {
  /** the days in which that much is, if it is a length of time */
  readonly days: number;
  /** milliseconds; null if it is a number of days */
  readonly ms: number | null;
}

const lookback: Check<Lookback> = (given, refuse) => {
  if (Number.isSafeInteger(given) && (given as number) >= 0) return { days: given as number, ms: null };
  // a text without a unit is milliseconds to the package `ms`, and days to whoever reads it
  const ms = typeof given === 'string' && /[a-z]/i.test(given) ? millisecondsOf(given) : null;
  if (ms !== null && ms >= 0) return { days: Math.ceil(ms / MS_PER_DAY), ms };
  return refuse(
    "Expected a whole number of days, 0 or more, or for periods that are all shorter than a day text such as '15 minutes'.",
  );
};

function periodNamed(name: string): Period | null {
  try {
    return Period.parse(name);
  } catch (error) {
    if (error instanceof InvalidPeriodError) return null;
    throw error;
  }
}

const name: Check<string> = (given, refuse) => {
  const problem = keyTextProblem(given, LONGEST_NAME);
  return problem === null ? (given as string) : refuse(problem);
};

/** How many days a run compares with the source at most. Longer slices cost what a run of a year costs. */
const MOST_SCRUBBED_DAYS = 366;
const SHORTEST_SCRUB_INTERVAL = 60_000;

const scrubbedDays: Check<number> = (given, refuse) =>
  Number.isSafeInteger(given) && (given as number) >= 1 && (given as number) <= MOST_SCRUBBED_DAYS
    ? (given as number)
    : refuse(`Expected a whole number of days, 1 to ${MOST_SCRUBBED_DAYS}.`);

const scrubInterval: Check<number> = (given, refuse) => {
  const length = millisecondsOf(given);
  if (length !== null && length >= SHORTEST_SCRUB_INTERVAL) return length;
  return refuse(`Expected milliseconds, or text such as '1 hour', of a minute or more.`);
};

/** The scrub of a tracker with history 'current' that has no other: a month every hour. */
export const DEFAULT_SCRUB: Scrubbing = Object.freeze({ days: 31, every: 3_600_000 });

const scrubOptions: Check<Scrubbing> = group({
  days: withDefault(scrubbedDays, DEFAULT_SCRUB.days),
  every: withDefault(scrubInterval, DEFAULT_SCRUB.every),
});

const scrub: Check<Scrubbing | false> = (given, refuse) => (given === false ? false : scrubOptions(given, refuse));

/**
 * Every option of a tracker, once. What it means is said in `tracker.options.ts`, in the type that applications see.
 * The order of those that identify is that of every stored fingerprint.
 */
const OPTIONS = {
  metric: { check: optional(metric), takenBy: ALL, says: 'values', perMetric: true },
  metrics: { check: checkedLater, takenBy: CLASSES, says: 'values' },
  period: { check: checkedLater, takenBy: ALL, says: 'values', perMetric: true },
  aggregate: { check: checkedLater, takenBy: CLASSES, says: 'values', perMetric: true, identifies: true },
  dateField: { check: property, takenBy: CLASSES, says: 'values', identifies: true },
  timeZone: { check: optional(checkTimeZone), takenBy: ALL, says: 'values', identifies: true },
  epoch: { check: optional(oneOf('s', 'ms')), takenBy: CLASSES, says: 'values', identifies: true },
  storedIn: { check: optional(oneOf('UTC')), takenBy: CLASSES, says: 'values', identifies: true },
  withDeleted: { check: withDefault(boolean, false), takenBy: CLASSES, says: 'values', identifies: true },
  // the fingerprint has the text of the query with its conditions
  where: { check: optional(where), takenBy: CLASSES, says: 'values', perMetric: true },
  since: { check: optional(localDate), takenBy: CLASSES, says: 'values' },
  sourceKeptSince: { check: optional(localDate), takenBy: CLASSES, says: 'values' },
  lookback: { check: withDefault(lookback, { days: 1, ms: null }), takenBy: CLASSES, says: 'values' },
  appendOnly: { check: withDefault(boolean, false), takenBy: CLASSES, says: 'values' },
  history: { check: withDefault(oneOf('recorded', 'current'), 'recorded'), takenBy: CLASSES, says: 'values' },
  scrub: { check: optional(scrub), takenBy: CLASSES, says: 'values' },
  density: { check: optional(oneOf('daily', 'changes')), takenBy: CLASSES, says: 'values', perMetric: true },
  keep: { check: optional(keep), takenBy: CLASSES, says: 'values', perMetric: true },
  withTotal: { check: withDefault(boolean, false), takenBy: KEYED, says: 'values' },
  object: { check: optional(objectTarget), takenBy: [...BY_OBJECT, 'method'], says: 'values' },
  // the fingerprint has the properties that keys are read from
  objectField: { check: checkedLater, takenBy: BY_OBJECT, says: 'values' },
  objectEntity: { check: optional(entityClass), takenBy: BY_OBJECT, says: 'values' },
  statistic: { check: checkedLater, takenBy: ['dimensions', 'method'], says: 'values' },
  timeStatistic: { check: checkedLater, takenBy: ['dimensions'], says: 'values' },
  dimensions: { check: checkedLater, takenBy: ['dimensions'], says: 'values' },
  source: { check: optional(entityClass), takenBy: CLASSES, says: 'source' },
  sourceDataSource: { check: optional(text), takenBy: CLASSES, says: 'source' },
  name: { check: optional(name), takenBy: ALL, says: 'job' },
  cron: { check: checkedLater, takenBy: ALL, says: 'job' },
  every: { check: checkedLater, takenBy: ALL, says: 'job' },
  runOnStart: { check: withDefault(boolean, false), takenBy: ALL, says: 'job' },
  retries: { check: withDefault(wholeNumber('times'), 0), takenBy: ALL, says: 'job' },
  timeout: { check: optional(wholeNumber('milliseconds')), takenBy: ALL, says: 'job' },
} as const satisfies Record<PublicOption, Option>;

type KeysOfEach<T> = T extends unknown ? keyof T : never;
type Public =
  | TrackerOptions
  | Aggregating<object>
  | MetricsOf<object>
  | ByObject<object>
  | WithTotal
  | SourceOf<object>
  | JobOptions
  | MethodOptions;
/** The names of the options in the types that applications see. */
type PublicOption = KeysOfEach<Public | ByDimensions<object, never> | Schedule>;

type Table = typeof OPTIONS;
export type OptionName = keyof Table;

/** The names of the options of which something holds. */
type NamesWhere<Holds> = { [K in OptionName]: Table[K] extends Holds ? K : never }[OptionName];
export type MetricOption = NamesWhere<{ readonly perMetric: true }>;
type JobName = NamesWhere<{ readonly says: 'job' }>;
export type IdentifyingOption = NamesWhere<{ readonly identifies: true }>;

/** Options as they were written. The decorator and the classes type them; their values are not checked yet. */
export type GivenOptions = { readonly [K in OptionName]?: unknown };
/** The options of `@Track` that set a tracker's name and schedule. */
export type GivenJob = Pick<GivenOptions, JobName>;

/** Options after their checks. */
type Checked<N extends OptionName> = { readonly [K in N]: ReturnType<Table[K]['check']> };
export type CheckedOptions = Checked<Exclude<OptionName, JobName>>;
export type CheckedJob = Checked<JobName>;
/** The options of one of `metrics` after their checks. */
export type CheckedMetric = Checked<MetricOption>;

const NAMES = Object.keys(OPTIONS) as OptionName[];

function namesWhere(holds: (option: Option) => boolean): OptionName[] {
  return NAMES.filter((option) => holds(OPTIONS[option]));
}

/** The options that are part of a fingerprint, in its order. */
export const IDENTIFYING_OPTIONS = namesWhere(({ identifies }) => identifies === true) as IdentifyingOption[];

/** The options that `TrackerService.register` takes. */
export const REGISTER_OPTIONS: readonly string[] = [
  ...namesWhere(({ says }) => says === 'job'),
  ...namesWhere(({ says }) => says === 'source'),
];

/** True if a kind of tracker takes an option. */
export function takes(kind: Kind, option: OptionName): boolean {
  const { takenBy }: Option = OPTIONS[option];
  return takenBy.includes(kind);
}

const JOB = namesWhere(({ says }) => says === 'job');

/** Splits the options of `@Track` into what to compute and when. */
export function splitOptions(given: GivenOptions): { options: GivenOptions; job: GivenJob } {
  const says = (job: boolean) => Object.entries(given).filter(([option]) => isJobOption(option) === job);
  return { options: Object.fromEntries(says(false)), job: Object.fromEntries(says(true)) };
}

function isJobOption(option: string): boolean {
  return Object.hasOwn(OPTIONS, option) && OPTIONS[option as OptionName].says === 'job';
}

/**
 * Reads what to compute from the options of a tracker class.
 *
 * @throws InvalidTrackerError, and the errors of the checks
 */
export function readClassOptions(tracker: string, given: unknown): CheckedOptions {
  const names = namesWhere(({ takenBy, says }) => says !== 'job' && CLASSES.some((kind) => takenBy.includes(kind)));
  return read(tracker, given, names, { readElsewhere: JOB }) as CheckedOptions;
}

/**
 * Reads what to record from the options of a method.
 *
 * @throws InvalidTrackerError, and the errors of the checks
 */
export function readMethodOptions(tracker: string, given: unknown): CheckedOptions {
  return read(
    tracker,
    given,
    namesWhere(({ takenBy, says }) => says !== 'job' && takenBy.includes('method')),
    { readElsewhere: JOB },
  ) as CheckedOptions;
}

/**
 * Reads the name and the schedule of a tracker.
 *
 * @throws InvalidTrackerError
 */
export function readJobOptions(tracker: string, given: unknown): CheckedJob {
  return read(
    tracker,
    given,
    namesWhere(({ says }) => says === 'job'),
  ) as CheckedJob;
}

/**
 * Reads one of `metrics`.
 *
 * @throws InvalidTrackerError, and the errors of the checks
 */
export function readMetricOptions(tracker: string, place: number, given: unknown): CheckedMetric {
  const names = namesWhere(({ perMetric }) => perMetric === true);
  return read(tracker, given, names, { prefix: `metrics[${String(place)}]` }) as CheckedMetric;
}

/**
 * Returns the metric of a tracker, or of one of its `metrics`.
 *
 * @throws InvalidTrackerError if it was left out
 */
export function requireMetric(tracker: string, option: string, given: MetricTarget | undefined): MetricTarget {
  return metric(given, (expected) => {
    const hint = given === undefined ? ` ${CIRCULAR_IMPORT}` : '';
    throw new InvalidTrackerError(tracker, `${option} is ${shown(given)}. ${expected}${hint}`);
  });
}

function read(
  tracker: string,
  given: unknown,
  names: readonly OptionName[],
  { prefix, readElsewhere = [] }: { readonly prefix?: string; readonly readElsewhere?: readonly string[] } = {},
): unknown {
  const checks = Object.fromEntries(names.map((option) => [option, OPTIONS[option].check as Check<unknown>]));
  const createError = (option: string | null, value: unknown, expected: string): InvalidTrackerError => {
    const what = [...(prefix === undefined ? [] : [prefix]), ...(option === null ? [] : [option])].join('.');
    return new InvalidTrackerError(tracker, `${what === '' ? 'options' : what} is ${shown(value)}. ${expected}`);
  };
  return readOptions(given, checks, createError, readElsewhere);
}

/** True if an option was passed. `undefined` counts as left out. */
export function present(value: unknown): boolean {
  return value !== undefined;
}
