import sql from 'sql-template-tag';
import { Column, type DataSource, Entity, PrimaryColumn } from 'typeorm';
import { Database } from '../../lib/database/database.js';
import { execute, executeDeferred, executeWithDeferred, query, type Work } from '../../lib/database/work.js';
import { describeOnEachDatabase } from '../support/databases.js';

@Entity('deferred_row')
class DeferredRow {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'integer' })
  n!: number;
}

describeOnEachDatabase('deferred statements', (test) => {
  let dataSource: DataSource;
  let database: Database;

  beforeEach(async () => {
    dataSource = await test.open({ entities: [DeferredRow] });
    database = new Database(dataSource);
    await dataSource.getRepository(DeferredRow).insert([1, 2, 3].map((id) => ({ id, n: 0 })));
  });
  afterEach(() => test.clear());

  const stored = async (): Promise<number[]> => {
    const rows = await dataSource.getRepository(DeferredRow).find({ order: { id: 'ASC' } });
    return rows.map(({ n }) => n);
  };
  const add = (id: number) => sql`UPDATE deferred_row SET n = n + 1 WHERE id = ${id}`;

  it('are run before a statement that reads, and before the end', async () => {
    const seen = await database.transaction(function* (): Work<unknown[]> {
      yield* executeDeferred(add(1));
      yield* executeDeferred(add(2));
      const rows = yield* query(sql`SELECT n FROM deferred_row WHERE n > 0`);
      yield* executeDeferred(add(1));
      return rows;
    });
    expect(seen).toHaveLength(2);
    expect(await stored()).toEqual([2, 1, 0]);
  });

  it('leave the next statement its own number of rows', async () => {
    const changed = await database.transaction(function* (): Work<number[]> {
      yield* executeDeferred(sql`UPDATE deferred_row SET n = 5 WHERE id < 3`);
      const none = yield* executeWithDeferred(add(9));
      yield* executeDeferred(sql`DELETE FROM deferred_row WHERE id = 2`);
      const one = yield* executeWithDeferred(add(3));
      yield* executeDeferred(add(1));
      return [none, one, yield* execute(sql`UPDATE deferred_row SET n = n + 1 WHERE n > 0`)];
    });
    expect(changed).toEqual([0, 1, 2]);
    expect(await stored()).toEqual([7, 2]);
  });

  it('fail the transaction that they are in', async () => {
    const failing = database.transaction(function* (): Work<void> {
      yield* executeDeferred(add(1));
      yield* executeDeferred(sql`INSERT INTO deferred_row (id, n) VALUES (3, 1)`);
    });
    await expect(failing).rejects.toMatchObject({ message: expect.stringMatching(/unique|duplicate/i) });
    expect(await stored()).toEqual([0, 0, 0]);
  });
});
