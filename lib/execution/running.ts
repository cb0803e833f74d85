import { untilAborted } from '../database/cancellation.js';

/** Holds the tasks that run in this process, at most one for each key. */
export class Running {
  private readonly tasks = new Map<unknown, Promise<unknown>>();

  has(key: unknown): boolean {
    return this.tasks.has(key);
  }

  /** Runs a task under a key. Returns null if one is already running under it. */
  tryStart<T>(key: unknown, task: () => Promise<T>): Promise<T> | null {
    if (this.tasks.has(key)) return null;
    const running = task().finally(() => this.tasks.delete(key));
    this.tasks.set(key, running);
    return running;
  }

  /**
   * Runs a task under a key as soon as the one that is running under it has ended.
   *
   * @param signal stops the wait; the call then rejects with its reason
   */
  async startNext<T>(key: unknown, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      const started = this.tryStart(key, task);
      if (started !== null) return started;
      const ended = this.ended(key);
      await (signal === undefined ? ended : untilAborted(signal, ended));
    }
  }

  /** Resolves when the task that is running under a key has ended, in whatever way. */
  async ended(key: unknown): Promise<void> {
    await this.tasks.get(key)?.catch(() => undefined);
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    while (this.tasks.size > 0) await Promise.allSettled(this.tasks.values());
  }
}
