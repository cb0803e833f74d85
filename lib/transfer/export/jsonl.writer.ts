import type { Metric } from '../../catalog/index.js';
import { objectRefOf, type StatisticTable, type StoredRow } from '../../statistics/index.js';
import { Period } from '../../time/period.js';
import type { ExportRow, ExportWriter, PlannedMetric } from './export-plan.js';
import {
  type CoverageRecord,
  type HeaderRecord,
  JSONL_FORMAT,
  JSONL_VERSION,
  type MetricRecord,
} from '../jsonl-record.js';

/** Rows as JSON Lines: a header, then each metric with its coverages before its values. */
export class JsonlWriter implements ExportWriter {
  constructor(private readonly table: StatisticTable) {}

  head(): string {
    const header: HeaderRecord = {
      record: 'header',
      format: JSONL_FORMAT,
      version: JSONL_VERSION,
      ...(this.table.kind === 'custom' ? { statistic: this.table.table.metadata.tableNameWithoutPrefix } : {}),
    };
    return line(header);
  }

  metric({ metric, coverages, kind }: PlannedMetric): string {
    const record: MetricRecord = {
      record: 'metric',
      metric: metric.key,
      domain_name: metric.domain.name,
      name: metric.name,
      description: metric.description,
      ...(metric.unit !== null && { unit: metric.unit }),
      ...(metric.better !== null && { better: metric.better }),
      ...(metric.gauge && { gauge: metric.gauge }),
      ...(kind !== 'stored' && { derived: true }),
    };
    const covered = coverages.map(({ period, scope, from, through, timeZone, kind, fingerprint, computedAt }) => {
      const coverage: CoverageRecord = {
        record: 'coverage',
        metric: metric.key,
        period: Period.nameOf(period),
        scope,
        from,
        through,
        time_zone: timeZone,
        kind,
        fingerprint,
        computed_at: computedAt === null ? null : new Date(computedAt).toISOString(),
      };
      return line(coverage);
    });
    return [line(record), ...covered].join('');
  }

  rows({ key }: Metric, rows: readonly ExportRow[]): string {
    return rows
      .map(({ period, date, start, cell, value }) =>
        line({
          ...{ metric: key, period: Period.nameOf(period), date, ...(start !== undefined && { start }) },
          ...this.keysOf(cell),
          value,
        }),
      )
      .join('');
  }

  private keysOf(cell: StoredRow['cell']): object {
    const { kind, keys } = this.table;
    if (kind === 'total') return {};
    if (kind === 'object') return { object: objectRefOf(cell) };
    return { dimensions: Object.fromEntries(keys.map((key) => [key.property, key.decode(cell[key.property])])) };
  }
}

/** Returns a record as a line of an export. */
export function line(record: object): string {
  return `${JSON.stringify(record)}\n`;
}
