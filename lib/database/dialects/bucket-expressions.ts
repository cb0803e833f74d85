import sql, { raw, type Sql } from 'sql-template-tag';
import type { BucketLength, BucketSegment } from '../../time/time-bucket.js';
import { chooseSegment } from './day-expressions.js';
import type { ClockColumn, Dialect } from './dialect.js';

/** More seconds than any reading is before 1970, in whole hours: integer division truncates, and with them it rounds down. */
const SECONDS_BEFORE = 86_400_000_000;

/** How a database divides readings. */
export interface Division {
  /** the reading as an integer */
  readonly reading: Sql;
  /** readings in a second */
  readonly unit: 1 | 1000;
  /** the second at which readings begin, if it is not 1970. A multiple of an hour */
  readonly origin?: number;
  /** the operator of an integer division that truncates */
  readonly divide?: '/' | 'DIV';
  /** makes a number that is not negative whole, if the reading may be a fraction */
  readonly whole?: (shifted: Sql) => Sql;
}

/** The first second of a reading's bucket, since 1970, where readings are numbers. */
export function bucketOfNumber(
  dialect: Dialect,
  column: ClockColumn,
  segments: readonly BucketSegment[],
  length: BucketLength,
  { reading, unit, origin = 0, divide = '/', whole = (shifted) => shifted }: Division,
): Sql {
  return chooseSegment(dialect, column, segments, (segment) => {
    if ('start' in segment) return ofKnown(column, rawInteger(segment.start));
    const shifted = sql`(${reading} + ${rawInteger((segment.shift + origin + SECONDS_BEFORE) * unit)})`;
    const count = sql`(${whole(shifted)} ${raw(divide)} ${rawInteger(length * unit)})`;
    return sql`(${count} * ${rawInteger(length)} - ${rawInteger(segment.back + SECONDS_BEFORE)})`;
  });
}

/**
 * A bucket that all readings of a segment have. No reading, as the rows before a scan have none, is in none: a `CASE`
 * would take it for one of the last segment.
 */
export function ofKnown({ expression }: ClockColumn, bucket: Sql): Sql {
  return sql`CASE WHEN ${expression} IS NOT NULL THEN ${bucket} END`;
}

/** Says that a column of dates has no times, which is checked long before. */
export function refuseDates(): never {
  throw new TypeError('a column of dates has no time of day');
}

function rawInteger(value: number): Sql {
  return raw(String(value));
}
