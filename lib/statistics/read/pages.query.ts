import sql, { empty, join, type Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.js';
import { query, queryOne, type Work } from '../../database/work.js';
import { addDays, type LocalDate } from '../../time/local-date.js';
import { bindKey, type StatisticKey } from '../tables/statistic-table.js';
import { columns, rowCondition, type RowFilter, type StoredRow, storedRows } from './rows.query.js';

/** The rows of the dates that fit into a page as a whole. */
interface WholeDates {
  readonly rows: readonly StoredRow[];
  /** the date that does not fit; null if no date is left */
  readonly bound: LocalDate | null;
}

/** The numbers of rows of a page. */
export interface PageSizes {
  /** of whole dates */
  readonly dates: number;
  /** of one date; greater, because a database with another collation sorts the whole date for each page */
  readonly ofDate: number;
}

const LAST_DATE = '9999-12-31';
const SIZES: PageSizes = { dates: 5_000, ofDate: 20_000 };

/**
 * Reads the rows of one metric and period page by page, ordered by date and then by the other keys byte by byte. The
 * order is the same on every database. Each page is a read of its own, so nothing is held open between pages, however
 * slowly they are taken.
 *
 * A page has whole dates. A date that does not fit into one has pages of its own. So each statement reads one page by
 * the index: bounded by the last row alone, PostgreSQL may sort all rows that follow for each page.
 */
export async function* readPages(
  database: Database,
  filter: RowFilter,
  sizes: PageSizes = SIZES,
): AsyncGenerator<readonly StoredRow[]> {
  for (let after: LocalDate | null = null; ;) {
    const { bound, rows }: WholeDates = await readWhole(after);
    if (rows.length === sizes.dates) continue; // other rows were inserted in between
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

/** A range, because with one date MySQL would read the rows of all dates in the order of the primary key. */
function onDate({ dialect }: Database, filter: RowFilter, date: LocalDate): Sql {
  const column = filter.table.table.column('date');
  const from = sql`AND ${column} >= ${dialect.date(date)}`;
  return date === LAST_DATE ? from : sql`${from} AND ${column} < ${dialect.date(addDays(date, 1))}`;
}

/** Returns the date of the n-th row after a date, or null if there are fewer. */
function* dateOfRow(database: Database, filter: RowFilter, n: number, after: LocalDate | null): Work<LocalDate | null> {
  const { table } = filter.table;
  const date = table.column('date');
  const found = yield* queryOne<{ row_date: LocalDate }>(sql`SELECT ${database.dialect.dateText(date)} AS row_date
FROM ${table.path} WHERE ${rowCondition(database, filter)} ${between(database, filter, after, null)}
ORDER BY ${date} ${database.dialect.limit(1, n - 1)}`);
  return found?.row_date ?? null;
}

function* rowsWhere(database: Database, filter: RowFilter, further: Sql, limit: number): Work<StoredRow[]> {
  const { table, keys } = filter.table;
  const order = [table.column('date'), ...keys.map((key) => inOrder(database, key))];
  const rows = yield* query(sql`SELECT ${columns(database, filter.table)} FROM ${table.path}
WHERE ${rowCondition(database, filter)} ${further} ORDER BY ${join(order)} ${database.dialect.limit(limit)}`);
  return storedRows(filter.table, rows);
}

function between(database: Database, filter: RowFilter, after: LocalDate | null, before: LocalDate | null): Sql {
  const date = filter.table.table.column('date');
  const lower = after === null ? empty : sql`AND ${date} > ${database.dialect.date(after)}`;
  return before === null ? lower : sql`${lower} AND ${date} < ${database.dialect.date(before)}`;
}

/** Returns the condition that a row comes after another one of its date. */
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
