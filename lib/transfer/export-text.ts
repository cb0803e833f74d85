import type { Database } from '../database/database.js';
import type { StatisticTable } from '../statistics/index.js';
import { CsvWriter } from './csv.writer.js';
import { exportPages } from './export-pages.js';
import type { ExportPlan } from './export-plan.js';
import type { ExportWriter } from './export.writer.js';
import { JsonlWriter } from './jsonl.writer.js';
import type { TransferFormat } from './transfer-format.js';

/**
 * Returns the writer of a statistic's rows in a format.
 *
 * @throws MissingPackageError
 */
export async function writerOf(table: StatisticTable, format: TransferFormat): Promise<ExportWriter> {
  return format === 'csv' ? CsvWriter.of(table) : new JsonlWriter(table);
}

/** The text of an export, a page at a time. */
export async function* exportText(database: Database, plan: ExportPlan, writer: ExportWriter): AsyncGenerator<string> {
  yield writer.head();
  for await (const { planned, rows } of exportPages(database, plan)) {
    const text = rows.length === 0 ? writer.metric(planned) : writer.rows(planned.metric, rows);
    if (text !== '') yield text;
  }
}
