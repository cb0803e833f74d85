import sql, { join, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import type { Dialect } from '../database/dialects/dialect.js';
import { execute, type Work } from '../database/work.js';
import {
  definedMetrics,
  isMetricDefinition,
  type MetricDefinition,
  type MetricTarget,
  naturalKey,
} from './definitions.js';
import { ensureDomain } from './domain.query.js';
import { Metric } from './metric.entity.js';
import { findMetric, findMetrics, isMetric, selectMetrics, unknownMetric } from './metric.query.js';
import { byText } from './order.js';
import { type MetricDetails, type MetricUnit, unitText } from './unit.js';

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
  for (const target of targets.filter((_, place) => found[place] === null).sort(inOrderOfStoring)) {
    if (!missing.has(target)) missing.set(target, yield* resolveMetric(database, target));
  }
  return targets.map((target, place) => found[place] ?? (missing.get(target) as Metric));
}

/** Stores a metric, and its domain, unless they are stored already. */
export function* ensureMetric(
  database: Database,
  domain: { ref: string; name?: string | undefined },
  m: { ref: string } & MetricDetails,
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
    ...(m.unit === undefined ? {} : { unit: dialect.text(unitText(m.unit)) }),
    ...(m.better === undefined ? {} : { better: dialect.text(m.better) }),
    ...(m.gauge === undefined ? {} : { gauge: dialect.boolean(m.gauge) }),
  };
  yield* execute(dialect.insertIfAbsent(database.table(Metric), values, ['domain.id', 'ref']));
  // locked, so that a transaction of the application with an older snapshot sees the row of another one
  const condition = isMetric(database, { domain: ref, metric: m.ref });
  const [metric] = yield* selectMetrics(database, sql`${condition} ${dialect.forShare}`);
  return metric as Metric;
}

/** New values of a metric's fields. `undefined` leaves a field as it is. */
export interface MetricChange {
  readonly ref?: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly unit?: MetricUnit | null | undefined;
  readonly better?: 'up' | 'down' | null | undefined;
  readonly gauge?: boolean | undefined;
}

const CHANGEABLE = ['ref', 'name', 'description', 'unit', 'better', 'gauge'] as const;

/** Stores the fields of a metric that change. */
export function* updateMetric(database: Database, metric: Metric, change: MetricChange): Work<void> {
  const { dialect } = database;
  const table = database.table(Metric);
  const changed = CHANGEABLE.filter((field) => differs(metric[field], change[field]));
  if (changed.length === 0) return;
  const values = changed.map((field) => sql`${table.column(field)} = ${bound(dialect, change[field])}`);
  const id = sql`${table.column('id')} = ${dialect.integer(metric.id)}`;
  yield* execute(sql`UPDATE ${table.path} SET ${join(values)} WHERE ${id}`);
  for (const field of changed) Object.assign(metric, { [field]: change[field] });
}

type FieldValue = MetricUnit | boolean | null;

/** A field's value as its column has it. */
function storedValue(value: FieldValue | undefined): string | boolean | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'boolean' ? value : unitText(value);
}

function bound(dialect: Dialect, value: FieldValue | undefined): Sql {
  const stored = storedValue(value);
  if (stored === null) return sql`NULL`;
  return typeof stored === 'boolean' ? dialect.boolean(stored) : dialect.text(stored);
}

function differs(stored: FieldValue, given: FieldValue | undefined): boolean {
  return given !== undefined && storedValue(given) !== storedValue(stored);
}

/** The details that a start stores where a definition has others. */
const KEPT = ['unit', 'better', 'gauge'] as const;

/** Finds the stored metrics of which a unit, `better` or `gauge` is another than that of their definition in this process. */
export function* outdatedDetails(database: Database): Work<readonly { metric: Metric; defined: MetricDefinition }[]> {
  const definitions = definedMetrics().filter((defined) => KEPT.some((field) => defined[field] !== undefined));
  const found = yield* findMetrics(database, definitions);
  return definitions.flatMap((defined, place) => {
    const metric = found[place] ?? null;
    const isOutdated = metric !== null && KEPT.some((field) => differs(metric[field], defined[field]));
    return isOutdated ? [{ metric, defined }] : [];
  });
}

/** Stores the details that `outdatedDetails` finds. */
export function* updateDetails(database: Database): Work<void> {
  for (const { metric, defined } of yield* outdatedDetails(database)) {
    const { unit, better, gauge } = defined;
    yield* updateMetric(database, metric, { unit, better, gauge });
  }
}

function* storeOrThrow(database: Database, target: MetricTarget): Work<Metric> {
  if (!isMetricDefinition(target)) throw yield* unknownMetric(database, target);
  return yield* ensureMetric(database, target.domain, target);
}

/** By natural key, and definitions first: they store the metric that a text names. */
export function inOrderOfStoring(a: MetricTarget, b: MetricTarget): number {
  return byText(naturalKey(a), naturalKey(b)) || Number(isMetricDefinition(b)) - Number(isMetricDefinition(a));
}
