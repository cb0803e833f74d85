import type {
  CatalogMetric,
  DimensionsResource,
  ObjectResource,
  PeriodResource,
  ScopeResource,
} from '../../../http/resources.js';
import type { MetricAddress } from '../address.js';
import type { Query } from '../api.js';

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

/** An object or a group, as the interface has it. */
export interface ScopePart {
  readonly object?: ObjectResource | undefined;
  readonly dimensions?: DimensionsResource | undefined;
}

/** The id of an object or a group among those of its scope, and in the address: of a group its dimensions. */
export function partId({ object, dimensions = {} }: ScopePart): string {
  return object?.id ?? JSON.stringify(dimensions);
}

/** Requests one part of a scope by its `partId`. @param part null: none */
export function partQuery({ by }: ScopeOption, part: string | null): Query {
  return by.startsWith(STATISTIC) ? dimensionQuery(dimensionsIn(part)) : { object_id: part };
}

/** The address may be typed by hand: what is no group has no dimensions, which the interface then asks for. */
function dimensionsIn(part: string | null): DimensionsResource {
  try {
    const found: unknown = JSON.parse(part ?? '');
    return typeof found === 'object' && found !== null ? (found as DimensionsResource) : {};
  } catch {
    return {};
  }
}

export function dimensionQuery(dimensions: DimensionsResource | undefined): Query {
  const entries = Object.entries(dimensions ?? {});
  const nulls = entries.filter(([, value]) => value === null).map(([name]) => name);
  const known = entries
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [`dimension.${name}`, String(value)]);
  return { ...(Object.fromEntries(known) as Record<string, string>), null_dimension: nulls };
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
