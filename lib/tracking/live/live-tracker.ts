import { naturalKey } from '../../catalog/definitions.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import type { CoveredMetrics } from '../../coverage/covered-metrics.query.js';
import type { LiveExpressions } from '../../rollup/live-sql.js';
import type { RollupSpec, SourceScan } from '../../rollup/rollup-spec.js';
import type { Cell } from '../../statistics/filter/scope-filter.js';
import type { Owned } from '../../statistics/tables/owners.js';
import type { Period } from '../../time/period.js';
import type { RunPlan } from '../source/run-plan.js';
import type { ResolvedEntry, ResolvedTracker } from '../source/tracker.resolver.js';

/** Statistics of a metric that a live read computes. */
export type Wanted = Omit<Owned, 'tracker'> & { readonly metricKey: string };

/** A tracker with the periods of each entry that a live read computes. */
export interface LiveTracker {
  readonly tracker: ResolvedTracker;
  readonly asked: readonly (readonly Period[])[];
  readonly last: LastRead;
}

/** The last read of a tracker's statistics, for the next one. */
export interface LastRead {
  /** its plan, for the same coverage and local date */
  plan: LivePlan | null;
  /** of one series: its metric and coverage */
  covered: CoveredMetrics | null;
  durationMs: number;
}

/** The part of a live read that does not depend on its instant: the dates to compute, and the scans of the source. */
export interface LivePlan {
  /** everything that the plan was made of, besides the definition */
  readonly madeOf: string;
  /** true if nothing is stored yet of a part of it. Only then the plan depends on rows of the source */
  readonly isFirst: boolean;
  readonly plan: RunPlan;
  readonly scans: readonly (SourceScan | null)[];
  /** what is read of all cells, made for the first read in one database */
  spec: RollupSpec | null;
  /** by cell, or all of them, what was read last */
  readonly parts: Map<string, LivePart>;
}

/** The part of a plan that a read computes: all cells, or one. */
export interface LivePart {
  /** null: all */
  readonly cell: Cell | null;
  readonly scans: readonly (SourceScan | null)[];
  /** made for the first read in one database */
  expressions: LiveExpressions | null;
}

/**
 * A tracker with what is read of it. A metric that shares its scan with none that is read has a scan of its own, in
 * which its conditions choose rows, as an index may.
 */
export function liveTracker(tracker: ResolvedTracker, wanted: readonly Wanted[]): LiveTracker {
  const asked = tracker.entries.map(({ metric, target, periods }) =>
    periods.filter((period) =>
      wanted.some((one) => one.metricKey === naturalKey(metric) && one.scope === target.scope && one.period === period),
    ),
  );
  const sources = [...tracker.sources];
  const entries = tracker.entries.map((entry, index): ResolvedEntry => {
    const isAlone = tracker.entries.every(
      ({ place }, other) => other === index || place !== entry.place || asked[other]?.length === 0,
    );
    const [measure] = entry.alone.measures;
    if (asked[index]?.length === 0 || !isAlone || measure === undefined) return entry;
    return { ...entry, place: sources.push(entry.alone) - 1, sourceOf: entry.alone, measure };
  });
  return { tracker: { ...tracker, sources, entries }, asked, last: { plan: null, covered: null, durationMs: 0 } };
}

export function metricOf(
  { metric }: Pick<ResolvedEntry, 'metric'>,
  { asked }: CoveredMetrics,
): CoveredMetrics['asked'][number] {
  const key = naturalKey(metric);
  return asked.find((found) => found?.key === key) ?? null;
}

export function coveragesOf({ metric, target, periods }: ResolvedEntry, covered: CoveredMetrics): StoredCoverage[] {
  const id = metricOf({ metric }, covered)?.id;
  return covered.coverages.filter(
    ({ metricId, scope, period }) => metricId === id && scope === target.scope && periods.includes(period),
  );
}
