import type { CatalogMetric, PeriodResource, ScopeResource } from '../../../http/resources.js';
import type { MetricAddress } from '../address.js';

/** One way to show a metric: its total, or by what it is counted for. */
export interface ScopeOption {
  /** the value of `by` in the address; '' for the total */
  readonly by: string;
  readonly label: string;
  /** the query that requests it from the interface */
  readonly query: Readonly<Record<string, string>>;
  readonly periods: readonly PeriodResource[];
}

/** An address of which everything is known to exist. */
export interface ChosenScope {
  readonly scope: ScopeOption;
  readonly period: PeriodResource;
}

const STATISTIC = 'statistic:';

/** The ways to show a metric, the total first. */
export function scopesOf({ scopes }: CatalogMetric): ScopeOption[] {
  const found = new Map<string, ScopeOption>();
  for (const scope of scopes.map(scopeOf)) {
    const known = found.get(scope.by);
    found.set(scope.by, known === undefined ? scope : { ...known, periods: united(known.periods, scope.periods) });
  }
  return [...found.values()]
    .filter(({ periods }) => periods.length > 0)
    .sort((a, b) => Number(a.by > b.by) - Number(a.by < b.by));
}

/** Returns the scope that an address asks for, if it exists. Returns null if the metric has no statistics. */
export function chosen(scopes: readonly ScopeOption[], { by, period }: MetricAddress): ChosenScope | null {
  const scope = scopes.find((one) => one.by === (by ?? '')) ?? scopes[0];
  const periods = scope?.periods ?? [];
  const found = periods.find(({ name }) => name === period) ?? periods.find(({ name }) => name === 'DAY') ?? periods[0];
  return scope === undefined || found === undefined ? null : { scope, period: found };
}

function scopeOf(scope: ScopeResource): ScopeOption {
  const { periods } = scope;
  switch (scope.kind) {
    case 'total':
      return { by: '', label: 'Total', query: {}, periods };
    case 'objects':
      return byType(scope.objectType, periods);
    case 'object':
      return byType(scope.object.type, periods);
    case 'statistic': {
      const { statistic, dimensions } = scope;
      const label = `By ${dimensions.map(({ name }) => name).join(', ')}`;
      return { by: `${STATISTIC}${statistic}`, label, query: { statistic }, periods };
    }
  }
}

function byType(type: string, periods: readonly PeriodResource[]): ScopeOption {
  return { by: type, label: `By ${type.replaceAll('_', ' ')}`, query: { object_type: type }, periods };
}

function united(some: readonly PeriodResource[], others: readonly PeriodResource[]): PeriodResource[] {
  return [...some, ...others.filter(({ name }) => !some.some((one) => one.name === name))];
}
