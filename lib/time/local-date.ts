import { InvalidDateError } from '../errors/time.error.js';

/**
 * A date as text, `YYYY-MM-DD`, in the time zone of a tracker. From 0001-01-01 to 9999-12-31. Applications know it as
 * `LocalDate`: they pass any text, and each call checks what it is given.
 */
export type LocalDateText = string;

/**
 * A date inside the library: text that `parseLocalDate` has checked, or that was computed or stored by the library. Text
 * that only claims to be a date does not compile, so none reaches an SQL statement, where it would compare as text.
 * A literal ('2026-10-31') needs no check.
 *
 * @inline
 */
export type LocalDate = `${number}-${number}-${number}`;

declare const DAY_NUMBER: unique symbol;

/**
 * A day, counted from 1970-01-01. A number that counts seconds, milliseconds or a length in days does not compile as
 * one. Take it from `dayNumber`, and others from it by `shiftDay`.
 */
export type DayNumber = number & { readonly [DAY_NUMBER]: true };

/** A date to pass to a call: text, or an instant whose local date is taken. */
export type LocalDateInput = LocalDateText | Date;

/** A date that was passed to a call, after its check. */
export type CheckedDateInput = LocalDate | Date;

/** The seconds of a day without a zone: of a day by a clock that is changed there are more or fewer. */
export const SECONDS_PER_DAY = 86_400;
export const MS_PER_DAY = SECONDS_PER_DAY * 1000;
const DAYS_PER_400_YEARS = 146_097;
/** The day number of 0001-01-01. */
export const FIRST_DAY = -719_162 as DayNumber;
/** The day number of 9999-12-31. */
export const LAST_DAY = 2_932_896 as DayNumber;
const DAYS_TO_MARCH_OF_YEAR_0 = 719_468; // 0000-03-01 to 1970-01-01
const TWO_DIGITS = Array.from({ length: 32 }, (_, number) => String(number).padStart(2, '0'));
const FORMAT = /^\d{4}-\d{2}-\d{2}$/;
const EXPECTED = "Expected a date of the years 0001 to 9999 as 'YYYY-MM-DD', for example '2026-10-31'.";

/**
 * Checks that a value is a local date and returns it.
 *
 * @throws InvalidDateError unless it is text of the form `YYYY-MM-DD` and that day exists
 * @example parseLocalDate('2024-02-29') // '2024-02-29'
 */
export function parseLocalDate(text: unknown): LocalDate {
  return readDate(text, EXPECTED);
}

/**
 * Checks that a value is a date to pass to a call, and returns it.
 *
 * @throws InvalidDateError unless it is a valid `Date`, or text that `parseLocalDate` takes
 */
export function checkDateInput(given: unknown): CheckedDateInput {
  if (!(given instanceof Date)) return readDate(given, `${EXPECTED} A Date is accepted too: its local date is taken.`);
  if (Number.isNaN(given.getTime())) {
    throw new InvalidDateError(given, "Expected a valid Date, or text as '2026-10-31'.");
  }
  return given;
}

function readDate(text: unknown, expected: string): LocalDate {
  if (typeof text !== 'string' || !FORMAT.test(text)) throw new InvalidDateError(text, expected);
  dayNumber(text);
  return text as LocalDate;
}

/**
 * Adds calendar days to a date, or subtracts them if the number is negative.
 *
 * @param days a whole number
 * @throws InvalidDateError if the date is not valid, the number is not whole, or the result is outside the years 0001
 * to 9999
 * @example addDays('2024-02-28', 2) // '2024-03-01'
 */
export function addDays(date: LocalDateText, days: number): LocalDate {
  if (!Number.isSafeInteger(days)) throw new InvalidDateError(days, 'Expected a whole number of days to add.');
  const day = dayNumber(date) + days;
  if (day < FIRST_DAY || day > LAST_DAY) {
    throw new InvalidDateError(`${date} ${days < 0 ? '-' : '+'} ${Math.abs(days)} days`, EXPECTED);
  }
  return fromDayNumber(day as DayNumber);
}

/**
 * Returns the number of days from 1970-01-01 to a date. It is negative for earlier dates.
 *
 * @throws InvalidDateError if the date is not valid
 * @example dayNumber('1970-01-31') // 30
 */
