/** How periods are called, and how long a range is in them. */

import { shiftDate, utcOf } from './format.js';

const LABELS: Readonly<Record<string, string>> = {
  DAY: 'Day',
  WEEK: 'Rolling 7 days',
  DAYS_28: 'Rolling 28 days',
  MONTH: 'Rolling 30 days',
  LIFETIME: 'All time',
  CALENDAR_WEEK: 'Calendar week',
  CALENDAR_MONTH: 'Calendar month',
  CALENDAR_QUARTER: 'Quarter',
  CALENDAR_YEAR: 'Year',
  WEEK_TO_DATE: 'Week to date',
  MONTH_TO_DATE: 'Month to date',
  QUARTER_TO_DATE: 'Quarter to date',
  YEAR_TO_DATE: 'Year to date',
};

export function periodLabel(name: string): string {
  const days = /^DAYS_(\d+)$/.exec(name)?.[1];
  return LABELS[name] ?? (days === undefined ? name : `Rolling ${days} days`);
}

const BUCKET_DAYS: Readonly<Record<string, number>> = {
  CALENDAR_WEEK: 7,
  CALENDAR_MONTH: 30.44,
  CALENDAR_QUARTER: 91.31,
  CALENDAR_YEAR: 365.25,
};

/** How many points of a period lie in so many days, of calendar units at least twelve. */
export function pointsIn(days: number, period: string): number {
  const bucket = BUCKET_DAYS[period];
  return bucket === undefined ? days : Math.max(12, Math.round(days / bucket));
}

const BUCKET_MONTHS: Readonly<Record<string, number>> = { CALENDAR_MONTH: 1, CALENDAR_QUARTER: 3, CALENDAR_YEAR: 12 };

/** Where the range begins that has as many points and ends before a date. */
export function startOfBefore(date: string, points: number, period: string): string {
  const months = BUCKET_MONTHS[period];
  if (months === undefined) return shiftDate(date, -points * (period === 'CALENDAR_WEEK' ? 7 : 1));
  const start = new Date(utcOf(date));
  start.setUTCMonth(start.getUTCMonth() - months * points);
  return start.toISOString().slice(0, 10);
}
