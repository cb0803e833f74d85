import { allDerived, derivedOf, storedParts } from '../catalog/derived.js';
import { naturalKey } from '../catalog/definitions.js';
import { findMetrics } from '../catalog/metric.query.js';
import { overlap } from '../coverage/scope.js';
import type { Database } from '../database/database.js';
import { DefinitionConflictError } from '../errors/catalog.error.js';
import type { StatisticOwners } from '../statistics/tables/owners.js';
import { Period } from '../time/period.js';

/**
 * Checks the derived metrics of the application, when its trackers are known.
 *
 * @returns warnings: of parts that different trackers compute. They are of different times, so the value of an open
 * date is unknown
 * @throws CircularMetricError; DefinitionConflictError if a metric is stored under the key of a derived one
 */
export async function checkDerivedMetrics(database: Database, owners: StatisticOwners): Promise<readonly string[]> {
  const all = allDerived();
  const parts = new Map(all.map((metric) => [metric.key, storedParts(metric).map(naturalKey)]));
  // by entity: a key as text would find the derived metric
  const stored = all.length === 0 ? [] : await database.read(() => findMetrics(database, all));
  const taken = stored.find((metric) => metric !== null);
  if (taken != null) {
    throw new DefinitionConflictError(
      taken.key,
      { stored: taken.name },
      {
        derivedFrom: parts.get(taken.key),
        ...(derivedOf(taken.key)?.unit !== undefined && { unit: derivedOf(taken.key)?.unit }),
      },
    );
  }
  return [...parts].flatMap(([key, keys]) => warningOf(key, keys, owners) ?? []);
}

function warningOf(key: string, parts: readonly string[], owners: StatisticOwners): string | null {
  const owned = parts.flatMap((part) => owners.ownedOf(part).map((one) => ({ ...one, part })));
  for (const one of owned) {
    const other = owned.find(
      (two) =>
        two.part !== one.part &&
        two.period === one.period &&
        overlap(two.scope, one.scope) &&
        two.tracker !== one.tracker,
    );
    if (other === undefined) continue;
    return (
      `The derived metric ${key} is computed from ${one.part}, which the tracker ${one.tracker} computes, and from ` +
      `${other.part}, which ${other.tracker} computes (${Period.nameOf(one.period)}). Their runs see different times, so ` +
      `the value of an open date is null. Let one tracker compute both: ` +
      `@Track({ metrics: [{ metric: '${one.part}' }, { metric: '${other.part}' }], … }).`
    );
  }
  return null;
}
