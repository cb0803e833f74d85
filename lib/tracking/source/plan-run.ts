import { DefinitionChangedError } from '../../errors/run.error.js';
import type { RollupPeriod } from '../../rollup/rollup-spec.js';
import {
  addDays,
  type DayNumber,
  dayNumber,
  earlierDay,
  earliestDate,
  fromDayNumber,
  latestDate,
  type LocalDate,
} from '../../time/local-date.js';
import { bucketEnd, bucketStart, isCalendarPeriod, isTimePeriod, Period } from '../../time/period.js';
import { isSameZone, isZone } from '../../time/time-zone.js';
import type { CoveredRange } from './covered-range.js';
import { type CountedDates, firstDateSince, firstRecounted, isAsked, rangeOf } from './due-dates.js';
import { firstBucket, hasStoredDays, keptSince, notBefore, recountOf, resumes } from './earliest-dates.js';
import type { PlannedEntry, PlannedPeriod, RequestedRange, RunPlan, RunPlanInput } from './run-plan.js';

/**
 * Plans which dates of which metric and period a run replaces.
 *
 * @throws ClockBehindError, DefinitionChangedError, InvalidRangeError
 */
export function planRun(input: RunPlanInput): RunPlan {
  const begin = firstRecounted(input);
  const entries = input.entries.map((entry) => entry.periods.map((period) => planPeriod(input, entry, period, begin)));
  const ranges = entries.flat().map(({ range }) => range);
  return {
    from: ranges.map(({ from }) => from).reduce((a, b) => earliestDate(a, b)),
    through: ranges.map(({ through }) => through).reduce((a, b) => latestDate(a, b)),
    entries,
  };
}

interface DatedPeriod extends PlannedPeriod {
  readonly range: CountedDates;
}

function planPeriod(input: RunPlanInput, entry: PlannedEntry, period: Period, begin: LocalDate | null): DatedPeriod {
  const { definition, requested } = input;
  const covered = entry.coverage.get(period);
  const wanted = isAsked(requested) ? requested : null;
  const range = rangeOf(input, entry, period, covered, begin);
  const from = firstBucket(definition, period, range.from);
  const first = earliestDate(from, range.through);
  const last = lastDay(input, period, dayNumber(range.through));
  const [keptFrom = null] = keptSince(input, entry, period);
  const after = coveredAfter(input, entry, period, { from, through: range.through });
  const isExtended = covered !== undefined && wanted === null && first < covered.from;
  return {
    period,
    density: entry.density,
    hasOlderKeys: entry.density === 'daily',
    from: dayNumber(from),
    through: dayNumber(range.through),
    fromSecond: wanted === null ? secondOf(input, period, covered, range) : null,
    lastDay: last,
    baseIsStored: covered !== undefined && resumes(definition, entry, period, wanted),
    // before the first date that is kept no row is stored to go on from
    fresh: wanted !== null || covered === undefined || recountOf(input) !== null || beginsPruned(covered, from),
    isFirst: covered === undefined,
    isAsked: wanted !== null,
    keptFrom,
    ...storedDays(input, entry, period, { first: range.from, bucket: from, lastDay: last }, begin),
    coveredSince: isExtended && !countsFromFirstRow(input, covered) ? dayNumber(covered.from) : null,
    endsEarly: covered !== undefined && range.through < after.through,
    lastKept: isOpenEnded(requested) ? range.through : null,
    range: { from: first, through: range.through },
    covered: after,
  };
}

/**
 * Returns the coverage of a period after the run.
 *
 * @param range that is counted, from the start of its first bucket
 * @throws DefinitionChangedError if the definition has changed, and the run does not replace everything
 */
function coveredAfter(input: RunPlanInput, entry: PlannedEntry, period: Period, range: CountedDates): CoveredRange {
  const { requested, tracker } = input;
  const covered = entry.coverage.get(period);
  const first = earliestDate(range.from, range.through);
  if (covered === undefined) return { from: first, through: range.through, fingerprint: entry.fingerprint(period) };
  const changed = isChanged(input, entry, period, covered);
  if (changed && !replacesAll(input, period, latestDate(covered.from, ...keptSince(input, entry, period)))) {
    throw new DefinitionChangedError(tracker, Period.nameOf(period), covered.from, covered.through);
  }
  // a clock that was ahead may have covered a later date
  const through = isOpenEnded(requested) ? range.through : latestDate(range.through, covered.through);
  return {
    // no whole bucket may have begun since `since`
    from: earliestDate(through, covered.from, ...earlierStarts(input, period, covered, range)),
    through,
    // the steps of a range make statistics those of the new definition when the last one is done
    fingerprint: changed && !isOpenEnded(requested) ? covered.fingerprint : entry.fingerprint(period),
  };
}

