import { Column, JoinColumn, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { NamedEntity } from '../database/entity.decorator.js';
import { Domain } from './domain.entity.js';
import { type MetricUnit, UNIT_COLUMN, UNIT_LENGTH } from './unit.js';

/** One thing that you keep track of, as stored in the database. */
@NamedEntity('TrackstatsMetric', { name: 'trackstats_metric' })
@Unique(['domain', 'ref'])
export class Metric {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @ManyToOne(() => Domain, { nullable: false, onDelete: 'RESTRICT', eager: true })
  @JoinColumn({ name: 'domain_id' })
  domain!: Domain;

  /** unique within its domain; 1–100 of A–Z a–z 0–9 _ . - */
  @Column({ type: 'varchar', length: 100 })
  ref!: string;

  @Column({ type: 'varchar', length: 255 })
  name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  /** unit in which people read its values; null if nothing is known of it */
  @Column({ type: 'varchar', length: UNIT_LENGTH, nullable: true, transformer: UNIT_COLUMN })
  unit!: MetricUnit | null;

  /** the direction of a change for the better; null if there is none */
  @Column({ type: 'varchar', length: 4, nullable: true })
  better!: 'up' | 'down' | null;

  /** true if its values are levels, which do not add up over dates; false for a derived metric, whose parts say it */
  @Column({ type: 'boolean', default: false })
  gauge!: boolean;

  /** Returns the natural key, `domain/metric`. Unlike `id` it is the same in every database. */
  get key(): string {
    return `${this.domain.ref}/${this.ref}`;
  }
}
