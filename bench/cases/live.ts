import type { Type } from '@nestjs/common';
import { CountObjectsByDateTracker, defineMetric, Period, Track } from '../../lib/index.js';
import { everywhere, type BenchCase } from '../bench-case.js';
import { eventSchema, NOW } from '../data.js';
import type { DatabaseKind } from '../databases.js';
import { BY_DATE } from '../session.js';
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

export const LIVE_CASES: readonly BenchCase[] = PERIODS.map(against);

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
