import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { DayPart, Dialect, KeyKind, StoredKeyType } from '../database/dialects/dialect.js';
import type { Work } from '../database/work.js';
import type { StatisticTable } from '../statistics/tables/statistic-table.js';
import { type DayNumber, shiftDay } from '../time/local-date.js';
import {
  type BucketLength,
  type BucketRun,
  bucketRuns,
  type BucketSegment,
  bucketSegments,
  commonBucketPart,
} from '../time/time-bucket.js';
import {
  dayRanges,
  daySegments,
  firstReadingSince,
  latestReading,
  readingRange,
  type ClockSegment,
  type DayRange,
} from '../time/time-zone.js';
import { combinedBy, isDistinct, partialColumns, partialNames, type PartialColumn } from './aggregate-sql.js';
import type { RollupEntry, RollupSpec, SourceKey, SourceScan } from './rollup-spec.js';

/** The name of the expression, or of the temporary table, of the partials: one that no table of an application has. */
export const PARTIAL = 'trackstats_partial';

/** The column with the first second of a partial's bucket, of scans that have buckets; NULL for the rows before them. */
export const BUCKET = raw('bucket');

/** The keys of partials and of what is made of them: `k0`, `k1`, … in the order of the source's keys. */
export function keyNames({ keys }: { readonly keys: readonly SourceKey[] }): readonly Sql[] {
  return keys.map((_, index) => raw(`k${String(index)}`));
}

/** Returns the columns of the partials of a scan that are not keys or the day. */
export function scannedColumns(dialect: Dialect, { source }: SourceScan): readonly PartialColumn[] {
  return source.measures.flatMap((measure) => partialColumns(dialect, measure));
}

/** Returns the names of all columns of the partials of a scan, in their order. */
export function partialsColumns(dialect: Dialect, scan: SourceScan): readonly Sql[] {
  const { distinct } = scan.source;
  const totals = scannedColumns(dialect, scan).map(({ name }) => name);
  const buckets = scan.bucket === null ? [] : [BUCKET];
  return [...keyNames(scan.source), ...(distinct === null ? [] : [raw('u')]), raw('day'), ...buckets, ...totals];
}

/**
 * The partials that an entry is made of, for use in FROM: rows of those keys and days in which one of its rows counts.
 * A total that is made beside the values of objects adds up all their keys, and a day all its buckets.
 */
export function partialsOf(entry: RollupEntry): Sql {
  const { scan } = entry;
  if (isTotal(entry) || scan.bucket !== null) return gathered(entry, raw('t.day'), raw('day'), []);
  const conditions = counting(entry);
  return conditions.length === 0 ? raw(scan.partials) : selected(entry, raw('day'), conditions);
}

/** Partials as they are: a scan has one for each of its keys and moments. */
function selected({ scan, measure, keys }: RollupEntry, moment: Sql, conditions: readonly Sql[]): Sql {
  const totals = isDistinct(measure) ? [] : partialNames(measure);
  const columns = [...keyNames({ keys }), ...(isDistinct(measure) ? [raw('u')] : []), moment, ...totals];
  return sql`(SELECT ${join(columns.map((name) => sql`t.${name}`))} FROM ${raw(scan.partials)} t WHERE ${join(conditions, ' AND ')})`;
}

/** A half-open range of seconds since 1970. */
export interface SecondRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The partials of an entry by buckets of some length, for use in FROM: as `partialsOf`, with `bucket` in place of `day`.
 *
 * @param ranges the seconds in which the buckets begin
 */
export function partialsByBucket(
  dialect: Dialect,
  entry: RollupEntry,
  length: BucketLength,
  ranges: readonly SecondRange[],
): Sql {
  const { scan } = entry;
  const within = beginsIn(dialect, sql`t.${BUCKET}`, ranges);
  if (length === scan.bucket && !isTotal(entry)) return selected(entry, BUCKET, [...counting(entry), within]);
  return gathered(entry, bucketOf(dialect, scan, length, ranges), BUCKET, [within]);
}

/** The bucket of some length that contains the bucket of a partial `t`. */
function bucketOf(dialect: Dialect, scan: SourceScan, length: BucketLength, ranges: readonly SecondRange[]): Sql {
  const own = sql`t.${BUCKET}`;
  const [first, last] = [ranges.at(0), ranges.at(-1)];
  if (length === scan.bucket || first === undefined || last === undefined) return own;
  const column = { kind: 'seconds', storedIn: 'UTC', expression: own } as const;
  const bounds = { storedIn: 'UTC', zone: scan.timeZone, length, from: first.from * 1000, to: last.to * 1000 };
  return dialect.bucketStart(column, dialect.bucketKey(column, bucketSegments(bounds), length));
}

