import {
  dayAt,
  type DayNumber,
  earlierDay,
  fromDayNumber,
  laterDay,
  type LocalDate,
  MS_PER_DAY,
  SECONDS_PER_DAY,
  shiftDay,
} from './local-date.js';
import { isZoneName, offsetAt, offsetChanges, unknownZone } from './zone-offsets.js';

/**
 * The zone of a column's clock. A database column contains *readings*: the time that a wall clock in its storage zone
 * shows, in milliseconds as if that time were UTC. The storage zone is an IANA zone (usually the process's), `'UTC'` or
 * `'Z'`, or a fixed offset such as `'+05:30'`. For instants and epochs it is `'UTC'`. A reading is converted back to an
 * instant as JavaScript's `Date` does it: in a repeated hour to the first occurrence, in a skipped hour with the offset
 * before the transition.
 */
export type StorageZone = string;

/** A range of readings with the shift that converts them to wall time in another zone. */
export interface ClockSegment {
  /** The first reading, in ms; -Infinity for the first segment. */
  readonly from: number;
  /** The seconds to add: the local day number is `floor((reading / 1000 + shift) / 86400)`. */
  readonly shift: number;
}

/** The readings of one local day. */
export interface DayRange {
  /** The day in the zone. */
  readonly day: DayNumber;
  /** The first reading, in ms. */
  readonly from: number;
  /** The first reading after the day, in ms. */
  readonly to: number;
}

/** The local days `fromDay` to `toDay` of a zone on a column's clock. Both are included. */
export interface DaysOnClock {
  readonly storedIn: StorageZone;
  readonly zone: string;
  readonly fromDay: DayNumber;
  readonly toDay: DayNumber;
}

export interface StoragePiece {
  readonly from: number;
  readonly offset: number;
}

// A reading and the same time in another zone differ by two offsets of up to 16 hours (a fixed one: 24) and a skipped day.
const MARGIN = 3 * MS_PER_DAY;

/**
 * Returns how readings become local days of a zone: consecutive segments, such that the local day number of every
 * reading from `from` to `to` (both included, ms) is `floor((reading / 1000 + shift) / 86400)`. A transition that
 * changes no day has no segment, so there are as few as possible.
 *
 * @throws UnknownTimeZoneError if either zone is unknown
 * @example
 * daySegments({ storedIn: 'UTC', zone: 'Europe/Berlin', from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 5, 1) });
 * // [{ from: -Infinity, shift: 3600 }, { from: Date.UTC(2026, 2, 29, 1), shift: 7200 }]
 */
export function daySegments(range: { storedIn: StorageZone; zone: string; from: number; to: number }): ClockSegment[] {
  const pieces = storagePieces(range.storedIn, range.from, range.to);
  const segments: ClockSegment[] = [];
  pieces.forEach((piece, index) => {
    const end = Math.min(pieces[index + 1]?.from ?? Infinity, range.to + 1);
    segments.push(...segmentsOfPiece(piece, range.zone, Math.max(piece.from, range.from), end));
  });
  return withoutIdleSegments(segments);
}

/**
 * Returns the readings of each local day: half-open ranges [from, to), in order, that together contain exactly the
 * readings of these days. A range begins where the one before ends, unless readings of other days are between them. A
 * day that comes back after midnight (St_Johns until 2011: the clocks went from 00:01 to 23:01) has several ranges. A
 * day that the zone skipped has none.
 *
 * @throws UnknownTimeZoneError if either zone is unknown
 * @example
 * const day = dayNumber('2026-03-29');
 * dayRanges({ storedIn: 'UTC', zone: 'Europe/Berlin', fromDay: day, toDay: day });
 * // [{ day, from: Date.UTC(2026, 2, 28, 23), to: Date.UTC(2026, 2, 29, 22) }]
 */
