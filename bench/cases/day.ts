import { Period } from '../../lib/time/period.js';
import { sameTarget, type BenchCase } from '../bench-case.js';
import { bare, indexed } from '../tables.js';
import { countByDay, countByHours, countByRanges, insertStagedTotals, insertTotals } from '../hand-sql.js';
import { rollupCase, type ByHand } from '../rollup-case.js';
import type { DatabaseKind } from '../databases.js';

const grouped = (kind: DatabaseKind, table: string, metricId: number): ByHand => ({
  'GROUP BY day': [insertTotals(metricId, Period.DAY, countByDay(kind, table))],
  ...(kind === 'postgres' && {
    'GROUP BY day into a temporary table': insertStagedTotals(metricId, Period.DAY, countByDay(kind, table)),
  }),
});

const groupedByHour = (kind: DatabaseKind, table: string, metricId: number): ByHand => ({
  'GROUP BY hour, then day': [insertTotals(metricId, Period.DAY, countByHours(kind, table))],
});

const ranges = (kind: DatabaseKind, table: string, metricId: number): ByHand => ({
  'index range counts': [insertTotals(metricId, Period.DAY, countByRanges(kind, table))],
});

export const dayIndexed: BenchCase = rollupCase({
  name: 'day-indexed',
  title: 'DAY total, index on the date, against GROUP BY',
  target: { postgres: 0.7, sqlite: 0.3 },
  source: indexed,
  tracker: { periods: [Period.DAY] },
  byHand: (...args) => ({ ...grouped(...args), ...groupedByHour(...args) }),
  asides: ranges,
});

export const dayBare: BenchCase = rollupCase({
  name: 'day-bare',
  title: 'DAY total, no index',
  target: { ...sameTarget(1.25), postgres: 1.15 },
  source: bare,
  tracker: { periods: [Period.DAY] },
  byHand: (...args) => ({ ...grouped(...args), ...groupedByHour(...args) }),
});
