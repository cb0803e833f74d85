import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import type { BucketLength } from '../time/time-bucket.js';
import { bucketTotals, finished, partialNames } from './aggregate-sql.js';
import type { RollupEntry } from './rollup-spec.js';
import { BUCKET, keyNames, partialsByBucket, storedKeys } from './rollup-sql.js';

/** Buckets of less than a day: those that begin in a range of seconds, which ends before `to`. */
export interface BucketRange {
  readonly length: BucketLength;
  readonly from: number;
  readonly to: number;
}

/**
 * The values of an entry by buckets, made of the partials of a scan with buckets: its keys as they are stored, then
 * `bucket`, the first second of each, and `v`. A bucket without rows has none.
 */
export function bucketValues(dialect: Dialect, entry: RollupEntry, { length, ...range }: BucketRange): Sql {
  const { measure } = entry;
  const groups = [...keyNames(entry), BUCKET];
  const numbers = join(groups.map((_, index) => raw(String(index + 1))));
  const buckets = sql`SELECT ${join([...groups, ...bucketTotals(measure)])}
FROM ${partialsByBucket(dialect, entry, length, range)} p GROUP BY ${numbers}`;
  const keys = storedKeys(dialect, entry).map((key, index) => sql`${key} AS ${raw(`c${String(index)}`)}`);
  const value = finished(
    dialect,
    measure,
    partialNames(measure).map((name) => sql`b.${name}`),
  );
  return sql`SELECT ${join([...keys, sql`b.${BUCKET}`, sql`${value} AS v`])} FROM (${buckets}) b`;
}
