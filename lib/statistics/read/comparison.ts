import { naturalKey } from '../../catalog/definitions.js';
import { derivedOf, deriveValue } from '../../catalog/derived.js';
import { compareDecimals, subtractDecimals } from '../../database/decimal.js';
import type { Work } from '../../database/work.js';
import { InvalidFilterError } from '../../errors/statistic.error.js';
import { addDays, dayNumber, earliestDate, type LocalDate } from '../../time/local-date.js';
import {
  bucketEnd,
  bucketStart,
  type CalendarUnit,
  calendarUnit,
  isTimePeriod,
  Period,
  periodKind,
  type TimePeriod,
  unitBefore,
  type WeekStart,
} from '../../time/period.js';
import { type Calendar, type RangeInput, seriesRange } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { type BucketCalendar, startRange } from '../filter/start-range.js';
import { readFilterMetrics, type StatisticContext } from '../filter/statistic.context.js';
import type { CompareWith, Fill } from '../filter/statistic-filter.js';
import { nearestDouble } from '../tables/exact-value.js';
import { type DatedBucket, momentOfPoint, seriesBuckets } from './bucket-series.js';
import { rangeOfSeries, sumPoints } from './reading.js';
import { seriesDates, type SeriesPoint } from './series.js';
import { isKnownFrom, isKnownRange } from './known-range.js';
import { areKnown, readWithParts } from './derived.query.js';
import { readStoredSeries, type Series } from './series.query.js';

/** The earlier point that a point is compared with. */
export interface EarlierPoint<V = number> {
  /** the day, the last day of a rolling window or of a period to date, or the first day of a calendar bucket */
  date: LocalDate;
  /** of a period of less than a day, the first instant of the bucket, as a point has it */
  start?: string;
  /** null if nothing is known, or if there is no value */
  value: V | null;
  /** false if the later date was not over when its value was computed, so that a part is compared with a whole date */
  comparable: boolean;
}

/** The value of each of two ranges as a whole, and the change between them. */
export interface ComparedTotal<V = number> {
  /**
   * the sum, the least or the greatest value, according to the metric's aggregate; null if a date of the range is
   * outside the coverage, for periods whose values overlap, for gauges and shares, and for averages and distinct counts
   * unless the tracker has a period that covers exactly this range. Of values that were recorded one by one, those that
   * are known
   */
  value: V | null;
  /** the same of the earlier range; null unless all of its dates are known */
  before: V | null;
  /** value − before; null if one of them is, or if a date of either range is not known */
  absolute: V | null;
  /** absolute ÷ |before|, for example 0.25 for a quarter more; null if `absolute` is, or if the earlier value is 0 */
  relative: number | null;
  /** false if a date of the range is not known, or was not over when its value was computed */
  comparable: boolean;
}

/** A series beside an earlier one: `before[i]` is what `points[i]` is compared with. */
export interface Comparison<V = number> {
  points: SeriesPoint<V>[];
  before: EarlierPoint<V>[];
  total: ComparedTotal<V>;
}

type Filter = NormalFilter & { readonly period: Period };

const DEFAULT_LAST = 30;
const WEEKS_OF_A_YEAR = 52 * 7;

/**
 * Returns the range of a comparison: the last 30 dates or buckets by default.
 *
 * @throws InvalidFilterError if `to` is given without `from`
 */
export function comparedRange(range: RangeInput): RangeInput {
  if (range.from !== undefined || range.last !== undefined) return range;
  if (range.to === undefined) return { last: DEFAULT_LAST };
  throw new InvalidFilterError('compare: to is given without from. Give both, or last.');
}

/**
 * Returns the date that each date of a series is compared with, in the same order: several have the same one where the
 * earlier month is shorter. Weeks are compared with those 52 weeks earlier, because a year is no number of weeks.
 *
 * @throws InvalidFilterError if the values of the period do not make up the unit; InvalidDateError before 0001-01-01
 * @example earlierDates(Period.DAY, ['2024-02-29'], 'year', 'monday') // ['2023-02-28']
 */
export function earlierDates(
  period: Period,
  dates: readonly LocalDate[],
  compareWith: CompareWith,
  weekStart: WeekStart,
): LocalDate[] {
  if (!canCompare(period, compareWith)) {
    throw new InvalidFilterError(
      `compare: with is '${compareWith}', and the period is ${Period.nameOf(period)}, whose values do not make up ${unitOf(compareWith)}s. Use 'previous' or 'year'.`,
    );
  }
  const unit = calendarUnit(period);
  if (compareWith === 'previous') {
    return unit === null ? dates.map((date) => addDays(date, -dates.length)) : bucketsBefore(period, dates, weekStart);
  }
  const isYearOfWeeks = compareWith === 'year' && unit === 'week';
  if (compareWith === 'weekdays' || isYearOfWeeks) return dates.map((date) => addDays(date, -WEEKS_OF_A_YEAR));
  return dates.map((date) => unitBefore(compareWith, date));
}

