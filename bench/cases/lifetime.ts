import { Period } from '../../lib/index.js';
import { AS_BY_HAND, type BenchCase } from '../bench-case.js';
import type { HandSql } from '../hand-sql.js';
import { BY_DATE } from '../session.js';
import { bare, indexed } from '../tables.js';
import { firstRunAgainst, totals, type ByHand } from '../trackers.js';

export const lifetimeIndexed: BenchCase = {
  name: 'lifetime-indexed',
  title: 'LIFETIME total, index on the date',
  target: AS_BY_HAND,
  tables: ({ rows }) => [indexed(rows)],
  prepare: (session, { rows }) =>
    firstRunAgainst(session, BY_DATE, indexed(rows), totals(Period.LIFETIME), (hand) => ({
      ...grouped(hand),
      'index range counts, running sum': [
        hand.insertTotals(
          Period.LIFETIME,
          `SELECT day, SUM(n) OVER (ORDER BY day) AS n FROM (${hand.countByRanges()}) r`,
        ),
      ],
    })),
};

export const lifetimeBare: BenchCase = {
  name: 'lifetime-bare',
  title: 'LIFETIME total, no index',
  target: AS_BY_HAND,
  tables: ({ rows }) => [bare(rows)],
  prepare: (session, { rows }) => firstRunAgainst(session, BY_DATE, bare(rows), totals(Period.LIFETIME), grouped),
};

const grouped = (hand: HandSql): ByHand => ({
  'GROUP BY day, running sum': [hand.insertTotals(Period.LIFETIME, hand.running(hand.countByDay()))],
  'GROUP BY hour, then day, running sum': [hand.insertTotals(Period.LIFETIME, hand.running(hand.countByHours()))],
});
