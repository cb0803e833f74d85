import { HttpStatus, Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { LocalDate } from '../time/local-date.js';
import { httpExceptionOf, TrackstatsHttpException } from './http.exception.js';
import type { BackfillResource } from './resources.js';
import { TrackstatsAccess } from './trackstats.access.js';

interface Backfill {
  readonly state: BackfillResource;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Backfills that this process was asked for, which outlast the request: the last one of each tracker. */
@Injectable()
export class Backfills implements BeforeApplicationShutdown {
  private readonly logger = new Logger('TrackstatsHttp');
  private readonly last = new Map<string, Backfill>();

  constructor(@Inject(TrackstatsAccess) private readonly access: TrackstatsAccess) {}

  /** Aborts the backfills. Completed steps stay, and the remaining dates can be requested again. */
  async beforeApplicationShutdown(): Promise<void> {
    for (const { abort } of this.last.values()) abort.abort();
    await Promise.all([...this.last.values()].map(({ done }) => done));
  }

  /**
   * Begins a backfill, which goes on by itself.
   *
   * @throws UnknownTrackerError, and TrackstatsHttpException: 409 where one of that tracker is running here
   */
  start(tracker: string, range: { from: LocalDate; to?: LocalDate }): BackfillResource {
    this.check(tracker, range);
    if (this.last.get(tracker)?.state.status === 'running') {
      throw new TrackstatsHttpException(HttpStatus.CONFLICT, ['A backfill of this tracker is running.']);
    }
    const { from, to = null } = range;
    const state: BackfillResource = {
      tracker,
      from,
      to,
      status: 'running',
      startedAt: this.access.clock().toISOString(),
      finishedAt: null,
      date: null,
      fraction: 0,
      written: 0,
      error: null,
    };
    const abort = new AbortController();
    this.last.set(tracker, { state, abort, done: this.run(state, range, abort.signal) });
    return { ...state };
  }

  /** @throws TrackstatsHttpException with status 404 where there was none */
  of(tracker: string): BackfillResource {
    const found = this.last.get(tracker);
    if (found !== undefined) return { ...found.state };
    throw new TrackstatsHttpException(HttpStatus.NOT_FOUND, [
      'This process was asked for no backfill of this tracker. Others stand in its runs.',
    ]);
  }

  /** Checks everything that can be checked before the response. */
  private check(tracker: string, { from, to }: { from: LocalDate; to?: LocalDate }): void {
    if (this.access.registry.get(tracker, 'backfill').kind === 'method') {
      throw TrackstatsHttpException.badRequest('This tracker is a method, which knows of today only.');
    }
    if (to !== undefined && from > to) {
      throw TrackstatsHttpException.badRequest(`from is ${from}, which lies after to, ${to}.`);
    }
  }

  private async run(
    state: BackfillResource,
    range: { from: LocalDate; to?: LocalDate },
    signal: AbortSignal,
  ): Promise<void> {
    const { trackers, clock } = this.access;
    try {
      const { written } = await trackers.backfill(state.tracker, {
        ...range,
        signal,
        onProgress: ({ date, fraction, written }) => Object.assign(state, { date, fraction, written }),
      });
      Object.assign(state, { status: 'succeeded', fraction: 1, written });
    } catch (error) {
      if (signal.aborted) {
        state.status = 'cancelled';
      } else {
        const exception = httpExceptionOf(error);
        Object.assign(state, { status: 'failed', error: exception.message });
        if (exception.getStatus() === 500) this.logger.error(`backfill of ${state.tracker} failed`, stackOf(error));
      }
    }
    state.finishedAt = clock().toISOString();
  }
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : String(error);
}
