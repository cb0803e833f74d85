import type { CompareWith } from '../statistics/index.js';
import { addDays, dayNumber, type LocalDate } from '../time/local-date.js';
import {
  bucketStart,
  calendarUnit,
  type Period,
  periodKind,
  toDateUnit,
  type WeekStart,
  wholeUnit,
  windowDays,
} from '../time/period.js';

/** The days that a digest tells of, and what they are compared with. */
export interface DigestRange {
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly days: number;
  readonly with: CompareWith;
}

/**
 * Returns the range of a digest. For a calendar period it is the last one that is over.
 *
 * @param date the last day that it may contain
 */
export function digestRange(period: Period, date: LocalDate, weekStart: WeekStart): DigestRange {
  const unit = calendarUnit(period);
  if (unit !== null) {
    const to = addDays(bucketStart(period, addDays(date, 1), weekStart), -1);
    return rangeOf(bucketStart(period, to, weekStart), to, unit === 'week' ? 'previous' : unit);
  }
  const started = toDateUnit(period);
  if (started !== null) return rangeOf(bucketStart(wholeUnit(period), date, weekStart), date, started);
  const days = periodKind(period) === 'rolling' ? windowDays(period) : 1;
  return rangeOf(addDays(date, 1 - days), date, 'previous');
}

function rangeOf(from: LocalDate, to: LocalDate, compareWith: CompareWith): DigestRange {
  return { from, to, days: dayNumber(to) - dayNumber(from) + 1, with: compareWith };
}
