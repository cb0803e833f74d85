import type { Metric } from '../catalog/metric.entity.js';
import { addDays, type LocalDate } from '../time/local-date.js';
import { isTimePeriod, Period } from '../time/period.js';
import { isSameZone, localDateAt } from '../time/time-zone.js';
import type { CoverageKind } from './coverage-kind.js';
import type { DriftStep } from './drift.js';

/** The statistics that a coverage belongs to. */
export interface CoverageKey {
  readonly metricId: number;
  readonly period: Period;
  /** see `scope.ts` */
  readonly scope: string;
}

/** The dates of a coverage, and how they were computed. */
export interface CoverageValues {
  /** first complete date; null before the first run has ended */
  readonly from: LocalDate | null;
  /** last computed date; null: open-ended (increments), or not yet run */
  readonly through: LocalDate | null;
  readonly timeZone: string;
  readonly kind: CoverageKind;
  /** of the tracker's definition */
  readonly fingerprint: string;
  /** the last run's now; null for increments */
  readonly computedAt: Date | null;
}

/** A stored coverage. */
export interface StoredCoverage extends CoverageKey, CoverageValues {
  /** true if the source had no rows before `from` when it was first computed, and no date was pruned */
  readonly isWhole: boolean;
  /** of LIFETIME: the dates at which its values and those of the days went apart */
  readonly drift: readonly DriftStep[];
}

/** The values of a coverage that has dates. */
export interface CoveredDates extends CoverageValues {
  readonly from: LocalDate;
}

/** True if a coverage has dates. One that was created for a run has none until the run has ended. */
export function hasDates<C extends CoverageValues>(coverage: C): coverage is C & CoveredDates {
  return coverage.from !== null;
}

/** Returns the coverage of a metric's period under the first of some scopes that has one. */
export function coverageIn(
  coverages: readonly StoredCoverage[],
  metric: Metric,
  period: Period,
  scopes: readonly string[],
): StoredCoverage | null {
  for (const scope of scopes) {
    const found = coverages.find((one) => one.metricId === metric.id && one.period === period && one.scope === scope);
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * Returns the time zone of the dates of the first metric that has coverage: that of its coverage in the period under the
 * first of the scopes, or else of any coverage. Returns undefined if there is none.
 */
export function zoneIn(
  coverages: readonly StoredCoverage[],
  metrics: readonly Metric[],
  period: Period,
  scopes: readonly string[],
): string | undefined {
  for (const metric of metrics) {
    const own = coverages.filter(({ metricId }) => metricId === metric.id);
    const ofPeriod = own.filter((one) => one.period === period);
    const best = coverageIn(ofPeriod, metric, period, scopes) ?? ofPeriod[0] ?? own[0];
    if (best !== undefined) return best.timeZone;
  }
  return undefined;
}

/** Returns the dates of a coverage, up to today if it has no end, or null if it has no dates yet. */
export function coveredRange(
  coverage: CoverageValues | null,
  now: Date,
): { from: LocalDate; through: LocalDate; timeZone: string } | null {
  if (coverage === null || !hasDates(coverage)) return null;
  const { from, through, timeZone } = coverage;
  return { from, through: through ?? localDateAt(now, timeZone), timeZone };
}

/** Returns the dates that several coverages have in common, or null if one of them has none yet. */
export function intersectCoverages(
  coverages: readonly CoverageValues[],
): { from: LocalDate; through: LocalDate } | null {
  const froms = coverages.map(({ from }) => from);
  const throughs = coverages.map(({ through }) => through);
  const from = froms.reduce((a, b) => (a === null || b === null ? null : a > b ? a : b));
  const through = throughs.reduce((a, b) => (a === null || b === null ? null : a < b ? a : b));
  return from === null || through === null ? null : { from, through };
}

/**
 * Returns the part of a coverage in a range of dates. Returns null if there is none, or if its values depend on rows
 * before the range.
 */
export function cutCoverage<C extends Pick<StoredCoverage, 'period' | 'through'> & { readonly from: LocalDate }>(
  coverage: C,
  { from, to }: { readonly from: LocalDate | null; readonly to: LocalDate | null },
): C | null {
  const isCutBefore = from !== null && from > coverage.from;
  const isCutAfter = to !== null && (coverage.through === null || to < coverage.through);
  // a window or LIFETIME carries an earlier row forward, a calendar bucket begins before the date, increments have no end
  if (isCutBefore && coverage.period !== Period.DAY && !isTimePeriod(coverage.period)) return null;
  if (isCutAfter && coverage.through === null) return null;
  const cut = {
    ...coverage,
    from: isCutBefore ? from : coverage.from,
    through: isCutAfter ? to : coverage.through,
  };
  return cut.through !== null && cut.through < cut.from ? null : cut;
}

/**
 * Joins two coverages of the same statistics. The result has the definition of the one that ends later, because the next
 * run continues it.
 *
 * @returns the joined coverage, or the reason why they cannot be joined: `'different'` kinds or zones, or a `'gap'`
 * between their dates
 */
export function joinCoverages(stored: CoveredDates, given: CoveredDates): CoveredDates | 'different' | 'gap' {
  if (stored.kind !== given.kind || !isSameZone(stored.timeZone, given.timeZone)) return 'different';
  if (endsBefore(stored, given) || endsBefore(given, stored)) return 'gap';
  const isLater = stored.through === null || (given.through !== null && given.through < stored.through);
  return {
    ...(isLater ? stored : given),
    from: stored.from < given.from ? stored.from : given.from,
    through: stored.through === null || given.through === null ? null : isLater ? stored.through : given.through,
  };
}

function endsBefore(first: CoveredDates, second: CoveredDates): boolean {
  return first.through !== null && addDays(first.through, 1) < second.from;
}
