import type { Metric } from '../catalog/index.js';
import type { StoredRow } from '../statistics/index.js';
import type { PlannedMetric } from './export-plan.js';

/** Spells an export in a format. */
export interface ExportWriter {
  head(): string;
  /** the text before the rows of a metric */
  metric(planned: PlannedMetric): string;
  rows(metric: Metric, rows: readonly StoredRow[]): string;
}
