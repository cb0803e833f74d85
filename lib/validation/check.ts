import { type EntityManager, InstanceChecker } from 'typeorm';
import { checkDateInput, type CheckedDateInput } from '../time/local-date.js';

/**
 * Rejects a value with a sentence such as 'Expected true or false.'
 *
 * @param part the part of the value that is wrong, with its name
 */
export type Refuse = (expected: string, part?: { readonly name: string; readonly given: unknown }) => never;

/** Reads one argument or option: returns the value to use, or refuses it. It may throw another typed error itself. */
export type Check<T> = (given: unknown, refuse: Refuse) => T;

/** Lets a value be left out: `undefined` stays `undefined`. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (given, refuse) => (given === undefined ? undefined : check(given, refuse));
}

/** Accepts null in place of a value. */
export function orNull<T>(check: Check<T>): Check<T | null> {
  return (given, refuse) => (given === null ? null : check(given, refuse));
}

/** Lets a value be left out, with a default in its place. */
export function withDefault<T>(check: Check<T>, value: NoInfer<T>): Check<T> {
  return (given, refuse) => (given === undefined ? value : check(given, refuse));
}

export const boolean: Check<boolean> = (given, refuse) =>
  typeof given === 'boolean' ? given : refuse('Expected true or false.');

export const text: Check<string> = (given, refuse) =>
  typeof given === 'string' && given !== '' ? given : refuse('Expected text.');

/** Accepts one of the given texts. */
export function oneOf<const T extends string>(...allowed: readonly T[]): Check<T> {
  return (given, refuse) =>
    allowed.includes(given as T) ? (given as T) : refuse(`Expected ${allowed.map((one) => `'${one}'`).join(' or ')}.`);
}

/** @param unit the plural of the counted thing: 'days' */
export function wholeNumber(unit: string, least = 0): Check<number> {
  return (given, refuse) =>
    Number.isSafeInteger(given) && (given as number) >= least
      ? (given as number)
      : refuse(`Expected a whole number of ${unit}, ${least} or more.`);
}

/** @param shape how it is called: '(progress) => void' */
export function callback<F extends (...args: never[]) => unknown>(shape: string): Check<F> {
  return (given, refuse) => (typeof given === 'function' ? (given as F) : refuse(`Expected a function: ${shape}.`));
}

export const instant: Check<Date> = (given, refuse) =>
  given instanceof Date && !Number.isNaN(given.getTime()) ? given : refuse('Expected a valid Date.');

/**
 * Accepts a local date, or an instant in place of its local date.
 *
 * @throws InvalidDateError
 */
export const localDate: Check<CheckedDateInput> = (given) => checkDateInput(given);

// by shape, because jsdom and older libraries bring their own AbortSignal
export const abortSignal: Check<AbortSignal> = (given, refuse) => {
  const signal = given as Partial<AbortSignal> | null | undefined;
  const isSignal = typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function';
  return isSignal ? (signal as AbortSignal) : refuse('Expected an AbortSignal: new AbortController().signal.');
};

/** Refuses a part of a value, by the name of that part within the whole. */
export function refusePart(refuse: Refuse, name: string, given: unknown): Refuse {
  return (expected, part) =>
    part === undefined
      ? refuse(expected, { name, given })
      : refuse(expected, { name: `${name}.${part.name}`, given: part.given });
}

/** Accepts an array whose values pass a check. */
export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (given, refuse) =>
    Array.isArray(given) ? given.map((one) => check(one, refuse)) : refuse('Expected an array.');
}

/** Accepts an object whose values pass a check. */
export function recordOf<T>(check: Check<T>): Check<Readonly<Record<string, T>>> {
  return (given, refuse) => {
    if (!isOptions(given)) return refuse('Expected an object of values by name.');
    const values = Object.entries(given).map(([name, value]) => [name, check(value, refusePart(refuse, name, value))]);
    return Object.fromEntries(values) as Record<string, T>;
  };
}

/** True for a plain object or an instance of a class. False for an array, Date, Map or Promise. */
export function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** True for a class. An arrow function has no prototype. */
export function isClass(value: unknown): value is abstract new (...given: never[]) => object {
  return typeof value === 'function' && value.prototype !== undefined;
}

/** Accepts an entity of TypeORM by its shape, before there is a data source to ask. */
export const entity: Check<object> = (given, refuse) =>
  isClass(given) || InstanceChecker.isEntitySchema(given)
    ? given
    : refuse('Expected an entity class, or an EntitySchema.');

/** Accepts an injection token or a module of Nest: a class, a text, a symbol or an object. */
export const injectable: Check<unknown> = (given, refuse) =>
  ['function', 'string', 'symbol', 'object'].includes(typeof given) && given !== null
    ? given
    : refuse('Expected classes, tokens or modules in an array.');

/** Accepts an iterable or an async iterable. */
export const iterable: Check<Iterable<unknown> | AsyncIterable<unknown>> = (given, refuse) => {
  const isThere = given !== undefined && given !== null;
  if (isThere && (Symbol.asyncIterator in Object(given) || Symbol.iterator in Object(given))) return given as never;
  return refuse('Expected an array, or anything else to go through with for await.');
};

/** The manager of a transaction of the application. */
export const manager = optional<EntityManager>((given, refuse) => {
  // by its shape, because the application may have another copy of TypeORM
  const { dataSource } = (given ?? {}) as { dataSource?: unknown };
  return typeof given === 'object' && InstanceChecker.isDataSource(dataSource)
    ? (given as EntityManager)
    : refuse('Expected the EntityManager of an open transaction: dataSource.transaction((manager) => …).');
});
