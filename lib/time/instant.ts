import { Temporal } from 'temporal-polyfill';
import { InvalidDateError } from '../errors/time.error.js';
import { offsetAt } from './zone-offsets.js';

/** An instant to pass to a call: a `Date`, or text of ISO 8601 with an offset, such as `2026-10-25T02:30:00+02:00`. */
export type InstantInput = Date | string;

const LONGEST = 60;
const EXPECTED = "Expected a valid Date, or text with an offset, such as '2026-10-25T02:30:00+02:00'.";

/**
 * Checks that a value is an instant and returns it, to the millisecond.
 *
 * @throws InvalidDateError for text without an offset, which is ambiguous where a clock is set back
 * @example parseInstant('2026-10-25T02:30:00+02:00') // 2026-10-25T00:30:00Z
 */
export function parseInstant(given: unknown): Date {
  if (given instanceof Date && !Number.isNaN(given.getTime())) return given;
  if (typeof given !== 'string' || given.length > LONGEST) throw new InvalidDateError(given, EXPECTED);
  try {
    return new Date(Temporal.Instant.from(given).epochMilliseconds);
  } catch {
    throw new InvalidDateError(given, EXPECTED);
  }
}

/**
 * Returns an instant as text with the offset of a zone. Before standard time some offsets have seconds, which ISO 8601
 * cannot write. Such an instant is written in UTC, so that the text always reads as the same instant.
 *
 * @param second whole seconds since 1970-01-01T00:00:00Z
 * @throws UnknownTimeZoneError if the zone is unknown
 * @example instantText(Date.UTC(2026, 9, 25) / 1000, 'Europe/Berlin') // '2026-10-25T02:00:00+02:00'
 */
export function instantText(second: number, zone: string): string {
  const offset = offsetAt(zone, second);
  if (offset % 60 !== 0) return `${clockText(second)}Z`;
  return `${clockText(second + offset)}${offsetText(offset)}`;
}

/** by offset in seconds: a series has thousands of points, and one offset or two */
const offsetTexts = new Map<number, string>();

function offsetText(offset: number): string {
  const known = offsetTexts.get(offset);
  if (known !== undefined) return known;
  const minutes = Math.abs(offset) / 60;
  const twoDigits = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  const text = `${offset < 0 ? '-' : '+'}${twoDigits(minutes / 60)}:${twoDigits(minutes % 60)}`;
  offsetTexts.set(offset, text);
  return text;
}

function clockText(second: number): string {
  return new Date(second * 1000).toISOString().slice(0, 19);
}
