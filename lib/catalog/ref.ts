import { InvalidNameError, InvalidRefError } from '../errors/catalog.error.js';

const REF = /^[A-Za-z0-9_.-]{1,100}$/;
const LONGEST_NAME = 255;

/**
 * Checks a ref and returns it.
 *
 * @throws InvalidRefError unless it is 1–100 of A–Z a–z 0–9 _ . -
 */
export function checkRef(ref: unknown): string {
  if (typeof ref !== 'string' || !REF.test(ref)) throw new InvalidRefError(ref);
  return ref;
}

/**
 * Splits a natural key into its two refs.
 *
 * @throws InvalidRefError unless it is 'domain/metric'
 * @example parseKey('shopping/order_count') // { domain: 'shopping', metric: 'order_count' }
 */
export function parseKey(key: string): { domain: string; metric: string } {
  const [domain, metric, ...rest] = key.split('/');
  if (domain === undefined || metric === undefined || rest.length > 0 || !REF.test(domain) || !REF.test(metric)) {
    throw new InvalidRefError(
      key,
      "Expected the refs of a domain and of a metric, each 1 to 100 of A–Z a–z 0–9 _ . - , as 'shopping/order_count'.",
    );
  }
  return { domain, metric };
}

/**
 * Checks the optional name of a domain or metric.
 *
 * @throws InvalidNameError unless it is absent or text of at most 255 characters
 */
export function checkName(name: unknown): string | undefined {
  if (name === undefined) return undefined;
  const text = checkText('name', name);
  if (Array.from(text).length > LONGEST_NAME) {
    throw new InvalidNameError(
      'name',
      name,
      `Expected at most ${LONGEST_NAME} characters; it has ${Array.from(text).length}.`,
    );
  }
  return text;
}

/**
 * Checks the optional description of a metric.
 *
 * @throws InvalidNameError unless it is absent or text
 */
export function checkDescription(description: unknown): string | undefined {
  return description === undefined ? undefined : checkText('description', description);
}

function checkText(field: string, value: unknown): string {
  if (typeof value !== 'string') throw new InvalidNameError(field, value, 'Expected text.');
  if (/\0|\p{Surrogate}/u.test(value)) {
    throw new InvalidNameError(field, value, 'Expected well-formed text without NUL characters.');
  }
  return value;
}
