import { expectedCoverages } from '../../coverage/coverage.check.js';
import type { LockedCoverages } from '../../coverage/coverage.lock.js';
import type { Database } from '../../database/database.js';
import type { LoneWrite, ReplaceCounts } from '../../database/dialects/dialect.js';
import { joinsDeferred, type Statement, statementsOf, type Work, withoutStatements } from '../../database/work.js';
import { loneRollup } from '../../rollup/rollup.js';
import type { ResolvedTracker } from '../source/tracker.resolver.js';
import { comparedBases, moveDrifts } from './lifetime-bases.js';
import { movedCoverages, writeMoved } from './moved-coverages.js';
import type { PreparedRun } from './prepared-run.js';
import type { RunOptions } from './run-options.js';
import type { TrackResult } from './track-result.js';

/** A run as one statement. */
export interface LoneRun {
  readonly range: Pick<TrackResult, 'tracker' | 'from' | 'through'>;
  readonly statementOf: (label: string | null) => Statement;
}

/**
 * Returns a run as one statement that commits by itself, for coverages as they were read. Returns null for a run that takes
 * several statements, or that does not begin: in a transaction it says why.
 */
export function loneRun(
  database: Database,
  tracker: ResolvedTracker,
  prepared: PreparedRun,
  locked: readonly LockedCoverages[],
  concludeAlone: NonNullable<RunOptions['concludeAlone']>,
): LoneRun | null {
  const { dialect } = database;
  const { spec, plan, isStaged } = prepared;
  if (isStaged) return null;
  if (comparedBases(tracker.definition, prepared).length > 0) return null;
  if (plan.entries.flat().some(({ lastKept }) => lastKept !== null)) return null;
  const moved = planned(movedCoverages(database, tracker, prepared));
  if (moved === null || moved.outdated.length > 0) return null;
  // a drift is written by a statement of its own
  if (withoutStatements(moveDrifts(database, tracker, prepared, [])) === null) return null;
  const replaced = loneRollup(dialect, spec);
  if (replaced === null) return null;
  const range = { tracker: tracker.definition.name, from: plan.from, through: plan.through };
  const writes = (counts: ReplaceCounts): LoneWrite[] =>
    [...statementsOf(writeMoved(database, moved)), ...statementsOf(concludeAlone({ ...range, ...counts }))].map(
      (statement) => ({ statement, isRequired: joinsDeferred(statement) }),
    );
  const expected = expectedCoverages(
    database,
    locked.flatMap(({ coverages }) => coverages),
  );
  return { range, statementOf: (label) => dialect.replaceAlone({ ...replaced, expected, writes, label }) };
}

/** Returns the result of a work that runs no statement, or null if it would run one, or fails. */
export function planned<T>(work: Work<T>): T | null {
  try {
    return withoutStatements(work)?.result ?? null;
  } catch {
    return null;
  }
}
