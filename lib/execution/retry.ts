import { ConnectionBusyError, DatabaseNotRespondingError } from '../errors/database.error.js';
import { OvertakenError, RunTimeoutError } from '../errors/run.error.js';
import { TrackstatsError } from '../errors/trackstats.error.js';

const LONGEST_DELAY = 60_000;

/** How likely a retry of a failed run is to succeed. An outage is waited for. */
export type RetryProspect = 'outage' | 'unknown' | 'none';

/** Lets databases classify their errors. */
export interface ErrorClassifier {
  /** True if the database was busy or could not be reached. */
  isOutage(error: unknown): boolean;
  /** True if the cause need not recur: somebody cancelled the statement, or another writer had stored the same key. */
  isPassing(error: unknown): boolean;
}

/** Errors of the library that depend on other work at the same time. */
const PASSING = [RunTimeoutError, ConnectionBusyError, OvertakenError];

/**
 * Returns how likely a retry of a failed run is to succeed. A wrong definition fails again. An error of the
 * application's method may have any cause.
 */
export function retryProspect(error: unknown, isMethod: boolean, databases: ErrorClassifier): RetryProspect {
  if (error instanceof DatabaseNotRespondingError) return 'outage';
  if (PASSING.some((type) => error instanceof type)) return 'unknown';
  if (error instanceof TrackstatsError) return 'none';
  if (databases.isOutage(error)) return 'outage';
  return isMethod || databases.isPassing(error) ? 'unknown' : 'none';
}

/**
 * Returns the milliseconds to wait after a number of failures: doubled each time, up to a minute, and reduced at random
 * by up to half.
 */
export function retryDelayAfter(failures: number, retryDelay: number): number {
  return Math.min(LONGEST_DELAY, retryDelay * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
