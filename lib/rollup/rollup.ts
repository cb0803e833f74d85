import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { batchesOf } from '../database/batches.js';
import { groupBy } from '../database/groups.js';
import type { Dialect, Replacement, ReplaceResult } from '../database/dialects/dialect.js';
import { execute, executeAll, queryOne, statementsOf as workStatements, type Work } from '../database/work.js';
import { type DayNumber, readDayNumber } from '../time/local-date.js';
import { periodKind } from '../time/period.js';
import { keptPartials } from './partials-template.js';
import { combinedPartials, keyNames, partialsQuery, partOf } from './rollup-sql.js';
import type { ResolvedSource, RollupEntry, RollupPeriod, RollupSpec, SourceScan } from './rollup-spec.js';
import { carryAfter, dropUnchanged, endNewKeys, freshQuery, inRange, primaryKey } from './window-sql.js';

/** The most ranges that one statement replaces. SQLite reads at most 500 parts of a UNION. */
const RANGES_A_STATEMENT = 100;
/** The temporary table of the partials of several scans, before each gets a table of its own. */
const COMBINED = 'trackstats_combined';

/**
 * Replaces the ranges of a spec's entries by values computed from the source. Each scan reads the source once for all its
 * entries, and all scans see the same snapshot. If the source is in the same database, none of its rows passes through
 * Node.
 *
 * @param isStaged true if the partials are in their temporary tables already
 */
export function* rollup(dialect: Dialect, spec: RollupSpec, isStaged: boolean): Work<ReplaceResult> {
  const ending = rangesOf(spec).filter(
    ({ period: { period, endsEarly } }) => endsEarly && periodKind(period) !== 'bucket',
  );
  for (const { entry, period } of ending) yield* carryAfter(dialect, entry, period);
  const periods = spec.entries.flatMap((entry) => entry.periods);
  const replaced = yield* withDays(dialect, periods, replaceRanges(dialect, spec, isStaged));
  for (const { entry, period } of ending) {
    yield* endNewKeys(dialect, entry, period);
    if (period.density === 'changes') yield* dropUnchanged(dialect, entry, period);
  }
  return replaced;
}

/** The ranges that a run replaces, as parts of one statement. */
export interface LoneRollup {
  readonly replacements: readonly Replacement[];
  /** statements that make the temporary tables of the replacements, and that remove them */
  readonly before: readonly Sql[];
  readonly after: readonly Sql[];
}

/** Returns what `rollup` does as parts of one statement, or null for ranges that end early: those write several times. */
export function loneRollup(dialect: Dialect, spec: RollupSpec): LoneRollup | null {
  const ranges = rangesOf(spec);
  if (ranges.some(({ period }) => period.endsEarly)) return null;
  const statements = statementsOf(dialect, ranges);
  const isStaged = statements.length > 1 && !dialect.sharesExpressions;
  const expressions = isStaged ? [] : spec.scans.map((scan) => keptPartials(dialect, scan));
  // of one statement, the first replacement has those of all
  const replacements = statements.flatMap(
    (some, place) => replacementOf(dialect, some, place === 0 ? expressions : []) ?? [],
  );
  const days = stagedDaysOf(
    dialect,
    ranges.map(({ period }) => period),
  );
  const staging = isStaged ? workStatements(stagePartials(dialect, spec)) : [];
  const unstaging = isStaged ? workStatements(unstagePartials(dialect, spec)) : [];
  return { replacements, before: [...days.before, ...staging], after: [...unstaging, ...days.after] };
}

/** A period of an entry, whose range a run replaces. */
interface EntryRange {
  readonly entry: RollupEntry;
  readonly period: RollupPeriod;
}

function rangesOf({ entries }: RollupSpec): EntryRange[] {
  return entries.flatMap((entry) => entry.periods.map((period) => ({ entry, period })));
}

type DatedPeriod = Pick<RollupPeriod, 'period' | 'density' | 'from' | 'through'>;

/** Runs a work that reads `freshQuery` of these periods. Some databases need a table of days for it, which is made first. */
export function* withDays<T>(dialect: Dialect, periods: readonly DatedPeriod[], work: Work<T>): Work<T> {
  const { before, after } = stagedDaysOf(dialect, periods);
  yield* executeAll(before);
  const result = yield* work;
  yield* executeAll(after);
  return result;
}

function stagedDaysOf(dialect: Dialect, periods: readonly DatedPeriod[]): Pick<LoneRollup, 'before' | 'after'> {
  const daily = periods.filter(({ period, density }) => periodKind(period) !== 'bucket' && density === 'daily');
  if (daily.length === 0) return { before: [], after: [] };
  const from = Math.min(...daily.map((period) => period.from));
  const through = Math.max(...daily.map((period) => period.through));
  return { before: dialect.stageDays(from, through), after: dialect.unstageDays() };
}

