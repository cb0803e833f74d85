import type { RollupPeriod } from '../../rollup/rollup-spec.js';
import type { DayNumber, LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import type { CoveredRange } from './covered-range.js';
import type { ResolvedEntry } from './tracker.resolver.js';

/** Closed dates that a due run counts again. */
export interface Recount {
  readonly from: LocalDate;
  /** the date of the source's first row, if it may be before what is covered; otherwise null */
  readonly sourceFrom: LocalDate | null;
}

/** A range that a call asks for. */
export interface RequestedRange {
  readonly from?: LocalDate | undefined;
  readonly to?: LocalDate | undefined;
  /**
   * the range of which this one is a step. Statistics belong to a changed definition only when the whole range is
   * computed
   */
  readonly stepOf?: { readonly from: LocalDate; readonly to?: LocalDate | undefined } | undefined;
}

export interface PlannedPeriod extends Omit<RollupPeriod, 'hasStored'> {
  /** the coverage after the run */
  readonly covered: CoveredRange;
  /** true if nothing is covered before the run */
  readonly isFirst: boolean;
  /** true if a call asks for the range */
  readonly isAsked: boolean;
  /** first covered day, if the lookback reaches further back. Coverage is extended if rows are found there */
  readonly coveredSince: DayNumber | null;
  /** rows after this date are removed: a clock that was ahead has written them */
  readonly lastKept: LocalDate | null;
  /** first date whose statistics are kept; null if all are */
  readonly keptFrom: LocalDate | null;
  /** true if no value depends on a stored one: in a first run, and in a range that a call asks for */
  readonly fresh: boolean;
}

export interface RunPlan {
  /** the dates that the run replaces, over all entries and periods */
  readonly from: LocalDate;
  readonly through: LocalDate;
  /** the periods of each entry */
  readonly entries: readonly (readonly PlannedPeriod[])[];
}

/** An entry of a plan: the statistics of one metric in one scope. */
export interface PlannedEntry extends Pick<ResolvedEntry, 'periods' | 'density' | 'aggregate' | 'keep'> {
  /** of the definition, or of the same one with another name of its time zone */
  readonly fingerprint: (period: Period, timeZone?: string) => string;
  readonly coverage: ReadonlyMap<Period, CoveredRange>;
  /** of an entry with periods of less than a day: the one with the others of the metric, whose days they add up to */
  readonly beside?: Pick<PlannedEntry, 'periods' | 'coverage'> | undefined;
}

export interface RunPlanInput {
  readonly definition: TrackerDefinition;
  /** for messages */
  readonly tracker: string;
  readonly entries: readonly PlannedEntry[];
  readonly today: LocalDate;
  readonly requested: RequestedRange;
  /** the date of the source's first row up to now; null if there is none */
  readonly firstDate: LocalDate | null;
  /** closed dates to count again as well, in a run of the dates that are due */
  readonly recount?: Recount | null;
  /** the second from which a due run counts buckets again, where the lookback is no number of days */
  readonly fromSecond?: number | null;
  /** true if nothing is made of stored days, because stored values are compared with the source */
  readonly fromSource?: boolean;
}

/** True if a plan needs to know when the source begins. */
export function needsFirstDate(
  entries: readonly Pick<PlannedEntry, 'periods' | 'coverage'>[],
  requested: RequestedRange,
): boolean {
  return requested.from === undefined && isFirstRun(entries);
}

/** True if a period of an entry has never been computed. */
export function isFirstRun(entries: readonly Pick<PlannedEntry, 'periods' | 'coverage'>[]): boolean {
  return entries.some(({ periods, coverage }) => periods.some((period) => !coverage.has(period)));
}
