import type { ObjectLiteral } from 'typeorm';
import { Tracker } from './tracker.js';
import type { TrackerOptions } from './tracker.options.js';

/**
 * Counts the rows of a source for each date. Stores the counts as StatisticByDate, one for each period and date.
 *
 * @example
 * ```ts
 * @Track({ metric: ORDER_COUNT, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.LIFETIME], cron: '0 * * * *' })
 * export class OrderCountTracker extends CountObjectsByDateTracker {}
 * ```
 */
export class CountObjectsByDateTracker<
  E extends ObjectLiteral = any, // eslint-disable-line @typescript-eslint/no-explicit-any -- any entity
> extends Tracker<E, 'count-date'> {
  constructor(options?: TrackerOptions<E>) {
    super('count-date', options);
  }
}
