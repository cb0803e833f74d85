import type { ObjectLiteral } from 'typeorm';
import { Tracker } from './tracker.js';
import type { ByObject, TrackerOptions } from './tracker.options.js';

/**
 * Counts the rows of a source for each object, such as orders by customer. Stores the counts as
 * StatisticByDateAndObject. Rows without an object are left out.
 *
 * @example
 * ```ts
 * @Track({ metric: ORDERS_OF_CUSTOMER, source: Order, dateField: 'createdAt', objectField: 'customer', period: Period.DAY })
 * export class OrdersOfCustomerTracker extends CountObjectsByDateAndObjectTracker {}
 * ```
 */
export class CountObjectsByDateAndObjectTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
> extends Tracker<E, 'count-object'> {
  constructor(options?: TrackerOptions<E> & ByObject<E>) {
    super('count-object', options);
  }
}
