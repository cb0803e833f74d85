import { Period } from '../../lib/index.js';
import { everywhere, type BenchCase } from '../bench-case.js';
import { DAYS, FIRST_DATE, LAST_DATE } from '../data.js';
import { BY_DATE, type Session } from '../session.js';
import { indexed } from '../tables.js';
import { firstRun, METRIC, metricId, totals } from '../trackers.js';

const CALLS = 50;

export const series: BenchCase = {
  name: 'series',
  title: `series of ${DAYS} points, against the driver's own query`,
  target: everywhere(1.5),
  tables: ({ rows }) => [indexed(rows)],
  prepare: async (session, { rows }) => {
    await session.need(indexed(rows));
    const first = firstRun(session, totals(Period.DAY), indexed(rows));
    await first.reset?.();
    await first.run();
    await session.settle(BY_DATE);
    const raw = driverQuery(session, await metricId(session, METRIC));
    const ours = (): Promise<readonly unknown[]> =>
      session.statistics.series({ metric: METRIC, period: Period.DAY, from: FIRST_DATE, to: LAST_DATE });
    return {
      ours: { name: 'series', units: CALLS, run: () => repeated(ours) },
      baselines: [{ name: 'SELECT date, value', units: CALLS, run: () => repeated(raw) }],
      check: async () => {
        for (const points of [await ours(), await raw()]) {
          if (points.length !== DAYS) throw new Error(`${points.length} points of ${DAYS}`);
        }
      },
      dispose: () => session.forgetStatistics(),
    };
  },
};

async function repeated(read: () => Promise<readonly unknown[]>): Promise<void> {
  for (let call = 0; call < CALLS; call++) await read();
}

/** The parts of the drivers that this file uses. */
interface Drivers {
  readonly master: { query(text: string, values: unknown[]): Promise<{ rows: unknown[] }> };
  readonly pool: {
    query(text: string, values: unknown[], done: (error: Error | null, rows: unknown[]) => void): void;
  };
  readonly databaseConnection: { prepare(text: string): { all(...values: unknown[]): unknown[] } };
}

function driverQuery({ kind, dataSource }: Session, id: number): () => Promise<readonly unknown[]> {
  const driver = dataSource.driver as unknown as Drivers;
  const values = [id, Period.DAY, FIRST_DATE, LAST_DATE];
  const places = kind === 'postgres' ? ['$1', '$2', '$3', '$4'] : ['?', '?', '?', '?'];
  const text = `SELECT date, value FROM ${BY_DATE}
WHERE metric_id = ${places[0]} AND period = ${places[1]} AND date BETWEEN ${places[2]} AND ${places[3]} ORDER BY date`;
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
