import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { query, queryOne, type Work } from '../database/work.js';
import { columns, rowCondition, type RowFilter, type StoredRow, storedRow } from '../statistics/read/rows.query.js';
import { bindKey, type StatisticKey } from '../statistics/tables/statistic-table.js';
import { addDays, type LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { ExportPlan, PlannedMetric } from './export-plan.js';

/** Rows of one metric. */
export interface ExportPage {
  readonly planned: PlannedMetric;
  /** none: the metric begins */
  readonly rows: readonly StoredRow[];
}

/** The rows of the dates that fit into a page whole. */
interface WholeDates {
  readonly rows: readonly StoredRow[];
  /** the date that does not; null: there is none left */
  readonly bound: LocalDate | null;
}

export interface PageSizes {
  /** rows of a page of whole dates */
  readonly dates: number;
  /** rows of a page of one date: greater, as a database whose collation is another sorts the whole date for each */
  readonly ofDate: number;
}

const LAST_DATE = '9999-12-31';
const SIZES: PageSizes = { dates: 5_000, ofDate: 20_000 };

/**
 * The rows of an export in one order, the same on every database: by metric, period, date, and the other keys byte by
 * byte. Each page is a read of its own, so that nothing is held in between, however slowly they are taken.
 */
export async function* exportPages(database: Database, plan: ExportPlan, sizes = SIZES): AsyncGenerator<ExportPage> {
  const { table, alternatives } = plan.scope;
  for (const planned of plan.metrics) {
    yield { planned, rows: [] };
    for await (const period of periodsOf(database, plan, planned)) {
      const filter = { table, alternatives, metrics: [planned.metric], period, range: planned.rangeOf(period) };
      for await (const rows of pagesOf(database, filter, sizes)) yield { planned, rows };
    }
  }
}

/**
 * Whole dates as long as they fit into a page, a date that does not by itself. So each statement reads one page by an
 * index, whatever the planner makes of it: bounded by the last row alone, PostgreSQL may sort all that follow each time.
 */
async function* pagesOf(database: Database, filter: RowFilter, sizes: PageSizes): AsyncGenerator<readonly StoredRow[]> {
  for (let after: LocalDate | null = null; ;) {
    const { bound, rows }: WholeDates = await readWhole(after);
    if (rows.length === sizes.dates) continue; // others came in between
    if (rows.length > 0) yield rows;
    if (bound === null) return;
    yield* pagesOfDate(database, filter, bound, sizes.ofDate);
    after = bound;
  }

  function readWhole(after: LocalDate | null): Promise<WholeDates> {
    return database.read(() => wholeDates(database, filter, after, sizes.dates));
  }
}

function* wholeDates(database: Database, filter: RowFilter, after: LocalDate | null, size: number): Work<WholeDates> {
  const bound = yield* dateOfRow(database, filter, size, after);
  return { bound, rows: yield* rowsWhere(database, filter, between(database, filter, after, bound), size) };
}

async function* pagesOfDate(
  database: Database,
  filter: RowFilter,
  date: LocalDate,
  size: number,
): AsyncGenerator<readonly StoredRow[]> {
  const isDate = onDate(database, filter, date);
  let last: StoredRow | undefined;
  do {
    const further = last === undefined ? isDate : sql`${isDate} AND ${behind(database, filter.table.keys, last)}`;
    const rows = await database.read(() => rowsWhere(database, filter, further, size));
    if (rows.length > 0) yield rows;
    last = rows.length < size ? undefined : rows.at(-1);
  } while (last !== undefined);
}

/** as a range: given one date, MySQL reads the rows of all dates in the order of the primary key */
function onDate({ dialect }: Database, filter: RowFilter, date: LocalDate): Sql {
  const column = filter.table.table.column('date');
  const from = sql`AND ${column} >= ${dialect.date(date)}`;
  return date === LAST_DATE ? from : sql`${from} AND ${column} < ${dialect.date(addDays(date, 1))}`;
}

/** the date of the n-th row after a date; null where there are fewer */
function* dateOfRow(database: Database, filter: RowFilter, n: number, after: LocalDate | null): Work<LocalDate | null> {
  const { table } = filter.table;
  const date = table.column('date');
  const found = yield* queryOne<{ row_date: LocalDate }>(sql`SELECT ${database.dialect.dateText(date)} AS row_date
FROM ${table.path} WHERE ${rowCondition(database, filter)} ${between(database, filter, after, null)}
ORDER BY ${date} LIMIT 1 OFFSET ${raw(String(n - 1))}`);
  return found?.row_date ?? null;
}

function* rowsWhere(database: Database, filter: RowFilter, further: Sql, limit: number): Work<StoredRow[]> {
  const { table, keys } = filter.table;
  const order = [table.column('date'), ...keys.map((key) => inOrder(database, key))];
  const rows = yield* query(sql`SELECT ${columns(database, filter.table)} FROM ${table.path}
WHERE ${rowCondition(database, filter)} ${further} ORDER BY ${join(order)} LIMIT ${raw(String(limit))}`);
  return rows.map((row) => storedRow(filter.table, row));
}

function between(database: Database, filter: RowFilter, after: LocalDate | null, before: LocalDate | null): Sql {
  const date = filter.table.table.column('date');
  const lower = after === null ? empty : sql`AND ${date} > ${database.dialect.date(after)}`;
  return before === null ? lower : sql`${lower} AND ${date} < ${database.dialect.date(before)}`;
}

/** that a row comes after another of its date */
function behind(database: Database, [key, ...others]: readonly StatisticKey[], last: StoredRow): Sql {
  if (key === undefined) return sql`1 = 0`;
  const value = bindKey(database.dialect, key, last.cell[key.property] as string | number);
  const greater = sql`${inOrder(database, key)} > ${value}`;
  return others.length === 0
    ? greater
    : sql`(${greater} OR (${key.column} = ${value} AND ${behind(database, others, last)}))`;
}

function inOrder({ dialect }: Database, { type, column }: StatisticKey): Sql {
  return type === 'varchar' ? dialect.binaryOrder(column) : column;
}

async function* periodsOf(
  database: Database,
  { periods, scope }: ExportPlan,
  { metric }: PlannedMetric,
): AsyncGenerator<Period> {
  if (periods !== null) return yield* periods;
  for (let period = await next(null); period !== null; period = await next(period)) yield period;

  // one look into the primary key for each, where DISTINCT would read every row
  function next(after: Period | null): Promise<Period | null> {
    return database.read(function* () {
      const { dialect } = database;
      const { table } = scope.table;
      const column = table.column('period');
      const further = after === null ? empty : sql`AND ${column} > ${dialect.integer(after)}`;
      const found = yield* queryOne<{ period: Period | null }>(sql`SELECT MIN(${column}) AS period FROM ${table.path}
WHERE ${table.column('metricId')} = ${dialect.integer(metric.id)} ${further}`);
      return found?.period ?? null;
    });
  }
}
