import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { query, type Work } from '../../database/work.js';
import { addDays, type LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import type { DateRange } from '../filter/date-range.js';
import { exactValue } from '../tables/exact-value.js';
import type { SeriesRow } from './series.js';
import type { Cell, KeyValues, ScopeFilter } from '../filter/scope-filter.js';
import { bindKey, readKey, type StatisticTable } from '../tables/statistic-table.js';

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
export interface RowFilter extends Pick<ScopeFilter, 'table' | 'alternatives'> {
  readonly metrics: readonly Metric[];
  /** null for every period */
  readonly period: Period | null;
  readonly range: DateRange;
}

const FIRST_DATE = '0001-01-01';

/** Returns the condition for the rows of a filter. */
export function rowCondition(database: Database, filter: RowFilter): Sql {
  const { dialect } = database;
  const { table } = filter.table;
  const ids = filter.metrics.map(({ id }) => dialect.integer(id));
  if (ids.length === 0 || filter.alternatives.length === 0) return sql`1 = 0`;
  return join(
    [
      isOneOf(table.column('metricId'), ids),
      ...(filter.period === null ? [] : [sql`${table.column('period')} = ${dialect.integer(filter.period)}`]),
      ...keyConditions(database, filter.table, filter.alternatives),
      ...rangeConditions(database, filter.table, filter.range),
    ],
    ' AND ',
  );
}

/** Selects the stored rows of a filter, in no order by default. */
export function* selectRows(database: Database, filter: RowFilter, order: Sql = empty): Work<StoredRow[]> {
  const { table } = filter.table;
  const rows = yield* query(
    sql`SELECT ${columns(database, filter.table)} FROM ${table.path} WHERE ${rowCondition(database, filter)} ${order}`,
  );
  return rows.map((row) => storedRow(filter.table, row));
}

/**
 * Selects the dates and values of one metric, period and cell in a range, ordered by date, and optionally the last one
 * before it.
 */
export function* selectPoints(database: Database, filter: RowFilter, withEarlier: boolean): Work<SeriesRow[]> {
  const { dialect } = database;
  const { table } = filter.table;
  const date = table.column('date');
  const list = sql`${date} AS d, ${table.column('value')} AS v`;
  const inRange = sql`SELECT ${list} FROM ${table.path} WHERE ${rowCondition(database, filter)}`;
  const before = rangeBefore(filter.range);
  const points =
    !withEarlier || before === null
      ? inRange
      : sql`SELECT d, v FROM (SELECT ${list} FROM ${table.path}
WHERE ${rowCondition(database, { ...filter, range: before })} ORDER BY ${date} DESC LIMIT 1) earlier
UNION ALL ${inRange}`;
  const rows = yield* query(dialect.points(points));
  return dialect.readPoints(rows).map((point) => ({ date: point.date, value: exactValue(point.value) }));
}

/** Returns everything before a range, or null if there is nothing. */
export function rangeBefore({ from }: DateRange): DateRange | null {
  return from === null || from === FIRST_DATE ? null : { from: null, to: addDays(from, -1) };
}

/** Selects the last row of each metric, period and cell within a range. */
export function* selectLastRows(database: Database, filter: RowFilter): Work<StoredRow[]> {
  const rows = yield* query(
    sql`SELECT ${columns(database, filter.table, sql`s.`)} FROM (${lastRows(database, filter)}) s WHERE s.place = 1`,
  );
  return rows.map((row) => storedRow(filter.table, row));
}

/** Returns a subquery of the rows of a range, numbered as `place`: 1 is the last one of its metric, period and cell. */
export function lastRows(database: Database, filter: RowFilter): Sql {
  const { table, keys } = filter.table;
  const groups = [table.column('metricId'), table.column('period'), ...keys.map(({ column }) => column)];
  return sql`SELECT ${join([...groups, table.column('date'), table.column('value')])},
  ROW_NUMBER() OVER (PARTITION BY ${join(groups)} ORDER BY ${table.column('date')} DESC) AS place
FROM ${table.path} WHERE ${rowCondition(database, filter)}`;
}

/** Returns the columns that `storedRow` reads. */
export function columns(database: Database, { table, keys }: StatisticTable, prefix: Sql = empty): Sql {
  const { dialect } = database;
  const column = (property: string): Sql => sql`${prefix}${table.column(property)}`;
  return join([
    sql`${column('metricId')} AS row_metric`,
    sql`${column('period')} AS row_period`,
    sql`${dialect.dateText(column('date'))} AS row_date`,
    sql`${dialect.exactText(column('value'))} AS row_value`,
    ...keys.map(
      (key, place) => sql`${readKey(dialect, key, sql`${prefix}${key.column}`)} AS ${raw(`row_key${place}`)}`,
    ),
  ]);
}

/** Returns a row of `columns`, as the driver reads it, as a StoredRow. */
export function storedRow({ keys }: StatisticTable, row: Readonly<Record<string, unknown>>): StoredRow {
  return {
    metricId: row['row_metric'] as number,
    period: row['row_period'] as Period,
    date: row['row_date'] as LocalDate,
    value: exactValue(row['row_value']),
    cell: Object.fromEntries(keys.map(({ property }, place) => [property, row[`row_key${place}`] as string | number])),
  };
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

function rangeConditions({ dialect }: Database, { table }: StatisticTable, { from, to }: DateRange): Sql[] {
  const date = table.column('date');
  if (from !== null && from === to) return [sql`${date} = ${dialect.date(from)}`];
  return [
    ...(from === null ? [] : [sql`${date} >= ${dialect.date(from)}`]),
    ...(to === null ? [] : [sql`${date} <= ${dialect.date(to)}`]),
  ];
}

function isOneOf(column: Sql, values: readonly Sql[]): Sql {
  const [only, ...others] = values;
  return only !== undefined && others.length === 0 ? sql`${column} = ${only}` : sql`${column} IN (${join(values)})`;
}
