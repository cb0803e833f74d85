import type { Dialect } from '../../database/dialects/dialect.js';
import type { Work } from '../../database/work.js';
import { StrayRowsError } from '../../errors/run.error.js';
import { rowsBefore, sourceDays, stagedDays } from '../../rollup/source-days.js';
import {
  type DayNumber,
  dayNumber,
  FIRST_DAY,
  fromDayNumber,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import { localDateAt } from '../../time/time-zone.js';
import { scanOf } from './run-spec.js';
import { firstReadingOn, LONG_GAP } from './source-probe.js';
import { trackerLabel, type ResolvedTracker } from './tracker.resolver.js';

/** Rows before a gap are stray if they have fewer dates than one for this many days of the gap. */
const DAYS_PER_DATE = 100;
/** The zero of epochs, 1970-01-01. */
const EPOCH_DAY = dayNumber('1970-01-01');

/**
 * Returns the first day of the rest, if a source begins with rows that are dated long before it: zeros of an epoch, of
 * Go or .NET, or a year with a digit missing. Returns null if there is no rest, and undefined if no rows are stray.
 *
 * Stray rows are followed by a gap of at least ten years, which is at least half as long as the time after it, and they
 * have few dates: fewer than one for every hundred days of the gap. So neither an interrupted nor a sparse history
 * counts as stray.
 *
 * @param days with rows, in order, each once
 */
export function restAfterStrays(days: readonly DayNumber[], today: DayNumber): DayNumber | null | undefined {
  for (let index = days.length - 1; index > 0; index--) {
    const [last, next] = [days[index - 1], days[index]];
    if (last === undefined || next === undefined) break;
    const gap = next - last - 1;
    if (gap >= LONG_GAP && 2 * gap >= today - next && index * DAYS_PER_DATE < gap) return next;
  }
  const [only, second] = days;
  return only !== undefined && second === undefined && only <= EPOCH_DAY ? null : undefined;
}

/**
 * Stops a run that would begin with rows dated long before the rest, or before the first date of all. To compute every
 * date in between takes millions of rows, and only the user knows whether the dates are wrong. With `since` the user
 * has decided.
 *
 * @param firstDate of the source; '0001-01-01' also if its first row is before that, or has no date of the calendar
 * @param isStaged true if the source's partials by day are in their temporary table
 * @throws StrayRowsError
 */
export function* refuseStrayRows(
  dialect: Dialect,
  tracker: ResolvedTracker,
  now: Date,
  firstDate: LocalDate | null,
  isStaged: boolean,
): Work<void> {
  const { definition, base } = tracker;
  if (definition.since !== null || firstDate === null) return;
  const today = dayNumber(localDateAt(now, definition.timeZone));
  const first = dayNumber(firstDate);
  if (today - first < LONG_GAP) return;
  const scan = scanOf(
    tracker,
    0,
    { scanFrom: first, fromSecond: null, scanBase: false, scanThrough: today },
    { now, countsByIndex: false, periods: [] },
  );
  const days = yield* isStaged ? stagedDays(scan.partials) : sourceDays(dialect, { ...scan, source: base });
  const isBeforeAll = first === FIRST_DAY && days[0] !== FIRST_DAY;
  const after = restAfterStrays(days, today);
  if (after === undefined && !isBeforeAll) return;
  const rest = after ?? (isBeforeAll ? days[0] : null) ?? null;
  const bound = firstReadingOn(base.clock, definition.timeZone, fromDayNumber(rest ?? shiftDay(today, 1)));
  const strays = yield* rowsBefore(dialect, base, bound);
  throw new StrayRowsError(
    trackerLabel(definition),
    isBeforeAll ? strays.first : firstDate,
    strays.count,
    rest === null ? null : fromDayNumber(rest),
  );
}
