import { Temporal } from 'temporal-polyfill';

import { UnknownTimeZoneError } from '../errors/time.error.js';

/** An instant at which the offset of a zone changes. */
export interface OffsetChange {
  /** Seconds since 1970-01-01T00:00:00Z; the first second with the new offset. */
  readonly at: number;
  /** Seconds east of UTC before it. */
  readonly before: number;
  /** Seconds east of UTC from it on. */
  readonly after: number;
}

interface Chunk {
  /** Seconds east of UTC at its beginning. */
  readonly offset: number;
  readonly changes: readonly OffsetChange[];
}

// Four years: a source of many years fills few chunks, and a single stray date in the year 9999 only one.
const CHUNK = 1461 * 86_400;
// No zone changed its offset before 1800; no local date is later than 9999.
const FIRST = Date.UTC(1800, 0, 1) / 1000;
const LAST = Date.UTC(9999, 11, 30) / 1000;

const chunksByZone = new Map<string, Map<number, Chunk>>();

/**
 * Returns the offset of a zone at an instant, in seconds east of UTC.
 *
 * @param second seconds since 1970-01-01T00:00:00Z
 * @throws UnknownTimeZoneError if the zone is unknown
 * @example offsetAt('Europe/Berlin', Date.UTC(2026, 6, 1) / 1000) // 7200
 */
export function offsetAt(zone: string, second: number): number {
  const chunk = chunkOf(zone, indexOf(second));
  return chunk.changes.findLast((change) => change.at <= second)?.after ?? chunk.offset;
}

/**
 * Returns the changes of a zone's offset after one instant, up to and including another, in order.
 *
 * @param from seconds since 1970-01-01T00:00:00Z
 * @param to seconds since 1970-01-01T00:00:00Z
 * @throws UnknownTimeZoneError if the zone is unknown
 * @example offsetChanges('Europe/Berlin', Date.UTC(2026, 0, 1) / 1000, Date.UTC(2027, 0, 1) / 1000).length // 2
 */
export function offsetChanges(zone: string, from: number, to: number): OffsetChange[] {
  const found: OffsetChange[] = [];
  for (let index = indexOf(from); index <= indexOf(to); index += 1) {
    for (const change of chunkOf(zone, index).changes) {
      if (change.at > from && change.at <= to) found.push(change);
    }
  }
  return found;
}

/**
 * True if JavaScript knows an IANA zone by this name. Offsets such as '+05:30', which newer versions accept as zones,
 * are not names.
 *
 * @example isZoneName('Europe/Berlin') // true
 */
export function isZoneName(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  if (chunksByZone.has(name.toLowerCase())) return true;
  try {
    zonedAt(name, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the error for a value that is not the name of a zone.
 *
 * @example throw unknownZone('Europe/Atlantis')
 */
export function unknownZone(given: unknown): UnknownTimeZoneError {
  return new UnknownTimeZoneError(
    given,
    "Expected the name of an IANA time zone, for example 'Europe/Berlin' or 'UTC'; " +
      "Intl.supportedValuesOf('timeZone') lists them. A fixed offset is written 'Etc/GMT-5', which is five hours east of UTC.",
  );
}

function indexOf(second: number): number {
  return Math.floor(Math.min(Math.max(second, FIRST), LAST) / CHUNK);
}

function chunkOf(zone: string, index: number): Chunk {
  const chunks = chunksOf(zone);
  const known = chunks.get(index);
  if (known !== undefined) return known;
  const chunk = readChunk(zone, index * CHUNK);
  chunks.set(index, chunk);
  return chunk;
}

function chunksOf(zone: string): Map<number, Chunk> {
  // A zone may be written in any case: one entry for all spellings, or hostile input could fill the memory.
  const key = zone.toLowerCase();
  const known = chunksByZone.get(key);
  if (known !== undefined) return known;
  if (!isZoneName(zone)) throw unknownZone(zone);
  const chunks = new Map<number, Chunk>();
  chunksByZone.set(key, chunks);
  return chunks;
}

function readChunk(zone: string, start: number): Chunk {
  const changes: OffsetChange[] = [];
  let zoned = zonedAt(zone, start);
  const offset = offsetOf(zoned);
  let before = offset;
  for (;;) {
    const next = zoned.getTimeZoneTransition('next');
    if (next === null || next.epochMilliseconds / 1000 > start + CHUNK) return { offset, changes };
    const after = offsetOf(next);
    // A transition may change only the zone's abbreviation or its daylight flag.
    if (after !== before) changes.push({ at: next.epochMilliseconds / 1000, before, after });
    before = after;
    zoned = next;
  }
}

function zonedAt(zone: string, second: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(zone);
}

function offsetOf(zoned: Temporal.ZonedDateTime): number {
  return zoned.offsetNanoseconds / 1e9;
}
