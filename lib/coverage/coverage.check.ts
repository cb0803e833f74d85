import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Metric } from '../catalog/metric.entity.js';
import type { Database } from '../database/database.js';
import type { ExpectedRows } from '../database/dialects/dialect.js';
import type { StoredCoverage } from './coverage.js';
import { Coverage } from './coverage.entity.js';
import { bindKey, bindValues, COVERAGE_KEY, isCoverage } from './coverage.row.js';
import { writeDrift } from './drift.js';

/** Conditions of a statement that writes: coverages are still as they were read. */

/**
 * Returns the condition that the coverages of a metric are still those that were read: no other ones, of the same kinds
 * and zones, and none begins later.
 *
 * @param coverages all of the metric
 */
export function areStill(database: Database, { id }: Metric, coverages: readonly StoredCoverage[]): Sql {
  const { dialect } = database;
  const table = database.table(Coverage);
  const column = (property: string): Sql => sql`c.${table.column(property)}`;
  const each = coverages.map(({ period, scope, kind, timeZone, from }) => {
    const begins = from === null ? empty : sql` AND ${column('from')} <= ${dialect.date(from)}`;
    return sql`(${column('period')} = ${dialect.integer(period)} AND ${column('scope')} = ${dialect.text(scope)}
AND ${column('kind')} = ${dialect.text(kind)} AND ${column('timeZone')} = ${dialect.text(timeZone)}${begins})`;
  });
  const count = raw(String(coverages.length));
  const ofMetric = sql`FROM ${table.path} c WHERE ${column('metricId')} = ${dialect.integer(id)}`;
  if (coverages.length === 0) return sql`NOT EXISTS (SELECT 1 ${ofMetric})`;
  return sql`(SELECT COUNT(*) = ${count} AND COUNT(CASE WHEN ${join(each, ' OR ')} THEN 1 END) = ${count} ${ofMetric})`;
}

/**
 * Returns the condition that coverages of increments are still stored. They are locked, so that nothing is added to one
 * that is being removed. Those of trackers are not, because a run locks its own until it ends.
 *
 * @param coverages all of a metric
 * @returns null if none is of increments: there is nothing to lock
 */
export function areCounted(database: Database, coverages: readonly StoredCoverage[]): Sql | null {
  const counted = coverages.filter(({ kind }) => kind === 'increment');
  if (counted.length === 0) return null;
  const { path } = database.table(Coverage);
  // each by its key: MySQL waits for every row that it reads
  const keys = counted.map((coverage) => sql`(${isCoverage(database, coverage)})`);
  return sql`(SELECT COUNT(*) = ${raw(String(keys.length))}
FROM (SELECT 1 FROM ${path} WHERE ${join(keys, ' OR ')} ${database.dialect.forKeyShare}) l)`;
}

/** Returns coverages as rows that must still be as they were read. They have dates. */
export function expectedCoverages(database: Database, coverages: readonly StoredCoverage[]): ExpectedRows {
  const table = database.table(Coverage);
  const condition = (alias: Sql): Sql => {
    const each = coverages.map((coverage) => {
      const { isWhole, drift } = coverage;
      const values = { ...bindKey(database, coverage), ...bindValues(database, coverage) };
      const column = (property: string): Sql => sql`${alias}.${table.column(property)}`;
      const conditions = [
        ...Object.entries(values).map(([property, value]) => sql`${column(property)} = ${value}`),
        sql`COALESCE(${column('isWhole')}, 0) = ${raw(isWhole ? '1' : '0')}`,
        drift.length === 0 ? sql`${column('drift')} IS NULL` : sql`${column('drift')} = ${writeDrift(drift)}`,
      ];
      return sql`(${join(conditions, ' AND ')})`;
    });
    return sql`(${join(each, ' OR ')})`;
  };
  return { table, keys: COVERAGE_KEY, condition, count: coverages.length };
}
