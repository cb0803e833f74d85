/**
 * Returns the milliseconds that a call may still wait for a connection. A call that has used up its time in a queue
 * gets a tenth of it more, because the transaction that made it wait may just have ended.
 */
export function remainingWait(connectionTimeout: number, waitingSince: number): number {
  return Math.max(connectionTimeout - (performance.now() - waitingSince), connectionTimeout / 10);
}

/**
 * Milliseconds that a statement has to end after the work was cancelled, its rollback included. After that its connection
 * is destroyed: a server that packets no longer reach answers neither the statement nor the cancel.
 */
export const CANCEL_GRACE = 3_000;

/** Returns a task's result, or rejects with the error of `late` if it takes longer than `ms` milliseconds. */
export function withinTime<T>(ms: number, task: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(late());
    }, ms);
    task.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}

/** True if a task ends within `ms` milliseconds, in whatever way. */
export function endsWithin(ms: number, task: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(false);
    }, ms);
    void task
      .catch(() => undefined)
      .then(() => {
        clearTimeout(timer);
        resolve(true);
      });
  });
}
