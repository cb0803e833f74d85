import type { ValueTransformer } from 'typeorm';
import { canonicalDecimal } from '../../database/decimal.js';

/**
 * Returns a stored value, as a driver reads it, as an exact decimal. SQLite stores numbers that no double can represent
 * as the bytes of their text, and the others as INTEGER or REAL. The other databases return text.
 */
export function exactValue(stored: unknown): string | null {
  if (stored === null || stored === undefined) return null;
  if (typeof stored === 'number' && Number.isSafeInteger(stored)) return String(stored);
  if (typeof stored === 'number' || typeof stored === 'bigint' || typeof stored === 'string') {
    return canonicalDecimal(stored);
  }
  if (stored instanceof Uint8Array) return canonicalDecimal(new TextDecoder().decode(stored));
  // a decimal of a library, as a type parser of the application may make it
  if (typeof stored === 'object') return canonicalDecimal((stored as { toString(): string }).toString());
  throw new TypeError(`a statistic's value cannot be read from ${typeof stored}`);
}

/** Returns the double nearest to an exact value. */
export function nearestDouble(exact: string | null): number | null {
  return exact === null ? null : Number(exact);
}

/** Transforms the column of `value`: the entity keeps the exact decimal besides its number. */
export const exactValueTransformer: ValueTransformer = {
  from: exactValue,
  to: (value: unknown) => value,
};

/** The share by which two sums of the same doubles may differ: a sum depends on the order in which they are added. */
export const SAME_DOUBLES = 1e-10;
