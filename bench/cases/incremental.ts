import type { Type } from '@nestjs/common';
import { CountObjectsByDateTracker, defineMetric, Period, Track } from '../../lib/index.js';
import { everywhere, type BenchCase, type Contender, type Prepared } from '../bench-case.js';
import {
  DAY_MS,
  END,
  eventSchema,
  insertRows,
  LAST_DATE,
  NEXT_NOW,
  NOW,
  utcText,
  type Event,
  type Events,
} from '../data.js';
import type { DatabaseKind } from '../databases.js';
import { HandSql } from '../hand-sql.js';
import { BY_DATE, TWIN, type Session } from '../session.js';
import { A_DAY, history, indexed } from '../tables.js';
import { checkSame, DOMAIN, metricId } from '../trackers.js';

/** A registered tracker, so that its runs include lease, history and events, as in an application. */
interface Registered {
  readonly name: string;
  readonly periods: readonly Period[];
  readonly appendOnly: boolean;
}

const DAILY: Registered = { name: 'next_day', periods: [Period.DAY], appendOnly: false };
const IDLE: Registered = { name: 'idle_day', periods: [Period.DAY], appendOnly: false };
const RECOUNTED: Registered = { name: 'next_lifetime', periods: [Period.LIFETIME], appendOnly: false };
const ADDED: Registered = { name: 'next_lifetime_append_only', periods: [Period.LIFETIME], appendOnly: true };
const SHORT: Registered = { name: 'short_history', periods: [Period.DAY, Period.LIFETIME], appendOnly: true };
const LONG: Registered = { name: 'long_history', periods: [Period.DAY, Period.LIFETIME], appendOnly: true };

const RUN_AFTER_A_DAY = `a run after ${A_DAY} new rows, all included, against the bare statement`;

export const incrementalDay: BenchCase = {
  ...againstBareStatement(DAILY, (hand) => hand.insertTotals(Period.DAY, lastDays(hand), hand.replacing)),
  title: `DAY: ${RUN_AFTER_A_DAY}`,
};

/** The second of two runs at the same instant: what a schedule of every minute costs while nothing happens. */
export const incrementalNothing: BenchCase = {
  ...againstBareStatement(IDLE, (hand) => lastDays(hand), false),
  title: 'DAY: a run that finds nothing new, all included, against the bare SELECT of its two days',
};

export const incrementalLifetime: BenchCase = {
  ...againstBareStatement(RECOUNTED, (hand) =>
    hand.insertTotals(
      Period.LIFETIME,
      added(hand, `(SELECT COUNT(*) FROM ${hand.table} WHERE at < ${instant(hand, END - DAY_MS)})`),
      hand.replacing,
    ),
  ),
  title: `LIFETIME, counted again: ${RUN_AFTER_A_DAY}`,
};

export const incrementalAppendOnly: BenchCase = {
  ...againstBareStatement(ADDED, (hand) =>
    hand.insertTotals(Period.LIFETIME, added(hand, `(${storedBase(hand)})`), hand.replacing),
  ),
  title: `LIFETIME, appendOnly: ${RUN_AFTER_A_DAY}`,
};

export const longHistory: BenchCase = {
  name: 'incremental-long-history',
  title: `DAY and LIFETIME, appendOnly: a run after ${A_DAY} new rows on ten times the rows, against a tenth of them`,
  target: everywhere(1.2),
  large: true,
  tables: ({ rows }) => [short(rows), long(rows)],
  providers: (kind, { rows }) => [registered(kind, SHORT, short(rows)), registered(kind, LONG, long(rows))],
  prepare: async (session, { rows }) => {
    await session.forgetStatistics();
    const [ours, baseline] = [await nextRun(session, LONG, long(rows)), await nextRun(session, SHORT, short(rows))];
    const { reset, run } = baseline;
    return {
      ours,
      baselines: [{ name: `after ${short(rows).rows} rows`, reset, run }],
      dispose: async () => {
        await ours.dispose();
        await baseline.dispose();
        await session.forgetStatistics();
      },
    };
  },
};

const short = (rows: number): Events => history('event_short', rows / 10);
export const long = (rows: number): Events => history('event_long', rows * 10);

