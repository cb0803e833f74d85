import ms, { type StringValue } from 'ms';

/** A time: milliseconds, or text as the package `ms` reads it: `'30 seconds'`. */
export type Duration = number | string;

/** The whole milliseconds of a duration, which may be negative; null: it is none. */
export function millisecondsOf(given: unknown): number | null {
  const length = typeof given === 'string' && given !== '' ? (ms(given as StringValue) as number | undefined) : given;
  return typeof length === 'number' && Number.isSafeInteger(length) ? length : null;
}
