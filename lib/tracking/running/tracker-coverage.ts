import { coveredMetrics } from '../../coverage/coverage.store.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import type { Period } from '../../time/period.js';
import { type ComputedRange, computedRanges } from '../source/run-plan.js';
import type { ResolvedTracker } from '../source/tracker.resolver.js';

/** Reads what is computed of each period of a tracker, in the order of its periods and without locking, in one statement. */
export function* readComputedRanges(
  database: Database,
  { definition, target }: ResolvedTracker,
): Work<ReadonlyMap<Period, ComputedRange>> {
  const { coverages } = yield* coveredMetrics(database, [definition.metric], null);
  const own = coverages.filter(({ scope }) => scope === target.scope);
  return computedRanges(definition.periods.flatMap((wanted) => own.filter(({ period }) => period === wanted)));
}
