import type { Sql } from 'sql-template-tag';
import { meaningOf } from '../catalog/aggregates.js';
import type { Dialect } from '../database/dialects/dialect.js';
import { execute, type Work } from '../database/work.js';
import { deleteRepeated, insertCarried, type StatisticRows } from '../statistics/read/carried-values.js';
import type { RollupPeriod, RollupSpec } from './rollup-spec.js';
import { ofPeriod } from './window-sql.js';

/**
 * A running value holds until the next row. Where a range ends before what is covered, the first date after it gets
 * a row of the value that held there, or what was recorded after the range would change with it.
 */

/** Before the range is replaced: gives every key a row on the first date after it, with the value that holds there. */
export function* holdAfter(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Work<void> {
  yield* execute(insertCarried(dialect, rowsOf(dialect, spec, period), dateAfter(dialect, period)));
}

/** After the range was replaced: keys that had no row before it get one of "nothing" on the first date after it. */
export function* endNewKeys(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Work<void> {
  const nothing = dialect.decimal(meaningOf(spec.source.aggregate).empty);
  yield* execute(insertCarried(dialect, rowsOf(dialect, spec, period), dateAfter(dialect, period), nothing));
}

/** With 'changes', a row on the first date after the range that says what the row before it says is none. */
export function* dropUnchanged(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): Work<void> {
  yield* execute(deleteRepeated(dialect, rowsOf(dialect, spec, period), dateAfter(dialect, period)));
}

function rowsOf(dialect: Dialect, spec: RollupSpec, period: RollupPeriod): StatisticRows {
  return { statistic: spec.statistic, where: (alias) => ofPeriod(dialect, spec, period, alias) };
}

function dateAfter(dialect: Dialect, { through }: RollupPeriod): Sql {
  return dialect.dateOf(dialect.integer(through + 1));
}