export function dayNumber(date: LocalDateText): DayNumber {
  if (typeof (date as unknown) !== 'string' || !FORMAT.test(date)) throw new InvalidDateError(date, EXPECTED);
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(5, 7));
  const dayOfMonth = Number(date.slice(8, 10));
  if (year === 0 || month < 1 || month > 12) throw new InvalidDateError(date, EXPECTED);
  if (dayOfMonth < 1 || dayOfMonth > daysInMonth(year, month))
    throw new InvalidDateError(date, whyNoSuchDay(date, year, month));
  return daysSinceEpoch(year, month, dayOfMonth) as DayNumber;
}

/**
 * Returns the day a number of days after another one, or before it if the number is negative. It may be outside the years
 * 0001 to 9999: there is a day before the first one.
 *
 * @example shiftDay(dayNumber('2026-10-31'), 1) === dayNumber('2026-11-01')
 */
export function shiftDay(day: DayNumber, days: number): DayNumber {
  return (day + days) as DayNumber;
}

/**
 * Reads a day number from a database row, which a driver may return as text or as a bigint.
 *
 * @example readDayNumber('20757') === dayNumber('2026-10-31')
 */
export function readDayNumber(value: unknown): DayNumber {
  return Number(value) as DayNumber;
}

/**
 * Returns the day that contains an instant of UTC, or a reading of a column's clock.
 *
 * @param seconds since 1970-01-01T00:00
 * @example dayAt(86_399) === dayNumber('1970-01-01')
 */
export function dayAt(seconds: number): DayNumber {
  return Math.floor(seconds / SECONDS_PER_DAY) as DayNumber;
}

/** Returns the earlier of some days. */
export function earlierDay(...days: readonly [DayNumber, ...DayNumber[]]): DayNumber {
  return Math.min(...days) as DayNumber;
}

/** Returns the later of some days. */
export function laterDay(...days: readonly [DayNumber, ...DayNumber[]]): DayNumber {
  return Math.max(...days) as DayNumber;
}

/** Returns the earliest of some dates. */
export function earliestDate(first: LocalDate, ...others: readonly LocalDate[]): LocalDate {
  return others.reduce((a, b) => (b < a ? b : a), first);
}

/** Returns the latest of some dates. */
export function latestDate(first: LocalDate, ...others: readonly LocalDate[]): LocalDate {
  return others.reduce((a, b) => (b > a ? b : a), first);
}

/**
 * Returns the date that is a number of days after 1970-01-01. It is the reverse of `dayNumber`.
 *
 * @throws InvalidDateError if the number is not whole, or the date is outside the years 0001 to 9999
 * @example fromDayNumber(-1) // '1969-12-31'
 */
export function fromDayNumber(day: DayNumber): LocalDate {
  if (!Number.isInteger(day) || day < FIRST_DAY || day > LAST_DAY) {
    throw new InvalidDateError(
      day,
      `Expected a whole number of days since 1970-01-01, from ${FIRST_DAY} to ${LAST_DAY} (the years 0001 to 9999).`,
    );
  }
  // by arithmetic: a series has many dates, and a Date takes ten times as long. Years begin in March here, so that the
  // leap day is their last; months then are 30.6 days long, rounded.
  const sinceMarch = day + DAYS_TO_MARCH_OF_YEAR_0;
  const era = Math.floor(sinceMarch / DAYS_PER_400_YEARS);
  const dayOfEra = sinceMarch - era * DAYS_PER_400_YEARS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  const year = era * 400 + yearOfEra + (month < 10 ? 0 : 1);
  return `${padded(year)}-${TWO_DIGITS[month < 10 ? month + 3 : month - 9] ?? ''}-${TWO_DIGITS[dayOfMonth] ?? ''}` as LocalDate;
}

function padded(year: number): string {
  return year < 1000 ? String(year).padStart(4, '0') : String(year);
}

function daysSinceEpoch(year: number, month: number, dayOfMonth: number): number {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; the calendar repeats every 400 years.
  if (year < 100) return daysSinceEpoch(year + 400, month, dayOfMonth) - DAYS_PER_400_YEARS;
  return Date.UTC(year, month - 1, dayOfMonth) / MS_PER_DAY;
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function whyNoSuchDay(date: LocalDateText, year: number, month: number): string {
  const yearMonth = date.slice(0, 7);
  return `${date} does not exist: the last day of ${yearMonth} is ${yearMonth}-${daysInMonth(year, month)}.`;
}
