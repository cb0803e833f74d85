import type { ObjectRef } from '../statistics/filter/object-target.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { AlertStatus, Observation } from './alert-progress.js';
import type { AlertCondition } from './condition.js';

/** The common part of what the method of an alert receives. */
export interface AlertCall {
  /** of this crossing: a call that is repeated has the same one */
  id: string;
  /** name of the alert */
  name: string;
  /** 'recovered' only if the alert asks for it with `recovered: true` */
  status: 'firing' | 'recovered';
  /** a sentence for people, with rounded values: 'Number of orders is 7 on 2026-11-29 (below 10)' */
  text: string;
  /** when the crossing was noticed */
  at: Date;
  /** 1 for the first call; more if an earlier one did not return, because it failed or its process died */
  attempt: number;
}

/** The value that an alert has looked at. */
export interface ObservedValue {
  /** the day, the last day of a rolling window or a period to date, or the first day of a calendar bucket */
  date: LocalDate;
  /** of a period of less than a day, the first instant of the bucket, with the offset of the time zone */
  start?: string;
  value: number | null;
  /** false if the date was not over when its value was computed, which needs `complete: false` */
  complete: boolean;
  /** with `changed`: the earlier value; null otherwise, or if it is unknown */
  before: number | null;
  /** with `changed`: the change as a share of the earlier value; null otherwise, or if there is none */
  change: number | null;
}

/** The statistic that an alert watches. */
export interface WatchedSubject {
  kind: 'statistic';
  /** the natural key of the metric */
  metric: string;
  period: Period;
  /** null for the total, and for the alert as a whole if it watches each object of a type */
  object: ObjectRef | null;
  /** the type, if the alert watches each object of it */
  objectType?: string;
  /** the kind of its condition */
  when: AlertCondition['kind'];
  /** the value that it is below or above, or with 'changed' the share of the earlier value: 0.3 for 30 % */
  threshold: number;
  /** ends the alert, in the same terms */
  recoveryThreshold: number;
}

/** The run of a tracker, or the lack of one, that an alert has looked at. */
export interface ObservedTracker {
  /** with 'failed': id of the run in the history; null with 'late' */
  runId: number | null;
  /** with 'late': the earliest slot that no successful run has made up for, ISO 8601 in UTC; null once it runs again */
  due: string | null;
  /** with 'late': the start of the last successful run, ISO 8601 in UTC; null if there is none */
  lastSuccess: string | null;
  /** of the run, or with 'late' of the last run; null if it did not fail */
  error: string | null;
}

/** The tracker that an alert watches. */
export interface WatchedTracker {
  kind: 'tracker';
  /** name of the tracker */
  tracker: string;
  when: 'failed' | 'late';
}

/** The common part of the state of an alert. */
export interface AlertStateInfo {
  name: string;
  /** the condition in words: 'below 10' */
  condition: string;
  status: AlertStatus;
  /** when the status changed last; null if it never has */
  since: Date | null;
  /** the call of the method that has not returned yet, with its attempts and the error of the last one; null if none */
  undelivered: { status: AlertCall['status']; attempts: number; error: string | null } | null;
}

/**
 * The state of an alert, as `AlertService.list` returns it. `observed` was looked at last; null before the first time.
 * `crossed` is what changed the status last; null if nothing has.
 */
export type AlertInfo = AlertStateInfo &
  (
    | (WatchedSubject & { observed: ObservedValue | null; crossed: ObservedValue | null })
    | (WatchedTracker & { observed: ObservedTracker | null; crossed: ObservedTracker | null })
  );

/** An alert of the application, checked. */
export interface Alert {
  readonly name: string;
  /** a hash of what it watches and when it fires */
  readonly fingerprint: string;
  readonly watch: AlertWatch;
  /** true if the method is called when the alert ends, too */
  readonly recovered: boolean;
  /** calls the method */
  readonly call: (argument: AlertCall) => unknown;
}

/** The part of an observation that is stored, as JSON. */
export type ObservedDetail = Readonly<Record<string, unknown>>;

/** The objects of a type that an evaluation looks at, by their ids. */
export interface DiscoveredObjects {
  readonly ids: readonly string[];
  /** number of objects that meet the condition and are left out */
  readonly left: number;
}

/** The subject that an alert watches: the values of a statistic, or the runs of trackers. */
export interface AlertWatch {
  /** the condition in words, for people */
  readonly condition: string;

  /**
   * Checks at the start of the application what can be known then.
   *
   * @returns warnings
   */
  check(): Promise<readonly string[]>;

  /** Returns what it watches, for `AlertService.list`. */
  subject(part: string): WatchedSubject | WatchedTracker;

  /** Returns the trackers that it watches, or one empty name for a statistic. */
  trackers(): readonly string[];

  /**
   * Finds the objects to look at, and reads their values. Only an alert that watches each object of a type has it.
   *
   * @param open objects for which it is firing, or whose call has not returned
   */
  discover?(open: readonly string[]): Promise<DiscoveredObjects>;

  /** Returns those of `trackers` for which a run of a tracker may change what is seen. */
  concernedBy(tracker: string): readonly string[];

  /**
   * Returns what there is to see, in order.
   *
   * @param since the moment of the last observation; null before the first one, when only the latest counts
   */
  observe(part: string, since: string | null): Promise<readonly Observation<ObservedDetail>[]>;

  /**
   * Called while an alert fires and nothing of what it watches can be observed.
   *
   * @param last the last observation
   * @returns the observation that ends the alert, if what it watches was removed; null otherwise. Trackers have none: they
   * are removed with the alert's code
   */
  lost?(last: ObservedDetail): Promise<ObservedDetail | null>;

  /** Returns what the method receives of an observation, beside what all alerts have. */
  describe(
    part: string,
    observed: ObservedDetail,
    status: AlertCall['status'],
  ): Promise<ObservedDetail & { readonly text: string }>;
}
