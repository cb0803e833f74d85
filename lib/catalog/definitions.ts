import { DefinitionConflictError, InvalidDefinitionError } from '../errors/catalog.error.js';
import type { Domain } from './domain.entity.js';
import type { Metric } from './metric.entity.js';
import { isOptions } from '../validation/check.js';
import { readCallOptions, type Checks, type Values } from '../validation/options.js';
import { checkDescription, checkName, checkRef } from './ref.js';

// Symbol.for: a definition stays one where an application has loaded the library twice
const DEFINITION: unique symbol = Symbol.for('nestjs-trackstats/definition');

/** A domain as an application declares it; made by `defineDomain` only. */
export interface DomainDefinition<R extends string = string> {
  readonly [DEFINITION]: 'domain';
  readonly ref: R;
  readonly name?: string | undefined;
}

/** A metric as an application declares it; made by `defineMetric` only. */
export interface MetricDefinition<K extends string = string> {
  readonly [DEFINITION]: 'metric';
  readonly domain: DomainDefinition;
  readonly ref: string;
  /** natural key: 'shopping/order_count' */
  readonly key: K;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
}

/** What names a metric: its definition, its entity, or its natural key as text. */
export type MetricTarget = MetricDefinition | Metric | string;

/** What names a domain: its definition, its entity, or its ref. */
export type DomainTarget = DomainDefinition | Domain | string;

const metrics = new Map<string, MetricDefinition>();

/**
 * Declares a domain. It is stored with the first use of one of its metrics; no database is needed here.
 *
 * @param d `ref`: 1–100 of A–Z a–z 0–9 _ . - ; `name`: for people, the ref where it is left out
 * @throws InvalidRefError, InvalidNameError
 * @example const SHOPPING = defineDomain({ ref: 'shopping', name: 'Shopping' });
 */
export function defineDomain<const R extends string>(d: { ref: R; name?: string | undefined }): DomainDefinition<R> {
  const { ref, name } = readDomain('defineDomain', d);
  return Object.freeze({
    [DEFINITION]: 'domain' as const,
    ref: ref as R,
    ...(name === undefined ? {} : { name }),
  });
}

/**
 * Declares a metric. It is stored on its first use; no database is needed here.
 *
 * @param m `ref`: unique in its domain, 1–100 of A–Z a–z 0–9 _ . - ; `name`: for people, the ref where it is left out
 * @throws InvalidRefError, InvalidNameError, InvalidDefinitionError
 * @throws DefinitionConflictError where the same metric is defined with another name or description
 * @example const ORDER_COUNT = defineMetric({ domain: SHOPPING, ref: 'order_count', name: 'Number of orders' });
 */
export function defineMetric<const D extends string, const R extends string>(m: {
  domain: DomainDefinition<D>;
  ref: R;
  name?: string | undefined;
  description?: string | undefined;
}): MetricDefinition<`${D}/${R}`> {
  const { domain, ref, ...given } = readMetric('defineMetric', m);
  if (!isDomainDefinition(domain)) throw new InvalidDefinitionError('domain', domain);
  const texts = textsOf(given);
  const key = `${domain.ref as D}/${ref as R}` as const;
  const first = metrics.get(key);
  if (first !== undefined && (first.name !== given.name || first.description !== given.description)) {
    throw new DefinitionConflictError(key, textsOf(first), texts);
  }
  const definition = Object.freeze({ [DEFINITION]: 'metric' as const, domain, ref, key, ...texts });
  metrics.set(key, definition);
  return definition;
}

const DOMAIN = { ref: checkRef, name: checkName };
const METRIC = { ...DOMAIN, domain: (given: unknown) => given as DomainTarget, description: checkDescription };

/**
 * Reads the fields of a domain that is declared or registered.
 *
 * @param call that they are given to
 * @throws InvalidArgumentError, InvalidRefError, InvalidNameError
 */
export function readDomain(call: string, given: unknown): Values<typeof DOMAIN> {
  return readCallOptions(call, fieldsOf(given, DOMAIN), DOMAIN);
}

/** As `readDomain`, for a metric. The domain itself is not checked. */
export function readMetric(call: string, given: unknown): Values<typeof METRIC> {
  return readCallOptions(call, fieldsOf(given, METRIC), METRIC);
}

/** Entities and definitions have other fields, too, which say nothing here; in a literal such a field is a mistake. */
function fieldsOf(given: unknown, checks: Checks): unknown {
  if (!isOptions(given)) return given ?? null;
  const isLiteral = Object.getPrototypeOf(given) === Object.prototype && brandOf(given) === undefined;
  return isLiteral ? given : Object.fromEntries(Object.keys(checks).map((name) => [name, given[name]]));
}

/** Whether a value was made by `defineDomain`. */
export function isDomainDefinition(value: unknown): value is DomainDefinition {
  return brandOf(value) === 'domain';
}

/** Whether a value was made by `defineMetric`. */
export function isMetricDefinition(value: unknown): value is MetricDefinition {
  return brandOf(value) === 'metric';
}

function brandOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { [DEFINITION]?: unknown })[DEFINITION] : undefined;
}

function textsOf({ name, description }: { name?: string | undefined; description?: string | undefined }): {
  name?: string | undefined;
  description?: string | undefined;
} {
  return { ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }) };
}