/** @param hasNews false to leave the rows of the next day as the run before has written them */
function againstBareStatement(
  tracker: Registered,
  bare: (hand: HandSql) => string,
  hasNews = true,
): Omit<BenchCase, 'title'> {
  return {
    name: `incremental-${tracker.name.replaceAll('_', '-')}`,
    target: everywhere(3),
    ...(tracker === RECOUNTED ? {} : { limitMs: 10 }),
    tables: ({ rows }) => [indexed(rows)],
    providers: (kind, { rows }) => [registered(kind, tracker, indexed(rows))],
    prepare: async (session, { rows }): Promise<Prepared> => {
      await session.forgetStatistics();
      const { dispose, ...ours } = await nextRun(session, tracker, indexed(rows));
      const id = await metricId(session, metricOf(tracker));
      const statement = bare(new HandSql(session.kind, indexed(rows).table, id));
      if (!hasNews) {
        await ours.run();
        return {
          ours: { name: ours.name, run: ours.run },
          baselines: [{ name: 'SELECT of two days', run: () => session.dataSource.query(statement) }],
          dispose: async () => {
            await dispose();
            await session.forgetStatistics();
          },
        };
      }
      await session.dataSource.query(`INSERT INTO ${TWIN[BY_DATE]} SELECT * FROM ${BY_DATE}`);
      return {
        ours,
        baselines: [
          {
            name: 'INSERT … SELECT … of two days',
            reset: () => forgetNextDay(session, TWIN[BY_DATE], id),
            run: () => session.dataSource.query(statement),
          },
        ],
        check: () => checkSame(session, BY_DATE),
        dispose: async () => {
          await dispose();
          await session.forgetStatistics();
        },
      };
    },
  };
}

/** Measures a tracker's run one day after it has computed a table's whole history. */
async function nextRun(
  session: Session,
  tracker: Registered,
  events: Events,
): Promise<Contender & { readonly dispose: () => Promise<void> }> {
  const { dataSource } = session;
  const { table, rows } = events;
  await session.need(events);
  const next = { from: rows + 1, through: rows + A_DAY, first: rows + 1, rows: A_DAY, begin: END, end: END + DAY_MS };
  await dataSource.query(insertRows(session.kind, table, next));
  await session.trackers.run(tracker.name, { now: NOW });
  const id = await metricId(session, metricOf(tracker));
  return {
    name: 'trackstats',
    reset: async () => {
      await forgetNextDay(session, BY_DATE, id);
      await dataSource.query(
        `UPDATE trackstats_coverage SET through_date = '${LAST_DATE}', computed_at = ${NOW.getTime()} WHERE metric_id = ${id}`,
      );
    },
    run: () => session.trackers.run(tracker.name, { now: NEXT_NOW }),
    dispose: async () => {
      await dataSource.query(`DELETE FROM ${table} WHERE id > ${rows}`);
      await session.settle(table);
    },
  };
}

async function forgetNextDay({ dataSource }: Session, table: string, id: number): Promise<void> {
  await dataSource.query(`DELETE FROM ${table} WHERE metric_id = ${id} AND date > '${LAST_DATE}'`);
}

function metricOf({ name }: Registered): ReturnType<typeof defineMetric> {
  return defineMetric({ domain: DOMAIN, ref: name });
}

function registered(kind: DatabaseKind, tracker: Registered, events: Events): Type {
  const { name, periods, appendOnly } = tracker;

  @Track({
    name,
    metric: metricOf(tracker),
    source: eventSchema(kind, events),
    dateField: 'at',
    period: periods,
    appendOnly,
  })
  class NextDayTracker extends CountObjectsByDateTracker<Event> {}

  return NextDayTracker;
}

// ── by hand ──

function instant({ kind }: HandSql, ms: number): string {
  return kind === 'postgres' ? `TIMESTAMPTZ '${utcText(ms)}Z'` : `'${utcText(ms)}'`;
}

/** Returns the counts of the last day of the history, which was still open, and of the day after it. */
function lastDays(hand: HandSql): string {
  const from = instant(hand, END - DAY_MS);
  const to = instant(hand, END + DAY_MS);
  return `SELECT ${hand.day()} AS day, COUNT(*) AS n FROM ${hand.table} WHERE at >= ${from} AND at < ${to} GROUP BY 1`;
}

function added(hand: HandSql, base: string): string {
  return `SELECT day, ${base} + SUM(n) OVER (ORDER BY day) AS n FROM (${lastDays(hand)}) l`;
}

function storedBase(hand: HandSql): string {
  return `SELECT value FROM ${TWIN[BY_DATE]} WHERE metric_id = ${hand.metricId} AND period = 0 AND date < '${LAST_DATE}' ORDER BY date DESC LIMIT 1`;
}
