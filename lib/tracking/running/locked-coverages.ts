import { isDeepStrictEqual } from 'node:util';
import { naturalKey } from '../../catalog/definitions.js';
import {
  coveragesValue,
  type LockedCoverages,
  lockCoverages,
  readCoveragesValue,
  type WantedCoverages,
} from '../../coverage/coverage.lock.js';
import type { Database } from '../../database/database.js';
import type { Statement, Work } from '../../database/work.js';
import type { ResolvedEntry, ResolvedTracker } from '../source/tracker.resolver.js';

/** The coverages of a tracker, and the value of a statement that has them. */
export interface CoverageRead {
  readonly wanted: readonly WantedCoverages[];
  readonly value: Statement;
}

/** Coverages as a statement has read them, when the run was recorded. */
export interface ReadCoverages {
  readonly read: CoverageRead;
  readonly value: unknown;
}

/** The coverages of a tracker's entries, in one order, so that two runs cannot wait for each other. */
interface WantedInOrder {
  readonly inOrder: readonly WantedCoverages[];
  /** the place of each among the entries */
  readonly places: readonly number[];
}

/** Returns the coverages of the entries of a tracker that is run. */
export function wantedOf({ entries }: ResolvedTracker): WantedInOrder {
  const order = entries
    .map(({ metric, target: { scope } }, index) => ({ index, key: `${naturalKey(metric)} ${scope}` }))
    .sort((a, b) => (a.key === b.key ? a.index - b.index : a.key < b.key ? -1 : 1));
  const inOrder = order.map(({ index }) => {
    const { metric, periods, target, aggregate } = entries[index] as ResolvedEntry;
    return { metric, periods, scope: target.scope, kind: aggregate.function };
  });
  return { inOrder, places: order.map(({ index }) => index) };
}

/** Returns coverages in the order of the entries. */
function inPlaces({ places }: WantedInOrder, inOrder: readonly LockedCoverages[]): LockedCoverages[] {
  const found: LockedCoverages[] = [];
  for (const [place, index] of places.entries()) found[index] = inOrder[place] as LockedCoverages;
  return found;
}

/** Locks the coverages of all entries of a tracker, and returns them in the order of the entries. */
export function* lockTracked(database: Database, tracker: ResolvedTracker): Work<LockedCoverages[]> {
  const wanted = wantedOf(tracker);
  return inPlaces(wanted, yield* lockCoverages(database, wanted.inOrder));
}

/** Returns the coverages of a tracker as a value that a statement reads, without a lock. */
export function coverageReadOf(database: Database, wanted: CoverageRead['wanted']): CoverageRead {
  return { wanted, value: coveragesValue(database, wanted) };
}

/**
 * Returns what a statement has read, in the order of the entries. Returns null if the tracker covers something else by now:
 * a source that is found at each run may be of another entity, whose objects have another scope.
 */
export function lockedAsRead(
  database: Database,
  tracker: ResolvedTracker,
  { read, value }: ReadCoverages,
): LockedCoverages[] | null {
  const wanted = wantedOf(tracker);
  if (typeof value !== 'string' || !isDeepStrictEqual(wanted.inOrder, read.wanted)) return null;
  const locked = readCoveragesValue(database, wanted.inOrder, value);
  return locked === null ? null : inPlaces(wanted, locked);
}
