import { InvalidFilterError } from '../errors/statistic.error.js';
import type { RangeInput } from './date-range.js';

/**
 * Refuses a range in a call that takes one date.
 *
 * @throws InvalidFilterError
 */
export function refuseRangeKeys(range: RangeInput): void {
  const key = (['from', 'to', 'last'] as const).find((name) => range[name] !== undefined);
  if (key === undefined) return;
  throw new InvalidFilterError(`${key} is given where one date is meant. Give it as date; today where it is left out.`);
}
