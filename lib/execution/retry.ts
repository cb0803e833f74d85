import { ConnectionBusyError, DatabaseNotRespondingError } from '../errors/database.error.js';
import { OvertakenError, RunTimeoutError } from '../errors/run.error.js';
import { TrackstatsError } from '../errors/trackstats.error.js';

const LONGEST_PAUSE = 60_000;

/** How likely a retry of a failed run is to succeed: once the database is back, perhaps, or not at all. */
export type Prospect = 'outage' | 'uncertain' | 'hopeless';

/** Lets databases classify their errors. */
export interface ErrorJudge {
  /** True if the database was busy or could not be reached. */
  isOutage(error: unknown): boolean;
  /**
   * True if somebody cancelled the statement, or if another writer had stored the same key: neither has to happen
   * again.
   */
  isPassing(error: unknown): boolean;
}

/** Errors of the library that depend on other work at the same time. */
const PASSING = [RunTimeoutError, ConnectionBusyError, OvertakenError];

/**
 * Returns how likely a retry of a failed run is to succeed. A wrong definition fails again; an error of the
 * application's method says nothing about it.
 */
export function prospectOf(error: unknown, isMethod: boolean, judge: ErrorJudge): Prospect {
  if (error instanceof DatabaseNotRespondingError) return 'outage';
  if (PASSING.some((type) => error instanceof type)) return 'uncertain';
  if (error instanceof TrackstatsError) return 'hopeless';
  if (judge.isOutage(error)) return 'outage';
  return isMethod || judge.isPassing(error) ? 'uncertain' : 'hopeless';
}

/**
 * Returns the milliseconds to wait after a number of failures: doubled each time, up to a minute, and reduced at random
 * by up to half.
 */
export function pauseAfter(failures: number, retryDelay: number): number {
  return Math.min(LONGEST_PAUSE, retryDelay * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
