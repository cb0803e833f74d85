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
  type Calendar,
  calendarOf,
  findPeriodsIn,
  momentOfPoint,
  type RangeInput,
  type StartRange,
  startsOf,
  type StatisticTable,
  storesPeriod,
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
import { cutCoverage, hasDates, type StoredCoverage, storedCoverages } from '../../coverage/index.js';
import type { Database } from '../../database/database.js';
import { groupBy } from '../../database/groups.js';
import { addDays, type LocalDate } from '../../time/local-date.js';
import { isTimePeriod, Period } from '../../time/period.js';
import { localDateAt, startOfDay } from '../../time/time-zone.js';
import type { CheckedExport } from './export-filter.js';
import { transferCoverage, type TransferredCoverage } from '../transferred-coverage.js';

/** The statistics that an export writes, metric by metric. */
export interface ExportPlan {
  /** the scope in each table that stores it: by date, and by time */
  readonly scopes: readonly ScopeFilter[];
  /** null: every period */
  readonly periods: readonly Period[] | null;
  readonly metrics: readonly PlannedMetric[];
  /** true if there may be rows of less than a day */
  readonly hasTimes: boolean;
}

/** A row of an export. One of less than a day has its start, as text with the offset of the zone. */
export interface ExportRow extends StoredRow {
  readonly start?: string;
}

export interface PlannedMetric {
  readonly metric: Metric;
  /** a derived metric is computed if it is named, and otherwise only described: an import of its values is refused */
  readonly kind: 'stored' | 'computed' | 'described';
  readonly coverages: readonly TransferredCoverage[];
  /** the dates or starts to export of a period; dates, instants and `last` are in the zone of the metric's coverage */
  rangeOf(period: Period): DateRange | StartRange;
  /** the zone of the dates of a period */
  zoneOf(period: Period): string;
  /** reads the values of one that is computed, in the order of an export */
  readonly compute: () => Work<ExportRow[]>;
}

/**
 * Finds what there is of an export's metrics, in the order of their keys.
 *
 * @throws UnknownMetricError, UnknownDomainError
 */
export function* exportPlan(context: StatisticContext, checked: CheckedExport, now: Date): Work<ExportPlan> {
  const { database } = context;
  const { periods, range, scopes: scopeFilters } = checked;
  const metrics = new Map((yield* metricsOf(context, checked)).map((metric) => [metric.key, metric]));
  const sorted = [...metrics.values()].sort((a, b) => byText(a.key, b.key));
  const isNamed = checked.metrics !== null && !('domain' in checked.metrics);
  const stored = sorted.filter((metric) => derivedOf(metric) === null);
  // grouped once: to look through all coverages for each of thousands of metrics takes minutes
  const coverages: ReadonlyMap<number, readonly StoredCoverage[]> = groupBy(
    yield* storedCoverages(database, stored, null),
    ({ metricId }) => metricId,
  );
  const scopes = scopeFilters.flatMap(filterScopes);
  const hasTimes = periods?.some(isTimePeriod) ?? (yield* haveTimes(database, scopeFilters, stored));
  return {
    scopes: scopeFilters,
    periods,
    hasTimes,
    metrics: sorted.map((metric) => {
      const calendarIn = (period: Period): Calendar =>
        calendarOf(context, now, [metric], coverages.get(metric.id) ?? [], period, scopes);
      const zoneOf = (period: Period): string => calendarIn(period).timeZone;
      const datesOf = (period: Period): DateRange =>
        rowRange(range, periods === null ? null : period, calendarIn(period));
      const rangeOf = (period: Period): DateRange | StartRange => {
        if (!isTimePeriod(period)) return datesOf(period);
        // without a period, `last` counts days
        const input = periods === null && range.last !== undefined ? boundsOf(datesOf(period)) : range;
        return startsOf({ period, range: input }, zoneOf(period), now);
      };
      // an instant that has no date is an error before the stream begins
      for (const period of periods ?? [Period.DAY]) rangeOf(period);
      const coveredDates = (period: Period): DateRange =>
        isTimePeriod(period) ? wholeDates(rangeOf(period) as StartRange, zoneOf(period)) : datesOf(period);
      const covered = (coverages.get(metric.id) ?? [])
        .filter(hasDates)
        .sort((a, b) => a.period - b.period || byText(a.scope, b.scope))
        .filter(({ period }) => periods === null || periods.includes(period))
        .filter(({ scope, period }) =>
          scopeFilters.some((one) => storesPeriod(one.table, period) && selectsScope(one, scope)),
        )
        .map((coverage) => cutCoverage(coverage, coveredDates(coverage.period)))
        .filter((coverage) => coverage !== null);
      const kind = derivedOf(metric) === null ? 'stored' : isNamed ? 'computed' : 'described';
      const compute = (): Work<ExportRow[]> => computedRows(context, checked, metric, now);
      return { metric, kind, rangeOf, zoneOf, compute, coverages: covered.map(transferCoverage) };
    }),
  };
}

