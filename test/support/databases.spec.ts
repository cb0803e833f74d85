import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { describeOnEachDatabase } from './databases.js';
import type { TestDatabase } from './databases.js';

@Entity()
class Note {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'varchar', length: 50 })
  text!: string;
}

@Entity()
class Answer {
  @PrimaryGeneratedColumn()
  id!: number;

  @ManyToOne(() => Note, { nullable: false })
  note!: Note;
}

const names: string[] = [];

function databaseName(database: TestDatabase): string {
  return database.options().database as string;
}

describeOnEachDatabase('a test database', (database) => {
  afterEach(() => database.reset());

  it('keeps an entity', async () => {
    const first = await database.open({ entities: [Note] });
    await first.getRepository(Note).save({ text: 'é 日本 🙂' });

    const second = await database.open({ entities: [Note], synchronize: false });
    expect(await second.getRepository(Note).find()).toEqual([{ id: 1, text: 'é 日本 🙂' }]);
  });

  it('is empty again after a reset, with tables of a new shape', async () => {
    const dataSource = await database.open({ entities: [Note] });
    await dataSource.getRepository(Note).save({ text: 'old' });
    await database.reset();
    expect(dataSource.isInitialized).toBe(false);

    const fresh = await database.open({ entities: [Note] });
    expect(await fresh.getRepository(Note).count()).toBe(0);
    expect(await fresh.getRepository(Note).save({ text: 'new' })).toMatchObject({ id: 1 });
  });

  it('has its tables and no rows after a clear, and ids begin again', async () => {
    const dataSource = await database.open({ entities: [Note, Answer] });
    const note = await dataSource.getRepository(Note).save({ text: 'old' });
    await dataSource.getRepository(Answer).save({ note });
    await database.clear();
    expect(dataSource.isInitialized).toBe(false);

    const fresh = await database.open({ entities: [Note, Answer], synchronize: false });
    expect(await fresh.getRepository(Answer).count()).toBe(0);
    expect(await fresh.getRepository(Note).save({ text: 'new' })).toMatchObject({ id: 1 });
  });

  it('empties what connections opened elsewhere still look at', async () => {
    const elsewhere = await new DataSource(database.options({ entities: [Note] })).initialize();
    try {
      await elsewhere.getRepository(Note).save({ text: 'old' });
      await database.reset();
      await elsewhere.synchronize();
      expect(await elsewhere.getRepository(Note).count()).toBe(0);
    } finally {
      await elsewhere.destroy();
    }
  });

  it('takes a table prefix, and a schema where there are some', async () => {
    await database.createSchema('reports');
    const dataSource = await database.open({
      entities: [Note],
      entityPrefix: 'my_',
      ...(database.kind === 'postgres' && { schema: 'reports' }),
    });
    await dataSource.getRepository(Note).save({ text: 'one' });
    const { tablePath } = dataSource.getMetadata(Note);
    expect(tablePath).toBe(database.kind === 'postgres' ? 'reports.my_note' : 'my_note');
    expect(await dataSource.getRepository(Note).count()).toBe(1);
  });

  it('belongs to one describe alone', () => {
    names.push(databaseName(database));
    expect(new Set(names).size).toBe(names.length);
    expect(database.version).toMatch(/^(SQLite|PostgreSQL|MariaDB|MySQL) \d+\.\d/);
  });
});
