import { Column, DeleteDateColumn, Entity, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { allRowsOf, engineOn, insert, newMetric } from './stored.js';

@Entity()
class Author {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 10 })
  country!: string;

  @DeleteDateColumn()
  deletedAt!: Date | null;
}

/** goes with its author */
@Entity()
class Post {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  at!: Date;

  @ManyToOne(() => Author, { nullable: true, onDelete: 'CASCADE' })
  author!: Relation<Author> | null;
}

/** stays without its author */
@Entity()
class Note {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  at!: Date;

  @ManyToOne(() => Author, { nullable: true, onDelete: 'SET NULL' })
  author!: Relation<Author> | null;
}

@Entity()
class ByCountry extends AbstractStatistic {
  @Dimension({ type: 'varchar', nullable: true })
  country!: string | null;
}

const PERIODS = [Period.DAY, Period.WEEK, Period.LIFETIME];
const may = (day: number, hour = 12): Date => new Date(Date.UTC(2024, 4, day, hour));
const byAuthor: TrackedTarget = { kind: 'objects', field: 'author', entity: null };
const byCountry: TrackedTarget = {
  kind: 'dimensions',
  statistic: ByCountry,
  dimensions: { country: 'author.country' },
};

/** Author 1 wrote on the 1st, the 2nd and the 3rd, author 2 on the 1st and the 3rd. */
const WRITTEN = [
  { id: 1, at: may(1), author: { id: 1 } },
  { id: 2, at: may(2), author: { id: 1 } },
  { id: 3, at: may(3), author: { id: 1 } },
  { id: 4, at: may(1), author: { id: 2 } },
  { id: 5, at: may(3), author: { id: 2 } },
];
/** what is stored after the run of the 3rd */
const WHOLE = [
  { '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-02 1': '1', '2024-05-03 1': '1', '2024-05-03 2': '1' },
  { '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-02 1': '2', '2024-05-03 1': '3', '2024-05-03 2': '2' },
  { '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-02 1': '2', '2024-05-03 1': '3', '2024-05-03 2': '2' },
];

type Rows = Record<string, string | null>;

