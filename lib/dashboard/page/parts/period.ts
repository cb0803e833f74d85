import { isBucket } from '../../../chart/moments.js';
import { MOMENTS } from './format.js';

/** How periods and their points are called. */

const LABELS: Readonly<Record<string, string>> = {
  MINUTES_1: 'Minute',
  HOUR: 'Hour',
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
  const [, unit, count = ''] = /^(DAYS|MINUTES)_(\d+)$/.exec(name) ?? [];
  return LABELS[name] ?? (unit === undefined ? name : unit === 'DAYS' ? `Rolling ${count} days` : `${count} minutes`);
}

/**
 * The name of a point of a period, in the browser's language: 'Sat, Oct 31, 2026', 'Week 42, 2026'.
 *
 * @param repeated of `repeatedStarts`
 */
export function pointLabel(date: string, period: string, repeated?: ReadonlySet<string>): string {
  return MOMENTS.point(date, period, repeated);
}

/**
 * Names the dates of the latest value of a range. A window reaches back from its date, perhaps to before the range: '28 days
 * to Nov 29, 2026', 'Month to Nov 29, 2026', 'All time to Nov 29, 2026'. Other values are those of a point.
 *
 * @param repeated of `repeatedStarts`
 */
export function latestLabel(date: string, period: string, repeated?: ReadonlySet<string>): string {
  if (isBucket(period)) return pointLabel(date, period, repeated);
  return `${periodLabel(period).replace(/^Rolling | to date$/g, '')} to ${MOMENTS.date(date)}`;
}
