import sql, { empty, join } from 'sql-template-tag';
import { Metric } from '../catalog/metric.entity.js';
import type { Database } from '../database/database.js';
import { query, type Work } from '../database/work.js';
import type { StatisticTable } from '../statistics/statistic-table.js';
import type { Period } from '../time/period.js';

/** A period in which a metric has rows in a table. */
export interface StoredPeriod {
  readonly metricId: number;
  readonly period: Period;
  /** of by-object statistics */
  readonly objectType: string | null;
}

interface StoredRow {
  metric_id: number;
  period: number;
  object_type: string | null;
}

/**
 * The periods in which metrics have rows in a table of statistics; of by-object statistics, with the types of objects.
 * It jumps along the primary key from one period (and type) to the next, so that it costs by their number and not by
 * that of the rows.
 */
export function* storedPeriods(
  database: Database,
  statistic: StatisticTable,
  metrics: readonly Metric[],
): Work<StoredPeriod[]> {
  if (metrics.length === 0) return [];
  const { table, kind } = statistic;
  const types = kind === 'object';
  const [period, type] = [sql`s.${table.column('period')}`, types ? sql`s.${table.column('objectType')}` : empty];
  const where = sql`FROM ${table.path} s WHERE s.${table.column('metricId')} = `;
  const metric = database.table(Metric);
  const ids = join(metrics.map(({ id }) => database.dialect.integer(id)));
  const periods = sql`trackstats_periods (metric_id, period) AS (
  SELECT m.${metric.column('id')}, (SELECT MIN(${period}) ${where} m.${metric.column('id')}) FROM ${metric.path} m WHERE m.${metric.column('id')} IN (${ids})
  UNION ALL
  SELECT p.metric_id, (SELECT MIN(${period}) ${where} p.metric_id AND ${period} > p.period)
  FROM trackstats_periods p WHERE p.period IS NOT NULL
)`;
  const objectTypes = sql`trackstats_types (metric_id, period, object_type) AS (
  SELECT p.metric_id, p.period, (SELECT MIN(${type}) ${where} p.metric_id AND ${period} = p.period)
  FROM trackstats_periods p WHERE p.period IS NOT NULL
  UNION ALL
  SELECT t.metric_id, t.period, (SELECT MIN(${type}) ${where} t.metric_id AND ${period} = t.period AND ${type} > t.object_type)
  FROM trackstats_types t WHERE t.object_type IS NOT NULL
)`;
  const rows = yield* query<StoredRow>(
    types
      ? sql`WITH RECURSIVE ${periods}, ${objectTypes} SELECT metric_id, period, object_type FROM trackstats_types WHERE object_type IS NOT NULL`
      : sql`WITH RECURSIVE ${periods} SELECT metric_id, period, NULL AS object_type FROM trackstats_periods WHERE period IS NOT NULL`,
  );
  return rows.map((row) => ({
    metricId: row.metric_id,
    period: row.period as Period,
    objectType: row.object_type,
  }));
}
