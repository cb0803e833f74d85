import { Column, Entity, PrimaryColumn } from 'typeorm';
import { newMetric, rowsOf } from '../rollup/stored.js';
import { describeOnDatabase } from '../support/databases.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';

@Entity()
class Entry {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'datetime', nullable: true })
  at!: Date | null;
}

const NOW = new Date('2026-11-20T12:30:00Z');

describeOnDatabase('sqlite', 'a datetime column', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, Entry] }));
  });
  beforeEach(() => engine.dataSource.getRepository(Entry).clear());

  const insert = (id: number, literal: string): Promise<unknown> =>
    engine.dataSource.query(`INSERT INTO entry (id, at) VALUES (${String(id)}, ${literal})`);

  test.each([
    ['ISO text', `'2026-11-20T11:00:00.000Z'`],
    ['ISO text without a zone', `'2026-11-20T11:00:00'`],
    ['an offset', `'2026-11-20 11:00:00+02:00'`],
    ['milliseconds', '1795172400000'],
    ['seconds', '1795172400'],
    ['julian days', '2461365.25'],
    ['other text', `'20.11.2026'`],
  ])('that holds %s is refused, at the first run and later', async (_, literal) => {
    const definition = definitionOf({ metric: newMetric(), dateField: 'at', lookback: 1 });
    await insert(1, `'2026-11-19 11:00:00'`);
    await insert(2, literal);
    await expect(engine.run(definition, Entry, { now: NOW })).rejects.toMatchObject({
      code: 'TRACKSTATS_DATE_FORM',
      count: 1,
    });
    await engine.dataSource.getRepository(Entry).delete(2);
    await engine.run(definition, Entry, { now: NOW });
    // text in another form that sorts before the range is noticed by a first run only
    if (literal === `'20.11.2026'`) return;
    await insert(2, literal);
    await expect(engine.run(definition, Entry, { now: NOW })).rejects.toMatchObject({ code: 'TRACKSTATS_DATE_FORM' });
  });

  test('that holds what SQLite and TypeORM write is counted', async () => {
    for (const [id, literal] of [
      `'2026-11-20'`,
      `'2026-11-20 11:00'`,
      `'2026-11-20 11:00:00'`,
      `'2026-11-20 11:00:00.123'`,
      `'2026-11-20 11:00:00.123456'`,
      'NULL',
    ].entries())
      await insert(id, literal);
    const definition = definitionOf({ metric: newMetric(), dateField: 'at' });
    await engine.run(definition, Entry, { now: NOW });
    expect(await rowsOf(engine, definition)).toEqual({ '2026-11-20': '5' });
  });
});