/** The calendar periods whose values make up a unit. */
const PARTS: Readonly<Record<CalendarUnit, readonly CalendarUnit[]>> = {
  week: ['week'],
  month: ['month'],
  quarter: ['month', 'quarter'],
  year: ['week', 'month', 'quarter', 'year'],
};

/** True if the values of a period make up the unit of a comparison: weeks do not make up months. */
export function canCompare(period: Period, compareWith: CompareWith): boolean {
  if (isTimePeriod(period)) return compareWith === 'previous';
  const unit = calendarUnit(period);
  return unit === null || compareWith === 'previous' || PARTS[unitOf(compareWith)].includes(unit);
}

function unitOf(compareWith: CompareWith): CalendarUnit {
  return compareWith === 'weekdays' || compareWith === 'previous' ? 'week' : compareWith;
}

/**
 * Returns the dates of the range that a range is compared with as a whole, each once. Whole months are compared with
 * whole months: October with all of September, and February with all of January.
 *
 * @param dates of the range, without those that have not come
 * @param earlier the date that each of them is compared with
 */
export function earlierRange(
  period: Period,
  dates: readonly LocalDate[],
  earlier: readonly LocalDate[],
  compareWith: CompareWith,
  weekStart: WeekStart,
): LocalDate[] {
  const [from, last] = [earlier.at(0), earlier.at(-1)];
  if (from === undefined || last === undefined) return [];
  const isOfMonths = compareWith === 'month' || compareWith === 'quarter' || compareWith === 'year';
  const isWhole = isOfMonths && period === Period.DAY && areWholeMonths(dates);
  return seriesDates(period, from, isWhole ? bucketEnd(Period.CALENDAR_MONTH, last, weekStart) : last, weekStart);
}

function areWholeMonths(days: readonly LocalDate[]): boolean {
  const [first, last] = [days.at(0), days.at(-1)];
  if (first === undefined || last === undefined) return false;
  const month = Period.CALENDAR_MONTH;
  return bucketStart(month, first, 'monday') === first && bucketEnd(month, last, 'monday') === last;
}

function bucketsBefore(period: Period, dates: readonly LocalDate[], weekStart: WeekStart): LocalDate[] {
  const before: LocalDate[] = [];
  let [start] = dates;
  for (let count = 0; start !== undefined && count < dates.length; count++) {
    start = bucketStart(period, addDays(start, -1), weekStart);
    before.push(start);
  }
  return before.reverse();
}

/**
 * Reads a series and the earlier one that it is compared with.
 *
 * @throws InvalidFilterError, TooManyPointsError, and the errors of `earlierDates`
 */
export function* readComparison(
  context: StatisticContext,
  filter: Filter,
  options: { readonly with: CompareWith; readonly fill: Fill },
  now: Date,
): Work<Comparison<string>> {
  const { period } = filter;
  const { calendar } = yield* readFilterMetrics(context, filter, now);
  if (isTimePeriod(period)) return yield* compareBuckets(context, { ...filter, period }, options, calendar, now);
  const { weekStart, today } = calendar;
  const range = seriesRange(filter.range, period, calendar);
  const dates = seriesDates(period, range.from ?? range.to, range.to, weekStart);
  const earlier = earlierDates(period, dates, options.with, weekStart);
  if (dates.length === 0) {
    throw new InvalidFilterError(`compare: from is ${String(range.from)}, which is after to, ${range.to}.`);
  }
  const { series: later, parts } = yield* readRange(context, filter, dates, options.fill, now);

  // dates that have not come, or that no run has computed, are left out on both sides
  const last = earliestDate(today, ...parts.map(({ coverage }) => coverage?.through ?? today));
  const past = dates.filter((date) => date <= last);
  const whole = earlierRange(period, past, earlier.slice(0, past.length), options.with, weekStart);
  const bounds = [...earlier.slice(0, 1), ...[...whole.slice(-1), ...earlier.slice(-1)].sort()];
  const { series: sooner, parts: partsBefore } = yield* readRange(context, filter, bounds, options.fill, now);
  const known = new Map(sooner.points.map(({ date, value }) => [date, value]));
  const has = later.points.slice(0, past.length);
  const total = yield* wholeOf(context, filter, upTo(parts, past.at(-1)), last, calendar, now);
  const totalBefore = yield* wholeOf(context, filter, upTo(partsBefore, whole.at(-1)), today, calendar, now);
  return {
    points: [...later.points],
    before: earlier.map((date, place) => ({
      date,
      value: known.get(date) ?? null,
      comparable: later.points[place]?.complete ?? false,
    })),
    total: comparedTotal(total, totalBefore, has),
  };
}

