import { Column, Entity, PrimaryColumn } from 'typeorm';
import { OutOfRangeError } from '../../lib/errors/run.error.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { allRowsOf, engineOn, insert, newMetric } from './stored.js';

@Entity()
class Page {
  @PrimaryColumn({ type: 'varchar', length: 500 })
  slug!: string;
}

@Entity()
class View {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  at!: Date;

  @Column({ type: 'varchar', length: 500 })
  slug!: string;

  @Column({ type: 'double precision', nullable: true })
  weight!: number | null;

  @Column({ type: 'bigint', nullable: true })
  bytes!: string | null;
}

@Entity()
class BySlug extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 10 })
  slug!: string;
}

const PERIODS = [Period.DAY, Period.WEEK, Period.LIFETIME];
const NOW = new Date('2024-05-02T20:00:00Z');
const at = new Date('2024-05-01T12:00:00Z');
const pages: TrackedTarget = { kind: 'objects', field: 'slug', entity: Page };

describeOnEachDatabase('what does not fit', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Page, View, BySlug] });
  });
  beforeEach(() => engine.dataSource.createQueryBuilder().delete().from(View).execute());

  async function refused(given: Partial<OneMetric>, message: RegExp): Promise<void> {
    const definition = definitionOf({
      name: 'ViewTracker',
      metric: newMetric(),
      dateField: 'at',
      periods: PERIODS,
      ...given,
    });
    const run = engine.run(definition, View, { now: NOW });
    await expect(run).rejects.toThrow(OutOfRangeError);
    await expect(run).rejects.toThrow(message);
    expect(await allRowsOf(engine, definition)).toEqual([{}, {}, {}]);
    // without the rows, it runs
    await engine.run({ ...definition, where: { slug: 'short' } }, View, { now: NOW });
    // and stops again where they come back beside what is stored
    await expect(engine.run(definition, View, { now: NOW, from: '2024-05-01' })).rejects.toThrow(OutOfRangeError);
  }

  test('the id of an object: 255 characters, however many bytes', async () => {
    const fits = '\u{1f600}'.repeat(255);
    await insert(engine.dataSource, View, [
      { id: 1, at, slug: 'short' },
      { id: 2, at, slug: fits },
    ]);
    const definition = definitionOf({ metric: newMetric(), dateField: 'at', periods: PERIODS, target: pages });
    await engine.run(definition, View, { now: NOW });
    expect((await allRowsOf(engine, definition))[0]).toEqual({ '2024-05-01 short': '1', [`2024-05-01 ${fits}`]: '1' });
    await insert(engine.dataSource, View, [{ id: 3, at, slug: `/blog/${'x'.repeat(250)}` }]);
    await refused(
      { target: pages },
      /Tracker ViewTracker: the id of an object has 256 characters: "\/blog\/x+\.+ Expected at most 255/,
    );
  });

  test('the value of a dimension', async () => {
    await insert(engine.dataSource, View, [
      { id: 1, at, slug: 'short' },
      { id: 2, at, slug: 'elevenchars' },
    ]);
    const target: TrackedTarget = { kind: 'dimensions', statistic: BySlug, dimensions: { slug: 'slug' } };
    await refused({ target }, /the dimension slug has 11 characters: "elevenchars". Expected at most 10.*length/);
  });

  test('a number of more than 45 digits', async () => {
    await insert(engine.dataSource, View, [
      { id: 1, at, slug: 'short', weight: 1 },
      { id: 2, at, slug: 'huge', weight: -1e60 },
    ]);
    for (const name of ['sum', 'avg', 'min'] as const) {
      const aggregate = { function: name, field: 'weight' };
      await refused(
        { aggregate, target: pages },
        new RegExp(`${name}\\("weight"\\) of "huge" cannot be stored: the value is -1e\\+60`),
      );
    }
    await refused(
      { aggregate: { function: 'sum', field: 'weight' } },
      /sum\("weight"\) cannot be stored: the value is -1e\+60/,
    );
  });

  test('no finite number', async () => {
    if (database.kind === 'mariadb') return; // has none
    for (const [literal, shown] of database.kind === 'postgres'
      ? [
          ["'Infinity'", 'Infinity'],
          ["'NaN'", 'NaN'],
        ]
      : [['9e999', 'Infinity']]) {
      await engine.dataSource.createQueryBuilder().delete().from(View).execute();
      await insert(engine.dataSource, View, [
        { id: 1, at, slug: 'short', weight: 1 },
        { id: 2, at, slug: 'odd', weight: 2 },
      ]);
      await engine.dataSource.query(
        `UPDATE view SET weight = ${String(literal)} WHERE id = 2`.replace('view', '"view"'),
      );
      for (const name of ['sum', 'max'] as const) {
        const aggregate = { function: name, field: 'weight' };
        await refused(
          { aggregate, target: pages },
          new RegExp(`of "odd" cannot be stored: the value is ${String(shown)}`),
        );
      }
    }
  });

  test('a sum of integers past 2^63: on SQLite alone', async () => {
    await insert(engine.dataSource, View, [
      { id: 1, at, slug: 'short', bytes: '1' },
      { id: 2, at, slug: 'big', bytes: '9000000000000000000' },
      { id: 3, at, slug: 'big', bytes: '9000000000000000000' },
    ]);
    const aggregate = { function: 'sum', field: 'bytes' } as const;
    if (database.kind === 'sqlite') {
      await refused(
        { aggregate, target: pages },
        /sum\("bytes"\) of "big" cannot be stored: the value is 18000000000000000000/,
      );
    } else {
      const definition = definitionOf({
        metric: newMetric(),
        dateField: 'at',
        periods: PERIODS,
        aggregate,
        target: pages,
      });
      await engine.run(definition, View, { now: NOW });
      expect((await allRowsOf(engine, definition))[2]).toMatchObject({ '2024-05-01 big': '18000000000000000000' });
    }
  });
});