/** The condition that a second is in one of some ranges. */
export function beginsIn(dialect: Dialect, second: Sql, ranges: readonly SecondRange[]): Sql {
  if (ranges.length === 0) return raw('1 = 0');
  const each = ranges.map(
    ({ from, to }) => sql`${second} >= ${dialect.bigint(from)} AND ${second} < ${dialect.bigint(to)}`,
  );
  return each.length === 1 ? join(each) : sql`(${join(each, ' OR ')})`;
}

/** Partials of the same moment as one. */
function gathered(entry: RollupEntry, moment: Sql, name: Sql, within: readonly Sql[]): Sql {
  const { scan, measure, keys } = entry;
  const conditions = [...counting(entry), ...within];
  const where = conditions.length === 0 ? empty : sql` WHERE ${join(conditions, ' AND ')}`;
  const rows = sql`FROM ${raw(scan.partials)} t${where}`;
  const names = keyNames({ keys }).map((key) => sql`t.${key}`);
  if (isDistinct(measure))
    return sql`(SELECT DISTINCT ${join([...names, raw('t.u'), sql`${moment} AS ${name}`])} ${rows})`;
  const groups = [...names, sql`${moment} AS ${name}`];
  const totals = partialNames(measure).map(
    (total, index) => sql`${combinedBy(measure, index)}(t.${total}) AS ${total}`,
  );
  return sql`(SELECT ${join([...groups, ...totals])} ${rows} GROUP BY ${join(groups.map((_, index) => raw(String(index + 1))))})`;
}

/** True for a total that is made beside the values of objects. */
function isTotal({ keys, scan }: RollupEntry): boolean {
  return keys.length < scan.source.keys.length;
}

/** The conditions of partials `t` in which a row of an entry counts. */
function counting(entry: RollupEntry): readonly Sql[] {
  const { measure, keys, scan } = entry;
  const { presence } = measure;
  const skipped = isTotal(entry) || !scan.keepsUnkeyed ? [] : unkeyed(keys);
  return [...(presence === null ? [] : [sql`t.${presence} > 0`]), ...skipped];
}

/** The keys that rows without an object do not have. */
function unkeyed(keys: readonly SourceKey[]): Sql[] {
  return keys.flatMap(({ whenNull }, index) => (whenNull === 'skip' ? [raw(`t.k${String(index)} IS NOT NULL`)] : []));
}

/** Returns the query of a scan's partials and those of others, for one statement: all are of one snapshot. */
export function combinedPartials(dialect: Dialect, { scans }: RollupSpec): Sql {
  const queries = scans.map((scan) => partialsQuery(dialect, scan));
  const parts = scans.map((scan, place) => {
    const columns = scans.map((other, index) => {
      const from = index === place ? 's' : `z${String(index)}`;
      return partialsColumns(dialect, other).map(
        (name) => sql`${raw(from)}.${name} AS ${raw(`p${String(index)}_`)}${name}`,
      );
    });
    // columns of no rows have the types of the others' columns, and NULL alone has none
    const typed = scans.flatMap((_, index) =>
      index === place
        ? []
        : [sql` LEFT JOIN (SELECT * FROM (${queries[index]}) y WHERE 1 = 0) ${raw(`z${String(index)}`)} ON 1 = 1`],
    );
    const tag = sql`${raw(String(place))} AS part`;
    return sql`SELECT ${join([tag, ...columns.flat()])} FROM (${queries[place]}) s${join([empty, ...typed], '')}`;
  });
  return join(parts, '\nUNION ALL\n');
}

/** Returns the rows of one scan of `combinedPartials`. */
export function partOf(dialect: Dialect, scan: SourceScan, place: number, combined: string): Sql {
  const columns = partialsColumns(dialect, scan).map((name) => sql`${raw(`p${String(place)}_`)}${name} AS ${name}`);
  return sql`SELECT ${join(columns)} FROM ${raw(combined)} WHERE part = ${raw(String(place))}`;
}

/**
 * The source aggregated once into one row a key and day: `k0` … as the source has them, `day` (a day number) and the
 * partials of its measures, `a0`, for an average its count `b0`, and for a condition how many rows meet it, `n0`, unless
 * a count says so. Every period's rows are made of these. Distinct counts have one row for each key, day and value `u` instead.
 *
 * A reading range can hold readings of the day after it (a clock that is set back over midnight): they are left out.
 * Rows before `scanFrom` are one partial, dated the day before it, if the scan includes them.
 */
