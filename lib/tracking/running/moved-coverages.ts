import type { CoverageKey, CoverageValues } from '../../coverage/coverage.js';
import { writeCoverages } from '../../coverage/coverage.store.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import type { RollupEntry } from '../../rollup/rollup-spec.js';
import { firstStored } from '../../rollup/stored-rows.js';
import { fromDayNumber, type LocalDate, shiftDay } from '../../time/local-date.js';
import type { PlannedPeriod } from '../source/run-plan.js';
import type { ResolvedEntry, ResolvedTracker } from '../source/tracker.resolver.js';
import type { Outdated } from './outdated.js';
import type { PreparedRun } from './prepared-run.js';

/** The coverages after a run, and what is then covered and older than `keep` says. */
export interface MovedCoverages {
  readonly some: (CoverageKey & CoverageValues)[];
  /** those before which the source has no rows */
  readonly whole: (CoverageKey & CoverageValues)[];
  readonly outdated: Outdated[];
}

/** Returns the coverages after a run. */
export function* movedCoverages(
  database: Database,
  tracker: ResolvedTracker,
  { spec, plan, coverage, options: { now } }: PreparedRun,
): Work<MovedCoverages> {
  const { timeZone } = tracker.definition;
  const moved: MovedCoverages = { outdated: [], some: [], whole: [] };
  for (const entry of spec.entries) {
    const { target, aggregate } = tracker.entries[entry.index] as ResolvedEntry;
    for (const planned of plan.entries[entry.index] ?? []) {
      const from = yield* coveredFrom(database, entry, planned);
      const { period, covered, keptFrom, isFirst, isAsked, endsEarly } = planned;
      // a range of earlier dates has counted nothing of the time since the last run
      const computedAt = (endsEarly ? coverage[entry.index]?.get(period)?.computedAt : null) ?? now;
      const key = { metricId: entry.metricId, period, scope: target.scope };
      const isWhole = isFirst && !isAsked && (keptFrom === null || covered.from > keptFrom);
      const values = { ...covered, from, timeZone, kind: aggregate.function, computedAt };
      (isWhole ? moved.whole : moved.some).push({ ...key, ...values });
      if (keptFrom !== null && from < keptFrom) moved.outdated.push({ entry, scope: target.scope, period, keptFrom });
    }
  }
  return moved;
}

/** Writes the coverages after a run. */
export function* writeMoved(database: Database, { some, whole }: MovedCoverages): Work<void> {
  yield* writeCoverages(database, some, false);
  yield* writeCoverages(database, whole, true);
}

/** Extends the coverage only if a lookback before it finds late rows there. */
function* coveredFrom(database: Database, entry: RollupEntry, planned: PlannedPeriod): Work<LocalDate> {
  const { coveredSince, covered } = planned;
  if (coveredSince === null) return covered.from;
  const first = yield* firstStored(database.dialect, entry, { ...planned, through: shiftDay(coveredSince, -1) });
  return first ?? fromDayNumber(coveredSince);
}
