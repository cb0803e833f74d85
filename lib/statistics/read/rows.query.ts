import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import { byText } from '../../catalog/order.js';
import type { Database } from '../../database/database.js';
import type { Dialect, LastDate, Point, WalkedSeries } from '../../database/dialects/dialect.js';
import { query, type Work } from '../../database/work.js';
import { addDays, type LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import type { DateRange, StartRange } from '../filter/date-range.js';
import { exactValue } from '../tables/exact-value.js';
import { lastRows } from './carried-values.js';
import type { SeriesRow } from './series.js';
import type { Cell, KeyValues, ScopeFilter } from '../filter/scope-filter.js';
import { bindKey, readKey, readMoment, type StatisticKey, type StatisticTable } from '../tables/statistic-table.js';

/** A stored row: its key and its exact value. */
export interface StoredRow {
  readonly metricId: number;
  readonly period: Period;
  readonly date: LocalDate;
  /** encoded values of the keys */
  readonly cell: Cell;
  readonly value: string | null;
}

/** Selects rows. */
export interface RowFilter<R extends DateRange | StartRange = DateRange> extends Pick<
  ScopeFilter,
  'table' | 'alternatives'
> {
  readonly metrics: readonly Metric[];
  /** null for every period */
  readonly period: Period | null;
  /** of dates or starts, as the table has them */
  readonly range: R;
  /** true if the range has most rows: they are then read by their keys, and not by an index of dates. Default: false */
  readonly isMostRows?: boolean;
}

/** A stored row of a bucket of less than a day. */
export interface StoredBucket extends Omit<StoredRow, 'date'> {
  /** its first second since 1970 */
  readonly start: number;
}

const FIRST_DATE = '0001-01-01';

/** Selects rows of metrics of which only the id is known. */
export interface PointFilter extends Omit<RowFilter, 'metrics'> {
  readonly metrics: readonly Pick<Metric, 'id'>[];
}

type AnyFilter = Omit<RowFilter<DateRange | StartRange>, 'metrics'> & Pick<PointFilter, 'metrics'>;

/** Returns the condition for the rows of a filter. */
export function rowCondition(database: Database, filter: AnyFilter): Sql {
  const { dialect } = database;
  const { table } = filter.table;
  const ids = filter.metrics.map(({ id }) => dialect.integer(id));
  if (ids.length === 0 || filter.alternatives.length === 0) return sql`1 = 0`;
  return join(
    [
      isOneOf(table.column('metricId'), ids),
      ...(filter.period === null ? [] : [sql`${table.column('period')} = ${dialect.integer(filter.period)}`]),
      ...keyConditions(database, filter.table, filter.alternatives),
      ...rangeConditions(database, filter.table, filter.range, filter.isMostRows === true),
    ],
    ' AND ',
  );
}

/** Selects the stored rows of a filter, ordered by date. */
export function* selectRows(database: Database, filter: RowFilter): Work<StoredRow[]> {
  const rows = yield* query(inOrder(database, filter));
  return storedRows(filter.table, rows);
}

/** Selects the stored rows of buckets of less than a day, ordered by metric, period, keys and start. */
export function* selectBuckets(database: Database, filter: RowFilter<StartRange>): Work<StoredBucket[]> {
  const { table } = filter.table;
  const inRange = sql`SELECT ${columns(database, filter.table)} FROM ${table.path} s WHERE ${rowCondition(database, filter)}`;
  const rows = yield* query(
    sql`SELECT * FROM (${inRange}) r ORDER BY ${bySeries(database, filter.table)}, r.row_start`,
  );
  return rows.map((row) => storedBucket(filter.table, row));
}

/** Selects the last bucket of each series among the rows of a filter. */
export function* selectLastBuckets(database: Database, filter: RowFilter<StartRange>): Work<StoredBucket[]> {
  const where = { where: rowCondition(database, filter), until: null };
  const last = lastRows(database.dialect, filter.table, where, false);
  const rows = yield* query(sql`SELECT ${columns(database, filter.table, sql`e.`)} FROM ${last} e`);
  return rows.map((row) => storedBucket(filter.table, row));
}

/** Selects the last bucket of all. Of several with one start, it is the first by metric, period and keys. */
export function* selectLastBucket(database: Database, filter: RowFilter<StartRange>): Work<StoredBucket[]> {
  const rows = yield* query(lastOfAll(database, filter));
  return rows.map((row) => storedBucket(filter.table, row));
}

/** Selects the values of a filter, in order. */
export function* selectValues(database: Database, filter: RowFilter<DateRange | StartRange>): Work<(string | null)[]> {
  const rows = yield* query(inOrder(database, filter));
  return rows.map((row) => exactValue(row['row_value']));
}

function inOrder(database: Database, filter: RowFilter<DateRange | StartRange>): Sql {
  const { table, moment } = filter.table;
  return sql`SELECT ${columns(database, filter.table)} FROM ${table.path} s WHERE ${rowCondition(database, filter)} ORDER BY ${table.column(moment)}`;
}

/**
 * Selects the dates and values of one metric, period and cell in a range, ordered by date, and optionally the last one
 * before it.
 */
export function* selectPoints(database: Database, filter: RowFilter, withEarlier: boolean): Work<SeriesRow[]> {
  const { dialect } = database;
  const rows = yield* query(dialect.points(pointsQuery(database, filter, withEarlier)));
  return seriesRows(dialect.readPoints(rows));
}

/** Returns points with their exact values. */
export function seriesRows(points: readonly Point[]): SeriesRow[] {
  return points.map(({ date, value }) => ({ date, value: exactValue(value) }));
}

/** Returns the query of `selectPoints`, for `Dialect.points`. */
export function pointsQuery(database: Database, filter: PointFilter, withEarlier: boolean): Sql {
  const { dialect } = database;
  const { table } = filter.table;
  const list = sql`SELECT s.${table.column('date')} AS d, s.${table.column('value')} AS v FROM`;
  const inRange = sql`${list} ${table.path} s WHERE ${rowCondition(database, filter)}`;
  const { from, to } = filter.range;
  const lastOf = (range: DateRange): Sql =>
    sql`${list} ${lastRows(dialect, filter.table, { where: rowCondition(database, { ...filter, range }), until: null }, true)} s`;
  // the row of a date, or else the last one before it
  if (withEarlier && from !== null && from === to) return lastOf({ from: null, to });
  const before = rangeBefore(filter.range);
  return !withEarlier || before === null
    ? inRange
    : sql`${lastOf(before)}
UNION ALL ${inRange}`;
}

/** Selects the dates and values of many metrics of a table without keys in one period, by metric id, ordered by date. */
export function* selectPointsByMetric(database: Database, filter: RowFilter): Work<ReadonlyMap<number, SeriesRow[]>> {
  const { table } = filter.table;
  const [id, date, value] = ['metricId', 'date', 'value'].map((property) => sql`s.${table.column(property)}`) as [
    Sql,
    Sql,
    Sql,
  ];
  const inRange = sql`SELECT ${id} AS id, ${date} AS d, ${value} AS v FROM ${table.path} s WHERE ${rowCondition(database, filter)}`;
  const rows = yield* query(database.dialect.pointsById(inRange));
  const found = new Map<number, SeriesRow[]>();
  for (const [metricId, points] of database.dialect.readPointsById(rows)) {
    found.set(metricId, seriesRows(points));
  }
  return found;
}

/** Returns all dates before a range, or null if there are none. */
function rangeBefore({ from }: DateRange): DateRange | null {
  return from === null || from === FIRST_DATE ? null : { from: null, to: addDays(from, -1) };
}

/** The rows of one metric, period and cell, ordered by date. */
export type StoredSeries = readonly [StoredRow, ...StoredRow[]];

/**
 * Selects the rows of a filter, grouped by series. The series are in any order.
 *
 * @param carrying the periods for which the last row of a series before the range is needed too
 */
export function* selectSeries(
  database: Database,
  filter: RowFilter,
  carrying: readonly Period[],
): Work<StoredSeries[]> {
  const { table } = filter.table;
  const before = rangeBefore(filter.range);
  const known = knownColumns(filter);
  const earlier = carrying.flatMap((period) =>
    before === null ? [] : [lastOfEachSeries(database, { ...filter, period, range: before }, known)],
  );
  const inRange = sql`SELECT ${columns(database, filter.table, empty, known)} FROM ${table.path} s WHERE ${rowCondition(database, filter)}`;
  // not ordered: sorting them by their series takes most of a database's time for many rows
  const rows = yield* query(join([...earlier, inRange], '\nUNION ALL\n'));
  return groupBySeries(filter.table, storedRows(filter.table, rows, known));
}

function groupBySeries(table: StatisticTable, rows: readonly StoredRow[]): StoredSeries[] {
  const groups = new Map<string, [StoredRow, ...StoredRow[]]>();
  let group: [StoredRow, ...StoredRow[]] | undefined;
  for (const row of rows) {
    // most rows are of the same series as the one before
    if (group === undefined || !isOfSeries(group[0], row)) {
      const id = `${String(row.metricId)} ${String(row.period)} ${cellId(table, row.cell)}`;
      group = groups.get(id);
      if (group === undefined) {
        groups.set(id, (group = [row]));
        continue;
      }
    }
    group.push(row);
  }
  const all = [...groups.values()];
  for (const one of all) if (!isInOrder(one)) one.sort((a, b) => byText(a.date, b.date));
  return all;
}

/** True if two rows share their cell, as those of a series do that `storedRows` returns one after the other. */
function isOfSeries(a: StoredRow, b: StoredRow): boolean {
  return a.cell === b.cell && a.metricId === b.metricId && a.period === b.period;
}

function isInOrder(rows: readonly StoredRow[]): boolean {
  return rows.every(({ date }, place) => place === 0 || (rows[place - 1] as StoredRow).date <= date);
}

/** Orders series by metric, period and keys. Texts are compared as the databases compare them, by code points. */
export function inOrderOfSeries({ keys }: StatisticTable, all: readonly StoredSeries[]): StoredSeries[] {
  const sortable = all.map((series) => {
    const [{ metricId, period, cell }] = series;
    const values = keys.map(({ property }) => cell[property] as string | number);
    return {
      series,
      order: [metricId, period, ...values.map((one) => (typeof one === 'string' ? Buffer.from(one) : one))],
    };
  });
  return sortable.sort((a, b) => compareInOrder(a.order, b.order)).map(({ series }) => series);
}

function compareInOrder(a: readonly (number | Buffer)[], b: readonly (number | Buffer)[]): number {
  for (const [place, one] of a.entries()) {
    const other = b[place];
    const order =
      one instanceof Buffer && other instanceof Buffer ? Buffer.compare(one, other) : Number(one) - Number(other);
    if (order !== 0) return order;
  }
  return 0;
}

/** Selects the last row of each series within a range, ordered by metric, period and keys. */
export function* selectLastRows(database: Database, filter: RowFilter): Work<StoredRow[]> {
  const rows = yield* query(
    sql`SELECT * FROM (${lastOfEachSeries(database, filter)}) r ORDER BY ${bySeries(database, filter.table)}`,
  );
  return storedRows(filter.table, rows);
}

/** Selects the last row of all within a range. If several have the same date, it is the first by metric, period and keys. */
export function* selectLastRow(database: Database, filter: RowFilter): Work<StoredRow[]> {
  const rows = yield* query(lastOfAll(database, filter));
  return storedRows(filter.table, rows);
}

function lastOfAll(database: Database, filter: RowFilter<DateRange | StartRange>): Sql {
  const { dialect } = database;
  const { table, keys, moment } = filter.table;
  const others = keys.map(({ type, column }) => (type === 'varchar' ? dialect.binaryOrder(column) : column));
  const order = [sql`${table.column(moment)} DESC`, table.column('metricId'), table.column('period'), ...others];
  return sql`SELECT ${columns(database, filter.table)} FROM ${table.path} s WHERE ${rowCondition(database, filter)} ORDER BY ${join(order)} ${dialect.limit(1)}`;
}

/** Returns the last row of each series of a filter as a subquery with the table's columns. */
export function lastRowsOf(database: Database, filter: RowFilter): Sql {
  return lastRows(database.dialect, filter.table, lastCondition(database, filter), false);
}

/**
 * Returns a query of the last row of each series of a filter, which walks from one series to the next. Returns null if
 * the database cannot do that, or if the filter leaves out series in between.
 */
export function walkedRowsOf(database: Database, filter: RowFilter, most: number): WalkedSeries | null {
  const { alternatives, metrics, period, range, table } = filter;
  const [only, ...others] = alternatives;
  if (only === undefined || others.length > 0 || metrics.length !== 1 || period === null || range.from !== null)
    return null;
  const keys = table.keys.map(({ property }) => property);
  const given = keys.map((property) => only[property]);
  // a prefix of the primary key is given, and the rest is free
  const free = given.indexOf(undefined);
  const isPrefix =
    free >= 0 && given.every((values, place) => (place < free ? values?.length === 1 : values === undefined));
  if (!isPrefix) return null;
  const sought = { table: table.table, keys: ['metricId', 'period', ...keys], date: 'date', value: 'value' };
  return database.dialect.walkSeries({ ...sought, ...lastCondition(database, filter) }, most);
}

function lastCondition(
  database: Database,
  filter: RowFilter,
): { readonly where: Sql; readonly until: LastDate | null } {
  const { from, to } = filter.range;
  const where = rowCondition(database, { ...filter, range: { from, to: null } });
  return { where, until: to === null ? null : { date: database.dialect.date(to), isIncluded: true } };
}

function lastOfEachSeries(database: Database, filter: RowFilter, known: KnownColumns = {}): Sql {
  return sql`SELECT ${columns(database, filter.table, sql`e.`, known)} FROM ${lastRowsOf(database, filter)} e`;
}

/** The columns that have one value in all rows of a filter, so that they need not be read with each. */
interface KnownColumns {
  readonly metricId?: number;
  readonly period?: Period;
}

function knownColumns({ metrics, period }: RowFilter): KnownColumns {
  const [only, ...others] = metrics;
  return {
    ...(only !== undefined && others.length === 0 && { metricId: only.id }),
    ...(period !== null && { period }),
  };
}

function bySeries({ dialect }: Database, { keys }: StatisticTable): Sql {
  const others = keys.map(({ type }, place) => {
    const column = raw(`r.row_key${place}`);
    return sql`, ${type === 'varchar' ? dialect.binaryOrder(column) : column}`;
  });
  return sql`r.row_metric, r.row_period${join([...others, empty], '')}`;
}

/** Returns the columns that `storedRows` reads. */
export function columns(
  database: Database,
  statistic: StatisticTable,
  prefix: Sql = empty,
  known: KnownColumns = {},
): Sql {
  const { dialect } = database;
  const { table, keys, moment } = statistic;
  const column = (property: string): Sql => sql`${prefix}${table.column(property)}`;
  return join([
    ...(known.metricId === undefined ? [sql`${column('metricId')} AS row_metric`] : []),
    ...(known.period === undefined ? [sql`${column('period')} AS row_period`] : []),
    sql`${readMoment(dialect, statistic, column(moment))} AS ${raw(moment === 'date' ? 'row_date' : 'row_start')}`,
    sql`${dialect.exactText(column('value'))} AS row_value`,
    ...keys.map(
      (key, place) => sql`${readKey(dialect, key, sql`${prefix}${key.column}`)} AS ${raw(`row_key${place}`)}`,
    ),
  ]);
}

/** Returns rows of `columns`, as the driver reads them, as StoredRows. Those of a cell that follow each other share it. */
export function storedRows(
  table: StatisticTable,
  rows: readonly Readonly<Record<string, unknown>>[],
  known: KnownColumns = {},
): StoredRow[] {
  let last: Cell | null = null;
  return rows.map((row) => {
    last = cellOf(table, row, last);
    return {
      metricId: known.metricId ?? (row['row_metric'] as number),
      period: known.period ?? (row['row_period'] as Period),
      value: exactValue(row['row_value']),
      cell: last,
      date: row['row_date'] as LocalDate,
    };
  });
}

/** Returns a row of `columns` as a StoredBucket. */
export function storedBucket(table: StatisticTable, row: Readonly<Record<string, unknown>>): StoredBucket {
  // drivers return a bigint as text, a number or a bigint
  const { metricId, period, value, cell } = storedCell(table, row);
  return { metricId, period, value, cell, start: Number(row['row_start']) };
}

/** Returns a row of `columns` without its moment. */
export function storedCell(table: StatisticTable, row: Readonly<Record<string, unknown>>): Omit<StoredRow, 'date'> {
  return {
    metricId: row['row_metric'] as number,
    period: row['row_period'] as Period,
    value: exactValue(row['row_value']),
    cell: cellOf(table, row, null),
  };
}

/** Returns the cell of a row: the last one if it is the same. */
function cellOf({ keys }: StatisticTable, row: Readonly<Record<string, unknown>>, last: Cell | null): Cell {
  let isSame = last !== null;
  for (let place = 0; isSame && place < keys.length; place++)
    isSame = row[keyColumn(place)] === last?.[(keys[place] as StatisticKey).property];
  if (isSame && last !== null) return last;
  return Object.fromEntries(keys.map(({ property }, place) => [property, row[keyColumn(place)] as string | number]));
}

/** Made once: joining the name for each row takes longer than reading its key. */
const KEY_COLUMNS = Array.from({ length: 8 }, (_, place) => `row_key${String(place)}`);

function keyColumn(place: number): string {
  return KEY_COLUMNS[place] ?? `row_key${String(place)}`;
}

/** Returns text that is equal only for equal cells of a table. */
export function cellId({ keys }: StatisticTable, cell: Cell): string {
  return JSON.stringify(keys.map(({ property }) => cell[property]));
}

function keyConditions(database: Database, { keys }: StatisticTable, alternatives: readonly KeyValues[]): Sql[] {
  const alternativeOf = (values: KeyValues): Sql[] =>
    keys
      .filter(({ property }) => Object.hasOwn(values, property))
      .map((key) =>
        isOneOf(
          key.column,
          (values[key.property] ?? []).map((value) => bindKey(database.dialect, key, value)),
        ),
      );
  const either = alternatives.map(alternativeOf);
  if (either.some((conditions) => conditions.length === 0)) return [];
  const [only, ...others] = either;
  if (only !== undefined && others.length === 0) return only;
  return [
    sql`(${join(
      either.map((conditions) => sql`(${join(conditions, ' AND ')})`),
      ' OR ',
    )})`,
  ];
}

function rangeConditions(
  { dialect }: Database,
  { table, moment }: StatisticTable,
  range: DateRange | StartRange,
  isMostRows: boolean,
): Sql[] {
  const column = isMostRows ? dialect.unindexed(table.column(moment)) : table.column(moment);
  if ('parts' in range) return startConditions(dialect, column, range);
  const { from, to } = range;
  if (from !== null && from === to) return [sql`${column} = ${dialect.date(from)}`];
  return [
    ...(from === null ? [] : [sql`${column} >= ${dialect.date(from)}`]),
    ...(to === null ? [] : [sql`${column} <= ${dialect.date(to)}`]),
  ];
}

function startConditions(dialect: Dialect, start: Sql, { parts }: StartRange): Sql[] {
  const alternatives = parts.map(({ from, to }) => {
    const bounds = [
      ...(from === null ? [] : [sql`${start} >= ${dialect.bigint(from)}`]),
      ...(to === null ? [] : [sql`${start} < ${dialect.bigint(to)}`]),
    ];
    return bounds.length === 0 ? null : join(bounds, ' AND ');
  });
  if (alternatives.includes(null)) return [];
  const either = alternatives.filter((one) => one !== null);
  return [
    either.length === 0 ? sql`1 = 0` : either.length === 1 ? (either[0] as Sql) : sql`((${join(either, ') OR (')}))`,
  ];
}

function isOneOf(column: Sql, values: readonly Sql[]): Sql {
  const [only, ...others] = values;
  return only !== undefined && others.length === 0 ? sql`${column} = ${only}` : sql`${column} IN (${join(values)})`;
}