export function partialsQuery(dialect: Dialect, scan: SourceScan): Sql {
  return scan.countsByIndex && scan.bucket === null ? countedRanges(dialect, scan) : groupedScan(dialect, scan);
}

/** Returns the partials of a scan as a common table expression. */
export function partials(dialect: Dialect, scan: SourceScan): Sql {
  return dialect.expression(scan.partials, partialsQuery(dialect, scan));
}

/** One index range a day. */
function countedRanges(dialect: Dialect, scan: SourceScan): Sql {
  const ranges = dialect.rangesOf(scan.source.clock, scannedRanges(scan));
  return counted(dialect, scan, ranges, raw('day'), dialect.integer(scan.scanFrom - 1));
}

/**
 * The numbers of rows of ranges, by moment, for a scan that counts by an index.
 *
 * @param before the moment of the rows before all ranges, if the scan includes them
 */
function counted(dialect: Dialect, scan: SourceScan, ranges: Sql, moment: Sql, before: Sql): Sql {
  const { clock, query } = scan.source;
  const total = scannedColumns(dialect, scan)[0]?.name ?? empty;
  const rows = sql`SELECT COUNT(*) FROM (${query}) source WHERE ${clock.expression} >= r.lo AND ${clock.expression} < r.hi`;
  // apart, or each range is counted twice: once to be shown, once to be compared with 0
  const counts = dialect.barrier(sql`SELECT r.${moment}, (${rows}) AS a FROM ${ranges} r`);
  const moments = sql`SELECT c.${moment}, SUM(c.a) AS ${total} FROM (${counts}) c GROUP BY c.${moment} HAVING SUM(c.a) > 0`;
  if (!scan.scanBase) return moments;
  const { from } = readingBounds(scan);
  const base = sql`SELECT COUNT(*) AS a FROM (${query}) source WHERE ${clock.expression} < ${dialect.reading(clock, from)}`;
  return sql`${moments} UNION ALL SELECT ${before} AS ${moment}, b.a AS ${total} FROM (${base}) b WHERE b.a > 0`;
}

/** The buckets of one index range each, as `bucketsOf` has them. */
function countedBuckets(dialect: Dialect, scan: SourceScan, length: BucketLength): Sql {
  const ranges = dialect.bucketRangesOf(scan.source.clock, scannedRuns(scan, length), length);
  return counted(dialect, scan, ranges, BUCKET, raw('NULL'));
}

function scannedRuns(scan: SourceScan, length: BucketLength): BucketRun[] {
  const { storedIn } = scan.source.clock;
  return bucketRuns({ storedIn, zone: scan.timeZone, length, ...readingBounds(scan) });
}

/**
 * True if an index that can count the rows of a scan does so faster than the scan reads them. It does so for days, of
 * which only long ranges are counted in that way.
 */
export function* countsRanges(dialect: Dialect, scan: SourceScan): Work<boolean> {
  const { plain, query } = scan.source;
  if (scan.bucket === null || plain === null) return true;
  const ranges = scannedRuns(scan, scan.bucket).reduce((sum, { count }) => sum + count, 0);
  const rows = sql`SELECT 1 AS found FROM (${query}) source WHERE ${within(dialect, scan)}`;
  return yield* dialect.countsRanges(plain.table, rows, ranges);
}

function scannedRanges(scan: SourceScan): DayRange[] {
  const { clock } = scan.source;
  const { scanFrom, scanThrough } = scan;
  if (clock.kind === 'date')
    return Array.from({ length: scanThrough - scanFrom + 1 }, (_, index) => dateRange(shiftDay(scanFrom, index)));
  const { from, to } = readingBounds(scan);
  // the day before comes back where its clock is set back over midnight: that part of it is not before `from`
  return dayRanges({
    storedIn: clock.storedIn,
    zone: scan.timeZone,
    fromDay: shiftDay(scanFrom, -1),
    toDay: scanThrough,
  })
    .map((range) => ({ ...range, from: Math.max(range.from, from), to: Math.min(range.to, to) }))
    .filter((range) => range.from < range.to);
}

function dateRange(day: DayNumber): DayRange {
  return { day, from: day * 86_400_000, to: (day + 1) * 86_400_000 };
}

