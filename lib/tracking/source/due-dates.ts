import { ClockBehindError, InvalidRangeError } from '../../errors/run.error.js';
import { addDays, earliestDate, latestDate, type LocalDate } from '../../time/local-date.js';
import { firstCovered, isCalendarPeriod, Period, periodKind } from '../../time/period.js';
import { localDateAt, openDateAt, startOfDay } from '../../time/time-zone.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import type { ComputedRange, CoveredRange } from './covered-range.js';
import {
  firstBucket,
  keptSince,
  earliestRecounted,
  earliestDue,
  notBefore,
  recountOf,
  resumes,
} from './earliest-dates.js';
import type { PlannedEntry, RequestedRange, RunPlanInput } from './run-plan.js';

/** The dates that a run counts, both included. */
export interface CountedDates {
  readonly from: LocalDate;
  readonly through: LocalDate;
}

/**
 * Returns the dates of a period that a run counts.
 *
 * @param begin see `firstRecounted`
 * @throws ClockBehindError, InvalidRangeError
 */
export function rangeOf(
  input: RunPlanInput,
  entry: PlannedEntry,
  period: Period,
  covered: CoveredRange | undefined,
  begin: LocalDate | null,
): CountedDates {
  if (isAsked(input.requested)) return asked(input, period, input.requested, covered);
  return covered === undefined ? firstDue(input, entry, period) : extended(input, entry, period, covered, begin);
}

function asked(
  input: RunPlanInput,
  period: Period,
  { from, to, stepOf }: RequestedRange,
  covered: CoveredRange | undefined,
): CountedDates {
  const { definition, today, tracker, firstDate } = input;
  const through = to === undefined ? today : earliestDate(to, today);
  const start = from ?? covered?.from ?? firstDate ?? through;
  if (start > through) {
    throw new InvalidRangeError(
      `A range of ${tracker} begins on ${start} and ends on ${through}. Expected from <= to, and from no later than today (${today}).`,
    );
  }
  const end = stepOf === undefined ? through : stepOf.to === undefined ? today : earliestDate(stepOf.to, today);
  if (covered !== undefined && (end < addDays(covered.from, -1) || start > addDays(covered.through, 1))) {
    throw new InvalidRangeError(
      `A range of ${tracker} from ${stepOf?.from ?? start} to ${end} leaves a gap beside what is covered in ${Period.nameOf(period)} ` +
        `(${covered.from} to ${covered.through}), whose dates nobody would have computed. Choose a range that adjoins it.`,
    );
  }
  return { from: notBefore(definition, firstAsked(input, start, covered)), through };
}

/**
 * Returns where a range begins that is asked for from a date on. One that comes after what is covered begins with the
 * last covered date if that was not over when it was counted: no later run would count its rest.
 */
function firstAsked(
  { definition, fromSource }: RunPlanInput,
  start: LocalDate,
  covered: CoveredRange | undefined,
): LocalDate {
  if (fromSource === true || covered?.computedAt === undefined || start <= covered.through) return start;
  return earliestDate(start, openDateAt(covered.computedAt, definition.timeZone));
}

/** Returns the dates of a first run. What would be pruned after it is not computed. */
function firstDue(input: RunPlanInput, entry: PlannedEntry, period: Period): CountedDates {
  const { from, through } = due(input, undefined);
  return { from: latestDate(from, ...keptSince(input, entry, period)), through };
}

/** Returns the dates that are due: all of them at first, later those since the last run and those of the lookback. */
function due(
  { definition, tracker, today, firstDate, fromSecond = null }: RunPlanInput,
  covered: CoveredRange | undefined,
): CountedDates {
  if (covered === undefined) return { from: notBefore(definition, firstDate ?? today), through: today };
  if (today < dateBefore(covered.through, definition.timeZone)) {
    throw new ClockBehindError(tracker, today, covered.through);
  }
  const back =
    fromSecond === null ? firstRecountedDate(definition, covered.through) : firstDateSince(definition, fromSecond);
  const from = earliestDate(back, today);
  return { from: notBefore(definition, from), through: today };
}

