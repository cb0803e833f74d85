import { shown } from '../../errors/trackstats.error.js';
import {
  type DimensionValue,
  type ObjectRef,
  type StatisticContext,
  type StatisticKey,
  type StatisticTable,
  statisticTablesOf,
} from '../../statistics/index.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import type { DimensionTexts } from '../parameters/parameters.pipe.js';

/** The parameters that select a scope of a metric. */
export interface ScopeQuery {
  readonly objectType?: string | undefined;
  readonly objectId?: string | readonly string[] | undefined;
  readonly statistic?: string | undefined;
  readonly dimensions: DimensionTexts;
}

/**
 * The scope of a request: the total, objects of a type (all or some), or a custom statistic of which some dimensions
 * are named.
 */
export type RequestScope =
  | { readonly kind: 'total' }
  | { readonly kind: 'objects'; readonly objectType: string; readonly objects: readonly ObjectRef[] }
  | {
      readonly kind: 'statistic';
      readonly table: StatisticTable;
      readonly dimensions: Readonly<Record<string, readonly DimensionValue[]>>;
    };

/** The name of a custom statistic in requests and responses: its table's, without prefix. */
export function statisticName({ table }: StatisticTable): string {
  return table.metadata.tableNameWithoutPrefix;
}

/** The custom statistics of the application. */
export function customStatistics({ database }: StatisticContext): readonly StatisticTable[] {
  return statisticTablesOf(database).filter(({ kind }) => kind === 'custom');
}

/**
 * Reads the scope that a request selects.
 *
 * @throws TrackstatsHttpException if parameters contradict each other, or name something that does not exist
 */
export function requestedScope(context: StatisticContext, query: ScopeQuery): RequestScope {
  const { objectType, statistic, dimensions } = query;
  const ids = [query.objectId ?? []].flat();
  if (statistic !== undefined && (objectType !== undefined || ids.length > 0)) {
    throw TrackstatsHttpException.badRequest(
      'statistic is given together with object_type or object_id. Give only one of them.',
    );
  }
  if (statistic === undefined && dimensions.size > 0) {
    throw TrackstatsHttpException.badRequest('dimensions are given without statistic, which they belong to.');
  }
  if (ids.length > 0 && objectType === undefined) {
    throw TrackstatsHttpException.badRequest('object_id is given without object_type, which it belongs to.');
  }
  if (statistic !== undefined) return customScope(context, statistic, dimensions);
  if (objectType === undefined) return { kind: 'total' };
  return { kind: 'objects', objectType, objects: ids.map((id) => ({ type: objectType, id })) };
}

/**
 * Checks that a request names what it ranks.
 *
 * @throws TrackstatsHttpException
 */
export function checkRanked({ objectType, statistic }: Pick<ScopeQuery, 'objectType' | 'statistic'>): void {
  if (objectType !== undefined || statistic !== undefined) return;
  throw TrackstatsHttpException.badRequest('object_type is missing (or statistic). Name what is ranked.');
}

/**
 * Checks that a scope is one value.
 *
 * @throws TrackstatsHttpException
 */
export function checkOne(scope: RequestScope): void {
  if (scope.kind === 'objects' && scope.objects.length !== 1) {
    throw TrackstatsHttpException.badRequest('object_id is missing. Name one object of object_type.');
  }
  if (scope.kind !== 'statistic') return;
  const names = scope.table.keys.map(({ property }) => property);
  const others = names.filter((name) => scope.dimensions[name]?.length !== 1);
  if (others.length === 0) return;
  throw TrackstatsHttpException.badRequest(
    `Give each dimension one value, ${others.map((name) => `dimension.${name}=…`).join(' and ')} ` +
      `(null_dimension=${others[0] ?? ''} where it is null).`,
  );
}

/** Returns a scope as keys of a filter, as StatisticService takes it. */
export function scopeFilter(scope: RequestScope): Readonly<Record<string, unknown>> {
  switch (scope.kind) {
    case 'total':
      return {};
    case 'objects': {
      const { objectType, objects } = scope;
      const [object] = objects;
      if (object === undefined) return { objectType };
      return objects.length === 1 ? { object } : { objects };
    }
    case 'statistic': {
      const isOne = scope.table.keys.every(({ property }) => scope.dimensions[property]?.length === 1);
      const dimensions = isOne
        ? Object.fromEntries(Object.entries(scope.dimensions).map(([name, [value]]) => [name, value]))
        : scope.dimensions;
      return { entity: scope.table.entity, dimensions };
    }
  }
}

function customScope(context: StatisticContext, name: string, texts: DimensionTexts): RequestScope {
  const all = customStatistics(context);
  const table = all.find((one) => statisticName(one) === name);
  if (table === undefined) {
    const known = all.map(statisticName).sort();
    throw TrackstatsHttpException.badRequest(
      `There is no custom statistic ${shown(name)}; there ${known.length > 0 ? `are ${known.join(', ')}` : 'is none'}.`,
    );
  }
  const unknown = [...texts.keys()].find((one) => !table.keys.some(({ property }) => property === one));
  if (unknown !== undefined) {
    const known = table.keys.map(({ property }) => property).join(', ');
    throw TrackstatsHttpException.badRequest(`${name} has no dimension ${shown(unknown)}; it has ${known}.`);
  }
  const named = table.keys.filter(({ property }) => texts.has(property));
  const dimensions = named.map((key) => [
    key.property,
    (texts.get(key.property) ?? []).map((given) => dimensionOf(key, given)),
  ]);
  return { kind: 'statistic', table, dimensions: Object.fromEntries(dimensions) as Record<string, DimensionValue[]> };
}

function dimensionOf({ property, type }: StatisticKey, given: string | null): DimensionValue {
  if (given === null || type === 'varchar' || type === 'date') return given;
  if (type === 'integer' && /^-?\d{1,15}$/.test(given)) return Number(given);
  if (type === 'boolean' && (given === 'true' || given === 'false')) return given === 'true';
  const expected = type === 'integer' ? 'a whole number' : 'true or false';
  throw TrackstatsHttpException.badRequest(`dimension.${property} is ${shown(given)}; expected ${expected}`);
}