function groupedScan(dialect: Dialect, scan: SourceScan): Sql {
  const { source } = scan;
  const grouped = [
    ...source.keys.map((key) => groupedKey(dialect, scan, key)),
    ...(source.distinct === null ? [] : [dialect.distinctKey(source.distinct.expression, source.distinct.kind)]),
  ];
  const names = [...keyNames(source), ...(source.distinct === null ? [] : [raw('u')])];
  const groups = grouped.map((key, index) => sql`${key} AS ${names[index]}`);
  if (scan.bucket !== null) return scanByBucket(dialect, scan, scan.bucket, { groups, names });
  const part = grouped.length === 0 ? dialect.dayPart(source.clock, segmentsOf(scan)) : null;
  const days =
    part !== null
      ? scanByPart(dialect, scan, part)
      : grouped.length === 0 && dialect.overestimatesDays
        ? scanOfDays(dialect, scan)
        : scanByDay(dialect, scan, groups);
  const totals = scannedColumns(dialect, scan).map(({ name }) => name);
  return sql`SELECT ${join([...outerColumns(dialect, scan, names), ...totals])} FROM (${days}) g${notAfter(dialect, scan)}`;
}

/** Where a clock is set back over midnight, the readings of the last day can hold some of the day after it. */
function notAfter(dialect: Dialect, scan: SourceScan): Sql {
  const { clock } = scan.source;
  if (clock.kind === 'date') return empty;
  const after = shiftDay(scan.scanThrough, 1);
  const next = dayRanges({ storedIn: clock.storedIn, zone: scan.timeZone, fromDay: after, toDay: after });
  const { to } = readingBounds(scan);
  if (!next.some((range) => range.from < to)) return empty;
  return sql` WHERE g.day IS NULL OR ${dialect.dayNumber(clock, raw('g.day'))} <= ${dialect.integer(scan.scanThrough)}`;
}

function scanByDay(dialect: Dialect, scan: SourceScan, groups: readonly Sql[]): Sql {
  const { expression } = scan.source.clock;
  return scanBy(dialect, scan, groups, sql`${dayOrBase(dialect, scan, expression)} AS day`);
}

/** The keys by which rows are grouped, as `key AS name`, and those names. */
interface Grouping {
  readonly groups: readonly Sql[];
  readonly names: readonly Sql[];
}

/** The days are worked out of the buckets, which are fewer than the rows. */
function scanByBucket(dialect: Dialect, scan: SourceScan, length: BucketLength, grouping: Grouping): Sql {
  const { names } = grouping;
  const totals = scannedColumns(dialect, scan).map(({ name }) => name);
  const instants = { kind: 'seconds', storedIn: 'UTC', expression: sql`g.${BUCKET}` } as const;
  const day = dialect.dayNumber(instants, dialect.dayKey(instants, segmentsOfInstants(scan)));
  const known = sql`COALESCE(${day}, ${dialect.integer(scan.scanFrom - 1)})`;
  const buckets = scan.countsByIndex
    ? countedBuckets(dialect, scan, length)
    : bucketsOf(dialect, scan, length, grouping);
  return sql`SELECT ${join([...names, sql`${known} AS day`, sql`g.${BUCKET}`, ...totals])} FROM (${dialect.barrier(buckets)}) g
WHERE g.${BUCKET} IS NULL OR ${day} <= ${dialect.integer(scan.scanThrough)}`;
}

/** Rows by the first second of their bucket, or NULL of those before the scanned days. */
function bucketsOf(dialect: Dialect, scan: SourceScan, length: BucketLength, { groups, names }: Grouping): Sql {
  const { clock } = scan.source;
  const { storedIn } = clock;
  const segments = bucketSegments({ storedIn, zone: scan.timeZone, length, ...readingBounds(scan) });
  const columns = scannedColumns(dialect, scan);
  const keyed = (key: Sql): Sql => sql`${orBase(dialect, scan, clock.expression, key)} AS ${BUCKET}`;
  const part = segments.length === 1 ? undefined : commonBucketPart(segments, length);
  if (part === undefined) {
    const start = sql`${dialect.bucketStart(clock, sql`r.${BUCKET}`)} AS ${BUCKET}`;
    const rows = scanBy(dialect, scan, groups, keyed(dialect.bucketKey(clock, segments, length)));
    return sql`SELECT ${join([...names, start, ...columns.map(({ name }) => name)])} FROM (${rows}) r`;
  }
  // by parts of readings first: a clock that changes often has many segments, which are then chosen a part and not a row
  const rows = scanBy(dialect, scan, groups, keyed(dialect.bucketKey(clock, AS_READ, part)));
  const reading = sql`${dialect.bucketStart(clock, sql`r.${BUCKET}`)} AS part`;
  const parts = dialect.barrier(
    sql`SELECT ${join([...names, reading, ...columns.map(({ name }) => name)])} FROM (${rows}) r`,
  );
  const ofPart = { kind: 'seconds', storedIn, expression: raw('p.part') } as const;
  const keys = [
    ...names,
    sql`${dialect.bucketStart(ofPart, dialect.bucketKey(ofPart, segments, length))} AS ${BUCKET}`,
  ];
  const merged = columns.map(({ name, combine }) => sql`${combine}(p.${name}) AS ${name}`);
  return sql`SELECT ${join([...keys, ...merged])} FROM (${parts}) p GROUP BY ${join(keys.map((_, index) => raw(String(index + 1))))}`;
}

