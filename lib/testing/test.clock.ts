import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { millisecondsOf, type Duration } from '../time/duration.js';

/** `T`, and a time zone at the end: without one, it would be another instant on another machine. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$/;

/**
 * A clock that only moves when a test sets it.
 *
 * @example
 * ```ts
 * const clock = module.get(TestClock);
 * clock.advance('1 day');
 * clock.set('2026-11-01T00:30:00+01:00');
 * ```
 */
export class TestClock {
  private time: number;

  /** @throws InvalidPartOptionError */
  constructor(now: Date | string) {
    this.time = instantOf(now);
  }

  /** Returns the time. Bound, so that you can pass it as `clock` and to `overrideProvider(TRACKSTATS_CLOCK)`. */
  readonly now = (): Date => new Date(this.time);

  /**
   * Sets the time.
   *
   * @param now an instant: a Date, or ISO 8601 with its time zone
   * @throws InvalidPartOptionError
   */
  set(now: Date | string): void {
    this.time = instantOf(now);
  }

  /**
   * Moves the time.
   *
   * @param by milliseconds, or text such as '1 day' (24 hours); a negative value moves it back
   * @throws InvalidPartOptionError
   */
  advance(by: Duration): void {
    const length = millisecondsOf(by);
    if (length === null) {
      throw new InvalidPartOptionError(
        'TestClock',
        'advance',
        by,
        `Expected a whole number of milliseconds, or text such as '1 day'.`,
      );
    }
    this.time += length;
  }
}

function timeOf(given: unknown): number {
  return given instanceof Date ? given.getTime() : Number.NaN;
}

function instantOf(given: Date | string): number {
  const time = typeof given === 'string' ? (INSTANT.test(given) ? Date.parse(given) : Number.NaN) : timeOf(given);
  if (!Number.isNaN(time)) return time;
  throw new InvalidPartOptionError(
    'TestClock',
    'now',
    given,
    `Expected an instant: a Date, or ISO 8601 with its zone, as '2026-10-31T12:00:00Z'.`,
  );
}
