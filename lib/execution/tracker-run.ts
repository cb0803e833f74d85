import type { LocalDate } from '../time/local-date.js';

/** The status of a run. `cancelled`: by a shutdown or its caller; `lost`: its process has died or was overtaken. */
export type RunStatus = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';

/** One execution of one tracker, as the history stores it. */
export interface TrackerRun {
  id: number;
  tracker: string;
  /** the instant for which it was scheduled; null if it was started by a call */
  slot: Date | null;
  /**
   * the origin of the run: `'schedule'`, `'start'` (runOnStart), `'http'` (the dashboard or the JSON interface), `'cli'`
   * (the command line), `'call'` (code of the application), or the text that such a call gave. null for runs of earlier
   * versions
   */
  triggeredBy: string | null;
  status: RunStatus;
  /** 1 for the first try */
  attempt: number;
  startedAt: Date;
  finishedAt: Date | null;
  /** the dates that it computed; `from` and `through` are both included */
  from: LocalDate | null;
  through: LocalDate | null;
  /** number of rows inserted or changed */
  written: number;
  /** number of rows that no longer have a source, or are older than `keep` says */
  removed: number;
  error: string | null;
  /** the host and process that ran it */
  host: string;
}
