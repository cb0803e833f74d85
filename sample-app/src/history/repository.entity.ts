import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A repository, and the state of reading its history. */
@Entity('repository') // TypeORM has a class of that name
export class GitRepository {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', unique: true })
  gitDirectory!: string;

  /** The commit that was checked out when the history was last read to its end. null if there were no commits. */
  @Column({ type: 'text', nullable: true })
  head!: string | null;

  /** The ids at which the clone was shallow then, in order and joined by spaces. Empty for a complete clone. */
  @Column({ type: 'text', default: '' })
  boundary!: string;

  /** The earliest instant of an added or removed commit that the statistics do not include yet. */
  @Column({ type: 'datetime', nullable: true })
  changedSince!: Date | null;
}
