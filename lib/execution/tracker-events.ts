import { Logger } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import type { LocalDate } from '../time/local-date.js';
import type { TrackerDrift } from '../tracking/running/tracker-drift.js';
import type { TrackResult } from '../tracking/running/track-result.js';
import { callback, oneOf } from '../validation/check.js';
import { readArgument } from '../validation/options.js';
import type { SkipReason } from './lease.service.js';

interface BaseEvent {
  readonly tracker: string;
  /** the instant for which it was scheduled; null if it was started by a call */
  readonly slot: Date | null;
}

/** The common part of the events of a run that has its lease. */
export interface RunEvent extends BaseEvent {
  /** id of the run in the history */
  readonly runId: number;
  /** 1 for the first try */
  readonly attempt: number;
}

/** An event in the life of a run of a registered tracker in this process. */
export type TrackerEvent =
  | (RunEvent & { readonly type: 'started' })
  | (RunEvent & { readonly type: 'finished'; readonly result: TrackResult })
  /** `willRetry`: the run will be tried again */
  | (RunEvent & { readonly type: 'failed'; readonly error: unknown; readonly willRetry: boolean })
  /**
   * the source differs from the statistics of closed dates. With `history: 'current'`, the run has corrected them from
   * `repairedFrom` on. Otherwise `repairedFrom` is null, and `drift` is empty once they agree again
   */
  | (RunEvent & {
      readonly type: 'drift';
      readonly drift: readonly TrackerDrift[];
      readonly repairedFrom: LocalDate | null;
    })
  /** another process runs it or has run this slot; 'busy': this process is running it */
  | (BaseEvent & { readonly type: 'skipped'; readonly reason: SkipReason | 'busy' });

/** The types of events: started, finished, failed, drift, skipped. */
export type TrackerEventType = TrackerEvent['type'];
/** Every type of event. */
export const TRACKER_EVENT_TYPES = Object.keys({
  started: true,
  finished: true,
  failed: true,
  drift: true,
  skipped: true,
} satisfies Record<TrackerEventType, true>) as readonly TrackerEventType[];
/** The event that a listener of one type receives. */
export type TrackerEventOf<T extends TrackerEventType> = Extract<TrackerEvent, { type: T }>;

/**
 * Notifies listeners of the runs in this process. If the application has @nestjs/event-emitter, its listeners receive
 * the same events as `trackstats.run.started`, `.finished`, `.failed`, `.drift` and `.skipped`.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class FailureLog {
 *   private readonly logger = new Logger(FailureLog.name);
 *
 *   constructor(events: TrackerEvents) {
 *     events.on('failed', ({ tracker, error, willRetry }) => {
 *       if (!willRetry) this.logger.error(`${tracker} failed`, error);
 *     });
 *   }
 * }
 * ```
 */
export class TrackerEvents {
  private readonly logger = new Logger(TrackerEvents.name);
  private readonly subject = new Subject<TrackerEvent>();

  /** all events */
  readonly all$: Observable<TrackerEvent> = this.subject.asObservable();

  /**
   * Calls a listener for each event of a type. If the listener throws or rejects, the error is logged and the run is
   * not affected.
   *
   * @returns a function that stops it
   */
  on<T extends TrackerEventType>(type: T, listener: (event: TrackerEventOf<T>) => unknown): () => void {
    readArgument('TrackerEvents.on: type', type, oneOf(...TRACKER_EVENT_TYPES));
    readArgument('TrackerEvents.on: listener', listener, callback('(event) => void'));
    const subscription = this.subject.subscribe((event) => {
      if (event.type === type) void this.notify(listener as (event: TrackerEvent) => unknown, event);
    });
    return () => {
      subscription.unsubscribe();
    };
  }

  /** @internal notifies the listeners */
  emit(event: TrackerEvent): void {
    this.subject.next(event);
  }

  private async notify(listener: (event: TrackerEvent) => unknown, event: TrackerEvent): Promise<void> {
    try {
      await listener(event);
    } catch (error) {
      this.logger.error(
        `A listener of ${event.type} failed for tracker ${event.tracker}`,
        error instanceof Error ? error.stack : String(error),
      );
    }
  }
}
