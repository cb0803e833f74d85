import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import { type ResolvedHttpOptions, HTTP_OPTIONS } from '../http.options.js';

/** Requests that may wait for each one that is running. Further ones would be answered too late to be of use. */
const WAITING_EACH = 10;

/** Limits the number of live reads at a time, because each of them counts rows of a source. */
@Injectable()
export class LiveGate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(@Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions) {}

  /** True if live reads are allowed at all. */
  get isOpen(): boolean {
    return this.options.limits.live > 0;
  }

  /**
   * Runs a read when its turn comes. One that is not live runs at once.
   *
   * @throws TrackstatsHttpException if live reads are off, or if too many wait
   */
  async pass<T>(isLive: boolean, read: () => Promise<T>): Promise<T> {
    if (!isLive) return read();
    await this.enter();
    try {
      return await read();
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    const { live } = this.options.limits;
    if (live === 0) {
      throw TrackstatsHttpException.badRequest('live is true, and live reads are off here: the limit `live` is 0.');
    }
    if (this.running < live) {
      this.running++;
      return;
    }
    if (this.waiting.length >= live * WAITING_EACH) {
      throw new TrackstatsHttpException(HttpStatus.TOO_MANY_REQUESTS, [
        `${this.waiting.length} live reads wait already; the limit \`live\` is ${live} at a time. Ask again later, or leave live out.`,
      ]);
    }
    // whoever leaves hands its place on
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.running--;
    else next();
  }
}
