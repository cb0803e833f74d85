import { Period } from '../../lib/time/period.js';
import { sameTarget, type BenchCase } from '../bench-case.js';
import type { DatabaseKind } from '../databases.js';
import { LAST_DATE } from '../data.js';
import { countByHours, countByUserAndDay, dates, insertByUser } from '../hand-sql.js';
import { BY_USER, rollupCase } from '../rollup-case.js';
import { bare } from '../tables.js';

const target = { ...sameTarget(1.25), postgres: 1.15 };

export const byUserDay: BenchCase = rollupCase({
  name: 'by-user-day',
  title: 'DAY by user',
  target,
  source: bare,
  tracker: { periods: [Period.DAY], target: BY_USER },
  byHand: (kind, table, metricId) => {
    const insert = (query: string): string => insertByUser(kind, metricId, Period.DAY, query);
    return {
      'GROUP BY user, day': [insert(countByUserAndDay(kind, table))],
      'GROUP BY user, day in key order': [insert(`${countByUserAndDay(kind, table)} ORDER BY CAST(user_id AS ${text(kind)}), 2`)],
      'GROUP BY user, hour, then day': [insert(countByHours(kind, table, true))],
    };
  },
});

export const byUserLifetimeChanges: BenchCase = rollupCase({
  name: 'by-user-lifetime-changes',
  title: "LIFETIME by user, 'changes'",
  target,
  source: bare,
  tracker: { periods: [Period.LIFETIME], target: BY_USER, density: 'changes' },
  byHand: (kind, table, metricId) => {
    const insert = (query: string): string => insertByUser(kind, metricId, Period.LIFETIME, running(query));
    return {
      'GROUP BY user, day, running sum': [insert(countByUserAndDay(kind, table))],
      'running sum over the groups': [
        insertByUser(kind, metricId, Period.LIFETIME, direct(kind, table)),
      ],
    };
  },
});

export const byUserLifetimeDaily: BenchCase = rollupCase({
  name: 'by-user-lifetime-daily',
  title: "LIFETIME by user, 'daily'",
  target,
  large: true,
  source: bare,
  tracker: { periods: [Period.LIFETIME], target: BY_USER, density: 'daily' },
  byHand: (kind, table, metricId) => {
    const insert = (query: string): string => insertByUser(kind, metricId, Period.LIFETIME, query);
    return { 'running sum, each day until the next': [insert(filled(kind, countByUserAndDay(kind, table)))] };
  },
});

const running = (counts: string): string =>
  `SELECT user_id, day, SUM(n) OVER (PARTITION BY user_id ORDER BY day) AS n FROM (${counts}) c`;

const direct = (kind: DatabaseKind, table: string): string =>
  countByUserAndDay(kind, table).replace(
    'COUNT(*) AS n',
    `SUM(COUNT(*)) OVER (PARTITION BY user_id ORDER BY ${kind === 'postgres' ? dayOf(kind, table) : dayOf(kind, table)}) AS n`,
  );

function dayOf(kind: DatabaseKind, table: string): string {
  const match = /user_id, (.*) AS day/.exec(countByUserAndDay(kind, table));
  return match?.[1] ?? '';
}

/** Each user's value on every date from the first row on. */
function filled(kind: DatabaseKind, counts: string): string {
  const window = '(PARTITION BY user_id ORDER BY day)';
  const after = `SELECT user_id, day, SUM(n) OVER ${window} AS n, LEAD(day) OVER ${window} AS next FROM (${counts}) c`;
  switch (kind) {
    case 'postgres':
      return `SELECT user_id, f.day + i AS day, n FROM (${after}) f
CROSS JOIN LATERAL GENERATE_SERIES(0, COALESCE(next, DATE '${LAST_DATE}' + 1) - f.day - 1) i`;
    case 'sqlite':
      return `SELECT user_id, d.day AS day, n FROM (${after}) f CROSS JOIN (${dates(kind)}) d
WHERE d.day >= f.day AND d.day < COALESCE(next, '9999-12-31')`;
    case 'mariadb':
      return `SELECT user_id, f.day + INTERVAL seq DAY AS day, n FROM (${after}) f
STRAIGHT_JOIN seq_0_to_730 ON seq < DATEDIFF(COALESCE(next, DATE '${LAST_DATE}' + INTERVAL 1 DAY), f.day)`;
  }
}

function text(kind: DatabaseKind): string {
  return kind === 'mariadb' ? 'CHAR' : kind === 'sqlite' ? 'TEXT' : 'varchar';
}
