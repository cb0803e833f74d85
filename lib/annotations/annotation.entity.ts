import { Column, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Domain } from '../catalog/domain.entity.js';
import type { Database } from '../database/database.js';
import { NamedEntity } from '../database/entity.decorator.js';
import { readAsStored } from '../database/stored-columns.js';
import type { LocalDate } from '../time/local-date.js';

/** The longest text of an annotation, in characters. */
export const LONGEST_TEXT = 500;
/** The longest key of an annotation, in characters. */
export const LONGEST_KEY = 255;

/** An annotation as it is stored. */
@NamedEntity('TrackstatsAnnotation', { name: 'trackstats_annotation', withoutRowid: true })
@Index(['date'])
export class AnnotationRecord {
  /** a hash of what makes two annotations the same, so that replicas which add one at the same time add one row */
  @PrimaryColumn({ type: 'varchar', length: 32 })
  id!: string;

  @Column({ type: 'date' })
  date!: LocalDate;

  /** milliseconds since 1970; null for the whole day */
  @Column({ name: 'happened_at', type: 'bigint', nullable: true })
  at!: string | null;

  @Column({ type: 'varchar', length: LONGEST_TEXT })
  text!: string;

  /** empty if it has none */
  @Column({ name: 'event_key', type: 'varchar', length: LONGEST_KEY })
  key!: string;

  @ManyToOne(() => Domain, { nullable: true, onDelete: 'CASCADE' })
  @JoinColumn({ name: 'domain_id' })
  domain!: Domain | null;
}

/** Makes the table store every character, and read the same whatever the settings of the driver. */
export async function prepareAnnotationTable(database: Database): Promise<void> {
  readAsStored(database, [AnnotationRecord]);
  await database.driver.prepareKeys(database.dataSource, [
    { table: database.table(AnnotationRecord), textKeys: ['id', 'text', 'key'] },
  ]);
}
