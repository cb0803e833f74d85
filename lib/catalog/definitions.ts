import { DefinitionConflictError, InvalidDefinitionError } from '../errors/catalog.error.js';
import type { Domain } from './domain.entity.js';
import type { Metric } from './metric.entity.js';
import { boolean, isOptions, oneOf, optional, orNull } from '../validation/check.js';
import { readCallOptions, type Checks, type Values } from '../validation/options.js';
import { byText } from './order.js';
import { checkDescription, checkName, checkRef } from './ref.js';
import { type MetricDetails, metricUnit, type MetricUnit } from './unit.js';

// Symbol.for, because an application may have loaded the library twice
const DEFINITION: unique symbol = Symbol.for('nestjs-trackstats/definition');

/** A domain as your application declares it. Create it with `defineDomain`. */
export interface DomainDefinition<R extends string = string> {
  readonly [DEFINITION]: 'domain';
  readonly ref: R;
  readonly name?: string | undefined;
}

/** A metric as your application declares it. Create it with `defineMetric`. */
export interface MetricDefinition<K extends string = string> {
  readonly [DEFINITION]: 'metric';
  readonly domain: DomainDefinition;
  readonly ref: string;
  /** the natural key, for example 'shopping/order_count' */
  readonly key: K;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly unit?: MetricUnit | undefined;
  readonly better?: 'up' | 'down' | undefined;
  readonly gauge?: boolean | undefined;
}

/** A reference to a metric: its definition, its entity, or its natural key as text. */
export type MetricTarget = MetricDefinition | Metric | string;

/** A reference to a domain: its definition, its entity, or its ref as text. */
export type DomainTarget = DomainDefinition | Domain | string;

/** the definitions so far, by natural key */
const defined = new Map<string, MetricDefinition>();

/**
 * Declares a domain, which groups metrics. It is stored when one of its metrics is first used to write; no database is
 * needed here.
 *
 * @param d `ref`: 1–100 of A–Z a–z 0–9 _ . - ; `name`: shown to people, by default the ref
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
 * Declares a metric, one thing to keep track of. It is stored when it is first used to write; no database is needed
 * here.
 *
 * @param m `ref`: unique in its domain, 1–100 of A–Z a–z 0–9 _ . - ; `name`: shown to people, by default the ref;
 * `unit`: the unit in which people read its values; `better`: the direction of a change for the better; `gauge`: true if
 * its values are levels, such as a stock or a temperature. Those of different dates do not add up: a range has the latest
 * one
 * @throws InvalidRefError, InvalidNameError, InvalidDefinitionError, InvalidArgumentError
 * @throws DefinitionConflictError if the metric is already defined with another name, description, unit, `better` or
 * `gauge`
 * @example const ORDERS = defineMetric({ domain: SHOPPING, ref: 'order_count', name: 'Number of orders' });
 * @example const REVENUE = defineMetric({ domain: SHOPPING, ref: 'revenue', unit: { currency: 'EUR' }, better: 'up' });
 * @example const STOCK = defineMetric({ domain: SHOPPING, ref: 'stock', gauge: true });
 */
export function defineMetric<const D extends string, const R extends string>(
  m: { domain: DomainDefinition<D>; ref: R } & MetricDetails,
): MetricDefinition<`${D}/${R}`> {
  const { domain, ref, ...details } = readMetric('defineMetric', m);
  if (!isDomainDefinition(domain)) throw new InvalidDefinitionError('domain', domain, true);
  return declareMetric({ domain, ref, ...details }, {}) as MetricDefinition<`${D}/${R}`>;
}

/** Returns the definitions of this process by natural key, without those of derived metrics. */
export function definedMetrics(): readonly MetricDefinition[] {
  return [...defined.values()]
    .filter((definition) => !('derivation' in definition))
    .sort((a, b) => byText(a.key, b.key));
}

