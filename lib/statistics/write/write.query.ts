import { byText } from '../../catalog/order.js';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import type { UpsertMode } from '../../database/dialects/dialect.js';
import { execute, type Work } from '../../database/work.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { cellId } from '../read/rows.query.js';
import type { Cell } from '../filter/scope-filter.js';
import { bindKey, type StatisticTable } from '../tables/statistic-table.js';

/** A row to write. */
export interface RowToWrite {
  readonly table: StatisticTable;
  readonly metric: Metric;
  readonly period: Period;
  readonly cell: Cell;
  readonly date: LocalDate;
  readonly value: string | null;
}

const MOST_ROWS = 1_000;

/** Returns text that is equal only for rows with the same table and key. */
export function rowId({ table, metric, period, cell, date }: Omit<RowToWrite, 'value'>): string {
  return `${table.table.metadata.tablePath} ${JSON.stringify([metric.id, period])} ${cellId(table, cell)} ${date}`;
}

/** Writes rows of different keys in as few statements as the driver's limit allows. */
export function* writeRows(database: Database, rows: Iterable<RowToWrite>, mode: UpsertMode): Work<void> {
  // in one order, so that concurrent transactions do not wait for each other in a circle
  const sorted = [...rows].map((row) => ({ id: rowId(row), row })).sort((a, b) => byText(a.id, b.id));
  const byTable = new Map<StatisticTable, RowToWrite[]>();
  for (const { row } of sorted) {
    const some = byTable.get(row.table) ?? [];
    some.push(row);
    byTable.set(row.table, some);
  }
  for (const [table, some] of byTable) yield* writeToTable(database, table, some, mode);
}

function* writeToTable(
  { dialect }: Database,
  { table, keys }: StatisticTable,
  rows: readonly RowToWrite[],
  mode: UpsertMode,
): Work<void> {
  const size = Math.min(MOST_ROWS, Math.floor(dialect.maxParameters / (keys.length + 4)));
  for (let start = 0; start < rows.length; start += size) {
    yield* execute(
      dialect.upsert({
        table,
        keys: ['metricId', 'period', ...keys.map(({ property }) => property), 'date'],
        value: 'value',
        mode,
        rows: rows
          .slice(start, start + size)
          .map(({ metric, period, cell, date, value }) => [
            dialect.integer(metric.id),
            dialect.integer(period),
            ...keys.map((key) => bindKey(dialect, key, cell[key.property] as string | number)),
            dialect.date(date),
            dialect.decimal(value),
          ]),
      }),
    );
  }
}
