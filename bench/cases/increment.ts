import { defineMetric } from '../../lib/index.js';
import type { BenchCase, Prepared } from '../bench-case.js';
import { BY_DATE, BY_OBJECT, TWIN, type Session, type StatisticTableName } from '../session.js';
import { DOMAIN, metricId } from '../trackers.js';

const CALLERS = 64;
/** number of increments that each caller makes, one after the other */
const EACH = 25;
const VISITS = defineMetric({ domain: DOMAIN, ref: 'visits' });
const TODAY = '2026-01-01';

export const incrementObjects: BenchCase = {
  name: 'increment-objects',
  title: `increment: ${CALLERS} callers at once, each on an object of its own, against one upsert each`,
  target: { postgres: 0.1 },
  prepare: (session) =>
    prepared(session, BY_OBJECT, (caller) => ({
      increment: () =>
        session.statistics.increment({ metric: VISITS, object: { type: 'page', id: caller }, date: TODAY }),
      keys: { object_type: 'page', object_id: String(caller) },
    })),
};

export const incrementAlone: BenchCase = {
  name: 'increment-alone',
  title: 'increment: one caller alone, one call after the other, against one upsert each',
  target: { postgres: 1.6 },
  prepare: (session) =>
    prepared(
      session,
      BY_DATE,
      () => ({ increment: () => session.statistics.increment({ metric: VISITS, date: TODAY }), keys: {} }),
      1,
    ),
};

export const incrementTotal: BenchCase = {
  name: 'increment-total',
  title: `increment: ${CALLERS} callers at once, all on the same total, against one upsert each`,
  target: { postgres: 0.1 },
  prepare: (session) =>
    prepared(session, BY_DATE, () => ({
      increment: () => session.statistics.increment({ metric: VISITS, date: TODAY }),
      keys: {},
    })),
};

export const incrementKeyed: BenchCase = {
  name: 'increment-keyed',
  title: `increment with a key of its own each: ${CALLERS} callers at once, each on an object of its own, against the same without keys`,
  target: { postgres: 1.4, mariadb: 1.4, sqlite: 1.4 },
  prepare: async (session) => {
    await metricId(session, VISITS);
    let event = 0;
    const calls = (withKey: boolean): Caller[] =>
      Array.from({ length: CALLERS }, (_, index) => ({
        increment: () =>
          session.statistics.increment({
            metric: VISITS,
            object: { type: 'page', id: index + 1 },
            date: TODAY,
            ...(withKey && { key: `event-${(event++).toString()}` }),
          }),
        keys: {},
      }));
    const side = (name: string, withKey: boolean): Prepared['ours'] => ({
      name,
      units: CALLERS * EACH,
      reset: () => session.empty(BY_OBJECT, 'trackstats_coverage', 'trackstats_increment_key'),
      run: () => atOnce(calls(withKey), ({ increment }) => increment()),
    });
    return {
      ours: side('with keys', true),
      baselines: [side('without keys', false)],
      check: async () => {
        const sum = await session.number(`SELECT SUM(value) AS value FROM ${BY_OBJECT}`);
        if (sum !== CALLERS * EACH) throw new Error(`${BY_OBJECT} holds ${sum} increments of ${CALLERS * EACH}`);
      },
      dispose: () => session.forgetStatistics(),
    };
  },
};

interface Caller {
  increment(): Promise<void>;
  readonly keys: Readonly<Record<string, string>>;
}

async function prepared(
  session: Session,
  table: StatisticTableName,
  callerOf: (caller: number) => Caller,
  number = CALLERS,
): Promise<Prepared> {
  const { kind, dataSource } = session;
  const id = await metricId(session, VISITS);
  const callers = Array.from({ length: number }, (_, index) => callerOf(index + 1));
  const columns = ['metric_id', 'period', ...Object.keys(callers[0]?.keys ?? {}), 'date'];
  const places = columns.map((_, index) => (kind === 'postgres' ? `$${index + 1}` : '?'));
  const conflict =
    kind === 'mariadb'
      ? 'ON DUPLICATE KEY UPDATE value = value + 1'
      : `ON CONFLICT (${columns.join(', ')}) DO UPDATE SET value = ${TWIN[table]}.value + 1`;
  const upsert = `INSERT INTO ${TWIN[table]} (${columns.join(', ')}, value) VALUES (${places.join(', ')}, 1) ${conflict}`;
  return {
    ours: {
      name: 'trackstats',
      units: number * EACH,
      reset: () => session.empty(table, 'trackstats_coverage'),
      run: () => atOnce(callers, ({ increment }) => increment()),
    },
    baselines: [
      {
        name: 'upserts',
        units: number * EACH,
        reset: () => session.empty(TWIN[table]),
        run: () =>
          atOnce(callers, async ({ keys }) => {
            await dataSource.query(upsert, [id, 86_400, ...Object.values(keys), TODAY]);
          }),
      },
    ],
    check: async () => {
      for (const each of [table, TWIN[table]]) {
        const sum = await session.number(`SELECT SUM(value) AS value FROM ${each}`);
        if (sum !== number * EACH) throw new Error(`${each} holds ${sum} increments of ${number * EACH}`);
      }
    },
    dispose: () => session.forgetStatistics(),
  };
}

async function atOnce(callers: readonly Caller[], act: (caller: Caller) => Promise<void>): Promise<void> {
  await Promise.all(
    callers.map(async (caller) => {
      for (let turn = 0; turn < EACH; turn++) await act(caller);
    }),
  );
}
