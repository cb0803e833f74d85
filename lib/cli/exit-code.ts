import { InterruptedError } from '../errors/cli.error.js';
import { TrackstatsError, type TrackstatsErrorKind } from '../errors/trackstats.error.js';
import { exitCodeOf } from './interruption.js';

export const SUCCESS = 0;
/** Differences were found, or a run failed. */
export const FAILURE = 1;
/** Invalid usage. */
export const USAGE = 2;

const USAGE_ERRORS: readonly TrackstatsErrorKind[] = ['invalid', 'unknown', 'missing-package'];

/** Returns the code with which a command exits after an error. */
export function exitCodeFor(error: unknown): number {
  if (error instanceof InterruptedError) return exitCodeOf(error);
  return error instanceof TrackstatsError && USAGE_ERRORS.includes(error.kind) ? USAGE : FAILURE;
}
