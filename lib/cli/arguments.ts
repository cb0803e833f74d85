import { parseInstant } from '../time/instant.js';
import { Period } from '../time/period.js';
import { printable } from './printable.js';

/** @throws InvalidPeriodError */
export function periods(names: readonly string[]): Period[] {
  return names.map((name) => Period.parse(name));
}

/**
 * Reads a local date, which the command checks, or an instant.
 *
 * @throws InvalidDateError for an instant without an offset
 */
export function dateOrInstant(text: string): string | Date {
  return text.includes(':') ? parseInstant(text) : text;
}

/** Leaves out properties that are undefined. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

/** Quotes an argument for a shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", `'\\''`)}'`;
}
