import sql, { join, type Sql } from 'sql-template-tag';
import { batchesOf } from '../database/batches.js';
import { namedColumns } from '../database/columns.js';
import type { Database } from '../database/database.js';
import type { ExpectedRows } from '../database/dialects/dialect.js';
import { query, type Work } from '../database/work.js';
import { InvalidDefinitionError, UnknownMetricError } from '../errors/catalog.error.js';
import { definedMetrics, isMetricDefinition, type MetricTarget, naturalKey } from './definitions.js';
import { allDerived } from './derived.js';
import { Domain } from './domain.entity.js';
import { isText } from './domain.query.js';
import { Metric } from './metric.entity.js';
import { nearest } from '../validation/nearest.js';
import { parseKey } from './ref.js';
import { unitOfText, unitText } from './unit.js';
import type { Check } from '../validation/check.js';

export interface MetricRow {
  id: number;
  ref: string;
  name: string;
  description: string | null;
  unit: string | null;
  better: 'up' | 'down' | null;
  gauge: number | bigint;
  domain_id: number;
  domain_ref: string;
  domain_name: string;
}

/** Databases limit the number of conditions in one expression. */
const MOST_CONDITIONS = 500;

/** The key by which a metric is found: its refs or, for an entity, its id, which a rename does not change. */
export type MetricKey = { readonly domain: string; readonly metric: string } | { readonly id: number };

/**
 * Returns the key of a target's metric.
 *
 * @throws InvalidRefError for text that is not a natural key
 * @throws InvalidDefinitionError for anything that is not a target
 */
export function metricKeyOf(target: MetricTarget): MetricKey {
  if (typeof target === 'string') return parseKey(target);
  if (isMetricDefinition(target)) return { domain: target.domain.ref, metric: target.ref };
  if (target instanceof Metric && typeof target.id === 'number') return { id: target.id };
  throw new InvalidDefinitionError('metric', target);
}

/** Accepts a metric in any of its forms. */
export const metricTarget: Check<MetricTarget> = (given) => {
  metricKeyOf(given as MetricTarget);
  return given as MetricTarget;
};

/** Finds stored metrics, with their domains, by a condition on `m` (metric) and `d` (domain). */
export function* selectMetrics(database: Database, condition: Sql): Work<Metric[]> {
  const rows = yield* query<MetricRow>(
    sql`SELECT ${metricColumns(database)} FROM ${metricTables(database)} WHERE ${condition}`,
  );
  return rows.map(metricOf);
}

/** Finds all stored metrics. */
export function allMetrics(database: Database): Work<Metric[]> {
  return selectMetrics(database, sql`1 = 1`);
}

/** Finds the stored metrics of a domain. */
export function metricsOfDomain(database: Database, { id }: Pick<Domain, 'id'>): Work<Metric[]> {
  return selectMetrics(database, sql`d.${database.table(Domain).column('id')} = ${database.dialect.integer(id)}`);
}

/** Returns the columns of `metricTables` that `metricOf` reads. */
export function metricColumns(database: Database): Sql {
  return namedColumns(metricFields(database));
}

/** Returns the columns of `metricTables` by the names that `metricOf` reads. */
export function metricFields(database: Database): Readonly<Record<keyof MetricRow, Sql>> {
  const metric = database.table(Metric);
  const domain = database.table(Domain);
  const ofMetric = (property: string): Sql => sql`m.${metric.column(property)}`;
  const ofDomain = (property: string): Sql => sql`d.${domain.column(property)}`;
  return {
    id: ofMetric('id'),
    ref: ofMetric('ref'),
    name: ofMetric('name'),
    description: ofMetric('description'),
    unit: ofMetric('unit'),
    better: ofMetric('better'),
    // drivers return a boolean in many forms
    gauge: sql`CASE WHEN ${ofMetric('gauge')} THEN 1 ELSE 0 END`,
    domain_id: ofDomain('id'),
    domain_ref: ofDomain('ref'),
    domain_name: ofDomain('name'),
  };
}

/** Returns the tables of metrics as `m` and their domains as `d`. */
export function metricTables(database: Database): Sql {
  const metric = database.table(Metric);
  const domain = database.table(Domain);
  return sql`${metric.path} m JOIN ${domain.path} d ON d.${domain.column('id')} = m.${metric.column('domain.id')}`;
}

