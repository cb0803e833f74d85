import { type CoverageKind, type Measured, rangeValue, type StoredCoverage } from '../../coverage/index.js';
import { addDecimals, compareDecimals, subtractDecimals } from '../../database/decimal.js';
import { type Calendar, isKnownRange, nearestDouble, type SeriesPoint } from '../../statistics/index.js';
import { instantText } from '../../time/instant.js';
import { bucketEnd, isTimePeriod, type Period, periodKind } from '../../time/period.js';
import { bucketAt } from '../../time/time-bucket.js';
import type { SpanResource, SummaryComparison, SummaryKind, SummaryResource } from '../resources.js';
import { type Moment, momentKey } from './range.js';

type Point = SeriesPoint<string>;

/** The value of a range, with the dates that it covers. */
export interface Whole {
  readonly kind: SummaryKind;
  readonly span: SpanResource;
  readonly value: string | null;
}

/** The points of a range that have come, and those of the earlier range. */
export interface Ranges {
  readonly period: Period;
  readonly calendar: Calendar;
  readonly later: readonly Point[];
  /** the moment that each of `later` is compared with */
  readonly pairs: readonly Moment[];
  /** each moment once; empty: nothing is compared */
  readonly earlier: readonly Point[];
  /** true for levels that were recorded one by one: today's level is as good as that of a date that is over */
  readonly areReadings: boolean;
}

/** The dates of which all values are known; null: they were recorded one by one. */
export type Known = Pick<StoredCoverage, 'from'> | null;

/**
 * Returns the way in which the values of a metric in a period become one.
 *
 * @param kind undefined: they were recorded one by one
 */
export function summaryKind(metric: Measured, period: Period, kind: CoverageKind | undefined): SummaryKind {
  const value = periodKind(period) === 'bucket' ? rangeValue(metric, kind) : 'none';
  return value === 'latest' || value === 'none' ? 'last' : value;
}

/**
 * True if each value is a level that somebody has read and recorded.
 *
 * @param kind undefined: the values were recorded one by one
 */
export function areReadings({ gauge }: Measured, kind: CoverageKind | undefined): boolean {
  return gauge === true && kind === undefined;
}

/**
 * True for averages and distinct counts of days and calendar periods. Only a period that covers the whole range has their
 * value.
 */
export function isStoredWhole(metric: Measured, period: Period, kind: CoverageKind): boolean {
  return !isTimePeriod(period) && periodKind(period) === 'bucket' && rangeValue(metric, kind) === 'none';
}

/** Returns the value of the later range, or null if none of its dates has come. */
export function wholeOf(ranges: Ranges, kind: SummaryKind): Whole | null {
  const { later } = ranges;
  return kind === 'last' ? lastOf(ranges) : spanOf(ranges, later, kind, combined(later, kind));
}

/** The value of the earlier range. */
export function earlierWhole(ranges: Ranges, kind: SummaryKind): string | null {
  return kind === 'last' ? (pairOfLast(ranges)?.value ?? null) : combined(ranges.earlier, kind);
}

function lastOf(ranges: Ranges): Whole | null {
  const point = ranges.later[placeOfLast(ranges)] ?? ranges.later.at(-1);
  return point === undefined ? null : { kind: 'last', span: spanOfLast(ranges, point), value: point.value };
}

/** The date of a value that stands for its range. */
function spanOfLast(ranges: Ranges, point: Point): SpanResource {
  return { ...spanOfPoints(ranges, point, point), to: point.date };
}

function spanOfPoints({ period, calendar }: Ranges, from: Point, to: Point): SpanResource {
  const days = { from: from.date, to: bucketEnd(period, to.date, calendar.weekStart) };
  if (from.start === undefined || to.start === undefined || !isTimePeriod(period)) return days;
  const { timeZone } = calendar;
  const { end } = bucketAt({ zone: timeZone, length: period }, Date.parse(to.start) / 1000);
  return { ...days, start: from.start, end: instantText(end, timeZone) };
}

