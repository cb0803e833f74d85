import type { CoveredDates, StoredCoverage } from '../coverage/coverage.js';
import { customScope, enclosingScope, isOfObjects, objectScope, objectsScope, TOTAL_SCOPE } from '../coverage/scope.js';
import { refOf, type ScopeFilter } from '../statistics/filter/scope-filter.js';

/** A coverage on its way from one database to another. */
export interface TransferredCoverage extends Omit<CoveredDates & StoredCoverage, 'metricId' | 'computedAt'> {
  /** milliseconds since the epoch; null for increments */
  readonly computedAt: number | null;
}

/** Returns a stored coverage in the form in which it is transferred. */
export function transferCoverage(coverage: StoredCoverage & CoveredDates): TransferredCoverage {
  const { period, scope, from, through, timeZone, kind, fingerprint, computedAt } = coverage;
  return { period, scope, from, through, timeZone, kind, fingerprint, computedAt: computedAt?.getTime() ?? null };
}

/** True if a filter asks for all that a coverage's scope holds. */
export function isWhole({ table, alternatives, cells }: ScopeFilter, scope: string): boolean {
  switch (table.kind) {
    case 'total':
      return scope === TOTAL_SCOPE;
    case 'custom':
      return scope === customScope(table) && alternatives.some((values) => Object.keys(values).length === 0);
    case 'object':
      return cells === null
        ? alternatives.some(({ objectType }) => holdsType(scope, objectType as readonly string[] | undefined))
        : cells.some((cell) => scope === objectScope(refOf(cell)));
  }
}

function holdsType(scope: string, types: readonly string[] | undefined): boolean {
  if (types === undefined) return isOfObjects(scope);
  return types.map(objectsScope).some((type) => scope === type || enclosingScope(scope) === type);
}
