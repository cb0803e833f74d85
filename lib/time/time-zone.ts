import { InvalidDateError } from '../errors/time.error.js';
import { firstReadingFrom } from './column-clock.js';
import {
  dayAt,
  type DayNumber,
  dayNumber,
  FIRST_DAY,
  fromDayNumber,
  LAST_DAY,
  type LocalDate,
  type LocalDateText,
  SECONDS_PER_DAY,
} from './local-date.js';
import { isZoneName, offsetAt, offsetChanges, unknownZone } from './zone-offsets.js';

export {
  calendarDateOf,
  daySegments,
  dayRanges,
  earliestReadBack,
  firstReadingSince,
  latestReading,
  readingRange,
  readingsOf,
  readingsBetween,
} from './column-clock.js';
export type { ClockSegment, DayRange, DaysOnClock, StorageZone } from './column-clock.js';

/**
 * Checks that a value is the name of an IANA time zone, and returns it as it was written.
 *
 * @throws UnknownTimeZoneError if Intl does not know it. Offsets such as '+05:30' are not zones
 * @example checkTimeZone('Europe/Berlin') // 'Europe/Berlin'
 */
export function checkTimeZone(name: unknown): string {
  if (typeof name !== 'string' || !isZoneName(name)) throw unknownZone(name);
  return name;
}

/** True if this version of Node knows a zone by this name. */
export function isZone(name: string): boolean {
  return isZoneName(name);
}

/**
 * True if two names mean the same zone: 'Asia/Calcutta' and 'Asia/Kolkata', 'Etc/UTC' and 'UTC', 'europe/berlin' and
 * 'Europe/Berlin'. It compares their clocks, because the name that Intl returns differs between versions of Node.
 *
 * @throws UnknownTimeZoneError if either zone is unknown
 * @example isSameZone('Asia/Calcutta', 'Asia/Kolkata') // true
 */
export function isSameZone(one: string, other: string): boolean {
  if (one.toLowerCase() === other.toLowerCase()) return true;
  const [from, to] = [Date.UTC(1800, 0, 1) / 1000, Date.UTC(2100, 0, 1) / 1000];
  if (offsetAt(one, from) !== offsetAt(other, from)) return false;
  const [changes, others] = [offsetChanges(one, from, to), offsetChanges(other, from, to)];
  return (
    changes.length === others.length &&
    changes.every(({ at, after }, index) => others[index]?.at === at && others[index].after === after)
  );
}

/**
 * Returns the date in a zone at an instant.
 *
 * @throws InvalidDateError if the instant is invalid or its date outside the years 0001 to 9999
 * @throws UnknownTimeZoneError if the zone is unknown
 * @example localDateAt(new Date('2026-10-31T23:30:00Z'), 'Europe/Berlin') // '2026-11-01'
 */
export function localDateAt(instant: Date, zone: string): LocalDate {
  const ms = instant.getTime();
  if (Number.isNaN(ms)) throw new InvalidDateError(instant, 'Expected a valid Date.');
  const second = Math.floor(ms / 1000);
  const day = dayAt(second + offsetAt(zone, second));
  if (day < FIRST_DAY || day > LAST_DAY) {
    throw new InvalidDateError(instant, `Expected an instant whose date in ${zone} is of the years 0001 to 9999.`);
  }
  return fromDayNumber(day);
}

/**
 * Returns the first date in a zone that is not over at an instant: mostly the date at the instant. Where the clock is about
 * to be set back over midnight it is the day before, of which a part comes again.
 *
 * @throws InvalidDateError, UnknownTimeZoneError
 * @example openDateAt(new Date('2010-11-07T02:30:30Z'), 'America/St_Johns') // '2010-11-06': at 00:01 the clock shows 23:01
 */
export function openDateAt(instant: Date, zone: string): LocalDate {
  const date = localDateAt(instant, zone);
  const second = Math.floor(instant.getTime() / 1000);
  const days = offsetChanges(zone, second, second + SECONDS_PER_DAY).map(({ at, after }) => dayAt(at + after));
  const first = Math.min(dayNumber(date), ...days) as DayNumber;
  return fromDayNumber(first);
}

/**
 * Returns the first instant of a local date, or the first instant after it if the zone skipped that date.
 *
 * @throws InvalidDateError if the date is not valid
 * @throws UnknownTimeZoneError if the zone is unknown
 * @example startOfDay('2026-03-29', 'Europe/Berlin') // 2026-03-28T23:00:00Z
 */
export function startOfDay(date: LocalDateText, zone: string): Date {
  const day = dayNumber(date);
  return new Date(firstReadingFrom({ storedIn: 'UTC', zone, fromDay: day, toDay: day }));
}

let lastRead: { readonly environment: string | undefined; readonly zone: string } | null = null;

/**
 * Returns the time zone of this process as JavaScript's `Date` reads it now: an IANA name, or a fixed offset such as
 * '-03:00' if the environment sets one without a name (`TZ=GMT+3`, `TZ=`). Both can be the storage zone of a column.
 *
 * @example processTimeZone() // 'Europe/Berlin'
 */
export function processTimeZone(): string {
  // A formatter takes 100 µs to make, and drivers give a Date for each row. Node reads TZ again only when it is assigned.
  const environment = process.env['TZ'];
  if (lastRead?.environment !== environment || lastRead === null) lastRead = { environment, zone: readTimeZone() };
  return lastRead.zone;
}

function readTimeZone(): string {
  // For a TZ without rules V8 answers undefined, 'Etc/Unknown' or 'GMT+05:00', which Intl itself then refuses.
  const name = new Intl.DateTimeFormat('en-US').resolvedOptions().timeZone as string | undefined;
  return name !== undefined && isZoneName(name) ? name : offsetText(-new Date(0).getTimezoneOffset());
}

function offsetText(minutes: number): string {
  const twoDigits = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${twoDigits(Math.abs(minutes) / 60)}:${twoDigits(Math.abs(minutes) % 60)}`;
}
