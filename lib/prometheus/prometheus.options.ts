import type * as client from 'prom-client';
import type { Registry } from 'prom-client';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { requirePackage } from '../execution/optional-parts.js';
import { optional, withDefault, type Check } from '../validation/check.js';
import { readOptions, type ChecksOf } from '../validation/options.js';

/** Sets the registry, the names and the buckets of the metrics. */
export interface TrackstatsPrometheusOptions {
  /** the registry of the metrics. @default the default registry of prom-client */
  register?: Registry | undefined;
  /** prefix of the metrics' names. @default 'trackstats_' */
  prefix?: string | undefined;
  /** upper bounds of the histogram of durations, in seconds. @default 0.01 to an hour, in twelve steps */
  buckets?: readonly number[] | undefined;
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
}

const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600];
const PREFIX = /^[A-Za-z_:][A-Za-z0-9_:]*$/;

/** Checked by its methods, because an application may have another copy of prom-client. */
const registry: Check<Registry> = (given, refuse) => {
  const register = given as Partial<Registry> | null | undefined;
  const isRegistry = typeof register?.registerMetric === 'function' && typeof register.getSingleMetric === 'function';
  return isRegistry ? (register as Registry) : refuse('Expected a Registry of prom-client.');
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
} satisfies ChecksOf<TrackstatsPrometheusOptions>;

/** @throws InvalidPartOptionError */
export function resolvePrometheusOptions(given: TrackstatsPrometheusOptions): ResolvedPrometheusOptions {
  const { register, prefix, buckets } = readOptions(given, OPTIONS, (name, value, expected) => {
    return new InvalidPartOptionError('TrackstatsPrometheusModule', name ?? 'options', value, expected);
  });
  return Object.freeze({ register, prefix, buckets: Object.freeze([...buckets]) });
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
