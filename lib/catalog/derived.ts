import { canonicalDecimal, divideDecimals } from '../database/decimal.js';
import {
  CircularMetricError,
  DerivedMetricError,
  DerivedValueError,
  InvalidDefinitionError,
} from '../errors/catalog.error.js';
import { callback, type Check, isOptions, recordOf } from '../validation/check.js';
import { readCallOptions, type Values } from '../validation/options.js';
import { shown } from '../errors/trackstats.error.js';
import {
  declareMetric,
  DERIVED_DETAILS,
  type DomainDefinition,
  isDomainDefinition,
  isMetricDefinition,
  type MetricDefinition,
  type MetricTarget,
  naturalKey,
} from './definitions.js';
import { Domain } from './domain.entity.js';
import { Metric } from './metric.entity.js';
import { byText } from './order.js';
import { checkRef, parseKey } from './ref.js';
import type { MetricDetails } from './unit.js';

/** A part of a derived metric: a metric, another derived one, or the natural key of one of them. */
export type DerivedPart = MetricDefinition | string;

/** A metric that is computed from others when it is read. Create it with `defineRatio` or `defineDerived`. */
export interface DerivedDefinition<K extends string = string> extends MetricDefinition<K> {
  /** the computation from its parts */
  readonly derivation: Derivation;
}

/** Computes the value of a derived metric from those of its parts. */
export type Derivation =
  | { readonly kind: 'ratio'; readonly parts: Readonly<Record<'of' | 'per', DerivedPart>> }
  | {
      readonly kind: 'function';
      readonly parts: Readonly<Record<string, DerivedPart>>;
      /** returns the value of a date, given those of its parts */
      readonly value: (parts: Readonly<Record<string, number>>) => unknown;
    };

/** @inline */
type DerivedFields<D extends string, R extends string> = { domain: DomainDefinition<D>; ref: R } & Omit<
  MetricDetails,
  'gauge'
>;

/** The decimals of a derived value, which are those of a stored one. */
const DECIMALS = 20;
/** The id of a metric that has no row. */
const UNSTORED = 0;

/** The derived metrics of this process, by natural key. */
const derivedMetrics = new Map<string, DerivedDefinition>();

/**
 * Declares a metric that is the quotient of two others. It is computed when it is read, exactly, to 20 decimals, and
 * nothing of it is stored. It is null where `per` is 0, where a part is unknown, and on an open date whose parts were
 * computed at different times.
 *
 * @param m `of`: the dividend; `per`: the divisor; `unit`: how people read it
 * @throws InvalidRefError, InvalidNameError, InvalidDefinitionError, InvalidArgumentError
 * @throws DefinitionConflictError if the metric is already defined in another way
 * @example
 * ```ts
 * const CONVERSION = defineRatio({ domain: SHOPPING, ref: 'conversion', of: PAID_ORDERS, per: ORDERS, unit: 'percent' });
 * ```
 */
export function defineRatio<const D extends string, const R extends string>(
  m: DerivedFields<D, R> & { of: DerivedPart; per: DerivedPart },
): DerivedDefinition<`${D}/${R}`> {
  const { of, per, ...fields } = readCallOptions('defineRatio', m, { ...FIELDS, of: part, per: part });
  return define<D, R>(fields, { kind: 'ratio', parts: Object.freeze({ of, per }) });
}

/**
 * Declares a metric that a function computes from others when it is read. Nothing of it is stored. It is null, and the
 * function is not called, where a part is unknown, and on an open date whose parts were computed at different times.
 *
 * @param m `from`: the parts by name; `value`: the function, which receives their numbers under these names. It has no
 * side effects, and may be called often. A result of NaN or Infinity, as after a division by zero, reads as null
 * @throws InvalidRefError, InvalidNameError, InvalidDefinitionError, InvalidArgumentError
 * @throws DefinitionConflictError if the metric is already defined in another way
 * @example
 * ```ts
 * const UNPAID_ORDERS = defineDerived({
 *   domain: SHOPPING,
 *   ref: 'unpaid_order_count',
 *   from: { all: ORDERS, paid: PAID_ORDERS },
 *   value: ({ all, paid }) => all - paid,
 * });
 * ```
 */
export function defineDerived<
  const D extends string,
  const R extends string,
  const F extends Readonly<Record<string, DerivedPart>>,
>(
  m: DerivedFields<D, R> & { from: F; value: (parts: { readonly [K in keyof F]: number }) => number | null },
): DerivedDefinition<`${D}/${R}`> {
  const { from, value, ...fields } = readCallOptions('defineDerived', m, {
    ...FIELDS,
    from: partsByName,
    value: callback<(given: Readonly<Record<string, number>>) => unknown>('(parts) => number | null'),
  });
  return define<D, R>(fields, { kind: 'function', parts: Object.freeze({ ...from }), value });
}

const part = (given: unknown): DerivedPart => {
  if (isMetricDefinition(given)) return given;
  if (typeof given !== 'string') throw new InvalidDefinitionError('metric', given);
  parseKey(given);
  return given;
};

