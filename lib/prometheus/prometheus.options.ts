import type { Registry } from 'prom-client';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';

/** Where the metrics are registered, and what they are called. */
export interface TrackstatsPrometheusOptions {
  /** where the metrics are registered. @default the default registry of prom-client */
  register?: Registry | undefined;
  /** what the names of the metrics begin with. @default 'trackstats_' */
  prefix?: string | undefined;
  /** upper bounds of the histogram of durations, in seconds. @default 0.01 to an hour, in twelve steps */
  buckets?: readonly number[] | undefined;
}

export interface ResolvedPrometheusOptions {
  readonly register: Registry | undefined;
  readonly prefix: string;
  readonly buckets: readonly number[];
}

const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600];
const PREFIX = /^[A-Za-z_:][A-Za-z0-9_:]*$/;

/** @throws InvalidPartOptionError */
export function resolvePrometheusOptions(given: TrackstatsPrometheusOptions): ResolvedPrometheusOptions {
  const { register, prefix = 'trackstats_', buckets = BUCKETS } = given;
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    throw invalid('prefix', prefix, 'Expected letters, digits, _ and :, beginning with no digit.');
  }
  if (!isAscending(buckets)) throw invalid('buckets', buckets, 'Expected numbers of seconds in ascending order.');
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

function invalid(option: string, given: unknown, reason: string): InvalidPartOptionError {
  return new InvalidPartOptionError('TrackstatsPrometheusModule', option, given, reason);
}
