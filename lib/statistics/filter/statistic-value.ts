import { canonicalDecimal } from '../../database/decimal.js';
import { InvalidValueError } from '../../errors/statistic.error.js';

/** A value to store: a finite number, an exact decimal as text or bigint, or null for "no value". */
export type StatisticValue = number | string | bigint | null;

const INTEGER_DIGITS = 45;
const DECIMALS = 20;
const EXPECTED = "Expected a finite number, a bigint, or a decimal as text, as '12.50'.";

/**
 * Returns a value as it is stored. A number is rounded to 20 decimals, because it is a binary fraction. Text must fit
 * exactly.
 *
 * @throws InvalidValueError
 */
export function storedValue(given: unknown): string | null {
  return given === null ? null : parseNumber(given);
}

/**
 * Returns a value as it is stored, like `storedValue`, and rejects null.
 *
 * @throws InvalidValueError
 */
export function parseNumber(given: unknown): string {
  const isNumber = typeof given === 'number' && Number.isFinite(given);
  if (!isNumber && typeof given !== 'bigint' && typeof given !== 'string') throw new InvalidValueError(given, EXPECTED);
  const decimal = canonicalDecimal(given);
  if (decimal === null) throw new InvalidValueError(given, EXPECTED);
  return checkDigits(typeof given === 'number' ? rounded(decimal) : decimal, given);
}

/**
 * Checks that a decimal fits its column, and returns it.
 *
 * @param given the value that an error shows
 * @throws InvalidValueError
 */
export function checkDigits(decimal: string, given: unknown = decimal): string {
  if (decimal.length <= DECIMALS) return decimal;
  const [whole = '', fraction = ''] = decimal.replace('-', '').split('.');
  if (whole.length > INTEGER_DIGITS || fraction.length > DECIMALS) {
    throw new InvalidValueError(
      given,
      `At most ${INTEGER_DIGITS} digits before the point and ${DECIMALS} after it are stored.`,
    );
  }
  return decimal;
}

function rounded(decimal: string): string {
  const [whole = '', fraction = ''] = decimal.split('.');
  if (fraction.length <= DECIMALS) return decimal;
  const kept = BigInt(whole.replace('-', '') + fraction.slice(0, DECIMALS));
  const digits = (kept + (fraction.charAt(DECIMALS) >= '5' ? 1n : 0n)).toString().padStart(DECIMALS + 1, '0');
  const result = canonicalDecimal(
    `${whole.startsWith('-') ? '-' : ''}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`,
  );
  // a number other than zero must not become zero unnoticed: it is refused with all of its decimals
  return result === null || result === '0' ? decimal : result;
}
