import sql from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { execute, type Work } from '../database/work.js';
import { isMetricDefinition, type MetricTarget } from './definitions.js';
import { ensureDomain } from './domain.query.js';
import { Metric } from './metric.entity.js';
import { findMetric, findMetrics, isMetric, selectMetrics, unknownMetric } from './metric.query.js';
import { byText } from './order.js';

/**
 * Returns the stored metric of a target, inside a transaction. A definition is stored on its first use.
 *
 * @throws UnknownMetricError for text and entities that are not stored
 */
export function* resolveMetric(database: Database, target: MetricTarget): Work<Metric> {
  const metric = yield* findMetric(database, target);
  return metric ?? (yield* storeOrThrow(database, target));
}

/** Returns the stored metrics of several targets, in their order. A definition is stored on its first use. */
export function* resolveMetrics(database: Database, targets: readonly MetricTarget[]): Work<Metric[]> {
  const found = yield* findMetrics(database, targets);
  const missing = new Map<MetricTarget, Metric>();
  // in one order, so that concurrent transactions cannot deadlock
  for (const target of targets.filter((_, place) => found[place] === null).sort(byKey)) {
    if (!missing.has(target)) missing.set(target, yield* resolveMetric(database, target));
  }
  return targets.map((target, place) => found[place] ?? (missing.get(target) as Metric));
}

/** Stores a metric, and its domain, unless they are stored already. */
export function* ensureMetric(
  database: Database,
  domain: { ref: string; name?: string | undefined },
  m: { ref: string; name?: string | undefined; description?: string | undefined },
): Work<Metric> {
  const { dialect } = database;
  const { id, ref } = yield* ensureDomain(database, domain);
  const stored = yield* findMetric(database, `${ref}/${m.ref}`);
  if (stored !== null) return stored;
  const values = {
    'domain.id': dialect.integer(id),
    ref: dialect.text(m.ref),
    name: dialect.text(m.name ?? m.ref),
    ...(m.description === undefined ? {} : { description: dialect.text(m.description) }),
  };
  yield* execute(dialect.insertIfAbsent(database.table(Metric), values, ['domain.id', 'ref']));
  // locked, so that a transaction of the application with an older snapshot sees the row of another one
  const condition = isMetric(database, { domain: ref, metric: m.ref });
  const [metric] = yield* selectMetrics(database, sql`${condition} ${dialect.forShare}`);
  return metric as Metric;
}

function* storeOrThrow(database: Database, target: MetricTarget): Work<Metric> {
  if (!isMetricDefinition(target)) throw yield* unknownMetric(database, target);
  return yield* ensureMetric(database, target.domain, target);
}

function byKey(a: MetricTarget, b: MetricTarget): number {
  return byText(targetKey(a), targetKey(b));
}

function targetKey(target: MetricTarget): string {
  return typeof target === 'string' ? target : target.key;
}
