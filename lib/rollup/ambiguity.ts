import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { queryOne, type Row, type Work } from '../database/work.js';
import { AmbiguousRelationError } from '../errors/source.error.js';
import { within } from './rollup-sql.js';
import type { SourceScan } from './rollup-spec.js';

/**
 * Rejects a source row with several different values of a property, because a relation on its path found several rows. It
 * would be chance which one counts. Sources without such a relation are not read.
 *
 * @throws AmbiguousRelationError
 */
export function* refuseAmbiguous(dialect: Dialect, tracker: string, scan: SourceScan): Work<void> {
  const { ambiguity } = scan.source;
  if (ambiguity === null) return;
  const found = yield* queryOne<Row & { place: number | string }>(ambiguousRow(dialect, scan, ambiguity));
  if (found === undefined) return;
  const value = ambiguity.values[Number(found.place)];
  if (value === undefined) return;
  const key = ambiguity.primaryKey.map((_, index) => found[`p${String(index)}`]);
  throw new AmbiguousRelationError(tracker, value, key);
}

/** A source row with several values of a property, and the property. */
function ambiguousRow(
  dialect: Dialect,
  scan: SourceScan,
  { query, primaryKey, values, isDated }: NonNullable<SourceScan['source']['ambiguity']>,
): Sql {
  const several = values.map(
    ({ expression: value }) =>
      sql`(COUNT(DISTINCT ${value}) > 1 OR (COUNT(${value}) > 0 AND COUNT(${value}) < COUNT(*)))`,
  );
  const places = several.map((condition, place) => sql`WHEN ${condition} THEN ${raw(String(place))}`);
  const keys = primaryKey.map((key, index) => sql`${key} AS ${raw(`p${String(index)}`)}`);
  const bounds = isDated ? empty : sql`WHERE ${within(dialect, scan)}`;
  return sql`SELECT ${join([...keys, sql`CASE ${join(places, ' ')} END AS place`])} FROM (${query}) source ${bounds}
GROUP BY ${join(primaryKey)} HAVING ${join(several, ' OR ')} ${dialect.limit(1)}`;
}
