import type { Type } from '@nestjs/common';
import {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineMetric,
  Period,
  Track,
  type TrackerService,
} from '../../lib/index.js';
import { everywhere, type BenchCase } from '../bench-case.js';
import { DAY_MS, END, eventSchema, NOW, USER, type Event, type Events } from '../data.js';
import type { DatabaseKind } from '../databases.js';
import { bare } from '../tables.js';
import { DOMAIN } from '../trackers.js';

const TEN_YEARS = 3_653;
const OBJECTS = 4_300;

/** Few rows and many dates, for which verify once was quadratic. */
const decade: Events = { table: 'event_decade', rows: 6_000, begin: END - TEN_YEARS * DAY_MS, indexed: false };
/** Nearly one object per row, for which repair once depended on the planner's statistics. */
const objects: Events = { table: 'event_objects', rows: OBJECTS, begin: END - 365 * DAY_MS, indexed: false };

const WEEK: Verified = { name: 'verified_week', events: () => decade, isByUser: false, period: Period.WEEK };
const OBJECT: Verified = { name: 'verified_objects', events: () => objects, isByUser: true, period: Period.LIFETIME };
const TOTAL: Verified = { name: 'verified_day', events: bare, isByUser: false, period: Period.DAY };
const USERS: Verified = { name: 'verified_users', events: bare, isByUser: true, period: Period.LIFETIME };

type Check = 'verify' | 'repair';

interface Verified {
  readonly name: string;
  readonly events: (rows: number) => Events;
  readonly isByUser: boolean;
  readonly period: Period;
}

export const VERIFY_CASES: readonly BenchCase[] = [
  againstFirstRun('verify', WEEK, 'WEEK, daily, ten years'),
  againstFirstRun('repair', WEEK, 'WEEK, daily, ten years'),
  againstFirstRun('verify', OBJECT, 'LIFETIME by object, 4,300 rows'),
  againstFirstRun('repair', OBJECT, 'LIFETIME by object, 4,300 rows'),
  againstFirstRun('verify', TOTAL, 'DAY'),
  againstFirstRun('repair', TOTAL, 'DAY'),
  againstFirstRun('verify', USERS, 'LIFETIME by user'),
  againstFirstRun('repair', USERS, 'LIFETIME by user'),
];

/** Verifies a whole history right after the first run, when no planner has statistics of the new rows. */
function againstFirstRun(check: Check, tracker: Verified, title: string): BenchCase {
  const { name, events } = tracker;
  return {
    name: `${check}-${name.replace('verified_', '')}`,
    title: `${title}: ${check} of all dates, against a first run`,
    target: everywhere(3),
    tables: ({ rows }) => [events(rows)],
    providers: (kind, { rows }) => [registered(kind, tracker, rows)],
    prepare: async (session, { rows }) => {
      await session.need(events(rows));
      const { trackers } = session;
      const firstRun = (): Promise<unknown> => trackers.run(name, { now: NOW });
      await session.forgetStatistics();
      return {
        ours: {
          name: 'trackstats',
          reset: async () => {
            await session.forgetStatistics();
            await firstRun();
          },
          run: () => checked(trackers, check, name),
        },
        baselines: [{ name: 'a first run', reset: () => session.forgetStatistics(), run: firstRun }],
        dispose: () => session.forgetStatistics(),
      };
    },
  };
}

async function checked(trackers: TrackerService, check: Check, name: string): Promise<void> {
  if (check === 'repair') await trackers.repair(name, { to: '2025-12-30' });
  else if ((await trackers.verify(name)).length > 0) throw new Error(`${name} differs from what its run has written`);
}

/** One class for several cases, because a name can be registered only once. */
const classes = new Map<string, Type>();

function registered(kind: DatabaseKind, tracker: Verified, rows: number): Type {
  const key = `${kind} ${tracker.name}`;
  const known = classes.get(key) ?? declared(kind, tracker, rows);
  classes.set(key, known);
  return known;
}

function declared(kind: DatabaseKind, { name, isByUser, period, events }: Verified, rows: number): Type {
  const options = {
    name,
    metric: defineMetric({ domain: DOMAIN, ref: name }),
    source: eventSchema(kind, events(rows)),
    dateField: 'at',
    period,
  } as const;

  @Track(options)
  class TotalTracker extends CountObjectsByDateTracker<Event> {}

  @Track({ ...options, objectField: 'userId', objectEntity: USER })
  class UserTracker extends CountObjectsByDateAndObjectTracker<Event> {}

  return isByUser ? UserTracker : TotalTracker;
}
