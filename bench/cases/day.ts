import { Period } from '../../lib/index.js';
import { AS_BY_HAND, type BenchCase } from '../bench-case.js';
import type { HandSql } from '../hand-sql.js';
import { BY_DATE } from '../session.js';
import { bare, indexed } from '../tables.js';
import { firstRunAgainst, totals, type ByHand } from '../trackers.js';

export const dayIndexed: BenchCase = {
  name: 'day-indexed',
  title: 'DAY total, index on the date, against GROUP BY day',
  target: { postgres: 0.7, sqlite: 0.3 },
  tables: ({ rows }) => [indexed(rows)],
  prepare: (session, { rows }) =>
    firstRunAgainst(session, BY_DATE, indexed(rows), totals(Period.DAY), byDay, (hand) => ({
      ...byHours(hand),
      'index range counts by hand': [
        hand.insertTotals(Period.DAY, `SELECT day, n FROM (${hand.countByRanges()}) r WHERE n > 0`),
      ],
    })),
};

export const dayBare: BenchCase = {
  name: 'day-bare',
  title: 'DAY total, no index',
  target: AS_BY_HAND,
  tables: ({ rows }) => [bare(rows)],
  prepare: (session, { rows }) =>
    firstRunAgainst(
      session,
      BY_DATE,
      bare(rows),
      totals(Period.DAY),
      (hand) => ({ ...byDay(hand), ...byHours(hand) }),
      staged,
    ),
};

const byDay = (hand: HandSql): ByHand => ({
  'GROUP BY day': [hand.insertTotals(Period.DAY, hand.countByDay())],
});

const byHours = (hand: HandSql): ByHand => ({
  'GROUP BY hour, then day': [hand.insertTotals(Period.DAY, hand.countByHours())],
});

/** PostgreSQL uses parallel workers for CREATE TABLE … AS, but for no INSERT. */
const staged = (hand: HandSql): ByHand =>
  hand.kind === 'postgres'
    ? {
        'parallel GROUP BY into a temporary table': [
          `CREATE TEMPORARY TABLE hand ON COMMIT DROP AS ${hand.countByDay()}`,
          hand.insertTotals(Period.DAY, 'SELECT day, n FROM hand'),
        ],
      }
    : {};
