import { InvalidPeriodError } from '../errors/time.error.js';
import {
  addDays,
  type DayNumber,
  dayNumber,
  earlierDay,
  FIRST_DAY,
  fromDayNumber,
  LAST_DAY,
  laterDay,
  type LocalDate,
  type LocalDateText,
  parseLocalDate,
  shiftDay,
  SECONDS_PER_DAY,
} from './local-date.js';
import { BUCKET_LENGTHS, type BucketLength, lengthOfMinutes } from './time-bucket.js';

declare const PERIOD: unique symbol;

/**
 * The days that a value covers, as an integer code: seconds, negative for calendar units, 0 for LIFETIME. Take one from
 * the constant `Period`; a number such as `period: 7` does not compile.
 */
export type Period = number & { readonly [PERIOD]: PeriodKind };
/** DAY, the calendar periods, HOUR and minutes. Their values do not overlap, so they can be incremented and added up. */
export type BucketPeriod = Period & { readonly [PERIOD]: 'bucket' };
/** HOUR and minutes: buckets of less than a day, whose values are stored by the instant at which they begin. */
export type TimePeriod = BucketPeriod & BucketLength;
/** A window of n days that ends on the date of its value. */
export type RollingPeriod = Period & { readonly [PERIOD]: 'rolling' };
/** The days from the first one of a calendar unit to the date of the value. */
export type ToDatePeriod = Period & { readonly [PERIOD]: 'to-date' };
/** Everything up to and including the date of the value. */
export type LifetimePeriod = Period & { readonly [PERIOD]: 'lifetime' };
/** The name of a period, as `Period.nameOf` returns it and `Period.parse` reads it. */
export type PeriodName =
  | 'HOUR'
  | 'DAY'
  | 'WEEK'
  | 'DAYS_28'
  | 'MONTH'
  | 'LIFETIME'
  | 'CALENDAR_WEEK'
  | 'CALENDAR_MONTH'
  | 'CALENDAR_QUARTER'
  | 'CALENDAR_YEAR'
  | 'WEEK_TO_DATE'
  | 'MONTH_TO_DATE'
  | 'QUARTER_TO_DATE'
  | 'YEAR_TO_DATE'
  | `MINUTES_${number}`
  | `DAYS_${number}`;

/**
 * The way in which the values of a period relate to each other: side by side (bucket), overlapping (rolling), growing
 * within each calendar unit (to-date), or growing for ever (lifetime).
 */
export type PeriodKind = 'bucket' | 'rolling' | 'to-date' | 'lifetime';
/** The unit of a calendar period, or of a period to date. */
export type CalendarUnit = 'week' | 'month' | 'quarter' | 'year';
/** The first day of a CALENDAR_WEEK, and of a WEEK_TO_DATE. */
export type WeekStart = 'monday' | 'sunday' | 'saturday';

const LONGEST_WINDOW = 3_660;
const CODES = {
  DAY: SECONDS_PER_DAY as BucketPeriod,
  WEEK: (7 * SECONDS_PER_DAY) as RollingPeriod,
  DAYS_28: (28 * SECONDS_PER_DAY) as RollingPeriod,
  MONTH: (30 * SECONDS_PER_DAY) as RollingPeriod,
  LIFETIME: 0 as LifetimePeriod,
  CALENDAR_WEEK: -604_800 as BucketPeriod,
  CALENDAR_MONTH: -2_592_000 as BucketPeriod,
  CALENDAR_QUARTER: -7_776_000 as BucketPeriod,
  CALENDAR_YEAR: -31_536_000 as BucketPeriod,
  // the code of the calendar period, less one
  WEEK_TO_DATE: -604_801 as ToDatePeriod,
  MONTH_TO_DATE: -2_592_001 as ToDatePeriod,
  QUARTER_TO_DATE: -7_776_001 as ToDatePeriod,
  YEAR_TO_DATE: -31_536_001 as ToDatePeriod,
  HOUR: 3_600 as TimePeriod,
} as const;
const CODE_BY_NAME = new Map<string, Period>(Object.entries(CODES));
const NAME_BY_CODE = new Map<number, PeriodName>(
  Object.entries(CODES).map(([name, code]) => [code, name as PeriodName]),
);
const UNIT_BY_CODE = new Map<number, CalendarUnit>([
  [CODES.CALENDAR_WEEK, 'week'],
  [CODES.CALENDAR_MONTH, 'month'],
  [CODES.CALENDAR_QUARTER, 'quarter'],
  [CODES.CALENDAR_YEAR, 'year'],
]);
const MONTHS = { month: 1, quarter: 3, year: 12 } as const;
const EXPECTED = `Use ${[...CODE_BY_NAME.keys()].map((name) => `Period.${name}`).join(', ')}, Period.minutes(n) or Period.days(n).`;
/** The periods of less than a day, for an error about a number of seconds or a part of a day. */
const SHORTER =
  'Of less than a day there are Period.HOUR and Period.minutes(n), n of 1, 5, 10, 15, 20 or 30. Their values lie side by side: there is no window of hours that ends at any instant.';

