import type * as api from '@opentelemetry/api';
import type { Tracer } from '@opentelemetry/api';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { requirePackage } from '../execution/optional-parts.js';
import { boolean, optional, withDefault, type Check } from '../validation/check.js';
import { readOptions, type ChecksOf } from '../validation/options.js';

/** Sets who makes the spans, and how much they say about errors. */
export interface TrackstatsOpenTelemetryOptions {
  /** makes the spans. @default the tracer named nestjs-trackstats of the global tracer provider */
  tracer?: Tracer | undefined;
  /**
   * adds the exception to the span of what failed, with its message and stack. Messages of databases may contain
   * values. The code of the error is recorded either way. @default true
   */
  recordExceptions?: boolean | undefined;
}

export type OpenTelemetryApi = typeof api;

/**
 * Loads the application's @opentelemetry/api.
 *
 * @throws MissingPackageError
 */
export function openTelemetryApi(): OpenTelemetryApi {
  return requirePackage({
    part: PART,
    name: '@opentelemetry/api',
    install: `'@opentelemetry/api@^1.9.0'`,
  }) as OpenTelemetryApi;
}

export interface ResolvedOpenTelemetryOptions {
  readonly tracer: Tracer | undefined;
  readonly recordExceptions: boolean;
}

export const PART = 'TrackstatsOpenTelemetryModule';

/** Checked by its method, because an application may have another copy of the package. */
const tracer: Check<Tracer> = (given, refuse) =>
  typeof (given as Partial<Tracer> | null | undefined)?.startSpan === 'function'
    ? (given as Tracer)
    : refuse('Expected a Tracer of OpenTelemetry.');

const OPTIONS = {
  tracer: optional(tracer),
  recordExceptions: withDefault(boolean, true),
} satisfies ChecksOf<TrackstatsOpenTelemetryOptions>;

/** @throws InvalidPartOptionError */
export function resolveOpenTelemetryOptions(given: TrackstatsOpenTelemetryOptions): ResolvedOpenTelemetryOptions {
  const resolved = readOptions(given, OPTIONS, (name, value, expected) => {
    return new InvalidPartOptionError(PART, name ?? 'options', value, expected);
  });
  return Object.freeze(resolved);
}
