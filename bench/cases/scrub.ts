import type { Type } from '@nestjs/common';
import { CountObjectsByDateTracker, defineMetric, Period, Track } from '../../lib/index.js';
import { everywhere, type BenchCase, type Contender } from '../bench-case.js';
import { eventSchema, NEXT_NOW, NOW, type Event, type Events } from '../data.js';
import type { DatabaseKind } from '../databases.js';
import type { Session } from '../session.js';
import { indexed } from '../tables.js';
import { DOMAIN } from '../trackers.js';

const NAME = 'scrubbed';

/** A run that compares 31 closed days first, against one that does not. At most one run an hour does. */
export const scrub: BenchCase = {
  name: 'scrub',
  title: 'DAY and LIFETIME, current: a run that compares 31 closed days, against one that does not',
  target: everywhere(3),
  tables: ({ rows }) => [indexed(rows)],
  providers: (kind, { rows }) => [followed(kind, indexed(rows))],
  prepare: async (session, { rows }) => {
    await session.forgetStatistics();
    await session.need(indexed(rows));
    await session.trackers.run(NAME, { now: NOW });
    return {
      ours: run(session, 'trackstats', 'NULL'),
      baselines: [run(session, 'a run that compares nothing', String(NEXT_NOW.getTime()))],
      dispose: () => session.forgetStatistics(),
    };
  },
};

/** @param scrubbedAt when closed days were last compared, in SQL */
function run({ dataSource, trackers }: Session, name: string, scrubbedAt: string): Contender {
  return {
    name,
    reset: async () => {
      await dataSource.query(
        `UPDATE trackstats_tracker SET scrubbed_at = ${scrubbedAt}, scrubbed_through = NULL WHERE name = '${NAME}'`,
      );
    },
    run: () => trackers.run(NAME, { now: NEXT_NOW }),
  };
}

function followed(kind: DatabaseKind, events: Events): Type {
  @Track({
    name: NAME,
    metric: defineMetric({ domain: DOMAIN, ref: NAME }),
    source: eventSchema(kind, events),
    dateField: 'at',
    period: [Period.DAY, Period.LIFETIME],
    history: 'current',
  })
  class FollowedTracker extends CountObjectsByDateTracker<Event> {}

  return FollowedTracker;
}
