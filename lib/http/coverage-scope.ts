import { TOTAL_SCOPE } from '../statistics/scope.js';

/** What the scope of a stored coverage says. */
export type CoverageScope =
  | { readonly kind: 'total' }
  | { readonly kind: 'objects'; readonly objectType: string }
  | { readonly kind: 'object'; readonly objectType: string; readonly objectId: string }
  | { readonly kind: 'statistic'; readonly statistic: string };

const HASHED = /#[0-9a-f]{64}$/;

/** Reads the scope of a stored coverage; null where it is too long to be stored as it is, and so cannot be read. */
export function coverageScopeOf(scope: string): CoverageScope | null {
  if (scope === TOTAL_SCOPE) return { kind: 'total' };
  if (HASHED.test(scope)) return null;
  const [, kind, rest = ''] = /^(\w+):(.*)$/s.exec(scope) ?? [];
  if (kind === 'statistic') return { kind, statistic: rest };
  if (kind === 'objects') return { kind, objectType: unescaped(rest) };
  const [, type, id] = /^([^:]*):(.*)$/s.exec(rest) ?? [];
  if (kind !== 'object' || type === undefined || id === undefined) return null;
  return { kind, objectType: unescaped(type), objectId: id };
}

// only the percent sign and the colon are escaped in a type
function unescaped(type: string): string {
  return type.replaceAll('%3A', ':').replaceAll('%25', '%');
}
