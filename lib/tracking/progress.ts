import type { LocalDate } from '../time/local-date.js';

/** How far a run is. */
export interface Progress {
  /** the last date computed so far */
  date: LocalDate;
  from: LocalDate;
  to: LocalDate;
  /** 0 to 1 */
  fraction: number;
  /** rows inserted or changed so far */
  written: number;
}
