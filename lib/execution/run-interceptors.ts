import type { RunEvent } from './tracker-events.js';

/** An attempt that has its lease and is about to compute. */
export interface InterceptedRun extends RunEvent {
  /** the time at which the attempt began by this machine's clock, before it asked for its lease */
  readonly begunAt: Date;
}

/** Does the work of an attempt, for example inside an asynchronous context. It calls `work` once. */
export type RunInterceptor = <T>(run: InterceptedRun, work: () => Promise<T>) => Promise<T>;

/**
 * Wraps the work of runs in functions of optional parts. Unlike listeners of TrackerEvents they are on its call stack.
 * Without an interceptor the work is called as it is.
 */
export class RunInterceptors {
  private readonly interceptors: RunInterceptor[] = [];

  add(interceptor: RunInterceptor): void {
    this.interceptors.push(interceptor);
  }

  /** Does the work inside all interceptors, the first of which is the outermost. */
  run<T>(run: InterceptedRun, work: () => Promise<T>): Promise<T> {
    return this.interceptors.reduceRight((inner, interceptor) => () => interceptor(run, inner), work)();
  }
}
