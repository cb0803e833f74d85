/** Matches an integer as databases write it, or one that became a decimal. Most values are one of these. */
const PLAIN_INTEGER = /^(-?[1-9]\d*|0)(?:\.0+)?$/;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/**
 * Returns the one spelling of a number: no exponent, no unnecessary zero, no plus sign, and `0` for minus zero. Returns
 * null if the text is not a finite decimal number.
 *
 * @example `canonicalDecimal('1.50e3') === '1500'`
 */
export function canonicalDecimal(value: number | bigint | string): string | null {
  const integer = PLAIN_INTEGER.exec(typeof value === 'string' ? value : String(value));
  if (integer !== null) return integer[1] as string;
  const text = String(value).trim();
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const { digits, scale } = shifted(whole + fraction, fraction.length - Number(exponent));
  return spelled(sign === '-', digits, scale);
}

/** Returns the exact sum of two decimals. */
export function addDecimals(a: string, b: string): string {
  if (isShortInteger(a) && isShortInteger(b)) return String(Number(a) + Number(b));
  const scale = Math.max(scaleOf(a), scaleOf(b));
  const sum = unscaled(a, scale) + unscaled(b, scale);
  return spelled(sum < 0n, absolute(sum).toString(), scale);
}

/** Returns the quotient of two decimals, rounded half away from zero. Returns null for a division by zero. */
export function divideDecimals(a: string, b: string, decimals: number): string | null {
  const scale = Math.max(scaleOf(a), scaleOf(b));
  const [dividend, divisor] = [unscaled(a, scale), unscaled(b, scale)];
  if (divisor === 0n) return null;
  const [magnitude, by] = [absolute(dividend) * 10n ** BigInt(decimals), absolute(divisor)];
  const quotient = magnitude / by + (2n * (magnitude % by) >= by ? 1n : 0n);
  return spelled(dividend < 0n !== divisor < 0n, quotient.toString(), decimals);
}

/** Compares two decimals. */
export function compareDecimals(a: string, b: string): number {
  const scale = Math.max(scaleOf(a), scaleOf(b));
  const [first, second] = [unscaled(a, scale), unscaled(b, scale)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** True for an integer of at most 15 characters. The sum of two is below 2^53, so numbers add them up exactly. */
function isShortInteger(decimal: string): boolean {
  return decimal.length <= 15 && !decimal.includes('.');
}

function absolute(number: bigint): bigint {
  return number < 0n ? -number : number;
}

/** Returns the exact difference of two decimals. */
export function subtractDecimals(a: string, b: string): string {
  return addDecimals(a, b.startsWith('-') ? b.slice(1) : `-${b}`);
}

function scaleOf(decimal: string): number {
  const dot = decimal.indexOf('.');
  return dot < 0 ? 0 : decimal.length - dot - 1;
}

function unscaled(decimal: string, scale: number): bigint {
  return BigInt(decimal.replace('.', '') + '0'.repeat(scale - scaleOf(decimal)));
}

function shifted(digits: string, scale: number): { digits: string; scale: number } {
  return scale >= 0 ? { digits, scale } : { digits: digits + '0'.repeat(-scale), scale: 0 };
}

function spelled(negative: boolean, digits: string, scale: number): string {
  const padded = digits.padStart(scale + 1, '0');
  const whole = padded.slice(0, padded.length - scale).replace(/^0+(?=\d)/, '');
  const fraction = padded.slice(padded.length - scale).replace(/0+$/, '');
  const text = scale > 0 && fraction !== '' ? `${whole}.${fraction}` : whole;
  return negative && text !== '0' ? `-${text}` : text;
}