/**
 * Provides the periods that a statistic can have.
 *
 * @example
 * Period.HOUR; // an hour by the clock of the time zone
 * Period.WEEK; // the seven days that end on the date
 * Period.CALENDAR_MONTH; // the month that begins on the date
 * Period.MONTH_TO_DATE; // the month of the date, up to the date
 * Period.days(90);
 * Period.minutes(15);
 */
export const Period: {
  /** One hour by the clock of the time zone. A day has 23 or 25 of them where the clock is changed by an hour. */
  readonly HOUR: TimePeriod;
  /** One calendar day. */
  readonly DAY: BucketPeriod;
  /** The 7 days that end on the date. */
  readonly WEEK: RollingPeriod;
  /** The 28 days that end on the date. */
  readonly DAYS_28: RollingPeriod;
  /** The 30 days that end on the date. */
  readonly MONTH: RollingPeriod;
  /** Everything up to and including the date. */
  readonly LIFETIME: LifetimePeriod;
  /** The week that begins on the date; its first day is an option of the module. */
  readonly CALENDAR_WEEK: BucketPeriod;
  /** The month that begins on the date. */
  readonly CALENDAR_MONTH: BucketPeriod;
  /** The three months that begin on the date: the first of January, April, July or October. */
  readonly CALENDAR_QUARTER: BucketPeriod;
  /** The year that begins on the date. */
  readonly CALENDAR_YEAR: BucketPeriod;
  /** The days of the date's week, up to and including the date. The first day of a week is an option of the module. */
  readonly WEEK_TO_DATE: ToDatePeriod;
  /** The days of the date's month, up to and including the date. */
  readonly MONTH_TO_DATE: ToDatePeriod;
  /** The days of the date's quarter, up to and including the date. Quarters begin in January, April, July and October. */
  readonly QUARTER_TO_DATE: ToDatePeriod;
  /** The days of the date's year, up to and including the date. */
  readonly YEAR_TO_DATE: ToDatePeriod;
  /**
   * Returns the period of the n days that end on the date. `days(1)` is DAY, and `days(7)` is WEEK.
   *
   * @throws InvalidPeriodError unless n is a whole number from 1 to 3660
   * @example Period.days(90)
   */
  days(n: number): Period;
  /**
   * Returns the period of n minutes by the clock of the time zone. `minutes(60)` is HOUR.
   *
   * @throws InvalidPeriodError unless n is 1, 5, 10, 15, 20, 30 or 60
   * @example Period.minutes(15) // the quarters of each hour
   */
  minutes(n: number): TimePeriod;
  /**
   * Returns the name of a period. `parse` reads it.
   *
   * @throws InvalidPeriodError if the value is not a period
   * @example Period.nameOf(Period.days(14)) // 'DAYS_14'
   */
  nameOf(period: Period): PeriodName;
  /**
   * Reads a period from its name (in upper or lower case) or its code, for example from a query string.
   *
   * @throws InvalidPeriodError if the text is neither
   * @example Period.parse('calendar_month') === Period.CALENDAR_MONTH
   * @example Period.parse('604800') === Period.WEEK
   */
  parse(text: string | number): Period;
} = Object.freeze({
  ...CODES,
  days: periodOfDays,
  minutes: periodOfMinutes,
  nameOf: nameOfPeriod,
  parse: parsePeriod,
});

