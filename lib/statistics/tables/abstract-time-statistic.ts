import type { LocalDateText } from '../../time/local-date.js';
import { AbstractStatistic } from './abstract-statistic.js';

declare const BY_TIME: unique symbol;

/**
 * Base class of one stored value of a bucket of less than a day: of a metric, for a period such as an hour. Extend it to
 * store such values by dimensions of your own. Every column of the subclass must be a dimension.
 *
 * @example
 * ```ts
 * @Entity()
 * export class OrdersByRegionAndTime extends AbstractTimeStatistic {
 *   @Dimension() country!: string;
 * }
 * ```
 */
export abstract class AbstractTimeStatistic extends AbstractStatistic {
  // a custom statistic of days may have a dimension called `start`, and is another class to the compiler
  declare private readonly [BY_TIME]: true;

  // its column is declared by StatisticByTime and by @Dimension, as that of `date` is
  /** the first instant of the bucket, in seconds since 1970-01-01T00:00:00Z */
  start!: number;

  /** the local date of the bucket, in the results of StatisticService. It is not stored, so your own queries do not have it */
  declare date: LocalDateText;
}

/** The property of a statistic that says of when its value is: its local date, or the first second of its bucket. */
export type Moment = 'date' | 'start';

/** Returns the moment of a statistic class. */
export function momentOf(statistic: { readonly prototype: unknown }): Moment {
  return statistic.prototype instanceof AbstractTimeStatistic ? 'start' : 'date';
}
