import sql, { raw, type Sql } from 'sql-template-tag';
import type { WeekStart } from '../../time/period.js';
import type { BucketRun } from '../../time/time-bucket.js';
import type { ClockSegment, DayRange } from '../../time/time-zone.js';
import type { ColumnClock, ClockColumn, Dialect } from './dialect.js';

/** A reading in milliseconds as ISO 8601 in UTC. */
export function isoReading(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds of a reading as ISO 8601; -Infinity of what is no date, as '0000-00-00' or '2026-00-00'. */
export function readingMs(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? -Infinity : ms;
}

/** True for a clock that shows the seconds or milliseconds since 1970 as an integer. */
export function isEpoch(kind: ColumnClock['kind']): kind is 'seconds' | 'milliseconds' {
  return kind === 'seconds' || kind === 'milliseconds';
}

/** A reading as the integer of an epoch column; a fraction of a second rounds up, as suits both bounds of a range. */
export function epochReading(kind: ColumnClock['kind'], ms: number): number {
  return kind === 'seconds' ? Math.ceil(ms / 1000) : ms;
}

/** Ranges of readings as one JSON parameter: [[day, lo, hi], …], the readings as their column's clock writes them. */
export function rangesJson(clock: ColumnClock, ranges: readonly DayRange[], write: (ms: number) => string): string {
  const written = writerOf(clock, write);
  return JSON.stringify(ranges.map(({ day, from, to }) => [day, written(from), written(to)]));
}

/** Runs of buckets as one JSON parameter, as `rangesJson`: [[start, lo, hi, count], …]. */
export function runsJson(clock: ColumnClock, runs: readonly BucketRun[], write: (ms: number) => string): string {
  const written = writerOf(clock, write);
  return JSON.stringify(runs.map(({ start, from, to, count }) => [start, written(from), written(to), count]));
}

function writerOf({ kind }: ColumnClock, write: (ms: number) => string): (ms: number) => string | number {
  return isEpoch(kind) ? (ms) => epochReading(kind, ms) : write;
}

/** Segments of about four years. */
const LATEST = 8;

/** The shift of a reading's segment. */
export function choose(
  dialect: Dialect,
  column: ClockColumn,
  segments: readonly ClockSegment[],
  shift: (seconds: number) => Sql,
): Sql {
  if (segments.length === 0) return shift(0);
  return chooseSegment(dialect, column, segments, (segment) => shift(segment.shift));
}

/**
 * An expression for a reading's segment, as a balanced tree of CASEs: the depth grows with the logarithm of the number
 * of segments, and it is evaluated once a row.
 */
export function chooseSegment<S extends { readonly from: number }>(
  dialect: Dialect,
  column: ClockColumn,
  segments: readonly S[],
  write: (segment: S) => Sql,
): Sql {
  const [only, ...others] = segments;
  if (only === undefined) throw new TypeError('no segment');
  if (others.length === 0) return write(only);
  // most rows are of the last years: they are told apart first
  const middle = segments.length > 2 * LATEST ? segments.length - LATEST : Math.ceil(segments.length / 2);
  const later = segments.slice(middle);
  return sql`CASE WHEN ${column.expression} < ${dialect.reading(column, later[0]?.from ?? 0)} THEN ${chooseSegment(
    dialect,
    column,
    segments.slice(0, middle),
    write,
  )} ELSE ${chooseSegment(dialect, column, later, write)} END`;
}

/** The first of some lengths in seconds of which every shift, and every change of shift, is a multiple. */
export function commonPart(segments: readonly ClockSegment[], lengths: readonly number[]): number | undefined {
  const seconds = segments.flatMap(({ from, shift }) => [Number.isFinite(from) ? from / 1000 : 0, shift]);
  return lengths.find((length) => seconds.every((value) => value % length === 0));
}

/** More days than any date is before 1970: integer division truncates, and with them it rounds down. */
const DAYS_BEFORE = 1_000_000;

/**
 * The day number of an integer epoch shifted by seconds.
 *
 * @param whole makes a number that is not negative whole, where the column may hold fractions
 */
export function epochDay(
  kind: ColumnClock['kind'],
  expression: Sql,
  shift: Sql,
  divide = '/',
  whole = (shifted: Sql): Sql => shifted,
): Sql {
  const unit = kind === 'seconds' ? 1 : 1000;
  const day = 86_400 * unit;
  const shifted = sql`(${expression} + ${shift} * ${rawInteger(unit)} + ${rawInteger(DAYS_BEFORE * day)})`;
  return sql`(${whole(shifted)} ${raw(divide)} ${rawInteger(day)} - ${rawInteger(DAYS_BEFORE)})`;
}

const FIRST_MONDAY = -3; // 1969-12-29 as a day number
const STARTS: Readonly<Record<WeekStart, number>> = {
  monday: FIRST_MONDAY,
  sunday: FIRST_MONDAY - 1,
  saturday: FIRST_MONDAY - 2,
};

/** The day number of the first day of its week. */
export function stepOfWeek(weekStart: WeekStart, day: Sql): Sql {
  // a multiple of seven, so that the remainder is of a positive number
  const shift = 7 * 150_000 - STARTS[weekStart];
  return sql`(${day} - (${day} + ${rawInteger(shift)}) % 7)`;
}

function rawInteger(value: number): Sql {
  return raw(String(value));
}
