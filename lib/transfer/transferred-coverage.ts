import type { CoveredDates, StoredCoverage } from '../coverage/index.js';

/** A coverage on its way from one database to another. */
export interface TransferredCoverage extends Omit<
  CoveredDates & StoredCoverage,
  'metricId' | 'computedAt' | 'isWhole' | 'drift'
> {
  /** milliseconds since the epoch; null for increments */
  readonly computedAt: number | null;
}

/** Returns a stored coverage in the form in which it is transferred. */
export function transferCoverage(coverage: StoredCoverage & CoveredDates): TransferredCoverage {
  const { period, scope, from, through, timeZone, kind, fingerprint, computedAt } = coverage;
  return { period, scope, from, through, timeZone, kind, fingerprint, computedAt: computedAt?.getTime() ?? null };
}
