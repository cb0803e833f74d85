import type { ObjectLiteral } from 'typeorm';
import { Tracker } from './tracker.js';
import type { Aggregating, TrackerOptions } from './tracker.options.js';

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
