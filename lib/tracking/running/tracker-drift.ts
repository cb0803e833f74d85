import { type MetricTarget, naturalKey } from '../../catalog/definitions.js';
import type { DriftStep } from '../../coverage/drift.js';
import { isOfObjects, TOTAL_SCOPE } from '../../coverage/scope.js';
import type { LocalDate } from '../../time/local-date.js';

/** A difference between the statistics of closed dates and the source as it is now. */
export interface TrackerDrift {
  /** the natural key of the metric */
  metric: string;
  /** the statistics that differ: the total, the values of objects, or those of dimensions */
  of: 'total' | 'objects' | 'dimensions';
  /** rows of this date, or of earlier ones, have changed after the date was closed */
  date: LocalDate;
  /** number of objects or groups of dimensions that differ; 1 for a total */
  keys: number;
  /** the exact decimal by which the source exceeds the statistics; null for averages, distinct counts, min and max */
  difference: string | null;
}

/** The differences of closed dates that a run has found. */
export interface DriftReport {
  /** with `history: 'current'`, what it found and corrected; otherwise the drift after it, if that is another than before */
  readonly drift: readonly TrackerDrift[];
  /** the first closed date that was counted again; null if closed dates stay as they are recorded */
  readonly repairedFrom: LocalDate | null;
}

/** Returns the drift of the statistics of a metric. */
export function driftOf(
  { metric, scope }: { readonly metric: MetricTarget; readonly scope: string },
  { date, keys, difference }: DriftStep,
): TrackerDrift {
  const of = scope === TOTAL_SCOPE ? 'total' : isOfObjects(scope) ? 'objects' : 'dimensions';
  return { metric: naturalKey(metric), of, date, keys, difference };
}
