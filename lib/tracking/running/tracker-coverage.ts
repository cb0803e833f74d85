import { coveredMetrics } from '../../coverage/covered-metrics.query.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import type { Period } from '../../time/period.js';
import { type ComputedRange, computedRanges } from '../source/covered-range.js';
import type { PlannedEntry } from '../source/run-plan.js';
import { fingerprintOf, type ResolvedEntry, type ResolvedTracker } from '../source/tracker.resolver.js';

/** The computed dates of each entry of a tracker, by period. */
export type ComputedEntries = readonly ReadonlyMap<Period, ComputedRange>[];

/** Reads what is computed of each entry of a tracker, in the order of its periods and without locking, in one statement. */
export function* readComputedRanges(database: Database, { entries }: ResolvedTracker): Work<ComputedEntries> {
  const metrics = entries.map(({ metric }) => metric);
  const { asked, coverages } = yield* coveredMetrics(database, metrics, null);
  return entries.map(({ target, periods }, index) => {
    const own = coverages.filter(({ scope, metricId }) => scope === target.scope && metricId === asked[index]?.id);
    return computedRanges(periods.flatMap((wanted) => own.filter(({ period }) => period === wanted)));
  });
}

/** Returns everything that is computed of a tracker. */
export function allComputed(entries: ComputedEntries): ComputedRange[] {
  return entries.flatMap((ranges) => [...ranges.values()]);
}

/** Returns the entries of a tracker with what is computed of them, for a plan. */
export function plannedEntries(tracker: ResolvedTracker, computed: ComputedEntries): PlannedEntry[] {
  return tracker.entries.map((entry, index) => ({
    ...entry,
    fingerprint: (period, timeZone) => fingerprintOf(tracker, entry, period, timeZone),
    coverage: computed[index] ?? new Map<Period, ComputedRange>(),
    beside: besideOf(tracker, computed, entry),
  }));
}

/** Returns the entry with the days of a metric, for one with its periods of less than a day. */
export function besideOf(
  { entries }: ResolvedTracker,
  computed: ComputedEntries,
  { alone, target }: ResolvedEntry,
): PlannedEntry['beside'] {
  if (target.statistic.moment === 'date') return undefined;
  const place = entries.findIndex((other) => other.alone === alone && other.target.statistic.moment === 'date');
  const days = entries[place];
  return days === undefined ? undefined : { periods: days.periods, coverage: computed[place] ?? new Map() };
}
