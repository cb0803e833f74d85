import { raw } from 'sql-template-tag';
import type { Dialect } from '../../database/dialects/dialect.js';
import type { Work } from '../../database/work.js';
import { SourceGoneError } from '../../errors/run.error.js';
import { inRange } from '../../rollup/range-sql.js';
import type { RollupPeriod, RollupSpec } from '../../rollup/rollup-spec.js';
import {
  type DayNumber,
  dayNumber,
  earlierDay,
  FIRST_DAY,
  fromDayNumber,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import { bucketEnd, bucketStart, firstCovered, periodKind, wholeUnit, windowDays } from '../../time/period.js';
import type { RequestedRange } from './run-plan.js';
import { hasRows } from './run-spec.js';
import type { SourceProbe } from './source-probe.js';
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
  spec: RollupSpec,
  { from }: RequestedRange,
  probe: SourceProbe,
): Work<void> {
  if (definition.sourceKeptSince === null && (!definition.appendOnly || from === undefined)) return;
  const reach = definition.sourceKeptSince ?? (yield* probe.firstDate());
  const storedIn = (period: RollupPeriod, first: DayNumber, last: DayNumber): Work<boolean> =>
    hasRows(dialect, spec, inRange(dialect, spec, { ...period, from: first, through: last }, raw('s')));
  for (const period of spec.periods) {
    const firstWhole = reach === null ? shiftDay(period.through, 1) : wholeFrom(spec, period, reach);
    const last = earlierDay(period.through, shiftDay(firstWhole, -1));
    if (last < period.from || !(yield* storedIn(period, period.from, last))) continue;
    const begins = reach === null ? shiftDay(last, 1) : beginOf(spec, period, reach);
    if (definition.sourceKeptSince === null && !(yield* storedIn(period, FIRST_DAY, shiftDay(begins, -1)))) continue;
    throw new SourceGoneError(trackerLabel(definition), fromDayNumber(period.from), reach);
  }
}

/** Returns the first day whose statistic needs no row from before the source's reach. */
function wholeFrom(
  { weekStart }: RollupSpec,
  { period, baseIsStored, through }: RollupPeriod,
  reach: LocalDate,
): DayNumber {
  const day = dayNumber(reach);
  switch (periodKind(period)) {
    case 'rolling':
      return shiftDay(day, windowDays(period) - 1);
    case 'to-date':
      return firstCovered(period, reach, weekStart) === reach
        ? day
        : shiftDay(dayNumber(bucketEnd(wholeUnit(period), reach, weekStart)), 1);
    case 'lifetime':
      return baseIsStored ? day : shiftDay(through, 1);
    case 'bucket': {
      const start = dayNumber(bucketStart(period, reach, weekStart));
      return start < day ? shiftDay(start, 1) : day;
    }
  }
}

/** Returns the first day on which a source that begins at its reach, and has lost nothing, can have a statistic. */
function beginOf({ weekStart }: RollupSpec, { period }: RollupPeriod, reach: LocalDate): DayNumber {
  return dayNumber(periodKind(period) === 'bucket' ? bucketStart(period, reach, weekStart) : reach);
}
