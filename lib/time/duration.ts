import ms, { type StringValue } from 'ms';

/** A length of time: a number of milliseconds, or text that the package `ms` reads, such as `'30 seconds'`. */
export type Duration = number | string;

/** Returns a duration in whole milliseconds, which may be negative. Returns null if the value is not a duration. */
export function millisecondsOf(given: unknown): number | null {
  const length = typeof given === 'string' && given !== '' ? (ms(given as StringValue) as number | undefined) : given;
  return typeof length === 'number' && Number.isSafeInteger(length) ? length : null;
}
