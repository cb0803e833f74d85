import { defineMetric, Period } from '../../lib/index.js';
import type { BenchCase, Prepared } from '../bench-case.js';
import { DAYS, FIRST_DATE, LAST_DATE } from '../data.js';
import { BY_DATE, BY_OBJECT, type Session } from '../session.js';
import { indexed } from '../tables.js';
import { DOMAIN, firstRun, METRIC, metricId, totals } from '../trackers.js';

/** number of calls that one measurement makes, one after the other */
const CALLS = 50;
const CALLS_OF_MANY = 5;
/** 30 dates up to the last one */
const FROM_30 = '2025-12-01';
const OBJECTS = Array.from({ length: 20 }, (_, object) => ({ type: 'page', id: `page-${String(object)}` }));
const OF_OBJECTS = defineMetric({ domain: DOMAIN, ref: 'page_views' });

type Read = () => Promise<readonly unknown[]>;

export const READ_CASES: readonly BenchCase[] = [
  ofTotal('value', { postgres: 1.8, mariadb: 1.8, sqlite: 5 }, 1, LAST_DATE, (session) => async () => [
    await session.statistics.value({ metric: METRIC, period: Period.DAY, date: LAST_DATE }),
  ]),
  ofTotal(
    'series-30',
    { postgres: 1.6, mariadb: 1.6, sqlite: 3 },
    30,
    FROM_30,
    (session) => () => session.statistics.series({ metric: METRIC, period: Period.DAY, from: FROM_30, to: LAST_DATE }),
  ),
  ofTotal(
    'series',
    { postgres: 1.3, mariadb: 1.3, sqlite: 1.6 },
    DAYS,
    FIRST_DATE,
    (session) => () =>
      session.statistics.series({ metric: METRIC, period: Period.DAY, from: FIRST_DATE, to: LAST_DATE }),
  ),
  ofObjects('multi-series', 1.5, async ({ statistics }) => {
    const all = await statistics.multiSeries({
      metric: OF_OBJECTS,
      objects: OBJECTS,
      from: FIRST_DATE,
      to: LAST_DATE,
    });
    return all.flatMap(({ points }) => points);
  }),
  ofObjects('find', 2.5, ({ statistics }) =>
    statistics.find({
      metric: OF_OBJECTS,
      objects: OBJECTS,
      period: Period.DAY,
      from: FIRST_DATE,
      to: LAST_DATE,
    }),
  ),
];

function ofTotal(
  name: string,
  target: BenchCase['target'],
  points: number,
  from: string,
  oursOn: (session: Session) => Read,
): BenchCase {
  return {
    name,
    title: `${points === 1 ? 'value' : `series of ${String(points)} points`}, against the driver's own query`,
    ...(target !== undefined && { target }),
    tables: ({ rows }) => [indexed(rows)],
    prepare: async (session, { rows }) => {
      await session.need(indexed(rows));
      const first = firstRun(session, totals(Period.DAY), indexed(rows));
      await first.reset?.();
      await first.run();
      await session.settle(BY_DATE);
      const [id, from30, to] = places(session, 3);
      const text = `SELECT date, value FROM ${BY_DATE}
WHERE metric_id = ${id} AND period = 86400 AND date BETWEEN ${from30} AND ${to} ORDER BY date`;
      const raw = driverQuery(session, text, [await metricId(session, METRIC), from, LAST_DATE]);
      return against(session, oursOn(session), raw, points, CALLS);
    },
  };
}

function ofObjects(name: string, ratio: number, ours: (session: Session) => ReturnType<Read>): BenchCase {
  return {
    name,
    title: `${name} of ${String(OBJECTS.length)} objects × ${DAYS} dates, against the driver's own query`,
    target: { postgres: ratio, mariadb: ratio, sqlite: ratio },
    prepare: async (session) => {
      const begin = Date.parse(FIRST_DATE);
      await session.statistics.recordMany(
        OBJECTS.flatMap((object, place) =>
          Array.from({ length: DAYS }, (_, day) => ({
            metric: OF_OBJECTS,
            object,
            date: new Date(begin + day * 86_400_000).toISOString().slice(0, 10),
            value: place * day,
          })),
        ),
      );
      await session.settle(BY_OBJECT);
      const [id, type, from, to, ...ids] = places(session, 4 + OBJECTS.length);
      const text = `SELECT object_id, date, value FROM ${BY_OBJECT}
WHERE metric_id = ${id} AND period = 86400 AND object_type = ${type} AND date BETWEEN ${from} AND ${to}
AND object_id IN (${ids.join(', ')}) ORDER BY object_id, date`;
      const values = [await metricId(session, OF_OBJECTS), 'page', FIRST_DATE, LAST_DATE];
      const raw = driverQuery(session, text, [...values, ...OBJECTS.map((object) => object.id)]);
      return against(session, () => ours(session), raw, OBJECTS.length * DAYS, CALLS_OF_MANY);
    },
  };
}

/** The parameters of a statement. MariaDB and SQLite bind them in the order of the text, so each is used once. */
export function places({ kind }: Session, count: number): string[] {
  return Array.from({ length: count }, (_, place) => (kind === 'postgres' ? `$${String(place + 1)}` : '?'));
}

function against(session: Session, ours: Read, raw: Read, points: number, calls: number): Prepared {
  return {
    ours: { name: 'trackstats', units: calls, run: () => repeated(ours, calls) },
    baselines: [{ name: 'driver', units: calls, run: () => repeated(raw, calls) }],
    check: async () => {
      for (const found of [await ours(), await raw()]) {
        if (found.length !== points) throw new Error(`${String(found.length)} points of ${String(points)}`);
      }
    },
    dispose: () => session.forgetStatistics(),
  };
}

export async function repeated(read: Read, calls: number): Promise<void> {
  for (let call = 0; call < calls; call++) await read();
}

/** The parts of the drivers that this file uses. */
interface Drivers {
  readonly master: { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> };
  readonly pool: {
    query(text: string, values: unknown[], done: (error: Error | null, rows: unknown[]) => void): void;
  };
  readonly databaseConnection: { prepare(text: string): { all(...values: unknown[]): unknown[] } };
}

export function driverQuery({ kind, dataSource }: Session, text: string, values: unknown[]): Read {
  const driver = dataSource.driver as unknown as Drivers;
  switch (kind) {
    case 'postgres':
      return async () => (await driver.master.query(text, values)).rows;
    case 'sqlite':
      return async () => driver.databaseConnection.prepare(text).all(...values);
    case 'mariadb':
      return () =>
        new Promise((resolve, reject) => {
          driver.pool.query(text, values, (error, rows) => {
            if (error === null) resolve(rows);
            else reject(error);
          });
        });
  }
}
