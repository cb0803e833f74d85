import sql, { type Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import type { RollupPeriod, RollupSpec } from './rollup-spec.js';
import { ofPeriod } from './window-sql.js';

/** Returns the condition that a stored row is in the range of a period. */
export function inRange(dialect: Dialect, spec: RollupSpec, period: RollupPeriod, alias: Sql): Sql {
  const date = sql`${alias}.${spec.statistic.table.column('date')}`;
  return sql`${ofPeriod(dialect, spec, period, alias)} AND ${date} >= ${dialect.dateOf(dialect.integer(period.from))}
AND ${date} <= ${dialect.dateOf(dialect.integer(period.through))}`;
}
