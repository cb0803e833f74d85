import type { Metric } from '../catalog/metric.entity.js';
import { AGGREGATES } from '../catalog/aggregates.js';
import type { CoverageKind } from './coverage-kind.js';

/** The details of a metric by which its values add up, or not. */
export interface Measured {
  readonly gauge?: boolean | undefined;
  readonly unit?: Metric['unit'] | undefined;
}

/**
 * The way in which the value of a range follows from those of its dates:
 *
 * - `total`, `least`, `greatest`: it is their sum, or one of them
 * - `latest`: levels and shares do not add up, and the latest of them is how the range ends
 * - `none`: it does not follow, as the average of a month from those of its days
 */
export type RangeValue = 'total' | 'least' | 'greatest' | 'latest' | 'none';

/**
 * Returns how the value of a range follows from those of its dates. All that makes one value of several dates asks here.
 * A gauge changes only what would be added up: the least level of a range is known from the least of its days.
 *
 * @param kind undefined: the values were recorded one by one
 */
export function rangeValue({ gauge = false, unit }: Measured, kind: CoverageKind | undefined): RangeValue {
  if (kind === 'min') return 'least';
  if (kind === 'max') return 'greatest';
  if (!addsUp(kind)) return 'none';
  return gauge || unit === 'percent' ? 'latest' : 'total';
}

/** Returns why the value of a range is not the sum of its dates, or null if it is. */
export function whyNoTotal(
  metric: Measured,
  kind: CoverageKind | undefined,
): 'gauge' | 'percent' | CoverageKind | null {
  if (rangeValue(metric, kind) === 'total') return null;
  if (kind !== undefined && !addsUp(kind)) return kind;
  return metric.gauge === true ? 'gauge' : 'percent';
}

function addsUp(kind: CoverageKind | undefined): boolean {
  return kind === undefined || kind === 'increment' || AGGREGATES[kind].isSummable;
}
