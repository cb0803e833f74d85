import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Sql } from 'sql-template-tag';
import { Cancellation } from '../database/cancellation.js';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import { DatabaseNotRespondingError } from '../errors/database.error.js';
import { LeaseLostError } from '../errors/run.error.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import type { ScrubState } from '../tracking/running/tracker.scrubber.js';
import type { DatabaseClock } from './database-clock.js';
import { Lease } from './lease.js';
import {
  readStates,
  takeAndRecord,
  takeLease,
  type BackfillMark,
  type LeaseEnd,
  type LeaseRequest,
  type RunInsert,
  type SharedState,
  type TakenLease,
} from './lease.store.js';

/**
 * The reason why a run did not start. `held`: another process, or this one, is running the tracker; `done`: its slot
 * has been run; `early`: its time has not come by the database's clock.
 */
export type SkipReason = 'held' | 'done' | 'early';

/** A task to do under a lease. */
export interface LeasedTask<R> {
  /** records the run, in the transaction that takes the lease, and returns the id of the run */
  record(fence: number): Work<number>;
  /** returns the statement that does so, given the fence as an expression and a FROM item that has it, if it is one */
  readonly recordOf?: (fence: Sql, from: Sql) => RunInsert;
  /** runs under the lease. Its last transaction gives the lease back */
  run(context: LeaseContext): Promise<R>;
  /** records that the task failed, in the transaction that gives the lease back */
  fail(context: LeaseContext, error: unknown): Work<LeaseEnd>;
}

/** The lease under which a task runs, and what was read and recorded when it was taken. */
export interface LeaseContext {
  readonly lease: Lease;
  /** a backfill that was interrupted */
  readonly backfill: BackfillMark | null;
  /** how far closed dates were compared with the source */
  readonly scrub: ScrubState;
  readonly runId: number;
  /** the value of `LeaseRequest.beside`; undefined where it was not read */
  readonly beside: unknown;
}

/** The outcome of a task that needs a lease: its result, or the reason why it did not get the lease. */
export type LeaseOutcome<R> = { readonly kind: 'succeeded'; readonly result: R } | LeaseRefusal;

interface LeaseRefusal {
  readonly kind: 'skipped';
  readonly reason: SkipReason;
  /** milliseconds until the other lease ends, unless it is renewed */
  readonly leaseEndsIn: number;
}

/** Milliseconds for recording a failed run and giving back its lease. A shutdown waits for it. */
const RELEASE_TIMEOUT = 2_000;

/** Gives this process the right to run a tracker, which no other process has at the same time. */
export class LeaseService {
  /** the host and process, as the history stores it */
  readonly host = `${hostname().slice(0, 200)}:${process.pid}`;
  private readonly process = `${this.host}:${randomBytes(6).toString('hex')}`;
  /** number of leases that this process has asked for; makes the owner of each unique */
  private requests = 0;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly options: ResolvedScheduling,
  ) {}

  /**
   * Takes the lease of a tracker, if it is free and the slot is due and was not run, and runs a task under it. The
   * lease ends with the task. It is given back, or runs out if the database does not answer or another process has
   * taken over.
   *
   * @param signals stop the wait for the lease
   */
  async runUnderLease<R>(
    request: Pick<LeaseRequest, 'name' | 'slot' | 'beside'>,
    signals: readonly (AbortSignal | undefined)[],
    task: LeasedTask<R>,
  ): Promise<LeaseOutcome<R>> {
    const taken = await this.take(request, signals, task);
    if ('kind' in taken) return taken;
    const { lease } = taken;
    try {
      lease.scheduleHeartbeat();
      return { kind: 'succeeded', result: await task.run(taken) };
    } catch (error) {
      await this.releaseAfterFailure(lease, error, () => task.fail(taken, error));
      throw error;
    } finally {
      lease.stopHeartbeats();
    }
  }

  /** Returns the state that replicas share about trackers, by name. A tracker that never ran has none. */
  async states(names: readonly string[]): Promise<ReadonlyMap<string, SharedState>> {
    return new Map(await this.database.read(() => readStates(this.database, names)));
  }

  private async take(
    request: Pick<LeaseRequest, 'name' | 'slot' | 'beside'>,
    signals: readonly (AbortSignal | undefined)[],
    task: Pick<LeasedTask<unknown>, 'record' | 'recordOf'>,
  ): Promise<LeaseContext | LeaseRefusal> {
    const owner = `${this.process}:${++this.requests}`;
    const { lockAtMostFor } = this.options;
    const limits = {
      signals,
      // a lease that comes later has run out already
      timeout: lockAtMostFor,
      onTimeout: (ms: number) => new DatabaseNotRespondingError(this.database.name, ms),
    };
    const wanted = { ...request, owner, lockAtMostFor };
    const { state, runId, beside } = await this.clock.compareWith(() =>
      Cancellation.of(limits, async (cancellation) => {
        const { recordOf } = task;
        const taken =
          recordOf === undefined ? null : await takeAndRecord(this.database, wanted, recordOf, cancellation);
        if (taken !== null) return { ...taken, now: taken.state.now };
        return this.database.transaction<Taken>(
          function* (this: LeaseService) {
            const state = yield* takeLease(this.database, wanted);
            const runId = state.owner === owner ? yield* task.record(state.fence) : null;
            return { state, runId, beside: undefined, now: state.now };
          }.bind(this),
          // need not reach the disk: if a crash undoes it, the run's own transaction finds the lease gone
          { isProvisional: true, cancellation },
        );
      }),
    );
    if (runId === null) return refusal(state, request);
    const taken: TakenLease = { name: request.name, fence: state.fence, owner, takenAt: state.now };
    return {
      lease: new Lease(this.database, taken, lockAtMostFor),
      backfill: state.backfill,
      scrub: state.scrub,
      runId,
      beside,
    };
  }

  /**
   * Ignores errors of its own: the task's error is the one to report, and a database that made the task fail may fail
   * here too.
   */
  private async releaseAfterFailure(lease: Lease, error: unknown, fail: () => Work<LeaseEnd>): Promise<void> {
    const limits = {
      timeout: RELEASE_TIMEOUT,
      onTimeout: (ms: number) => new DatabaseNotRespondingError(this.database.name, ms),
      grace: 0,
    };
    try {
      await Cancellation.of(limits, (cancellation) =>
        this.database.transaction(
          function* (): Work<void> {
            const end = yield* fail();
            if (!(error instanceof LeaseLostError)) yield* lease.release(end);
          },
          { cancellation },
        ),
      );
    } catch {
      // the lease runs out, and the history shows the run as lost
    }
  }
}

interface Taken {
  readonly state: SharedState;
  /** null if the lease was not taken */
  readonly runId: number | null;
  readonly beside: unknown;
  readonly now: number;
}

function refusal(state: SharedState, { slot }: Pick<LeaseRequest, 'slot'>): LeaseRefusal {
  if (slot !== null && state.slot !== null && state.slot >= slot) return skipped('done');
  const leaseEndsIn = (state.until ?? 0) - state.now;
  if (leaseEndsIn > 0) return skipped('held', leaseEndsIn);
  return skipped(slot !== null && slot > state.now ? 'early' : 'done');
}

function skipped(reason: SkipReason, leaseEndsIn = 0): LeaseRefusal {
  return { kind: 'skipped', reason, leaseEndsIn };
}
