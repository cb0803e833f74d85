import sql, { empty, join, type Sql } from 'sql-template-tag';
import type { Database } from '../../database/database.js';
import { query, queryOne, type Work } from '../../database/work.js';
import { addDays, type LocalDate } from '../../time/local-date.js';
import type { Dialect } from '../../database/dialects/dialect.js';
import type { DateRange, StartRange } from '../filter/date-range.js';
import { bindKey, readMoment, type StatisticKey } from '../tables/statistic-table.js';
import {
  columns,
  rowCondition,
  type RowFilter,
  storedBucket,
  type StoredBucket,
  type StoredRow,
  storedRows,
} from './rows.query.js';

/** A row of a page: of a date, or of a bucket of less than a day. */
export type PageRow = StoredRow | StoredBucket;
/** The moment of a row: its date, or the first second of its bucket. */
type RowMoment = LocalDate | number;
type PageFilter = RowFilter<DateRange | StartRange>;

/** The rows of the moments that fit into a page as a whole. */
interface WholeMoments {
  readonly rows: readonly PageRow[];
  /** the moment that does not fit; null if none is left */
  readonly bound: RowMoment | null;
}

/** The numbers of rows of a page. */
export interface PageSizes {
  /** of whole dates, or of whole buckets */
  readonly dates: number;
  /** of one date or bucket; greater, because a database with another collation sorts the whole date for each page */
  readonly ofDate: number;
}

const LAST_DATE = '9999-12-31';
const SIZES: PageSizes = { dates: 5_000, ofDate: 20_000 };

/**
 * Reads the rows of one metric and period page by page, ordered by date, or by start, and then by the other keys byte by
 * byte. The order is the same on every database. Each page is a read of its own, so nothing is held open between pages,
 * however slowly they are taken.
 *
 * A page has whole dates, or whole buckets of less than a day. One that does not fit has pages of its own. So each
 * statement reads one page by the index: bounded by the last row alone, PostgreSQL may sort all rows that follow for each
 * page.
 */
export async function* readPages(
  database: Database,
  filter: PageFilter,
  sizes: PageSizes = SIZES,
): AsyncGenerator<readonly PageRow[]> {
  for (let after: RowMoment | null = null; ;) {
    const { bound, rows }: WholeMoments = await readWhole(after);
    if (rows.length === sizes.dates) continue; // other rows were inserted in between
    if (rows.length > 0) yield rows;
    if (bound === null) return;
    yield* pagesOfMoment(database, filter, bound, sizes.ofDate);
    after = bound;
  }

  function readWhole(after: RowMoment | null): Promise<WholeMoments> {
    return database.read(() => wholeMoments(database, filter, after, sizes.dates));
  }
}

function* wholeMoments(
  database: Database,
  filter: PageFilter,
  after: RowMoment | null,
  size: number,
): Work<WholeMoments> {
  const bound = yield* momentOfRow(database, filter, size, after);
  return { bound, rows: yield* rowsWhere(database, filter, between(database, filter, after, bound), size) };
}

async function* pagesOfMoment(
  database: Database,
  filter: PageFilter,
  moment: RowMoment,
  size: number,
): AsyncGenerator<readonly PageRow[]> {
  const isMoment = atMoment(database, filter, moment);
  let last: PageRow | undefined;
  do {
    const further = last === undefined ? isMoment : sql`${isMoment} AND ${behind(database, filter.table.keys, last)}`;
    const rows = await database.read(() => rowsWhere(database, filter, further, size));
    if (rows.length > 0) yield rows;
    last = rows.length < size ? undefined : rows.at(-1);
  } while (last !== undefined);
}

/** A range, because with one date MySQL would read the rows of all dates in the order of the primary key. */
function atMoment({ dialect }: Database, filter: PageFilter, moment: RowMoment): Sql {
  const column = momentColumnOf(filter);
  const from = sql`AND ${column} >= ${bind(dialect, moment)}`;
  if (moment === LAST_DATE) return from;
  const next = typeof moment === 'number' ? moment + 1 : addDays(moment, 1);
  return sql`${from} AND ${column} < ${bind(dialect, next)}`;
}

/** Returns the moment of the n-th row after a moment, or null if there are fewer. */
function* momentOfRow(
  database: Database,
  filter: PageFilter,
  n: number,
  after: RowMoment | null,
): Work<RowMoment | null> {
  const { dialect } = database;
  const { table } = filter.table;
  const column = momentColumnOf(filter);
  const found = yield* queryOne<{
    row_moment: unknown;
  }>(sql`SELECT ${readMoment(dialect, filter.table, column)} AS row_moment
FROM ${table.path} WHERE ${rowCondition(database, filter)} ${between(database, filter, after, null)}
ORDER BY ${column} ${dialect.limit(1, n - 1)}`);
  if (found === undefined) return null;
  // drivers return a bigint as text, a number or a bigint
  return filter.table.moment === 'date' ? (found.row_moment as LocalDate) : Number(found.row_moment);
}

function* rowsWhere(database: Database, filter: PageFilter, further: Sql, limit: number): Work<PageRow[]> {
  const { table, keys, moment } = filter.table;
  const order = [momentColumnOf(filter), ...keys.map((key) => inOrder(database, key))];
  const rows = yield* query(sql`SELECT ${columns(database, filter.table)} FROM ${table.path}
WHERE ${rowCondition(database, filter)} ${further} ORDER BY ${join(order)} ${database.dialect.limit(limit)}`);
  return moment === 'date' ? storedRows(filter.table, rows) : rows.map((row) => storedBucket(filter.table, row));
}

function between({ dialect }: Database, filter: PageFilter, after: RowMoment | null, before: RowMoment | null): Sql {
  const column = momentColumnOf(filter);
  const lower = after === null ? empty : sql`AND ${column} > ${bind(dialect, after)}`;
  return before === null ? lower : sql`${lower} AND ${column} < ${bind(dialect, before)}`;
}

function momentColumnOf({ table: { table, moment } }: PageFilter): Sql {
  return table.column(moment);
}

function bind(dialect: Dialect, moment: RowMoment): Sql {
  return typeof moment === 'number' ? dialect.bigint(moment) : dialect.date(moment);
}

/** Returns the condition that a row comes after another one of its moment. */
function behind(database: Database, [key, ...others]: readonly StatisticKey[], last: PageRow): Sql {
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