function* replaceRanges(dialect: Dialect, spec: RollupSpec, isStaged: boolean): Work<ReplaceResult> {
  const statements = statementsOf(dialect, rangesOf(spec));
  const [only = []] = statements;
  if (!isStaged && statements.length === 1) {
    return yield* replaceTogether(
      dialect,
      only,
      spec.scans.map((scan) => keptPartials(dialect, scan)),
    );
  }
  if (!isStaged) yield* stagePartials(dialect, spec);
  const total: ReplaceResult = { written: 0, removed: 0 };
  for (const ranges of statements) {
    const replaced = yield* replaceTogether(dialect, ranges, []);
    total.written += replaced.written;
    total.removed += replaced.removed;
  }
  yield* unstagePartials(dialect, spec);
  return total;
}

/** Divides ranges among statements. Those of a table are together if the database then reads the partials only once. */
function statementsOf(dialect: Dialect, ranges: readonly EntryRange[]): EntryRange[][] {
  if (!dialect.sharesExpressions) return ranges.map((range) => [range]);
  const byTable = groupBy(ranges, ({ entry }) => entry.statistic.table.path.sql);
  return [...byTable.values()].flatMap((all) => batchesOf(all, RANGES_A_STATEMENT));
}

/** Creates the temporary tables of the partials, all from one snapshot. */
export function* stagePartials(dialect: Dialect, spec: RollupSpec): Work<void> {
  const [only, ...others] = spec.scans;
  if (only === undefined) return;
  if (others.length === 0) {
    yield* executeAll(dialect.stage(only.partials, partialsQuery(dialect, only)));
    return;
  }
  yield* executeAll(dialect.stage(COMBINED, combinedPartials(dialect, spec)));
  for (const [place, scan] of spec.scans.entries()) {
    yield* executeAll(dialect.stage(scan.partials, partOf(dialect, scan, place, COMBINED)));
  }
  yield* execute(dialect.dropStaged(COMBINED));
}

/** Removes the temporary tables of the partials. */
export function* unstagePartials(dialect: Dialect, spec: RollupSpec): Work<void> {
  for (const { partials: name } of spec.scans) yield* execute(dialect.dropStaged(name));
}

/** Returns the number of staged partials. */
export function* countPartials(name: string): Work<number> {
  const row = yield* queryOne<{ n: unknown }>(sql`SELECT COUNT(*) AS n FROM ${raw(name)}`);
  return Number(row?.n);
}

/** Returns the number of different keys of staged partials. */
export function* countKeys({ source, partials: name }: SourceScan): Work<number> {
  const keys = keyNames(source);
  if (keys.length === 0) return 1;
  const distinct = sql`SELECT DISTINCT ${join(keys)} FROM ${raw(name)}`;
  const row = yield* queryOne<{ n: unknown }>(sql`SELECT COUNT(*) AS n FROM (${distinct}) k`);
  return Number(row?.n);
}

/** Returns the first day of the staged partials of a scan, or null if there are none. */
export function* firstStagedDay({ partials: name }: SourceScan): Work<DayNumber | null> {
  const row = yield* queryOne<{ day: unknown }>(sql`SELECT MIN(day) AS day FROM ${raw(name)}`);
  return row === undefined || row.day === null ? null : readDayNumber(row.day);
}

/** Returns the earliest reading of the source in a range, in milliseconds, or null if there is none. */
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

function* replaceTogether(
  dialect: Dialect,
  ranges: readonly EntryRange[],
  expressions: readonly Sql[],
): Work<ReplaceResult> {
  const replacement = replacementOf(dialect, ranges, expressions);
  return replacement === null ? { written: 0, removed: 0 } : yield* dialect.replace(replacement);
}

function replacementOf(
  dialect: Dialect,
  ranges: readonly EntryRange[],
  expressions: readonly Sql[],
): Replacement | null {
  const [first] = ranges;
  if (first === undefined) return null;
  const { entry } = first;
  const isOneMetric = ranges.every((range) => range.entry.metricId === entry.metricId);
  return {
    table: entry.statistic.table,
    keys: primaryKey(entry),
    value: 'value',
    expressions,
    order: [
      ...(isOneMetric ? [] : ['metricId']),
      ...(ranges.length > 1 ? ['period'] : []),
      ...entry.keys.map(({ property }) => property),
      entry.statistic.moment,
    ],
    fresh: join(
      ranges.map((range) => freshQuery(dialect, range.entry, range.period)),
      '\nUNION ALL\n',
    ),
    inRange: (alias) =>
      sql`(${join(
        ranges.map((range) => sql`(${inRange(dialect, range.entry, range.period, alias)})`),
        ' OR ',
      )})`,
    hasStored: ranges.some(({ period }) => period.hasStored),
  };
}
