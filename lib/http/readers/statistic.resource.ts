import type { Metric } from '../../catalog/index.js';
import { momentOfPoint, nearestDouble, type SeriesPoint } from '../../statistics/index.js';
import type { MetricResource, PointResource } from '../resources.js';
import { isTimePeriod, Period, periodKind } from '../../time/period.js';

export function metricResource(metric: Metric): MetricResource {
  const { key, domain, ref, name, unit, better, gauge } = metric;
  return {
    key,
    domain: { ref: domain.ref, name: domain.name },
    ref,
    name,
    ...(unit !== null && { unit }),
    ...(better !== null && { better }),
    ...(gauge && { gauge }),
  };
}

/** Returns a value as the nearest number, and also as a decimal if `exact` is true. */
export function valueResource(
  value: string | null,
  exact: boolean,
): { value: number | null; exactValue?: string | null } {
  return { value: nearestDouble(value), ...(exact && { exactValue: value }) };
}

export function pointResource(point: SeriesPoint<string>, exact: boolean): PointResource {
  const { date, start, value, complete } = point;
  if (exact) return { ...momentOfPoint(point), ...valueResource(value, exact), complete };
  // written out: an overview has thousands of points, and one made of spread objects takes ten times as long
  if (start === undefined) return { date, value: nearestDouble(value), complete };
  return { date, start, value: nearestDouble(value), complete };
}

/** Returns the time at which the latest of some points was computed. */
export function asOf(points: readonly SeriesPoint<string>[]): string | null {
  return points.findLast((point) => point.asOf !== null)?.asOf?.toISOString() ?? null;
}

export function isoInstant(date: Date | null): string | null {
  return date?.toISOString() ?? null;
}

const KINDS = ['bucket', 'rolling', 'to-date', 'lifetime'];

/** Compares periods as people list them: DAY, HOUR and minutes, weeks to years, windows by their length, LIFETIME. */
export function byPeriod(a: Period, b: Period): number {
  if (a === b) return 0;
  if (a === Period.DAY) return -1;
  if (b === Period.DAY) return 1;
  const times = Number(isTimePeriod(b)) - Number(isTimePeriod(a));
  if (times !== 0) return times;
  if (isTimePeriod(a)) return b - a;
  return KINDS.indexOf(periodKind(a)) - KINDS.indexOf(periodKind(b)) || Math.abs(a) - Math.abs(b);
}
