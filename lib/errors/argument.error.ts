import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if an argument or an option of a call does not exist, or if its value cannot be used. */
export class InvalidArgumentError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_ARGUMENT';
  readonly kind = 'invalid';

  /**
   * @param name of the argument: 'TrackerService.run: now'
   * @param expected what was expected and what to do, in sentences
   */
  constructor(name: string, given: unknown, expected: string) {
    super(`${name} is ${shown(given)}. ${expected}`);
  }
}
