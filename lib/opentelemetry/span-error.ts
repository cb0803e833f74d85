import type { Span } from '@opentelemetry/api';
import { TrackstatsError } from '../errors/trackstats.error.js';
import type { OpenTelemetryApi, ResolvedOpenTelemetryOptions } from './opentelemetry.options.js';

/** Says in a span that its work has failed. */
export function setError(
  { SpanStatusCode }: OpenTelemetryApi,
  { recordExceptions }: ResolvedOpenTelemetryOptions,
  span: Span,
  error: unknown,
): void {
  const type = codeOf(error);
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
  if (recordExceptions) span.recordException(error instanceof Error ? error : String(error));
}

/** Returns the name of an error of few values, as `error.type` is defined. */
function codeOf(error: unknown): string {
  if (error instanceof TrackstatsError) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}
