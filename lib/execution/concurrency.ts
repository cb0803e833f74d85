import { untilAborted } from '../database/cancellation.js';

/** Keeps track of the tasks that run in this process, at most one for each key. */
export class ActiveTasks {
  private readonly tasks = new Map<unknown, Promise<unknown>>();

  has(key: unknown): boolean {
    return this.tasks.has(key);
  }

  /** Starts a task under a key. Returns null if one is already running under it. */
  tryStart<T>(key: unknown, task: () => Promise<T>): Promise<T> | null {
    if (this.tasks.has(key)) return null;
    const running = task().finally(() => this.tasks.delete(key));
    this.tasks.set(key, running);
    return running;
  }

  /**
   * Starts a task under a key as soon as the one that is running under it has ended.
   *
   * @param signal stops the wait; the call then rejects with its reason
   */
  async startWhenFree<T>(key: unknown, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      const started = this.tryStart(key, task);
      if (started !== null) return started;
      const ended = this.waitFor(key);
      await (signal === undefined ? ended : untilAborted(signal, ended));
    }
  }

  /** Resolves when the task that is running under a key has succeeded or failed. */
  async waitFor(key: unknown): Promise<void> {
    await this.tasks.get(key)?.catch(() => undefined);
  }

  /** Resolves when no task is running. */
  async waitForAll(): Promise<void> {
    while (this.tasks.size > 0) await Promise.allSettled(this.tasks.values());
  }
}

/** Limits the number of tasks that run at one time. Further tasks wait, first come first served. */
export class ConcurrencyLimit {
  private readonly waiting: (() => void)[] = [];
  private active = 0;

  constructor(private readonly limit: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.active >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.active++;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      // the next task takes over this one's place, so `active` stays
      if (next === undefined) this.active--;
      else next();
    }
  }
}
