import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { DayPart, Dialect, KeyKind, StoredKeyType } from '../database/dialects/dialect.js';
import type { StatisticTable } from '../statistics/tables/statistic-table.js';
import { type DayNumber, shiftDay } from '../time/local-date.js';
import {
  dayRanges,
  daySegments,
  latestReading,
  readingRange,
  type ClockSegment,
  type DayRange,
} from '../time/time-zone.js';
import { combining, partialColumns, scannedPartials } from './aggregate-sql.js';
import type { RollupSpec, SourceKey } from './rollup-spec.js';

/** The name of the expression, or of the temporary table, of the partials: one that no table of an application has. */
export const PARTIAL = 'trackstats_partial';

/** The keys of partials and of what is made of them: `k0`, `k1`, … in the order of the spec's source keys. */
export function keyNames({ source }: RollupSpec): readonly Sql[] {
  return source.keys.map((_, index) => raw(`k${String(index)}`));
}

/**
 * The source aggregated once into one row a key and day: `k0` … as the source has them, `day` (a day number) and the aggregate's partials,
 * `a` and, for an average, its count `b`. Every period's rows are made of these. A distinct count has one row for
 * each key, day and value `u` instead.
 *
 * A reading range can hold readings of the day after it (a clock that is set back over midnight): they are left out.
 * Rows before `scanFrom` are one partial, dated the day before it, if the spec includes them.
 */
export function partialsQuery(dialect: Dialect, spec: RollupSpec): Sql {
  return spec.countsByIndex ? countedRanges(dialect, spec) : groupedScan(dialect, spec);
}

/** One index range a day. */
function countedRanges(dialect: Dialect, spec: RollupSpec): Sql {
  const { clock, query } = spec.source;
  const counted = sql`SELECT COUNT(*) FROM (${query}) source WHERE ${clock.expression} >= r.lo AND ${clock.expression} < r.hi`;
  // apart, or each range is counted twice: once to be shown, once to be compared with 0
  const ranges = dialect.fence(
    sql`SELECT r.day, (${counted}) AS a FROM ${dialect.rangesOf(clock, scannedRanges(spec))} r`,
  );
  const days = sql`SELECT c.day, SUM(c.a) AS a FROM (${ranges}) c GROUP BY c.day HAVING SUM(c.a) > 0`;
  if (!spec.scanBase) return days;
  const { from } = readingBounds(spec);
  const base = sql`SELECT COUNT(*) AS a FROM (${query}) source WHERE ${clock.expression} < ${dialect.reading(clock, from)}`;
  return sql`${days} UNION ALL SELECT ${dialect.integer(spec.scanFrom - 1)} AS day, b.a FROM (${base}) b WHERE b.a > 0`;
}

function scannedRanges(spec: RollupSpec): DayRange[] {
  const { clock } = spec.source;
  const { scanFrom, scanThrough } = spec;
  if (clock.kind === 'date')
    return Array.from({ length: scanThrough - scanFrom + 1 }, (_, index) => dateRange(shiftDay(scanFrom, index)));
  const { from, to } = readingBounds(spec);
  // the day before comes back where its clock is set back over midnight: that part of it is not before `from`
  return dayRanges({
    storedIn: clock.storedIn,
    zone: spec.timeZone,
    fromDay: shiftDay(scanFrom, -1),
    toDay: scanThrough,
  })
    .map((range) => ({ ...range, from: Math.max(range.from, from), to: Math.min(range.to, to) }))
    .filter((range) => range.from < range.to);
}

function dateRange(day: DayNumber): DayRange {
  return { day, from: day * 86_400_000, to: (day + 1) * 86_400_000 };
}