describeOnEachDatabase('statistics of what was deleted', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Author, Post, Note, ByCountry] });
  });

  beforeEach(async () => {
    for (const entity of [Post, Note, Author])
      await engine.dataSource.createQueryBuilder().delete().from(entity).execute();
    await insert(engine.dataSource, Author, [
      { id: 1, country: 'NL' },
      { id: 2, country: 'BE' },
    ]);
    for (const entity of [Post, Note]) await insert(engine.dataSource, entity, WRITTEN);
  });

  /** What is stored after a run on the 3rd, what `delete` does, and a run on the 4th, which looks back to the 2nd. */
  async function afterDeletion(
    source: new () => object,
    given: Partial<OneMetric>,
    deletion: () => Promise<unknown>,
  ): Promise<{ rows: Rows[]; definition: OneMetric }> {
    const definition = definitionOf({ metric: newMetric(), dateField: 'at', periods: PERIODS, ...given });
    await engine.run(definition, source, { now: may(3, 20) });
    if (given.target === byAuthor) expect(await allRowsOf(engine, definition)).toEqual(WHOLE);
    await deletion();
    await engine.run(definition, source, { now: may(4, 20) });
    return { rows: await allRowsOf(engine, definition), definition };
  }

  const authors = () => engine.dataSource.getRepository(Author);

  describe.each([
    ['CASCADE', Post],
    ['SET NULL', Note],
  ] as const)('%s', (rule, source) => {
    test('an object keeps the days before the look-back; windows and all time fall from there on', async () => {
      const { rows, definition } = await afterDeletion(source, { target: byAuthor }, () => authors().delete(1));
      expect(rows).toEqual([
        { '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-03 2': '1' },
        { '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-02 1': '0', '2024-05-03 2': '2' },
        { '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-02 1': '0', '2024-05-03 2': '2' },
      ]);
      // verify compares with a source in which the rows never were, and repair makes it so
      expect(
        (await engine.verify(definition, source)).map(({ date, object, expected }) => [date, object?.id, expected]),
      ).toEqual([
        ['2024-05-01', '1', undefined],
        ['2024-05-01', '1', undefined],
        ['2024-05-02', '1', undefined],
        ['2024-05-01', '1', undefined],
        ['2024-05-02', '1', undefined],
      ]);
      await engine.run(definition, source, { now: may(4, 20), from: '2024-05-01' });
      for (const stored of await allRowsOf(engine, definition)) {
        expect(Object.keys(stored).filter((key) => key.endsWith(' 1'))).toEqual([]);
      }
    });

    test('with every date written, the object goes on with zero', async () => {
      const given = { target: byAuthor, density: 'daily' } as const;
      const { rows } = await afterDailyDeletion(source, given);
      for (const running of rows.slice(1)) {
        expect([1, 2, 3, 4].map((day) => running[`2024-05-0${String(day)} 1`])).toEqual(['1', '0', '0', '0']);
      }
    });

    test('appendOnly: all time keeps what is older than the look-back', async () => {
      const given = { target: byAuthor, appendOnly: true };
      const { rows, definition } = await afterDeletion(source, given, () => authors().delete(1));
      const [days, windows, lifetime] = rows;
      // a window is counted from the source, whatever is promised
      expect(days).toEqual({ '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-03 2': '1' });
      expect(windows).toEqual({ '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-02 1': '0', '2024-05-03 2': '2' });
      expect(lifetime).toEqual({ '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-03 2': '2' });
      // a range that is asked for is counted from the source: the promise was broken, and what was kept goes
      await engine.run(definition, source, { now: may(4, 20), from: '2024-05-02' });
      expect((await allRowsOf(engine, definition))[2]).toEqual({
        '2024-05-01 1': '1',
        '2024-05-01 2': '1',
        '2024-05-02 1': '0',
        '2024-05-03 2': '2',
      });
    });

    test('the total', async () => {
      const { rows } = await afterDeletion(source, {}, () => authors().delete(1));
      const [days, , lifetime] = rows;
      if (rule === 'CASCADE') {
        expect(days).toEqual({ '2024-05-01': '2', '2024-05-03': '1' });
        expect(lifetime).toEqual({ '2024-05-01': '2', '2024-05-02': '1', '2024-05-03': '2', '2024-05-04': '2' });
      } else {
        // rows without an object are rows still
        expect(days).toEqual({ '2024-05-01': '2', '2024-05-02': '1', '2024-05-03': '2' });
        expect(lifetime).toEqual({ '2024-05-01': '2', '2024-05-02': '3', '2024-05-03': '5', '2024-05-04': '5' });
      }
    });

    test('minima have no value from then on', async () => {
      const aggregate = { function: 'min', field: 'id' } as const;
      const { rows } = await afterDeletion(source, { aggregate, target: { ...byAuthor } }, () => authors().delete(1));
      expect(rows[2]).toEqual({ '2024-05-01 1': '1', '2024-05-01 2': '4', '2024-05-02 1': null });
    });

    async function afterDailyDeletion(entity: new () => object, given: Partial<OneMetric>): Promise<{ rows: Rows[] }> {
      return afterDeletion(entity, { ...given, target: { ...byAuthor } }, () => authors().delete(1));
    }
  });

  describe('soft deletion of the parent', () => {
    test('changes nothing of its objects: the row still holds its key', async () => {
      const given = { target: byAuthor };
      const { rows, definition } = await afterDeletion(Post, given, () => authors().softDelete(1));
      expect(rows).toEqual(WHOLE);
      expect(await engine.verify(definition, Post)).toEqual([]);
      const appended = await afterDeletion(Note, { ...given, appendOnly: true }, () => authors().softDelete(1));
      expect(appended.rows).toEqual(WHOLE);
    });

    test('what is read across it is gone from the look-back on, unless withDeleted', async () => {
      const { rows } = await afterDeletion(Post, { target: byCountry }, () => authors().softDelete(1));
      expect(rows[0]).toEqual({
        '2024-05-01 BE': '1',
        '2024-05-01 NL': '1',
        '2024-05-02 \u2400': '1',
        '2024-05-03 BE': '1',
        '2024-05-03 \u2400': '1',
      });
      // all of it is counted again, so the first day moves to NULL as well
      expect(rows[2]).toMatchObject({ '2024-05-01 NL': '1', '2024-05-02 NL': '0', '2024-05-02 \u2400': '2' });
      await authors().restore(1);
      const kept = await afterDeletion(Post, { target: byCountry, withDeleted: true }, () => authors().softDelete(1));
      expect(kept.rows[0]).toEqual({
        '2024-05-01 BE': '1',
        '2024-05-01 NL': '1',
        '2024-05-02 NL': '1',
        '2024-05-03 BE': '1',
        '2024-05-03 NL': '1',
      });
      expect(kept.rows[2]).toMatchObject({ '2024-05-03 NL': '3' });
    });
  });
});
