import { kindMeaning } from '../../coverage/coverage-kind.js';
import { TooManyPointsError } from '../../errors/statistic.error.js';
import { instantText } from '../../time/instant.js';
import { dayAt, type DayNumber, type LocalDate } from '../../time/local-date.js';
import { bucketAt, bucketsBetween, type TimeBucket } from '../../time/time-bucket.js';
import { localDateAt } from '../../time/time-zone.js';
import { offsetAt } from '../../time/zone-offsets.js';
import type { StartRange } from '../filter/date-range.js';
import type { BucketCalendar } from '../filter/start-range.js';
import type { Fill } from '../filter/statistic-filter.js';
import { MOST_POINTS, type SeriesCoverage, type SeriesPoint } from './series.js';

/** A point of a series of buckets of less than a day. Its `date` is the local date of the bucket. */
export interface BucketPoint<V = number> extends SeriesPoint<V> {
  /** the first instant of the bucket, as text with the offset of the zone */
  start: string;
}

/** A bucket with its local date. */
export interface DatedBucket extends TimeBucket {
  readonly date: LocalDate;
}

/** The date of a point, and for a period of less than a day the start of its bucket. */
export interface PointMoment {
  readonly date: LocalDate;
  readonly start?: string;
}

/** Returns the date of a point, and the start of its bucket if it has one: what says of when it is. */
export function momentOfPoint(point: SeriesPoint<unknown>): PointMoment {
  const { date, start } = point;
  return start === undefined ? { date } : { date, start };
}

/**
 * Returns the buckets of a range that has both bounds, in order.
 *
 * @throws TooManyPointsError
 */
export function seriesBuckets({ parts }: StartRange, { timeZone, period }: BucketCalendar): DatedBucket[] {
  const buckets: DatedBucket[] = [];
  // a text for each day and not for each of its minutes
  let day: DayNumber | null = null;
  let date = '' as LocalDate;
  for (const { from, to } of parts) {
    // before the zone's changes are looked up, which for all minutes since the year 1 would take seconds
    if (from === null || to === null || (to - from) / period > MOST_POINTS) throw tooMany(parts, timeZone);
    for (const { start, end } of bucketsBetween({ zone: timeZone, length: period }, from, to)) {
      if (buckets.length >= MOST_POINTS) throw tooMany(parts, timeZone);
      const local = dayAt(start + offsetAt(timeZone, start));
      if (local !== day) date = localDateAt(new Date(start * 1000), timeZone);
      day = local;
      buckets.push({ start, end, date });
    }
  }
  return buckets;
}

/**
 * Returns one point for each bucket, and fills those that have no row.
 *
 * @param rows ordered by start; with the last one before the first bucket if a value may be carried
 */
export function fillBuckets(
  calendar: BucketCalendar,
  coverage: SeriesCoverage | null,
  fill: Fill,
  buckets: readonly DatedBucket[],
  rows: readonly { readonly start: number; readonly value: string | null }[],
): BucketPoint<string>[] {
  const now = calendar.now.getTime() / 1000;
  const known = coverage === null ? null : knownBuckets(calendar, coverage);
  const first = rows[0]?.start ?? Infinity;
  let earlier: string | null = null;
  let next = 0;
  return buckets.map((bucket) => {
    const { start, end, date } = bucket;
    // rows between the buckets: those before the first one, and those of another zone
    for (let row = rows[next]; row !== undefined && row.start < start; row = rows[++next]) earlier = row.value;
    const row = rows[next]?.start === start ? rows[next++] : undefined;
    const hasBegun = start <= now;
    const isKnown = known?.has(bucket) ?? false;
    const isBeforeAll = (known === null || date < known.from) && start < first;
    const filled = {
      period: isKnown ? (known?.empty ?? null) : null,
      zero: isBeforeAll ? null : '0',
      previous: earlier,
      null: null,
    }[fill];
    const value = row === undefined ? (hasBegun ? filled : null) : row.value;
    earlier = row === undefined ? earlier : row.value;
    return {
      date,
      start: instantText(start, calendar.timeZone),
      value,
      complete: known === null ? end <= now : isKnown && end <= known.openFrom,
      asOf: coverage === null || !hasBegun || date < coverage.from ? null : coverage.computedAt,
    };
  });
}

interface KnownBuckets {
  readonly from: LocalDate;
  /** the value of a bucket without a row */
  readonly empty: string | null;
  /** the second from which on buckets were open when they were computed */
  readonly openFrom: number;
  readonly has: (bucket: DatedBucket) => boolean;
}

/** Coverage is of dates. It ends at the bucket in which it was computed, which is open. */
function knownBuckets({ timeZone, period, now }: BucketCalendar, coverage: SeriesCoverage): KnownBuckets {
  const { from, through, computedAt, kind } = coverage;
  const second = (computedAt ?? now).getTime() / 1000;
  const openFrom = bucketAt({ zone: timeZone, length: period }, second).start;
  return {
    from,
    empty: kindMeaning(kind).empty,
    openFrom,
    has: ({ start, date }) => date >= from && (through === null || date <= through) && start <= openFrom,
  };
}

function tooMany(parts: StartRange['parts'], zone: string): TooManyPointsError {
  const textOf = (at: number | null | undefined): string | null => (at == null ? null : instantText(at, zone));
  const [first, last] = [textOf(parts.at(0)?.from), textOf(parts.at(-1)?.to)];
  const what = first === null || last === null ? 'A series of all dates' : `A series from ${first} to ${last}`;
  return new TooManyPointsError(what, MOST_POINTS);
}
