import type * as client from 'prom-client';
import type { Registry } from 'prom-client';
import { metricTarget, type MetricTarget } from '../catalog/index.js';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { requirePackage } from '../execution/optional-parts.js';
import type { EntityClass } from '../statistics/index.js';
import { checkPeriod, type Period } from '../time/period.js';
import { optional, refusePart, withDefault, type Check } from '../validation/check.js';
import { group, readOptions, type ChecksOf } from '../validation/options.js';

/** A statistic whose newest value is shown: the total, or the greatest objects of a type. */
export interface WatchedStatistic {
  /** the metric, as `defineMetric` returns it, or its key: 'shopping/orders' */
  readonly metric: MetricTarget;
  /** @default DAY: the value of today so far */
  readonly period?: Period | undefined;
  /** values by object of this type, with `top`. @default the total */
  readonly objectType?: EntityClass | string | undefined;
  /** number of objects, the greatest first: 1 to 100. Each is a time series of its own in Prometheus */
  readonly top?: number | undefined;
}

/** Sets the registry, the names and the buckets of the metrics. */
export interface TrackstatsPrometheusOptions {
  /** the registry of the metrics. @default the default registry of prom-client */
  register?: Registry | undefined;
  /** prefix of the metrics' names. @default 'trackstats_' */
  prefix?: string | undefined;
  /** upper bounds of the histogram of durations, in seconds. @default 0.01 to an hour, in twelve steps */
  buckets?: readonly number[] | undefined;
  /** metrics whose newest values are shown as the gauge `trackstats_statistic`, 100 at most. @default none */
  statistics?: readonly WatchedStatistic[] | undefined;
}

export type PromClient = typeof client;

/**
 * Loads the application's prom-client.
 *
 * @throws MissingPackageError
 */
export function promClient(): PromClient {
  return requirePackage({
    part: 'TrackstatsPrometheusModule',
    name: 'prom-client',
    install: `'prom-client@^15.0.0'`,
  }) as PromClient;
}

export interface ResolvedPrometheusOptions {
  readonly register: Registry | undefined;
  readonly prefix: string;
  readonly buckets: readonly number[];
  readonly statistics: readonly WatchedStatistic[];
}

const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600];
const PREFIX = /^[A-Za-z_:][A-Za-z0-9_:]*$/;

/** Checked by its methods, because an application may have another copy of prom-client. */
const registry: Check<Registry> = (given, refuse) => {
  const register = given as Partial<Registry> | null | undefined;
  const isRegistry = typeof register?.registerMetric === 'function' && typeof register.getSingleMetric === 'function';
  return isRegistry ? (register as Registry) : refuse('Expected a Registry of prom-client.');
};

/** Each object is a time series that Prometheus keeps for weeks. */
const MOST = 100;

const statisticOptions = group({
  metric: metricTarget,
  period: optional<Period>((given) => checkPeriod(given)),
  objectType: optional((given) => given as EntityClass | string),
  top: optional<number>((given, refuse) =>
    typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= MOST
      ? given
      : refuse(`Expected a number of objects from 1 to ${String(MOST)}.`),
  ),
} satisfies ChecksOf<WatchedStatistic>);

const watchedStatistic: Check<WatchedStatistic> = (given, refuse) => {
  const statistic = statisticOptions(given, refuse);
  const { objectType, top } = statistic;
  if (objectType !== undefined && top === undefined)
    return refuse(`Expected a number of objects from 1 to ${String(MOST)}.`, { name: 'top', given: top });
  if (objectType === undefined && top !== undefined)
    return refuse('Expected an objectType beside top.', { name: 'objectType', given: objectType });
  return Object.freeze(statistic);
};

const watched: Check<readonly WatchedStatistic[]> = (given, refuse) =>
  Array.isArray(given) && given.length <= MOST
    ? given.map((one: unknown, place) => watchedStatistic(one, refusePart(refuse, String(place), one)))
    : refuse(`Expected an array of at most ${String(MOST)} { metric, period, objectType, top }.`);

const OPTIONS = {
  register: optional(registry),
  prefix: withDefault(
    (given, refuse) =>
      typeof given === 'string' && PREFIX.test(given)
        ? given
        : refuse('Expected letters, digits, _ and :, beginning with no digit.'),
    'trackstats_',
  ),
  buckets: withDefault(
    (given, refuse) => (isAscending(given) ? given : refuse('Expected numbers of seconds in ascending order.')),
    BUCKETS,
  ),
  statistics: withDefault(watched, []),
} satisfies ChecksOf<TrackstatsPrometheusOptions>;

/** @throws InvalidPartOptionError */
export function resolvePrometheusOptions(given: TrackstatsPrometheusOptions): ResolvedPrometheusOptions {
  const { register, prefix, buckets, statistics } = readOptions(given, OPTIONS, (name, value, expected) => {
    return new InvalidPartOptionError('TrackstatsPrometheusModule', name ?? 'options', value, expected);
  });
  return Object.freeze({
    register,
    prefix,
    buckets: Object.freeze([...buckets]),
    statistics: Object.freeze(statistics),
  });
}

function isAscending(given: unknown): given is readonly number[] {
  return (
    Array.isArray(given) &&
    given.length > 0 &&
    given.every(
      (bound: unknown, place) => Number.isFinite(bound) && (place === 0 || (bound as number) > given[place - 1]),
    )
  );
}
