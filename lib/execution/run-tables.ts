import { Column, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { Database } from '../database/database.js';
import { NamedEntity } from '../database/entity.decorator.js';
import { readAsStored } from '../database/stored-columns.js';
import type { LocalDate } from '../time/local-date.js';
import type { RunStatus } from './tracker-run.js';

// instants are milliseconds since 1970, so that no time zone of a column or driver changes them

/** One run of a tracker: an entry of the run history. */
@NamedEntity('TrackstatsTrackerRun', { name: 'trackstats_run' })
@Index(['tracker', 'id'])
export class TrackerRunRecord {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 200 })
  tracker!: string;

  /** the instant for which it was scheduled; null if it was started by a call */
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

  /** number of rows inserted or changed */
  @Column({ type: 'bigint' })
  written!: string;

  @Column({ type: 'bigint' })
  removed!: string;

  @Column({ type: 'text', nullable: true })
  error!: string | null;

  @Column({ type: 'varchar', length: 255 })
  host!: string;

  /** the fence of its lease; a run with status 'running' is lost if the tracker's fence has moved on */
  @Column({ type: 'bigint', nullable: true })
  fence!: string | null;

  /** the origin of the run; null for runs of earlier versions */
  @Column({ name: 'triggered_by', type: 'varchar', length: 40, nullable: true })
  triggeredBy!: string | null;
}

/** The state of a tracker that all replicas share: its lease, its last slot and a backfill that has not ended. */
@NamedEntity('TrackstatsTrackerState', { name: 'trackstats_tracker', withoutRowid: true })
export class TrackerState {
  @PrimaryColumn({ type: 'varchar', length: 200 })
  name!: string;

  /** the process that has the lease */
  @Column({ type: 'varchar', length: 255, nullable: true })
  owner!: string | null;

  /** number of leases so far, which exposes a process that was paused past the end of its lease */
  @Column({ type: 'bigint', default: 0 })
  fence!: string;

  /** end of the lease */
  @Column({ type: 'bigint', nullable: true })
  until!: string | null;

  /** the last slot that was run */
  @Column({ type: 'bigint', nullable: true })
  slot!: string | null;

  /** first and last date of a backfill that has not ended; a last date of null stands for today */
  @Column({ name: 'backfill_from', type: 'varchar', length: 10, nullable: true })
  backfillFrom!: LocalDate | null;

  @Column({ name: 'backfill_to', type: 'varchar', length: 10, nullable: true })
  backfillTo!: LocalDate | null;

  /** the last date that the backfill has computed */
  @Column({ name: 'backfill_through', type: 'varchar', length: 10, nullable: true })
  backfillThrough!: LocalDate | null;

  /** the last date of the past that was compared with the source, where `history` is `'current'` */
  @Column({ name: 'scrubbed_through', type: 'varchar', length: 10, nullable: true })
  scrubbedThrough!: LocalDate | null;

  /** when that was */
  @Column({ name: 'scrubbed_at', type: 'bigint', nullable: true })
  scrubbedAt!: string | null;
}

/** Makes trackers' names compare byte by byte, and both tables read the same whatever the settings of the driver. */
export async function prepareRunTables(database: Database): Promise<void> {
  readAsStored(database, [TrackerRunRecord, TrackerState]);
  await database.driver.prepareKeys(database.dataSource, [
    { table: database.table(TrackerRunRecord), textKeys: ['tracker'] },
    { table: database.table(TrackerState), textKeys: ['name'] },
  ]);
}