/** Returns the condition that a stored metric has a key. */
export function isMetric(database: Database, key: MetricKey): Sql {
  const metric = database.table(Metric);
  if ('id' in key) return sql`m.${metric.column('id')} = ${database.dialect.integer(key.id)}`;
  const domain = database.table(Domain);
  const { dialect } = database;
  return sql`(d.${domain.column('ref')} = ${dialect.text(key.domain)} AND m.${metric.column('ref')} = ${dialect.text(key.metric)})`;
}

/** Returns the condition that a target still names a metric that was read. */
export function isStill(database: Database, target: MetricTarget, metric: Metric): Sql {
  const conditions = sql`${isMetric(database, metricKeyOf(target))} AND ${isMetric(database, { id: metric.id })}`;
  return sql`EXISTS (SELECT 1 FROM ${metricTables(database)} WHERE ${conditions})`;
}

/** Returns a metric as a row that must still be as it was read. */
export function expectedMetric(database: Database, metric: Metric): ExpectedRows {
  const { dialect } = database;
  const table = database.table(Metric);
  const { id, domain, ref, name, description, unit, better, gauge } = metric;
  const texts = { ref, name, description, unit: unit === null ? null : unitText(unit), better };
  const condition = (alias: Sql): Sql => {
    const column = (property: string): Sql => sql`${alias}.${table.column(property)}`;
    const conditions = [
      sql`${column('id')} = ${dialect.integer(id)}`,
      sql`${column('domain.id')} = ${dialect.integer(domain.id)}`,
      sql`${column('gauge')} = ${dialect.boolean(gauge)}`,
      ...Object.entries(texts).map(([field, text]) => isText(database, column(field), text)),
    ];
    return join(conditions, ' AND ');
  };
  return { table, keys: ['id'], condition, count: 1 };
}

/** Finds the stored metrics of targets, in their order, with null for one that is not stored. */
export function* findMetrics(database: Database, targets: readonly MetricTarget[]): Work<(Metric | null)[]> {
  const found: Metric[] = [];
  for (const condition of metricConditions(database, targets))
    found.push(...(yield* selectMetrics(database, condition)));
  return inOrderOf(targets, found);
}

/** Yields conditions that a stored metric belongs to some of the targets. Together they cover all targets. */
export function* metricConditions(database: Database, targets: readonly MetricTarget[]): Generator<Sql> {
  const conditions = [...new Set(targets)].map((target) => isMetric(database, metricKeyOf(target)));
  for (const some of batchesOf(conditions, MOST_CONDITIONS)) yield sql`(${join(some, ' OR ')})`;
}

/** Returns the metrics of targets among those that were found, in the targets' order, with null for a missing one. */
export function inOrderOf(targets: readonly MetricTarget[], found: readonly Metric[]): (Metric | null)[] {
  const byId = new Map(found.map((metric) => [metric.id, metric]));
  const byKey = new Map(found.map((metric) => [metric.key, metric]));
  return targets
    .map(metricKeyOf)
    .map((key) => ('id' in key ? byId.get(key.id) : byKey.get(`${key.domain}/${key.metric}`)) ?? null);
}

/** Finds the stored metric of a target, or null. */
export function* findMetric(database: Database, target: MetricTarget): Work<Metric | null> {
  const [metric = null] = yield* findMetrics(database, [target]);
  return metric;
}

/** Returns the error for a target that is not stored, with the nearest of the keys that are stored or defined. */
export function* unknownMetric(database: Database, target: MetricTarget): Work<UnknownMetricError> {
  const key = naturalKey(target);
  const stored = yield* allMetrics(database);
  const known = [...stored, ...definedMetrics(), ...allDerived()].map((metric) => metric.key);
  // defined, and not stored yet
  return new UnknownMetricError(key, known.includes(key) ? key : nearest(key, known));
}

/** Returns a copy of a metric, for a caller who may change it. */
export function copyOf(metric: Metric): Metric {
  return Object.assign(new Metric(), metric, { domain: Object.assign(new Domain(), metric.domain) });
}

/** Returns a row of `metricColumns` as its entity. */
export function metricOf(row: MetricRow): Metric {
  const domain = Object.assign(new Domain(), { id: row.domain_id, ref: row.domain_ref, name: row.domain_name });
  const { id, ref, name, description, better } = row;
  const unit = row.unit === null ? null : unitOfText(row.unit);
  return Object.assign(new Metric(), {
    id,
    domain,
    ref,
    name,
    description,
    unit,
    better,
    gauge: Number(row.gauge) === 1,
  });
}