/** Seconds. A scan has few buckets of this length or longer. Of shorter ones it may have as many as rows. */
const SHORTEST_OF_FEW = 900;

/** Readings by themselves, as if they were of UTC. */
const AS_READ: readonly BucketSegment[] = [{ from: -Infinity, shift: 0, back: 0 }];

function segmentsOfInstants({ timeZone, scanFrom, scanThrough }: SourceScan): ClockSegment[] {
  const { from, to } = readingRange({ storedIn: 'UTC', zone: timeZone, fromDay: scanFrom, toDay: scanThrough });
  return daySegments({ storedIn: 'UTC', zone: timeZone, from, to });
}

function scanBy(dialect: Dialect, scan: SourceScan, groups: readonly Sql[], moment: Sql): Sql {
  const { query, keys } = scan.source;
  const columns = [...groups, moment];
  const skipped = keys
    .filter(({ whenNull }) => whenNull === 'skip' && !scan.keepsUnkeyed)
    .map(({ expression }) => sql`AND ${expression} IS NOT NULL`);
  // of totals by days or hours there are few groups, which stay in memory
  const isFew = groups.length === 0 && (scan.bucket === null || scan.bucket >= SHORTEST_OF_FEW);
  const hint = isFew ? empty : dialect.manyGroups;
  return sql`SELECT ${hint}${join([...columns, ...computedTotals(dialect, scan)])}
FROM (${query}) source WHERE ${within(dialect, scan)} ${join([empty, ...skipped], ' ')}
GROUP BY ${join(columns.map((_, index) => raw(String(index + 1))))}`;
}

/** The days and values of all rows first, apart: of days as a column's values the planner expects few. */
function scanOfDays(dialect: Dialect, scan: SourceScan): Sql {
  const { query, clock, measured } = scan.source;
  const days = dialect.barrier(
    sql`SELECT ${join([sql`${dayOrBase(dialect, scan, clock.expression)} AS day`, ...measured.map((name) => sql`source.${name}`)])}
FROM (${query}) source WHERE ${within(dialect, scan)}`,
  );
  // under the name of the query, by which measures know their columns
  return sql`SELECT ${join([raw('source.day'), ...computedTotals(dialect, scan)])} FROM (${days}) source GROUP BY 1`;
}

/** By parts of days first: the day is then worked out of some thousand parts, and not of every row. */
function scanByPart(dialect: Dialect, scan: SourceScan, part: DayPart): Sql {
  const { query, measures, measured } = scan.source;
  const key = sql`${part.key} AS part`;
  const rows = sql`FROM (${query}) source WHERE ${within(dialect, scan)}`;
  const isConditioned = measures.length > 1 && measured.length > 0;
  const selected = join([key, ...measured.map((name) => sql`source.${name}`)]);
  const parts = isConditioned
    ? sql`SELECT ${join([raw('source.part'), ...computedTotals(dialect, scan)])} FROM (${dialect.evaluated(sql`SELECT ${selected} ${rows}`)}) source GROUP BY 1`
    : sql`SELECT ${join([key, ...computedTotals(dialect, scan)])}
${rows} GROUP BY 1`;
  const columns = scannedColumns(dialect, scan);
  const names = columns.map(({ name }) => name);
  // the reading of a part is compared with several changes of the clock
  const readings = dialect.barrier(
    sql`SELECT ${join([sql`${part.reading(raw('p.part'))} AS reading`, ...names])} FROM (${parts}) p`,
  );
  const merged = columns.map(({ name, combine }) => sql`${combine}(r.${name}) AS ${name}`);
  return sql`SELECT ${join([sql`${dayOrBase(dialect, scan, raw('r.reading'))} AS day`, ...merged])} FROM (${readings}) r GROUP BY 1`;
}

