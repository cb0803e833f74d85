import { Column, Index, PrimaryColumn } from 'typeorm';
import { NamedEntity } from '../../database/entity.decorator.js';
import type { Period } from '../../time/period.js';

/** The longest key of an increment, in characters. */
export const LONGEST_KEY = 255;

/** A key under which an increment was counted, so that it counts once. It is kept for `keepKeys` days. */
@NamedEntity('TrackstatsIncrementKey', { name: 'trackstats_increment_key', withoutRowid: true })
@Index(['countedAt'])
export class IncrementKey {
  @PrimaryColumn({ name: 'metric_id', type: 'integer' })
  metricId!: number;

  @PrimaryColumn({ type: 'integer' })
  period!: Period;

  @PrimaryColumn({ name: 'event_key', type: 'varchar', length: LONGEST_KEY })
  key!: string;

  /** the scope of the increment's coverage */
  @Column({ type: 'varchar', length: 400 })
  scope!: string;

  /** a hash of the object or the dimensions; empty for totals */
  @Column({ type: 'varchar', length: 64 })
  cell!: string;

  /** a date, or of a bucket of less than a day its first second in base 36 */
  @Column({ name: 'counted_on', type: 'varchar', length: 10 })
  date!: string;

  @Column({ type: 'varchar', length: 100 })
  amount!: string;

  /** a random number of the transaction that counted it, by which that transaction recognizes its own keys */
  @Column({ type: 'bigint' })
  batch!: string;

  /** milliseconds since the epoch */
  @Column({ name: 'counted_at', type: 'bigint' })
  countedAt!: string;
}