/**
 * Reads a series of buckets of less than a day, and as many buckets just before them.
 *
 * @throws InvalidFilterError, and the errors of `earlierBuckets`
 */
function* compareBuckets(
  context: StatisticContext,
  filter: Filter & { readonly period: TimePeriod },
  options: { readonly with: CompareWith; readonly fill: Fill },
  calendar: Calendar,
  now: Date,
): Work<Comparison<string>> {
  const { period, range } = filter;
  const clock = { timeZone: calendar.timeZone, period, now };
  const bounds = range.to === undefined && range.last === undefined ? { ...range, to: now } : range;
  const buckets = seriesBuckets(startRange(bounds, clock), clock);
  const [first] = buckets;
  if (first === undefined) throw new InvalidFilterError('compare: from is after to. Expected a range with buckets.');
  const [start] = earlierBuckets(buckets, options.with, clock);
  const earlier = { from: new Date((start ?? first).start * 1000), to: new Date(first.start * 1000 - 1) };
  const { series: later, parts } = yield* readWithParts(context, { ...filter, range: bounds }, options.fill, now);
  const before = yield* readWithParts(context, { ...filter, range: earlier }, options.fill, now);

  // buckets that have not begun, or that no run has computed, are left out on both sides
  const computed = Math.min(...[...parts.map(({ coverage }) => coverage?.computedAt ?? now), now].map(Number)) / 1000;
  const length = buckets.filter((bucket) => bucket.start <= computed).length;
  const upToLength = (all: readonly Series[]): Series[] =>
    all.map((part) => ({ ...part, points: part.points.slice(0, length) }));
  const has = later.points.slice(0, length);
  const total = yield* wholeOf(context, filter, upToLength(parts), calendar.today, calendar, now);
  const totalBefore = yield* wholeOf(context, filter, upToLength(before.parts), calendar.today, calendar, now);
  return {
    points: [...later.points],
    before: before.series.points.map((point, place) => ({
      ...momentOfPoint(point),
      value: point.value,
      comparable: later.points[place]?.complete ?? false,
    })),
    total: comparedTotal(total, totalBefore, has),
  };
}

/**
 * Returns the buckets that those of a series are compared with, in the same order: as many, just before them.
 *
 * @throws InvalidFilterError for another comparison: days of 23 and 25 hours have no counterpart a year before
 */
export function earlierBuckets(
  buckets: readonly DatedBucket[],
  compareWith: CompareWith,
  clock: BucketCalendar,
): DatedBucket[] {
  if (compareWith !== 'previous') {
    throw new InvalidFilterError(
      `compare: with is '${compareWith}', and the period is ${Period.nameOf(clock.period)}. Where a clock is set, a day has 23 or 25 ` +
        `hours, and some have no counterpart on another day. Use 'previous', or compare days.`,
    );
  }
  const [first] = buckets;
  if (first === undefined) return [];
  const before = { ...clock, now: new Date(first.start * 1000 - 1) };
  return seriesBuckets(startRange({ last: buckets.length }, before), before);
}

function* readRange(
  context: StatisticContext,
  filter: Filter,
  dates: readonly LocalDate[],
  fill: Fill,
  now: Date,
): Work<{ series: Series; parts: readonly Series[] }> {
  const [from, to] = [dates.at(0), dates.at(-1)];
  if (from === undefined || to === undefined) throw new TypeError('a range without dates');
  return yield* readWithParts(context, { ...filter, range: { from, to } }, fill, now);
}

/** Leaves out the points after a date. */
function upTo(parts: readonly Series[], end: LocalDate | undefined): Series[] {
  const isWithin = ({ date }: SeriesPoint<string>): boolean => end !== undefined && date <= end;
  return parts.map((part) => ({ ...part, points: part.points.filter(isWithin) }));
}

/** The value of a range as a whole. */
interface Whole {
  /** null if it does not follow from the points */
  readonly value: string | null;
  /** false if a date is not known, as of values that were recorded one by one */
  readonly isKnown: boolean;
}

/**
 * Returns the value of a range as a whole. That of a derived metric is computed from those of its parts, over the dates on
 * which all of them are known.
 */
