import type { Outcomes } from './increment.query.js';

/** A batch of increments that is about to be written. */
export interface InterceptedBatch {
  /** natural keys, each once */
  readonly metrics: readonly string[];
  /** what `enter` has returned in each call */
  readonly callers: readonly unknown[];
}

/** Does the writing of batches, for example inside an asynchronous context. */
export interface IncrementInterceptor {
  /** Returns what a batch has to know of the call of `increment` that is being made, such as its trace. */
  enter(): unknown;
  /** Writes a batch. It calls `write` once. */
  during(batch: InterceptedBatch, write: () => Promise<Outcomes>): Promise<Outcomes>;
}

/** Wraps the writing of increments in a function of an optional part. Without one, nothing is collected of the calls. */
export class IncrementInterceptors {
  private interceptor: IncrementInterceptor | null = null;

  use(interceptor: IncrementInterceptor): void {
    this.interceptor = interceptor;
  }

  enter(): unknown {
    return this.interceptor?.enter();
  }

  /** Writes a batch inside the interceptor, if there is one. */
  write(batch: () => InterceptedBatch, write: () => Promise<Outcomes>): Promise<Outcomes> {
    return this.interceptor === null ? write() : this.interceptor.during(batch(), write);
  }
}
