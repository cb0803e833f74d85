import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if a key or a number in a tracker's source is too long or too large to be stored, or is no number on SQLite. */
export class OutOfRangeError extends TrackstatsError {
  readonly code = 'TRACKSTATS_OUT_OF_RANGE';
  readonly kind = 'data';

  /** @param problem what does not fit, and what to do */
  constructor(tracker: string, problem: string, cause: unknown) {
    super(`Tracker ${tracker}: ${problem} Nothing was written.`, { cause });
  }
}

/** Thrown if the clock is days behind the last computed date. */
export class ClockBehindError extends TrackstatsError {
  readonly code = 'TRACKSTATS_CLOCK_BEHIND';
  readonly kind = 'conflict';

  constructor(tracker: string, today: string, through: string) {
    super(
      `Today is ${today} by the clock, but the statistics of ${tracker} were computed through ${through}: ` +
        `this clock is late by days, or an earlier one was ahead. If today is right, backfill(…, { from }) without \`to\` ` +
        `removes later statistics.`,
    );
  }
}

/** Thrown if a tracker no longer computes what its stored statistics contain. The message names the backfill to run. */
export class DefinitionChangedError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DEFINITION_CHANGED';
  readonly kind = 'conflict';

  constructor(tracker: string, period: string, from: string, through: string) {
    super(
      `The definition of ${tracker} (aggregate, fields, conditions, time zone or first day of the week) is not the one by which ` +
        `its ${period} statistics from ${from} to ${through} were computed. Nothing was written. ` +
        `Recompute them with backfill(…, { from: '${from}' }), or give the new definition a metric of its own.`,
    );
  }
}

/** Thrown if a range to compute ends before it begins, or does not adjoin the coverage. */
export class InvalidRangeError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_RANGE';
  readonly kind = 'unusable';
}

/** Thrown if a run would lose statistics, because their source rows have been deleted. */
export class SourceGoneError extends TrackstatsError {
  readonly code = 'TRACKSTATS_SOURCE_GONE';
  readonly kind = 'conflict';

  constructor(tracker: string, from: string, reach: string | null) {
    super(
      `${tracker} was asked to compute statistics from ${from} on, but its source ${reach === null ? 'has no rows' : `reaches back to ${reach} only`}, ` +
        `and statistics of the dates before are stored: they would be lost. Nothing was written. ` +
        `${reach === null ? 'Restore the rows first' : `Ask for a range from '${reach}' on`}, or remove those statistics with StatisticService.remove if they are to go.`,
    );
  }
}

/**
 * Thrown if a source begins with rows that are dated long before the rest. Say with `since` which of them count, or
 * correct the dates.
 */
export class StrayRowsError extends TrackstatsError {
  readonly code = 'TRACKSTATS_STRAY_ROWS';
  readonly kind = 'data';

  /**
   * @param first the date of the first row, or what is in its place
   * @param count number of rows that are dated before the rest
   * @param rest the first date of the rest; null where there is none
   */
  constructor(
    tracker: string,
    readonly first: string,
    readonly count: number,
    readonly rest: string | null,
  ) {
    const rows = count === 1 ? '1 row of its source is' : `${String(count)} rows of its source are`;
    super(
      `${tracker} has no \`since\`, and ${rows} dated long before the rest: the first one ${shown(first)}` +
        `${rest === null ? ', and there are no others' : `, while the others begin on ${rest}`}. Nothing was written. ` +
        `Expected a source whose rows begin where its statistics are to begin. Correct the dates, or say where they begin: ` +
        `since: '${rest ?? '2020-01-01'}' counts the rows before it in LIFETIME only` +
        `${/^\d{4}-\d{2}-\d{2}$/.test(first) && !first.startsWith('0000') ? `, since: '${first}' computes every date from the first row on` : ''}.`,
    );
  }
}

