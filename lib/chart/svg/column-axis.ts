import { isLocalDate, minutesOf, utcOf } from '../moments.js';

/** The dates or starts of a chart, one for each column. */
export interface ColumnAxis {
  /** ordered by time, with those that no point has */
  readonly moments: readonly string[];
  /** the column of each moment that was given */
  readonly places: ReadonlyMap<string, number>;
}

const DAY = 86_400_000;
const MONTHS: Readonly<Record<string, number>> = { CALENDAR_MONTH: 1, CALENDAR_QUARTER: 3, CALENDAR_YEAR: 12 };

/**
 * Gives each moment a column, and a column to each one between them that has no point. Without those a month that is
 * missing would be as narrow as a day, and no gap would be seen.
 *
 * @param given in any order, several times or once
 * @param limit on the number of columns
 * @returns null if there would be more
 */
export function columnAxis(given: Iterable<string>, period: string, limit: number): ColumnAxis | null {
  const sorted = [...new Set(given)].sort((a, b) => instantOf(a) - instantOf(b));
  const moments: string[] = [];
  const places = new Map<string, number>();
  for (const moment of sorted) {
    const last = moments.at(-1);
    const missing = last === undefined ? 0 : columnsBetween(last, moment, period) - 1;
    if (moments.length + missing >= limit) return null;
    for (let step = 1; last !== undefined && step <= missing; step++) moments.push(momentAfter(last, step, period));
    places.set(moment, moments.length);
    moments.push(moment);
  }
  return { moments, places };
}

function instantOf(moment: string): number {
  return isLocalDate(moment) ? utcOf(moment) : Date.parse(moment);
}

/** Buckets are shorter where the offset changes within one. */
function columnsBetween(from: string, to: string, period: string): number {
  const length = lengthOf(period);
  const months = MONTHS[period];
  const columns =
    months === undefined ? (instantOf(to) - instantOf(from)) / length : (monthOf(to) - monthOf(from)) / months;
  return Math.max(1, Math.round(columns));
}

function lengthOf(period: string): number {
  const minutes = minutesOf(period);
  if (minutes !== null) return minutes * 60_000;
  return period === 'CALENDAR_WEEK' ? 7 * DAY : DAY;
}

function momentAfter(moment: string, steps: number, period: string): string {
  const months = MONTHS[period];
  if (months !== undefined) {
    const month = monthOf(moment) + steps * months;
    return dateText(Math.floor(month / 12), month % 12);
  }
  const shown = new Date(utcOf(moment) + steps * lengthOf(period)).toISOString();
  return isLocalDate(moment) ? shown.slice(0, 10) : shown.slice(0, 19) + moment.slice(19);
}

function monthOf(date: string): number {
  return Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
}

function dateText(year: number, month: number): string {
  return `${String(year).padStart(4, '0')}-${String(month + 1).padStart(2, '0')}-01`;
}
