import type { AggregateFunction } from '../catalog/aggregates.js';
import { readArgument } from '../validation/options.js';

declare const AGGREGATE: unique symbol;

/**
 * What a tracker computes of its rows, over a day, a window or all time. F names the function, P its property path.
 */
export interface Aggregate<F extends string = string, P extends string = string> {
  readonly [AGGREGATE]: [F, P];
}

/** An aggregate as the engine reads it. */
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

/** What an aggregate computes; undefined where the value was not made by one of the functions here. */
export function specOf(made: unknown): AggregateSpec | undefined {
  return typeof made === 'object' && made !== null ? specs.get(made) : undefined;
}

/** The number of rows, each primary key once however many joined rows it has. */
export function count(): Aggregate<'count', never> {
  return aggregate('count', null);
}

/** The number of different values of a property, exact over every window; NULL is no value. */
export function countDistinct<const P extends string>(field: P): Aggregate<'countDistinct', P> {
  return aggregate('countDistinct', field);
}

/** The sum of a numeric property; 0 where a bucket has rows but no values. */
export function sum<const P extends string>(field: P): Aggregate<'sum', P> {
  return aggregate('sum', field);
}

/** Sum ÷ number of values, over the rows of the whole window; NULL where there is no value. */
export function avg<const P extends string>(field: P): Aggregate<'avg', P> {
  return aggregate('avg', field);
}

/** The least value of a numeric property; NULL where there is no value. */
export function min<const P extends string>(field: P): Aggregate<'min', P> {
  return aggregate('min', field);
}

/** The greatest value of a numeric property; NULL where there is no value. */
export function max<const P extends string>(field: P): Aggregate<'max', P> {
  return aggregate('max', field);
}

/** The aggregate functions under one name, for those whose imports have another `count` or `max`. */
export const Aggregate = Object.freeze({ count, countDistinct, sum, avg, min, max } satisfies Record<
  AggregateFunction,
  unknown
>);
