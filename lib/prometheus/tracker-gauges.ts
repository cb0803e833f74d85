import type { Gauge } from 'prom-client';
import type { TrackerInfo } from '../execution/tracker-overview.js';
import type { PromClient } from './prometheus.options.js';

/** How the trackers of an application are at the moment of a scrape. */
export interface Sight {
  readonly now: Date;
  readonly infos: readonly TrackerInfo[];
}

export type Look = () => Promise<Sight>;

type Measure = (info: TrackerInfo, now: Date) => number | null;

const SECONDS = 1000;

/** Name, help and value of each gauge by tracker. What is not known is left out: an old value would pass for a new one. */
const MEASURES: readonly (readonly [string, string, Measure])[] = [
  [
    'lag_seconds',
    'Age of the statistics: time since the last run began that succeeded, in any process',
    ({ lagMs }) => (lagMs === null ? null : lagMs / SECONDS),
  ],
  [
    'last_success_timestamp_seconds',
    'When the last run began that succeeded, in any process',
    ({ lagMs }, now) => (lagMs === null ? null : (now.getTime() - lagMs) / SECONDS),
  ],
  [
    'next_run_timestamp_seconds',
    'When the tracker runs next by the schedules of this process',
    ({ nextRunAt }) => (nextRunAt === null ? null : nextRunAt.getTime() / SECONDS),
  ],
  [
    'drift',
    'Number of totals, objects and groups of dimensions whose closed dates differ from the source as it is now',
    ({ drift }) => drift.reduce((sum, { keys }) => sum + keys, 0),
  ],
  ['running', '1 while the tracker runs, in any process', ({ running }) => (running ? 1 : 0)],
];

/**
 * Creates the metrics that are read from the database, only when they are scraped.
 *
 * @param looks one of each application
 */
export function trackerGauges({ Gauge }: PromClient, prefix: string, looks: ReadonlySet<Look>): readonly Gauge[] {
  const look = sharedLook(looks);
  const up = new Gauge({
    name: `${prefix}up`,
    help: '1 if the history of runs could be read from the database',
    registers: [],
    async collect() {
      this.set((await look()) === null ? 0 : 1);
    },
  });
  const byTracker = MEASURES.map(
    ([name, help, measure]) =>
      new Gauge({
        name: `${prefix}${name}`,
        help,
        labelNames: ['tracker'],
        registers: [],
        async collect() {
          const sights = await look();
          this.reset();
          for (const { now, infos } of sights ?? []) {
            for (const info of infos) {
              const value = measure(info, now);
              if (value !== null) this.set({ tracker: info.name }, value);
            }
          }
        },
      }),
  );
  return [up, ...byTracker];
}

/** All gauges of a scrape share one look; null: a database is away, which must not fail the scrape of everything else. */
function sharedLook(looks: ReadonlySet<Look>): () => Promise<readonly Sight[] | null> {
  let looking: Promise<readonly Sight[] | null> | null = null;
  return () =>
    (looking ??= Promise.all([...looks].map((look) => look()))
      .catch(() => null)
      .finally(() => (looking = null)));
}
