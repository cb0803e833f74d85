import { ConnectionBusyError } from '../errors/database.error.js';
import { RunTimeoutError } from '../errors/run.error.js';
import { TrackstatsError } from '../errors/trackstats.error.js';

const LONGEST_PAUSE = 60_000;

/** What a failure says about trying again: it is the database's, that may be back soon; it may go better; it would fail again. */
export type Prospect = 'outage' | 'uncertain' | 'hopeless';

/**
 * Whether a failed run may succeed when it is tried again. A wrong definition fails again; what a method of the
 * application throws says nothing.
 *
 * @param isOutage whether it is a database's error that may not come again
 */
export function prospectOf(error: unknown, isMethod: boolean, isOutage: (error: unknown) => boolean): Prospect {
  if (error instanceof RunTimeoutError || error instanceof ConnectionBusyError) return 'uncertain';
  if (error instanceof TrackstatsError) return 'hopeless';
  if (isOutage(error)) return 'outage';
  return isMethod ? 'uncertain' : 'hopeless';
}

/** Milliseconds to wait after so many failures: doubled each time, up to a minute, by chance down to half of that. */
export function pauseAfter(failures: number, retryDelay: number): number {
  return Math.min(LONGEST_PAUSE, retryDelay * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
