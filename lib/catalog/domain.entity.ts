import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A group of metrics. Stored when it is registered, or on the first use of one of its metrics. */
@Entity({ name: 'trackstats_domain' })
export class Domain {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  /** unique; 1–100 of A–Z a–z 0–9 _ . - */
  @Column({ type: 'varchar', length: 100, unique: true })
  ref!: string;

  @Column({ type: 'varchar', length: 255 })
  name!: string;
}
