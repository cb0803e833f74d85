import type { Duration } from '../time/duration.js';
import type { TrackerTarget } from '../tracking/definition/tracker.registry.js';
import type { AlertCall, ObservedTracker, WatchedTracker } from './alert.js';
import { keepAlert } from './alert-metadata.js';
import type { AlertMethod } from './on-statistic.decorator.js';

/** Says which trackers an alert watches, and when it fires. */
export interface OnTrackerOptions {
  /** the tracker, as TrackerService takes it. @default all */
  tracker?: TrackerTarget | undefined;
  /** several trackers, instead of `tracker`: `[OrderTracker, [Figures, 'queue']]` */
  trackers?: readonly TrackerTarget[] | undefined;
  /**
   * `'failed'`: a run has failed and is not tried again. The alert ends when a run succeeds.
   * `'late'`: a slot is over and no run that began after it has succeeded within `allowance`
   */
  when: 'failed' | 'late';
  /** with `'late'`: lateness to allow. @default until the next slot, and at least a minute */
  allowance?: Duration | undefined;
  /** `true`: calls the method once more when the alert ends, with the status 'recovered'. @default false */
  recovered?: boolean | undefined;
  /**
   * name of the alert, by which its state is stored: 1–200 characters.
   * @default the name of the class and of the method, 'TrackerAlerts.failed'
   */
  name?: string | undefined;
}

/** The argument of a method with `@OnTracker`: the alert, the tracker, and the run or the slot that it is about. */
export interface TrackerAlert extends AlertCall, Omit<WatchedTracker, 'kind'>, ObservedTracker {}

/**
 * Calls a method of a provider or controller when a tracker fails, or when it is late. It is called once until the
 * tracker has recovered, by one of the application's processes, and again if it throws, or if its process dies before it
 * has returned. Each tracker is an alert of its own.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class TrackerAlerts {
 *   constructor(private readonly mailer: Mailer) {}
 *
 *   @OnTracker({ when: 'failed' })
 *   async failed({ text }: TrackerAlert): Promise<void> {
 *     await this.mailer.sendMail({ to: 'ops@shop.example', subject: text, text });
 *   }
 * }
 * ```
 */
export function OnTracker(options: OnTrackerOptions): AlertMethod<TrackerAlert> {
  return (target, key) => {
    keepAlert('OnTracker', target, key, options);
  };
}
