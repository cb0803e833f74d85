import { randomBytes } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import type { Cancellation } from '../cancellation.js';
import { CANCEL_GRACE, endsWithin } from '../limits.js';

/** How a connection's statements are ended from outside. */
export interface ConnectionControl {
  /** cancels, on the server, the statement that the connection is executing */
  readonly cancel: (connection: ConnectionUse) => Promise<void>;
  /** closes the connection's socket without a word to the server */
  readonly destroy: () => void;
  /** the error of what waits for a connection that was destroyed */
  readonly onDestroyed: () => Error;
}

/** The result of a statement, as TypeORM's runner returns it. */
export interface Answer {
  readonly records?: unknown[];
  readonly affected?: number;
  /** as the driver has it */
  readonly raw?: unknown;
}

/**
 * A connection while a unit of work uses it. No wait on it is without an end: a cancelled statement that has not ended
 * after the cancellation's grace is given up, and the connection with it.
 */
export class ConnectionUse {
  /** the transaction's name for the server, by which it finds the statement to cancel; null: nothing cancels it */
  readonly label: string | null;
  /** true once a transaction of ours has begun on it, to its end */
  isInTransaction = false;
  private readonly lost: Promise<never>;
  private isLost = false;
  private lose: (error: Error) => void = () => undefined;
  private isCancellable = false;
  private sent: Promise<unknown> | null = null;
  private grace: NodeJS.Timeout | undefined;

  constructor(
    readonly runner: QueryRunner,
    private readonly cancellation: Cancellation | undefined,
    private readonly control: ConnectionControl,
  ) {
    this.label = cancellation === undefined ? null : `trackstats-${randomBytes(8).toString('hex')}`;
    this.lost = new Promise((_, reject) => (this.lose = reject));
    this.lost.catch(() => undefined);
    cancellation?.signal.addEventListener('abort', this.interrupt, { once: true });
    if (cancellation?.signal.aborted === true) this.interrupt();
  }

  /** Executes a statement. */
  query(text: string, values?: unknown[]): Promise<unknown> {
    return this.answered(this.runner.query(text, values));
  }

  /** Executes a statement, with the number of rows that it touched. */
  execute(text: string, values: unknown[]): Promise<Answer> {
    return this.answered(this.runner.query(text, values, true) as Promise<Answer>);
  }

  /** Returns the server's answer. Rejects when the connection is destroyed, whatever the driver does then. */
  answered<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.lost]);
  }

  /** Does what may be cancelled on the server. */
  async cancellably<T>(task: () => Promise<T>): Promise<T> {
    this.isCancellable = true;
    try {
      return await task();
    } finally {
      this.isCancellable = false;
      // a cancel on its way must not hit what the connection does next
      if (this.sent !== null) await this.answered(this.sent).catch(() => undefined);
    }
  }

  /** Sends a cancel to the server, unless the statement has ended. After `destroy` it may still be running there. */
  async sendCancel(send: () => Promise<unknown>): Promise<void> {
    if (!this.isCancellable && !this.isLost) return;
    this.sent = send();
    await this.sent;
  }

  /** Rolls the transaction back. A connection that does not, or cannot, is destroyed, and the server rolls back. */
  async rollBack(): Promise<void> {
    if (this.isLost) return;
    const isRolledBack = this.query('ROLLBACK').then(
      () => true,
      () => false,
    );
    if (!(await endsWithin(CANCEL_GRACE, isRolledBack)) || !(await isRolledBack)) this.destroy();
  }

  /** Gives the connection up. The server notices when packets reach it again, or by its own limits. */
  destroy(): void {
    if (this.isLost) return;
    this.isLost = true;
    this.lose(this.control.onDestroyed());
    this.control.destroy();
  }

  /** Nothing interrupts it any more: it goes back to the pool. */
  end(): void {
    clearTimeout(this.grace);
    this.cancellation?.signal.removeEventListener('abort', this.interrupt);
  }

  private readonly interrupt = (): void => {
    const grace = this.cancellation?.grace ?? 0;
    if (grace === 0) {
      this.destroy();
      return;
    }
    this.grace = setTimeout(() => {
      this.destroy();
    }, grace);
    // what cannot be cancelled on the server ends between two statements, or with the grace
    if (this.isCancellable) this.control.cancel(this).catch(() => undefined);
  };
}