/** Returns the first date that a run counts again after one that has covered dates through `last`. */
function firstRecountedDate({ lookback, timeZone }: TrackerDefinition, last: LocalDate): LocalDate {
  // of a day that comes again, where the clock is set back over midnight, that run has not seen the rest
  const open = openDateAt(startOfDay(last, timeZone), timeZone);
  return earliestDate(addDays(last, -lookback), open);
}

/** Returns the last date that a zone had before a date: it may have skipped the day before. */
function dateBefore(date: LocalDate, timeZone: string): LocalDate {
  return localDateAt(new Date(startOfDay(date, timeZone).getTime() - 1), timeZone);
}

/** Returns the first date in the tracker's time zone that is not over at a second. */
export function firstDateSince({ timeZone }: TrackerDefinition, second: number): LocalDate {
  return openDateAt(new Date(second * 1000), timeZone);
}

/** Returns the dates of a covered period that a due run recounts, from the first day that it recounts of any. */
function extended(
  input: RunPlanInput,
  entry: PlannedEntry,
  period: Period,
  covered: CoveredRange,
  begin: LocalDate | null,
): CountedDates {
  const range = due(input, covered);
  if (begin === null) return range;
  // before its first date, which may be pruned, no value is stored to go on from
  if (resumes(input.definition, entry, period, null) && recountOf(input) === null) return range;
  return { ...range, from: earliestDate(range.from, latestDate(begin, earliestDue(input, entry, period, covered))) };
}

/**
 * Returns the first day of any calendar bucket that a due run recounts, where its days are recounted too, so that they
 * add up to it. Returns null if every period begins with its own dates: in a range that a call asks for, and with
 * `appendOnly`, where a bucket goes on from the stored days instead. They are not all stored of the bucket in which the
 * source begins.
 */
export function firstRecounted(input: RunPlanInput): LocalDate | null {
  const { definition, requested, entries } = input;
  if (isAsked(requested)) return null;
  const back = recountOf(input)?.from;
  const starts = entries.flatMap((entry) =>
    entry.periods.filter(addsDaysUp).flatMap((period) => {
      const covered = entry.coverage.get(period);
      if (covered === undefined) return [];
      const { from } = due(input, covered);
      const start = startOf(definition, period, back === undefined ? from : earliestDate(back, from));
      const days = entry.coverage.get(Period.DAY);
      const isFirst =
        days !== undefined && days.from > start && earliestRecounted(input, entry, Period.DAY, days) <= start;
      return definition.appendOnly && !isFirst ? [] : [start];
    }),
  );
  if (back !== undefined) starts.push(notBefore(definition, back));
  const [first, ...others] = starts;
  return first === undefined ? null : earliestDate(first, ...others);
}

/** Returns the first day of the calendar unit that a period's value of a date covers. */
function startOf(definition: TrackerDefinition, period: Period, date: LocalDate): LocalDate {
  if (isCalendarPeriod(period)) return firstBucket(definition, period, date);
  return notBefore(definition, firstCovered(period, date, definition.weekStart) ?? date);
}

/** True if the days since the start of a calendar unit add up to a value of the period. */
function addsDaysUp(period: Period): boolean {
  return isCalendarPeriod(period) || periodKind(period) === 'to-date';
}

/** True if a call asks for a range. */
export function isAsked({ from, to }: RequestedRange): boolean {
  return from !== undefined || to !== undefined;
}

/**
 * Returns the instant for which a run computes the dates that are due. If the clock is one day behind the coverage, as
 * that of another replica may be about midnight, it returns the instant of the last run, so that nothing moves back.
 *
 * @param hasTimes true if there are periods of less than a day, of which whole buckets would be lost on the same day too
 */
export function dueAt(
  now: Date,
  timeZone: string,
  coverage: readonly Pick<ComputedRange, 'through' | 'computedAt'>[],
  hasTimes = false,
): Date {
  const today = localDateAt(now, timeZone);
  const tomorrow = addDays(today, 1);
  const later = coverage.filter(
    ({ through, computedAt }) => computedAt > now && (through === tomorrow || (hasTimes && through === today)),
  );
  return later.map(({ computedAt }) => computedAt).reduce((a, b) => (b > a ? b : a), now);
}