/**
 * Thrown if a date column holds dates in a form that cannot be compared with the others: on SQLite other text than
 * TypeORM writes, and on every database an epoch in another unit than `epoch` says.
 */
export class DateFormError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DATE_FORM';
  readonly kind = 'data';

  /** @param expected which form was expected, and what to do */
  constructor(
    tracker: string,
    dateField: string,
    readonly example: string,
    readonly count: number,
    expected: string,
  ) {
    super(
      `dateField ${dateField} of ${tracker} holds ${shown(example)}, one of ${String(count)} rows in this form. Nothing was written. ${expected}`,
    );
  }
}

/** Thrown if a run took longer than its `timeout`. It was rolled back. */
export class RunTimeoutError extends TrackstatsError {
  readonly code = 'TRACKSTATS_RUN_TIMEOUT';
  readonly kind = 'timeout';

  constructor(tracker: string, timeout: number) {
    super(
      `A run of ${tracker} took longer than its timeout of ${timeout} ms and was rolled back. Give it more, ` +
        `@Track({ timeout }), or less to do: an index on its date field, a shorter lookback, a backfill in smaller steps.`,
    );
  }
}

/**
 * Thrown if another process took over a run, because this one was paused or cut off for longer than `lockAtMostFor`.
 * The run was rolled back.
 */
export class LeaseLostError extends TrackstatsError {
  readonly code = 'TRACKSTATS_LEASE_LOST';
  readonly kind = 'conflict';

  constructor(tracker: string) {
    super(
      `This process was paused, or cut off from the database, for longer than its lease of ${tracker}, and another one has ` +
        `taken over: what this run computed was rolled back. Where this happens in health, give leases more time: scheduling: { lockAtMostFor }.`,
    );
  }
}

/**
 * Thrown if other runs of the same statistics moved their coverage repeatedly, while this run read its source in
 * another data source. Run it again later.
 */
export class OvertakenError extends TrackstatsError {
  readonly code = 'TRACKSTATS_OVERTAKEN';
  readonly kind = 'conflict';

  constructor(tracker: string) {
    super(
      `Other runs of the statistics of ${tracker} moved their coverage each time that this one had read its source, which ` +
        `is in another data source. Nothing was written. Run it again when backfills and runs of the same statistics have ended.`,
    );
  }
}

/**
 * Thrown if a run did not end within `shutdownGrace` of a shutdown, or was not started because of it. It was rolled
 * back.
 */
export class ShuttingDownError extends TrackstatsError {
  readonly code = 'TRACKSTATS_SHUTTING_DOWN';
  readonly kind = 'unavailable';

  constructor() {
    super(
      `The application shuts down: the run was rolled back, or not begun. Its slot is made up for at the next start, ` +
        `by whichever process comes first. Where runs need longer to end: scheduling: { shutdownGrace }.`,
    );
  }
}

/** Thrown if `resume` is passed and there is no interrupted backfill of that range. */
export class NothingToResumeError extends TrackstatsError {
  readonly code = 'TRACKSTATS_NOTHING_TO_RESUME';
  readonly kind = 'unknown';

  constructor(tracker: string, asked: string, left: string | null) {
    super(
      `There is no interrupted backfill of ${tracker} ${asked} to go on with${left === null ? '' : `; there is one ${left}`}. ` +
        `Ask for the range without \`resume\`${left === null ? '' : ', or resume that one'}.`,
    );
  }
}

/** Thrown if other runs wrote the same statistics each time that they were verified. Nothing was changed. */
export class VerificationOvertakenError extends TrackstatsError {
  readonly code = 'TRACKSTATS_VERIFICATION_OVERTAKEN';
  readonly kind = 'conflict';

  constructor(tracker: string, attempts: number) {
    super(
      `The statistics of ${tracker} were written by another run while they were verified, ${String(attempts)} times in a row. ` +
        `Nothing was changed. Verify a shorter range, or at a time when the tracker does not run.`,
    );
  }
}
