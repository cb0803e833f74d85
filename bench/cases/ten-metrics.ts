import { LessThan, MoreThan } from 'typeorm';
import {
  defineMetric,
  max,
  min,
  ObjectsByDateTracker,
  Period,
  sum,
  type AnyTracker,
  type MetricDefinition,
} from '../../lib/index.js';
import { everywhere, type BenchCase, type Contender } from '../bench-case.js';
import { NOW, type Event, type Events } from '../data.js';
import { HandSql } from '../hand-sql.js';
import { BY_DATE, TWIN, type Session } from '../session.js';
import { bare } from '../tables.js';
import { checkSame, DOMAIN, firstRun, metricId, totals } from '../trackers.js';

interface Measure {
  readonly metric: MetricDefinition;
  readonly options: object;
  /** as a person writes it */
  readonly byHand: string;
}

const when = (condition: string, value = '1'): string => `CASE WHEN ${condition} THEN ${value} END`;

const TEN: readonly Measure[] = (
  [
    [{}, 'COUNT(*)'],
    [{ where: { amount: MoreThan('25') } }, `COUNT(${when('amount > 25')})`],
    [{ where: { amount: MoreThan('50') } }, `COUNT(${when('amount > 50')})`],
    [{ where: { amount: MoreThan('75') } }, `COUNT(${when('amount > 75')})`],
    [{ where: { userId: LessThan(5_000) } }, `COUNT(${when('user_id < 5000')})`],
    [{ where: { userId: LessThan(1_000) } }, `COUNT(${when('user_id < 1000')})`],
    [{ aggregate: sum('userId') }, 'SUM(user_id)'],
    [{ aggregate: sum('userId'), where: { amount: MoreThan('50') } }, `SUM(${when('amount > 50', 'user_id')})`],
    [{ aggregate: min('userId') }, 'MIN(user_id)'],
    [{ aggregate: max('userId'), where: { amount: MoreThan('50') } }, `MAX(${when('amount > 50', 'user_id')})`],
  ] as const
).map(([options, byHand], place) => ({
  metric: defineMetric({ domain: DOMAIN, ref: `ten_${place}` }),
  options,
  byHand,
}));

function together(...period: readonly Period[]): AnyTracker<Event> {
  const metrics = TEN.map(({ metric, options }) => ({ metric, ...options }));
  return new ObjectsByDateTracker<Event>({ metrics, period, dateField: 'at' } as never);
}

function alone(...period: readonly Period[]): AnyTracker<Event>[] {
  return TEN.map(
    ({ metric, options }) => new ObjectsByDateTracker<Event>({ metric, ...options, period, dateField: 'at' } as never),
  );
}

const PERIODS = [Period.DAY, Period.CALENDAR_MONTH, Period.LIFETIME];

export const tenAgainstOne: BenchCase = {
  name: 'ten-against-one',
  title: 'ten metrics in one tracker, three periods, no index, against one metric',
  target: everywhere(2),
  tables: ({ rows }) => [bare(rows)],
  prepare: async (session, { rows }) => {
    await session.need(bare(rows));
    return {
      ours: firstRun(session, together(...PERIODS), bare(rows)),
      baselines: [{ ...firstRun(session, totals(...PERIODS), bare(rows)), name: 'one metric' }],
      asides: [tenTrackers(session, bare(rows))],
      dispose: () => session.forgetStatistics(),
    };
  },
};

export const tenByHand: BenchCase = {
  name: 'ten-by-hand',
  title: 'ten metrics in one tracker, DAY, no index, against one statement with ten aggregates',
  target: everywhere(1.25),
  tables: ({ rows }) => [bare(rows)],
  prepare: async (session, { rows }) => {
    await session.need(bare(rows));
    const ids: number[] = [];
    for (const { metric } of TEN) ids.push(await metricId(session, metric));
    return {
      ours: {
        ...firstRun(session, together(Period.DAY), bare(rows)),
        reset: () => session.empty(BY_DATE, 'trackstats_coverage'),
      },
      baselines: [
        {
          name: 'one GROUP BY day with ten aggregates',
          reset: () => session.empty(TWIN[BY_DATE]),
          run: () => session.transaction(byHand(session, bare(rows), ids)),
        },
      ],
      check: () => checkSame(session, BY_DATE),
      dispose: () => session.forgetStatistics(),
    };
  },
};

function tenTrackers(session: Session, { table }: Events): Contender {
  const source = session.dataSource.getRepository<Event>(table);
  return {
    name: 'ten trackers',
    reset: () => session.forgetStatistics(),
    run: async () => {
      for (const tracker of alone(...PERIODS)) await session.trackers.track(tracker, source, { now: NOW });
    },
  };
}

/** A temporary table of ten columns, of which ten statements insert one each. */
function byHand(session: Session, { table }: Events, ids: readonly number[]): string[] {
  const hand = new HandSql(session.kind, table, 0);
  const columns = TEN.map(({ byHand: of }, place) => `${of} AS v${place}, ${presence(of)} AS n${place}`);
  return [
    `CREATE TEMPORARY TABLE ten AS SELECT ${hand.day()} AS day, ${columns.join(', ')} FROM ${table} GROUP BY 1`,
    ...ids.map(
      (id, place) => `INSERT INTO ${TWIN[BY_DATE]} (metric_id, period, date, value)
SELECT ${id}, ${Period.DAY}, day, v${place} FROM ten WHERE n${place} > 0`,
    ),
    session.kind === 'mariadb' ? 'DROP TEMPORARY TABLE ten' : 'DROP TABLE ten',
  ];
}

/** How many rows an aggregate counts. */
function presence(aggregate: string): string {
  const condition = /CASE WHEN (.*) THEN/.exec(aggregate)?.[1];
  return condition === undefined ? 'COUNT(*)' : `COUNT(${when(condition)})`;
}
