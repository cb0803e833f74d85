import { allMetrics, byText, findDomain, type Metric, metricsOfDomain, unknownDomain } from '../../catalog/index.js';
import type { Work } from '../../database/work.js';
import {
  calendarOf,
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
import { Period } from '../../time/period.js';
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
  readonly coverages: readonly TransferredCoverage[];
  /** the dates to export of a period; instants and `last` are in the zone of the metric's coverage */
  rangeOf(period: Period): DateRange;
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
  const coverages = byMetric(yield* storedCoverages(database, sorted, null));
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
        .sort((a, b) => a.period - b.period || byText(a.scope, b.scope))
        .filter(({ period }) => periods === null || periods.includes(period))
        .filter((coverage) => selectsScope(scope, coverage.scope))
        .map((coverage) => cutCoverage(coverage, rangeOf(coverage.period)))
        .filter((coverage) => coverage !== null);
      return { metric, rangeOf, coverages: covered.map(transferCoverage) };
    }),
  };
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
  if (metrics === null) return yield* allMetrics(database);
  if (!('domain' in metrics)) return (yield* readMetrics(context, metrics, Period.DAY)).stored;
  const domain = yield* findDomain(database, metrics.domain);
  if (domain === null) throw yield* unknownDomain(database, metrics.domain);
  return yield* metricsOfDomain(database, domain);
}

/** Spells an export in a format. */
export interface ExportWriter {
  head(): string;
  /** the text before the rows of a metric */
  metric(planned: PlannedMetric): string;
  rows(metric: Metric, rows: readonly StoredRow[]): string;
}
