import type { stringify } from 'csv-stringify/sync';
import { type Metric, unitText } from '../../catalog/index.js';
import { importPackage } from '../../execution/optional-parts.js';
import type { StatisticKey, StatisticTable } from '../../statistics/index.js';
import { Period } from '../../time/period.js';
import { csvPackage, defused, keyColumns } from '../csv-format.js';
import { type ExportPlan, type ExportRow, type ExportWriter, keyTable } from './export-plan.js';

/** Rows as CSV (RFC 4180, UTF-8, lines that end in LF), with a line of column names. */
export class CsvWriter implements ExportWriter {
  private constructor(
    private readonly table: StatisticTable,
    /** true if a metric has a unit. Otherwise there is no column for it */
    private readonly hasUnits: boolean,
    /** true if there may be rows of less than a day. Otherwise there is no column for their start */
    private readonly hasTimes: boolean,
    private readonly write: typeof stringify,
  ) {}

  /** @throws MissingPackageError */
  static async of(plan: ExportPlan): Promise<CsvWriter> {
    const { stringify } = await importPackage(csvPackage('csv-stringify'), () => import('csv-stringify/sync'));
    const hasUnits = plan.metrics.some(({ metric }) => metric.unit !== null);
    return new CsvWriter(keyTable(plan), hasUnits, plan.hasTimes, stringify);
  }

  head(): string {
    const keys = keyColumns(this.table).map(({ name }) => defused(name));
    const unit = this.hasUnits ? ['unit'] : [];
    const start = this.hasTimes ? ['start'] : [];
    return this.lines([
      ['metric', 'domain_name', 'metric_name', ...unit, 'period', 'date', ...start, ...keys, 'value'],
    ]);
  }

  /** every row has the names: a spreadsheet sorts and filters them */
  metric(): string {
    return '';
  }

  rows(metric: Metric, rows: readonly ExportRow[]): string {
    const names = [metric.key, metric.domain.name, metric.name].map(defused);
    if (this.hasUnits) names.push(metric.unit === null ? '' : defused(unitText(metric.unit)));
    return this.lines(
      rows.map(({ period, date, start = '', cell, value }) => [
        ...names,
        Period.nameOf(period),
        date,
        ...(this.hasTimes ? [start] : []),
        ...this.table.keys.map((key) => keyCell(key, cell[key.property])),
        value ?? '',
      ]),
    );
  }

  private lines(rows: readonly (readonly string[])[]): string {
    // a carriage return alone ends a line for some readers
    return this.write(rows as string[][], { record_delimiter: '\n', quoted_match: [/[\r\n]/] });
  }
}

function keyCell(key: StatisticKey, stored: string | number | undefined): string {
  const value = key.decode(stored);
  if (value === null) return '';
  return typeof value === 'string' ? defused(value) : String(value);
}
