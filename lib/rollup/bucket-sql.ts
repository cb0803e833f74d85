import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import type { BucketLength } from '../time/time-bucket.js';
import { readingsOf } from '../time/time-zone.js';
import { bucketTotals, finished, isDistinct, partialNames } from './aggregate-sql.js';
import { BUCKET, beginsIn, keyNames, partialsByBucket, type SecondRange, storedKeys } from './rollup-sql.js';
import type { RollupEntry, RollupPeriod } from './rollup-spec.js';

/**
 * Returns the seconds in which the buckets of a period's days begin. They are one range, unless the zone's clock was set
 * back over midnight, and none if it skipped the days.
 */
export function secondsOf(
  { scan }: { readonly scan: Pick<RollupEntry['scan'], 'timeZone'> },
  { from, through, fromSecond }: Pick<RollupPeriod, 'from' | 'through' | 'fromSecond'>,
): SecondRange[] {
  return readingsOf({ storedIn: 'UTC', zone: scan.timeZone, fromDay: from, toDay: through })
    .map((range) => ({ from: Math.max(range.from / 1000, fromSecond ?? -Infinity), to: range.to / 1000 }))
    .filter((range) => range.from < range.to);
}

/** Returns the condition that the start of a stored row is in the range of its period. */
export function startsInRange(
  dialect: Dialect,
  entry: Pick<RollupEntry, 'statistic'> & { readonly scan: Pick<RollupEntry['scan'], 'timeZone'> },
  period: Pick<RollupPeriod, 'from' | 'through' | 'fromSecond'>,
  alias: Sql,
): Sql {
  return beginsIn(dialect, sql`${alias}.${entry.statistic.table.column('start')}`, secondsOf(entry, period));
}

/**
 * The values of an entry by buckets, made of the partials of a scan with buckets: its keys as they are stored, then
 * `bucket`, the first second of each, and `v`. A bucket without rows has none.
 */
export function bucketValues(
  dialect: Dialect,
  entry: RollupEntry,
  length: BucketLength,
  ranges: readonly SecondRange[],
): Sql {
  const { measure } = entry;
  const partials = partialsByBucket(dialect, entry, length, ranges);
  const keys = storedKeys(dialect, entry).map((key, index) => sql`${key} AS ${raw(`c${String(index)}`)}`);
  const value = finished(
    dialect,
    measure,
    partialNames(measure).map((name) => sql`b.${name}`),
  );
  const columns = join([...keys, sql`b.${BUCKET}`, sql`${value} AS v`]);
  if (!isDistinct(measure)) return sql`SELECT ${columns} FROM ${partials} b`;
  const groups = [...keyNames(entry), BUCKET];
  const buckets = sql`SELECT ${join([...groups, ...bucketTotals(measure)])}
FROM ${partials} p GROUP BY ${join(groups.map((_, index) => raw(String(index + 1))))}`;
  return sql`SELECT ${columns} FROM (${buckets}) b`;
}
