import type { Gauge } from 'prom-client';
import { definedMetrics, naturalKey } from '../catalog/index.js';
import { UnknownMetricError } from '../errors/catalog.error.js';
import type { StatisticService } from '../statistics/index.js';
import { Period } from '../time/period.js';
import type { PromClient, WatchedStatistic } from './prometheus.options.js';

/** A value at the moment of a scrape, with the labels that tell it from others. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the statistics that an application shows. */
export type ReadSamples = () => Promise<readonly Sample[]>;

/** Reads the newest values, without what is not known: an old value would pass for a new one. */
export async function readSamples(
  statistics: StatisticService,
  watched: readonly WatchedStatistic[],
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  // one after the other, so that a scrape takes one connection of the pool
  for (const one of watched) samples.push(...(await samplesOf(statistics, one)));
  return samples;
}

/** Returns a warning for each key that is neither stored nor defined: it may be misspelt, and a scrape leaves it out. */
export async function unknownMetrics(
  statistics: StatisticService,
  watched: readonly WatchedStatistic[],
): Promise<readonly string[]> {
  const defined = new Set<string>(definedMetrics().map(({ key }) => key));
  const warnings: string[] = [];
  for (const { metric } of watched.filter((one) => !defined.has(naturalKey(one.metric)))) {
    try {
      await statistics.coverage({ metric });
    } catch (error) {
      if (!(error instanceof UnknownMetricError)) throw error;
      warnings.push(`${error.message} Until then its gauge has no value.`);
    }
  }
  return [...new Set(warnings)];
}

async function samplesOf(statistics: StatisticService, watched: WatchedStatistic): Promise<readonly Sample[]> {
  const { metric, period = Period.DAY } = watched;
  const labels = { metric: naturalKey(metric), period: Period.nameOf(period) };
  try {
    if (watched.objectType === undefined) {
      const value = await statistics.value({ metric, period });
      return value === null ? [] : [{ labels, value }];
    }
    const ranking = await statistics.top({ metric, period, objectType: watched.objectType, limit: watched.top });
    return ranking.map(({ object, value }) => ({
      labels: { ...labels, object_type: object.type, object_id: object.id },
      value,
    }));
  } catch (error) {
    // nothing was written for it yet
    if (error instanceof UnknownMetricError) return [];
    throw error;
  }
}

/**
 * Creates the gauge of statistics, read from the database only when it is scraped. A gauge and no counter, because values
 * fall: a day begins at 0, and deleted rows are no longer counted.
 *
 * @param readers one of each application
 */
export function statisticGauge({ Gauge }: PromClient, prefix: string, readers: ReadonlySet<ReadSamples>): Gauge {
  return new Gauge({
    name: `${prefix}statistic`,
    help: 'Newest value of a metric',
    labelNames: ['metric', 'period', 'object_type', 'object_id'],
    registers: [],
    async collect() {
      const samples = await Promise.all([...readers].map((read) => read())).catch(() => []);
      this.reset();
      for (const { labels, value } of samples.flat()) this.set(labels, value);
    },
  });
}
