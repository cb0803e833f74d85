import {
  type DayNumber,
  dayNumber,
  earlierDay,
  fromDayNumber,
  laterDay,
  type LocalDate,
} from '../../time/local-date.js';
import { firstCovered, periodKind, type WeekStart } from '../../time/period.js';
import type { PlannedPeriod } from './run-plan.js';

/** The part of a source that a scan reads. */
export interface ScanBounds {
  /** the first day that is read day by day */
  readonly scanFrom: DayNumber;
  /** the second from which rows are read, where that is not the first one of that day; otherwise null */
  readonly fromSecond: number | null;
  /** true if everything before is read as one partial */
  readonly scanBase: boolean;
  readonly scanThrough: DayNumber;
}

/**
 * Returns what a scan reads of the source for some periods.
 *
 * @param firstDate of the source, if it is known
 */
export function scanBounds(
  periods: readonly PlannedPeriod[],
  weekStart: WeekStart,
  firstDate: LocalDate | null,
): ScanBounds {
  const scanFrom = periods.map((period) => scanStart(period, weekStart)).reduce((a, b) => earlierDay(a, b));
  const seconds = periods.flatMap(({ fromSecond }) => fromSecond ?? []);
  const olderRows = firstDate === null || dayNumber(firstDate) < scanFrom;
  return {
    scanFrom,
    fromSecond: seconds.length === periods.length ? Math.min(...seconds) : null,
    scanBase: olderRows && periods.some(needsBase),
    scanThrough: periods
      .map(({ lastDay, storedDaysAfter }) => storedDaysAfter ?? lastDay)
      .reduce((a, b) => laterDay(a, b)),
  };
}

function scanStart({ period, from, storedDaysUntil: until }: PlannedPeriod, weekStart: WeekStart): DayNumber {
  if (until !== null) return until;
  const first = firstCovered(period, fromDayNumber(from), weekStart);
  return first === null ? from : dayNumber(first);
}

function needsBase({ period, hasOlderKeys, baseIsStored, fresh }: PlannedPeriod): boolean {
  if (periodKind(period) === 'lifetime') return !baseIsStored;
  return periodKind(period) !== 'bucket' && hasOlderKeys && fresh;
}
