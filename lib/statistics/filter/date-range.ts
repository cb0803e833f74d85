import { InvalidFilterError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { parseInstant } from '../../time/instant.js';
import { addDays, type CheckedDateInput, dayNumber, FIRST_DAY, type LocalDate } from '../../time/local-date.js';
import { bucketStart, isCalendarPeriod, isTimePeriod, Period, type WeekStart } from '../../time/period.js';
import { bucketAt } from '../../time/time-bucket.js';
import { localDateAt } from '../../time/time-zone.js';
import { localDate } from '../../validation/check.js';
import { readValue } from '../../validation/options.js';

/** The checked dates of a filter, as they were passed. */
export interface RangeInput {
  readonly date?: CheckedDateInput;
  readonly from?: CheckedDateInput;
  readonly to?: CheckedDateInput;
  readonly last?: number;
  /** an instant, of periods of less than a day */
  readonly at?: Date;
}

/** The starts of buckets of less than a day that a filter selects: mostly one range of seconds. */
export interface StartRange {
  readonly parts: readonly {
    /** null for no bound */
    readonly from: number | null;
    /** the first second after them; null for no bound */
    readonly to: number | null;
  }[];
}

/** Of when a stored value is: its date, and of periods of less than a day the first second of its bucket. */
export interface StoredMoment {
  readonly date: LocalDate;
  readonly start?: number;
}

/** The range of dates of a filter. Both ends are included; null means no bound. */
export interface DateRange {
  readonly from: LocalDate | null;
  readonly to: LocalDate | null;
}

/** The time zone, today and week start that turn instants and defaults into dates. */
export interface Calendar {
  readonly timeZone: string;
  readonly today: LocalDate;
  readonly weekStart: WeekStart;
}

const MOST_DATES = 100_000;

/**
 * Checks the dates of a filter, before their time zone is known.
 *
 * @param period of which ISO text with an offset names a bucket, if it is less than a day: a day is named by its date
 * @throws InvalidDateError, InvalidFilterError
 */
export function checkRange(
  given: { readonly [key in keyof RangeInput]?: unknown },
  period: Period | null = null,
): RangeInput {
  if ('date' in given && ('from' in given || 'to' in given || 'last' in given)) {
    throw new InvalidFilterError('date is given together with from, to or last. Give either one date or a range.');
  }
  if ('last' in given && ('from' in given || 'to' in given)) {
    throw new InvalidFilterError(
      'last is given together with from or to. It selects dates up to today, so give it alone.',
    );
  }
  const { last } = given;
  if (last !== undefined && (typeof last !== 'number' || !Number.isInteger(last) || last < 1 || last > MOST_DATES)) {
    throw new InvalidFilterError(`last is ${shown(last)}. Expected a whole number of dates from 1 to ${MOST_DATES}.`);
  }
  const range: { -readonly [K in keyof RangeInput]: RangeInput[K] } = {};
  if (last !== undefined) range.last = last;
  for (const key of DATES) if (given[key] !== undefined) range[key] = dateInput(key, given[key], period);
  if (given.at !== undefined) range.at = parseInstant(given.at);
  return range;
}

const DATES = ['date', 'from', 'to'] as const;

/**
 * Returns the date or instant of a value to write. The default is now.
 *
 * @param call that an error names
 * @throws InvalidFilterError for a date where an instant is needed, and the other way round
 */
export function writtenAt(call: string, period: Period, { date, at }: RangeInput, now: Date): CheckedDateInput {
  if (!isTimePeriod(period)) {
    if (at === undefined) return date ?? now;
    throw new InvalidFilterError(
      `${call}: at is given for ${Period.nameOf(period)}, whose values are stored by date. Give date: a local date, or an instant in place of its date.`,
    );
  }
  if (date === undefined) return at ?? now;
  throw new InvalidFilterError(
    `${call}: date is given for ${Period.nameOf(period)}, and a date has many of these. ` +
      `Give at, an instant within the bucket you mean: new Date(), or '2026-10-25T02:30:00+02:00'.`,
  );
}

/** Returns a date of a filter in a calendar. */
export function dateOf(input: CheckedDateInput, calendar: Calendar): LocalDate {
  return typeof input === 'string' ? input : localDateAt(input, calendar.timeZone);
}

/** Returns the date at which the value for a filter's date is stored. The default is today. */
export function storedDate(period: Period, input: CheckedDateInput | undefined, calendar: Calendar): LocalDate {
  const date = input === undefined ? calendar.today : dateOf(input, calendar);
  return bucketStart(period, date, calendar.weekStart);
}

/**
 * Checks that the date of a call that reads one value says which one.
 *
 * @throws InvalidFilterError for a date of a period of less than a day
 */
export function checkOneBucket(
  call: string,
  { period, range: { date } }: { readonly period: Period; readonly range: RangeInput },
): void {
  if (!isTimePeriod(period) || date === undefined || date instanceof Date) return;
  throw new InvalidFilterError(
    `${call}: date is ${shown(date)}, which has many values of ${Period.nameOf(period)}. ` +
      `Pass a Date within the bucket you mean, or its start as text, or read all of them with series.`,
  );
}

/** Returns of when the value for a date or an instant is stored. */
export function storedMoment(period: Period, input: CheckedDateInput, calendar: Calendar): StoredMoment {
  if (!isTimePeriod(period)) return { date: storedDate(period, input, calendar) };
  if (!(input instanceof Date)) throw new TypeError('a value of less than a day has an instant');
  const { start } = bucketAt({ zone: calendar.timeZone, length: period }, input.getTime() / 1000);
  return { date: localDateAt(new Date(start * 1000), calendar.timeZone), start };
}

/** Returns the range of the rows of one moment. */
export function rangeOf({ date, start }: StoredMoment): DateRange | StartRange {
  return start === undefined ? { from: date, to: date } : { parts: [{ from: start, to: start + 1 }] };
}

/** Returns the bounds of the rows that a filter selects. Without a period, `last` counts days. */
export function rowRange({ date, from, to, last }: RangeInput, period: Period | null, calendar: Calendar): DateRange {
  if (date !== undefined) {
    const only = period === null ? dateOf(date, calendar) : storedDate(period, date, calendar);
    return { from: only, to: only };
  }
  if (last !== undefined) return { from: lastStart(period, last, calendar), to: calendar.today };
  return {
    from: from === undefined ? null : dateOf(from, calendar),
    to: to === undefined ? null : dateOf(to, calendar),
  };
}

/**
 * Returns the bounds of a series: those of `rowRange`, moved to the first days of their buckets, and today if there is
 * no end.
 */
export function seriesRange(
  range: RangeInput,
  period: Period,
  calendar: Calendar,
): { from: LocalDate | null; to: LocalDate } {
  const { from, to } = rowRange(range, period, calendar);
  return {
    from: from === null ? null : bucketStart(period, from, calendar.weekStart),
    to: bucketStart(period, to ?? calendar.today, calendar.weekStart),
  };
}

function lastStart(period: Period | null, last: number, { today, weekStart }: Calendar): LocalDate {
  if (period === null || !isCalendarPeriod(period)) return addDays(today, 1 - last);
  let start = bucketStart(period, today, weekStart);
  for (let back = 1; back < last && dayNumber(start) > FIRST_DAY; back++)
    start = bucketStart(period, addDays(start, -1), weekStart);
  return start;
}

function dateInput(key: string, value: unknown, period: Period | null): CheckedDateInput {
  const isInstant = period !== null && isTimePeriod(period) && typeof value === 'string' && value.includes(':');
  if (isInstant) return parseInstant(value);
  return readValue(value, localDate, key, invalidFilter);
}

function invalidFilter(name: string | null, given: unknown, expected: string): InvalidFilterError {
  return new InvalidFilterError(`${name ?? 'the filter'} is ${shown(given)}. ${expected}`);
}
