import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the replicas of an application share about a tracker: who runs it, until when, and which slot was the last. */
@Entity({ name: 'trackstats_tracker', withoutRowid: true })
export class TrackerState {
  @PrimaryColumn({ type: 'varchar', length: 200 })
  name!: string;

  /** the process that holds the lease */
  @Column({ type: 'varchar', length: 255, nullable: true })
  owner!: string | null;

  /** counts the leases: a holder that was paused past its own is told by it */
  @Column({ type: 'bigint', default: 0 })
  fence!: string;

  /** end of the lease, milliseconds since 1970 */
  @Column({ type: 'bigint', nullable: true })
  until!: string | null;

  /** the last slot that was run, milliseconds since 1970 */
  @Column({ type: 'bigint', nullable: true })
  slot!: string | null;
}
