import type { Type } from '@nestjs/common';
import {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineMetric,
  objectRef,
  Period,
  Track,
} from '../../lib/index.js';
import { everywhere, type BenchCase } from '../bench-case.js';
import { DAY_MS, END, type Event, type Events, eventSchema, NOW, USER } from '../data.js';
import type { DatabaseKind } from '../databases.js';
import { BY_DATE, BY_OBJECT } from '../session.js';
import { indexed } from '../tables.js';
import { DOMAIN } from '../trackers.js';

const CALLS = 50;
const PERIODS = [Period.DAY, Period.MONTH, Period.LIFETIME];

/** A value of an indexed count as it is now, against the one that the last run stored. */
function against(period: Period): BenchCase {
  const name = Period.nameOf(period);
  return {
    name: `live-${name.toLowerCase()}`,
    title: `live value of an indexed count (${name}), against the stored one`,
    target: everywhere(3),
    limitMs: 1.5,
    tables: ({ rows }) => [indexed(rows)],
    providers: (kind, { rows }) => [registered(kind, rows, name)],
    prepare: async (session, { rows }) => {
      await session.forgetStatistics();
      await session.need(indexed(rows));
      session.stopClock(NOW);
      await session.trackers.run(`live_${name}`);
      await session.settle(BY_DATE);
      const metric = `${DOMAIN.ref}/live_${name.toLowerCase()}`;
      const read = (live: boolean): Promise<unknown> => session.statistics.value({ metric, period, live });
      return {
        ours: { name: 'live', units: CALLS, run: () => repeated(() => read(true)) },
        baselines: [{ name: 'stored', units: CALLS, run: () => repeated(() => read(false)) }],
        dispose: () => {
          session.stopClock(null);
          return session.forgetStatistics();
        },
      };
    },
  };
}

/** Rows of three days, so that a live read has to count most of them. */
const crowded = (rows: number): Events => ({
  table: 'event_of_users',
  rows: Math.min(rows, 100_000),
  begin: END - 3 * DAY_MS,
  indexed: 'user',
});
const OF_USERS = defineMetric({ domain: DOMAIN, ref: 'live_of_users' });

/** A value of one object as it is now, against the stored one, and against computing all objects. */
const OF_ONE_OBJECT: BenchCase = {
  name: 'live-object',
  title: 'live value of one of 10,000 objects (DAY), index on object and date',
  target: everywhere(3),
  tables: ({ rows }) => [crowded(rows)],
  providers: (kind, { rows }) => [ofUsers(kind, crowded(rows))],
  prepare: async (session, { rows }) => {
    await session.forgetStatistics();
    await session.need(crowded(rows));
    session.stopClock(NOW);
    await session.trackers.run('live_of_users');
    await session.settle(BY_OBJECT);
    const { statistics } = session;
    const read = { metric: OF_USERS, live: true } as const;
    const ofOne = { ...read, object: objectRef(USER, 7) };
    return {
      ours: {
        name: 'live',
        units: CALLS,
        run: () => repeated(() => statistics.value(ofOne)),
      },
      baselines: [
        { name: 'stored', units: CALLS, run: () => repeated(() => statistics.value({ ...ofOne, live: false })) },
        {
          name: 'live, all objects',
          units: 1,
          run: () => statistics.top({ ...read, objectType: USER, limit: 1 }),
        },
      ],
      dispose: () => {
        session.stopClock(null);
        return session.forgetStatistics();
      },
    };
  },
};

export const LIVE_CASES: readonly BenchCase[] = [...PERIODS.map(against), OF_ONE_OBJECT];

function ofUsers(kind: DatabaseKind, events: Events): Type {
  @Track({
    name: 'live_of_users',
    metric: OF_USERS,
    source: eventSchema(kind, events),
    dateField: 'at',
    period: Period.DAY,
    objectField: 'userId',
    objectEntity: USER,
  })
  class OfUsersTracker extends CountObjectsByDateAndObjectTracker<Event> {}
  return OfUsersTracker;
}

async function repeated(read: () => Promise<unknown>): Promise<void> {
  for (let call = 0; call < CALLS; call++) await read();
}

function registered(kind: DatabaseKind, rows: number, name: string): Type {
  @Track({
    name: `live_${name}`,
    metric: defineMetric({ domain: DOMAIN, ref: `live_${name.toLowerCase()}` }),
    source: eventSchema(kind, indexed(rows)),
    dateField: 'at',
    period: PERIODS,
  })
  class LiveTracker extends CountObjectsByDateTracker {}
  return LiveTracker;
}
