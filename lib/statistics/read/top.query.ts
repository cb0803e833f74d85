import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import { derivedOf } from '../../catalog/derived.js';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { addDecimals } from '../../database/decimal.js';
import { query, type Work } from '../../database/work.js';
import { type CheckedDateInput, dayNumber, type LocalDate } from '../../time/local-date.js';
import { instantText } from '../../time/instant.js';
import { isTimePeriod, type Period, periodKind } from '../../time/period.js';
import { coverageIn, type StoredCoverage } from '../../coverage/coverage.js';
import { type RangeValue, rangeValue } from '../../coverage/range-value.js';
import { type Calendar, type DateRange, rowRange, type StartRange, storedDate } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { startRange, startsOf } from '../filter/start-range.js';
import { carriedSince, carriesForward, lastRows } from './carried-values.js';
import { readFirstDates } from './first-dates.query.js';
import { columns, lastRowsOf, rowCondition, storedCell, type StoredRow, walkedRowsOf } from './rows.query.js';
import { type Cell, narrowScope, possibleScopes, type ScopeFilter } from '../filter/scope-filter.js';
import { exactValue } from '../tables/exact-value.js';
import { readKey, readMoment, type StatisticTable } from '../tables/statistic-table.js';
import { readFilterMetrics, type StatisticContext } from '../filter/statistic.context.js';

/** A cell of a ranking with its value. */
export type RankedRow = Pick<StoredRow, 'cell' | 'value'>;

export interface TopOptions {
  /** Infinity for all */
  readonly limit: number;
  readonly offset: number;
  readonly order: 'asc' | 'desc';
}

/**
 * Reads the cells with the greatest (or least) values at a date. For rolling periods and LIFETIME, the last row of each
 * cell at or before the date counts.
 */
export function* readStoredTop(
  context: StatisticContext,
  filter: NormalFilter & { readonly period: Period },
  options: TopOptions,
  now: Date,
): Work<RankedRow[]> {
  const { database } = context;
  const { period, scope } = filter;
  const { table } = scope.table;
  const { stored, coverages, scopes, calendar } = yield* readFilterMetrics(context, filter, now);
  const [metric] = stored;
  if (metric === undefined) return [];
  const rowFilter = { ...scope, metrics: [metric], period };
  const { selected, ranking } = rankingOf(database, scope.table, options);
  if (isTimePeriod(period)) {
    const range = startsOf({ period, range: { date: filter.range.date ?? now } }, calendar.timeZone, now);
    const inBucket = rowCondition(database, { ...rowFilter, range });
    return rankedRowsOf(
      scope.table,
      yield* query(sql`SELECT ${selected} FROM ${table.path} s WHERE ${inBucket} AND ${ranking}`),
    );
  }
  const date = storedDate(period, filter.range.date, calendar);

  const { today, weekStart } = calendar;
  const coverage = coverageIn(coverages, metric, period, scopes);
  const from = coverage?.from ?? null;
  const isCarried = carriesForward(period) && date <= today && (from === null || date >= from);
  const through = from === null ? null : (coverage?.through ?? today);
  const since = isCarried ? carriedSince(period, date, through, weekStart) : date;
  const dated = { ...rowFilter, range: { from: since, to: date } };
  const walked = isCarried ? walkedRowsOf(database, dated, MOST_WALKED) : null;
  if (walked !== null) {
    const rows = yield* query(
      sql`${walked.expression}SELECT ${selected}, ${walked.walked} AS walked FROM ${walked.rows} s WHERE ${ranking}`,
    );
    // of no row the number is not known
    const isWhole = rows.length > 0 && Number(rows[0]?.['walked']) < MOST_WALKED;
    if (isWhole) return rankedRowsOf(scope.table, rows);
  }
  const source = isCarried
    ? sql`${lastRowsOf(database, dated)} s WHERE`
    : sql`${table.path} s WHERE ${rowCondition(database, dated)} AND`;
  return rankedRowsOf(scope.table, yield* query(sql`SELECT ${selected} FROM ${source} ${ranking}`));
}

