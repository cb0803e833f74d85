import { Column, PrimaryColumn } from 'typeorm';
import { NamedEntity } from '../database/entity.decorator.js';
import type { LocalDate } from '../time/local-date.js';

/**
 * The state that the replicas of an application share about a tracker: who runs it, until when, and which slot was the
 * last.
 */
@NamedEntity('TrackstatsTrackerState', { name: 'trackstats_tracker', withoutRowid: true })
export class TrackerState {
  @PrimaryColumn({ type: 'varchar', length: 200 })
  name!: string;

  /** the process that holds the lease */
  @Column({ type: 'varchar', length: 255, nullable: true })
  owner!: string | null;

  /** counts the leases, so that a process that was paused past its lease is detected */
  @Column({ type: 'bigint', default: 0 })
  fence!: string;

  /** end of the lease, milliseconds since 1970 */
  @Column({ type: 'bigint', nullable: true })
  until!: string | null;

  /** the last slot that was run, milliseconds since 1970 */
  @Column({ type: 'bigint', nullable: true })
  slot!: string | null;

  /** first and last date of a backfill that has not ended; a last date of null: through today */
  @Column({ name: 'backfill_from', type: 'varchar', length: 10, nullable: true })
  backfillFrom!: LocalDate | null;

  @Column({ name: 'backfill_to', type: 'varchar', length: 10, nullable: true })
  backfillTo!: LocalDate | null;

  /** the last date that it has computed */
  @Column({ name: 'backfill_through', type: 'varchar', length: 10, nullable: true })
  backfillThrough!: LocalDate | null;
}
