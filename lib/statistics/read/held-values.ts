import {
  type DayNumber,
  dayNumber,
  earlierDay,
  fromDayNumber,
  laterDay,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import type { DateRange } from '../filter/date-range.js';

/** The dates that a run has computed. */
export interface ComputedDates {
  readonly from: LocalDate;
  readonly through: LocalDate;
}

/**
 * Yields the values of one metric, period and cell in a range: the rows, and on each computed date without a row the
 * carried value of the row before.
 *
 * @param rows ordered by date, with the last one before the range
 * @param computed null to yield the rows only
 */
export function* heldValues<R extends { readonly date: LocalDate }>(
  rows: readonly R[],
  computed: ComputedDates | null,
  range: DateRange,
): Generator<R> {
  const first = latest(computed?.from, range.from);
  const last = earliest(computed?.through, range.to);
  for (const [place, row] of rows.entries()) {
    if (isWithin(row.date, range)) yield row;
    if (computed === null) continue;
    const next = rows[place + 1]?.date;
    const end = next === undefined ? last : earlierDay(last, shiftDay(dayNumber(next), -1));
    for (let day = laterDay(first, shiftDay(dayNumber(row.date), 1)); day <= end; day = shiftDay(day, 1)) {
      yield { ...row, date: fromDayNumber(day) };
    }
  }
}

/** Returns the last date of a range to which a row's value applies or is carried forward, or null if there is none. */
export function lastHeldDate(row: LocalDate, computed: ComputedDates | null, range: DateRange): LocalDate | null {
  const last = computed === null ? null : earliest(computed.through, range.to);
  const isHeld = last !== null && last > dayNumber(row) && last >= latest(computed?.from, range.from);
  if (isHeld) return fromDayNumber(last);
  return isWithin(row, range) ? row : null;
}

function isWithin(date: LocalDate, { from, to }: DateRange): boolean {
  return (from === null || date >= from) && (to === null || date <= to);
}

function latest(...dates: readonly (LocalDate | null | undefined)[]): DayNumber {
  return Math.max(-Infinity, ...numbers(dates)) as DayNumber;
}

function earliest(...dates: readonly (LocalDate | null | undefined)[]): DayNumber {
  return Math.min(Infinity, ...numbers(dates)) as DayNumber;
}

function numbers(dates: readonly (LocalDate | null | undefined)[]): DayNumber[] {
  return dates.flatMap((date) => (date === null || date === undefined ? [] : [dayNumber(date)]));
}
