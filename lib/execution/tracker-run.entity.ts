import { Column, Index, PrimaryGeneratedColumn } from 'typeorm';
import { NamedEntity } from '../database/entity.decorator.js';
import type { LocalDate } from '../time/local-date.js';
import type { RunStatus } from './tracker-run.js';

/**
 * One run of a tracker, stored as history. Instants are milliseconds since 1970, so that no time zone of a column or
 * driver changes them.
 */
@NamedEntity('TrackstatsTrackerRun', { name: 'trackstats_run' })
@Index(['tracker', 'id'])
export class TrackerRunRecord {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 200 })
  tracker!: string;

  /** the instant for which it was scheduled; null: asked for by hand */
  @Column({ type: 'bigint', nullable: true })
  slot!: string | null;

  @Column({ type: 'varchar', length: 20 })
  status!: RunStatus;

  @Column({ type: 'integer' })
  attempt!: number;

  @Column({ name: 'started_at', type: 'bigint' })
  startedAt!: string;

  @Column({ name: 'finished_at', type: 'bigint', nullable: true })
  finishedAt!: string | null;

  @Column({ name: 'from_date', type: 'varchar', length: 10, nullable: true })
  from!: LocalDate | null;

  @Column({ name: 'through_date', type: 'varchar', length: 10, nullable: true })
  through!: LocalDate | null;

  /** rows inserted or changed */
  @Column({ type: 'bigint' })
  written!: string;

  @Column({ type: 'bigint' })
  removed!: string;

  @Column({ type: 'text', nullable: true })
  error!: string | null;

  @Column({ type: 'varchar', length: 255 })
  host!: string;

  /** the lease under which it ran: a run that says 'running' after its lease has died */
  @Column({ type: 'bigint', nullable: true })
  fence!: string | null;
}
