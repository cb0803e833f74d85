import { Period } from '../../lib/index.js';
import { everywhere, type BenchCase } from '../bench-case.js';
import type { HandSql } from '../hand-sql.js';
import { BY_DATE } from '../session.js';
import { bare } from '../tables.js';
import { firstRun, firstRunAgainst, totals } from '../trackers.js';

const FIVE = [Period.DAY, Period.WEEK, Period.DAYS_28, Period.CALENDAR_MONTH, Period.LIFETIME];

export const fiveAgainstOne: BenchCase = {
  name: 'five-against-one',
  title: 'five periods in one tracker, no index, against the same tracker with DAY alone',
  target: everywhere(1.6),
  tables: ({ rows }) => [bare(rows)],
  prepare: async (session, { rows }) => {
    await session.need(bare(rows));
    return {
      ours: firstRun(session, totals(...FIVE), bare(rows)),
      baselines: [{ ...firstRun(session, totals(Period.DAY), bare(rows)), name: 'DAY alone' }],
      dispose: () => session.forgetStatistics(),
    };
  },
};

export const fiveByHand: BenchCase = {
  name: 'five-by-hand',
  title: 'five periods in one tracker, no index, against a statement for each',
  tables: ({ rows }) => [bare(rows)],
  prepare: (session, { rows }) =>
    firstRunAgainst(session, BY_DATE, bare(rows), totals(...FIVE), (hand) => ({
      'five statements, by day': five(hand, hand.countByDay()),
      'five statements, by hour': five(hand, hand.countByHours()),
    })),
};

function five(hand: HandSql, counts: string): string[] {
  const month = {
    sqlite: `DATE(day, 'start of month')`,
    postgres: `DATE_TRUNC('month', day::timestamp)::date`,
    mariadb: `day - INTERVAL DAYOFMONTH(day) - 1 DAY`,
  }[hand.kind];
  return [
    hand.insertTotals(Period.DAY, counts),
    hand.insertTotals(Period.WEEK, hand.running(counts, 'ROWS 6 PRECEDING')),
    hand.insertTotals(Period.DAYS_28, hand.running(counts, 'ROWS 27 PRECEDING')),
    hand.insertTotals(Period.CALENDAR_MONTH, `SELECT ${month} AS day, SUM(n) AS n FROM (${counts}) c GROUP BY 1`),
    hand.insertTotals(Period.LIFETIME, hand.running(counts)),
  ];
}
