import { ConnectionBusyError, DatabaseNotRespondingError } from '../errors/database.error.js';
import { OvertakenError, RunTimeoutError } from '../errors/run.error.js';
import { TrackstatsError } from '../errors/trackstats.error.js';

const LONGEST_PAUSE = 60_000;

/** How likely another try of a failed run is to succeed: once the database is back, perhaps, or not at all. */
export type Prospect = 'outage' | 'uncertain' | 'hopeless';

/** How databases judge their errors. */
export interface ErrorJudge {
  /** True if the database was busy or could not be reached. */
  isOutage(error: unknown): boolean;
  /** True if somebody cancelled the statement, or if another writer had stored the same key: neither need happen twice. */
  isPassing(error: unknown): boolean;
}

/** Errors of the library that depend on what else goes on at the time. */
const PASSING = [RunTimeoutError, ConnectionBusyError, OvertakenError];

/**
 * How likely a failed run is to succeed when it is tried again. A wrong definition fails again; what a method of the
 * application throws says nothing.
 */
export function prospectOf(error: unknown, isMethod: boolean, judge: ErrorJudge): Prospect {
  if (error instanceof DatabaseNotRespondingError) return 'outage';
  if (PASSING.some((type) => error instanceof type)) return 'uncertain';
  if (error instanceof TrackstatsError) return 'hopeless';
  if (judge.isOutage(error)) return 'outage';
  return isMethod || judge.isPassing(error) ? 'uncertain' : 'hopeless';
}

/** Milliseconds to wait after so many failures: doubled each time, up to a minute, by chance down to half of that. */
export function pauseAfter(failures: number, retryDelay: number): number {
  return Math.min(LONGEST_PAUSE, retryDelay * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
