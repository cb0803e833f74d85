import { isDeepStrictEqual } from 'node:util';
import { byText } from '../../catalog/order.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import type { CoveredMetrics } from '../../coverage/covered-metrics.query.js';
import type { Work } from '../../database/work.js';
import type { LiveRows, LiveSpec } from '../../rollup/live-sql.js';
import { fromDayNumber } from '../../time/local-date.js';
import type { ResolvedEntry } from '../source/tracker.resolver.js';
import type { PlannedTracker } from './live.planner.js';

/** The coverages of what is read, as a run now would leave them. */
export function* coveragesAfter(
  planned: readonly PlannedTracker[],
  specs: readonly LiveSpec[],
  covered: CoveredMetrics,
  rows: LiveRows,
): Work<StoredCoverage[]> {
  const coverages: StoredCoverage[] = [];
  for (const [place, { tracker, planned: one, now }] of planned.entries()) {
    for (const entry of specs[place]?.expressions.spec.entries ?? []) {
      const { target, aggregate } = tracker.entries[entry.index] as ResolvedEntry;
      const periods = one.plan.entries[entry.index] ?? [];
      for (const [at, { period, covered: dates, coveredSince }] of periods.entries()) {
        const computed = entry.periods[at];
        const late =
          coveredSince === null || computed === undefined
            ? null
            : yield* rows.firstFresh(entry, computed, coveredSince);
        coverages.push({
          metricId: entry.metricId,
          period,
          scope: target.scope,
          from: late ?? (coveredSince === null ? dates.from : fromDayNumber(coveredSince)),
          through: dates.through,
          timeZone: tracker.definition.timeZone,
          kind: aggregate.function,
          fingerprint: dates.fingerprint,
          computedAt: now,
          isWhole: false,
          drift: [],
        });
      }
    }
  }
  return coverages;
}

/** False of a metric that is not stored yet, or has been removed. */
export function isStored({ asked }: CoveredMetrics): boolean {
  return asked.every((metric) => metric !== null && metric.id > 0);
}

/** True if two reads have found the same metrics and coverages, in whatever order. */
export function isSame(some: CoveredMetrics, others: CoveredMetrics): boolean {
  return isDeepStrictEqual(inOrder(some), inOrder(others));
}

function inOrder({ asked, coverages }: CoveredMetrics): CoveredMetrics {
  return { asked, coverages: [...coverages].sort((a, b) => a.period - b.period || byText(a.scope, b.scope)) };
}
