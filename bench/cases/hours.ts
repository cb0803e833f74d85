import type { Type } from '@nestjs/common';
import { CountObjectsByDateTracker, defineMetric, Period, Track } from '../../lib/index.js';
import { AS_BY_HAND, everywhere, type BenchCase, type Contender } from '../bench-case.js';
import { END, eventSchema, LAST_DATE, NOW, type Event, type Events } from '../data.js';
import type { DatabaseKind } from '../databases.js';
import { BY_TIME, type Session } from '../session.js';
import { indexed } from '../tables.js';
import { DOMAIN, firstRun, firstRunAgainst, METRIC, metricId, totals } from '../trackers.js';
import { long } from './incremental.js';
import { driverQuery, places, repeated } from './series.js';

const QUARTER = Period.minutes(15);
const CALLS = 20;

const hoursBesideDays: BenchCase = {
  name: 'hours-beside-days',
  title: 'DAY and HOUR in one tracker, against the same tracker with DAY alone',
  target: everywhere(1.6),
  tables: ({ rows }) => [indexed(rows)],
  prepare: async (session, { rows }) => {
    await session.need(indexed(rows));
    return {
      ours: firstRun(session, totals(Period.DAY, Period.HOUR), indexed(rows)),
      baselines: [{ ...firstRun(session, totals(Period.DAY), indexed(rows)), name: 'DAY alone' }],
      dispose: () => session.forgetStatistics(),
    };
  },
};

const quarters: BenchCase = {
  name: 'quarters',
  title: '15 minutes over 730 days, against GROUP BY quarter',
  target: AS_BY_HAND,
  tables: ({ rows }) => [indexed(rows)],
  prepare: (session, { rows }) =>
    firstRunAgainst(session, BY_TIME, indexed(rows), totals(QUARTER), (hand) => ({
      'GROUP BY quarter': [hand.insertByTime(QUARTER, hand.countByQuarter())],
    })),
};

/** Of the same number of rows a day, so that both runs read equally many. */
const minuteRun: BenchCase = {
  name: 'minute-run',
  title: 'a minute later, lookback 5 minutes: a run on ten times the rows, against a tenth of them',
  target: everywhere(1.2),
  large: true,
  tables: ({ rows }) => [indexed(rows), long(rows)],
  providers: (kind, { rows }) => [
    minutely(kind, 'minute_short', indexed(rows)),
    minutely(kind, 'minute_long', long(rows)),
  ],
  prepare: async (session, { rows }) => {
    await session.forgetStatistics();
    const ours = await nextMinute(session, 'minute_long', long(rows));
    const baseline = await nextMinute(session, 'minute_short', indexed(rows));
    return {
      ours,
      baselines: [{ ...baseline, name: `of ${String(rows)} rows` }],
      dispose: () => session.forgetStatistics(),
    };
  },
};

/** The minute before the end of the rows, so that the next one has rows too. */
const BEFORE = new Date(NOW.getTime() - 60_000);

async function nextMinute(session: Session, name: string, events: Events): Promise<Contender> {
  const { dataSource, trackers } = session;
  await session.need(events);
  await trackers.run(name, { now: BEFORE });
  const id = await metricId(session, defineMetric({ domain: DOMAIN, ref: name }));
  return {
    name: 'trackstats',
    reset: async () => {
      const since = Math.floor(BEFORE.getTime() / 60_000) * 60;
      await dataSource.query(`DELETE FROM ${BY_TIME} WHERE metric_id = ${id} AND start >= ${since}`);
      await dataSource.query(
        `UPDATE trackstats_coverage SET computed_at = ${BEFORE.getTime()} WHERE metric_id = ${id}`,
      );
    },
    run: () => trackers.run(name, { now: NOW }),
  };
}

function minutely(kind: DatabaseKind, name: string, events: Events): Type {
  @Track({
    name,
    metric: defineMetric({ domain: DOMAIN, ref: name }),
    source: eventSchema(kind, events),
    dateField: 'at',
    period: Period.minutes(1),
    lookback: '5 minutes',
    keep: { MINUTES_1: 7 },
  })
  class MinuteTracker extends CountObjectsByDateTracker<Event> {}

  return MinuteTracker;
}

/** The hours of a day, and the quarters of 31 days without a change of the clock. */
const seriesOfBuckets = [
  { points: 24, period: Period.HOUR, days: 1 },
  { points: 2976, period: QUARTER, days: 31 },
].map(({ points, period, days }): BenchCase => ({
  name: `series-of-${String(points)}`,
  title: `series of ${String(points)} buckets, against the driver's own query of the rows`,
  tables: ({ rows }) => [indexed(rows)],
  prepare: async (session, { rows }) => {
    await session.need(indexed(rows));
    const first = firstRun(session, totals(period), indexed(rows));
    await first.reset?.();
    await first.run();
    await session.settle(BY_TIME);
    const begin = END / 1000 - days * 86_400;
    const from = new Date(Date.parse(LAST_DATE) - (days - 1) * 86_400_000).toISOString().slice(0, 10);
    const ours = () => session.statistics.series({ metric: METRIC, period, from, to: LAST_DATE });
    const [id, code, since] = places(session, 3);
    const text = `SELECT start, value FROM ${BY_TIME}
WHERE metric_id = ${id} AND period = ${code} AND start >= ${since} ORDER BY start`;
    const raw = driverQuery(session, text, [await metricId(session, METRIC), period, begin]);
    return {
      ours: { name: 'trackstats', units: CALLS, run: () => repeated(ours, CALLS) },
      baselines: [{ name: 'driver', units: CALLS, run: () => repeated(raw, CALLS) }],
      check: async () => {
        const found = await ours();
        const [sum, stored] = [found.filter(({ value }) => value !== 0).length, (await raw()).length];
        if (found.length !== points || sum !== stored) {
          throw new Error(
            `${String(found.length)} points of ${String(points)}, ${String(sum)} with rows of ${String(stored)}`,
          );
        }
      },
      dispose: () => session.forgetStatistics(),
    };
  },
}));

export const HOUR_CASES: readonly BenchCase[] = [hoursBesideDays, quarters, minuteRun, ...seriesOfBuckets];
