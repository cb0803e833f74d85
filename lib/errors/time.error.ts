import { shown, TrackstatsError } from './trackstats.error.js';

/**
 * Thrown if a value is not a period, or if the call does not take this kind of period.
 *
 * @example
 * Period.parse('fortnight'); // throws: use Period.days(14)
 */
export class InvalidPeriodError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_PERIOD';
  readonly kind = 'invalid';

  /**
   * @param reason the expectation and what to do, in one sentence or two. The sentence before it shows what was given
   */
  constructor(given: unknown, reason: string) {
    super(`Invalid period: ${shown(given)}. ${reason}`);
  }
}

/**
 * Thrown if a value is not a date of the years 0001 to 9999, or not a valid instant.
 *
 * @example await statistics.value({ metric: ORDERS, date: '2026-02-30' }); // throws: 2026-02-30 does not exist
 */
export class InvalidDateError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_DATE';
  readonly kind = 'invalid';

  /**
   * @param reason the expectation and what to do, in one sentence or two. The sentence before it shows what was given
   */
  constructor(given: unknown, reason: string) {
    super(`Invalid date: ${shown(given)}. ${reason}`);
  }
}

/**
 * Thrown if a name is not an IANA time zone that JavaScript knows.
 *
 * @example TrackstatsModule.forRoot({ timeZone: 'Europe/Atlantis' }); // throws
 */
export class UnknownTimeZoneError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKNOWN_TIME_ZONE';
  readonly kind = 'unusable';

  /**
   * @param reason the expectation and what to do, in one sentence or two. The sentence before it shows what was given
   */
  constructor(given: unknown, reason: string) {
    super(`Unknown time zone: ${shown(given)}. ${reason}`);
  }
}