/** Returns the columns of a ranking, and its condition and order. */
function rankingOf(
  database: Database,
  statistic: StatisticTable,
  { limit, offset, order }: TopOptions,
): { selected: Sql; ranking: Sql } {
  const { dialect } = database;
  const { table, keys } = statistic;
  const value = sql`s.${table.column('value')}`;
  const ties = keys.map((key) =>
    key.type === 'varchar' ? dialect.binaryOrder(sql`s.${key.column}`) : sql`s.${key.column}`,
  );
  return {
    selected: columns(database, statistic, sql`s.`),
    ranking: sql`${value} IS NOT NULL ORDER BY ${dialect.numeric(value)} ${raw(order.toUpperCase())}, ${join(ties)}
${dialect.limit(Math.min(limit, Number.MAX_SAFE_INTEGER), offset)}`,
  };
}

function rankedRowsOf(table: StatisticTable, rows: readonly Readonly<Record<string, unknown>>[]): RankedRow[] {
  return rows.map((row) => storedCell(table, row));
}

/** A place of a ranking over a range. */
export interface RankedCell {
  readonly cell: Cell;
  readonly value: string;
}

/** Some places of a ranking, and what all of its places are together. */
export interface RankedCells {
  readonly places: readonly RankedCell[];
  /** number of all cells */
  readonly count: number;
  /** the sum of all values; null where they do not add up */
  readonly total: string | null;
}

interface RankingOptions {
  /** of the metric */
  readonly coverages: readonly StoredCoverage[];
  readonly calendar: Calendar;
  readonly limit: number;
  readonly offset: number;
  readonly now: Date;
}

/** The range of a ranking: local dates, or of periods of less than a day instants too. */
export interface RankedRange {
  readonly from: CheckedDateInput;
  readonly to: CheckedDateInput;
}

type RankedFilter = NormalFilter & { readonly period: Period };

/**
 * The number of series up to which the walk from one to the next is tried. With so many it takes about as long as
 * reading a million rows.
 */
export const MOST_WALKED = 10_000;

/**
 * Reads the cells of one metric that are greatest over a range: by the sum of their values, by the latest value of gauges
 * and shares, or by the greatest value of averages, minima, maxima and distinct counts. For rolling periods and LIFETIME,
 * the value at the end of the range counts.
 */
export function* readRankedCells(
  context: StatisticContext,
  metric: Metric,
  filter: RankedFilter,
  range: RankedRange,
  options: RankingOptions,
): Work<RankedCell[]> {
  if (carriesForward(filter.period)) return yield* readCellsAtEnd(context, filter, range, options);
  const ranking = yield* groupedRanking(context, metric, filter, range, options);
  return rankedCellsOf(filter, yield* query(ranking.ordered([])));
}

/** Reads some places of such a ranking, with the number of all of its cells and the sum of their values. */
export function* readRankedPlaces(
  context: StatisticContext,
  metric: Metric,
  filter: RankedFilter,
  range: RankedRange,
  options: RankingOptions,
): Work<RankedCells> {
  const { limit, offset } = options;
  if (carriesForward(filter.period)) {
    const all = yield* readCellsAtEnd(context, filter, range, { ...options, limit: Infinity, offset: 0 });
    return { places: all.slice(offset, offset + limit), count: all.length, total: null };
  }
  const ranking = yield* groupedRanking(context, metric, filter, range, options);
  if (limit === Infinity && offset === 0) {
    const places = rankedCellsOf(filter, yield* query(ranking.ordered([])));
    const values = ranking.isSummable ? places.map(({ value }) => value) : [];
    return { places, count: places.length, total: values.length === 0 ? null : values.reduce(addDecimals) };
  }
  // the groups are made once for the places and for all of them together
  const rows = yield* query(ranking.ordered(ranking.ofAll(sql` OVER ()`)));
  // a page after the last has no row that says it
  const [row] = rows.length > 0 || offset === 0 ? rows : yield* query(ranking.alone(ranking.ofAll(empty)));
  return {
    places: rankedCellsOf(filter, rows),
    count: Number(row?.['cells'] ?? 0),
    total: ranking.isSummable ? exactValue(row?.['total'] ?? null) : null,
  };
}

