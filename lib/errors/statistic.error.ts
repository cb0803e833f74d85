import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if a value is not a finite decimal number, or has more digits than can be stored. */
export class InvalidValueError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_VALUE';
  readonly kind = 'unusable';

  constructor(given: unknown, expected: string) {
    super(`Invalid value: ${shown(given)}. ${expected}`);
  }
}

/** Thrown if a value is not an object of the application and not a reference to one. */
export class InvalidObjectError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_OBJECT';
  readonly kind = 'unusable';

  constructor(given: unknown, expected: string, cause?: unknown) {
    super(`Invalid object: ${shown(given)}. ${expected}`, { cause });
  }
}

/** Thrown if a filter, or a value to write, has a key that is missing, wrong, or undefined. */
export class InvalidFilterError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_FILTER';
  readonly kind = 'invalid';
}

/** Thrown if a call writes statistics that a tracker computes. */
export class TrackerOwnedError extends TrackstatsError {
  readonly code = 'TRACKSTATS_TRACKER_OWNED';
  readonly kind = 'conflict';

  constructor(
    call: 'record' | 'increment' | 'remove' | 'import',
    metric: string,
    periods: string,
    tracker: string | null,
  ) {
    const owner = tracker === null ? 'a tracker (none of this application now)' : `the tracker ${tracker}`;
    super(
      `${call}: the statistics of ${metric} (${periods}) are computed by ${owner}, whose next run would replace them. ` +
        `Recompute them with TrackerService.repair or backfill, or keep values of your own in a metric of their own.` +
        (call === 'remove' || call === 'import'
          ? ` To ${call} them all the same, pass { force: true }${FORCE[call]}.`
          : ''),
    );
  }
}

const FORCE = { remove: '', import: ', or on the command line --force' };

/** Thrown if `record` and `increment` are used for the same statistics. */
export class MixedWritesError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MIXED_WRITES';
  readonly kind = 'conflict';

  constructor(call: 'record' | 'increment', metric: string, period: string) {
    const other = call === 'record' ? 'increment' : 'record';
    super(
      `${call}: ${metric} (${period}) was written with ${other}. An absent day is zero for increment and unknown for record, ` +
        `so one metric, period and object type takes only one of them. Use ${other}, or another metric.`,
    );
  }
}

/** Thrown if a live read asks for statistics that no tracker counts from a source. */
export class LiveReadError extends TrackstatsError {
  readonly code = 'TRACKSTATS_LIVE_READ';
  readonly kind = 'unusable';

  /** @param writer what writes these statistics, as the middle of a sentence */
  constructor(call: string, metric: string, statistics: string, writer: string) {
    super(
      `${call}: live is given for ${metric} (${statistics}), ${writer}, so there are no source rows to count now. ` +
        `Leave live out to read what is stored, or track these statistics with a tracker class.`,
    );
  }
}

/** Thrown if the key of an increment is not text that can be stored. */
export class InvalidKeyError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_KEY';
  readonly kind = 'unusable';

  constructor(given: unknown, expected: string) {
    super(
      `increment: key is ${shown(given)}. ${expected} A key names one event, such as the id of a message. ` +
        `Leave it out to count every call.`,
    );
  }
}

/** Thrown if an increment has a key under which another amount, date or scope was counted. */
export class KeyConflictError extends TrackstatsError {
  readonly code = 'TRACKSTATS_KEY_CONFLICT';
  readonly kind = 'conflict';

  /**
   * @param counted how the key was counted: with an amount, on a date, or for another scope
   * @param given the amount or date of this call; null where the scopes differ
   */
  constructor(metric: string, key: string, counted: string, given: string | null) {
    super(
      `increment: the key ${shown(key)} of ${metric} was counted ${counted} before${given === null ? '' : `, and now comes with ${given}`}. ` +
        `Nothing was added. Repeat a call with the same amount, date and scope, or give another event a key of its own.`,
    );
  }
}

const LATEST =
  'Read the latest one with point or series, its change with compare, or those of all objects at a date with top.';

const NO_SUM = {
  gauge: `are levels (gauge: true), which do not add up over dates. ${LATEST}`,
  percent: `are shares (unit: 'percent'), which do not add up over dates. ${LATEST}`,
} as const;

/** Thrown if `total` is called for values that do not add up: gauges, averages, minima, maxima and distinct counts. */
export class NotSummableError extends TrackstatsError {
  readonly code = 'TRACKSTATS_NOT_SUMMABLE';
  readonly kind = 'unusable';

  /** @param reason `'gauge'`, `'percent'`, or the aggregate of the values */
  constructor(metric: string, reason: string) {
    const because =
      reason === 'gauge' || reason === 'percent'
        ? NO_SUM[reason]
        : `are made by ${reason}, and their sum means nothing. ` +
          `Track the longer period itself (Period.days(n), a calendar period or Period.LIFETIME) and read its value.`;
    super(`total: the values of ${metric} ${because}`);
  }
}

/** Thrown if a series, or the result of `find`, would have more than 100,000 points. */
export class TooManyPointsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_TOO_MANY_POINTS';
  readonly kind = 'unusable';

  /** @param asked what was asked for, as the sentence begins */
  constructor(asked: string, limit: number) {
    super(
      `${asked} has more than ${limit} points. Give it a shorter range (from, to, or last), a calendar period or fewer objects; ` +
        `narrow gives stored rows without a limit.`,
    );
  }
}