function* wholeOf(
  context: StatisticContext,
  filter: Filter,
  parts: readonly Series[],
  last: LocalDate,
  calendar: Calendar,
  now: Date,
): Work<Whole> {
  const { period } = filter;
  const [metric] = filter.metrics;
  const isDerived = metric !== undefined && derivedOf(metric) !== null;
  const values = new Map<string, string | null>();
  let isKnown = true;
  for (const part of parts) {
    const points = part.points.map((point, place) =>
      isDerived && !areKnown(parts, place) ? { ...point, value: null } : point,
    );
    const ofPart = { ...filter, metrics: [part.target] };
    values.set(naturalKey(part.target), yield* wholeValue(context, ofPart, part, points, last, calendar, now));
    isKnown &&= isKnownRange(points, part.coverage?.from ?? null, { period, calendar });
  }
  const value = metric === undefined ? null : deriveValue(metric, (part) => values.get(naturalKey(part)) ?? null);
  return { value, isKnown };
}

/**
 * Returns the value of some points as a whole, or null if it does not follow from them.
 *
 * @param last the last date that can have a value
 */
function* wholeValue(
  context: StatisticContext,
  filter: Filter,
  series: Series,
  points: readonly SeriesPoint<string>[],
  last: LocalDate,
  calendar: Calendar,
  now: Date,
): Work<string | null> {
  const { period } = filter;
  const { weekStart } = calendar;
  const { coverage } = series;
  const [first, end] = [points.at(0)?.date, points.at(-1)?.date];
  if (periodKind(period) !== 'bucket' || first === undefined || end === undefined) return null;
  if (coverage !== null && !isKnownFrom(first, coverage.from, { period, calendar })) return null;
  const value = rangeOfSeries(series);
  if (value === 'least' || value === 'greatest') return extreme(points, value);
  if (value === 'total') return sumPoints(points);
  if (value === 'latest' || isTimePeriod(period)) return null;
  const lastDay = bucketEnd(period, end, weekStart);
  return yield* storedWhole(context, filter, first, lastDay < last ? lastDay : last, weekStart, now);
}

function extreme(points: readonly SeriesPoint<string>[], kind: 'least' | 'greatest'): string | null {
  const [first, ...others] = points.map(({ value }) => value).filter((value) => value !== null);
  if (first === undefined) return null;
  return others.reduce((a, b) => (compareDecimals(b, a) < 0 === (kind === 'least') ? b : a), first);
}

/** Reads the stored value of a period that covers exactly a range of days, if a tracker computes one. */
function* storedWhole(
  context: StatisticContext,
  filter: Filter,
  from: LocalDate,
  to: LocalDate,
  weekStart: WeekStart,
  now: Date,
): Work<string | null> {
  for (const { period, date } of periodsOver(from, to, weekStart)) {
    const [series] = yield* readStoredSeries(context, { ...filter, period, range: { date } }, 'period', now);
    const coverage = series?.coverage ?? null;
    if (coverage === null || date < coverage.from || (coverage.through !== null && date > coverage.through)) continue;
    return series?.points[0]?.value ?? null;
  }
  return null;
}

const UNITS = [
  [Period.CALENDAR_WEEK, Period.WEEK_TO_DATE],
  [Period.CALENDAR_MONTH, Period.MONTH_TO_DATE],
  [Period.CALENDAR_QUARTER, Period.QUARTER_TO_DATE],
  [Period.CALENDAR_YEAR, Period.YEAR_TO_DATE],
] as const;
const LONGEST_WINDOW = 3_660;

/** Returns the periods that cover exactly a range of days, each with the date of that value. */
function periodsOver(from: LocalDate, to: LocalDate, weekStart: WeekStart): { period: Period; date: LocalDate }[] {
  const days = dayNumber(to) - dayNumber(from) + 1;
  return [
    ...(days >= 1 && days <= LONGEST_WINDOW ? [{ period: Period.days(days), date: to }] : []),
    ...UNITS.filter(([unit]) => bucketStart(unit, to, weekStart) === from).flatMap(([unit, toDate]) => [
      ...(bucketEnd(unit, to, weekStart) === to ? [{ period: unit, date: from }] : []),
      { period: toDate, date: to },
    ]),
  ];
}

/**
 * A change between ranges of which some dates are not known would mislead.
 *
 * @param has the later points, without those that have not come
 */
function comparedTotal(
  { value, isKnown }: Whole,
  earlier: Whole,
  has: readonly SeriesPoint<string>[],
): ComparedTotal<string> {
  const before = earlier.isKnown ? earlier.value : null;
  const comparable = isKnown && has.length > 0 && has.every(({ complete }) => complete);
  if (value === null || before === null || !isKnown) {
    return { value, before, absolute: null, relative: null, comparable };
  }
  const absolute = subtractDecimals(value, before);
  const base = nearestDouble(before) ?? 0;
  const relative = base === 0 ? null : (nearestDouble(absolute) ?? 0) / Math.abs(base);
  return { value, before, absolute, relative, comparable };
}
