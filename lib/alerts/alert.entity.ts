import { Column, PrimaryColumn } from 'typeorm';
import type { Database } from '../database/database.js';
import { NamedEntity } from '../database/entity.decorator.js';
import { readAsStored } from '../database/stored-columns.js';
import type { AlertStatus } from './alert-progress.js';

// instants are milliseconds since 1970, so that no time zone of a column or driver changes them

export const LONGEST_PART = 200;

/** The state of an alert that all replicas share. Alerts with another definition have a row of their own. */
@NamedEntity('TrackstatsAlert', { name: 'trackstats_alert', withoutRowid: true })
export class AlertState {
  @PrimaryColumn({ type: 'varchar', length: 200 })
  name!: string;

  /** a hash of what the alert watches and when it fires: replicas with another threshold do not disturb each other */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  fingerprint!: string;

  /** the tracker that it watches, or the id of the object if it watches each of a type; empty for other statistics */
  @PrimaryColumn({ type: 'varchar', length: LONGEST_PART })
  tracker!: string;

  /** number of changes so far, by which a replica notices that another one was faster */
  @Column({ type: 'bigint', default: 0 })
  version!: string;

  @Column({ type: 'varchar', length: 20, default: 'ok' })
  status!: AlertStatus;

  /** when the status changed last */
  @Column({ type: 'bigint', nullable: true })
  since!: string | null;

  /** the moment of the last observation: a date, an instant, or the number of a run */
  @Column({ type: 'varchar', length: 40, nullable: true })
  moment!: string | null;

  /** what was observed then, as JSON */
  @Column({ type: 'text', nullable: true })
  observed!: string | null;

  /** what was observed when the status changed last, as JSON */
  @Column({ type: 'text', nullable: true })
  crossed!: string | null;

  /** the crossing whose call has not returned yet, as JSON */
  @Column({ type: 'text', nullable: true })
  crossing!: string | null;

  /** until then no other replica makes the call */
  @Column({ type: 'bigint', nullable: true })
  until!: string | null;

  /** number of times that the call was begun */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  /** of the last call, if it failed */
  @Column({ type: 'text', nullable: true })
  error!: string | null;

  /** when a process last evaluated it, to a day, by the database's clock; null: not since this column exists */
  @Column({ type: 'bigint', nullable: true })
  seen!: string | null;
}

/** Makes the keys compare byte by byte, and the table read the same whatever the settings of the driver. */
export async function prepareAlertTable(database: Database): Promise<void> {
  readAsStored(database, [AlertState]);
  await database.driver.prepareKeys(database.dataSource, [
    { table: database.table(AlertState), textKeys: ['name', 'fingerprint', 'tracker'] },
  ]);
}
