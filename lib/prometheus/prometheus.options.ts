import type * as client from 'prom-client';
import type { Registry } from 'prom-client';
import { metricKeyOf, type MetricTarget } from '../catalog/index.js';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { requirePackage } from '../execution/optional-parts.js';
import type { EntityClass } from '../statistics/index.js';
import { checkPeriod, type Period } from '../time/period.js';
import { isOptions, optional, withDefault, type Check } from '../validation/check.js';
import { readOptions, type ChecksOf } from '../validation/options.js';

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
const KEYS = ['metric', 'period', 'objectType', 'top'];

const watched: Check<readonly WatchedStatistic[]> = (given, refuse) => {
  if (!Array.isArray(given) || given.length > MOST)
    return refuse(`Expected an array of at most ${String(MOST)} { metric, period, objectType, top }.`);
  return given.map((one: unknown, place) =>
    watchedStatistic(one, (expected, part) => {
      const name = part === undefined ? String(place) : `${String(place)}.${part.name}`;
      return refuse(expected, { name, given: part === undefined ? one : part.given });
    }),
  );
};

const watchedStatistic: Check<WatchedStatistic> = (given, refuse) => {
  if (!isOptions(given)) return refuse('Expected { metric, period, objectType, top }.');
  const unknown = Object.keys(given).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return refuse(`Expected ${KEYS.join(', ')}.`, { name: unknown, given: given[unknown] });
  const { metric, period, objectType, top } = given as unknown as WatchedStatistic;
  metricKeyOf(metric);
  if (period !== undefined) checkPeriod(period);
  const isCount = typeof top === 'number' && Number.isInteger(top) && top >= 1 && top <= MOST;
  if (objectType !== undefined && !isCount)
    return refuse(`Expected a number of objects from 1 to ${String(MOST)}.`, { name: 'top', given: top });
  if (objectType === undefined && top !== undefined)
    return refuse('Expected an objectType beside top.', { name: 'objectType', given: objectType });
  return Object.freeze({ metric, period, objectType, top });
};

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