/**
 * Makes the definition of a metric, and keeps its key for it.
 *
 * @param more the fields of a derived metric
 * @param describe what has to be the same in all definitions of a metric, beside its details
 * @throws DefinitionConflictError
 */
export function declareMetric(
  m: { domain: DomainDefinition; ref: string } & MetricDetails,
  more: object,
  describe: (definition: MetricDefinition) => object = () => ({}),
): MetricDefinition {
  const { domain, ref, ...details } = m;
  const key = `${domain.ref}/${ref}`;
  const definition = Object.freeze({
    [DEFINITION]: 'metric' as const,
    domain,
    ref,
    ...detailsOf(details),
    key,
    ...more,
  });
  const described = (one: MetricDefinition): object => ({ ...describe(one), ...detailsOf(one) });
  const first = defined.get(key);
  if (first !== undefined) {
    const isAlike = 'derivation' in first === 'derivation' in definition;
    const [before, now] = [
      isAlike ? described(first) : kindOf(first),
      isAlike ? described(definition) : kindOf(definition),
    ];
    if (JSON.stringify(before) !== JSON.stringify(now)) throw new DefinitionConflictError(key, before, now);
  }
  defined.set(key, definition);
  return definition;
}

function kindOf(definition: MetricDefinition): object {
  return { kind: 'derivation' in definition ? 'derived metric' : 'metric' };
}

const DOMAIN = { ref: checkRef, name: checkName };
const METRIC = {
  ...DOMAIN,
  domain: (given: unknown) => given as DomainTarget,
  description: checkDescription,
  unit: optional(metricUnit),
  better: optional(oneOf('up', 'down')),
  gauge: optional(boolean),
};
const REGISTERED = { ...METRIC, unit: orNull(METRIC.unit), better: orNull(METRIC.better) };

/** The checks of the details that a derived metric has, too. */
export const DERIVED_DETAILS = {
  name: METRIC.name,
  description: METRIC.description,
  unit: METRIC.unit,
  better: METRIC.better,
};

/**
 * Reads the fields of a domain to declare or register.
 *
 * @param call the call that an error names
 * @throws InvalidArgumentError, InvalidRefError, InvalidNameError
 */
export function readDomain(call: string, given: unknown): Values<typeof DOMAIN> {
  return readCallOptions(call, fieldsOf(given, DOMAIN), DOMAIN);
}

/** Reads the fields of a metric to declare. Does not check the domain. */
function readMetric(call: string, given: unknown): Values<typeof METRIC> {
  return readCallOptions(call, fieldsOf(given, METRIC), METRIC);
}

/** Reads the fields of a metric to register, where null removes a unit. Does not check the domain. */
export function readRegistered(call: string, given: unknown): Values<typeof REGISTERED> {
  return readCallOptions(call, fieldsOf(given, REGISTERED), REGISTERED);
}

/**
 * Entities and definitions have further fields, which are ignored. In an object literal, an unknown field is a mistake.
 */
function fieldsOf(given: unknown, checks: Checks): unknown {
  if (!isOptions(given)) return given ?? null;
  const isLiteral = Object.getPrototypeOf(given) === Object.prototype && brandOf(given) === undefined;
  return isLiteral ? given : Object.fromEntries(Object.keys(checks).map((name) => [name, given[name]]));
}

/** Returns the natural key of a metric: 'shopping/order_count'. */
export function naturalKey(target: MetricTarget): string {
  return typeof target === 'string' ? target : target.key;
}

/** True if `defineDomain` created the value. */
export function isDomainDefinition(value: unknown): value is DomainDefinition {
  return brandOf(value) === 'domain';
}

/** True if `defineMetric` created the value. */
export function isMetricDefinition(value: unknown): value is MetricDefinition {
  return brandOf(value) === 'metric';
}

function brandOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { [DEFINITION]?: unknown })[DEFINITION] : undefined;
}

function detailsOf({ name, description, unit, better, gauge }: MetricDetails): MetricDetails {
  const given = Object.entries({ name, description, unit, better, gauge }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}