function* readCellsAtEnd(
  context: StatisticContext,
  filter: RankedFilter,
  { to }: RankedRange,
  { limit, offset, now }: RankingOptions,
): Work<RankedCell[]> {
  const atEnd = { ...filter, range: { date: to } };
  const rows = yield* readStoredTop(context, atEnd, { limit, offset, order: 'desc' }, now);
  return rows.flatMap(({ cell, value }) => (value === null ? [] : [{ cell, value }]));
}

interface GroupedRanking {
  /** a query of the places, with further columns */
  ordered(more: readonly Sql[]): Sql;
  /** a query of columns of all places together */
  alone(columns: readonly Sql[]): Sql;
  /** the number and the sum of all places, as `cells` and `total` */
  ofAll(over: Sql): readonly Sql[];
  /** true if the values add up */
  readonly isSummable: boolean;
}

function* groupedRanking(
  context: StatisticContext,
  metric: Metric,
  filter: RankedFilter,
  range: RankedRange,
  { limit, offset, ...options }: RankingOptions,
): Work<GroupedRanking> {
  const { dialect } = context.database;
  const { keys } = filter.scope.table;
  const isMostRows = yield* hasMostRows(context, metric, filter, range, options);
  const { greatness, source, isSummable } = grouped(context, metric, filter, range, { ...options, isMostRows });
  const columnOf = (place: number): Sql => raw(`g.row_key${place}`);
  const selected = keys.map((key, place) => sql`${readKey(dialect, key)} AS ${raw(`row_key${place}`)}`);
  const order = keys.map(({ type }, place) =>
    type === 'varchar' ? dialect.binaryOrder(columnOf(place)) : columnOf(place),
  );
  const places = sql`(SELECT ${dialect.manyGroups}${join([...selected, sql`${greatness} AS greatness`])} ${source}) g`;
  const value = raw('g.greatness');
  return {
    isSummable,
    ordered: (more) => {
      const columns = [
        ...keys.map((_, place) => columnOf(place)),
        sql`${dialect.exactText(value)} AS greatness`,
        ...more,
      ];
      return sql`SELECT ${join(columns)} FROM ${places}
ORDER BY ${value} DESC, ${join(order)} ${dialect.limit(Math.min(limit, Number.MAX_SAFE_INTEGER), offset)}`;
    },
    alone: (columns) => sql`SELECT ${join(columns)} FROM ${places}`,
    ofAll: (over) => [sql`COUNT(*)${over} AS cells`, sql`${dialect.exactText(sql`SUM(${value})${over}`)} AS total`],
  };
}

function rankedCellsOf({ scope }: RankedFilter, rows: readonly Readonly<Record<string, unknown>>[]): RankedCell[] {
  return rows.flatMap((row) => {
    const cell = scope.table.keys.map(({ property }, place) => [property, row[`row_key${place}`] as string | number]);
    const value = exactValue(row['greatness']);
    return value === null ? [] : [{ cell: Object.fromEntries(cell) as Cell, value }];
  });
}

/**
 * Reads the sum of all cells but some at each date of a range: what the greatest places of a ranking leave out. Dates
 * without a row are left out. Returns null where values do not add up, as levels need not over objects either, or overlap
 * as those of rolling periods do.
 *
 * @param without the cells that are left out
 * @returns the sums by date, or by the start of their bucket as a point has it
 */
export function* readRest(
  { database }: StatisticContext,
  metric: Metric,
  { period, scope }: RankedFilter,
  input: RankedRange,
  {
    coverages,
    calendar,
    now,
    without,
  }: Omit<RankingOptions, 'limit' | 'offset'> & { readonly without: readonly Cell[] },
): Work<ReadonlyMap<string, string> | null> {
  if (derivedOf(metric) !== null || periodKind(period) !== 'bucket') return null;
  if (rankedValue(metric, period, scope, coverages) !== 'total') return null;
  const { dialect } = database;
  const { table, moment } = scope.table;
  const range = rankedRows(period, input, calendar, now);
  const rowsOf = ({ alternatives }: ScopeFilter): Sql =>
    rowCondition(database, { table: scope.table, alternatives, metrics: [metric], period, range });
  const [at, value] = [table.column(moment), table.column('value')];
  const rows = yield* query<{ row_moment: unknown; rest: unknown }>(
    sql`SELECT ${readMoment(dialect, scope.table, at)} AS row_moment, ${dialect.exactText(sql`SUM(${dialect.numeric(value)})`)} AS rest
FROM ${table.path} s WHERE ${rowsOf(scope)} AND NOT (${rowsOf(narrowScope(scope, without))}) AND ${value} IS NOT NULL
GROUP BY ${at}`,
  );
  const keyOf = (found: unknown): string =>
    // drivers return a bigint as text, a number or a bigint
    moment === 'date' ? String(found) : instantText(Number(found), calendar.timeZone);
  return new Map(
    rows.flatMap(({ row_moment: found, rest }) => {
      const sum = exactValue(rest);
      return sum === null ? [] : [[keyOf(found), sum] as const];
    }),
  );
}

