import { stringify } from 'csv-stringify/sync';
import type { Metric } from '../catalog/metric.entity.js';
import type { StoredRow } from '../statistics/rows.query.js';
import type { StatisticKey, StatisticTable } from '../statistics/statistic-table.js';
import { Period } from '../time/period.js';
import { defused } from './csv-cell.js';
import type { ExportWriter } from './export.writer.js';
import { keyColumns } from './csv-columns.js';

/** Rows as CSV (RFC 4180, UTF-8, lines that end in LF), with a line of column names. */
export class CsvWriter implements ExportWriter {
  constructor(private readonly table: StatisticTable) {}

  head(): string {
    const keys = keyColumns(this.table).map(({ name }) => defused(name));
    return lines([['metric', 'domain_name', 'metric_name', 'period', 'date', ...keys, 'value']]);
  }

  /** every row has the names: a spreadsheet sorts and filters them */
  metric(): string {
    return '';
  }

  rows(metric: Metric, rows: readonly StoredRow[]): string {
    const names = [metric.key, metric.domain.name, metric.name].map(defused);
    return lines(
      rows.map(({ period, date, cell, value }) => [
        ...names,
        Period.nameOf(period),
        date,
        ...this.table.keys.map((key) => keyCell(key, cell[key.property])),
        value ?? '',
      ]),
    );
  }
}

function keyCell(key: StatisticKey, stored: string | number | undefined): string {
  const value = key.decode(stored);
  if (value === null) return '';
  return typeof value === 'string' ? defused(value) : String(value);
}

function lines(rows: readonly (readonly string[])[]): string {
  // a carriage return alone ends a line for some readers
  return stringify(rows as string[][], { record_delimiter: '\n', quoted_match: [/[\r\n]/] });
}
