import { ConnectionBusyError } from '../../errors/database.error.js';
import type { Outcomes } from './increment.query.js';

interface Waiting<T> {
  readonly item: T;
  readonly caller: unknown;
  /** by `performance.now()` */
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Collects items that are added at the same time, and flushes them together. Items that arrive during a flush wait for the next one. */
export class IncrementQueue<T> {
  private waiting: Waiting<T>[] = [];
  private isFlushing = false;

  /**
   * @param flush adds items in one transaction, the first of which has waited since `since`. Returns for each item the
   * error with which it was left out, or null. `callers` returns what was added with the items
   * @param connectionTimeout milliseconds that an item may wait for a connection
   */
  constructor(
    private readonly flush: (
      items: readonly T[],
      waitingSince: number,
      callers: () => readonly unknown[],
    ) => Promise<Outcomes>,
    private readonly connectionTimeout: number,
  ) {}

  /**
   * Resolves when the item is committed.
   *
   * @param caller of the item, for `flush`
   */
  add(item: T, caller?: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, caller, since: performance.now(), resolve, reject });
      if (!this.isFlushing) {
        this.isFlushing = true;
        queueMicrotask(() => void this.flushAll());
      }
    });
  }

  private async flushAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      await this.flushBatch(batch);
    }
    this.isFlushing = false;
  }

  private async flushBatch(batch: readonly Waiting<T>[]): Promise<void> {
    try {
      const outcomes = await this.flush(
        batch.map(({ item }) => item),
        batch[0]?.since ?? performance.now(),
        () => batch.map(({ caller }) => caller),
      );
      for (const [place, { resolve, reject }] of batch.entries()) {
        const problem = outcomes[place] ?? null;
        if (problem === null) resolve();
        else reject(problem);
      }
    } catch (error) {
      await this.afterFailure(batch, error);
    }
  }

  /**
   * Tries each item alone, so that one that the database refuses does not fail the others. After a failure during the
   * commit it does not, because the items could be added twice.
   */
  private async afterFailure(batch: readonly Waiting<T>[], error: unknown): Promise<void> {
    if (error instanceof ConnectionBusyError) {
      this.afterWait(batch, error);
      return;
    }
    if (error instanceof NothingWritten && batch.length > 1) {
      for (const one of batch) await this.flushBatch([one]);
      return;
    }
    for (const { reject } of batch) reject(error instanceof NothingWritten ? error.cause : error);
  }

  /** Items that arrived later may still wait, because the transaction that blocks them may end in time. */
  private afterWait(batch: readonly Waiting<T>[], error: ConnectionBusyError): void {
    const isOver = ({ since }: Waiting<T>): boolean =>
      performance.now() - since >= this.connectionTimeout - TIMER_ERROR;
    const patient = batch.filter((one) => !isOver(one));
    for (const one of batch.filter(isOver)) one.reject(error);
    this.waiting.unshift(...patient);
  }
}

/** The number of milliseconds by which a timer may fire early. */
const TIMER_ERROR = 2;

/** Thrown if a statement was refused, so that its transaction was certainly rolled back. */
export class NothingWritten extends Error {
  constructor(cause: unknown) {
    super('nothing was written', { cause });
  }
}
