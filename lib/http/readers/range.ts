import { TooManyPointsError } from '../../errors/statistic.error.js';
import {
  type BucketCalendar,
  type Calendar,
  type CompareWith,
  type DatedBucket,
  earlierBuckets,
  earlierDates,
  earlierRange,
  type PointMoment,
  seriesBuckets,
  seriesDates,
  type SeriesPoint,
  seriesRange,
  startRange,
} from '../../statistics/index.js';
import { InvalidDateError } from '../../errors/time.error.js';
import { instantText } from '../../time/instant.js';
import type { CheckedDateInput, LocalDate } from '../../time/local-date.js';
import { bucketEnd, isTimePeriod, type Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import type { HttpLimits } from '../http.options.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import type { SpanResource } from '../resources.js';

/** The parameters that select dates. */
export interface RangeQuery {
  readonly period: Period;
  readonly from?: CheckedDateInput | undefined;
  readonly to?: CheckedDateInput | undefined;
  readonly last?: number | undefined;
}

/** A date of a series, or a bucket of less than a day with the instants at which it begins and ends. */
export interface Moment extends PointMoment {
  readonly end?: string;
}

/** The bounds of a range, as StatisticService takes them. */
export interface Bounds {
  readonly from: CheckedDateInput;
  readonly to: CheckedDateInput;
}

/** The dates or buckets of a request. */
export interface ReadRange {
  readonly bounds: Bounds;
  /** empty if `from` has not come yet */
  readonly moments: readonly Moment[];
  /** the days, and of periods of less than a day the instants, that the range covers */
  readonly span: SpanResource;
}

/** The last date and the last instant that can have a value. */
export interface Horizon {
  readonly date: LocalDate;
  readonly instant: Date;
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
      'last is given together with from or to. It selects points up to now, so give it alone.',
    );
  }
  if (to !== undefined && from === undefined) {
    throw TrackstatsHttpException.badRequest('to is given without from. Give both, or last.');
  }
  if (from !== undefined && to !== undefined && isAfter(from, to)) {
    throw TrackstatsHttpException.badRequest(`from is ${textOf(from)}, which is after to, ${textOf(to)}.`);
  }
  if (last !== undefined) checkPoints(last, limits);
}

/** A date and an instant are compared once the time zone is known: the range may then be empty. */
function isAfter(from: CheckedDateInput, to: CheckedDateInput): boolean {
  return from instanceof Date === to instanceof Date && from > to;
}

function textOf(input: CheckedDateInput): string {
  return typeof input === 'string' ? input : input.toISOString();
}

/**
 * Returns the dates or buckets of a request in the calendar of its metric.
 *
 * @throws TrackstatsHttpException if they are more points than the limit
 */
export function readRange(query: RangeQuery, calendar: Calendar, now: Date, limits: Required<HttpLimits>): ReadRange {
  const { moments, ...range } = findRange(query, calendar, now, limits.points);
  checkPoints(moments === null ? Infinity : moments.length, limits);
  return { ...range, moments: moments ?? [] };
}

/** Returns the dates or buckets of a request like `readRange`, or null if they are more points than the limit. */
export function rangeWithin(
  query: RangeQuery,
  calendar: Calendar,
  now: Date,
  { points }: Required<HttpLimits>,
): ReadRange | null {
  const range = findRange(query, calendar, now, points);
  const { moments } = range;
  return moments === null || moments.length > points ? null : { ...range, moments };
}

/** Returns the last dates or buckets of a period, now's included. */
export function lastMoments(period: Period, last: number, calendar: Calendar, now: Date): readonly Moment[] {
  return findRange({ period, last }, calendar, now, Infinity).moments ?? [];
}

function findRange(query: RangeQuery, calendar: Calendar, now: Date, mostPoints: number): FoundRange {
  const { period } = query;
  if (!isTimePeriod(period)) return rangeOfDates(query, calendar);
  return rangeOfBuckets(query, { timeZone: calendar.timeZone, period, now }, mostPoints);
}

/** `moments` is null if the library does not read so many. */
type FoundRange = Omit<ReadRange, 'moments'> & { readonly moments: readonly Moment[] | null };

function rangeOfDates({ period, from, to, last }: RangeQuery, calendar: Calendar): FoundRange {
  const input = from === undefined ? { last: last ?? DEFAULT_POINTS } : { from, ...(to !== undefined && { to }) };
  const range = seriesRange(input, period, calendar);
  const bounds = { from: range.from ?? range.to, to: range.to };
  const dates =
    bounds.from > bounds.to ? [] : upToLimit(() => seriesDates(period, bounds.from, bounds.to, calendar.weekStart));
  return {
    bounds,
    moments: dates?.map((date) => ({ date })) ?? null,
    span: { from: bounds.from, to: bucketEnd(period, bounds.to, calendar.weekStart) },
  };
}

function rangeOfBuckets({ from, to, last }: RangeQuery, clock: BucketCalendar, mostPoints: number): FoundRange {
  const { timeZone, now, period } = clock;
  const asked = from === undefined ? null : { from, to: to ?? now };
  const starts = startRange(asked ?? { last: last ?? DEFAULT_POINTS }, clock);
  const isTooLong = starts.parts.some(
    (part) => ((part.to ?? Infinity) - (part.from ?? -Infinity)) / period > mostPoints,
  );
  const buckets = isTooLong ? null : upToLimit(() => seriesBuckets(starts, clock));
  const moments = buckets?.map((bucket) => momentOf(bucket, timeZone)) ?? null;
  const bounds = asked ?? boundsOf(moments ?? []) ?? { from: now, to: now };
  const dateOf = (bound: CheckedDateInput): LocalDate =>
    typeof bound === 'string' ? bound : localDateAt(bound, timeZone);
  return { bounds, moments, span: spanOf(moments ?? []) ?? { from: dateOf(bounds.from), to: dateOf(bounds.to) } };
}