export function dayRanges(days: DaysOnClock): DayRange[] {
  const ranges: DayRange[] = [];
  segmentsAround(days).forEach(({ from, shift }, index, segments) => {
    const to = segments[index + 1]?.from ?? Infinity;
    const firstDay = laterDay(days.fromDay, dayOf(from, shift));
    const lastDay = earlierDay(days.toDay, dayOf(to - 1, shift));
    for (let day = firstDay; day <= lastDay; day = shiftDay(day, 1)) {
      append(ranges, {
        day,
        from: Math.max(from, startOn(day, shift)),
        to: Math.min(to, startOn(shiftDay(day, 1), shift)),
      });
    }
  });
  return ranges;
}

/**
 * Returns the smallest half-open range of readings (ms) that contains all `dayRanges` of these days. If a day comes
 * back after midnight, the range also contains readings of the neighbouring day: filter by day as well. For days that
 * the zone skipped it is empty, at the place where they would have been.
 *
 * @throws UnknownTimeZoneError if either zone is unknown
 * @example
 * const day = dayNumber('2026-03-29');
 * readingRange({ storedIn: 'UTC', zone: 'Europe/Berlin', fromDay: day, toDay: day });
 * // { from: Date.UTC(2026, 2, 28, 23), to: Date.UTC(2026, 2, 29, 22) }
 */
export function readingRange(days: DaysOnClock): { from: number; to: number } {
  const ranges = readingsOf(days);
  const [first, last] = [ranges.at(0), ranges.at(-1)];
  if (first !== undefined && last !== undefined) return { from: first.from, to: last.to };
  const next = firstReadingFrom(days);
  return { from: next, to: next };
}

/**
 * Returns the readings (ms) of these days: half-open ranges, in order, with readings of other days between them. Several
 * only if a day comes back after midnight, and none of days that the zone skipped.
 *
 * @throws UnknownTimeZoneError if either zone is unknown
 * @example
 * const day = dayNumber('2010-11-06');
 * readingsOf({ storedIn: 'UTC', zone: 'America/St_Johns', fromDay: day, toDay: day });
 * // from 02:30 to 02:30 UTC of the next day, and from 02:31 to 03:30
 */
export function readingsOf(days: DaysOnClock): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  segmentsAround(days).forEach(({ from: begin, shift }, index, segments) => {
    const from = Math.max(begin, startOn(days.fromDay, shift));
    const to = Math.min(segments[index + 1]?.from ?? Infinity, startOn(shiftDay(days.toDay, 1), shift));
    const previous = ranges.at(-1);
    if (from >= to) return;
    if (previous?.to === from) ranges[ranges.length - 1] = { from: previous.from, to };
    else ranges.push({ from, to });
  });
  return ranges;
}

/**
 * Returns the first reading (ms) of the first of these days, or the first reading after it if the zone skipped that
 * day.
 *
 * @throws UnknownTimeZoneError if either zone is unknown
 * @example
 * const day = dayNumber('2011-12-30');
 * firstReadingFrom({ storedIn: 'UTC', zone: 'Pacific/Apia', fromDay: day, toDay: day }); // Date.UTC(2011, 11, 30, 10)
 */
export function firstReadingFrom(days: DaysOnClock): number {
  const starts = segmentsAround(days).map(({ from, shift }, index, segments) => {
    const start = Math.max(from, startOn(days.fromDay, shift));
    return start < (segments[index + 1]?.from ?? Infinity) ? start : Infinity;
  });
  return Math.min(...starts);
}

/**
 * Returns the greatest reading (ms) that is converted back to the given instant or an earlier one. In the second pass
 * of a repeated hour that is the end of the hour: all of its readings count as the first pass, which is over.
 *
 * @throws UnknownTimeZoneError if the storage zone is unknown
 * @example latestReading(new Date('2026-07-01T10:00:00Z'), 'Europe/Berlin') // Date.UTC(2026, 6, 1, 12)
 */
