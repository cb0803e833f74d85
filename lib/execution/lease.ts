import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import { LeaseLostError } from '../errors/run.error.js';
import { releaseLease, renewLease, type HeldLease, type LeaseEnd } from './lease.store.js';

/**
 * The right of this process to run a tracker, for a time. It is renewed while it is used, and every transaction that
 * writes under it checks that nobody has taken over.
 */
export class Lease {
  private readonly controller = new AbortController();
  private heartbeat: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(
    private readonly database: Database,
    private readonly held: HeldLease,
    private readonly lockAtMostFor: number,
  ) {
    this.beatLater();
  }

  /** aborted, with a LeaseLostError, when it turns out that another process has taken over */
  get lost(): AbortSignal {
    return this.controller.signal;
  }

  /** Checks in the transaction that writes that nobody has taken over, and holds the lease for as long again. */
  *renew(values: LeaseEnd['values'] = {}): Work<void> {
    if (!(yield* renewLease(this.database, this.held, this.lockAtMostFor, values))) this.refuse();
  }

  /** Checks in the transaction that writes that nobody has taken over, and gives the lease back with it. */
  *release(end: LeaseEnd): Work<void> {
    if (!(yield* releaseLease(this.database, this.held, end))) this.refuse();
  }

  /** No heartbeat follows: the lease was given back, or it is left to run out. */
  end(): void {
    this.ended = true;
    clearTimeout(this.heartbeat);
  }

  private refuse(): never {
    throw new LeaseLostError(this.held.name);
  }

  private beatLater(): void {
    if (this.ended) return;
    this.heartbeat = setTimeout(() => void this.beat(), this.lockAtMostFor / 3);
    // a process that has nothing else to do need not live for it
    this.heartbeat.unref();
  }

  private async beat(): Promise<void> {
    try {
      await this.database.transaction(() => this.renew(), { isProvisional: true });
    } catch (error) {
      // a database that does not answer may do so the next time; until then the fence protects what is written
      if (error instanceof LeaseLostError && !this.ended) this.controller.abort(error);
    }
    if (!this.lost.aborted) this.beatLater();
  }
}
