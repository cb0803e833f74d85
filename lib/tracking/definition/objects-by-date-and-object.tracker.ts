import type { ObjectLiteral } from 'typeorm';
import { Tracker } from './tracker.js';
import type { Aggregating, ByObject, TrackerOptions } from './tracker.options.js';

/**
 * Aggregates the rows of a source for each object, such as revenue by customer. Stores the values as
 * StatisticByDateAndObject. Rows without an object are left out.
 *
 * @example
 * ```ts
 * @Track({ metric: SPENT, source: Order, dateField: 'paidAt', aggregate: sum('total'), objectField: 'customer', period: Period.LIFETIME })
 * export class SpentTracker extends ObjectsByDateAndObjectTracker {}
 * ```
 */
export class ObjectsByDateAndObjectTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
> extends Tracker<E, 'object'> {
  constructor(options?: TrackerOptions<E> & Aggregating<E> & ByObject<E>) {
    super('object', options);
  }
}
