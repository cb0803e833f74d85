import { TrackstatsError } from './trackstats.error.js';

/** Thrown if the options of an alert cannot be used, or if its method cannot be called. */
export class InvalidAlertError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_ALERT';
  readonly kind = 'setup';

  /** @param problem the problem and what to do */
  constructor(alert: string, problem: string, cause?: unknown) {
    super(`Alert ${alert}: ${problem}`, { cause });
  }
}
