import { Period } from '../../lib/index.js';
import { AS_BY_HAND, type BenchCase, type Contender } from '../bench-case.js';
import { LAST_DATE } from '../data.js';
import { HandSql } from '../hand-sql.js';
import { BY_OBJECT, TWIN } from '../session.js';
import { bare } from '../tables.js';
import { byUser, firstRun, firstRunAgainst, METRIC, metricId } from '../trackers.js';

export const byUserDay: BenchCase = {
  name: 'by-user-day',
  title: 'DAY by user',
  target: AS_BY_HAND,
  tables: ({ rows }) => [bare(rows)],
  prepare: (session, { rows }) =>
    firstRunAgainst(session, BY_OBJECT, bare(rows), byUser(Period.DAY, 'changes'), (hand) => ({
      'GROUP BY user, day': [hand.insertByUser(Period.DAY, hand.countByUserAndDay())],
      'GROUP BY user, day, in the order of the key': [
        hand.insertByUser(Period.DAY, `${hand.countByUserAndDay()} ORDER BY ${hand.text('user_id')}, 2`),
      ],
      'GROUP BY user, hour, then day': [hand.insertByUser(Period.DAY, hand.countByUserAndHours())],
    })),
};

export const byUserLifetimeChanges: BenchCase = {
  name: 'by-user-lifetime-changes',
  title: "LIFETIME by user, 'changes'",
  target: AS_BY_HAND,
  tables: ({ rows }) => [bare(rows)],
  prepare: (session, { rows }) =>
    firstRunAgainst(session, BY_OBJECT, bare(rows), byUser(Period.LIFETIME, 'changes'), (hand) => ({
      'GROUP BY user, day, running sum': [hand.insertByUser(Period.LIFETIME, running(hand))],
      'GROUP BY user, day, running sum, in the order of the key': [
        hand.insertByUser(Period.LIFETIME, `${running(hand)} ORDER BY ${hand.text('user_id')}, day`),
      ],
    })),
};

export const byUserLifetimeDaily: BenchCase = {
  name: 'by-user-lifetime-daily',
  title: "LIFETIME by user, 'daily'",
  target: AS_BY_HAND,
  large: true,
  tables: ({ rows }) => [bare(rows)],
  prepare: (session, { rows }) =>
    firstRunAgainst(session, BY_OBJECT, bare(rows), byUser(Period.LIFETIME, 'daily'), (hand) => ({
      'running sum, each day until the next': [hand.insertByUser(Period.LIFETIME, filled(hand))],
      'running sum, each day until the next, users in the order of the key': [
        hand.insertByUser(Period.LIFETIME, `${filled(hand)} ORDER BY ${hand.text('user_id')}, day`),
      ],
    })),
};

const UPSERTS = 20_000;

export const byUserLifetimeUpserts: BenchCase = {
  name: 'by-user-lifetime-upserts',
  title: `LIFETIME by user, 'changes', a row, against a loop of upserts (a sample of ${UPSERTS})`,
  target: { sqlite: 0.01, postgres: 0.01, mariadb: 0.01 },
  tables: ({ rows }) => [bare(rows)],
  prepare: async (session, { rows }) => {
    await session.need(bare(rows));
    const ours = firstRun(session, byUser(Period.LIFETIME, 'changes'), bare(rows));
    await ours.reset?.();
    await ours.run();
    const units = await session.number(`SELECT COUNT(*) AS value FROM ${BY_OBJECT}`);
    const hand = new HandSql(session.kind, bare(rows).table, await metricId(session, METRIC));
    const sample: { user: string; date: string; n: string }[] = await session.dataSource.query(
      `SELECT ${hand.text('user_id')} AS ${hand.kind === 'postgres' ? '"user"' : 'user'}, ${hand.text('day')} AS date, n FROM (${running(hand)}) r
ORDER BY day, user_id LIMIT ${UPSERTS}`,
    );
    const upsert = async ({ user, date, n }: (typeof sample)[number]): Promise<void> => {
      await session.dataSource.query(upsertByUser(hand), [user, date, n]);
    };
    const loop: Contender = {
      name: 'upserts, each its own transaction',
      units: UPSERTS,
      reset: () => session.empty(TWIN[BY_OBJECT]),
      run: async () => {
        for (const row of sample) await upsert(row);
      },
    };
    return {
      ours: { ...ours, units },
      baselines: [loop],
      asides: [
        {
          ...loop,
          name: 'upserts in one transaction',
          run: async () => {
            const runner = session.dataSource.createQueryRunner();
            await runner.startTransaction();
            for (const { user, date, n } of sample) await runner.query(upsertByUser(hand), [user, date, n]);
            await runner.commitTransaction();
            await runner.release();
          },
        },
      ],
      dispose: () => session.forgetStatistics(),
    };
  },
};

function upsertByUser({ kind, metricId: id }: HandSql): string {
  const [user, date, n] = kind === 'postgres' ? ['$1', '$2', '$3'] : ['?', '?', '?'];
  const end =
    kind === 'mariadb'
      ? 'ON DUPLICATE KEY UPDATE value = VALUES(value)'
      : 'ON CONFLICT (metric_id, period, object_type, object_id, date) DO UPDATE SET value = excluded.value';
  return `INSERT INTO ${TWIN[BY_OBJECT]} (metric_id, period, object_type, object_id, date, value)
VALUES (${id}, 0, 'app_user', ${user}, ${date}, ${n}) ${end}`;
}

function running(hand: HandSql): string {
  return `SELECT user_id, day, SUM(n) OVER (PARTITION BY user_id ORDER BY day) AS n FROM (${hand.countByUserAndDay()}) c`;
}

/** Each user's value on every date from the first row on. */
function filled(hand: HandSql): string {
  const window = '(PARTITION BY user_id ORDER BY day)';
  const spans = `SELECT user_id, day, SUM(n) OVER ${window} AS n, LEAD(day) OVER ${window} AS next FROM (${hand.countByUserAndDay()}) c`;
  switch (hand.kind) {
    case 'postgres':
      return `SELECT user_id, f.day + i AS day, n FROM (${spans}) f
CROSS JOIN LATERAL GENERATE_SERIES(0, COALESCE(next, DATE '${LAST_DATE}' + 1) - f.day - 1) i`;
    case 'sqlite':
      return `SELECT user_id, d.day AS day, n FROM (${spans}) f CROSS JOIN (${hand.dates()}) d
WHERE d.day >= f.day AND d.day < COALESCE(next, '9999-12-31')`;
    case 'mariadb':
      return `SELECT user_id, f.day + INTERVAL seq DAY AS day, n FROM (${spans}) f
STRAIGHT_JOIN seq_0_to_730 ON seq < DATEDIFF(COALESCE(next, DATE '${LAST_DATE}' + INTERVAL 1 DAY), f.day)`;
  }
}
