import { TooManyPointsError } from '../../errors/statistic.error.js';
import {
  type Calendar,
  type CompareWith,
  earlierDates,
  earlierRange,
  seriesDates,
  seriesRange,
} from '../../statistics/index.js';
import { InvalidDateError } from '../../errors/time.error.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import type { HttpLimits } from '../http.options.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';

/** The parameters that select dates. */
export interface RangeQuery {
  readonly period: Period;
  readonly from?: LocalDate | undefined;
  readonly to?: LocalDate | undefined;
  readonly last?: number | undefined;
}

/** The first and the last date of a series, and the number of its dates. */
export interface ReadRange {
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly length: number;
}

/** The limits on the size of one request. */
type SizeLimit = Exclude<keyof HttpLimits, 'live'>;

const DEFAULT_POINTS = 30;

/**
 * Checks the parameters of a range, as far as this needs no calendar.
 *
 * @throws TrackstatsHttpException if they contradict each other, or select too many points
 */
export function checkRangeQuery({ from, to, last }: RangeQuery, limits: Required<HttpLimits>): void {
  if (last !== undefined && (from !== undefined || to !== undefined)) {
    throw TrackstatsHttpException.badRequest(
      'last is given together with from or to. It selects points up to today, so give it alone.',
    );
  }
  if (to !== undefined && from === undefined) {
    throw TrackstatsHttpException.badRequest('to is given without from. Give both, or last.');
  }
  if (from !== undefined && to !== undefined && from > to) {
    throw TrackstatsHttpException.badRequest(`from is ${from}, which is after to, ${to}.`);
  }
  if (last !== undefined) checkPoints(last, limits);
}

/**
 * Returns the dates of a request in the calendar of its metric.
 *
 * @throws TrackstatsHttpException if they are more points than the limit
 */
export function readRange(query: RangeQuery, calendar: Calendar, limits: Required<HttpLimits>): ReadRange {
  const { period, from, to, last } = query;
  const input = from === undefined ? { last: last ?? DEFAULT_POINTS } : { from, ...(to !== undefined && { to }) };
  const range = seriesRange(input, period, calendar);
  const first = range.from ?? range.to;
  const length = lengthOf(period, first, range.to, calendar);
  checkPoints(length, limits);
  return { from: first, to: range.to, length };
}

/** The last date that can have a value: today, or the end of the coverage before it. */
export function lastDate(coverage: { readonly through: LocalDate | null } | null, today: LocalDate): LocalDate {
  const through = coverage?.through ?? today;
  return through < today ? through : today;
}

/** The dates of a range, and those that they are compared with. */
export interface ComparedDates {
  readonly dates: readonly LocalDate[];
  /** the date that each of `dates` is compared with, in the same order; empty: nothing is compared */
  readonly pairs: readonly LocalDate[];
  /** the number of dates that have come, and can have a value */
  readonly past: number;
  /** the dates with which those that have come are compared as a whole, each once */
  readonly earlier: readonly LocalDate[];
}

/**
 * The dates of a range, and those that they are compared with.
 *
 * @param last the last date that can have a value
 * @throws TrackstatsHttpException if the earlier range begins before the calendar does
 */
export function comparedDates(
  period: Period,
  { from, to, length }: ReadRange,
  compare: CompareWith | undefined,
  { weekStart }: Pick<Calendar, 'weekStart'>,
  last: LocalDate,
): ComparedDates {
  const dates = length === 0 ? [] : seriesDates(period, from, to, weekStart);
  const past = dates.filter((date) => date <= last).length;
  if (compare === undefined) return { dates, past, pairs: [], earlier: [] };
  try {
    const pairs = earlierDates(period, dates, compare, weekStart);
    const earlier = earlierRange(period, dates.slice(0, past), pairs.slice(0, past), compare, weekStart);
    return { dates, past, pairs, earlier };
  } catch (error) {
    if (!(error instanceof InvalidDateError)) throw error;
    throw TrackstatsHttpException.badRequest(
      'compare: the range before the one that is asked for begins before 0001-01-01. Give a later from, or a shorter range.',
    );
  }
}

/** @throws TrackstatsHttpException */
export function checkPoints(points: number, limits: Required<HttpLimits>): void {
  checkLimit('points', points, limits);
}

/**
 * Checks a number against one of the limits.
 *
 * @throws TrackstatsHttpException that names the limit
 */
export function checkLimit(limit: SizeLimit, asked: number, limits: Required<HttpLimits>): void {
  if (asked <= limits[limit]) return;
  throw TrackstatsHttpException.badRequest(
    `${Number.isFinite(asked) ? asked : 'Too many'} ${WHAT[limit]} are asked for; the limit \`${limit}\` is ${limits[limit]}. ${HOW[limit]}`,
  );
}

const WHAT: Readonly<Record<SizeLimit, string>> = {
  points: 'points of a series',
  series: 'series',
  values: 'points in all series together',
  rows: 'entries',
};

const HOW: Readonly<Record<SizeLimit, string>> = {
  points: 'Give a shorter range, or a calendar period.',
  series: 'Name fewer metrics or objects.',
  values: 'Give a shorter range, or name fewer metrics or objects.',
  rows: 'Give a smaller limit, and offset for those after them.',
};

/** Returns the number of dates of a range; Infinity if the library does not read so many. */
function lengthOf(period: Period, from: LocalDate, to: LocalDate, { weekStart }: Calendar): number {
  if (from > to) return 0;
  try {
    return seriesDates(period, from, to, weekStart).length;
  } catch (error) {
    if (error instanceof TooManyPointsError) return Infinity;
    throw error;
  }
}
