import type { LocalDate } from '../../time/local-date.js';
import { bucketStart, type Period } from '../../time/period.js';
import type { Calendar } from '../filter/date-range.js';
import type { SeriesPoint } from './series.js';

interface Dates {
  readonly period: Period;
  readonly calendar: Pick<Calendar, 'weekStart'>;
}

/**
 * True if every date of some points has a known value, so that they can be compared as a whole.
 *
 * @param since the first date from which all values are known; null: they were recorded one by one
 */
export function isKnownRange(points: readonly SeriesPoint<unknown>[], since: LocalDate | null, dates: Dates): boolean {
  const first = points.at(0)?.date;
  if (since === null || first === undefined) return points.every(({ value }) => value !== null);
  return isKnownFrom(first, since, dates);
}

/** True if all values from the bucket `first` on are known of a metric whose values are known since a date. */
export function isKnownFrom(first: LocalDate, since: LocalDate, { period, calendar }: Dates): boolean {
  return first >= bucketStart(period, since, calendar.weekStart);
}
