import { Cancellation } from '../database/cancellation.js';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import { DatabaseNotRespondingError } from '../errors/database.error.js';
import { LeaseLostError } from '../errors/run.error.js';
import { releaseLease, renewLease, type LeaseEnd, type TakenLease } from './lease.store.js';

/**
 * The right of this process to run a tracker, for a time. It is renewed while it is used, and every transaction that
 * writes under it checks that nobody has taken over. Only `LeaseService.runUnderLease` creates and ends one.
 */
export class Lease {
  private readonly controller = new AbortController();
  private heartbeat: NodeJS.Timeout | undefined;
  private isStopped = false;
  private renewedAt = performance.now();
  /** number of consecutive heartbeats that the database has not answered */
  private unanswered = 0;

  constructor(
    private readonly database: Database,
    private readonly taken: TakenLease,
    private readonly lockAtMostFor: number,
  ) {}

  /**
   * aborted with a LeaseLostError when another process has taken over, or with a DatabaseNotRespondingError when the
   * database has not answered for as long as the lease lasts
   */
  get lost(): AbortSignal {
    return this.controller.signal;
  }

  /** Renews the lease after a third of its length, and so on until `stopHeartbeats`. */
  scheduleHeartbeat(): void {
    if (this.isStopped) return;
    this.heartbeat = setTimeout(() => void this.beat(), this.lockAtMostFor / 3);
    // must not keep a process alive that has nothing else to do
    this.heartbeat.unref();
  }

  /** Checks, in the transaction that writes, that nobody has taken over, and renews the lease. */
  *renew(values: LeaseEnd['values'] = {}): Work<void> {
    if (!(yield* renewLease(this.database, this.taken, this.lockAtMostFor, values))) this.throwLost();
  }

  /** Checks, in the transaction that writes, that nobody has taken over, and gives the lease back in it. */
  *release(end: LeaseEnd): Work<void> {
    if (!(yield* releaseLease(this.database, this.taken, end))) this.throwLost();
  }

  /** Call it once the lease was given back, or is left to run out. */
  stopHeartbeats(): void {
    this.isStopped = true;
    clearTimeout(this.heartbeat);
  }

  private throwLost(): never {
    throw new LeaseLostError(this.taken.name);
  }

  private async beat(): Promise<void> {
    try {
      await this.renewInTransaction();
      this.renewedAt = performance.now();
      this.unanswered = 0;
    } catch (error) {
      this.unanswered = error instanceof DatabaseNotRespondingError ? this.unanswered + 1 : 0;
      const isSilent = this.unanswered >= SILENT_BEATS && this.silence >= this.lockAtMostFor;
      if (!this.isStopped && (error instanceof LeaseLostError || isSilent)) this.controller.abort(error);
      // other errors are left to the next heartbeat; the fence protects the statistics until then
    }
    if (!this.lost.aborted) this.scheduleHeartbeat();
  }

  private renewInTransaction(): Promise<void> {
    // waiting for a connection ends first: a pool whose connections are all in use does not count as silence
    const connectionTimeout = this.lockAtMostFor / 3;
    const limits = {
      timeout: 2 * connectionTimeout,
      onTimeout: () => new DatabaseNotRespondingError(this.database.name, this.silence),
      grace: 0,
    };
    return Cancellation.of(limits, (cancellation) =>
      this.database.transaction(() => this.renew(), { isProvisional: true, cancellation, connectionTimeout }),
    );
  }

  /** Returns the milliseconds since the database last answered a heartbeat. */
  private get silence(): number {
    return performance.now() - this.renewedAt;
  }
}

/** Two, because a process that was paused during a heartbeat sees that one fail, and the next one succeed. */
const SILENT_BEATS = 2;
