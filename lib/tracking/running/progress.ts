import type { LocalDate } from '../../time/local-date.js';

/** The progress of a run. */
export interface Progress {
  /** the last date computed so far */
  date: LocalDate;
  from: LocalDate;
  to: LocalDate;
  /** 0 to 1 */
  fraction: number;
  /** number of rows inserted or changed so far */
  written: number;
}