/** The table whose keys the rows of an export have. The same scope by time has the same keys. */
export function keyTable({ scopes }: ExportPlan): StatisticTable {
  return (scopes[0] as ScopeFilter).table;
}

/** Returns the scope in the table that stores the values of a period; undefined: none does. */
export function scopeOf(scopes: readonly ScopeFilter[], period: Period): ScopeFilter | undefined {
  return scopes.find(({ table }) => storesPeriod(table, period));
}

function* haveTimes(database: Database, scopes: readonly ScopeFilter[], metrics: readonly Metric[]): Work<boolean> {
  const tables = tablesOf(scopes).filter(({ moment }) => moment === 'start');
  return (yield* findPeriodsIn(database, tables, metrics)).length > 0;
}

function tablesOf(scopes: readonly ScopeFilter[]): StatisticTable[] {
  return scopes.map(({ table }) => table);
}

function boundsOf({ from, to }: DateRange): RangeInput {
  return { ...(from !== null && { from }), ...(to !== null && { to }) };
}

/** The dates of which all buckets are in a range: coverage is of dates. */
function wholeDates({ parts }: StartRange, zone: string): DateRange {
  const [start, end] = [parts.at(0)?.from ?? null, parts.at(-1)?.to ?? null];
  const dateAt = (second: number): LocalDate => localDateAt(new Date(second * 1000), zone);
  const isFirst = (second: number): boolean => startOfDay(dateAt(second), zone).getTime() === second * 1000;
  // the end is the first second that is not in it any more
  return {
    from: start === null ? null : isFirst(start) ? dateAt(start) : addDays(dateAt(start), 1),
    to: end === null ? null : addDays(dateAt(end), -1),
  };
}

/** Computes a derived metric in the periods that are exported, or in those that all of its parts have. */
function* computedRows(
  context: StatisticContext,
  { periods, range, scopes }: CheckedExport,
  metric: Metric,
  now: Date,
): Work<ExportRow[]> {
  const { database } = context;
  const parts = (yield* findMetrics(database, storedParts(metric))).filter((part) => part !== null);
  const stored = yield* findPeriodsIn(database, tablesOf(scopes), parts);
  const shared = [...new Set(stored.map(({ period }) => period))].filter((period) =>
    parts.every(({ id }) => stored.some((one) => one.metricId === id && one.period === period)),
  );
  const rows: ExportRow[] = [];
  for (const period of periods ?? shared.sort((a, b) => a - b)) {
    const scope = scopeOf(scopes, period);
    if (scope === undefined) continue;
    const all = yield* readSeries(context, { metrics: [metric.key], period, range, scope }, 'period', now);
    const values = all.flatMap(({ cell, points }) =>
      points.map((point) => ({ metricId: metric.id, period, ...momentOfPoint(point), cell, value: point.value })),
    );
    rows.push(...values.filter(({ value }) => value !== null).sort(byMoment));
  }
  return rows;
}

function byMoment(a: ExportRow, b: ExportRow): number {
  if (a.start === undefined || b.start === undefined) return byText(a.date, b.date);
  return Date.parse(a.start) - Date.parse(b.start);
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
  rows(metric: Metric, rows: readonly ExportRow[]): string;
}
