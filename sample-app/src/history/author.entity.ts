import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** A name and an address, exactly as commits have them: two spellings are two authors. */
@Entity()
@Unique(['name', 'email'])
export class Author {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  email!: string;
}
