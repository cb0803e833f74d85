import type { StoredCoverage } from '../statistics/coverage.query.js';
import { localDateAt } from '../time/time-zone.js';
import type { CoverageRange } from './resources.js';

/** The dates of a stored coverage; null where it has none yet. */
export function coverageRange(coverage: StoredCoverage | null, now: Date): CoverageRange | null {
  if (coverage === null || coverage.from === null) return null;
  const { from, through, timeZone } = coverage;
  return { from, through: through ?? localDateAt(now, timeZone), timeZone };
}
