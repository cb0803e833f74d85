import { countDistinct, ObjectsByDateTracker, Period } from '../../lib/index.js';
import { AS_BY_HAND, type BenchCase, type Contender } from '../bench-case.js';
import { DAY_MS, DAYS, END, LAST_DATE, utcText, type Event, type Events } from '../data.js';
import type { HandSql } from '../hand-sql.js';
import { BY_DATE, type Session } from '../session.js';
import { bare, indexed } from '../tables.js';
import { firstRunAgainst, METRIC } from '../trackers.js';

export const distinct28: BenchCase = {
  name: 'distinct-28',
  title: 'different users of 28 days, on every date',
  target: AS_BY_HAND,
  tables: ({ rows }) => [bare(rows), indexed(rows)],
  prepare: async (session, { rows }) => {
    await session.need(indexed(rows));
    const tracker = new ObjectsByDateTracker<Event>({
      metric: METRIC,
      period: Period.DAYS_28,
      dateField: 'at',
      aggregate: countDistinct('userId'),
    });
    const prepared = await firstRunAgainst(session, BY_DATE, bare(rows), tracker, (hand) => ({
      'coming and going by LEAD': [hand.insertTotals(Period.DAYS_28, byLead(hand))],
      'coming by LAG, going by LEAD': [hand.insertTotals(Period.DAYS_28, byLagAndLead(hand))],
    }));
    return { ...prepared, asides: [dateByDate(session, indexed(rows))] };
  },
};

function plus28(kind: HandSql['kind'], day: string): string {
  return { postgres: `${day} + 28`, sqlite: `DATE(${day}, '+28 days')`, mariadb: `${day} + INTERVAL 28 DAY` }[kind];
}

function userDays(hand: HandSql): string {
  return `SELECT user_id, ${hand.day()} AS day FROM ${hand.table} GROUP BY 1, 2`;
}

/** A user counts from a day on until 28 days later, or until the next day with a row of that user. */
function byLead(hand: HandSql): string {
  const least = hand.kind === 'sqlite' ? 'MIN' : 'LEAST';
  const leaves = plus28(hand.kind, 'day');
  const next = `LEAD(day) OVER (PARTITION BY user_id ORDER BY day)`;
  const stays = `SELECT day, ${least}(${leaves}, COALESCE(${next}, ${leaves})) AS gone FROM (${userDays(hand)}) u`;
  const steps = `SELECT CASE WHEN e = 1 THEN day ELSE gone END AS day, e FROM (${stays}) s CROSS JOIN (SELECT 1 AS e UNION ALL SELECT -1) x`;
  return summed(steps);
}

/** Like `byLead`, without the days on which nothing changes because the user counted already or still does. */
function byLagAndLead(hand: HandSql): string {
  const window = 'OVER (PARTITION BY user_id ORDER BY day)';
  const seen = `SELECT day, LAG(day) ${window} AS before, LEAD(day) ${window} AS next FROM (${userDays(hand)}) u`;
  const comes = `(before IS NULL OR ${plus28(hand.kind, 'before')} < day)`;
  const goes = `(next IS NULL OR ${plus28(hand.kind, 'day')} < next)`;
  const steps = `SELECT CASE WHEN e = 1 THEN day ELSE ${plus28(hand.kind, 'day')} END AS day, e FROM (${seen}) s
JOIN (SELECT 1 AS e UNION ALL SELECT -1) x ON (e = 1 AND ${comes}) OR (e = -1 AND ${goes})`;
  return summed(steps, hand);
}

/** Returns the running sum of steps, also for dates without a step if there may be any. */
function summed(steps: string, hand?: HandSql): string {
  const sums = `SELECT day, SUM(e) AS n FROM (${steps}) t GROUP BY day`;
  if (hand !== undefined) return hand.running(sums);
  return `SELECT day, SUM(n) OVER (ORDER BY day) AS n FROM (${sums}) v WHERE day <= '${LAST_DATE}'`;
}

/** The statement that most people write first, for some dates. It reads rows again for each date, even with an index. */
function dateByDate(session: Session, { table }: Events): Contender {
  const dates = 10;
  const ends = Array.from({ length: dates }, (_, back) => END - back * DAY_MS);
  const instant = (ms: number): string =>
    session.kind === 'postgres' ? `TIMESTAMPTZ '${utcText(ms)}Z'` : `'${utcText(ms)}'`;
  return {
    name: `COUNT(DISTINCT) for each date, from ${dates} of them`,
    units: dates / DAYS,
    run: () =>
      session.transaction(
        ends.map(
          (end) =>
            `SELECT COUNT(DISTINCT user_id) FROM ${table} WHERE at >= ${instant(end - 28 * DAY_MS)} AND at < ${instant(end)}`,
        ),
      ),
  };
}