/** The rows that a ranking over a range reads. */
function rankedRows(period: Period, input: RankedRange, calendar: Calendar, now: Date): DateRange | StartRange {
  return isTimePeriod(period)
    ? startRange(input, { timeZone: calendar.timeZone, period, now })
    : rowRange(input, period, calendar);
}

type GroupingOptions = Pick<RankingOptions, 'coverages' | 'calendar' | 'now'>;

/** Rows that are found by an index of dates, and then grouped, take SQLite 3.5 times as long as those in the order of their keys. */
const MOST = 1 / 3;

/**
 * True if a range has so large a part of the dates of a metric that its rows are best read by their keys. Databases that
 * keep statistics of their tables know it themselves.
 */
function* hasMostRows(
  { database }: StatisticContext,
  metric: Metric,
  { period, scope }: RankedFilter,
  input: RankedRange,
  { coverages, calendar, now }: GroupingOptions,
): Work<boolean> {
  const range = rankedRows(period, input, calendar, now);
  if (database.dialect.plansByStatistics || 'parts' in range || scope.cells !== null) return false;
  const covered = coverageIn(coverages, metric, period, possibleScopes(scope));
  const firsts =
    covered === null ? yield* readFirstDates(database, scope.table, period, [metric], calendar.timeZone) : null;
  const first = covered?.from ?? firsts?.get(metric.id) ?? null;
  if (first === null) return false;
  const daysFrom = (date: LocalDate): number => dayNumber(calendar.today) - dayNumber(date) + 1;
  const from = range.from === null || range.from < first ? first : range.from;
  const to = range.to === null || range.to > calendar.today ? calendar.today : range.to;
  return dayNumber(to) - dayNumber(from) + 1 >= MOST * daysFrom(first);
}

/** The rows of a range by cell, with the value that ranks each cell. */
function grouped(
  { database }: StatisticContext,
  metric: Metric,
  { period, scope }: RankedFilter,
  input: RankedRange,
  { coverages, calendar, now, isMostRows }: GroupingOptions & { readonly isMostRows: boolean },
): { greatness: Sql; source: Sql; isSummable: boolean } {
  const { table, keys } = scope.table;
  const value = table.column('value');
  const number = database.dialect.numeric(value);
  const range = rankedRows(period, input, calendar, now);
  const condition = rowCondition(database, { ...scope, metrics: [metric], period, range, isMostRows });
  const where = sql`${condition} AND ${value} IS NOT NULL`;
  const ranked = rankedValue(metric, period, scope, coverages);
  if (ranked === 'latest') {
    const latest = lastRows(database.dialect, scope.table, { where, until: null }, false);
    return { greatness: number, source: sql`FROM ${latest} s`, isSummable: false };
  }
  const isSummable = ranked === 'total';
  return {
    greatness: isSummable ? sql`SUM(${number})` : sql`MAX(${number})`,
    source: sql`FROM ${table.path} s WHERE ${where}
GROUP BY ${join(keys.map(({ column }) => column))}`,
    isSummable,
  };
}

/** Returns the way in which the values of a range become the one that ranks a cell. */
function rankedValue(
  metric: Metric,
  period: Period,
  scope: ScopeFilter,
  coverages: readonly StoredCoverage[],
): RangeValue {
  return rangeValue(metric, coverageIn(coverages, metric, period, possibleScopes(scope))?.kind);
}
