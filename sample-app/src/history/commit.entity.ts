import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { Author } from './author.entity.js';
import { GitRepository } from './repository.entity.js';

@Entity()
export class Commit {
  @ManyToOne(() => GitRepository, { nullable: false })
  @JoinColumn({ name: 'repositoryId' })
  repository!: GitRepository;

  /** The repository's id, to read or write without a join. */
  @PrimaryColumn({ type: 'integer' })
  repositoryId!: number;

  /** Not unique: a fork has the same commits, with the same ids. */
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

  /** The statistics use this instant. It can be in the future, because git trusts the committer's clock. */
  @Index()
  @Column({ type: 'datetime' })
  committedAt!: Date;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'boolean' })
  isMerge!: boolean;

  /** True for the oldest commit of a shallow clone. Its changes are unknown, and stored as 0. */
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
