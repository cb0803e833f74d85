import { defineMetric, Period } from '../../lib/index.js';
import { everywhere, type BenchCase } from '../bench-case.js';
import { numbers } from '../data.js';
import { BY_OBJECT, type Session } from '../session.js';
import { DOMAIN, metricId } from '../trackers.js';

const OBJECTS = 1_000;
const DATES = 700;
const TOP = 10;
const SCORE = defineMetric({ domain: DOMAIN, ref: 'score' });
const AT = '2025-12-01';

export const top: BenchCase = {
  name: 'top',
  title: `top ${TOP} of LIFETIME, ${OBJECTS} objects with ${DATES} rows each, against one statement`,
  target: everywhere(1.5),
  prepare: async (session) => {
    const id = await metricId(session, SCORE);
    await session.empty(BY_OBJECT, 'trackstats_coverage');
    await session.dataSource.query(rows(session, id));
    await session.settle(BY_OBJECT);
    const found = (): Promise<readonly unknown[]> =>
      session.statistics.top({ metric: SCORE, period: Period.LIFETIME, objectType: 'page', limit: TOP, date: AT });
    const baselines = Object.entries(byHand(session, id)).map(([name, statement]) => ({
      name,
      run: () => session.dataSource.query(statement),
    }));
    return {
      ours: { name: 'top', run: found },
      baselines,
      check: async () => {
        const objects = (await found()) as readonly { readonly object: { readonly id: string } }[];
        const first: readonly { object_id: string }[] = await session.dataSource.query(
          byHand(session, id)['ROW_NUMBER'] ?? '',
        );
        if (objects.map(({ object }) => object.id).join() !== first.map((one) => one.object_id).join()) {
          throw new Error('other objects by hand');
        }
      },
      dispose: () => session.forgetStatistics(),
    };
  },
};

/** A row for each object and date, whose values differ. */
function rows({ kind }: Session, id: number): string {
  const [object, date] = {
    sqlite: [`(i % ${OBJECTS})`, `DATE('2024-01-01', '+' || (i / ${OBJECTS}) || ' days')`],
    postgres: [`(i % ${OBJECTS})`, `DATE '2024-01-01' + CAST(i / ${OBJECTS} AS integer)`],
    mariadb: [`(i % ${OBJECTS})`, `DATE '2024-01-01' + INTERVAL (i DIV ${OBJECTS}) DAY`],
  }[kind] as [string, string];
  const text = { sqlite: 'TEXT', postgres: 'varchar', mariadb: 'CHAR' }[kind];
  return `INSERT INTO ${BY_OBJECT} (metric_id, period, object_type, object_id, date, value)
SELECT ${id}, 0, 'page', CAST(${object} AS ${text}), ${date}, i * 7919 % 1000003
FROM (${numbers(kind, { from: 0, through: OBJECTS * DATES - 1 })}) n`;
}

function byHand({ kind }: Session, id: number): Readonly<Record<string, string>> {
  const of = (alias: string): string =>
    `${alias}.metric_id = ${id} AND ${alias}.period = 0 AND ${alias}.object_type = 'page' AND ${alias}.date <= '${AT}'`;
  const best = `ORDER BY value DESC, object_id LIMIT ${TOP}`;
  const numbered = `SELECT s.*, ROW_NUMBER() OVER (PARTITION BY object_id ORDER BY date DESC) AS n FROM ${BY_OBJECT} s WHERE ${of('s')}`;
  const key = 'metric_id, period, object_type, object_id';
  const last = `SELECT ${key}, MAX(date) AS date FROM ${BY_OBJECT} s WHERE ${of('s')} GROUP BY ${key}`;
  const ways = { ROW_NUMBER: `SELECT object_id, value FROM (${numbered}) r WHERE n = 1 ${best}` };
  switch (kind) {
    case 'sqlite':
      return {
        ...ways,
        'the column beside MAX': `SELECT object_id, MAX(date), value FROM ${BY_OBJECT} s WHERE ${of('s')} GROUP BY object_id ${best}`,
      };
    case 'mariadb':
      return {
        ...ways,
        'MAX(date) and a join': `SELECT object_id, value FROM (${last}) l JOIN ${BY_OBJECT} s USING (${key}, date) ${best}`,
      };
    case 'postgres': {
      const first = (more: string): string =>
        `SELECT s.* FROM ${BY_OBJECT} s WHERE ${of('s')} ${more} ORDER BY metric_id DESC, period DESC, object_type DESC, object_id DESC, date DESC LIMIT 1`;
      return {
        ...ways,
        'a recursive walk of the index': `WITH RECURSIVE l AS ((${first('')}) UNION ALL
SELECT n.* FROM l CROSS JOIN LATERAL (${first('AND s.object_id < l.object_id')}) n) SELECT object_id, value FROM l ${best}`,
      };
    }
  }
}
