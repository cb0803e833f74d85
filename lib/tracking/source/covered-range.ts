import type { StoredCoverage } from '../../coverage/coverage.js';
import type { DriftStep } from '../../coverage/drift.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';

/** The range of dates that is complete, as stored. */
export interface CoveredRange {
  readonly from: LocalDate;
  readonly through: LocalDate;
  readonly fingerprint: string;
  /** of the last run's definition */
  readonly timeZone?: string;
  /** the run's now at which the last date was counted */
  readonly computedAt?: Date;
  /** true if the source had no rows before `from`, so that earlier rows are late */
  readonly isWhole?: boolean;
  /** of LIFETIME: where its values and those of the days went apart */
  readonly drift?: readonly DriftStep[];
}

/** A range that a run has computed. */
export interface ComputedRange extends CoveredRange {
  readonly computedAt: Date;
}

/** Returns the computed ranges by period. A coverage that was created and never filled has none. */
export function computedRanges(coverages: readonly StoredCoverage[]): Map<Period, ComputedRange> {
  const ranges = new Map<Period, ComputedRange>();
  for (const { period, from, through, computedAt, ...coverage } of coverages) {
    if (from === null || through === null || computedAt === null) continue;
    const { fingerprint, timeZone, isWhole, drift } = coverage;
    ranges.set(period, { from, through, fingerprint, timeZone, computedAt, isWhole, drift });
  }
  return ranges;
}
