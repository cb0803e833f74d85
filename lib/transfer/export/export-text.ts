import type { Database } from '../../database/database.js';
import { findPeriods, type PageSizes, readPages, type StoredRow } from '../../statistics/index.js';
import { CsvWriter } from './csv.writer.js';
import type { ExportPlan, ExportWriter, PlannedMetric } from './export-plan.js';
import { JsonlWriter } from './jsonl.writer.js';
import type { TransferFormat } from '../transfer-format.js';

/**
 * Returns the writer of an export's rows in a format.
 *
 * @throws MissingPackageError
 */
export async function writerOf(plan: ExportPlan, format: TransferFormat): Promise<ExportWriter> {
  return format === 'csv' ? CsvWriter.of(plan) : new JsonlWriter(plan.scope.table);
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
  readonly rows: readonly StoredRow[];
}

/** Yields the rows of an export page by page, ordered by metric, period, date, and the other keys. */
export async function* exportPages(
  database: Database,
  plan: ExportPlan,
  sizes?: PageSizes,
): AsyncGenerator<ExportPage> {
  const { table, alternatives } = plan.scope;
  for (const planned of plan.metrics) {
    yield { planned, rows: [] };
    const { metric } = planned;
    if (planned.kind === 'computed') {
      const rows = await database.read(planned.compute);
      if (rows.length > 0) yield { planned, rows };
    }
    if (planned.kind !== 'stored') continue;
    const stored = plan.periods ?? (await database.read(() => findPeriods(database, table, [metric])));
    for (const found of stored) {
      const period = typeof found === 'object' ? found.period : found;
      const filter = { table, alternatives, metrics: [metric], period, range: planned.rangeOf(period) };
      for await (const rows of readPages(database, filter, sizes)) yield { planned, rows };
    }
  }
}
