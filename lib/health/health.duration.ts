import { millisecondsOf } from '../time/duration.js';
import type { Check } from '../validation/check.js';

/** The milliseconds of a duration. */
export const milliseconds: Check<number> = (given, refuse) => {
  const length = millisecondsOf(given);
  if (length !== null && length >= 0) return length;
  return refuse(`Expected a whole number of milliseconds, or text such as '15 minutes'.`);
};
