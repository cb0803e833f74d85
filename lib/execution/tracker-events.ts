import { Logger } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import type { TrackResult } from '../tracking/tracker.runner.js';
import { callback, oneOf } from '../validation/check.js';
import { readArgument } from '../validation/options.js';
import type { SkipReason } from './lease.service.js';

const eventType = oneOf<TrackerEventType>('started', 'finished', 'failed', 'skipped');

interface RunEvent {
  readonly tracker: string;
  /** the instant for which it was scheduled; null: asked for by hand */
  readonly slot: Date | null;
}

interface BegunEvent extends RunEvent {
  /** as `history` shows it */
  readonly runId: number;
  /** 1 for the first */
  readonly attempt: number;
}

/** What happens to runs of registered trackers in this process. */
export type TrackerEvent =
  | (BegunEvent & { readonly type: 'started' })
  | (BegunEvent & { readonly type: 'finished'; readonly result: TrackResult })
  /** `willRetry`: it is tried again */
  | (BegunEvent & { readonly type: 'failed'; readonly error: unknown; readonly willRetry: boolean })
  /** another process runs it or has run this slot; 'busy': this one does */
  | (RunEvent & { readonly type: 'skipped'; readonly reason: SkipReason | 'busy' });

/** The types of events: started, finished, failed, skipped. */
export type TrackerEventType = TrackerEvent['type'];
/** What a listener of a type of event is told. */
export type TrackerEventOf<T extends TrackerEventType> = Extract<TrackerEvent, { type: T }>;

/**
 * Tells what happens to runs. Where the application has @nestjs/event-emitter, its listeners hear the same events as
 * `trackstats.run.started`, `.finished`, `.failed` and `.skipped`.
 *
 * @example
 * ```ts
 * constructor(events: TrackerEvents, private readonly mail: MailService) {
 *   events.on('failed', ({ tracker, error, willRetry }) => { if (!willRetry) this.mail.warn(tracker, error); });
 * }
 * ```
 */
export class TrackerEvents {
  private readonly logger = new Logger(TrackerEvents.name);
  private readonly subject = new Subject<TrackerEvent>();

  /** every event */
  readonly all$: Observable<TrackerEvent> = this.subject.asObservable();

  /**
   * Calls a listener for each event of a type. What it throws, or rejects with, is logged and changes nothing of the run.
   *
   * @returns stops it
   */
  on<T extends TrackerEventType>(type: T, listener: (event: TrackerEventOf<T>) => unknown): () => void {
    readArgument('TrackerEvents.on: type', type, eventType);
    readArgument('TrackerEvents.on: listener', listener, callback('(event) => void'));
    const subscription = this.subject.subscribe((event) => {
      if (event.type === type) void this.tell(listener as (event: TrackerEvent) => unknown, event);
    });
    return () => {
      subscription.unsubscribe();
    };
  }

  /** @internal tells the listeners */
  emit(event: TrackerEvent): void {
    this.subject.next(event);
  }

  private async tell(listener: (event: TrackerEvent) => unknown, event: TrackerEvent): Promise<void> {
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
