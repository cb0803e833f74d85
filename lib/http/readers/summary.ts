import type { Metric } from '../../catalog/index.js';
import { type CoverageKind, kindMeaning, type StoredCoverage } from '../../coverage/index.js';
import { addDecimals, compareDecimals, subtractDecimals } from '../../database/decimal.js';
import { nearestDouble, type SeriesPoint } from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import { bucketEnd, bucketStart, type Period, periodKind, type WeekStart } from '../../time/period.js';
import type { SummaryComparison, SummaryKind, SummaryResource } from '../resources.js';

type Point = SeriesPoint<string>;

/** A range as one value. */
export interface Whole {
  readonly kind: SummaryKind;
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly value: string | null;
}

/** The points of a range and of the earlier one: those at the same place are compared. */
export interface Ranges {
  readonly period: Period;
  readonly later: readonly Point[];
  /** empty: nothing is compared */
  readonly earlier: readonly Point[];
  readonly weekStart: WeekStart;
  /** the last date that can have a value: today, or the end of the coverage before it */
  readonly last: LocalDate;
}

/**
 * How the values of a metric in a period become one. Shares do not add up, whoever recorded them.
 *
 * @param kind undefined: they were recorded one by one
 */
export function summaryKind(
  { unit }: Pick<Metric, 'unit'>,
  period: Period,
  kind: CoverageKind | undefined,
): SummaryKind {
  if (periodKind(period) !== 'bucket' || unit === 'percent') return 'last';
  if (kind === 'min') return 'least';
  if (kind === 'max') return 'greatest';
  return kind === undefined || kindMeaning(kind).isSummable ? 'total' : 'last';
}

/** True for averages and distinct counts: only a period that covers the whole range knows its value. */
export function isStoredWhole(period: Period, kind: CoverageKind): boolean {
  return periodKind(period) === 'bucket' && kind !== 'min' && kind !== 'max' && !kindMeaning(kind).isSummable;
}

/** Cuts off dates that have not come, from both ranges: what they are compared with has come. */
export function pastOf(ranges: Ranges): Ranges {
  const length = ranges.later.filter(({ date }) => date <= ranges.last).length;
  return { ...ranges, later: ranges.later.slice(0, length), earlier: ranges.earlier.slice(0, length) };
}

/** The value of the later range, or null if it has no dates that have come. */
export function wholeOf(ranges: Ranges, kind: SummaryKind): Whole | null {
  const { later } = pastOf(ranges);
  return kind === 'last' ? lastOf(later) : spanOf(ranges, later, kind, combined(later, kind));
}

/**
 * The value of the earlier range, or null if one of its dates is not known: a part of it would stand against a whole
 * range.
 */
export function earlierWhole(ranges: Ranges, kind: SummaryKind, coverage: StoredCoverage | null): string | null {
  const { period, weekStart } = ranges;
  const { later, earlier } = pastOf(ranges);
  if (kind === 'last') return earlier[placeOfLast(later)]?.value ?? null;
  const first = earlier.at(0)?.date;
  const since = coverage?.from ?? null;
  const isKnown =
    since === null ? earlier.every(({ value }) => value !== null) : isFrom(first, period, since, weekStart);
  return isKnown ? combined(earlier, kind) : null;
}

function isFrom(first: LocalDate | undefined, period: Period, since: LocalDate, weekStart: WeekStart): boolean {
  return first !== undefined && first >= bucketStart(period, since, weekStart);
}

function lastOf(points: readonly Point[]): Whole | null {
  const point = points[placeOfLast(points)] ?? points.at(-1);
  return point === undefined ? null : { kind: 'last', from: point.date, to: point.date, value: point.value };
}

/** The last value that is final. If none is, the last of all: that of a metric which began today. */
function placeOfLast(points: readonly Point[]): number {
  const complete = points.findLastIndex((point) => point.complete && point.value !== null);
  return complete >= 0 ? complete : points.findLastIndex(({ value }) => value !== null);
}

/** The days of some points, with a value for all of them. */
export function spanOf(
  { period, weekStart }: Ranges,
  points: readonly Point[],
  kind: SummaryKind,
  value: string | null,
): Whole | null {
  const [from, to] = [points.at(0)?.date, points.at(-1)?.date];
  if (from === undefined || to === undefined) return null;
  return { kind, from, to: bucketEnd(period, to, weekStart), value };
}

function combined(points: readonly Point[], kind: SummaryKind): string | null {
  const [first, ...others] = points.map(({ value }) => value).filter((value) => value !== null);
  if (first === undefined) return null;
  if (kind === 'total') return others.reduce(addDecimals, first);
  return others.reduce((a, b) => (compareDecimals(b, a) < 0 === (kind === 'least') ? b : a), first);
}

/** @param before the value of the earlier range; undefined: nothing is compared */
export function summaryResource(whole: Whole, ranges: Ranges, before: string | null | undefined): SummaryResource {
  const { kind, from, to, value } = whole;
  const comparison = before === undefined ? null : comparisonOf(whole, ranges, before);
  return { kind, from, to, value: nearestDouble(value), comparison };
}

function comparisonOf({ kind, value }: Whole, ranges: Ranges, before: string | null): SummaryComparison | null {
  const { later, earlier } = pastOf(ranges);
  const compared = kind === 'last' ? earlier.slice(placeOfLast(later)).slice(0, 1) : earlier;
  const span = spanOf(ranges, compared, kind, before);
  if (span === null) return null;
  const open = kind === 'last' ? later.slice(placeOfLast(later)).slice(0, 1) : later;
  const absolute = value === null || before === null ? null : subtractDecimals(value, before);
  const base = nearestDouble(before) ?? 0;
  return {
    from: span.from,
    to: kind === 'last' ? span.from : span.to,
    value: nearestDouble(before),
    absolute: nearestDouble(absolute),
    relative: absolute === null || base === 0 ? null : (nearestDouble(absolute) ?? 0) / Math.abs(base),
    comparable: open.every(({ complete }) => complete),
  };
}
