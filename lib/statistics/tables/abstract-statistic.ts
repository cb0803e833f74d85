import { Column, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Metric } from '../../catalog/metric.entity.js';
import { canonicalDecimal } from '../../database/decimal.js';
import type { LocalDateText } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { exactValueTransformer, nearestDouble } from './exact-value.js';

const EXACT = Symbol('exact value');

interface Exact {
  [EXACT]: string | null;
}

/** The same functions for all instances: with its own, each would have a shape of its own, and take 2 µs to make. */
const OWN = {
  [EXACT]: { value: null, writable: true },
  value: {
    enumerable: true,
    configurable: true,
    get(this: Exact): number | null {
      return nearestDouble(this[EXACT]);
    },
    set(this: Exact, value: number | bigint | string | null | undefined): void {
      this[EXACT] = value === null || value === undefined ? null : canonicalDecimal(value);
    },
  },
} satisfies PropertyDescriptorMap;

/**
 * Base class of one stored value: of a metric, for a period, at a local date. Extend it to store values by dimensions
 * of your own. Every column of the subclass must be a dimension.
 *
 * @example
 * ```ts
 * @Entity()
 * export class OrdersByRegion extends AbstractStatistic {
 *   @Dimension() country!: string;
 *   @Dimension({ type: 'varchar', nullable: true }) province!: string | null;
 * }
 * ```
 */
export abstract class AbstractStatistic {
  /** id of the metric in this database; `metric.key` is the same in every database */
  @PrimaryColumn({ name: 'metric_id', type: 'integer' })
  metricId!: number;

  @ManyToOne(() => Metric, { nullable: false, onDelete: 'RESTRICT' })
  @JoinColumn({ name: 'metric_id' })
  metric!: Metric;

  /** integer code: seconds, negative for calendar units, 0 for LIFETIME */
  @PrimaryColumn({ type: 'integer' })
  period!: Period;

  // its column is declared by StatisticByDate and by @Dimension: of a column declared here, TypeORM would put the
  // date before the dimensions in the primary key
  /** local date, YYYY-MM-DD: the day, the last day of a rolling window or a period to date, or the first day of a calendar bucket */
  date!: LocalDateText;

  /** the double nearest to the stored decimal; null if "no value" was recorded */
  @Column({ type: 'decimal', precision: 65, scale: 20, nullable: true, transformer: exactValueTransformer })
  value!: number | null;

  declare private [EXACT]: string | null;

  constructor() {
    // an own, enumerable property: an accessor on the prototype would be missing in JSON and in a spread copy
    Object.defineProperties(this, OWN);
  }

  /** the stored decimal as text, exactly: `'0.1'`, `'9007199254740993'` */
  get exactValue(): string | null {
    return this[EXACT];
  }
}
