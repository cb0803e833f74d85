import { TrackstatsError } from './trackstats.error.js';

/** The clock says a day well before the last one that was computed. */
export class ClockBehindError extends TrackstatsError {
  readonly code = 'TRACKSTATS_CLOCK_BEHIND';

  constructor(tracker: string, today: string, through: string) {
    super(
      `The clock says that today is ${today}, but the statistics of ${tracker} were computed through ${through}: ` +
        `this clock is late by days, or an earlier one was ahead. If today is right, backfill(…, { from }) without \`to\` ` +
        `removes what lies after it.`,
    );
  }
}

/** What a tracker computes is no longer what its stored statistics were computed by. */
export class DefinitionChangedError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DEFINITION_CHANGED';

  constructor(tracker: string, period: string, from: string, through: string) {
    super(
      `The definition of ${tracker} (aggregate, fields, conditions, time zone or first day of the week) is not the one by which ` +
        `its ${period} statistics from ${from} to ${through} were computed. Nothing was written. ` +
        `Compute them anew with backfill(…, { from: '${from}' }), or give the new definition a metric of its own.`,
    );
  }
}

/** A range to compute that lies apart from what is covered, or ends before it begins. */
export class InvalidRangeError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_RANGE';
}

/** A run would replace statistics by nothing, of dates whose source rows are gone. */
export class SourceGoneError extends TrackstatsError {
  readonly code = 'TRACKSTATS_SOURCE_GONE';

  constructor(tracker: string, from: string, reach: string | null) {
    super(
      `${tracker} was asked to compute statistics from ${from} on, but its source ${reach === null ? 'has no rows' : `reaches back to ${reach} only`}, ` +
        `and statistics of the dates before are stored: they would be lost. Nothing was written. ` +
        `${reach === null ? 'Restore the rows first' : `Ask for a range from '${reach}' on`}, or remove those statistics with StatisticService.remove if they are to go.`,
    );
  }
}
