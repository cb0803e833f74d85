import type { Database } from '../database/database.js';
import { CsvWriter } from './csv.writer.js';
import { exportPages } from './export-pages.js';
import type { ExportPlan } from './export-plan.js';
import type { ExportWriter } from './export.writer.js';
import { JsonlWriter } from './jsonl.writer.js';
import type { TransferFormat } from './transfer-format.js';

/** The text of an export, a page at a time. */
export async function* exportText(
  database: Database,
  plan: ExportPlan,
  format: TransferFormat,
): AsyncGenerator<string> {
  const { table } = plan.scope;
  const writer: ExportWriter = format === 'csv' ? new CsvWriter(table) : new JsonlWriter(table);
  yield writer.head();
  for await (const { planned, rows } of exportPages(database, plan)) {
    const text = rows.length === 0 ? writer.metric(planned) : writer.rows(planned.metric, rows);
    if (text !== '') yield text;
  }
}