function periodOfDays(n: number): Period {
  if (!Number.isInteger(n) || n < 1 || n > LONGEST_WINDOW) {
    const shorter = typeof n === 'number' && n > 0 && n < 1 ? ` ${SHORTER}` : '';
    throw new InvalidPeriodError(n, `Period.days takes a whole number of days from 1 to ${LONGEST_WINDOW}.${shorter}`);
  }
  return (n * SECONDS_PER_DAY) as Period;
}

function periodOfMinutes(n: number): TimePeriod {
  return lengthOfMinutes(n) as TimePeriod;
}

function nameOfPeriod(period: Period): PeriodName {
  const code = checkPeriod(period);
  const name = NAME_BY_CODE.get(code);
  if (name !== undefined) return name;
  return isTimePeriod(code) ? `MINUTES_${code / 60}` : `DAYS_${code / SECONDS_PER_DAY}`;
}

function parsePeriod(text: string | number): Period {
  if (typeof text !== 'string') return checkPeriod(text);
  if (/^-?\d{1,9}$/.test(text)) return checkPeriod(Number(text), text);
  const name = text.length > 20 ? '' : text.toUpperCase();
  const days = /^DAYS_([1-9]\d{0,3})$/.exec(name)?.[1];
  if (days !== undefined) return periodOfDays(Number(days));
  const minutes = /^MINUTES_([1-9]\d{0,3})$/.exec(name)?.[1];
  if (minutes !== undefined) return periodOfMinutes(Number(minutes));
  const period = CODE_BY_NAME.get(name);
  if (period === undefined) {
    throw new InvalidPeriodError(
      text,
      `Expected one of ${[...CODE_BY_NAME.keys()].join(', ')}, MINUTES_n, DAYS_n, or the code of one.`,
    );
  }
  return period;
}

/**
 * True for the periods of less than a day, whose values are stored by the first instant of their bucket.
 *
 * @example isTimePeriod(Period.HOUR) // true
 */
export function isTimePeriod(period: Period): period is TimePeriod {
  return (BUCKET_LENGTHS as readonly number[]).includes(period);
}

/**
 * Checks that a value is the code of a period, and returns it.
 *
 * @param shown the value that an error message shows, if it is not `value`
 * @throws InvalidPeriodError if it is not one
 * @example checkPeriod(86400) === Period.DAY
 */
export function checkPeriod(value: unknown, shown: unknown = value): Period {
  if (typeof value !== 'number' || !isCode(value)) {
    const isShort = typeof value === 'number' && value >= 60 && value < SECONDS_PER_DAY;
    throw new InvalidPeriodError(shown, isShort ? SHORTER : EXPECTED);
  }
  return (value + 0) as Period; // -0 becomes 0
}

function isCode(value: number): boolean {
  if (NAME_BY_CODE.has(value) || isTimePeriod(value as Period)) return true;
  const days = value / SECONDS_PER_DAY;
  return Number.isInteger(days) && days >= 1 && days <= LONGEST_WINDOW;
}

/**
 * Returns how the values of a period relate to each other: side by side (DAY and the calendar periods), overlapping, or
 * growing to date or for ever.
 *
 * @throws InvalidPeriodError if the value is not a period
 * @example periodKind(Period.DAY) // 'bucket'
 */
export function periodKind(period: Period): PeriodKind {
  const code = checkPeriod(period);
  if (code === CODES.LIFETIME) return 'lifetime';
  if (toDateUnit(code) !== null) return 'to-date';
  return code <= CODES.DAY ? 'bucket' : 'rolling';
}

/**
 * Returns the number of days that a value of a rolling period covers, including its date. Returns 1 for DAY.
 *
 * @throws InvalidPeriodError for LIFETIME, the calendar periods and those to date, which have no fixed number of days
 * @example windowDays(Period.WEEK) // 7
 */
