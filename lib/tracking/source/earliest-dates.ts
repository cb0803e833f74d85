import { meaningOf } from '../../catalog/aggregates.js';
import {
  addDays,
  dayNumber,
  earliestDate,
  FIRST_DAY,
  fromDayNumber,
  laterDay,
  latestDate,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import { bucketStart, isCalendarPeriod, nextBucket, Period, periodKind } from '../../time/period.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import type { CoveredRange } from './covered-range.js';
import type { PlannedEntry, Recount, RequestedRange, RunPlanInput } from './run-plan.js';
import { wholeFrom } from './source-kept.js';

/** Returns the first date of a period, from a date on, that is kept and can be counted from what the source has kept. */
export function recountedFrom(
  input: Pick<RunPlanInput, 'definition' | 'today'>,
  entry: PlannedEntry,
  period: Period,
  date: LocalDate,
): LocalDate {
  const { definition } = input;
  const bounds = [...keptSince(input, entry, period), ...countableFrom(definition, entry, period)];
  return latestDate(notBefore(definition, date), ...bounds);
}

/** Returns the first date of a period to which a due run may go back. */
export function earliestDue(
  input: RunPlanInput,
  entry: PlannedEntry,
  period: Period,
  covered: CoveredRange,
): LocalDate {
  // before its first date a running value would be written for every day
  const own = periodKind(period) === 'bucket' ? earliestRecounted(input, entry, period, covered) : covered.from;
  const sourceFrom = recountOf(input)?.sourceFrom ?? null;
  const lowest = sourceFrom !== null && covered.isWhole === true ? earliestDate(own, sourceFrom) : own;
  return latestDate(lowest, ...keptSince(input, entry, period), ...countableFrom(input.definition, entry, period));
}

/**
 * Returns the first date to which a recount may go back: the first covered one, or the start of its bucket if that
 * bucket is the first one that is covered, because late rows may be older than the first row. In other buckets the days
 * before it were pruned. Years count only if no date was pruned: days that are kept for some months would come back.
 */
export function earliestRecounted(
  input: RunPlanInput,
  entry: PlannedEntry,
  period: Period,
  covered: CoveredRange,
): LocalDate {
  const { definition } = input;
  const { periods, coverage } = entry.beside ?? entry;
  const starts = periods
    .filter((unit) => isCalendarPeriod(unit) && (unit !== Period.CALENDAR_YEAR || covered.isWhole === true))
    .flatMap((unit) => {
      const start = firstBucket(definition, unit, covered.from);
      const first = coverage.get(unit)?.from;
      return first !== undefined && first >= start ? [start] : [];
    });
  return latestDate(earliestDate(covered.from, ...starts), ...keptSince(input, entry, period));
}

/** Returns the first date whose statistic can be counted in a source that has lost its earlier rows. */
function countableFrom(definition: TrackerDefinition, entry: PlannedEntry, period: Period): LocalDate[] {
  const { sourceKeptSince, weekStart } = definition;
  if (sourceKeptSince === null) return [];
  const until = hasStoredDays(entry, period, bucketStart(period, sourceKeptSince, weekStart)) ? sourceKeptSince : null;
  const madeOf = {
    period,
    baseIsStored: resumes(definition, entry, period, null),
    storedDaysUntil: until === null ? null : dayNumber(until),
  };
  const whole = wholeFrom(madeOf, sourceKeptSince, weekStart);
  const covered = entry.coverage.get(period);
  if (whole === null) return [covered?.through ?? sourceKeptSince];
  const first = fromDayNumber(whole);
  // before the first date no value is stored to go on from
  if (madeOf.baseIsStored && covered !== undefined) return [latestDate(first, addDays(covered.from, 1))];
  // the bucket in which the source begins
  const isCut = isCalendarPeriod(period) && first !== bucketStart(period, first, weekStart);
  return [
    isCut ? nextBucket(period, bucketStart(period, first, weekStart), weekStart) : latestDate(first, sourceKeptSince),
  ];
}

/** Returns the first date whose statistics of a period are kept, if not all are. */
export function keptSince(
  { definition, today }: Pick<RunPlanInput, 'definition' | 'today'>,
  { keep }: PlannedEntry,
  period: Period,
): LocalDate[] {
  const days = keep.get(period);
  if (days === undefined) return [];
  const first = laterDay(FIRST_DAY, shiftDay(dayNumber(today), 1 - days));
  return [bucketStart(period, fromDayNumber(first), definition.weekStart)];
}

/**
 * True if the buckets of a period can be made of stored days, from a date on. Before the first day there is none to
 * store if the source had no rows there, and late rows are not counted in days either.
 */
export function hasStoredDays(
  { coverage, periods, aggregate }: PlannedEntry,
  period: Period,
  from: LocalDate,
): boolean {
  const days = coverage.get(Period.DAY);
  if (!isCalendarPeriod(period) || days === undefined || !periods.includes(Period.DAY)) return false;
  return meaningOf(aggregate.function).continues && (days.isWhole === true || days.from <= from);
}

/** True if a lifetime value continues from the stored one, because earlier rows never change or have been deleted. */
export function resumes(
  { appendOnly, sourceKeptSince }: TrackerDefinition,
  { aggregate }: PlannedEntry,
  period: Period,
  wanted: RequestedRange | null,
): boolean {
  if (periodKind(period) !== 'lifetime' || !meaningOf(aggregate.function).continues) return false;
  return sourceKeptSince !== null || (appendOnly && wanted === null);
}

/** Returns the closed dates that a due run counts again. Rows older than the lookback never change in a source that only grows. */
export function recountOf({ definition, recount }: RunPlanInput): Recount | null {
  return definition.appendOnly ? null : (recount ?? null);
}

/**
 * Returns the first bucket that a range replaces: the one that contains its first date, unless that begins before
 * `since`.
 */
export function firstBucket(definition: TrackerDefinition, period: Period, date: LocalDate): LocalDate {
  if (periodKind(period) !== 'bucket') return date;
  const { since, weekStart } = definition;
  // a recount may be asked for from a date that is many buckets before `since`
  const start = bucketStart(period, notBefore(definition, date), weekStart);
  return since !== null && start < since ? nextBucket(period, start, weekStart) : start;
}

/** Returns a date, or `since` if that is later. */
export function notBefore({ since }: TrackerDefinition, date: LocalDate): LocalDate {
  return since === null ? date : latestDate(since, date);
}