export function latestReading(instant: Date, storedIn: StorageZone): number {
  const at = instant.getTime();
  const pieces = storagePieces(storedIn, at - MARGIN, at + MARGIN);
  const latest = pieces.map(({ from, offset }, index) => {
    const reading = Math.min(at + offset * 1000, (pieces[index + 1]?.from ?? Infinity) - 1);
    return reading >= from ? reading : -Infinity;
  });
  return Math.max(...latest);
}

/**
 * Returns the smallest reading (ms) that is converted back to the given instant or a later one.
 *
 * @throws UnknownTimeZoneError if the storage zone is unknown
 * @example firstReadingSince(new Date('2026-10-25T01:30:00Z'), 'Europe/Berlin') // Date.UTC(2026, 9, 25, 3)
 * // of the second pass of the repeated hour there are no readings
 */
export function firstReadingSince(instant: Date, storedIn: StorageZone): number {
  const at = instant.getTime();
  const pieces = storagePieces(storedIn, at - MARGIN, at + MARGIN);
  const earliest = pieces.map(({ from, offset }, index) => {
    const reading = Math.max(at + offset * 1000, from);
    return reading < (pieces[index + 1]?.from ?? Infinity) ? reading : Infinity;
  });
  return Math.min(...earliest);
}

/**
 * Returns the readings (ms) that are converted back to an instant of a half-open range of seconds: half-open ranges, in
 * order. None are, if the range is the second pass of a repeated hour, and several if the clock is set within it.
 *
 * @param from seconds since 1970-01-01T00:00:00Z
 * @param to seconds since 1970-01-01T00:00:00Z
 * @throws UnknownTimeZoneError if the storage zone is unknown
 * @example
 * readingsBetween('Europe/Berlin', Date.UTC(2026, 6, 1, 10) / 1000, Date.UTC(2026, 6, 1, 11) / 1000);
 * // [{ from: Date.UTC(2026, 6, 1, 12), to: Date.UTC(2026, 6, 1, 13) }]
 */
export function readingsBetween(storedIn: StorageZone, from: number, to: number): { from: number; to: number }[] {
  const pieces = storagePieces(storedIn, from * 1000 - MARGIN, to * 1000 + MARGIN);
  return pieces
    .map((piece, index) => ({
      from: Math.max(piece.from, (from + piece.offset) * 1000),
      to: Math.min(pieces[index + 1]?.from ?? Infinity, (to + piece.offset) * 1000),
    }))
    .filter((range) => range.from < range.to);
}

/**
 * Returns the first instant to which the clock's readings of some time are converted back. That is its begin, unless the
 * clock is set back meanwhile: what it shows in the second pass of a repeated hour is taken for the first.
 *
 * @param from seconds since 1970-01-01T00:00:00Z
 * @param to seconds since 1970-01-01T00:00:00Z
 * @throws UnknownTimeZoneError if the storage zone is unknown
 * @example
 * const [from, to] = [Date.UTC(2026, 9, 25, 0, 50) / 1000, Date.UTC(2026, 9, 25, 1, 5) / 1000];
 * earliestReadBack('Europe/Berlin', from, to); // midnight UTC: from 01:00 on the clock shows 02:00 again
 */
export function earliestReadBack(storedIn: StorageZone, from: number, to: number): number {
  if (fixedOffset(storedIn) !== null) return from;
  return offsetChanges(storedIn, from - MARGIN / 1000, to).reduce((earliest, { at, before, after }) => {
    const repeated = before - after;
    return from < at + repeated ? Math.min(earliest, Math.max(from, at) - repeated) : earliest;
  }, from);
}

/**
 * Returns the date of an instant that represents a whole day: the one whose midnight it is in the first of the zones
 * where it is midnight, or else its date in the first zone. Returns null for an invalid instant.
 *
 * @throws UnknownTimeZoneError if a zone is unknown
 * @example calendarDateOf(new Date('2026-10-30T18:30:00Z'), ['+05:30', 'UTC']) // '2026-10-31'
 */
