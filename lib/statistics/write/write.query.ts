import sql, { join } from 'sql-template-tag';
import type { MetricTarget } from '../../catalog/definitions.js';
import { Metric } from '../../catalog/metric.entity.js';
import { byText } from '../../catalog/order.js';
import { batchesOf } from '../../database/batches.js';
import { groupBy } from '../../database/groups.js';
import type { Database } from '../../database/database.js';
import type { ColumnToWrite, Upsert, UpsertMode } from '../../database/dialects/dialect.js';
import { execute, type Work } from '../../database/work.js';
import type { CheckedDateInput } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import type { Cell } from '../filter/scope-filter.js';
import { cellId } from '../read/rows.query.js';
import { boundType, momentColumn, type StatisticTable } from '../tables/statistic-table.js';
import type { StoredMoment } from '../filter/date-range.js';

/** A value to write, checked as far as possible without the database. */
export interface ValueToWrite {
  readonly metric: MetricTarget;
  readonly table: StatisticTable;
  readonly cell: Cell;
  readonly period: Period;
  /** its date or an instant of it; always an instant for a period of less than a day */
  readonly at: CheckedDateInput;
  readonly value: string | null;
}

/** A row to write. */
export interface RowToWrite extends StoredMoment {
  readonly table: StatisticTable;
  readonly metric: Metric;
  readonly period: Period;
  readonly cell: Cell;
  readonly value: string | null;
}

/** Returns text that is equal only for rows with the same table and key. */
export function rowId({ table, metric, period, cell, date, start }: Omit<RowToWrite, 'value'>): string {
  return `${table.table.metadata.tablePath} [${String(metric.id)},${String(period)}] ${cellId(table, cell)} ${String(start ?? date)}`;
}

/** Writes rows, by their `rowId`, in as few statements as the driver's limit allows. */
export function* writeRows(database: Database, rows: ReadonlyMap<string, RowToWrite>, mode: UpsertMode): Work<void> {
  for (const upsert of upsertsOf(database, rows, mode)) yield* execute(database.dialect.upsert(upsert));
}

/** Yields the upserts of rows, by their `rowId`, as many of a table as one statement takes. */
export function* upsertsOf(
  database: Database,
  rows: ReadonlyMap<string, RowToWrite>,
  mode: UpsertMode,
): Generator<Upsert> {
  // in one order, so that concurrent transactions cannot deadlock
  const ids = [...rows.keys()].sort(byText);
  const byTable = groupBy(
    ids.map((id) => rows.get(id) as RowToWrite),
    ({ table }) => table,
  );
  for (const [table, some] of byTable) {
    const most = database.dialect.mostRows(table.keys.length + 4);
    for (const batch of batchesOf(some, most)) yield upsertOf(table, batch, mode);
  }
}

function upsertOf(statistic: StatisticTable, rows: readonly RowToWrite[], mode: UpsertMode): Upsert {
  const { table, keys } = statistic;
  const ofKeys = keys.map((key): ColumnToWrite => {
    const { property } = key;
    return { property, type: boundType(key), values: rows.map(({ cell }) => cell[property] ?? null) };
  });
  return {
    table,
    keys: [
      { property: 'metricId', type: 'integer', values: rows.map(({ metric }) => metric.id) },
      { property: 'period', type: 'integer', values: rows.map(({ period }) => period) },
      ...ofKeys,
      momentColumn(statistic, rows),
    ],
    value: { property: 'value', type: 'decimal', values: rows.map(({ value }) => value) },
    mode,
  };
}

/** The number of metrics in one statement. Drivers bind at most some ten thousand values. */
const MOST_IDS = 5_000;

/**
 * Locks metrics until the transaction ends, so that `record` and `increment` see each other's writes before they decide
 * whether they may write. Calls of `record` run in parallel; the first `increment` of a scope runs alone. It changes the
 * rows, too, so that a statement of `record` that began before finds out. Data that was read before the lock must be read
 * again.
 */
export function* lockMetrics(database: Database, metrics: Iterable<Metric>, call: 'record' | 'increment'): Work<void> {
  const { dialect } = database;
  const lock = call === 'record' ? dialect.forShare : dialect.forUpdate;
  const ids = [...new Set([...metrics].map(({ id }) => id))];
  if (ids.length === 0 || lock.sql === '') return;
  const table = database.table(Metric);
  const id = table.column('id');
  // in one order, so that two calls cannot deadlock
  ids.sort((a, b) => a - b);
  for (const some of batchesOf(ids, MOST_IDS)) {
    const locked = join(some.map((one) => dialect.integer(one)));
    const isLocked = sql`${id} IN (${locked})`;
    yield* execute(sql`SELECT ${id} FROM ${table.path} WHERE ${isLocked} ORDER BY ${id} ${lock}`);
    if (call === 'record') continue;
    const name = table.column('name');
    yield* execute(sql`UPDATE ${table.path} SET ${name} = ${name} WHERE ${isLocked}`);
  }
}
