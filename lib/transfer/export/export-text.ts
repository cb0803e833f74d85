import type { Database } from '../../database/database.js';
import type { Metric } from '../../catalog/index.js';
import type { Work } from '../../database/work.js';
import { findPeriodsIn, type PageRow, type PageSizes, readPages } from '../../statistics/index.js';
import { instantText } from '../../time/instant.js';
import type { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import { CsvWriter } from './csv.writer.js';
import {
  type ExportPlan,
  type ExportRow,
  type ExportWriter,
  keyTable,
  type PlannedMetric,
  scopeOf,
} from './export-plan.js';
import { JsonlWriter } from './jsonl.writer.js';
import type { TransferFormat } from '../transfer-format.js';

/**
 * Returns the writer of an export's rows in a format.
 *
 * @throws MissingPackageError
 */
export async function writerOf(plan: ExportPlan, format: TransferFormat): Promise<ExportWriter> {
  return format === 'csv' ? CsvWriter.of(plan) : new JsonlWriter(keyTable(plan));
}

/** The text of an export, a page at a time. */
export async function* exportText(database: Database, plan: ExportPlan, writer: ExportWriter): AsyncGenerator<string> {
  yield writer.head();
  for await (const { planned, rows } of exportPages(database, plan)) {
    const text = rows.length === 0 ? writer.metric(planned) : writer.rows(planned.metric, rows);
    if (text !== '') yield text;
  }
}

/** Rows of one metric. */
export interface ExportPage {
  readonly planned: PlannedMetric;
  /** empty where the metric begins */
  readonly rows: readonly ExportRow[];
}

/** Yields the rows of an export page by page, ordered by metric, period, date or start, and the other keys. */
export async function* exportPages(
  database: Database,
  plan: ExportPlan,
  sizes?: PageSizes,
): AsyncGenerator<ExportPage> {
  for (const planned of plan.metrics) {
    yield { planned, rows: [] };
    const { metric } = planned;
    if (planned.kind === 'computed') {
      const rows = await database.read(planned.compute);
      if (rows.length > 0) yield { planned, rows };
    }
    if (planned.kind !== 'stored') continue;
    const periods = plan.periods ?? (await database.read(() => storedPeriods(database, plan, metric)));
    for (const period of periods) {
      const scope = scopeOf(plan.scopes, period);
      if (scope === undefined) continue;
      const { table, alternatives } = scope;
      const filter = { table, alternatives, metrics: [metric], period, range: planned.rangeOf(period) };
      const zone = planned.zoneOf(period);
      for await (const rows of readPages(database, filter, sizes)) {
        yield { planned, rows: rows.map((row) => exportRow(row, zone)) };
      }
    }
  }
}

/** The periods in which a metric has rows in any table, by code. */
function* storedPeriods(database: Database, { scopes }: ExportPlan, metric: Metric): Work<Period[]> {
  const tables = scopes.map(({ table }) => table);
  const found = yield* findPeriodsIn(database, tables, [metric]);
  return found.map(({ period }) => period).sort((a, b) => a - b);
}

function exportRow(row: PageRow, zone: string): ExportRow {
  if (!('start' in row)) return row;
  return { ...row, date: localDateAt(new Date(row.start * 1000), zone), start: instantText(row.start, zone) };
}