export function windowDays(period: Period): number {
  const code = checkPeriod(period);
  if (code >= CODES.DAY) return code / SECONDS_PER_DAY;
  throw new InvalidPeriodError(
    nameOfPeriod(code),
    'Expected DAY or a rolling period; this one has no fixed number of days.',
  );
}

/**
 * Returns the unit of a calendar period, or null for other periods.
 *
 * @throws InvalidPeriodError if the value is not a period
 * @example calendarUnit(Period.CALENDAR_QUARTER) // 'quarter'
 */
export function calendarUnit(period: Period): CalendarUnit | null {
  return UNIT_BY_CODE.get(checkPeriod(period)) ?? null;
}

/**
 * True for calendar weeks, months, quarters and years, and false for all other periods.
 *
 * @throws InvalidPeriodError if the value is not a period
 */
export function isCalendarPeriod(period: Period): boolean {
  return calendarUnit(period) !== null;
}

/**
 * Returns the calendar unit that a period counts to date, or null for other periods.
 *
 * @throws InvalidPeriodError if the value is not a period
 * @example toDateUnit(Period.MONTH_TO_DATE) // 'month'
 */
export function toDateUnit(period: Period): CalendarUnit | null {
  return UNIT_BY_CODE.get(checkPeriod(period) + 1) ?? null;
}

/**
 * Returns the calendar period of which a period to date counts the part up to its date.
 *
 * @throws InvalidPeriodError for the other periods
 * @example wholeUnit(Period.MONTH_TO_DATE) === Period.CALENDAR_MONTH
 */
export function wholeUnit(period: Period): BucketPeriod {
  if (toDateUnit(period) !== null) return (period + 1) as BucketPeriod;
  throw new InvalidPeriodError(nameOfPeriod(period), 'Expected a period to date, such as Period.MONTH_TO_DATE.');
}

/**
 * Returns the first date that a value covers, or null for LIFETIME, which has none.
 *
 * @throws InvalidDateError if the date is not valid
 * @example firstCovered(Period.WEEK, '2026-10-31', 'monday') // '2026-10-25'
 * @example firstCovered(Period.MONTH_TO_DATE, '2026-10-31', 'monday') // '2026-10-01'
 */
export function firstCovered(period: Period, date: LocalDateText, weekStart: WeekStart): LocalDate | null {
  switch (periodKind(period)) {
    case 'bucket':
      return bucketStart(period, date, weekStart);
    case 'rolling':
      return fromDayNumber(laterDay(FIRST_DAY, shiftDay(dayNumber(date), 1 - windowDays(period))));
    case 'to-date':
      return bucketStart(wholeUnit(period), date, weekStart);
    case 'lifetime':
      return null;
  }
}

/**
 * Returns the date whose value covers the days just before those of a value: for a rolling window the last day before
 * it, for a period to date the same day of the unit before, or its last day if that unit is shorter.
 *
 * @throws InvalidDateError if the date is not valid, or if the earlier one is before 0001-01-01
 * @throws InvalidPeriodError for the other periods
 * @example dateBefore(Period.WEEK, '2026-10-31', 'monday') // '2026-10-24'
 * @example dateBefore(Period.MONTH_TO_DATE, '2026-10-31', 'monday') // '2026-09-30'
 */
export function dateBefore(period: Period, date: LocalDateText, weekStart: WeekStart): LocalDate {
  if (toDateUnit(period) === null) return addDays(date, -windowDays(period));
  const unit = wholeUnit(period);
  const start = dayNumber(bucketStart(unit, date, weekStart));
  const end = shiftDay(start, -1);
  const before = dayNumber(bucketStart(unit, fromDayNumber(end), weekStart));
  return fromDayNumber(earlierDay(end, shiftDay(before, dayNumber(date) - start)));
}

/**
 * Returns the same day one calendar unit earlier: seven days for a week, else the same day of the month that is 1, 3 or
 * 12 months earlier, or its last day if that month is shorter.
 *
 * @throws InvalidDateError if the date is not valid, or if the earlier one is before 0001-01-01
 * @example unitBefore('month', '2026-03-31') // '2026-02-28'
 */
