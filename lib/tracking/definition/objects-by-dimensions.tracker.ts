import type { ObjectLiteral } from 'typeorm';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import { Tracker } from './tracker.js';
import type { Aggregating, ByDimensions, TrackerOptions } from './tracker.options.js';

/**
 * Aggregates the rows of a source by the dimensions of a custom statistic. In a nullable dimension, NULL is a key like
 * any other.
 *
 * @example
 * ```ts
 * @Track({
 *   metric: ORDER_COUNT, source: Order, dateField: 'createdAt', period: Period.DAY,
 *   statistic: OrdersByRegion, dimensions: { country: 'address.country', province: 'address.province' },
 * })
 * export class OrdersByRegionTracker extends ObjectsByDimensionsTracker {}
 * ```
 */
export class ObjectsByDimensionsTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
  S extends AbstractStatistic = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any statistic
> extends Tracker<E, 'dimensions'> {
  constructor(options?: TrackerOptions<E> & Aggregating<E> & ByDimensions<E, S>) {
    super('dimensions', options);
  }
}
