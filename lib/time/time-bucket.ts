import { InvalidPeriodError } from '../errors/time.error.js';
import { type StorageZone, dayRanges, storagePieces } from './column-clock.js';
import { dayNumber, type LocalDateText } from './local-date.js';
import { offsetAt, offsetChanges } from './zone-offsets.js';

/**
 * Buckets of less than a day, by the clock of a zone. A bucket begins where that clock shows a multiple of the bucket's
 * length, or where the zone's offset changes. So the repeated hour of autumn is two buckets, the skipped hour of spring is
 * none, and every bucket belongs to one local day. A bucket is known by its first instant, because local time is ambiguous
 * in the repeated hour.
 */

/** The length of a bucket in seconds: an hour, or minutes that divide one. */
export type BucketLength = 60 | 300 | 600 | 900 | 1200 | 1800 | 3600;

/** All lengths, in ascending order. */
export const BUCKET_LENGTHS: readonly BucketLength[] = [60, 300, 600, 900, 1200, 1800, 3600];

/** A bucket: a half-open range of instants, in seconds since 1970-01-01T00:00:00Z. It is shorter beside a change. */
export interface TimeBucket {
  readonly start: number;
  readonly end: number;
}

/** The readings of a column from one on, and how they become the first instants of their buckets. */
export type BucketSegment = SteadySegment | CutSegment;

/**
 * Readings whose bucket begins at a multiple of the length: at the second
 * `floor((reading / 1000 + shift) / length) * length - back`.
 */
export interface SteadySegment {
  /** the first reading, in ms; -Infinity for the first segment */
  readonly from: number;
  readonly shift: number;
  readonly back: number;
}

/** Readings of the one bucket that begins where the offset changes. */
export interface CutSegment {
  /** the first reading, in ms; -Infinity for the first segment */
  readonly from: number;
  /** the first instant of the bucket, in seconds */
  readonly start: number;
}

/** Readings of some buckets of equal length, one after the other: as many half-open ranges, each as long as the first. */
export interface BucketRun {
  /** the first second of the first bucket */
  readonly start: number;
  /** the readings of the first bucket, in ms; `to` is exclusive */
  readonly from: number;
  readonly to: number;
  /** number of buckets */
  readonly count: number;
}

/** A zone whose clock has buckets of a length. */
export interface BucketClock {
  readonly zone: string;
  readonly length: BucketLength;
}

/**
 * Returns the length of buckets of some minutes, in seconds.
 *
 * @throws InvalidPeriodError unless whole buckets of that length make an hour
 * @example lengthOfMinutes(15) // 900
 */
export function lengthOfMinutes(minutes: number): BucketLength {
  const length = BUCKET_LENGTHS.find((one) => one / 60 === minutes);
  if (length !== undefined) return length;
  const all = BUCKET_LENGTHS.map((one) => one / 60).join(', ');
  throw new InvalidPeriodError(minutes, `Period.minutes takes a number of minutes: expected one of ${all}.`);
}

/**
 * Returns the greatest length whose buckets make up those of all given lengths.
 *
 * @example commonLength([900, 1200]) // 300
 */
export function commonLength(lengths: readonly [BucketLength, ...BucketLength[]]): BucketLength {
  const common = lengths.reduce<number>((a, b) => greatestDivisor(a, b), lengths[0]);
  // every common divisor of the lengths that are whole minutes is one of them
  return common as BucketLength;
}

/**
 * Returns the bucket that contains an instant.
 *
 * @param second since 1970-01-01T00:00:00Z; a fraction is allowed
 * @throws UnknownTimeZoneError if the zone is unknown
 * @example bucketAt({ zone: 'Asia/Kathmandu', length: 3600 }, Date.UTC(2026, 0, 1, 12) / 1000)
 * // from 11:15 to 12:15 UTC, which is 17:00 to 18:00 there
 */
export function bucketAt({ zone, length }: BucketClock, second: number): TimeBucket {
  const at = Math.floor(second);
  const offset = offsetAt(zone, at);
  const multiple = Math.floor((at + offset) / length) * length - offset;
  const changes = offsetChanges(zone, multiple, multiple + length - 1);
  const before = changes.findLast((change) => change.at <= at);
  const after = changes.find((change) => change.at > at);
  return { start: before?.at ?? multiple, end: after?.at ?? multiple + length };
}

