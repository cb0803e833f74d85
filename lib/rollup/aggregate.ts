import type { AggregateFunction } from '../catalog/aggregates.js';
import { readArgument } from '../validation/options.js';

declare const AGGREGATE: unique symbol;

/**
 * The value that a tracker computes from its rows, over a day, a window or all time. F names the function, P its
 * property path.
 */
export interface Aggregate<F extends string = string, P extends string = string> {
  readonly [AGGREGATE]: [F, P];
}

/** An aggregate, checked. */
export interface AggregateSpec {
  readonly function: AggregateFunction;
  /** property path; null for count */
  readonly field: string | null;
}

const specs = new WeakMap<object, AggregateSpec>();

function aggregate<F extends AggregateFunction, P extends string>(name: F, field: string | null): Aggregate<F, P> {
  const made = Object.freeze({ function: name, field: name === 'count' ? null : property(name, field) });
  specs.set(made, made);
  return made as unknown as Aggregate<F, P>;
}

function property(name: AggregateFunction, given: unknown): string {
  return readArgument(`${name}: field`, given, (field, refuse) => {
    return typeof field === 'string' && field !== '' ? field : refuse(`Expected a property: ${name}('total').`);
  });
}

/** Returns what an aggregate computes, or undefined if none of the functions here created it. */
export function aggregateSpecOf(made: unknown): AggregateSpec | undefined {
  return typeof made === 'object' && made !== null ? specs.get(made) : undefined;
}

/**
 * Counts rows. Each primary key counts once, however many joined rows it has.
 *
 * @example
 * ```ts
 * @Track({ metric: PAID_ORDERS, source: Order, dateField: 'paidAt', aggregate: count(), period: Period.DAY })
 * export class PaidOrderTracker extends ObjectsByDateTracker {}
 * ```
 */
export function count(): Aggregate<'count', never> {
  return aggregate('count', null);
}

/**
 * Counts the different values of a property, exactly over every window. NULL does not count.
 *
 * @example
 * ```ts
 * @Track({ metric: BUYERS, source: Order, dateField: 'paidAt', aggregate: countDistinct('customer'), period: Period.DAY })
 * export class BuyerTracker extends ObjectsByDateTracker {}
 * ```
 */
export function countDistinct<const P extends string>(field: P): Aggregate<'countDistinct', P> {
  return aggregate('countDistinct', field);
}

/**
 * Adds up a numeric property. The sum of rows without values is 0.
 *
 * @example
 * ```ts
 * @Track({ metric: REVENUE, source: Order, dateField: 'paidAt', aggregate: sum('total'), period: Period.DAY })
 * export class RevenueTracker extends ObjectsByDateTracker {}
 * ```
 */
export function sum<const P extends string>(field: P): Aggregate<'sum', P> {
  return aggregate('sum', field);
}

/**
 * Averages a numeric property: sum ÷ number of values, over the rows of the whole window. NULL if there are no values.
 *
 * @example
 * ```ts
 * @Track({ metric: AVERAGE_ORDER, source: Order, dateField: 'paidAt', aggregate: avg('total'), period: Period.DAY })
 * export class AverageOrderTracker extends ObjectsByDateTracker {}
 * ```
 */
export function avg<const P extends string>(field: P): Aggregate<'avg', P> {
  return aggregate('avg', field);
}

/**
 * Takes the least value of a numeric property. NULL if there are no values.
 *
 * @example
 * ```ts
 * const LEAST_ORDER = defineMetric({ domain: SHOPPING, ref: 'least_order' });
 *
 * @Track({ metric: LEAST_ORDER, source: Order, dateField: 'paidAt', aggregate: min('total'), period: Period.DAY })
 * export class LeastOrderTracker extends ObjectsByDateTracker {}
 * ```
 */
export function min<const P extends string>(field: P): Aggregate<'min', P> {
  return aggregate('min', field);
}

/**
 * Takes the greatest value of a numeric property. NULL if there are no values.
 *
 * @example
 * ```ts
 * const GREATEST_ORDER = defineMetric({ domain: SHOPPING, ref: 'greatest_order' });
 *
 * @Track({ metric: GREATEST_ORDER, source: Order, dateField: 'paidAt', aggregate: max('total'), period: Period.DAY })
 * export class GreatestOrderTracker extends ObjectsByDateTracker {}
 * ```
 */
export function max<const P extends string>(field: P): Aggregate<'max', P> {
  return aggregate('max', field);
}

/**
 * Provides the aggregate functions under one name, for code in which `count` or `max` has another meaning.
 *
 * @example
 * ```ts
 * @Track({ metric: PAID_ORDERS, source: Order, dateField: 'paidAt', aggregate: Aggregate.count(), period: Period.DAY })
 * export class PaidOrderTracker extends ObjectsByDateTracker {}
 * ```
 */
export const Aggregate = Object.freeze({ count, countDistinct, sum, avg, min, max } satisfies Record<
  AggregateFunction,
  unknown
>);
