import type { LocalDate } from '../time/local-date.js';

/** `cancelled`: by a shutdown or its caller; `lost`: its process is gone. */
export type RunStatus = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';

/** One execution of one tracker. */
export interface TrackerRun {
  id: number;
  tracker: string;
  /** the instant for which it was scheduled; null: asked for by hand */
  slot: Date | null;
  status: RunStatus;
  /** 1 for the first */
  attempt: number;
  startedAt: Date;
  finishedAt: Date | null;
  /** the dates that it computed, both included */
  from: LocalDate | null;
  through: LocalDate | null;
  /** rows inserted or changed */
  written: number;
  removed: number;
  error: string | null;
  /** the host and process that ran it */
  host: string;
}
