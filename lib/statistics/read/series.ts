import { type CoverageKind, kindMeaning } from '../../coverage/coverage-kind.js';
import { TooManyPointsError } from '../../errors/statistic.error.js';
import { dayNumber, fromDayNumber, type LocalDate } from '../../time/local-date.js';
import {
  bucketEnd,
  bucketStart,
  isCalendarPeriod,
  nextBucket,
  type Period,
  type WeekStart,
} from '../../time/period.js';
import { openDateAt } from '../../time/time-zone.js';
import type { Fill } from '../filter/statistic-filter.js';
import { carriedSince, carriesForward, carryForward } from './carried-values.js';

/** One point of a series: a date or bucket with its value. */
export interface SeriesPoint<V = number> {
  /** the day, the last day of a rolling window or a period to date, or the first day of a calendar bucket */
  date: LocalDate;
  /**
   * of a period of less than a day, the first instant of the bucket, as text with the offset of the time zone:
   * `'2026-10-25T02:00:00+01:00'`. `date` is its local date then. Left out for the other periods
   */
  start?: string;
  /** null if nothing is known, or if there is no value */
  value: V | null;
  /** false if the date, or its bucket, was not over when the value was computed */
  complete: boolean;
  /** the time at which the run that computed the value read its source; null if no run did */
  asOf: Date | null;
}

export interface SeriesRow {
  readonly date: LocalDate;
  readonly value: string | null;
}

/** The dates of a series that are complete. */
export interface SeriesCoverage {
  readonly from: LocalDate;
  /** null if the coverage has no end */
  readonly through: LocalDate | null;
  readonly kind: CoverageKind;
  readonly timeZone: string;
  readonly computedAt: Date | null;
}

export interface SeriesSpec {
  readonly period: Period;
  readonly weekStart: WeekStart;
  readonly today: LocalDate;
  readonly coverage: SeriesCoverage | null;
  readonly fill: Fill;
}

export const MOST_POINTS = 100_000;

/**
 * Returns the dates of a series, from the first to the last bucket, both included.
 *
 * @throws TooManyPointsError
 */
export function seriesDates(period: Period, from: LocalDate, to: LocalDate, weekStart: WeekStart): LocalDate[] {
  const dates: LocalDate[] = [];
  if (!isCalendarPeriod(period)) {
    const [first, last] = [dayNumber(from), dayNumber(to)];
    if (last - first >= MOST_POINTS) throw tooMany(from, to);
    for (let day = first; day <= last; day++) dates.push(fromDayNumber(day));
    return dates;
  }
  const last = bucketStart(period, to, weekStart);
  for (let date = bucketStart(period, from, weekStart); date <= last; date = nextBucket(period, date, weekStart)) {
    if (dates.length >= MOST_POINTS) throw tooMany(from, to);
    dates.push(date);
    if (date === last) break;
  }
  return dates;
}

/**
 * Returns one point for each date, and fills the dates that have no row.
 *
 * @param dates from `seriesDates`
 * @param rows ordered by date; with the last one before the first date if `needsEarlierRow` is true
 */
export function fillSeries(
  spec: SeriesSpec,
  dates: readonly LocalDate[],
  rows: readonly SeriesRow[],
): SeriesPoint<string>[] {
  const covered = coveredPoints(spec);
  const firstRow = rows[0]?.date;
  const points: SeriesPoint<string>[] = [];
  for (const { date, row, earlier } of carryForward(rows, dates)) {
    const value = row === undefined ? absentValue(spec, covered, date, earlier, firstRow) : row.value;
    points.push({ date, value, complete: isComplete(spec, covered, date), asOf: covered.asOf(date) });
  }
  return points;
}

/** True if the value of a point can depend on a row before the first date. */
export function needsEarlierRow(period: Period, fill: Fill): boolean {
  return fill === 'previous' || fill === 'zero' || (fill === 'period' && carriesForward(period));
}

/** The coverage of a series in dates of its points. */
interface CoveredPoints {
  /** the first and last dates that are covered; null without coverage */
  readonly from: LocalDate | null;
  readonly through: LocalDate | null;
  /** the first date that was not over when the values were computed */
  readonly open: LocalDate;
  /** the last date that a point's value covers */
  readonly lastDateOf: (date: LocalDate) => LocalDate;
  readonly asOf: (date: LocalDate) => Date | null;
}

/** Returns the coverage of a series in dates of its points. */
export function coveredPoints({ period, weekStart, today, coverage }: SeriesSpec): CoveredPoints {
  const isBucket = isCalendarPeriod(period);
  const lastDate = (date: LocalDate): LocalDate => (isBucket ? bucketEnd(period, date, weekStart) : date);
  if (coverage === null) return { from: null, through: null, open: today, lastDateOf: lastDate, asOf: () => null };
  const { computedAt, timeZone, through } = coverage;
  const from = bucketStart(period, coverage.from, weekStart);
  const open = computedAt === null ? (through ?? today) : openDateAt(computedAt, timeZone);
  return {
    from,
    through: through ?? today,
    open,
    lastDateOf: lastDate,
    asOf: (date) => (date < from || date > today ? null : computedAt),
  };
}

function absentValue(
  { period, weekStart, today, coverage, fill }: SeriesSpec,
  { from, through }: CoveredPoints,
  date: LocalDate,
  earlier: SeriesRow | undefined,
  firstRow: LocalDate | undefined,
): string | null {
  if (fill === 'null' || date > today) return null;
  const isBeforeAll = (from === null || date < from) && (firstRow === undefined || date < firstRow);
  if (fill === 'zero') return isBeforeAll ? null : '0';
  if (fill === 'previous') return earlier?.value ?? null;
  if (from !== null && date < from) return null;
  const empty = coverage === null ? null : kindMeaning(coverage.kind).empty;
  if (carriesForward(period)) {
    const since = carriedSince(period, date, through, weekStart);
    if (since !== null && (earlier === undefined || earlier.date < since)) return null;
    return earlier === undefined ? empty : earlier.value;
  }
  const isCovered = through !== null && date <= through;
  return isCovered ? empty : null;
}

function isComplete({ today }: SeriesSpec, covered: CoveredPoints, date: LocalDate): boolean {
  const end = covered.lastDateOf(date);
  if (covered.from === null || covered.through === null) return end < today;
  return date >= covered.from && end <= covered.through && end < covered.open;
}

function tooMany(from: LocalDate, to: LocalDate): TooManyPointsError {
  return new TooManyPointsError(`A series from ${from} to ${to}`, MOST_POINTS);
}
