import { startCoveragesAt } from '../../coverage/coverage.store.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import type { RollupEntry } from '../../rollup/rollup-spec.js';
import { carryTo, removeFirst } from '../../rollup/stored-rows.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';

/** Statistics of a period that are older than `keep` says. */
export interface Outdated {
  readonly entry: RollupEntry;
  readonly scope: string;
  readonly period: Period;
  /** the first date that is kept */
  readonly keptFrom: LocalDate;
}

/** The rows that one transaction removes, beside others of their last date: about half a second of a slow disk. */
const ROWS_A_STEP = 5_000;

/**
 * Removes some of the statistics that are not kept, the oldest first. The first step ends their coverage, so that dates of
 * which some rows are removed are not taken for complete, and carries the values of windows and LIFETIME to the first date
 * that is kept.
 *
 * If the process dies between two steps, the rest goes when the next date is no longer kept.
 */
export function* pruneStep(
  database: Database,
  { entry, scope, period, keptFrom }: Outdated,
  isFirst: boolean,
): Work<{ removed: number; isLast: boolean }> {
  const { dialect } = database;
  if (isFirst) {
    yield* carryTo(dialect, entry, { period }, keptFrom);
    yield* startCoveragesAt(database, { metricId: entry.metricId, period, scope }, keptFrom);
  }
  return yield* removeFirst(dialect, entry, { period }, { before: keptFrom, rows: ROWS_A_STEP });
}