function groupedScan(dialect: Dialect, spec: RollupSpec): Sql {
  const { source } = spec;
  const grouped = [
    ...source.keys.map((key) => groupedKey(dialect, spec, key)),
    ...(source.distinct === null ? [] : [dialect.distinctKey(source.distinct.expression, source.distinct.kind)]),
  ];
  const names = [...keyNames(spec), ...(source.distinct === null ? [] : [raw('u')])];
  const groups = grouped.map((key, index) => sql`${key} AS ${names[index]}`);
  const part = grouped.length === 0 ? dialect.dayPart(source.clock, segmentsOf(spec)) : null;
  const scan =
    part !== null
      ? scanByPart(dialect, spec, part)
      : grouped.length === 0 && dialect.overestimatesDays
        ? scanOfDays(dialect, spec)
        : scanByDay(dialect, spec, groups);
  return sql`SELECT ${join([...outerColumns(dialect, spec, names), ...scannedPartials(spec.source)])} FROM (${scan}) g${notAfter(dialect, spec)}`;
}

/** Where a clock is set back over midnight, the readings of the last day can hold some of the day after it. */
function notAfter(dialect: Dialect, spec: RollupSpec): Sql {
  const { clock } = spec.source;
  if (clock.kind === 'date') return empty;
  const after = shiftDay(spec.scanThrough, 1);
  const next = dayRanges({ storedIn: clock.storedIn, zone: spec.timeZone, fromDay: after, toDay: after });
  const { to } = readingBounds(spec);
  if (!next.some((range) => range.from < to)) return empty;
  return sql` WHERE g.day IS NULL OR ${dialect.dayNumber(clock, raw('g.day'))} <= ${dialect.integer(spec.scanThrough)}`;
}

function scanByDay(dialect: Dialect, spec: RollupSpec, groups: readonly Sql[]): Sql {
  const { query, keys, clock } = spec.source;
  const columns = [...groups, sql`${dayOrBase(dialect, spec, clock.expression)} AS day`];
  const skipped = keys
    .filter(({ whenNull }) => whenNull === 'skip')
    .map(({ expression }) => sql`AND ${expression} IS NOT NULL`);
  return sql`SELECT ${join([...columns, ...partialColumns(dialect, spec.source)])}
FROM (${query}) source WHERE ${within(dialect, spec)} ${join([empty, ...skipped], ' ')}
GROUP BY ${join(columns.map((_, index) => raw(String(index + 1))))}`;
}

/** The days and values of all rows first, apart: of days as a column's values the planner expects few. */
function scanOfDays(dialect: Dialect, spec: RollupSpec): Sql {
  const { query, clock, numeric } = spec.source;
  const days = dialect.fence(
    sql`SELECT ${join([sql`${dayOrBase(dialect, spec, clock.expression)} AS day`, ...(numeric === null ? [] : [sql`${numeric.expression} AS n`])])}
FROM (${query}) source WHERE ${within(dialect, spec)}`,
  );
  const ofDays = numeric === null ? null : { ...numeric, expression: raw('r.n') };
  const totals = partialColumns(dialect, { ...spec.source, numeric: ofDays });
  return sql`SELECT ${join([raw('r.day'), ...totals])} FROM (${days}) r GROUP BY 1`;
}

/** By parts of days first: the day is then worked out of some thousand parts, and not of every row. */
function scanByPart(dialect: Dialect, spec: RollupSpec, part: DayPart): Sql {
  const parts = sql`SELECT ${join([sql`${part.key} AS part`, ...partialColumns(dialect, spec.source)])}
FROM (${spec.source.query}) source WHERE ${within(dialect, spec)} GROUP BY 1`;
  const merged = scannedPartials(spec.source).map((name) => sql`${combining(spec.source)}(r.${name}) AS ${name}`);
  return sql`SELECT ${join([sql`${dayOrBase(dialect, spec, part.reading(raw('r.part')))} AS day`, ...merged])} FROM (${parts}) r GROUP BY 1`;
}

function outerColumns(dialect: Dialect, spec: RollupSpec, names: readonly Sql[]): Sql[] {
  const day = dialect.dayNumber(spec.source.clock, raw('g.day'));
  return [...names, sql`COALESCE(${day}, ${dialect.integer(spec.scanFrom - 1)}) AS day`];
}

/**
 * The source's keys, `k0` …, as the statistic stores them. They are grouped as `groupKey` gives them: a cast of every
 * group costs, and text is slower to compare.
 */