/**
 * Yields the buckets that contain instants of a half-open range, in order. Each begins where the one before ends.
 *
 * @param from seconds since 1970-01-01T00:00:00Z
 * @param to seconds since 1970-01-01T00:00:00Z
 * @throws UnknownTimeZoneError if the zone is unknown
 * @example [...bucketsBetween({ zone: 'UTC', length: 3600 }, 0, 7200)] // two buckets
 */
export function* bucketsBetween(clock: BucketClock, from: number, to: number): Generator<TimeBucket> {
  if (from >= to) return;
  const { zone, length } = clock;
  let { start } = bucketAt(clock, from);
  let offset = offsetAt(zone, start);
  // one look at the zone for all buckets: a month of minutes has 43,200
  const changes = offsetChanges(zone, start, Math.ceil(to) + length);
  for (let next = 0; start < to;) {
    const change = changes[next];
    const multiple = (Math.floor((start + offset) / length) + 1) * length - offset;
    const isCut = change !== undefined && change.at <= multiple;
    const end = isCut ? change.at : multiple;
    if (isCut) {
      offset = change.after;
      next += 1;
    }
    yield { start, end };
    start = end;
  }
}

/**
 * Returns the buckets of a local day, in order. If the clock is set back over midnight, a part of the next day lies between
 * them. A day that the zone skipped has none.
 *
 * @throws InvalidDateError if the date is not valid
 * @throws UnknownTimeZoneError if the zone is unknown
 * @example bucketsOfDay({ zone: 'Europe/Berlin', length: 3600 }, '2026-10-25').length // 25
 */
export function bucketsOfDay(clock: BucketClock, date: LocalDateText): TimeBucket[] {
  const day = dayNumber(date);
  const ranges = dayRanges({ storedIn: 'UTC', zone: clock.zone, fromDay: day, toDay: day });
  return ranges.flatMap(({ from, to }) => [...bucketsBetween(clock, from / 1000, to / 1000)]);
}

/**
 * Returns how the readings of a column become buckets of a zone: consecutive segments, for every reading from `from` to
 * `to` (both included, ms). A change of the offset by whole buckets has no segment if the column contains instants.
 *
 * @throws UnknownTimeZoneError if either zone is unknown
 * @example
 * bucketSegments({
 *   storedIn: 'UTC', zone: 'Australia/Lord_Howe', length: 3600, from: Date.UTC(2026, 3, 1), to: Date.UTC(2026, 3, 30),
 * });
 * // [{ from: -Infinity, shift: 0, back: 0 }, { from: Date.UTC(2026, 3, 4, 15), start: 1775314800 }, …]
 */
export function bucketSegments(
  range: BucketClock & { readonly storedIn: StorageZone; readonly from: number; readonly to: number },
): BucketSegment[] {
  const pieces = storagePieces(range.storedIn, range.from, range.to);
  const segments = pieces.flatMap((piece, index) => {
    const end = Math.min(pieces[index + 1]?.from ?? Infinity, range.to + 1);
    return segmentsOfPiece(range, piece, Math.max(piece.from, range.from), end);
  });
  return segments.filter((segment, index) => !isRepeated(segment, segments[index - 1]));
}

/**
 * Returns the readings from `from` up to `to` (exclusive, ms) as ranges of buckets. Buckets that follow each other are one
 * run, so that years of them are a few runs. If a column's clock is set back, two runs can have readings of one bucket.
 *
 * @throws UnknownTimeZoneError if either zone is unknown
 * @example
 * const [from, to] = [Date.UTC(2026, 0, 1, 0, 30), Date.UTC(2026, 0, 2)];
 * bucketRuns({ storedIn: 'UTC', zone: 'UTC', length: 3600, from, to });
 * // the half hour until 1:00, and then 23 hours
 */
export function bucketRuns(
  range: BucketClock & { readonly storedIn: StorageZone; readonly from: number; readonly to: number },
): BucketRun[] {
  const segments = bucketSegments(range);
  return segments.flatMap((segment, index) => {
    const from = Math.max(segment.from, range.from);
    const to = Math.min(segments[index + 1]?.from ?? Infinity, range.to);
    if (from >= to) return [];
    return 'start' in segment
      ? [{ start: segment.start, from, to, count: 1 }]
      : steadyRuns(segment, range.length, from, to);
  });
}

