import { defineMetric } from '../../lib/index.js';
import type { BenchCase, Contender, Prepared } from '../bench-case.js';
import { BY_DATE, BY_OBJECT, TWIN, type Session, type StatisticTableName } from '../session.js';
import { DOMAIN, metricId } from '../trackers.js';

const LEVEL = defineMetric({ domain: DOMAIN, ref: 'level' });
const TODAY = '2026-01-01';
const MANY = 100_000;
/** number of calls that one measurement of a single call makes, one after the other */
const EACH = 25;
/** rows of one statement by hand */
const CHUNK = { postgres: 10_000, mariadb: 1_000, sqlite: 1_000 } as const;

export const recordAlone: BenchCase = {
  name: 'record-alone',
  title: 'record: one call after the other, against one upsert each',
  target: { postgres: 1.6 },
  prepare: async (session) => {
    const id = await metricId(session, LEVEL);
    const [first, second] = session.kind === 'postgres' ? ['$1', '$2'] : ['?', '?'];
    const upsert = `INSERT INTO ${TWIN[BY_DATE]} (metric_id, period, date, value) VALUES (${first}, 86400, '${TODAY}', ${second}) ${replacing(session, BY_DATE)}`;
    let value = 0;
    return {
      ours: {
        name: 'trackstats',
        units: EACH,
        run: () => oneByOne(() => session.statistics.record({ metric: LEVEL, date: TODAY, value: value++ })),
      },
      baselines: [
        {
          name: 'upserts',
          units: EACH,
          run: () => oneByOne(() => session.dataSource.query(upsert, [id, value++])),
        },
      ],
      dispose: () => session.forgetStatistics(),
    };
  },
};

export const recordMany = manyRows(
  'record-many',
  `recordMany: ${MANY} new rows of objects, against one statement for each ${CHUNK.postgres} (PostgreSQL, UNNEST) or ${CHUNK.sqlite}`,
  true,
);
export const recordManyAgain = manyRows(
  'record-many-again',
  `recordMany: ${MANY} rows of objects that are stored with the same values, against the same statements`,
  false,
);

function manyRows(name: string, title: string, isNew: boolean): BenchCase {
  return {
    name,
    title,
    target: { postgres: 1.4, mariadb: 1.4 },
    prepare: async (session): Promise<Prepared> => {
      const id = await metricId(session, LEVEL);
      const rows = Array.from({ length: MANY }, (_, object) => ({
        metric: LEVEL,
        object: { type: 'page', id: String(object) },
        date: TODAY,
        value: `${String(object % 97)}.5`,
      }));
      const side = (title: string, table: string, run: () => Promise<unknown>): Contender => ({
        name: title,
        reset: async () => {
          if (isNew) await session.empty(table);
          else if ((await session.number(`SELECT COUNT(*) AS value FROM ${table}`)) === 0) await run();
        },
        run,
      });
      const byHand = statementsByHand(session, id, rows);
      return {
        ours: side('trackstats', BY_OBJECT, () => session.statistics.recordMany(rows)),
        baselines: [side('by hand', TWIN[BY_OBJECT], byHand)],
        check: async () => {
          const sums = [BY_OBJECT, TWIN[BY_OBJECT]].map((table) =>
            session.number(`SELECT SUM(value) AS value FROM ${table}`),
          );
          const [ours, theirs] = await Promise.all(sums);
          if (ours !== theirs) throw new Error(`${String(ours)} is recorded, and ${String(theirs)} by hand`);
        },
        dispose: () => session.forgetStatistics(),
      };
    },
  };
}

function statementsByHand(
  session: Session,
  id: number,
  rows: readonly { readonly object: { readonly id: string }; readonly value: string }[],
): () => Promise<void> {
  const into = `INSERT INTO ${TWIN[BY_OBJECT]} (metric_id, period, object_type, object_id, date, value)`;
  const size = CHUNK[session.kind];
  return () =>
    session.dataSource.transaction(async (manager) => {
      for (let start = 0; start < rows.length; start += size) {
        const some = rows.slice(start, start + size);
        if (session.kind === 'postgres') {
          await manager.query(
            `${into} SELECT ${id}, 86400, 'page', o, DATE '${TODAY}', v FROM UNNEST($1::varchar[], $2::numeric[]) r(o, v) ${replacing(session, BY_OBJECT)}`,
            [some.map(({ object }) => object.id), some.map(({ value }) => value)],
          );
        } else {
          const places = some.map(() => `(${id}, 86400, 'page', ?, '${TODAY}', ?)`).join(', ');
          await manager.query(
            `${into} VALUES ${places} ${replacing(session, BY_OBJECT)}`,
            some.flatMap(({ object, value }) => [object.id, value]),
          );
        }
      }
    });
}

function replacing({ kind }: Session, table: StatisticTableName): string {
  if (kind === 'mariadb') return 'ON DUPLICATE KEY UPDATE value = VALUES(value)';
  const keys = table === BY_DATE ? 'metric_id, period, date' : 'metric_id, period, object_type, object_id, date';
  return `ON CONFLICT (${keys}) DO UPDATE SET value = excluded.value`;
}

async function oneByOne(act: () => Promise<unknown>): Promise<void> {
  for (let turn = 0; turn < EACH; turn++) await act();
}
