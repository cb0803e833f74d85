import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A repository, and how far its history has been read. */
@Entity('repository') // TypeORM has a class of that name
export class GitRepository {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', unique: true })
  gitDirectory!: string;

  /** The commit that was checked out when the history was last read to its end; null: there were no commits. */
  @Column({ type: 'text', nullable: true })
  head!: string | null;

  /** Where the clone was shallow then: ids in order, joined by spaces; empty for a whole one. */
  @Column({ type: 'text', default: '' })
  boundary!: string;

  /** The earliest instant at which a commit came or went that the statistics do not know of yet. */
  @Column({ type: 'datetime', nullable: true })
  changedSince!: Date | null;
}
