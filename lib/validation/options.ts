import { InvalidArgumentError } from '../errors/argument.error.js';
import { type Check, isOptions } from './check.js';
import { nearest } from './nearest.js';

/** A table with a check for each option. Options that are not in it are rejected. */
export type Checks = Readonly<Record<string, Check<unknown>>>;

/** The table of checks for options of a type. An option without a check does not compile. */
export type ChecksOf<O> = { readonly [K in keyof Required<O>]: Check<unknown> };

/** The values that a table of checks reads. */
export type Values<C extends Checks> = { readonly [K in keyof C]: C[K] extends Check<infer T> ? T : never };

/**
 * Creates the error for a value that was refused.
 *
 * @param name the option; null stands for the options as a whole
 * @param expected sentences with what was expected and what to do
 */
type CreateError = (name: string | null, given: unknown, expected: string) => Error;

/**
 * Reads options by a table of checks. Unknown options are rejected, because a mistyped one would silently do nothing.
 *
 * @param readElsewhere options that exist too, and that the caller has taken out
 * @throws the error that `createError` makes, and the errors of the checks
 */
export function readOptions<const C extends Checks>(
  given: unknown,
  checks: C,
  createError: CreateError,
  readElsewhere: readonly string[] = [],
): Values<C> {
  const names = Object.keys(checks);
  if (!isOptions(given)) throw createError(null, given, `Expected an object with ${listed(names)}.`);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(checks, name));
  if (unknown !== undefined) {
    throw createError(unknown, given[unknown], unknownOption(unknown, [...names, ...readElsewhere]));
  }
  const values = names.map((name) => [name, readValue(given[name], checks[name] as Check<unknown>, name, createError)]);
  return Object.fromEntries(values) as Values<C>;
}

/** Returns sentences about an option that does not exist: the one that is probably meant, and all that there are. */
export function unknownOption(name: string, names: readonly string[]): string {
  return `This option does not exist here. ${didYouMean(name, names)}There are ${names.join(', ')}.`;
}

/** Returns 'Did you mean period? ' or '' if no name is near. */
export function didYouMean(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  return meant === null ? '' : `Did you mean ${meant}? `;
}

/**
 * Checks that options are an object, where another check reads them.
 *
 * @throws the error that `createError` makes
 */
export function checkIsObject(given: unknown, createError: CreateError): void {
  if (!isOptions(given)) throw createError(null, given, 'Expected an object with options; none are {}.');
}

/** Reads one value by its check. */
export function readValue<T>(given: unknown, check: Check<T>, name: string, createError: CreateError): T {
  return check(given, (expected, part) => {
    throw part === undefined
      ? createError(name, given, expected)
      : createError(`${name}.${part.name}`, part.given, expected);
  });
}

/** Accepts options within options: { scheduling: { enabled: false } }. */
export function group<const C extends Checks>(checks: C): Check<Values<C>> {
  return (given, refuse) =>
    readOptions(given, checks, (name, value, expected) =>
      name === null ? refuse(expected) : refuse(expected, { name, given: value }),
    );
}

function listed(names: readonly string[]): string {
  if (names.length === 1) return `the option ${names.join('')}`;
  return `any of the options ${names.join(', ')}`;
}

/**
 * Reads an argument of a public call.
 *
 * @param name the argument with its call: 'TrackerEvents.on: listener'
 * @throws InvalidArgumentError, and the errors of the check
 */
export function readArgument<T>(name: string, given: unknown, check: Check<T>): T {
  return readValue(given, check, name, (_, value, expected) => new InvalidArgumentError(name, value, expected));
}

/**
 * Reads the options of a public call. `undefined` stands for no options.
 *
 * @param call 'TrackerService.run'
 * @throws InvalidArgumentError, and the errors of the checks
 */
export function readCallOptions<const C extends Checks>(call: string, given: unknown, checks: C): Values<C> {
  return readOptions(given === undefined ? {} : given, checks, (name, value, expected) => {
    return new InvalidArgumentError(`${call}: ${name ?? 'options'}`, value, expected);
  });
}
