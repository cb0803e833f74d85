import sql, { join } from 'sql-template-tag';
import type { Metric } from '../catalog/metric.entity.js';
import type { Database } from '../database/database.js';
import { query, type Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import { Coverage, type CoverageKind } from './coverage.entity.js';

/** A coverage as it is stored. */
export interface StoredCoverage {
  readonly metricId: number;
  readonly period: Period;
  readonly scope: string;
  /** null before the first run has ended */
  readonly from: LocalDate | null;
  /** null: open-ended, or not yet run */
  readonly through: LocalDate | null;
  readonly timeZone: string;
  readonly kind: CoverageKind;
  readonly computedAt: Date | null;
}

interface CoverageRow {
  metric_id: number;
  period: number;
  scope: string;
  from_date: string | null;
  through_date: string | null;
  time_zone: string;
  kind: string;
  computed_at: string | number | null;
}

/** The coverages of metrics, for one period or (null) for all. */
export function* storedCoverages(
  database: Database,
  metrics: readonly Metric[],
  period: Period | null,
): Work<readonly StoredCoverage[]> {
  if (metrics.length === 0) return [];
  const { dialect } = database;
  const table = database.table(Coverage);
  const ids = [...new Set(metrics.map(({ id }) => id))].map((id) => dialect.integer(id));
  const ofPeriod = period === null ? sql`1 = 1` : sql`${table.column('period')} = ${dialect.integer(period)}`;
  const rows =
    yield* query<CoverageRow>(sql`SELECT ${table.column('metricId')} AS metric_id, ${table.column('period')} AS period,
  ${table.column('scope')} AS scope, ${dialect.dateText(table.column('from'))} AS from_date,
  ${dialect.dateText(table.column('through'))} AS through_date, ${table.column('timeZone')} AS time_zone,
  ${table.column('kind')} AS kind, ${table.column('computedAt')} AS computed_at
FROM ${table.path} WHERE ${table.column('metricId')} IN (${join(ids)}) AND ${ofPeriod}`);
  return rows.map((row) => ({
    metricId: row.metric_id,
    period: row.period as Period,
    scope: row.scope,
    from: row.from_date,
    through: row.through_date,
    timeZone: row.time_zone,
    kind: row.kind as CoverageKind,
    computedAt: row.computed_at === null ? null : new Date(Number(row.computed_at)),
  }));
}

/** The coverage of a metric's period under the first of some scopes that has one. */
export function coverageIn(
  coverages: readonly StoredCoverage[],
  metric: Metric,
  period: Period,
  scopes: readonly string[],
): StoredCoverage | null {
  for (const scope of scopes) {
    const found = coverages.find((one) => one.metricId === metric.id && one.period === period && one.scope === scope);
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * The zone in which a metric's dates are: that of its coverage under the first of some scopes, else under any scope,
 * for the period first; undefined where it has none.
 */
export function zoneIn(
  coverages: readonly StoredCoverage[],
  metrics: readonly Metric[],
  period: Period,
  scopes: readonly string[],
): string | undefined {
  for (const metric of metrics) {
    const own = coverages.filter(({ metricId }) => metricId === metric.id);
    const ofPeriod = own.filter((one) => one.period === period);
    const best = coverageIn(ofPeriod, metric, period, scopes) ?? ofPeriod[0] ?? own[0];
    if (best !== undefined) return best.timeZone;
  }
  return undefined;
}
