import { Period } from '../../lib/time/period.js';
import { sameTarget, type BenchCase } from '../bench-case.js';
import type { DatabaseKind } from '../databases.js';
import { countByDay, countByHours, countByRanges, dates, insertTotals } from '../hand-sql.js';
import { rollupCase, type ByHand } from '../rollup-case.js';
import { bare, indexed } from '../tables.js';

const running = (kind: DatabaseKind, counts: string): string =>
  `SELECT d.day, SUM(COALESCE(c.n, 0)) OVER (ORDER BY d.day) AS n FROM (${dates(kind)}) d LEFT JOIN (${counts}) c ON c.day = d.day`;

const grouped = (kind: DatabaseKind, table: string, metricId: number): ByHand => ({
  'GROUP BY day, running sum': [insertTotals(metricId, Period.LIFETIME, running(kind, countByDay(kind, table)))],
  'GROUP BY hour, running sum': [insertTotals(metricId, Period.LIFETIME, running(kind, countByHours(kind, table)))],
});

export const lifetimeIndexed: BenchCase = rollupCase({
  name: 'lifetime-indexed',
  title: 'LIFETIME total, index on the date',
  target: { ...sameTarget(1.25), postgres: 1.15 },
  source: indexed,
  tracker: { periods: [Period.LIFETIME] },
  byHand: (kind, table, metricId) => ({
    ...grouped(kind, table, metricId),
    'index range counts, running sum': [
      insertTotals(metricId, Period.LIFETIME, running(kind, countByRanges(kind, table))),
    ],
  }),
});

export const lifetimeBare: BenchCase = rollupCase({
  name: 'lifetime-bare',
  title: 'LIFETIME total, no index',
  target: { ...sameTarget(1.25), postgres: 1.15 },
  source: bare,
  tracker: { periods: [Period.LIFETIME] },
  byHand: grouped,
});