export function calendarDateOf(midnight: Date, zones: readonly [StorageZone, ...StorageZone[]]): LocalDate | null {
  if (Number.isNaN(midnight.getTime())) return null;
  const readings = zones.map((zone) => latestReading(midnight, zone));
  const reading = readings.find((ms) => ms % MS_PER_DAY === 0) ?? readings[0] ?? 0;
  return fromDayNumber(dayAt(reading / 1000));
}

/** Returns the offsets with which the readings `from` to `to` are converted back to instants. */
export function storagePieces(storedIn: StorageZone, from: number, to: number): StoragePiece[] {
  const fixed = fixedOffset(storedIn);
  if (fixed !== null) return [{ from: -Infinity, offset: fixed }];
  const start = Math.floor((from - MARGIN) / 1000);
  let pieces: StoragePiece[] = [{ from: -Infinity, offset: offsetAt(storedIn, start) }];
  for (const { at, before, after } of offsetChanges(storedIn, start, Math.ceil((to + MARGIN) / 1000))) {
    // In a skipped hour, and in the first pass of a repeated one, the offset is that before the transition.
    const piece = { from: (at + Math.max(before, after)) * 1000, offset: after };
    if (piece.from <= from) pieces = [{ from: -Infinity, offset: after }];
    else if (piece.from <= to) pieces.push(piece);
  }
  return pieces;
}

function fixedOffset(storedIn: StorageZone): number | null {
  if (storedIn === 'UTC' || storedIn === 'Z') return 0;
  const offset = /^([+-])([01]\d|2[0-3]):([0-5]\d)$/.exec(storedIn);
  if (offset !== null) return (offset[1] === '-' ? -60 : 60) * (Number(offset[2]) * 60 + Number(offset[3]));
  if (!isZoneName(storedIn)) throw unknownZone(storedIn);
  return null;
}

function segmentsOfPiece(piece: StoragePiece, zone: string, from: number, end: number): ClockSegment[] {
  const start = Math.floor(from / 1000) - piece.offset;
  const changes = offsetChanges(zone, start, Math.ceil(end / 1000) - 1 - piece.offset);
  return [
    { from: piece.from, shift: offsetAt(zone, start) - piece.offset },
    ...changes.map(({ at, after }) => ({ from: (at + piece.offset) * 1000, shift: after - piece.offset })),
  ];
}

function withoutIdleSegments(segments: readonly ClockSegment[]): ClockSegment[] {
  const kept: ClockSegment[] = [];
  segments.forEach((segment, index) => {
    const previous = kept.at(-1);
    const to = segments[index + 1]?.from ?? Infinity;
    if (previous === undefined || !hasSameDays(segment, previous.shift, to)) kept.push(segment);
  });
  return kept;
}

function hasSameDays({ from, shift }: ClockSegment, otherShift: number, to: number): boolean {
  if (shift === otherShift) return true;
  const day = dayOf(from, shift);
  return [dayOf(to - 1, shift), dayOf(from, otherShift), dayOf(to - 1, otherShift)].every((other) => other === day);
}

function segmentsAround({ storedIn, zone, fromDay, toDay }: DaysOnClock): ClockSegment[] {
  return daySegments({ storedIn, zone, from: fromDay * MS_PER_DAY - MARGIN, to: (toDay + 1) * MS_PER_DAY + MARGIN });
}

function dayOf(reading: number, shift: number): DayNumber {
  return dayAt(reading / 1000 + shift);
}

function startOn(day: DayNumber, shift: number): number {
  return (day * SECONDS_PER_DAY - shift) * 1000;
}

function append(ranges: DayRange[], range: DayRange): void {
  const previous = ranges.at(-1);
  if (previous?.day === range.day && previous.to === range.from)
    ranges[ranges.length - 1] = { ...previous, to: range.to };
  else ranges.push(range);
}
