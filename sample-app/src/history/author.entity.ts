import { Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { GitRepository } from './repository.entity.js';

/** A name and an email address as commits have them. Two spellings are two authors. */
@Entity()
@Unique(['repositoryId', 'name', 'email'])
export class Author {
  @PrimaryGeneratedColumn()
  id!: number;

  @ManyToOne(() => GitRepository, { nullable: false })
  @JoinColumn({ name: 'repositoryId' })
  repository!: GitRepository;

  @Column({ type: 'integer' })
  repositoryId!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  email!: string;
}
