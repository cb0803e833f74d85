import { Period } from '../../lib/time/period.js';
import { sameTarget, type BenchCase } from '../bench-case.js';
import type { DatabaseKind } from '../databases.js';
import { LAST_DATE } from '../data.js';
import { boundaries, countByUserAndDay, insertTotals } from '../hand-sql.js';
import { rollupCase } from '../rollup-case.js';
import { bare, indexed } from '../tables.js';

export const distinct28: BenchCase = rollupCase({
  name: 'distinct-28',
  title: 'different users of 28 days, every day',
  target: { ...sameTarget(1.25), postgres: 1.15 },
  source: bare,
  tracker: { periods: [Period.DAYS_28], aggregate: { function: 'countDistinct', field: 'userId' } },
  byHand: (kind, table, metricId) => ({
    'entries and exits by LEAD': [insertTotals(metricId, Period.DAYS_28, byLead(kind, table))],
  }),
});

/** A user is there from a day on until 28 days later, or until the next day on which she is seen. */
function byLead(kind: DatabaseKind, table: string): string {
  const days = countByUserAndDay(kind, table).replace(', COUNT(*) AS n', '');
  const leaves = { postgres: 'day + 28', sqlite: `DATE(day, '+28 days')`, mariadb: 'day + INTERVAL 28 DAY' }[kind];
  const least = kind === 'sqlite' ? 'MIN' : 'LEAST';
  const next = `LEAD(day) OVER (PARTITION BY user_id ORDER BY day)`;
  const stays = `SELECT day, ${least}(${leaves}, COALESCE(${next}, ${leaves})) AS gone FROM (${days}) u`;
  const steps = `SELECT CASE WHEN e = 1 THEN day ELSE gone END AS day, e FROM (${stays}) s CROSS JOIN (SELECT 1 AS e UNION ALL SELECT -1) x`;
  const sums = `SELECT day, SUM(e) AS e FROM (${steps}) t GROUP BY day`;
  return `SELECT day, SUM(e) OVER (ORDER BY day) AS n FROM (${sums}) v WHERE day <= '${LAST_DATE}'`;
}
void boundaries;
void indexed;
