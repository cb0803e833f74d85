import type { Database } from '../../database/database.js';
import { InvalidDimensionError, IncompleteDimensionsError } from '../../errors/dimension.error.js';
import { InvalidFilterError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { Period } from '../../time/period.js';
import { isOptions } from '../../validation/check.js';
import type { EntityClass, ObjectRef, ObjectTarget } from './object-target.js';
import type { ObjectTypes } from './object-types.js';
import {
  customScope,
  enclosingScope,
  isOfObjects,
  objectScope,
  objectsScope,
  TOTAL_SCOPE,
} from '../../coverage/scope.js';
import {
  builtInTable,
  isBuiltIn,
  isStatisticClass,
  momentOfPeriod,
  type StatisticTable,
  statisticTableOf,
  storesPeriod,
} from '../tables/statistic-table.js';

/** The stored values of keys, by property. */
export type Cell = Readonly<Record<string, string | number>>;

/** For some keys, the stored values that they may have. A key that is left out may have any. */
export type KeyValues = Readonly<Record<string, readonly (string | number)[]>>;

/** The context that is needed to read a filter. */
export interface FilterContext {
  readonly database: Database;
  readonly objectTypes: ObjectTypes;
}

/** The rows of a table that a filter selects. */
export interface ScopeFilter {
  readonly table: StatisticTable;
  /** rows that match one of these; if empty, no rows */
  readonly alternatives: readonly KeyValues[];
  /** the cells that the filter names one by one, in its order; null for those that have rows */
  readonly cells: readonly Cell[] | null;
}

/**
 * Reads the scope of a filter.
 *
 * @param period null for every period
 * @throws InvalidFilterError, InvalidObjectError, InvalidDimensionError, InvalidDimensionValueError
 */
export function readScopeFilter(
  context: FilterContext,
  given: Readonly<Record<string, unknown>>,
  period: Period | null,
): ScopeFilter {
  const [key, ...others] = ['object', 'objects', 'objectType', 'entity'].filter((name) => name in given);
  if (others.length > 0) {
    throw new InvalidFilterError(`${[key, ...others].join(' and ')} are given together. Give one of them.`);
  }
  if ('dimensions' in given && key !== 'entity') {
    throw new InvalidFilterError('dimensions are given without entity, the custom statistic that they belong to.');
  }
  if (key === 'entity') return customFilter(context, given['entity'], given['dimensions'], period);
  const moment = period === null ? 'date' : momentOfPeriod(period);
  if (key === undefined) {
    return { table: builtInTable(context.database, 'total', moment), alternatives: [{}], cells: [{}] };
  }
  return objectsFilter(context, builtInTable(context.database, 'object', moment), key, given[key]);
}

/**
 * Returns the one cell that a filter names.
 *
 * @throws IncompleteDimensionsError, InvalidFilterError
 */
export function requireOneCell({ table, cells, alternatives }: ScopeFilter): Cell {
  const [cell] = cells ?? [];
  if (cell !== undefined && cells?.length === 1) return cell;
  if (table.kind === 'custom') {
    const all = table.keys.map(({ property }) => property);
    const missing = all.filter((property) => alternatives[0]?.[property]?.length !== 1);
    throw new IncompleteDimensionsError(table.entity.name, missing, all);
  }
  throw new InvalidFilterError(
    'This call reads or writes one value. Give one object as `object`, or none for the total.',
  );
}

/**
 * Checks that a filter names what top ranks.
 *
 * @throws InvalidFilterError for the total, which is one value
 */
export function checkRanked({ scope }: { readonly scope: Pick<ScopeFilter, 'table'> }): void {
  if (scope.table.kind !== 'total') return;
  throw new InvalidFilterError(
    'top ranks objects or dimensions, and none is named. Give objectType: Customer, or entity: OrdersByCountry.',
  );
}

/** Returns the scopes that the coverage of a cell can have, the most specific first. */
export function coverageScopes(table: StatisticTable, cell: Cell): readonly string[] {
  if (table.kind === 'total') return [TOTAL_SCOPE];
  if (table.kind === 'custom') return [customScope(table)];
  const ref = objectRefOf(cell);
  return [objectScope(ref), objectsScope(ref.type)];
}

/**
 * Returns the scopes that the rows of a filter can belong to, the widest first: all of a type, or the objects that it
 * names.
 */
export function filterScopes({ table, alternatives, cells }: ScopeFilter): readonly string[] {
  if (table.kind === 'total') return [TOTAL_SCOPE];
  if (table.kind === 'custom') return [customScope(table)];
  if (cells !== null) return cells.map((cell) => objectScope(objectRefOf(cell)));
  return alternatives.flatMap(({ objectType = [] }) => objectType.map((type) => objectsScope(String(type))));
}

/** Returns every scope under which the coverage of a filter's rows can be stored, those of its cells first. */
export function possibleScopes(filter: ScopeFilter): readonly string[] {
  const ofCells = (filter.cells ?? []).flatMap((cell) => coverageScopes(filter.table, cell));
  return [...new Set([...ofCells, ...filterScopes(filter)])];
}

/** True if a filter without dates selects all statistics of a coverage's scope. */
export function selectsScope({ table, alternatives, cells }: ScopeFilter, scope: string): boolean {
  switch (table.kind) {
    case 'total':
      return scope === TOTAL_SCOPE;
    case 'custom':
      return scope === customScope(table) && alternatives.some((values) => Object.keys(values).length === 0);
    case 'object':
      return cells === null
        ? alternatives.some(({ objectType }) => isOfTypes(scope, objectType))
        : cells.some((cell) => scope === objectScope(objectRefOf(cell)));
  }
}

/** Returns the object of a cell. */
export function objectRefOf(cell: Cell): ObjectRef {
  return { type: String(cell['objectType']), id: String(cell['objectId']) };
}

function isOfTypes(scope: string, types: KeyValues[string] | undefined): boolean {
  if (types === undefined) return isOfObjects(scope);
  const scopes = types.map((type) => objectsScope(String(type)));
  return scopes.includes(scope) || scopes.includes(enclosingScope(scope) ?? scope);
}

function objectsFilter(context: FilterContext, table: StatisticTable, key: string, given: unknown): ScopeFilter {
  if (key === 'objectType') {
    const type = context.objectTypes.checkType(given as EntityClass | string);
    return { table, alternatives: [{ objectType: [type] }], cells: null };
  }
  if (key === 'object') {
    const { type, id } = context.objectTypes.refOf(given as ObjectTarget);
    return {
      table,
      alternatives: [{ objectType: [type], objectId: [id] }],
      cells: [{ objectType: type, objectId: id }],
    };
  }
  if (!Array.isArray(given)) {
    throw new InvalidFilterError(`objects is ${shown(given)}. Expected an array of loaded entities or references.`);
  }
  const refs = (given as readonly ObjectTarget[]).map((target) => context.objectTypes.refOf(target));
  const idsByType = new Map<string, Set<string>>();
  for (const { type, id } of refs) idsByType.set(type, (idsByType.get(type) ?? new Set()).add(id));
  const alternatives = [...idsByType].map(([type, ids]) => ({ objectType: [type], objectId: [...ids] }));
  const cells = new Map(refs.map(({ type, id }) => [JSON.stringify([type, id]), { objectType: type, objectId: id }]));
  return { table, alternatives, cells: [...cells.values()] };
}

function customFilter(
  context: FilterContext,
  entity: unknown,
  dimensions: unknown,
  period: Period | null,
): ScopeFilter {
  // the others are named by the other keys of a filter
  if (!isStatisticClass(entity) || isBuiltIn(entity)) {
    throw new InvalidFilterError(
      `entity is ${shown(entity)}. Expected a custom statistic, a class that extends AbstractStatistic.`,
    );
  }
  const table = statisticTableOf(context.database, entity);
  if (period !== null) checkMoment(table, period);
  if (dimensions !== undefined && !isOptions(dimensions)) {
    throw new InvalidFilterError(
      `dimensions is ${shown(dimensions)}. Expected an object: { ${table.keys.map(({ property }) => `${property}: …`).join(', ')} }.`,
    );
  }
  const values = keyValues(table, dimensions ?? {});
  const isOne = table.keys.every(({ property }) => values[property]?.length === 1);
  const cell = Object.fromEntries(
    Object.entries(values).map(([property, [value]]) => [property, value as string | number]),
  );
  const isNone = Object.values(values).some(({ length }) => length === 0);
  return { table, alternatives: isNone ? [] : [values], cells: isOne ? [cell] : null };
}

/**
 * Checks that a table stores the values of a period.
 *
 * @throws InvalidFilterError
 */
export function checkMoment(table: StatisticTable, period: Period): void {
  if (storesPeriod(table, period)) return;
  throw new InvalidFilterError(
    `entity is ${table.entity.name}, and period is ${Period.nameOf(period)}. Periods of less than a day are stored in statistics ` +
      `that extend AbstractTimeStatistic, the others in those that extend AbstractStatistic.`,
  );
}

function keyValues({ entity, keys }: StatisticTable, dimensions: Readonly<Record<string, unknown>>): KeyValues {
  const unknownName = Object.keys(dimensions).find((name) => !keys.some(({ property }) => property === name));
  if (unknownName !== undefined) {
    throw new InvalidDimensionError(
      entity.name,
      unknownName,
      `${entity.name} has no dimension ${shown(unknownName)}. Its dimensions are ${keys.map(({ property }) => property).join(', ')}.`,
    );
  }
  const named = keys.filter(({ property }) => Object.hasOwn(dimensions, property));
  return Object.fromEntries(
    named.map((key) => {
      const value = dimensions[key.property];
      if (value === undefined)
        throw new InvalidFilterError(
          `The dimension ${key.property} is undefined. Leave it out for any value; null is a value.`,
        );
      const values: readonly unknown[] = Array.isArray(value) ? value : [value];
      return [key.property, [...new Set(values.map((one) => key.encode(one)))]];
    }),
  );
}

/** Narrows a scope to some of its cells. */
export function narrowScope(scope: ScopeFilter, cells: readonly Cell[]): ScopeFilter {
  const alternatives = cells.map((cell) =>
    Object.fromEntries(Object.entries(cell).map(([key, value]) => [key, [value]])),
  );
  return { ...scope, cells, alternatives };
}
