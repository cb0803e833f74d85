import type { CatalogMetric, MetricsResponse } from '../../../http/resources.js';
import { get } from '../api.js';

/** Asks for some metrics, by their keys and in the order of these. Those that are not stored are left out. */
export async function metricsOf(keys: readonly string[], signal: AbortSignal): Promise<readonly CatalogMetric[]> {
  const { data } = await get<MetricsResponse>(['metrics'], { metric: keys }, signal);
  const found = new Map(data.metrics.map((metric) => [metric.key, metric]));
  return keys.flatMap((key) => found.get(key) ?? []);
}

/** Asks for all metrics, with everything that can be asked of each. */
export async function allMetrics(signal: AbortSignal): Promise<readonly CatalogMetric[]> {
  const metrics: CatalogMetric[] = [];
  for (;;) {
    const { data } = await get<MetricsResponse>(['metrics'], { offset: metrics.length }, signal);
    metrics.push(...data.metrics);
    if (data.metrics.length === 0 || metrics.length >= data.total) return metrics;
  }
}
