import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { millisecondsOf, type Duration } from '../time/duration.js';

/**
 * The milliseconds of a duration.
 *
 * @throws InvalidPartOptionError
 */
export function milliseconds(option: string, given: Duration): number {
  const length = millisecondsOf(given);
  if (length !== null && length >= 0) return length;
  throw new InvalidPartOptionError(
    'isHealthy',
    option,
    given,
    `Expected a whole number of milliseconds, or text such as '15 minutes'.`,
  );
}
