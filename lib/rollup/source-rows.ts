import sql, { join, type Sql } from 'sql-template-tag';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ClockColumn, Dialect } from '../database/dialects/dialect.js';
import { bindKey, type StatisticTable } from '../statistics/tables/statistic-table.js';
import { type DayNumber, shiftDay } from '../time/local-date.js';
import type { TimeBucket } from '../time/time-bucket.js';
import { dayRanges, latestReading, readingRange, readingsBetween } from '../time/time-zone.js';
import { storedKeyOf } from './rollup-sql.js';
import type { SourceKey } from './rollup-spec.js';

/** The days whose rows a value counts. */
export interface CountedDays {
  readonly timeZone: string;
  /** null: all rows up to the last day */
  readonly from: DayNumber | null;
  readonly through: DayNumber;
  /** the latest instant that counts */
  readonly now: Date;
}

/** The bucket of less than a day whose rows a value counts. */
export interface CountedBucket {
  readonly bucket: TimeBucket;
  /** the latest instant that counts */
  readonly now: Date;
}

/** Returns the condition that a row is counted by its reading: on one of some days, or in a bucket. */
export function isCounted(dialect: Dialect, clock: ClockColumn, counted: CountedDays | CountedBucket): Sql {
  const readings = 'bucket' in counted ? readingsIn(clock, counted) : readingsOf(clock, counted);
  const ranges = readings.map(({ from, to }) => {
    const before = sql`${clock.expression} < ${dialect.reading(clock, to)}`;
    return from === null ? before : sql`(${clock.expression} >= ${dialect.reading(clock, from)} AND ${before})`;
  });
  return ranges.length === 0 ? sql`1 = 0` : sql`(${join(ranges, ' OR ')})`;
}

/** Returns the ranges of readings of a bucket. */
function readingsIn({ storedIn }: ClockColumn, { bucket, now }: CountedBucket): { from: number; to: number }[] {
  const end = latestReading(now, storedIn) + 1;
  return readingsBetween(storedIn, bucket.start, bucket.end)
    .map((range) => ({ ...range, to: Math.min(range.to, end) }))
    .filter((range) => range.from < range.to);
}

/** Returns the ranges of readings of some days, `to` exclusive. There are several if a clock is set back over midnight. */
function readingsOf(
  { kind, storedIn }: ClockColumn,
  { timeZone: zone, from, through, now }: CountedDays,
): { from: number | null; to: number }[] {
  if (kind === 'date') {
    return [{ from: from === null ? null : from * 86_400_000, to: (through + 1) * 86_400_000 }];
  }
  // without a first day, all readings before the day before the last one belong to earlier days
  const first = from ?? shiftDay(through, -1);
  const end = latestReading(now, storedIn) + 1;
  const ranges: { from: number | null; to: number }[] =
    from === null ? [{ from: null, to: readingRange({ storedIn, zone, fromDay: first, toDay: first }).from }] : [];
  const days = dayRanges({ storedIn, zone, fromDay: first, toDay: through });
  for (const range of days.sort((a, b) => a.from - b.from)) {
    const last = ranges.at(-1);
    if (last?.to === range.from) last.to = range.to;
    else ranges.push({ from: range.from, to: range.to });
  }
  return ranges
    .map((range) => ({ ...range, to: Math.min(range.to, end) }))
    .filter((range) => range.from === null || range.from < range.to);
}

/** Returns the condition that rows have a key, given as it is stored. */
export function hasKey(dialect: Dialect, statistic: StatisticTable, key: SourceKey, encoded: string | number): Sql {
  const column = statistic.keys.find(({ property }) => property === key.property);
  if (column === undefined) throw new TypeError(`${key.property} is no key of the statistic`);
  const isOwn = sql`${storedKeyOf(dialect, statistic, key)} = ${bindKey(dialect, column, encoded)}`;
  // a key that is stored as another type may equal several values
  const isSame = column.type === 'varchar' || column.type === key.kind;
  const sought = isSame ? dialect.seekKey(key.expression, key.kind, String(encoded)) : null;
  if (sought === null) return isOwn;
  const isNull = key.whenNull !== 'skip' && key.whenNull.sentinel === encoded;
  if (isNull) return sql`((${key.expression} IS NULL OR ${sought.condition}) AND ${isOwn})`;
  return sought.isExact ? sought.condition : sql`(${sought.condition} AND ${isOwn})`;
}

/** Adds conditions to a query of the application, with unique names of parameters. */
export function andWhere<E extends ObjectLiteral>(query: SelectQueryBuilder<E>, conditions: readonly Sql[]): void {
  const { strings, values } = join(conditions, ' AND ');
  const names = values.map((_, place) => `trackstats_rows_${String(place)}`);
  const text = strings.map((part, place) => (place === 0 ? part : `:${names[place - 1] ?? ''}${part}`)).join('');
  query.andWhere(text, Object.fromEntries(names.map((name, place) => [name, values[place]])));
}
