import type { RollupPeriod } from '../../rollup/rollup-spec.js';
import { type DayNumber, dayNumber, type LocalDate, shiftDay } from '../../time/local-date.js';
import {
  bucketEnd,
  bucketStart,
  firstCovered,
  periodKind,
  type WeekStart,
  wholeUnit,
  windowDays,
} from '../../time/period.js';

/** What a statistic is made of besides the rows of the source. */
type MadeOf = Pick<RollupPeriod, 'period' | 'baseIsStored' | 'storedDaysUntil'>;

/**
 * Returns the first day whose statistic needs no row from before a date, since which a source is complete. Returns null
 * if every statistic needs them.
 */
export function wholeFrom(
  { period, baseIsStored, storedDaysUntil }: MadeOf,
  start: LocalDate,
  weekStart: WeekStart,
): DayNumber | null {
  const day = dayNumber(start);
  switch (periodKind(period)) {
    case 'rolling':
      return shiftDay(day, windowDays(period) - 1);
    case 'to-date':
      return firstCovered(period, start, weekStart) === start
        ? day
        : shiftDay(dayNumber(bucketEnd(wholeUnit(period), start, weekStart)), 1);
    case 'lifetime':
      return baseIsStored ? day : null;
    case 'bucket': {
      const first = dayNumber(bucketStart(period, start, weekStart));
      const isStored = storedDaysUntil !== null && storedDaysUntil >= day;
      return first < day && !isStored ? shiftDay(first, 1) : first;
    }
  }
}
