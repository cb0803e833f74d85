import { isMetricDefinition, naturalKey } from '../../catalog/definitions.js';
import { type Measured, type RangeValue, rangeValue, whyNoTotal } from '../../coverage/range-value.js';
import { addDecimals } from '../../database/decimal.js';
import { NotSummableError } from '../../errors/statistic.error.js';
import { InvalidPeriodError } from '../../errors/time.error.js';
import { Period, periodKind } from '../../time/period.js';
import { nearestDouble } from '../tables/exact-value.js';
import type { SeriesPoint } from './series.js';
import type { Series } from './series.query.js';

/** Returns a value as the caller wants it: the exact decimal, or the nearest number. */
export function read(exact: string | null, isExact: boolean): number | string | null {
  return isExact ? exact : nearestDouble(exact);
}

/** Returns points with their values as the caller wants them. */
export function readPoints(points: readonly SeriesPoint<string>[], isExact: boolean): SeriesPoint<number | string>[] {
  return points.map((point) => {
    const { date, value, complete, asOf } = point;
    // written out: a point whose moment is spread into it takes ten times as long
    const { start } = point;
    if (start === undefined) return { date, value: read(value, isExact), complete, asOf };
    return { date, start, value: read(value, isExact), complete, asOf };
  });
}

/**
 * Returns the exact sum of the known values of a series, or null if none is known.
 *
 * @param sumsShares true where the caller asked for this sum, and not for the value of a range
 * @throws NotSummableError for gauges, averages, minima, maxima and distinct counts
 */
export function sumSeries(series: Series, sumsShares: boolean): string | null {
  const { target, coverage, points } = series;
  const reason = whyNoTotal(measured(series), coverage?.kind);
  if (reason !== null && !(sumsShares && reason === 'percent')) throw new NotSummableError(naturalKey(target), reason);
  return sumPoints(points);
}

/** Returns how the value of a range follows from the points of a series. */
export function rangeOfSeries(series: Pick<Series, 'target' | 'metric' | 'coverage'>): RangeValue {
  return rangeValue(measured(series), series.coverage?.kind);
}

/** A metric of which nothing is stored is what its definition says. */
function measured({ metric, target }: Pick<Series, 'target' | 'metric'>): Measured {
  return metric ?? (isMetricDefinition(target) ? target : {});
}

/** Returns the exact sum of the values of points, or null if none has a value. */
export function sumPoints(points: readonly SeriesPoint<string>[]): string | null {
  const values = points.map(({ value }) => value).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce(addDecimals, '0');
}

/**
 * Checks that the values of a period add up.
 *
 * @throws InvalidPeriodError
 */
export function checkSummable(period: Period): void {
  if (periodKind(period) === 'bucket') return;
  throw new InvalidPeriodError(
    Period.nameOf(period),
    'total adds the values of DAY, a calendar period, HOUR or minutes; those of this one overlap. Read one of them with value.',
  );
}
