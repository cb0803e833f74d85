import { CANCEL_GRACE } from './limits.js';

/** The signals and limits that stop a unit of work. */
export interface CancellationOptions {
  /** aborting one of them stops the work with its reason */
  readonly signals?: readonly (AbortSignal | undefined)[];
  /** milliseconds from now after which the work stops with the error that `onTimeout` makes */
  readonly timeout?: number | null | undefined;
  readonly onTimeout?: (timeout: number) => Error;
  /** milliseconds that a transaction may wait for its process: where the server can, it ends one whose process was paused */
  readonly idleLimit?: number | undefined;
  /**
   * milliseconds from the cancel until the connection of a statement that has not ended is destroyed; 0: at once,
   * without a cancel on the server. @default CANCEL_GRACE
   */
  readonly grace?: number | undefined;
}

/**
 * Stops a unit of work: between its statements, and in the middle of one where the database can cancel it. The work is
 * then rolled back and rejects with the reason.
 */
export class Cancellation {
  readonly idleLimit: number | null;
  readonly grace: number;
  private readonly controller = new AbortController();
  private readonly signals: readonly AbortSignal[];
  private readonly timer: NodeJS.Timeout | undefined;
  private readonly deadline: number;

  protected constructor({ signals = [], timeout = null, onTimeout, idleLimit, grace }: CancellationOptions) {
    this.signals = signals.filter((signal) => signal !== undefined);
    this.idleLimit = idleLimit ?? null;
    this.grace = grace ?? CANCEL_GRACE;
    this.deadline = timeout === null ? Infinity : performance.now() + timeout;
    this.expire = () => {
      this.controller.abort(onTimeout?.(timeout ?? 0));
    };
    if (timeout !== null) this.timer = setTimeout(this.expire, timeout);
    // by hand: AbortSignal.any, with its weak references, takes 50 µs, a twentieth of a short run
    for (const signal of this.signals) {
      if (signal.aborted) this.follow(signal);
      else signal.addEventListener('abort', this.followEvent, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Runs a task that can be cancelled. No timer outlives it, however it ends. */
  static async of<T>(options: CancellationOptions, task: (cancellation: Cancellation) => Promise<T>): Promise<T> {
    const cancellation = new Cancellation(options);
    try {
      return await task(cancellation);
    } finally {
      clearTimeout(cancellation.timer);
      for (const signal of cancellation.signals) signal.removeEventListener('abort', cancellation.followEvent);
    }
  }

  private readonly expire: () => void;

  private readonly followEvent = ({ target }: Event): void => {
    this.follow(target as AbortSignal);
  };

  private follow({ reason }: AbortSignal): void {
    this.controller.abort(reason);
  }

  /**
   * Stops here if the work is to stop. A timer cannot fire while work runs in one burst, so the time is looked at too.
   *
   * @throws the reason
   */
  check(): void {
    if (performance.now() >= this.deadline) this.expire();
    this.signal.throwIfAborted();
  }

  /** Waits for a task of the application, which may know nothing of cancelling, until something cancels. */
  during<T>(task: T | Promise<T>): Promise<T> {
    return untilAborted(this.signal, Promise.resolve(task));
  }
}

/**
 * Returns a task's result, or rejects with the reason of a signal that is aborted first. The task is then left to
 * itself.
 */
export function untilAborted<T>(signal: AbortSignal, task: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    task.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}
