import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How far the history has been read: one row. */
@Entity()
export class HistoryState {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  /** The commit that was checked out when the history was last read to its end. */
  @Column({ type: 'text', nullable: true })
  head!: string | null;

  /** Where the clone was shallow then: ids in order, joined by spaces; empty for a whole one. */
  @Column({ type: 'text', default: '' })
  boundary!: string;

  /** The earliest instant at which a commit came or went that the statistics do not know of yet. */
  @Column({ type: 'datetime', nullable: true })
  changedSince!: Date | null;
}