export function unitBefore(unit: CalendarUnit, date: LocalDateText): LocalDate {
  if (unit === 'week') return addDays(date, -7);
  const months = yearOf(date) * 12 + monthOf(date) - 1 - MONTHS[unit];
  const first = parseLocalDate(firstOfMonth(Math.floor(months / 12), (months % 12) + 1));
  const last = bucketEnd(CODES.CALENDAR_MONTH, first, 'monday');
  return fromDayNumber(earlierDay(dayNumber(last), shiftDay(dayNumber(first), Number(date.slice(8)) - 1)));
}

/**
 * Returns the date at which the value for a date is stored: the first day of its calendar bucket. DAY, rolling periods
 * and LIFETIME have a value for every date, so this is the date itself. A week that would begin before 0001-01-01
 * begins on that day.
 *
 * @throws InvalidDateError if the date is not valid
 * @example bucketStart(Period.CALENDAR_WEEK, '2026-10-31', 'monday') // '2026-10-26'
 */
export function bucketStart(period: Period, date: LocalDateText, weekStart: WeekStart): LocalDate {
  const day = dayNumber(date);
  switch (calendarUnit(period)) {
    case 'week':
      return fromDayNumber(laterDay(FIRST_DAY, shiftDay(day, -daysIntoWeek(day, weekStart))));
    case 'month':
      return firstOfMonth(yearOf(date), monthOf(date));
    case 'quarter':
      return firstOfMonth(yearOf(date), monthOf(date) - ((monthOf(date) - 1) % 3));
    case 'year':
      return firstOfMonth(yearOf(date), 1);
    case null:
      return date as LocalDate;
  }
}

/**
 * Returns the date of the value after the given one: the first day of the next calendar bucket, or the next date.
 *
 * @param bucketDate a date of the bucket, normally its first
 * @throws InvalidDateError if the date is not valid, or if the next bucket begins after 9999-12-31
 * @example nextBucket(Period.CALENDAR_QUARTER, '2026-10-01', 'monday') // '2027-01-01'
 */
export function nextBucket(period: Period, bucketDate: LocalDateText, weekStart: WeekStart): LocalDate {
  return fromDayNumber(dayAfterBucket(period, bucketDate, weekStart));
}

/**
 * Returns the last day of a calendar bucket, 9999-12-31 at the latest. For other periods it is the date itself.
 *
 * @throws InvalidDateError if the date is not valid
 * @example bucketEnd(Period.CALENDAR_MONTH, '2026-02-10', 'monday') // '2026-02-28'
 */
export function bucketEnd(period: Period, date: LocalDateText, weekStart: WeekStart): LocalDate {
  return fromDayNumber(earlierDay(LAST_DAY, shiftDay(dayAfterBucket(period, date, weekStart), -1)));
}

/** Returns a day number and not a date, because no date follows the last bucket. */
function dayAfterBucket(period: Period, date: LocalDateText, weekStart: WeekStart): DayNumber {
  const day = dayNumber(date);
  const unit = calendarUnit(period);
  if (unit === null) return shiftDay(day, 1);
  // not from the bucket's first day: the first week of the year 1 may be shorter than 7 days
  if (unit === 'week') return shiftDay(day, 7 - daysIntoWeek(day, weekStart));
  const start = bucketStart(period, date, weekStart);
  const [year, month] = [yearOf(start), monthOf(start) + MONTHS[unit]];
  if (month <= 12) return dayNumber(firstOfMonth(year, month));
  return year === 9999 ? shiftDay(LAST_DAY, 1) : dayNumber(firstOfMonth(year + 1, month - 12));
}

function daysIntoWeek(day: DayNumber, weekStart: WeekStart): number {
  // 1970-01-01, day 0, was a Thursday.
  const sinceThursday = { monday: 3, sunday: 4, saturday: 5 }[weekStart];
  return (((day + sinceThursday) % 7) + 7) % 7;
}

function yearOf(date: LocalDateText): number {
  return Number(date.slice(0, 4));
}

function monthOf(date: LocalDateText): number {
  return Number(date.slice(5, 7));
}

function firstOfMonth(year: number, month: number): LocalDate {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-01` as LocalDate;
}
