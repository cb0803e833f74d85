import { Cancellation } from '../database/cancellation.js';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import { DatabaseNotRespondingError } from '../errors/database.error.js';
import { LeaseLostError } from '../errors/run.error.js';
import { releaseLease, renewLease, type HeldLease, type LeaseEnd } from './lease.store.js';

/**
 * The right of this process to run a tracker, for a time. It is renewed while it is used, and every transaction that
 * writes under it checks that nobody has taken over. Only `LeaseService.hold` creates and ends one.
 */
export class Lease {
  private readonly controller = new AbortController();
  private heartbeat: NodeJS.Timeout | undefined;
  private ended = false;
  private renewedAt = performance.now();
  /** number of consecutive heartbeats that the database has not answered */
  private unanswered = 0;

  constructor(
    private readonly database: Database,
    private readonly held: HeldLease,
    private readonly lockAtMostFor: number,
  ) {}

  /**
   * aborted with a LeaseLostError when another process has taken over, or with a DatabaseNotRespondingError when the
   * database has not answered for as long as the lease lasts
   */
  get lost(): AbortSignal {
    return this.controller.signal;
  }

  /** Renews the lease from now on, until `end`. */
  keep(): void {
    if (this.ended) return;
    this.heartbeat = setTimeout(() => void this.beat(), this.lockAtMostFor / 3);
    // a process that has nothing else to do need not live for it
    this.heartbeat.unref();
  }

  /** Checks, in the transaction that writes, that nobody has taken over, and renews the lease. */
  *renew(values: LeaseEnd['values'] = {}): Work<void> {
    if (!(yield* renewLease(this.database, this.held, this.lockAtMostFor, values))) this.refuse();
  }

  /** Checks, in the transaction that writes, that nobody has taken over, and gives the lease back in it. */
  *release(end: LeaseEnd): Work<void> {
    if (!(yield* releaseLease(this.database, this.held, end))) this.refuse();
  }

  /** Stops the heartbeats: the lease was given back, or is left to end by itself. */
  end(): void {
    this.ended = true;
    clearTimeout(this.heartbeat);
  }

  private refuse(): never {
    throw new LeaseLostError(this.held.name);
  }

  private async beat(): Promise<void> {
    try {
      await this.renewAlone();
      this.renewedAt = performance.now();
      this.unanswered = 0;
    } catch (error) {
      this.unanswered = error instanceof DatabaseNotRespondingError ? this.unanswered + 1 : 0;
      const isSilent = this.unanswered >= SILENT_BEATS && this.silence >= this.lockAtMostFor;
      if (!this.ended && (error instanceof LeaseLostError || isSilent)) this.controller.abort(error);
      // a database that does not answer may do so the next time; until then the fence protects what is written
    }
    if (!this.lost.aborted) this.keep();
  }

  private renewAlone(): Promise<void> {
    // the wait for a connection is the shorter one: a pool whose connections are all in use is not silent
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

/** More than one, because a process that was paused during a heartbeat finds it late, and the next one is answered. */
const SILENT_BEATS = 2;
