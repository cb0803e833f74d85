import { Column, PrimaryGeneratedColumn } from 'typeorm';
import { NamedEntity } from '../database/entity.decorator.js';

/** A group of metrics. Stored when it is registered, or on the first use of one of its metrics. */
@NamedEntity('TrackstatsDomain', { name: 'trackstats_domain' })
export class Domain {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  /** unique; 1–100 of A–Z a–z 0–9 _ . - */
  @Column({ type: 'varchar', length: 100, unique: true })
  ref!: string;

  @Column({ type: 'varchar', length: 255 })
  name!: string;
}
