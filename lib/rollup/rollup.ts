import sql, { join, raw, type Sql } from 'sql-template-tag';
import { DAYS, type Dialect, type Replaced } from '../database/dialects/dialect.js';
import { execute, queryOne, type Work } from '../database/work.js';
import { periodKind } from '../time/period.js';
import { PARTIAL, partialsQuery } from './rollup-sql.js';
import type { ResolvedSource, RollupPeriod, RollupSpec } from './rollup-spec.js';
import { freshQuery, ofPeriod, primaryKey } from './window-sql.js';

/**
 * Makes the ranges of a spec's periods hold exactly what the source gives: one scan of the source for all of them,
 * and no row of it passes through Node.
 */
export function* rollup(dialect: Dialect, spec: RollupSpec): Work<Replaced> {
  const daily = spec.periods.filter(({ period, density }) => periodKind(period) !== 'bucket' && density === 'daily');
  const days =
    daily.length === 0
      ? []
      : dialect.stageDays(Math.min(...daily.map(({ from }) => from)), Math.max(...daily.map(({ through }) => through)));
  for (const statement of days) yield* execute(statement);
  const replaced =
    dialect.sharesExpressions || spec.periods.length === 1
      ? yield* together(dialect, spec)
      : yield* oneByOne(dialect, spec);
  if (days.length > 0) yield* execute(dialect.unstage(DAYS));
  return replaced;
}

/** The earliest reading of the source that has come by now, in milliseconds; null where there is none. */
export function* earliestReading(dialect: Dialect, source: ResolvedSource, before: number): Work<number | null> {
  const { clock, query } = source;
  const row = yield* queryOne<{ earliest: unknown }>(
    sql`SELECT ${dialect.earliest(clock)} AS earliest FROM (${query}) source WHERE ${clock.expression} < ${dialect.reading(clock, before)}`,
  );
  return dialect.parseReading(clock, row?.earliest ?? null);
}

function together(dialect: Dialect, spec: RollupSpec): Work<Replaced> {
  return dialect.replace({
    ...target(spec),
    expressions: [dialect.expression(PARTIAL, partialsQuery(dialect, spec))],
    fresh: join(
      spec.periods.map((period) => freshQuery(dialect, spec, period)),
      '\nUNION ALL\n',
    ),
    inRange: (alias) => inRanges(dialect, spec, spec.periods, alias),
    hasStored: spec.periods.some(({ hasStored }) => hasStored),
  });
}

function* oneByOne(dialect: Dialect, spec: RollupSpec): Work<Replaced> {
  yield* execute(dialect.stage(PARTIAL, partialsQuery(dialect, spec)));
  const total: Replaced = { written: 0, removed: 0 };
  for (const period of spec.periods) {
    const replaced = yield* dialect.replace({
      ...target(spec),
      expressions: [],
      fresh: freshQuery(dialect, spec, period),
      inRange: (alias) => inRanges(dialect, spec, [period], alias),
      hasStored: period.hasStored,
    });
    total.written += replaced.written;
    total.removed += replaced.removed;
  }
  yield* execute(dialect.unstage(PARTIAL));
  return total;
}

function target(spec: RollupSpec): { table: RollupSpec['statistic']['table']; keys: readonly string[]; value: string } {
  return { table: spec.statistic.table, keys: primaryKey(spec), value: 'value' };
}

function inRanges(dialect: Dialect, spec: RollupSpec, periods: readonly RollupPeriod[], alias: Sql): Sql {
  const date = sql`${alias}.${spec.statistic.table.column('date')}`;
  const ranges = periods.map(
    (period) =>
      sql`(${ofPeriod(dialect, spec, period, alias)} AND ${date} >= ${dialect.dateOf(dialect.integer(period.from))}
AND ${date} <= ${dialect.dateOf(dialect.integer(period.through))})`,
  );
  return ranges.length === 1 ? (ranges[0] ?? raw('')) : sql`(${join(ranges, ' OR ')})`;
}
