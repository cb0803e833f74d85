import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Cancellation } from '../database/cancellation.js';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import { DatabaseNotRespondingError } from '../errors/database.error.js';
import { LeaseLostError } from '../errors/run.error.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import type { DatabaseClock } from './database-clock.js';
import { Lease } from './lease.js';
import {
  readStates,
  takeLease,
  type BackfillMark,
  type HeldLease,
  type LeaseEnd,
  type LeaseRequest,
  type SharedState,
} from './lease.store.js';

/**
 * The reason why a run did not start. `held`: another process, or this one, is running the tracker; `done`: its slot
 * has been run; `early`: its time has not come by the database's clock.
 */
export type SkipReason = 'held' | 'done' | 'early';

/** A lease, with what was done in the transaction that took it. */
export interface Held<T> {
  readonly lease: Lease;
  /** a backfill that was interrupted */
  readonly backfill: BackfillMark | null;
  readonly begun: T;
}

/** A task to do under a lease. */
export interface HeldTask<T, R> {
  /** in the transaction that takes the lease, given its fence */
  begin(fence: number): Work<T>;
  /** under the lease, which its last transaction gives back */
  run(held: Held<T>): Promise<R>;
  /** in the transaction that gives back the lease of a task that failed */
  fail(held: Held<T>, error: unknown): Work<LeaseEnd>;
}

export interface NotTaken {
  readonly lease: null;
  readonly reason: SkipReason;
  /** milliseconds until the other lease ends, unless it is renewed */
  readonly heldFor: number;
}

type Taken<T> =
  | { readonly held: null; readonly refusal: NotTaken }
  | { readonly held: HeldLease; readonly state: SharedState; readonly begun: T };

/** The longest time, in milliseconds, for recording a failed run and giving back its lease. A shutdown waits for it. */
const GIVE_BACK_LIMIT = 2_000;

/** Gives this process the right to run a tracker, which no other process has at the same time. */
export class LeaseService {
  /** the host and process, as the history stores it */
  readonly host = `${hostname().slice(0, 200)}:${process.pid}`;
  private readonly process = `${this.host}:${randomBytes(6).toString('hex')}`;
  private taken = 0;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly options: ResolvedScheduling,
  ) {}

  /**
   * Takes the lease of a tracker, if it is free and the slot is due and was not run, and does a task under it. The
   * lease ends with the task: it is given back, or left to end by itself if the database does not answer or another
   * process has taken over.
   *
   * @param signals stop the wait for the lease
   */
  async hold<T, R>(
    request: Pick<LeaseRequest, 'name' | 'slot'>,
    signals: readonly (AbortSignal | undefined)[],
    task: HeldTask<T, R>,
  ): Promise<R | NotTaken> {
    const taken = await this.take(request, signals, task);
    if (taken.held === null) return taken.refusal;
    const { state, begun } = taken;
    const lease = new Lease(this.database, taken.held, this.options.lockAtMostFor);
    const held: Held<T> = { lease, backfill: state.backfill, begun };
    try {
      lease.keep();
      return await task.run(held);
    } catch (error) {
      await this.giveBack(lease, error, () => task.fail(held, error));
      throw error;
    } finally {
      lease.end();
    }
  }

  private async take<T>(
    request: Pick<LeaseRequest, 'name' | 'slot'>,
    signals: readonly (AbortSignal | undefined)[],
    task: Pick<HeldTask<T, unknown>, 'begin'>,
  ): Promise<Taken<T>> {
    const owner = `${this.process}:${++this.taken}`;
    const { lockAtMostFor } = this.options;
    const limits = {
      signals,
      // a lease that comes later has run out already
      timeout: lockAtMostFor,
      onTimeout: (ms: number) => new DatabaseNotRespondingError(this.database.name, ms),
    };
    const { state, begun } = await this.clock.compared(() =>
      Cancellation.of(limits, (cancellation) =>
        this.database.transaction(
          function* (this: LeaseService) {
            const state = yield* takeLease(this.database, { ...request, owner, lockAtMostFor });
            const begun = state.owner === owner ? { value: yield* task.begin(state.fence) } : null;
            return { state, begun, now: state.now };
          }.bind(this),
          // the run's own transaction finds the lease gone if a crash has undone it
          { isProvisional: true, cancellation },
        ),
      ),
    );
    if (begun === null) return { held: null, refusal: { lease: null, ...refusal(state, request) } };
    return { held: { name: request.name, fence: state.fence, owner, takenAt: state.now }, state, begun: begun.value };
  }

  /**
   * Ignores errors of its own: the task's error is the one that counts, and a database that made the task fail may fail
   * here too.
   */
  private async giveBack(lease: Lease, error: unknown, end: () => Work<LeaseEnd>): Promise<void> {
    const limits = {
      timeout: GIVE_BACK_LIMIT,
      onTimeout: (ms: number) => new DatabaseNotRespondingError(this.database.name, ms),
      grace: 0,
    };
    try {
      await Cancellation.of(limits, (cancellation) =>
        this.database.transaction(
          function* (): Work<void> {
            const given = yield* end();
            if (!(error instanceof LeaseLostError)) yield* lease.release(given);
          },
          { cancellation },
        ),
      );
    } catch {
      // the lease runs out, and the history shows the run as lost
    }
  }

  /** Returns the state that replicas share about trackers, by name. A tracker that never ran has none. */
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
