import type { Cancellation } from '../../database/cancellation.js';
import type { Work } from '../../database/work.js';
import type { Recount, RequestedRange } from '../source/run-plan.js';
import type { ReadCoverages } from './locked-coverages.js';
import type { UncountedResult, TrackResult } from './track-result.js';
import type { DriftReport } from './tracker-drift.js';

/** Options of one run of a tracker. */
export interface RunOptions extends RequestedRange {
  readonly now: Date;
  /** closed dates to count again as well, of a run of the dates that are due */
  readonly recount?: Recount | null | undefined;
  /** receives the drift that the run has found, once it is committed */
  readonly onDrift?: ((drift: DriftReport) => void) | undefined;
  /**
   * last statements of each transaction of the run, so that history and statistics commit together
   *
   * @param isDone false if old statistics are still to be removed
   */
  readonly conclude?: ((result: TrackResult, isDone: boolean) => Work<void>) | undefined;
  /**
   * the same of a run that is one statement: each of these is a part of it, and none reads what another one writes. Absent
   * for runs that have several transactions
   */
  readonly concludeAlone?: ((result: UncountedResult) => Work<void>) | undefined;
  /** the value that `coverageRead` has asked for, as it was when the run was recorded */
  readonly coverage?: ReadCoverages | undefined;
  /** false for a range whose next step follows. @default true */
  readonly prunes?: boolean | undefined;
  readonly cancellation?: Cancellation | undefined;
}
