import type { Metric, Registry } from 'prom-client';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import type { TrackerEvents } from '../execution/tracker-events.js';
import { promClient, type ResolvedPrometheusOptions } from './prometheus.options.js';
import { runMetrics, type RunMetrics } from './run-metrics.js';
import { statisticGauge, type ReadSamples } from './statistic-gauges.js';
import { trackerGauges, type Look } from './tracker-gauges.js';

interface Shared {
  readonly runs: RunMetrics;
  /** names under which they are registered: prom-client changes those of counters when it writes OpenMetrics */
  readonly names: readonly string[];
  readonly looks: Set<Look>;
  readonly readers: Set<ReadSamples>;
}

/** The sources of the metrics of one application. */
export interface Feed {
  readonly events: TrackerEvents;
  readonly look: Look;
  readonly readSamples: ReadSamples;
}

/** A registry has a metric once, however many applications of the process feed it. */
const SHARED = new WeakMap<Registry, Map<string, Shared>>();

/**
 * Feeds the metrics of a registry from an application; they are registered for the first and go with the last.
 *
 * @returns ends it
 * @throws MissingPackageError; InvalidPartOptionError where the registry has metrics of these names from elsewhere
 */
export function feedMetrics(options: ResolvedPrometheusOptions, { events, look, readSamples }: Feed): () => void {
  const register = options.register ?? promClient().register;
  const ofRegistry = SHARED.get(register) ?? new Map<string, Shared>();
  const shared = ofRegistry.get(options.prefix) ?? registered(register, options);
  SHARED.set(register, ofRegistry.set(options.prefix, shared));
  shared.looks.add(look);
  shared.readers.add(readSamples);
  const subscription = events.all$.subscribe(shared.runs.entering());
  return () => {
    subscription.unsubscribe();
    shared.looks.delete(look);
    shared.readers.delete(readSamples);
    if (shared.looks.size > 0) return;
    for (const name of shared.names) register.removeSingleMetric(name);
    ofRegistry.delete(options.prefix);
  };
}

function registered(register: Registry, { prefix, buckets }: ResolvedPrometheusOptions): Shared {
  const client = promClient();
  const looks = new Set<Look>();
  const readers = new Set<ReadSamples>();
  const runs = runMetrics(client, prefix, buckets);
  const gauges = [...trackerGauges(client, prefix, looks), statisticGauge(client, prefix, readers)];
  const metrics: Named[] = [...runs.metrics, ...gauges].map((metric) => metric as Named);
  const names = metrics.map(({ name }) => name);
  const taken = names.find((name) => register.getSingleMetric(name) !== undefined);
  if (taken !== undefined) {
    throw new InvalidPartOptionError(
      'TrackstatsPrometheusModule',
      'prefix',
      prefix,
      `The registry has a metric ${taken} already that is not this library's. Give another prefix, or another register.`,
    );
  }
  for (const metric of metrics) register.registerMetric(metric);
  return { runs, names, looks, readers };
}

type Named = Metric & { readonly name: string };
