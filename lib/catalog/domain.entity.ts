import { Column, PrimaryGeneratedColumn } from 'typeorm';
import { NamedEntity } from '../database/entity.decorator.js';

/** A group of metrics. It is stored when it is registered, or when one of its metrics is first used to write. */
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
