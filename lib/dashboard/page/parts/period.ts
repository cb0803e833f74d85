import { isBucket } from '../../../chart/moments.js';
import { periodLabel } from '../../../time/period-text.js';
import { MOMENTS } from './format.js';

/** The names of the points of periods. */

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
