import { createHash } from 'node:crypto';
import type { Table } from '../database/table.js';

/**
 * The scope of a coverage as text, which names the statistics of a metric that it covers. Only this file writes and reads
 * it.
 */

const LONGEST = 400;
const HASHED = /#[0-9a-f]{64}$/;

/** A scope as it is read: the total, all objects of a type, one object, or a custom statistic. */
export type CoverageScope =
  | { readonly kind: 'total' }
  | { readonly kind: 'objects'; readonly objectType: string }
  | { readonly kind: 'object'; readonly objectType: string; readonly objectId: string }
  | { readonly kind: 'statistic'; readonly statistic: string };

/** The scope of totals. */
export const TOTAL_SCOPE = '';

/** Returns the scope of all objects of a type. */
export function objectsScope(type: string): string {
  return bounded(`objects:${escaped(type)}`);
}

/** Returns the scope of one object. */
export function objectScope({ type, id }: { readonly type: string; readonly id: string }): string {
  const scope = `object:${escaped(type)}:${id}`;
  return scope.length <= LONGEST ? scope : bounded(`object:${escaped(type)}:#${sha256(id)}`);
}

/** Returns the scope of a custom statistic, which is its whole table. */
export function customScope({ table }: { readonly table: Table }): string {
  return statisticScope(table.metadata.tableNameWithoutPrefix);
}

/** Returns for the scope of one object that of all objects of its type, and null for other scopes. */
export function enclosingScope(scope: string): string | null {
  const type = /^object:([^:]*):/s.exec(scope)?.[1];
  return type === undefined ? null : `objects:${type}`;
}

/** Reads a stored scope. Returns null if it was too long to be stored whole. */
export function readScope(scope: string): CoverageScope | null {
  if (scope === TOTAL_SCOPE) return { kind: 'total' };
  if (HASHED.test(scope)) return null;
  const [, kind, rest = ''] = /^(\w+):(.*)$/s.exec(scope) ?? [];
  if (kind === 'statistic') return { kind, statistic: rest };
  if (kind === 'objects') return { kind, objectType: unescaped(rest) };
  const [, type, id] = /^([^:]*):(.*)$/s.exec(rest) ?? [];
  if (kind !== 'object' || type === undefined || id === undefined) return null;
  return { kind, objectType: unescaped(type), objectId: id };
}

/** Returns the text of a scope, as it is stored. */
export function writeScope(scope: CoverageScope): string {
  switch (scope.kind) {
    case 'total':
      return TOTAL_SCOPE;
    case 'objects':
      return objectsScope(scope.objectType);
    case 'object':
      return objectScope({ type: scope.objectType, id: scope.objectId });
    case 'statistic':
      return statisticScope(scope.statistic);
  }
}

/** True if a scope is of one object, or of all objects of a type. */
export function isOfObjects(scope: string): boolean {
  return scope.startsWith('objects:') || scope.startsWith('object:');
}

/** True if two scopes share statistics. */
export function overlap(a: string, b: string): boolean {
  return a === b || enclosingScope(a) === b || enclosingScope(b) === a;
}

function statisticScope(name: string): string {
  return bounded(`statistic:${name}`);
}

// so that the colon after the type is the first one
function escaped(type: string): string {
  return type.replace(/[%:]/g, encodeURIComponent);
}

// only the percent sign and the colon are escaped
function unescaped(type: string): string {
  return type.replaceAll('%3A', ':').replaceAll('%25', '%');
}

function bounded(scope: string): string {
  return scope.length <= LONGEST ? scope : `${scope.slice(0, LONGEST - 65)}#${sha256(scope)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
