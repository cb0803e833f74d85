import {
  type LocalDate,
  dayNumber,
  type DayNumber,
  fromDayNumber,
  LAST_DAY,
  FIRST_DAY,
  type CheckedDateInput,
  shiftDay,
} from '../../time/local-date.js';
import { isTimePeriod, Period, type TimePeriod } from '../../time/period.js';
import { bucketAt, bucketsBetween } from '../../time/time-bucket.js';
import { dayRanges, startOfDay } from '../../time/time-zone.js';
import type { RangeInput, StartRange } from './date-range.js';

/** The buckets of a period, by the clock of a zone. */
export interface BucketCalendar {
  readonly timeZone: string;
  readonly period: TimePeriod;
  readonly now: Date;
}

type Parts = StartRange['parts'];

/**
 * Returns the starts of the buckets that a filter selects. A local date stands for all of its buckets, an instant for the
 * one that contains it. A day may have parts, where the clock is set back over midnight.
 *
 * @throws InvalidDateError, UnknownTimeZoneError
 */
export function startRange({ date, from, to, last }: RangeInput, calendar: BucketCalendar): StartRange {
  if (date !== undefined) return { parts: within(partsFrom(date, calendar), partsUpTo(date, calendar)) };
  if (last !== undefined) {
    const bounds = { from: firstOfLast(last, calendar), to: endOf(calendar.now, calendar) };
    return { parts: [bounds] };
  }
  return { parts: within(partsFrom(from, calendar), partsUpTo(to, calendar)) };
}

/** The longest length of which the buckets of all lengths are made. */
const SHORTEST = Period.minutes(1);

/** Returns the starts that a filter selects, of some period. Without one, an instant and each of `last` is a minute. */
export function startsOf(
  { period, range }: { readonly period: Period | null; readonly range: RangeInput },
  timeZone: string,
  now: Date,
): StartRange {
  return startRange(range, { timeZone, period: period !== null && isTimePeriod(period) ? period : SHORTEST, now });
}

/** Returns the starts of the buckets before a local date. */
export function startsBefore(date: LocalDate, timeZone: string): StartRange {
  return { parts: without(fromDay(dayNumber(date), timeZone)) };
}

function partsFrom(bound: CheckedDateInput | undefined, calendar: BucketCalendar): Parts {
  if (bound === undefined) return [{ from: null, to: null }];
  if (bound instanceof Date) return [{ from: startOf(bound, calendar), to: null }];
  return fromDay(dayNumber(bound), calendar.timeZone);
}

function partsUpTo(bound: CheckedDateInput | undefined, calendar: BucketCalendar): Parts {
  if (bound === undefined) return [{ from: null, to: null }];
  if (bound instanceof Date) return [{ from: null, to: endOf(bound, calendar) }];
  const day = dayNumber(bound);
  return day === LAST_DAY ? [{ from: null, to: null }] : without(fromDay(shiftDay(day, 1), calendar.timeZone));
}

/** The instants whose local date is a day or a later one, in order. */
function fromDay(day: DayNumber, zone: string): Parts {
  if (day === FIRST_DAY) return [{ from: null, to: null }];
  const ranges = dayRanges({ storedIn: 'UTC', zone, fromDay: shiftDay(day, -1), toDay: day });
  const before = ranges.filter((range) => range.day < day).at(-1)?.to;
  // nothing of an earlier day comes after it
  const last = (before ?? startOfDay(fromDayNumber(day), zone).getTime()) / 1000;
  const earlier = ranges
    .filter((range) => range.day === day && range.from / 1000 < last)
    .map(({ from, to }) => ({ from: from / 1000, to: Math.min(to / 1000, last) }));
  return [...earlier, { from: last, to: null }];
}

/** The seconds that are in none of some parts, which are in order and of which the last one has no end. */
function without(parts: Parts): Parts {
  if (parts.some(({ from }) => from === null)) return [];
  return parts.map(({ from }, index) => ({ from: parts[index - 1]?.to ?? null, to: from }));
}

function within(some: Parts, others: Parts): Parts {
  const pairs = some.flatMap((a) => others.map((b) => ({ from: greater(a.from, b.from), to: lesser(a.to, b.to) })));
  return pairs.filter(({ from, to }) => from === null || to === null || from < to);
}

function greater(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

function lesser(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

/** The first of the last n buckets up to now's. Beside a change of the offset they are shorter, so n lengths are enough. */
function firstOfLast(last: number, { timeZone, period, now }: BucketCalendar): number {
  const end = now.getTime() / 1000;
  const clock = { zone: timeZone, length: period };
  const starts = [...bucketsBetween(clock, end - last * period, end + 0.001)].map(({ start }) => start);
  return starts.at(-last) as number;
}

function startOf(instant: Date, { timeZone, period }: BucketCalendar): number {
  return bucketAt({ zone: timeZone, length: period }, instant.getTime() / 1000).start;
}

function endOf(instant: Date, { timeZone, period }: BucketCalendar): number {
  return bucketAt({ zone: timeZone, length: period }, instant.getTime() / 1000).end;
}
