import type { ReplaceCounts } from '../../database/dialects/dialect.js';
import type { LocalDate } from '../../time/local-date.js';

/** The result of one run. */
export interface TrackResult {
  /** name of the tracker; null if it is not registered */
  tracker: string | null;
  /** first date that was computed */
  from: LocalDate;
  /** last date that was computed */
  through: LocalDate;
  /** number of rows inserted or changed */
  written: number;
  /** number of rows that no longer have a source, or are older than `keep` says */
  removed: number;
  durationMs: number;
}

/** The result of a run whose rows are counted by the statement that writes them. */
export type UncountedResult = Omit<TrackResult, keyof ReplaceCounts | 'durationMs'> & ReplaceCounts;
