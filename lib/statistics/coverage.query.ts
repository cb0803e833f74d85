import sql, { empty, join, type Sql } from 'sql-template-tag';
import type { MetricTarget } from '../catalog/definitions.js';
import { Metric } from '../catalog/metric.entity.js';
import {
  inOrderOf,
  metricColumns,
  metricConditions,
  metricOf,
  type MetricRow,
  metricTables,
} from '../catalog/metric.query.js';
import type { Database } from '../database/database.js';
import { query, type Work } from '../database/work.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { CoverageKind } from '../catalog/aggregates.js';
import { Coverage } from './coverage.entity.js';

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

/** Metrics as they were asked for, with the coverages of those that are stored. */
export interface CoveredMetrics {
  readonly asked: readonly (Metric | null)[];
  readonly coverages: readonly StoredCoverage[];
}

/** Reads metrics and their coverages together, for one period or (null) for all. */
export function* coveredMetrics(
  database: Database,
  targets: readonly MetricTarget[],
  period: Period | null,
): Work<CoveredMetrics> {
  const table = database.table(Coverage);
  const ofPeriod = period === null ? empty : sql`AND c.${table.column('period')} = ${database.dialect.integer(period)}`;
  const metric = sql`m.${database.table(Metric).column('id')}`;
  const found = new Map<number, Metric>();
  const coverages: StoredCoverage[] = [];
  for (const condition of metricConditions(database, targets)) {
    const rows = yield* query<MetricRow & (CoverageRow | { scope: null })>(
      sql`SELECT ${metricColumns(database)}, ${coverageColumns(database, sql`c.`)}
FROM ${metricTables(database)} LEFT JOIN ${table.path} c ON c.${table.column('metricId')} = ${metric} ${ofPeriod} WHERE ${condition}`,
    );
    for (const row of rows) {
      if (!found.has(row.id)) found.set(row.id, metricOf(row));
      if (row.scope !== null) coverages.push(storedCoverage(row));
    }
  }
  return { asked: inOrderOf(targets, [...found.values()]), coverages };
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
  const ofPeriod = period === null ? empty : sql`AND ${table.column('period')} = ${dialect.integer(period)}`;
  const rows = yield* query<CoverageRow>(sql`SELECT ${coverageColumns(database, empty)}
FROM ${table.path} WHERE ${table.column('metricId')} IN (${join(ids)}) ${ofPeriod}`);
  return rows.map(storedCoverage);
}

function coverageColumns(database: Database, prefix: Sql): Sql {
  const { dialect } = database;
  const table = database.table(Coverage);
  const column = (property: string): Sql => sql`${prefix}${table.column(property)}`;
  return sql`${column('metricId')} AS metric_id, ${column('period')} AS period, ${column('scope')} AS scope,
  ${dialect.dateText(column('from'))} AS from_date, ${dialect.dateText(column('through'))} AS through_date,
  ${column('timeZone')} AS time_zone, ${column('kind')} AS kind, ${column('computedAt')} AS computed_at`;
}

function storedCoverage(row: CoverageRow): StoredCoverage {
  return {
    metricId: row.metric_id,
    period: row.period as Period,
    scope: row.scope,
    from: row.from_date,
    through: row.through_date,
    timeZone: row.time_zone,
    kind: row.kind as CoverageKind,
    computedAt: row.computed_at === null ? null : new Date(Number(row.computed_at)),
  };
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
