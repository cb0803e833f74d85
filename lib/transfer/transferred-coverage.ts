import sql, { join } from 'sql-template-tag';
import type { Metric } from '../catalog/metric.entity.js';
import { byText } from '../catalog/order.js';
import type { Database } from '../database/database.js';
import { query, type Work } from '../database/work.js';
import type { CoverageKind } from '../catalog/aggregates.js';
import { Coverage } from '../statistics/coverage.entity.js';
import type { DateRange } from '../statistics/date-range.js';
import { customScope, enclosingScope, objectScope, objectsScope, TOTAL_SCOPE } from '../statistics/scope.js';
import { refOf, type ScopeFilter } from '../statistics/scope-filter.js';
import type { LocalDate } from '../time/local-date.js';
import { Period } from '../time/period.js';

/** A coverage on its way from one database to another. */
export interface TransferredCoverage {
  readonly period: Period;
  /** see `statistics/scope.ts` */
  readonly scope: string;
  readonly from: LocalDate;
  /** null: open-ended, of increments */
  readonly through: LocalDate | null;
  readonly timeZone: string;
  readonly kind: CoverageKind;
  readonly fingerprint: string;
  /** milliseconds since the epoch; null for increments */
  readonly computedAt: number | null;
}

/** A coverage as it is stored, with its metric. */
export type StoredWholeCoverage = TransferredCoverage & { readonly metricId: number };

interface CoverageRow {
  metric_id: number;
  period: Period;
  scope: string;
  from_date: LocalDate;
  through_date: LocalDate | null;
  time_zone: string;
  kind: CoverageKind;
  fingerprint: string;
  computed_at: string | number | null;
}

/** The coverages of metrics, of every period and scope, in the order of their keys. */
export function* wholeCoverages(database: Database, metrics: readonly Metric[]): Work<StoredWholeCoverage[]> {
  const { dialect } = database;
  const table = database.table(Coverage);
  const found: CoverageRow[] = [];
  for (let start = 0; start < metrics.length; start += 500) {
    const ids = metrics.slice(start, start + 500).map(({ id }) => dialect.integer(id));
    found.push(
      ...(yield* query<CoverageRow>(sql`SELECT ${table.column('metricId')} AS metric_id, ${table.column('period')} AS period,
  ${table.column('scope')} AS scope, ${dialect.dateText(table.column('from'))} AS from_date,
  ${dialect.dateText(table.column('through'))} AS through_date, ${table.column('timeZone')} AS time_zone,
  ${table.column('kind')} AS kind, ${table.column('fingerprint')} AS fingerprint, ${table.column('computedAt')} AS computed_at
FROM ${table.path} WHERE ${table.column('metricId')} IN (${join(ids)}) AND ${table.column('from')} IS NOT NULL`)),
    );
  }
  return found
    .map((row) => ({
      metricId: row.metric_id,
      period: row.period,
      scope: row.scope,
      from: row.from_date,
      through: row.through_date,
      timeZone: row.time_zone,
      kind: row.kind,
      fingerprint: row.fingerprint,
      computedAt: row.computed_at === null ? null : Number(row.computed_at),
    }))
    .sort((a, b) => a.period - b.period || byText(a.scope, b.scope));
}

/** Whether a filter asks for all that a coverage's scope holds. */
export function isWhole({ table, alternatives, cells }: ScopeFilter, scope: string): boolean {
  switch (table.kind) {
    case 'total':
      return scope === TOTAL_SCOPE;
    case 'custom':
      return scope === customScope(table) && alternatives.some((values) => Object.keys(values).length === 0);
    case 'object':
      return cells === null
        ? alternatives.some(({ objectType }) => holdsType(scope, objectType as readonly string[] | undefined))
        : cells.some((cell) => scope === objectScope(refOf(cell)));
  }
}

/**
 * What is left of a coverage where only a range of its dates is taken along; null where nothing is, or where what
 * stands before the range would be needed to read what is in it.
 */
export function within(coverage: TransferredCoverage, { from, to }: DateRange): TransferredCoverage | null {
  const isCutBefore = from !== null && from > coverage.from;
  const isCutAfter = to !== null && (coverage.through === null || to < coverage.through);
  // a window or LIFETIME holds on from an earlier row, a calendar bucket begins before the date, increments have no end
  if (isCutBefore && coverage.period !== Period.DAY) return null;
  if (isCutAfter && coverage.through === null) return null;
  const kept = {
    ...coverage,
    from: isCutBefore ? from : coverage.from,
    through: isCutAfter ? to : coverage.through,
  };
  return kept.through !== null && kept.through < kept.from ? null : kept;
}

function holdsType(scope: string, types: readonly string[] | undefined): boolean {
  if (types === undefined) return scope.startsWith('objects:') || scope.startsWith('object:');
  return types.map(objectsScope).some((type) => scope === type || enclosingScope(scope) === type);
}
