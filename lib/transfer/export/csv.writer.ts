import type { stringify } from 'csv-stringify/sync';
import type { Metric } from '../../catalog/index.js';
import { importPackage } from '../../execution/optional-parts.js';
import type { StatisticKey, StatisticTable, StoredRow } from '../../statistics/index.js';
import { Period } from '../../time/period.js';
import { csvPackage, defused, keyColumns } from '../csv-format.js';
import type { ExportWriter } from './export-plan.js';

/** Rows as CSV (RFC 4180, UTF-8, lines that end in LF), with a line of column names. */
export class CsvWriter implements ExportWriter {
  private constructor(
    private readonly table: StatisticTable,
    private readonly write: typeof stringify,
  ) {}

  /** @throws MissingPackageError */
  static async of(table: StatisticTable): Promise<CsvWriter> {
    const { stringify } = await importPackage(csvPackage('csv-stringify'), () => import('csv-stringify/sync'));
    return new CsvWriter(table, stringify);
  }

  head(): string {
    const keys = keyColumns(this.table).map(({ name }) => defused(name));
    return this.lines([['metric', 'domain_name', 'metric_name', 'period', 'date', ...keys, 'value']]);
  }

  /** every row has the names: a spreadsheet sorts and filters them */
  metric(): string {
    return '';
  }

  rows(metric: Metric, rows: readonly StoredRow[]): string {
    const names = [metric.key, metric.domain.name, metric.name].map(defused);
    return this.lines(
      rows.map(({ period, date, cell, value }) => [
        ...names,
        Period.nameOf(period),
        date,
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
