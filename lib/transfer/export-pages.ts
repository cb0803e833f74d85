import sql, { empty, join, raw, type Sql } from 'sql-template-tag';
import type { Database } from '../database/database.js';
import { query, queryOne, type Work } from '../database/work.js';
import { columns, rowCondition, type RowFilter, type StoredRow, storedRow } from '../statistics/rows.query.js';
import { bindKey, type StatisticKey, type StatisticTable } from '../statistics/statistic-table.js';
import type { Period } from '../time/period.js';
import type { ExportPlan, PlannedMetric } from './export-plan.js';

/** Rows of one metric. */
export interface ExportPage {
  readonly planned: PlannedMetric;
  /** none: the metric begins */
  readonly rows: readonly StoredRow[];
}

const PAGE = 5_000;

/**
 * The rows of an export in one order, the same on every database: by metric, period, date, and the other keys byte by
 * byte. Each page is a read of its own, so that nothing is held in between, however slowly they are taken.
 */
export async function* exportPages(database: Database, plan: ExportPlan): AsyncGenerator<ExportPage> {
  const { table, alternatives } = plan.scope;
  for (const planned of plan.metrics) {
    yield { planned, rows: [] };
    for await (const period of periodsOf(database, plan, planned)) {
      const filter = { table, alternatives, metrics: [planned.metric], period, range: planned.rangeOf(period) };
      yield* pagesOf(database, planned, filter);
    }
  }
}

async function* pagesOf(database: Database, planned: PlannedMetric, filter: RowFilter): AsyncGenerator<ExportPage> {
  let last: StoredRow | undefined;
  do {
    const rows = await database.read(() => page(database, filter, last));
    if (rows.length > 0) yield { planned, rows };
    last = rows.length < PAGE ? undefined : rows.at(-1);
  } while (last !== undefined);
}

function* page(database: Database, filter: RowFilter, last: StoredRow | undefined): Work<StoredRow[]> {
  const { table, keys } = filter.table;
  const order = [table.column('date'), ...keys.map((key) => inOrder(database, key))];
  const after = last === undefined ? empty : sql`AND ${behind(database, filter.table, last)}`;
  const rows = yield* query(sql`SELECT ${columns(database, filter.table)} FROM ${table.path}
WHERE ${rowCondition(database, filter)} ${after} ORDER BY ${join(order)} LIMIT ${raw(String(PAGE))}`);
  return rows.map((row) => storedRow(filter.table, row));
}

/** that a row comes after another; the bound on the date alone is what an index is searched by */
function behind(database: Database, { table, keys }: StatisticTable, last: StoredRow): Sql {
  const date = table.column('date');
  const bound = database.dialect.date(last.date);
  if (keys.length === 0) return sql`${date} > ${bound}`;
  return sql`${date} >= ${bound} AND (${date} > ${bound} OR ${behindKeys(database, keys, last)})`;
}

function behindKeys(database: Database, [key, ...others]: readonly StatisticKey[], last: StoredRow): Sql {
  if (key === undefined) return sql`1 = 0`;
  const value = bindKey(database.dialect, key, last.cell[key.property] as string | number);
  const greater = sql`${inOrder(database, key)} > ${value}`;
  return others.length === 0
    ? greater
    : sql`(${greater} OR (${key.column} = ${value} AND ${behindKeys(database, others, last)}))`;
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
