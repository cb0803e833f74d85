import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import { type ResolvedHttpOptions, HTTP_OPTIONS } from '../http.options.js';

/** How many requests may wait for each that is read. More than that would be answered too late to be of use. */
const WAITING_EACH = 10;

/** Bounds how many requests make sources be counted at a time, however many visitors ask. */
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
   * Does a read when its turn has come; at once if it is not live.
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
    // the one that leaves gives its place
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.running--;
    else next();
  }
}
