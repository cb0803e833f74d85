import { Column, PrimaryColumn } from 'typeorm';
import { NamedEntity } from '../database/entity.decorator.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { CoverageKind } from './coverage-kind.js';

/**
 * The range of local dates for which the statistics of a metric, a period and a scope are complete: inside it an
 * absent DAY row is zero (count, sum) or no value (avg, min, max), outside it nothing is known.
 */
@NamedEntity('TrackstatsCoverage', { name: 'trackstats_coverage', withoutRowid: true })
export class Coverage {
  @PrimaryColumn({ name: 'metric_id', type: 'integer' })
  metricId!: number;

  @PrimaryColumn({ type: 'integer' })
  period!: Period;

  /** '' for totals; see `scope.ts` for the others */
  @PrimaryColumn({ type: 'varchar', length: 400 })
  scope!: string;

  /** first complete date; null before the first run has ended */
  @Column({ name: 'from_date', type: 'date', nullable: true })
  from!: LocalDate | null;

  /** last computed date, still open when it was the run's today; null: open-ended (increments) or not yet run */
  @Column({ name: 'through_date', type: 'date', nullable: true })
  through!: LocalDate | null;

  @Column({ name: 'time_zone', type: 'varchar', length: 100 })
  timeZone!: string;

  @Column({ type: 'varchar', length: 20 })
  kind!: CoverageKind;

  /** of the tracker's definition */
  @Column({ type: 'varchar', length: 64 })
  fingerprint!: string;

  /** milliseconds since the epoch at which the last run computed; null for increments */
  @Column({ name: 'computed_at', type: 'bigint', nullable: true })
  computedAt!: string | null;

  /** 1 if the source had no rows before `from`, so that earlier ones are late; 0 once dates were pruned; null: unknown */
  @Column({ name: 'is_whole', type: 'integer', nullable: true })
  isWhole!: number | null;

  /** of LIFETIME: where its values and those of the days went apart, as `drift.ts` writes it; null: nowhere */
  @Column({ type: 'text', nullable: true })
  drift!: string | null;
}
