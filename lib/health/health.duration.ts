import ms, { type StringValue } from 'ms';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import type { Duration } from '../trackstats.options.js';

/**
 * The milliseconds of a duration.
 *
 * @throws InvalidPartOptionError
 */
export function milliseconds(option: string, given: Duration): number {
  const length = typeof given === 'string' && given !== '' ? (ms(given as StringValue) as number | undefined) : given;
  if (typeof length === 'number' && Number.isSafeInteger(length) && length >= 0) return length;
  throw new InvalidPartOptionError(
    'isHealthy',
    option,
    given,
    `Expected a whole number of milliseconds, or text such as '15 minutes'.`,
  );
}
