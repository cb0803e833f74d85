import type { Database } from '../database/database.js';
import { findPeriods, type PageSizes, readPages, type StoredRow } from '../statistics/index.js';
import type { ExportPlan, PlannedMetric } from './export-plan.js';

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
    const stored = plan.periods ?? (await database.read(() => findPeriods(database, table, [metric])));
    for (const found of stored) {
      const period = typeof found === 'object' ? found.period : found;
      const filter = { table, alternatives, metrics: [metric], period, range: planned.rangeOf(period) };
      for await (const rows of readPages(database, filter, sizes)) yield { planned, rows };
    }
  }
}