/** Returns the place of the last value that is final, or of the last value if none is, as for a metric that began today. */
function placeOfLast({ later, areReadings: anyIsFinal }: Ranges): number {
  const final = later.findLastIndex((point) => (anyIsFinal || point.complete) && point.value !== null);
  return final >= 0 ? final : later.findLastIndex(({ value }) => value !== null);
}

/** The earlier point that the last value is compared with. */
function pairOfLast(ranges: Ranges): Point | undefined {
  const pair = ranges.pairs[placeOfLast(ranges)];
  return pair && ranges.earlier.find((point) => momentKey(point) === momentKey(pair));
}

/** Returns a value with the days of the points that it covers, or null if there are none. */
export function spanOf(
  ranges: Ranges,
  points: readonly Point[],
  kind: SummaryKind,
  value: string | null,
): Whole | null {
  const [first, last] = [points.at(0), points.at(-1)];
  return first === undefined || last === undefined ? null : { kind, span: spanOfPoints(ranges, first, last), value };
}

function combined(points: readonly Point[], kind: SummaryKind): string | null {
  const [first, ...others] = points.map(({ value }) => value).filter((value) => value !== null);
  if (first === undefined) return null;
  if (kind === 'total') return others.reduce(addDecimals, first);
  return others.reduce((a, b) => (compareDecimals(b, a) < 0 === (kind === 'least') ? b : a), first);
}

/**
 * @param before the value of the earlier range; undefined: nothing is compared
 * @param known the dates of which all values are known. A change against a range of which some are not would mislead
 */
export function summaryResource(
  whole: Whole,
  ranges: Ranges,
  before: string | null | undefined,
  known: Known,
): SummaryResource {
  const { kind, span, value } = whole;
  const comparison = before === undefined ? null : comparisonOf(whole, ranges, before, known);
  return { kind, ...span, value: nearestDouble(value), comparison };
}

function comparisonOf(
  { kind, value }: Whole,
  ranges: Ranges,
  before: string | null,
  known: Known,
): SummaryComparison | null {
  const { later, earlier } = ranges;
  const isLast = kind === 'last';
  const pair = pairOfLast(ranges);
  const span = isLast ? pair && spanOfLast(ranges, pair) : spanOf(ranges, earlier, kind, before)?.span;
  if (span === undefined) return null;
  const isKnown = (points: readonly Point[]): boolean => isKnownRange(points, known?.from ?? null, ranges);
  const [now, then] = isLast ? [value, before] : [isKnown(later) ? value : null, isKnown(earlier) ? before : null];
  const compared = isLast ? later.slice(placeOfLast(ranges)).slice(0, 1) : later;
  const comparable = ranges.areReadings || compared.every(({ complete }) => complete);
  return { ...span, ...changeOf(now, then), comparable };
}

/** @param now a value that is fully known, or null. @param then the same of the earlier range */
function changeOf(now: string | null, then: string | null): Pick<SummaryComparison, 'value' | 'absolute' | 'relative'> {
  const absolute = now === null || then === null ? null : subtractDecimals(now, then);
  const base = nearestDouble(then) ?? 0;
  return {
    value: nearestDouble(then),
    absolute: nearestDouble(absolute),
    relative: absolute === null || base === 0 ? null : (nearestDouble(absolute) ?? 0) / Math.abs(base),
  };
}

/** A range whose values were added up by the database. */
export interface RangeSum {
  readonly span: SpanResource;
  /** null if none is known */
  readonly value: string | null;
  /** true if all values of the range are known */
  readonly isKnown: boolean;
  /** true if every date was over when its value was computed */
  readonly isComplete: boolean;
}

/** Returns the summary of kind 'total' of ranges that the database has added up. @param earlier null: nothing is compared */
export function totalResource(later: RangeSum, earlier: RangeSum | null): SummaryResource {
  const knownValue = ({ isKnown, value }: RangeSum): string | null => (isKnown ? value : null);
  return {
    kind: 'total',
    ...later.span,
    value: nearestDouble(later.value),
    comparison: earlier && {
      ...earlier.span,
      ...changeOf(knownValue(later), knownValue(earlier)),
      comparable: later.isComplete,
    },
  };
}
