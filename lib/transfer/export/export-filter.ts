import { domainKeyOf, type DomainTarget, type MetricTarget } from '../../catalog/index.js';
import { InvalidFilterError } from '../../errors/statistic.error.js';
import {
  type AbstractStatistic,
  type AnyMetrics,
  builtInTable,
  builtInTables,
  checkFilterKeys,
  checkMoment,
  type CustomScope,
  type FilterContext,
  type FilterKey,
  type ObjectsScope,
  type Range,
  type RangeInput,
  readFilter,
  type ScopeFilter,
  type TotalScope,
} from '../../statistics/index.js';
import { checkPeriod, isTimePeriod, type Period } from '../../time/period.js';

/** Selects metrics to export: one, several, all of a domain, or all that are stored if none is named. */
export type ExportedMetrics =
  | (AnyMetrics & { domain?: never })
  | { domain: DomainTarget; metric?: never; metrics?: never }
  | { domain?: never; metric?: never; metrics?: never };

/** Selects objects of every type. */
export type AllObjectsScope = {
  objects: 'all';
  object?: never;
  objectType?: never;
  entity?: never;
  dimensions?: never;
};

/**
 * Selects statistics to export, as every read of StatisticService does. In addition it takes all metrics of a `domain`
 * or of the database, several periods (every one if none is named), and `objects: 'all'`.
 *
 * @example {} // the totals of everything
 * @example const filter: ExportFilter = { domain: 'shopping', period: [Period.DAY, Period.LIFETIME], objectType: Customer, from: '2026-01-01' };
 * @example const filter: ExportFilter<OrdersByRegion> = { metric: ORDERS, entity: OrdersByRegion, dimensions: { country: 'NL' } };
 */
export type ExportFilter<S extends AbstractStatistic = AbstractStatistic> = ExportedMetrics &
  Omit<Range, 'period'> & { period?: Period | readonly Period[] | undefined } & (
    TotalScope | ObjectsScope | AllObjectsScope | CustomScope<S>
  );

/** An export filter, checked as far as possible without the database. */
export interface CheckedExport {
  /** metrics, or all of a domain, or (null) all */
  readonly metrics: readonly MetricTarget[] | { readonly domain: DomainTarget } | null;
  /** null for every period */
  readonly periods: readonly Period[] | null;
  readonly range: RangeInput;
  /** the scope in each table that stores it: by date, and by time */
  readonly scopes: readonly ScopeFilter[];
}

const KEYS: readonly FilterKey[] = [
  'metric',
  'metrics',
  'period',
  'date',
  'from',
  'to',
  'last',
  'object',
  'objects',
  'objectType',
  'entity',
  'dimensions',
];

/**
 * Checks an export filter.
 *
 * @throws InvalidFilterError, and the errors of the values in the filter
 */
export function checkExport(context: FilterContext, filter: unknown): CheckedExport {
  const given = checkFilterKeys('TransferService.export', filter, KEYS, ['domain']);
  const { domain, period, ...rest } = given as { domain?: DomainTarget; period?: Period | readonly Period[] };
  if ('domain' in given && domain === undefined) {
    throw new InvalidFilterError(
      'domain is undefined, which would mean every domain: leave the key out on purpose, or give a domain.',
    );
  }
  const isNamed = 'metric' in rest || 'metrics' in rest;
  if (domain !== undefined && isNamed) {
    throw new InvalidFilterError('domain is given together with metric or metrics. Give only one of them.');
  }
  if (domain !== undefined) domainKeyOf(domain);
  const isAllObjects = 'objects' in rest && rest.objects === 'all';
  const { metrics, range, scope } = readFilter(context, {
    ...rest,
    ...(isNamed ? {} : { metrics: [] }),
    ...(isAllObjects ? { objects: [] } : {}),
  });
  const periods = periodsOf(period);
  const asked = isAllObjects ? allObjects(context) : scope;
  if (asked.table.kind === 'custom') for (const one of periods ?? []) checkMoment(asked.table, one);
  return {
    metrics: isNamed ? metrics : domain === undefined ? null : { domain },
    periods,
    range,
    scopes: [asked, ...timeScopes(context, asked, periods)],
  };
}

/**
 * The same scope by time, if that is asked for or there can be some. A custom statistic is stored in one way only.
 *
 * @throws MissingEntityError
 */
function timeScopes({ database }: FilterContext, scope: ScopeFilter, periods: readonly Period[] | null): ScopeFilter[] {
  const { kind } = scope.table;
  if (kind === 'custom') return [];
  if (periods?.some(isTimePeriod) === true) return [{ ...scope, table: builtInTable(database, kind, 'start') }];
  const stored = builtInTables(database).filter((table) => table.kind === kind && table.moment === 'start');
  return stored.map((table) => ({ ...scope, table }));
}

function allObjects({ database }: FilterContext): ScopeFilter {
  return { table: builtInTable(database, 'object', 'date'), alternatives: [{}], cells: null };
}

function periodsOf(given: Period | readonly Period[] | undefined): readonly Period[] | null {
  if (given === undefined) return null;
  const periods = typeof given === 'number' ? [given] : given;
  if (!Array.isArray(periods)) return [checkPeriod(periods)];
  // by code, as rows of every period are exported
  return [...new Set(periods.map((period: unknown) => checkPeriod(period)))].sort((a, b) => a - b);
}
