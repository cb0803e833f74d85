import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { DAYS, type Dialect, type ReplaceResult } from '../database/dialects/dialect.js';
import { execute, executeAll, queryOne, type Work } from '../database/work.js';
import { type DayNumber, readDayNumber } from '../time/local-date.js';
import { periodKind } from '../time/period.js';
import { inRange } from './range-sql.js';
import { PARTIAL, partialsQuery } from './rollup-sql.js';
import type { ResolvedSource, RollupPeriod, RollupSpec } from './rollup-spec.js';
import { dropUnchanged, endNewKeys, holdAfter } from './seal-sql.js';
import { freshQuery, primaryKey } from './window-sql.js';

/**
 * Makes the ranges of a spec's periods hold exactly what the source gives: one scan of the source for all of them,
 * and no row of it passes through Node where it is in the same database.
 *
 * @param isStaged whether the partials are in their temporary table already
 */
export function* rollup(dialect: Dialect, spec: RollupSpec, isStaged: boolean): Work<ReplaceResult> {
  const ending = spec.periods.filter(({ period, endsEarly }) => endsEarly && periodKind(period) !== 'bucket');
  for (const period of ending) yield* holdAfter(dialect, spec, period);
  const replaced = yield* withDays(dialect, spec.periods, replacePeriods(dialect, spec, isStaged));
  for (const period of ending) {
    yield* endNewKeys(dialect, spec, period);
    if (period.density === 'changes') yield* dropUnchanged(dialect, spec, period);
  }
  return replaced;
}

type DatedPeriod = Pick<RollupPeriod, 'period' | 'density' | 'from' | 'through'>;

/** Does a work that reads `freshQuery` of these periods, beside the table of days that some databases need for it. */
export function* withDays<T>(dialect: Dialect, periods: readonly DatedPeriod[], work: Work<T>): Work<T> {
  const daily = periods.filter(({ period, density }) => periodKind(period) !== 'bucket' && density === 'daily');
  if (daily.length === 0) return yield* work;
  const from = Math.min(...daily.map((period) => period.from));
  const through = Math.max(...daily.map((period) => period.through));
  const stages = dialect.stageDays(from, through);
  yield* executeAll(stages);
  const result = yield* work;
  if (stages.length > 0) yield* execute(dialect.dropStaged(DAYS));
  return result;
}

function* replacePeriods(dialect: Dialect, spec: RollupSpec, isStaged: boolean): Work<ReplaceResult> {
  if (!isStaged) {
    if (dialect.sharesExpressions || spec.periods.length === 1)
      return yield* replaceTogether(dialect, spec, [partials(dialect, spec)]);
    yield* stagePartials(dialect, spec);
  }
  const replaced = yield* dialect.sharesExpressions
    ? replaceTogether(dialect, spec, [])
    : replaceOneByOne(dialect, spec);
  yield* execute(dialect.dropStaged(spec.partials));
  return replaced;
}

/** Makes the temporary table of the partials. */
export function* stagePartials(dialect: Dialect, spec: RollupSpec): Work<void> {
  yield* executeAll(dialect.stage(spec.partials, partialsQuery(dialect, spec)));
}

/** The first day of the staged partials; null where there are none. */
export function* firstStagedDay(): Work<DayNumber | null> {
  const row = yield* queryOne<{ day: unknown }>(sql`SELECT MIN(day) AS day FROM ${raw(PARTIAL)}`);
  return row === undefined || row.day === null ? null : readDayNumber(row.day);
}

/** The partials as a common table expression. */
export function partials(dialect: Dialect, spec: RollupSpec): Sql {
  return dialect.expression(spec.partials, partialsQuery(dialect, spec));
}

/** The earliest reading of the source before one, and not before another, in milliseconds; null where there is none. */
export function* earliestReading(
  dialect: Dialect,
  source: ResolvedSource,
  { from, before }: { from: number | null; before: number },
): Work<number | null> {
  const { clock, query } = source;
  const since = from === null ? empty : sql` AND ${clock.expression} >= ${dialect.reading(clock, from)}`;
  const row = yield* queryOne<{ earliest: unknown }>(
    sql`SELECT ${dialect.earliest(clock)} AS earliest FROM (${query}) source WHERE ${clock.expression} < ${dialect.reading(clock, before)}${since}`,
  );
  return dialect.parseReading(clock, row?.earliest ?? null);
}

function replaceTogether(dialect: Dialect, spec: RollupSpec, expressions: readonly Sql[]): Work<ReplaceResult> {
  return dialect.replace({
    ...target(spec),
    expressions,
    order: [
      ...(spec.periods.length > 1 ? ['period'] : []),
      ...spec.source.keys.map(({ property }) => property),
      'date',
    ],
    fresh: join(
      spec.periods.map((period) => freshQuery(dialect, spec, period)),
      '\nUNION ALL\n',
    ),
    inRange: (alias) => inRanges(dialect, spec, spec.periods, alias),
    hasStored: spec.periods.some(({ hasStored }) => hasStored),
  });
}

function* replaceOneByOne(dialect: Dialect, spec: RollupSpec): Work<ReplaceResult> {
  const total: ReplaceResult = { written: 0, removed: 0 };
  for (const period of spec.periods) {
    const replaced = yield* replaceTogether(dialect, { ...spec, periods: [period] }, []);
    total.written += replaced.written;
    total.removed += replaced.removed;
  }
  return total;
}

function target(spec: RollupSpec): { table: RollupSpec['statistic']['table']; keys: readonly string[]; value: string } {
  return { table: spec.statistic.table, keys: primaryKey(spec), value: 'value' };
}

function inRanges(dialect: Dialect, spec: RollupSpec, periods: readonly RollupPeriod[], alias: Sql): Sql {
  return sql`(${join(
    periods.map((period) => sql`(${inRange(dialect, spec, period, alias)})`),
    ' OR ',
  )})`;
}
