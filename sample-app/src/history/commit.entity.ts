import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Author } from './author.entity.js';
import { GitRepository } from './repository.entity.js';

@Entity()
export class Commit {
  @ManyToOne(() => GitRepository, { nullable: false })
  @JoinColumn({ name: 'repositoryId' })
  repository!: GitRepository;

  /** The repository again, as the bare id: nothing has to be joined or loaded to read or write it. */
  @PrimaryColumn({ type: 'integer' })
  repositoryId!: number;

  /** A fork has the same commits, with the same ids. */
  @PrimaryColumn({ type: 'text' })
  sha!: string;

  @ManyToOne(() => Author, { nullable: false })
  @JoinColumn({ name: 'authorId' })
  author!: Author;

  @Index()
  @Column({ type: 'integer' })
  authorId!: number;

  @Column({ type: 'datetime' })
  authoredAt!: Date;

  /** The statistics go by this instant. It can lie in the future: git believes the committer's clock. */
  @Index()
  @Column({ type: 'datetime' })
  committedAt!: Date;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'boolean' })
  isMerge!: boolean;

  /** The last commit that a shallow clone has: what it changed is unknown, and stands here as nothing. */
  @Column({ type: 'boolean' })
  isBoundary!: boolean;

  @Column({ type: 'integer' })
  files!: number;

  @Column({ type: 'integer' })
  insertions!: number;

  @Column({ type: 'integer' })
  deletions!: number;

  /** insertions + deletions */
  @Column({ type: 'integer' })
  lines!: number;
}
