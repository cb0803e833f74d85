import type { ObjectLiteral } from 'typeorm';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import { Tracker } from './tracker.js';
import type { Aggregating, ByDimensions, ByObject, TrackerOptions, WithTotal } from './tracker.options.js';

/**
 * Counts the rows of a source for each date. Stores the counts as StatisticByDate, one for each period and date.
 *
 * @example
 * ```ts
 * @Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME], cron: '0 * * * *' })
 * export class OrderTracker extends CountObjectsByDateTracker {}
 * ```
 */
export class CountObjectsByDateTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
> extends Tracker<E, 'count-date'> {
  constructor(options?: TrackerOptions<E>) {
    super('count-date', options);
  }
}

/**
 * Aggregates the rows of a source for each date. Stores the values as StatisticByDate, one for each period and date.
 *
 * @example
 * ```ts
 * @Track({ metric: REVENUE, source: Order, dateField: 'paidAt', aggregate: sum('total'), period: Period.DAY, every: '15 minutes' })
 * export class RevenueTracker extends ObjectsByDateTracker {}
 * ```
 */
export class ObjectsByDateTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
> extends Tracker<E, 'date'> {
  constructor(options?: TrackerOptions<E> & Aggregating<E>) {
    super('date', options);
  }
}

/**
 * Counts the rows of a source for each object, such as orders by customer. Stores the counts as
 * StatisticByDateAndObject. Rows without an object are left out.
 *
 * @example
 * ```ts
 * @Track({ metric: CUSTOMER_ORDERS, source: Order, dateField: 'createdAt', objectField: 'customer', period: Period.DAY })
 * export class CustomerOrderTracker extends CountObjectsByDateAndObjectTracker {}
 * ```
 */
export class CountObjectsByDateAndObjectTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
> extends Tracker<E, 'count-object'> {
  constructor(options?: TrackerOptions<E> & ByObject<E> & WithTotal) {
    super('count-object', options);
  }
}

/**
 * Aggregates the rows of a source for each object, such as revenue by customer. Stores the values as
 * StatisticByDateAndObject. Rows without an object are left out.
 *
 * @example
 * ```ts
 * @Track({ metric: REVENUE, source: Order, dateField: 'paidAt', aggregate: sum('total'), objectField: 'customer', period: Period.LIFETIME })
 * export class CustomerRevenueTracker extends ObjectsByDateAndObjectTracker {}
 * ```
 */
export class ObjectsByDateAndObjectTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
> extends Tracker<E, 'object'> {
  constructor(options?: TrackerOptions<E> & Aggregating<E> & ByObject<E> & WithTotal) {
    super('object', options);
  }
}

/**
 * Aggregates the rows of a source by the dimensions of a custom statistic. In a nullable dimension, NULL is a key like
 * any other.
 *
 * @example
 * ```ts
 * @Track({
 *   metric: ORDERS,
 *   source: Order,
 *   dateField: 'createdAt',
 *   period: Period.DAY,
 *   statistic: OrdersByRegion,
 *   dimensions: { country: 'customer.country', province: 'customer.province' },
 * })
 * export class OrdersByRegionTracker extends ObjectsByDimensionsTracker {}
 * ```
 */
export class ObjectsByDimensionsTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
  S extends AbstractStatistic = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any statistic
> extends Tracker<E, 'dimensions'> {
  constructor(options?: TrackerOptions<E> & Aggregating<E> & ByDimensions<E, S> & WithTotal) {
    super('dimensions', options);
  }
}
