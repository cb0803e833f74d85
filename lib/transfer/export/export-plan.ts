import {
  allDerived,
  allMetrics,
  derivedOf,
  findMetrics,
  storedParts,
  unstoredMetric,
  byText,
  findDomain,
  type Metric,
  metricsOfDomain,
  unknownDomain,
} from '../../catalog/index.js';
import type { Work } from '../../database/work.js';
import {
  calendarOf,
  findPeriods,
  readSeries,
  type DateRange,
  filterScopes,
  readMetrics,
  rowRange,
  type ScopeFilter,
  selectsScope,
  type StatisticContext,
  type StoredRow,
} from '../../statistics/index.js';
import { cutCoverage, hasDates, storedCoverages } from '../../coverage/index.js';
import { isTimePeriod, Period } from '../../time/period.js';
import type { CheckedExport } from './export-filter.js';
import { transferCoverage, type TransferredCoverage } from '../transferred-coverage.js';

/** The statistics that an export writes, metric by metric. */
export interface ExportPlan {
  readonly scope: ScopeFilter;
  /** null: every period */
  readonly periods: readonly Period[] | null;
  readonly metrics: readonly PlannedMetric[];
}

export interface PlannedMetric {
  readonly metric: Metric;
  /** a derived metric is computed if it is named, and otherwise only described: an import of its values is refused */
  readonly kind: 'stored' | 'computed' | 'described';
  readonly coverages: readonly TransferredCoverage[];
  /** the dates to export of a period; instants and `last` are in the zone of the metric's coverage */
  rangeOf(period: Period): DateRange;
  /** reads the values of one that is computed, in the order of an export */
  readonly compute: () => Work<StoredRow[]>;
}

/**
 * Finds what there is of an export's metrics, in the order of their keys.
 *
 * @throws UnknownMetricError, UnknownDomainError
 */
export function* exportPlan(context: StatisticContext, checked: CheckedExport, now: Date): Work<ExportPlan> {
  const { database } = context;
  const { periods, range, scope } = checked;
  const metrics = new Map((yield* metricsOf(context, checked)).map((metric) => [metric.key, metric]));
  const sorted = [...metrics.values()].sort((a, b) => byText(a.key, b.key));
  const isNamed = checked.metrics !== null && !('domain' in checked.metrics);
  const stored = sorted.filter((metric) => derivedOf(metric) === null);
  const coverages = byMetric(yield* storedCoverages(database, stored, null));
  const scopes = filterScopes(scope);
  return {
    scope,
    periods,
    metrics: sorted.map((metric) => {
      const rangeOf = (period: Period): DateRange => {
        const calendar = calendarOf(context, now, [metric], coverages.get(metric.id) ?? [], period, scopes);
        return rowRange(range, periods === null ? null : period, calendar);
      };
      const covered = (coverages.get(metric.id) ?? [])
        .filter(hasDates)
        .filter(({ period }) => !isTimePeriod(period))
        .sort((a, b) => a.period - b.period || byText(a.scope, b.scope))
        .filter(({ period }) => periods === null || periods.includes(period))
        .filter((coverage) => selectsScope(scope, coverage.scope))
        .map((coverage) => cutCoverage(coverage, rangeOf(coverage.period)))
        .filter((coverage) => coverage !== null);
      const kind = derivedOf(metric) === null ? 'stored' : isNamed ? 'computed' : 'described';
      const compute = (): Work<StoredRow[]> => computedRows(context, checked, metric, now);
      return { metric, kind, rangeOf, compute, coverages: covered.map(transferCoverage) };
    }),
  };
}

/** Computes a derived metric in the periods that are exported, or in those that all of its parts have. */
function* computedRows(
  context: StatisticContext,
  { periods, range, scope }: CheckedExport,
  metric: Metric,
  now: Date,
): Work<StoredRow[]> {
  const { database } = context;
  const parts = (yield* findMetrics(database, storedParts(metric))).filter((part) => part !== null);
  const stored = yield* findPeriods(database, scope.table, parts);
  const shared = [...new Set(stored.map(({ period }) => period))].filter((period) =>
    parts.every(({ id }) => stored.some((one) => one.metricId === id && one.period === period)),
  );
  const rows: StoredRow[] = [];
  for (const period of periods ?? shared.sort((a, b) => a - b)) {
    const all = yield* readSeries(context, { metrics: [metric.key], period, range, scope }, 'period', now);
    const values = all.flatMap(({ cell, points }) =>
      points.map(({ date, value }) => ({ metricId: metric.id, period, date, cell, value })),
    );
    rows.push(...values.filter(({ value }) => value !== null).sort((a, b) => byText(a.date, b.date)));
  }
  return rows;
}

/** Sorted once: to look through all coverages for each of thousands of metrics takes minutes. */
function byMetric<C extends { readonly metricId: number }>(coverages: readonly C[]): ReadonlyMap<number, readonly C[]> {
  const groups = new Map<number, C[]>();
  for (const coverage of coverages) {
    const group = groups.get(coverage.metricId);
    if (group === undefined) groups.set(coverage.metricId, [coverage]);
    else group.push(coverage);
  }
  return groups;
}

function* metricsOf(context: StatisticContext, { metrics }: CheckedExport): Work<readonly Metric[]> {
  const { database } = context;
  if (metrics === null) return [...(yield* allMetrics(database)), ...allDerived().map(unstoredMetric)];
  if (!('domain' in metrics)) {
    return (yield* readMetrics(context, metrics, Period.DAY)).asked.filter((metric) => metric !== null);
  }
  const domain = yield* findDomain(database, metrics.domain);
  if (domain === null) throw yield* unknownDomain(database, metrics.domain);
  const derived = allDerived().filter((metric) => metric.domain.ref === domain.ref);
  return [...(yield* metricsOfDomain(database, domain)), ...derived.map(unstoredMetric)];
}

/** Spells an export in a format. */
export interface ExportWriter {
  head(): string;
  /** the text before the rows of a metric */
  metric(planned: PlannedMetric): string;
  rows(metric: Metric, rows: readonly StoredRow[]): string;
}