function momentOf({ date, start, end }: DatedBucket, timeZone: string): Required<Moment> {
  return { date, start: instantText(start, timeZone), end: instantText(end, timeZone) };
}

/** Returns the bucket of a moment of a period of less than a day. */
export function bucketOf({ date, start = '', end = '' }: Moment): DatedBucket {
  return { date, start: Date.parse(start) / 1000, end: Date.parse(end) / 1000 };
}

/** Returns the bounds of consecutive moments, or null if there are none. */
export function boundsOf(moments: readonly PointMoment[]): Bounds | null {
  const [first, last] = [moments.at(0), moments.at(-1)];
  return first === undefined || last === undefined ? null : { from: inputOf(first), to: inputOf(last) };
}

function inputOf({ date, start }: PointMoment): CheckedDateInput {
  return start === undefined ? date : new Date(start);
}

/** Returns the days, and of buckets the instants, that consecutive buckets cover. Null if there are none. */
function spanOf(buckets: readonly Moment[]): SpanResource | null {
  const [first, last] = [buckets.at(0), buckets.at(-1)];
  if (first === undefined || last === undefined) return null;
  const [start, end] = [first.start, last.end];
  return { from: first.date, to: last.date, ...(start !== undefined && end !== undefined && { start, end }) };
}

/** Returns the days that moments of a period cover, with the instants of buckets. Null if there are none. */
export function coveredSpan(
  period: Period,
  moments: readonly Moment[],
  { weekStart }: Pick<Calendar, 'weekStart'>,
): SpanResource | null {
  const span = spanOf(moments);
  return span === null ? null : { ...span, to: bucketEnd(period, span.to, weekStart) };
}

/** Returns text that is equal for moments that are the same. */
export function momentKey({ date, start }: PointMoment): string {
  return start ?? date;
}

/** Returns points by their moments: ask with `momentKey`. */
export function pointsByMoment<P extends PointMoment>(points: readonly P[]): ReadonlyMap<string, P> {
  return new Map(points.map((point) => [momentKey(point), point]));
}

/**
 * Returns the point of each moment, without a value where there is none. Points between two moments are left out: where a
 * clock is set back over midnight, the hours of a day have some of the next one between them.
 */
export function pointsOfMoments(
  moments: readonly Moment[],
  points: readonly SeriesPoint<string>[],
): readonly SeriesPoint<string>[] {
  const found = pointsByMoment(points);
  return moments.map((moment) => {
    const { date, start } = moment;
    const unknown = { date, ...(start !== undefined && { start }), value: null, complete: true, asOf: null };
    return found.get(momentKey(moment)) ?? unknown;
  });
}

/** Returns the last moments that can have a value: now, or the end of the coverage before it. */
export function horizonOf(
  coverage: { readonly through: LocalDate | null; readonly computedAt?: Date | null } | null,
  { today }: Pick<Calendar, 'today'>,
  now: Date,
): Horizon {
  const through = coverage?.through ?? today;
  const computedAt = coverage?.computedAt ?? now;
  return { date: through < today ? through : today, instant: computedAt < now ? computedAt : now };
}

/** The moments of a range, and those that they are compared with. */
export interface ComparedMoments {
  readonly moments: readonly Moment[];
  /** the moment that each of `moments` is compared with, in the same order; empty: nothing is compared */
  readonly pairs: readonly Moment[];
  /** the number of moments that have come, and can have a value */
  readonly past: number;
  /** the moments with which those that have come are compared as a whole, each once */
  readonly earlier: readonly Moment[];
}

/**
 * Returns the moments of a range, and those that they are compared with.
 *
 * @throws TrackstatsHttpException if the earlier range begins before the calendar does
 * @throws InvalidFilterError if the period cannot be compared so
 */
export function comparedMoments(
  period: Period,
  moments: readonly Moment[],
  compare: CompareWith | undefined,
  { weekStart, timeZone }: Calendar,
  horizon: Horizon,
): ComparedMoments {
  const past = moments.filter(({ date, start }) =>
    start === undefined ? date <= horizon.date : new Date(start) <= horizon.instant,
  ).length;
  if (compare === undefined) return { moments, past, pairs: [], earlier: [] };
  if (isTimePeriod(period)) {
    const clock = { timeZone, period, now: horizon.instant };
    const pairs = earlierBuckets(moments.map(bucketOf), compare, clock).map((bucket) => momentOf(bucket, timeZone));
    return { moments, past, pairs, earlier: pairs.slice(0, past) };
  }
  try {
    const dates = moments.map(({ date }) => date);
    const pairs = earlierDates(period, dates, compare, weekStart);
    const earlier = earlierRange(period, dates.slice(0, past), pairs.slice(0, past), compare, weekStart);
    const momentAt = (date: LocalDate): Moment => ({ date });
    return { moments, past, pairs: pairs.map(momentAt), earlier: earlier.map(momentAt) };
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

/** Returns a list, or null if the library does not read so many. */
function upToLimit<T>(read: () => T[]): T[] | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof TooManyPointsError) return null;
    throw error;
  }
}