function computedTotals(dialect: Dialect, scan: SourceScan): readonly Sql[] {
  return scannedColumns(dialect, scan).map(({ name, of }) => sql`${of} AS ${name}`);
}

function outerColumns(dialect: Dialect, scan: SourceScan, names: readonly Sql[]): Sql[] {
  const day = dialect.dayNumber(scan.source.clock, raw('g.day'));
  return [...names, sql`COALESCE(${day}, ${dialect.integer(scan.scanFrom - 1)}) AS day`];
}

/**
 * The source's keys, `k0` …, as the statistic stores them. They are grouped as `groupKey` gives them: a cast of every
 * group costs, and text is slower to compare.
 */
export function storedKeys(
  dialect: Dialect,
  { keys, statistic }: Pick<RollupEntry, 'keys' | 'statistic'>,
): readonly Sql[] {
  return keys.map((key, index) => storedKey(dialect, statistic, key, raw(`k${String(index)}`)));
}

/** A key of a source row as the statistic stores it. */
export function storedKeyOf(dialect: Dialect, statistic: StatisticTable, key: SourceKey): Sql {
  return storedKey(dialect, statistic, key, groupedKey(dialect, { statistic }, key));
}

function storedKey(dialect: Dialect, statistic: StatisticTable, key: SourceKey, grouped: Sql): Sql {
  const type = storedType(statistic, key);
  const given = dialect.storedKey(grouped, key.kind, type);
  const stored =
    type === 'varchar' && !SHORT.has(key.kind) ? dialect.limitLength(given, lengthOf(statistic, key)) : given;
  if (key.whenNull === 'skip') return stored;
  const bound = boundSentinel(dialect, key.whenNull.sentinel, type);
  return sql`COALESCE(${stored}, ${type === 'varchar' ? bound : dialect.storedKey(bound, 'integer', type)})`;
}

/** Kinds whose values may equal the sentinel for NULL in a key column of a type. */
const MAY_BE_SENTINEL: Readonly<Record<StoredKeyType, ReadonlySet<KeyKind>>> = {
  varchar: new Set(['text', 'padded', 'other']),
  integer: new Set(['integer', 'decimal']),
  date: new Set(['date']),
  boolean: new Set(),
};

/** Groups NULL and its sentinel value as one. Otherwise two groups would become one row. */
function groupedKey(dialect: Dialect, { statistic }: Pick<SourceScan, 'statistic'>, key: SourceKey): Sql {
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
export function readingBounds({ source: { clock }, timeZone, now, scanFrom, scanThrough, fromSecond }: SourceScan): {
  from: number;
  to: number;
} {
  if (clock.kind === 'date') return { from: scanFrom * 86_400_000, to: (scanThrough + 1) * 86_400_000 };
  const days = readingRange({ storedIn: clock.storedIn, zone: timeZone, fromDay: scanFrom, toDay: scanThrough });
  const from = fromSecond === null ? days.from : firstReadingSince(new Date(fromSecond * 1000), clock.storedIn);
  return { from, to: Math.min(days.to, latestReading(now, clock.storedIn) + 1) };
}

/** The condition that a source row is one of those that are read. */
export function within(dialect: Dialect, scan: SourceScan): Sql {
  const { clock } = scan.source;
  const { from, to } = readingBounds(scan);
  const until = sql`${clock.expression} < ${scan.until ?? dialect.reading(clock, to)}`;
  return scan.scanBase ? until : sql`${clock.expression} >= ${dialect.reading(clock, from)} AND ${until}`;
}

/** Groups the rows of a day, and all rows before the scanned days under NULL. */
function dayOrBase(dialect: Dialect, scan: SourceScan, reading: Sql): Sql {
  const clock = { ...scan.source.clock, expression: reading };
  return orBase(dialect, scan, reading, dialect.dayKey(clock, segmentsOf(scan)));
}

function orBase(dialect: Dialect, scan: SourceScan, reading: Sql, key: Sql): Sql {
  if (!scan.scanBase) return key;
  const from = dialect.reading(scan.source.clock, readingBounds(scan).from);
  return sql`CASE WHEN ${reading} >= ${from} THEN ${key} END`;
}

function segmentsOf(scan: SourceScan): ClockSegment[] {
  const { clock } = scan.source;
  if (clock.kind === 'date') return [];
  return daySegments({ storedIn: clock.storedIn, zone: scan.timeZone, ...readingBounds(scan) });
}