/** Splits the readings of a segment into whole buckets, and the parts of a bucket before and after them. */
function steadyRuns({ shift, back }: SteadySegment, length: BucketLength, from: number, to: number): BucketRun[] {
  const placeOf = (reading: number): number => (reading / 1000 + shift) / length;
  const readingOf = (place: number): number => (place * length - shift) * 1000;
  const runOf = (place: number, count: number): BucketRun => ({
    start: place * length - back,
    from: Math.max(readingOf(place), from),
    to: Math.min(readingOf(place + 1), to),
    count,
  });
  const [first, last] = [Math.floor(placeOf(from)), Math.ceil(placeOf(to)) - 1];
  const [wholeFrom, wholeTo] = [Math.ceil(placeOf(from)), Math.floor(placeOf(to))];
  const before = wholeFrom > first ? [runOf(first, 1)] : [];
  const whole = wholeTo > wholeFrom ? [runOf(wholeFrom, wholeTo - wholeFrom)] : [];
  const after = wholeTo <= last && last >= wholeFrom ? [runOf(last, 1)] : [];
  return [...before, ...whole, ...after];
}

/**
 * Returns the greatest length of parts of readings that each belong to one segment and to one bucket, or undefined if there
 * is none of whole minutes.
 *
 * @example
 * const [zone, storedIn] = ['Europe/Berlin', 'America/St_Johns'];
 * commonBucketPart(bucketSegments({ storedIn, zone, length: 3600, from: Date.UTC(2026, 0, 1), to: Date.UTC(2027, 0, 1) }), 3600);
 * // 1800: St_Johns is half an hour beside Berlin
 */
export function commonBucketPart(segments: readonly BucketSegment[], length: BucketLength): BucketLength | undefined {
  const seconds = segments.flatMap((segment) => [
    Number.isFinite(segment.from) ? segment.from / 1000 : 0,
    ...('start' in segment ? [] : [segment.shift]),
  ]);
  return BUCKET_LENGTHS.findLast((part) => length % part === 0 && seconds.every((second) => isMultiple(second, part)));
}

/** The segments of readings that one offset of the column's clock converts to instants. */
function segmentsOfPiece(
  { zone, length }: BucketClock,
  piece: { readonly from: number; readonly offset: number },
  from: number,
  end: number,
): BucketSegment[] {
  const start = Math.floor(from / 1000) - piece.offset;
  const last = Math.ceil(end / 1000) - 1 - piece.offset;
  const readingAt = (second: number): number => (second + piece.offset) * 1000;
  const steadyFrom = (reading: number, offset: number): SteadySegment => {
    const back = ((offset % length) + length) % length;
    return { from: reading, shift: back - piece.offset, back };
  };
  const first = bucketAt({ zone, length }, start);
  const segments: BucketSegment[] = isMultiple(first.start + offsetAt(zone, start), length)
    ? [steadyFrom(piece.from, offsetAt(zone, start))]
    : [
        { from: piece.from, start: first.start },
        ...(first.end > last ? [] : [steadyFrom(readingAt(first.end), offsetAt(zone, first.end))]),
      ];
  for (const { at, after } of offsetChanges(zone, start, last)) {
    const next = bucketAt({ zone, length }, at).end;
    if (isMultiple(at + after, length)) segments.push(steadyFrom(readingAt(at), after));
    else {
      segments.push({ from: readingAt(at), start: at });
      if (next <= last) segments.push(steadyFrom(readingAt(next), offsetAt(zone, next)));
    }
  }
  // of two segments that begin together the later one is right: a cut bucket may end at the next change
  return segments.filter(({ from: reading }, index) => segments[index + 1]?.from !== reading);
}

function isRepeated(segment: BucketSegment, previous: BucketSegment | undefined): boolean {
  if (previous === undefined || 'start' in segment || 'start' in previous) return false;
  return segment.shift === previous.shift && segment.back === previous.back;
}

function isMultiple(seconds: number, length: number): boolean {
  return seconds % length === 0;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