const partsByName: Check<Readonly<Record<string, DerivedPart>>> = (given, refuse) =>
  isOptions(given) && Object.keys(given).length > 0
    ? recordOf(part)(given, refuse)
    : refuse('Expected at least one metric by name: { revenue: REVENUE, cost: COST }.');

const ofItsParts: Check<undefined> = (given, refuse) =>
  given === undefined
    ? undefined
    : refuse('The parts of a derived metric say whether they add up: give gauge to those whose values are levels.');

const FIELDS = {
  domain: (given: unknown): DomainDefinition => {
    if (isDomainDefinition(given)) return given;
    throw new InvalidDefinitionError('domain', given, true);
  },
  ref: checkRef,
  ...DERIVED_DETAILS,
  gauge: ofItsParts,
};

function define<D extends string, R extends string>(
  fields: Values<typeof FIELDS>,
  derivation: Derivation,
): DerivedDefinition<`${D}/${R}`> {
  const definition = declareMetric(fields, { derivation: Object.freeze(derivation) }, (derived) =>
    describe(derived as DerivedDefinition),
  ) as DerivedDefinition<`${D}/${R}`>;
  derivedMetrics.set(definition.key, definition);
  return definition;
}

/** Two definitions of one metric agree where these do. */
function describe({ derivation }: DerivedDefinition): object {
  const parts = Object.entries(derivation.parts).map(([role, one]) => [role, naturalKey(one)]);
  return { parts, ...(derivation.kind === 'function' && { value: String(derivation.value) }) };
}

/** Returns the definition of a derived metric, or null for a target that is none. */
export function derivedOf(target: MetricTarget): DerivedDefinition | null {
  if (typeof target === 'string') return derivedMetrics.get(target) ?? null;
  if (isMetricDefinition(target)) return 'derivation' in target ? (target as DerivedDefinition) : null;
  return target instanceof Metric && target.id === UNSTORED ? (derivedMetrics.get(target.key) ?? null) : null;
}

/** Returns the derived metrics that this process defines, by natural key. */
export function allDerived(): readonly DerivedDefinition[] {
  return [...derivedMetrics.values()].sort((a, b) => byText(a.key, b.key));
}

/**
 * Returns the metrics that are read for a target: itself, or the parts of a derived metric, and of derived parts theirs.
 *
 * @throws CircularMetricError
 */
export function storedParts(target: MetricTarget): readonly MetricTarget[] {
  const found = new Map<string, MetricTarget>();
  const visit = (one: MetricTarget, path: readonly string[]): void => {
    const derived = derivedOf(one);
    if (derived === null) {
      found.set(naturalKey(one), one);
      return;
    }
    if (path.includes(derived.key)) throw new CircularMetricError([...path, derived.key]);
    for (const inner of Object.values(derived.derivation.parts)) visit(inner, [...path, derived.key]);
  };
  visit(target, []);
  return [...found.values()];
}

/**
 * Returns the value of a derived metric.
 *
 * @param valueOf the exact value of a metric that is stored
 * @throws DerivedValueError if its function throws, or returns anything but a number or null
 */
export function deriveValue(target: MetricTarget, valueOf: (part: MetricTarget) => string | null): string | null {
  const derived = derivedOf(target);
  if (derived === null) return valueOf(target);
  const { derivation, key } = derived;
  const values = new Map(
    Object.entries(derivation.parts).map(([role, one]) => [role, deriveValue(one, valueOf)] as const),
  );
  if ([...values.values()].includes(null)) return null;
  if (derivation.kind === 'ratio') return divideDecimals(values.get('of') ?? '0', values.get('per') ?? '0', DECIMALS);
  const numbers = Object.fromEntries([...values].map(([role, value]) => [role, Number(value)]));
  let result: unknown;
  try {
    result = derivation.value(numbers);
  } catch (error) {
    throw new DerivedValueError(key, numbers, error instanceof Error ? `threw: ${error.message}` : 'threw', error);
  }
  if (result === null) return null;
  if (typeof result !== 'number') throw new DerivedValueError(key, numbers, `returned ${shown(result)}`);
  const decimal = Number.isFinite(result) ? canonicalDecimal(result) : null;
  return decimal === null ? null : divideDecimals(decimal, '1', DECIMALS);
}

/** Returns a metric that is not stored as an entity with id 0. */
export function unstoredMetric({ domain, ref, name, description, unit, better, gauge }: MetricDefinition): Metric {
  const owner = Object.assign(new Domain(), { id: UNSTORED, ref: domain.ref, name: domain.name ?? domain.ref });
  return Object.assign(new Metric(), {
    id: UNSTORED,
    domain: owner,
    ref,
    name: name ?? ref,
    description: description ?? null,
    unit: unit ?? null,
    better: better ?? null,
    gauge: gauge ?? false,
  });
}

/**
 * Refuses a derived metric where only stored ones make sense.
 *
 * @param call the call that an error names
 * @throws DerivedMetricError
 */
export function checkStored(call: string, target: MetricTarget): void {
  const derived = derivedOf(target);
  if (derived !== null)
    throw new DerivedMetricError(call, derived.key, Object.values(derived.derivation.parts).map(naturalKey));
}
