import { minutesOf } from '../../../chart/moments.js';
import { type Compare, type Comparison, COMPARISONS, type Range } from '../address.js';
import { lowered, shiftDate } from '../parts/format.js';
import type { Dates } from './range.js';

const LABELS: Readonly<Record<Comparison, string>> = {
  previous: 'The range before',
  week: 'A week before',
  month: 'A month before',
  quarter: 'A quarter before',
  year: 'A year before',
  weekdays: 'The same weekdays a year before',
};

/** The units that the values of calendar periods make up, as the library has it. */
const UNITS: Readonly<Record<string, readonly Comparison[]>> = {
  CALENDAR_WEEK: ['week', 'year', 'weekdays'],
  CALENDAR_MONTH: ['month', 'quarter', 'year'],
  CALENDAR_QUARTER: ['quarter', 'year'],
  CALENDAR_YEAR: ['year'],
};

/** True if the values of a period can be compared in that way: months have no weekday. */
export function canCompare(period: string, comparison: Comparison): boolean {
  // where a clock is set, some hours have no counterpart on another day
  if (minutesOf(period) !== null) return comparison === 'previous';
  return comparison === 'previous' || (UNITS[period] ?? COMPARISONS).includes(comparison);
}

/**
 * Chooses the comparison that people mean by a range: of a month to date the same days of the month before, and not as
 * many days just before. Null for everything, which has nothing before it.
 */
export function fittingComparison(range: Range, dates: Dates): Comparison | null {
  switch (range) {
    case 'all':
      return null;
    case 'month':
    case 'last-month':
      return 'month';
    case 'year':
    case '12m':
      return 'year';
    case 'own':
      return comparisonOfDates(dates);
    default:
      return 'previous';
  }
}

/** Dates that begin with a month, a quarter or a year and do not go beyond it are a part of it. */
function comparisonOfDates({ from, to }: Dates): Comparison {
  if (from === null || !from.endsWith('-01') || from.slice(0, 4) !== to.slice(0, 4)) return 'previous';
  const [first, last] = [Number(from.slice(5, 7)), Number(to.slice(5, 7))];
  if (first === last) return 'month';
  if (first % 3 === 1 && last < first + 3) return 'quarter';
  return first === 1 ? 'year' : 'previous';
}

/** The comparison of an address, or the one that fits its range; null: none. */
export function comparisonOf(compare: Compare, period: string, range: Range, dates: Dates): Comparison | null {
  const fitting = fittingComparison(range, dates);
  if (compare === 'none' || fitting === null) return null;
  const asked = compare === '' ? fitting : compare;
  return canCompare(period, asked) ? asked : 'previous';
}

/** The ways to compare the values of a period, with the one that is meant where none is chosen. */
export function comparisonChoices(period: string, fitting: Comparison): { value: Compare; label: string }[] {
  const possible = COMPARISONS.filter((comparison) => canCompare(period, comparison));
  return [
    { value: '', label: `Auto: ${comparisonName(canCompare(period, fitting) ? fitting : 'previous')}` },
    ...possible.map((value) => ({ value, label: LABELS[value] })),
    { value: 'none', label: 'Nothing' },
  ];
}

/** Months and quarters differ in length. A year has the same days as the one before. */
const FIRST_MONTHS: Readonly<Partial<Record<Comparison, number>>> = { month: 1, quarter: 3 };

/**
 * Says that a month to date is compared with the whole month before, because today is its last day. It is the month
 * then, and has the same value and change the next day, as the last month. A quarter is treated alike. Null for any
 * other range.
 */
export function lastDayNote(comparison: Comparison, { from, to }: Dates, today: string): string | null {
  const months = FIRST_MONTHS[comparison];
  const tomorrow = shiftDate(today, 1);
  if (months === undefined || to !== today || !tomorrow.endsWith('-01')) return null;
  const month = Number(today.slice(5, 7));
  const first = `${today.slice(0, 5)}${String(month - months + 1).padStart(2, '0')}-01`;
  if (month % months !== 0 || from !== first) return null;
  return `Today is the last day of the ${comparison}: it is compared with the whole ${comparison} before.`;
}

/** Names what a range is compared with within a sentence: 'a month before'. */
export function comparisonName(comparison: Comparison): string {
  return lowered(LABELS[comparison]);
}