/** Returns where a range that adjoins what is covered begins, for coverage that may begin there. */
function earlierStarts(
  input: RunPlanInput,
  period: Period,
  covered: CoveredRange,
  { from, through }: CountedDates,
): LocalDate[] {
  const { definition, requested } = input;
  if (countsFromFirstRow(input, covered)) return [earliestDate(from, through)];
  // steps on their way to what is covered leave a gap before it that later ones fill
  if (through < addDays(covered.from, -1)) return [];
  const start = requested.stepOf?.from;
  return start === undefined ? [from] : [from, firstBucket(definition, period, notBefore(definition, start))];
}

/** True if a recount counts everything from the source's first row on, which no lookback promises. */
function countsFromFirstRow(input: RunPlanInput, { isWhole }: CoveredRange): boolean {
  return isWhole === true && (recountOf(input)?.sourceFrom ?? null) !== null;
}

/** True if a call asks for everything from a date on. */
function isOpenEnded(requested: RequestedRange): boolean {
  return isAsked(requested) && requested.to === undefined;
}

/**
 * Returns the days of the first and last bucket of a range that are not counted again: their stored values go into the
 * bucket, so that its days add up to it. Otherwise it would have late rows that they do not have.
 */
function storedDays(
  input: RunPlanInput,
  entry: PlannedEntry,
  period: Period,
  range: { readonly first: LocalDate; readonly bucket: LocalDate; readonly lastDay: DayNumber },
  begin: LocalDate | null,
): Pick<RollupPeriod, 'storedDaysUntil' | 'storedDaysAfter'> {
  const none = { storedDaysUntil: null, storedDaysAfter: null };
  const days = entry.coverage.get(Period.DAY);
  // of a period that is added to a tracker, all buckets up to the days that the run counts
  const since = entry.coverage.has(period) ? range.bucket : range.first;
  if (input.fromSource === true || days === undefined) return none;
  const { from: start, through: end } = rangeOf(input, entry, Period.DAY, days, begin);
  const until = hasStoredDays(entry, period, since) && range.bucket < start && start <= addDays(days.through, 1);
  const last = bucketStart(period, fromDayNumber(range.lastDay), input.definition.weekStart);
  const isCutAfter = isAsked(input.requested) && dayNumber(end) < range.lastDay && end < days.through;
  const after = isCutAfter && hasStoredDays(entry, period, latestDate(last, since));
  return { storedDaysUntil: until ? dayNumber(start) : null, storedDaysAfter: after ? dayNumber(end) : null };
}

/** Returns the second from which buckets of a range are replaced, or null if all of its first date are. */
function secondOf(
  input: RunPlanInput,
  period: Period,
  covered: CoveredRange | undefined,
  { from }: { readonly from: LocalDate },
): number | null {
  const { definition, fromSecond = null } = input;
  if (fromSecond === null || covered === undefined || !isTimePeriod(period)) return null;
  // a date that was not covered before is counted as a whole
  if (from < covered.from || recountOf(input) !== null) return null;
  return from === firstDateSince(definition, fromSecond) ? fromSecond : null;
}

/** Returns the last day to compute: a bucket is computed as a whole, even if the range ends within it. */
function lastDay({ definition, today }: RunPlanInput, period: Period, through: DayNumber): DayNumber {
  if (!isCalendarPeriod(period)) return through;
  return earlierDay(dayNumber(bucketEnd(period, fromDayNumber(through), definition.weekStart)), dayNumber(today));
}

/** True if a range begins where older statistics were removed: an open unit may reach back to the first date that is kept. */
function beginsPruned({ from, isWhole }: CoveredRange, date: LocalDate): boolean {
  return isWhole !== true && date <= from;
}

/** Another name of the time zone is not a change: the stored values were computed by the same clocks. */
function isChanged(
  { definition }: RunPlanInput,
  { fingerprint }: PlannedEntry,
  period: Period,
  covered: CoveredRange,
): boolean {
  const { fingerprint: stored, timeZone = definition.timeZone } = covered;
  if (stored === fingerprint(period)) return false;
  if (timeZone === definition.timeZone || !isZone(timeZone)) return true;
  return stored !== fingerprint(period, timeZone) || !isSameZone(timeZone, definition.timeZone);
}

/** True if a call replaces everything from a date on, in all its steps together. */
function replacesAll({ definition, requested }: RunPlanInput, period: Period, from: LocalDate): boolean {
  const whole = requested.stepOf ?? requested;
  if (whole.from === undefined || whole.to !== undefined) return false;
  return firstBucket(definition, period, notBefore(definition, whole.from)) <= from;
}
