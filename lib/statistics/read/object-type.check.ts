import { naturalKey } from '../../catalog/definitions.js';
import { storedParts } from '../../catalog/derived.js';
import { findMetrics } from '../../catalog/metric.query.js';
import { readScope } from '../../coverage/scope.js';
import type { Work } from '../../database/work.js';
import { InvalidObjectError } from '../../errors/statistic.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { nearest } from '../../validation/nearest.js';
import type { NormalFilter } from '../filter/filter.js';
import type { StatisticContext } from '../filter/statistic.context.js';
import { findPeriodsByType } from './stored-periods.query.js';

/**
 * Checks the object types of a read. One that is given as text may be misspelt, and would then read as unknown. It is
 * taken for that if nothing is stored under it, and a tracker of the metric counts objects of nearly the same type.
 *
 * @throws InvalidObjectError
 */
export function* checkObjectTypes(context: StatisticContext, filter: NormalFilter): Work<void> {
  const { database, owners } = context;
  const { scope } = filter;
  if (scope.table.kind !== 'object') return;
  const given = new Set(scope.alternatives.flatMap(({ objectType = [] }) => objectType.map(String)));
  for (const metric of filter.metrics.flatMap(storedParts)) {
    const counted = owners.ownedOf(naturalKey(metric)).flatMap((owned) => typeOf(owned.scope) ?? []);
    for (const type of given) {
      const meant = counted.includes(type) ? null : nearest(type, counted);
      if (meant === null) continue;
      const [stored = null] = yield* findMetrics(database, [metric]);
      const periods = stored === null ? [] : yield* findPeriodsByType(database, scope.table, [stored]);
      if (periods.some(({ objectType }) => objectType === type)) continue;
      throw new InvalidObjectError(
        type,
        `There are no statistics of ${naturalKey(metric)} for objects of this type. Did you mean ${shown(meant)}, as ` +
          `its trackers name them? Give the entity, objectRef(Customer, 5), or that type.`,
      );
    }
  }
}

function typeOf(scope: string): string | null {
  const read = readScope(scope);
  return read !== null && 'objectType' in read ? read.objectType : null;
}
