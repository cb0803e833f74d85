import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import type { DatabaseClock } from './database-clock.js';
import { Lease } from './lease.js';
import { readStates, takeLease, type BackfillMark, type LeaseRequest, type SharedState } from './lease.store.js';

/** Why a run was not begun: another process, or this one, is at it; its slot has been run; its time has not come by the database's clock. */
export type SkipReason = 'held' | 'done' | 'early';

/** A lease, with what was done in the transaction that took it. */
export interface Taken<T> {
  readonly lease: Lease;
  /** a backfill that was interrupted */
  readonly backfill: BackfillMark | null;
  readonly begun: T;
}

export interface NotTaken {
  readonly lease: null;
  readonly reason: SkipReason;
  /** milliseconds until the lease that is held runs out, unless it is renewed */
  readonly heldFor: number;
}

/** Gives this process the right to run a tracker, which no other process has at the same time. */
export class LeaseService {
  /** the host and process, as the history shows it */
  readonly host = `${hostname().slice(0, 200)}:${process.pid}`;
  private readonly process = `${this.host}:${randomBytes(6).toString('hex')}`;
  private taken = 0;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly options: ResolvedScheduling,
  ) {}

  /**
   * Takes the lease of a tracker, if nobody holds it and the slot is due and has not been run.
   *
   * @param begin what to do in the same transaction, given the lease's fence
   */
  async take<T>(
    request: Pick<LeaseRequest, 'name' | 'slot'>,
    begin: (fence: number) => Work<T>,
  ): Promise<Taken<T> | NotTaken> {
    const owner = `${this.process}:${++this.taken}`;
    const { lockAtMostFor } = this.options;
    const { state, begun } = await this.clock.compared(() =>
      this.database.transaction(
        function* (this: LeaseService) {
          const state = yield* takeLease(this.database, { ...request, owner, lockAtMostFor });
          const begun = state.owner === owner ? { value: yield* begin(state.fence) } : null;
          return { state, begun, now: state.now };
        }.bind(this),
        // the run's own transaction finds the lease gone if a crash has undone it
        { isProvisional: true },
      ),
    );
    if (begun === null) return { lease: null, ...refusal(state, request) };
    const held = { name: request.name, fence: state.fence, owner, takenAt: state.now };
    return { lease: new Lease(this.database, held, lockAtMostFor), backfill: state.backfill, begun: begun.value };
  }

  /** What the replicas share about trackers, by name; a tracker that never ran has nothing. */
  async states(names: readonly string[]): Promise<ReadonlyMap<string, SharedState>> {
    return new Map(await this.database.read(() => readStates(this.database, names)));
  }
}

function refusal(state: SharedState, { slot }: Pick<LeaseRequest, 'slot'>): Omit<NotTaken, 'lease'> {
  if (slot !== null && state.slot !== null && state.slot >= slot) return { reason: 'done', heldFor: 0 };
  const heldFor = (state.until ?? 0) - state.now;
  if (heldFor > 0) return { reason: 'held', heldFor };
  return { reason: slot !== null && slot > state.now ? 'early' : 'done', heldFor: 0 };
}
