import type { Dialect } from '../../database/dialects/dialect.js';
import type { Work } from '../../database/work.js';
import { SourceGoneError } from '../../errors/run.error.js';
import type { RollupEntry, RollupPeriod, RollupSpec } from '../../rollup/rollup-spec.js';
import { hasRange } from '../../rollup/stored-rows.js';
import { carriesForward } from '../../statistics/read/carried-values.js';
import {
  type DayNumber,
  dayNumber,
  earlierDay,
  FIRST_DAY,
  fromDayNumber,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import { bucketStart, periodKind } from '../../time/period.js';
import type { RequestedRange } from './run-plan.js';
import type { SourceProbe } from './source-probe.js';
import { wholeFrom } from './source-kept.js';
import { trackerLabel, type ResolvedTracker } from './tracker.resolver.js';

/**
 * Refuses to replace statistics by fewer rows if the source is known to have lost its rows: because `sourceKeptSince`
 * says so, or because it is `appendOnly` and has statistics of dates before its first row.
 *
 * @throws SourceGoneError
 */
export function* refuseLoss(
  dialect: Dialect,
  { definition }: ResolvedTracker,
  { entries }: RollupSpec,
  { from }: RequestedRange,
  probe: SourceProbe,
): Work<void> {
  if (definition.sourceKeptSince === null && (!definition.appendOnly || from === undefined)) return;
  const start = definition.sourceKeptSince ?? (yield* probe.firstDate());
  for (const entry of entries) {
    const storedIn = (period: RollupPeriod, first: DayNumber, last: DayNumber): Work<boolean> =>
      hasRange(dialect, entry, { ...period, from: first, through: last });
    for (const period of entry.periods) {
      const never = shiftDay(period.through, 1);
      const firstWhole = start === null ? never : (wholeFrom(period, start, entry.weekStart) ?? never);
      const last = earlierDay(period.through, shiftDay(firstWhole, -1));
      // a value that is carried is lost as well where the range has no row of its own
      const first = isCarried(period) ? FIRST_DAY : period.from;
      if (last < period.from || !(yield* storedIn(period, first, last))) continue;
      const begins = start === null ? shiftDay(last, 1) : beginOf(entry, period, start);
      if (definition.sourceKeptSince === null && !(yield* storedIn(period, FIRST_DAY, shiftDay(begins, -1)))) continue;
      throw new SourceGoneError(trackerLabel(definition), fromDayNumber(period.from), start);
    }
  }
}

/** True if the last stored row holds until the next one. */
function isCarried({ period, density }: RollupPeriod): boolean {
  return density === 'changes' && carriesForward(period);
}

/** Returns the first day on which a source that begins at a date, and has lost nothing, can have a statistic. */
function beginOf({ weekStart }: RollupEntry, { period }: RollupPeriod, start: LocalDate): DayNumber {
  return dayNumber(periodKind(period) === 'bucket' ? bucketStart(period, start, weekStart) : start);
}
