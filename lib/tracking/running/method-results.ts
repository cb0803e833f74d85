import { naturalKey } from '../../catalog/definitions.js';
import type { Database } from '../../database/database.js';
import { DuplicateTrackerError, InvalidResultError } from '../../errors/tracker.error.js';
import type { ObjectRef, ObjectTarget } from '../../statistics/filter/object-target.js';
import type { ObjectTypes } from '../../statistics/filter/object-types.js';
import type { StatisticOwners } from '../../statistics/tables/owners.js';
import { cellId } from '../../statistics/read/rows.query.js';
import {
  requireOneCell,
  objectRefOf,
  readScopeFilter,
  type Cell,
  type KeyValues,
} from '../../statistics/filter/scope-filter.js';
import { objectScope, objectsScope, TOTAL_SCOPE } from '../../coverage/scope.js';
import {
  builtInTable,
  momentOfPeriod,
  statisticTableOf,
  type StatisticTable,
} from '../../statistics/tables/statistic-table.js';
import { storedValue } from '../../statistics/filter/statistic-value.js';
import type { MethodDefinition } from '../definition/define-method.js';

/** The rows that one table should have today, or in the current bucket of a period of less than a day. */
export interface ResultRows {
  readonly table: StatisticTable;
  /** by `cellId` */
  readonly rows: ReadonlyMap<string, { readonly cell: Cell; readonly value: string | null }>;
  /** the keys of the rows that this method owns */
  readonly within: KeyValues;
  /** true if this method may remove a stored row that it did not return */
  readonly mayRemove: (cell: Cell) => boolean;
}

const ALWAYS = (): boolean => true;

/** Reads the results of methods with @Track. */
export class MethodResults {
  constructor(
    private readonly database: Database,
    private readonly objectTypes: ObjectTypes,
    private readonly owners: StatisticOwners,
  ) {}

  /**
   * Returns the rows of a method's result by table. Returns no table if the result is `undefined`.
   *
   * @throws InvalidResultError, InvalidValueError, InvalidObjectError, InvalidDimensionValueError,
   * DuplicateTrackerError
   */
  of(definition: MethodDefinition, returned: unknown): ResultRows[] {
    if (returned === undefined) return [];
    const { name, object, statistic } = definition;
    if (statistic !== null) return [this.byDimensions(definition, listOf(name, returned, `{ dimensions, value }`))];
    if (Array.isArray(returned)) {
      if (object === null) return this.byObject(definition, returned);
      throw new InvalidResultError(
        name,
        returned,
        'Its option object says whose value it is: expected one value, not a list.',
      );
    }
    if (object === null) return [this.total(definition, returned)];
    const { type, id } = this.objectTypes.refOf(object);
    const cell = { objectType: type, objectId: id };
    return [this.oneRow(this.tableOf(definition, 'object'), cell, returned)];
  }

  private total(definition: MethodDefinition, value: unknown): ResultRows {
    return this.oneRow(this.tableOf(definition, 'total'), {}, value);
  }

  private tableOf({ period }: MethodDefinition, kind: 'total' | 'object'): StatisticTable {
    return builtInTable(this.database, kind, momentOfPeriod(period));
  }

  private oneRow(table: StatisticTable, cell: Cell, value: unknown): ResultRows {
    const within = Object.fromEntries(Object.entries(cell).map(([key, only]) => [key, [only]]));
    return {
      table,
      rows: new Map([[cellId(table, cell), { cell, value: storedValue(value) }]]),
      within,
      mayRemove: ALWAYS,
    };
  }

  private byDimensions(definition: MethodDefinition, items: readonly unknown[]): ResultRows {
    const context = { database: this.database, objectTypes: this.objectTypes };
    const entity = definition.statistic as NonNullable<MethodDefinition['statistic']>;
    const table = statisticTableOf(this.database, entity);
    const rows = rowsOf(definition.name, table, items, 'dimensions', (dimensions) =>
      requireOneCell(readScopeFilter(context, { entity, dimensions }, null)),
    );
    return { table, rows, within: {}, mayRemove: ALWAYS };
  }

  /** An empty list ends today's rows of every scope; other lists name objects. */
  private byObject(definition: MethodDefinition, items: readonly unknown[]): ResultRows[] {
    const table = this.tableOf(definition, 'object');
    const rows = rowsOf(definition.name, table, items, 'object', (object) => {
      const { type, id } = this.objectTypes.refOf(object as ObjectTarget);
      return { objectType: type, objectId: id };
    });
    for (const { cell } of rows.values()) this.own(definition, objectRefOf(cell));
    const mayRemove = (cell: Cell): boolean => this.otherOwner(definition, objectScope(objectRefOf(cell))) === null;
    const byObject = { table, rows, within: {}, mayRemove };
    if (rows.size > 0 || this.otherOwner(definition, TOTAL_SCOPE) !== null) return [byObject];
    return [byObject, { table: this.tableOf(definition, 'total'), rows: new Map(), within: {}, mayRemove: ALWAYS }];
  }

  private own(definition: MethodDefinition, ref: ObjectRef): void {
    const { name, metric, period } = definition;
    const key = naturalKey(metric);
    const owner = this.owners.ownerOf(key, period, objectScope(ref));
    if (owner === undefined) this.owners.own(key, [period], objectsScope(ref.type), name);
    else if (owner !== name) {
      throw new DuplicateTrackerError(
        `Tracker ${name}: the method returned a value for an object of type ${ref.type}, whose statistics of ${key} the tracker ${owner} computes. ` +
          `Nothing was recorded. Give one of them a metric of its own.`,
      );
    }
  }

  private otherOwner({ name, metric, period }: MethodDefinition, scope: string): string | null {
    const owner = this.owners.ownerOf(naturalKey(metric), period, scope);
    return owner === undefined || owner === name ? null : owner;
  }
}

function listOf(tracker: string, returned: unknown, row: string): readonly unknown[] {
  if (Array.isArray(returned)) return returned;
  throw new InvalidResultError(tracker, returned, `Expected a list of ${row}, or undefined for nothing to record.`);
}

function rowsOf(
  tracker: string,
  table: StatisticTable,
  items: readonly unknown[],
  key: 'object' | 'dimensions',
  cellOf: (named: unknown) => Cell,
): Map<string, { cell: Cell; value: string | null }> {
  const rows = new Map<string, { cell: Cell; value: string | null }>();
  for (const item of items) {
    const { [key]: named, value, ...rest } = (item ?? {}) as Record<string, unknown>;
    if (named === undefined || named === null || value === undefined || Object.keys(rest).length > 0) {
      throw new InvalidResultError(tracker, item, `Expected rows { ${key}, value } and nothing else in them.`);
    }
    const cell = cellOf(named);
    const id = cellId(table, cell);
    if (rows.has(id)) throw new InvalidResultError(tracker, item, `Two of its rows are for the same ${key}: ${id}.`);
    rows.set(id, { cell, value: storedValue(value) });
  }
  return rows;
}