export function storedKeys(dialect: Dialect, { source, statistic }: RollupSpec): readonly Sql[] {
  return source.keys.map((key, index) => {
    const type = storedType(statistic, key);
    const given = dialect.storedKey(raw(`k${String(index)}`), key.kind, type);
    const stored =
      type === 'varchar' && !SHORT.has(key.kind) ? dialect.limitLength(given, lengthOf(statistic, key)) : given;
    if (key.whenNull === 'skip') return stored;
    const bound = boundSentinel(dialect, key.whenNull.sentinel, type);
    return sql`COALESCE(${stored}, ${type === 'varchar' ? bound : dialect.storedKey(bound, 'integer', type)})`;
  });
}

/** Kinds whose values may equal the sentinel for NULL in a key column of a type. */
const MAY_BE_SENTINEL: Readonly<Record<StoredKeyType, ReadonlySet<KeyKind>>> = {
  varchar: new Set(['text', 'padded', 'other']),
  integer: new Set(['integer', 'decimal']),
  date: new Set(['date']),
  boolean: new Set(),
};

/** Groups NULL and its sentinel value as one. Otherwise two groups would become one row. */
function groupedKey(dialect: Dialect, { statistic }: RollupSpec, key: SourceKey): Sql {
  const type = storedType(statistic, key);
  const grouped = dialect.groupKey(key.expression, key.kind, type);
  if (key.whenNull === 'skip' || !MAY_BE_SENTINEL[type].has(key.kind)) return grouped;
  return sql`NULLIF(${grouped}, ${boundSentinel(dialect, key.whenNull.sentinel, type)})`;
}

function boundSentinel(dialect: Dialect, sentinel: string | number, type: StoredKeyType): Sql {
  if (typeof sentinel === 'number') return dialect.integer(sentinel);
  return type === 'date' ? dialect.date(sentinel) : dialect.text(sentinel);
}

/** Kinds whose text is never longer than a key column. */
const SHORT: ReadonlySet<KeyKind> = new Set(['integer', 'uuid', 'date', 'boolean']);

/** How many characters the column of a key holds. */
export function lengthOf({ keys }: StatisticTable, { property }: SourceKey): number {
  return keys.find((key) => key.property === property)?.length ?? 0;
}

function storedType({ keys }: StatisticTable, { property }: SourceKey): StoredKeyType {
  return keys.find((key) => key.property === property)?.type ?? 'varchar';
}

/** The first reading that is read day by day, and the first one that is too late. */
function readingBounds({ source: { clock }, timeZone, now, scanFrom, scanThrough }: RollupSpec): {
  from: number;
  to: number;
} {
  if (clock.kind === 'date') return { from: scanFrom * 86_400_000, to: (scanThrough + 1) * 86_400_000 };
  const days = readingRange({ storedIn: clock.storedIn, zone: timeZone, fromDay: scanFrom, toDay: scanThrough });
  return { from: days.from, to: Math.min(days.to, latestReading(now, clock.storedIn) + 1) };
}

/** The condition that a source row is one of those that are read. */
export function within(dialect: Dialect, spec: RollupSpec): Sql {
  const { clock } = spec.source;
  const { from, to } = readingBounds(spec);
  const until = sql`${clock.expression} < ${dialect.reading(clock, to)}`;
  return spec.scanBase ? until : sql`${clock.expression} >= ${dialect.reading(clock, from)} AND ${until}`;
}

/** Groups the rows of a day, and all rows before the scanned days under NULL. */
function dayOrBase(dialect: Dialect, spec: RollupSpec, reading: Sql): Sql {
  const clock = { ...spec.source.clock, expression: reading };
  const day = dialect.dayKey(clock, segmentsOf(spec));
  if (!spec.scanBase) return day;
  return sql`CASE WHEN ${reading} >= ${dialect.reading(clock, readingBounds(spec).from)} THEN ${day} END`;
}

function segmentsOf(spec: RollupSpec): ClockSegment[] {
  const { clock } = spec.source;
  if (clock.kind === 'date') return [];
  return daySegments({ storedIn: clock.storedIn, zone: spec.timeZone, ...readingBounds(spec) });
}
