import { createHash } from 'node:crypto';
import type { ObjectRef } from './object-target.js';
import type { StatisticTable } from './statistic-table.js';

const LONGEST = 400;

/** The scope of totals. */
export const TOTAL_SCOPE = '';

/** The scope of all objects of a type. */
export function objectsScope(type: string): string {
  return bounded(`objects:${escaped(type)}`);
}

/** The scope of one object. */
export function objectScope({ type, id }: ObjectRef): string {
  const scope = `object:${escaped(type)}:${id}`;
  return scope.length <= LONGEST ? scope : bounded(`object:${escaped(type)}:#${sha256(id)}`);
}

/** The scope of a custom statistic: its whole table. */
export function customScope({ table }: Pick<StatisticTable, 'table'>): string {
  return bounded(`statistic:${table.metadata.tableNameWithoutPrefix}`);
}

/** The scope of all objects of the type to which the scope of one object belongs; null for every other scope. */
export function enclosingScope(scope: string): string | null {
  const type = /^object:([^:]*):/s.exec(scope)?.[1];
  return type === undefined ? null : `objects:${type}`;
}

// so that the colon after the type is the first one
function escaped(type: string): string {
  return type.replace(/[%:]/g, encodeURIComponent);
}

function bounded(scope: string): string {
  return scope.length <= LONGEST ? scope : `${scope.slice(0, LONGEST - 65)}#${sha256(scope)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
