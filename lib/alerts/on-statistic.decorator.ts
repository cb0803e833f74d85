import type { MetricDefinition } from '../catalog/definitions.js';
import type { EntityClass, ObjectTarget } from '../statistics/filter/object-target.js';
import type { Period } from '../time/period.js';
import type { AlertCall, ObservedValue, WatchedSubject } from './alert.js';
import { keepAlert } from './alert-metadata.js';
import type { AlertCondition } from './condition.js';

/** Says which values an alert watches, and when it fires. */
export interface OnStatisticOptions {
  /** the metric, which may be a derived one, or its natural key */
  metric: MetricDefinition | string;
  /** @default Period.DAY */
  period?: Period | undefined;
  /** the object whose values are watched. @default the total */
  object?: ObjectTarget;
  /** an entity or the name of a type: each object of it is watched, and the alert fires for 200 of them at most */
  objectType?: EntityClass | string | undefined;
  /** the condition: `below(10)`, `above(1000)` or `changed({ by: 0.3 })` */
  when: AlertCondition;
  /** number of values in a row that have to meet the condition before the alert fires. @default 1 */
  for?: number | undefined;
  /** `false`: looks at the open date, hour or month as well, with the value that it has so far. @default true */
  complete?: boolean | undefined;
  /** `true`: calls the method once more when the alert ends, with the status 'recovered'. @default false */
  recovered?: boolean | undefined;
  /**
   * name of the alert, by which its state is stored: 1–200 characters.
   * @default the name of the class and of the method, 'OrderAlerts.fewOrders'
   */
  name?: string | undefined;
}

/** The argument of a method with `@OnStatistic`: the alert, what it watches, and the value that crossed the threshold. */
export interface StatisticAlert extends AlertCall, Omit<WatchedSubject, 'kind'>, ObservedValue {
  /** name of the object, by the option `alerts.label` of the module; null if it has none. It is plain text: escape it */
  label?: string | null;
}

/** The decorator of a method that takes an alert. */
export interface AlertMethod<A> {
  <M extends (alert: A) => unknown>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<M>): void;
}

/**
 * Calls a method of a provider or controller when a statistic crosses a threshold. It is called once for each crossing,
 * by one of the application's processes, and again if it throws, or if its process dies before it has returned.
 *
 * The values are looked at after each run that computes them, and every minute for those that the application records.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class OrderAlerts {
 *   constructor(private readonly mailer: Mailer) {}
 *
 *   @OnStatistic({ metric: ORDERS, when: below(10, { recoveryThreshold: 15 }) })
 *   async fewOrders({ text }: StatisticAlert): Promise<void> {
 *     await this.mailer.sendMail({ to: 'sales@shop.example', subject: text, text });
 *   }
 * }
 * ```
 */
export function OnStatistic(options: OnStatisticOptions): AlertMethod<StatisticAlert> {
  return (target, key) => {
    keepAlert('OnStatistic', target, key, options);
  };
}
