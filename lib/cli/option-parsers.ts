import { InvalidArgumentError } from '../errors/argument.error.js';

/** Reads a whole number, 1 or more. */
export function parseWholeNumber(name: string): (given: string) => number {
  return (given) => {
    const number = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (Number.isSafeInteger(number) && number > 0) return number;
    throw new InvalidArgumentError(name, given, 'Expected a whole number, 1 or more.');
  };
}

/** Collects an option that may be given several times. */
export function several(given: string, before: readonly string[] = []): readonly string[] {
  return [...before, given];
}
