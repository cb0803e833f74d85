import type { Compare } from '../address.js';
import { shiftDate, utcOf } from '../parts/format.js';

const WEEKS_OF_A_YEAR = 52 * 7;
const MONTHS: Readonly<Record<string, number>> = { CALENDAR_MONTH: 1, CALENDAR_QUARTER: 3, CALENDAR_YEAR: 12 };

/** True if a period's points can be compared in that way: months have no weekday. */
export function canCompare(compare: Compare, period: string): boolean {
  return compare !== 'weekdays' || MONTHS[period] === undefined;
}

/**
 * Returns the date that each date of a series is compared with, in the same order, as `StatisticService.compare` has
 * it.
 *
 * @example earlierDates('DAY', ['2024-02-29'], 'year') // ['2023-02-28']
 */
export function earlierDates(period: string, dates: readonly string[], compare: Compare): string[] {
  const months = MONTHS[period];
  const isWeek = period === 'CALENDAR_WEEK';
  switch (compare) {
    case 'previous':
      if (months !== undefined) return dates.map((date) => monthsBefore(date, months * dates.length));
      return dates.map((date) => shiftDate(date, -dates.length * (isWeek ? 7 : 1)));
    case 'year':
      return dates.map((date) => (isWeek ? shiftDate(date, -WEEKS_OF_A_YEAR) : yearBefore(date)));
    case 'weekdays':
      return dates.map((date) => shiftDate(date, -WEEKS_OF_A_YEAR));
    case '':
      return [];
  }
}

function monthsBefore(date: string, months: number): string {
  const start = new Date(utcOf(date));
  start.setUTCMonth(start.getUTCMonth() - months);
  return start.toISOString().slice(0, 10);
}

/** The same day of the year before. February 29th becomes the 28th. */
export function yearBefore(date: string): string {
  const year = String(Number(date.slice(0, 4)) - 1).padStart(4, '0');
  return date.endsWith('-02-29') ? `${year}-02-28` : `${year}${date.slice(4)}`;
}
