import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if an annotation cannot be stored: its text or key is empty or too long, or its keys contradict each other. */
export class InvalidAnnotationError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_ANNOTATION';
  readonly kind = 'unusable';

  /** @param problem what was given, what was expected and what to do */
  constructor(problem: string) {
    super(`annotate: ${problem}`);
  }

  /** Creates the error for a value that cannot be stored. */
  static of(name: string, given: unknown, expected: string): InvalidAnnotationError {
    return new InvalidAnnotationError(`${name} is ${shown(given)}. ${expected}`);
  }
}
