import { Column, Entity, Index, JoinColumn, ManyToOne, OneToOne, PrimaryColumn, type Relation, Unique } from 'typeorm';
import { AmbiguousRelationError } from '../../lib/errors/source.error.js';
import { InvalidSourceError } from '../../lib/errors/source.error.js';
import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import type { MeasureReading, SourceReading } from '../../lib/rollup/source-reading.js';
import { resolveSource } from '../../lib/rollup/source.resolver.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { statisticTableOf } from '../../lib/statistics/tables/statistic-table.js';
import { Period } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { allRowsOf, engineOn, insert, newMetric, ran } from './stored.js';

/** A table of the application that was filled twice: its codes should be unique, and nothing keeps them so. */
@Entity()
@Unique(['number'])
class Country {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 2 })
  code!: string;

  @Column({ type: 'integer' })
  number!: number;

  @Column({ type: 'varchar', length: 20 })
  name!: string;

  @Column({ type: 'integer' })
  rate!: number;

  @Index({ unique: true })
  @Column({ type: 'varchar', length: 3 })
  iso!: string;
}

@Entity()
class Buyer {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  at!: Date;

  /** without foreign keys, TypeORM makes no unique constraint */
  @OneToOne(() => Badge, (badge) => badge.buyer)
  badge!: Relation<Badge> | null;

  @OneToOne(() => Login, (login) => login.buyer)
  login!: Relation<Login> | null;
}

@Entity()
class Badge {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 20 })
  colour!: string;

  @Column({ type: Date, precision: 3 })
  madeAt!: Date;

  @OneToOne(() => Buyer, (buyer) => buyer.badge, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'buyer_id' })
  buyer!: Relation<Buyer>;
}

@Entity()
class Login {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 20 })
  name!: string;

  @OneToOne(() => Buyer, (buyer) => buyer.login)
  @JoinColumn({ name: 'buyer_id' })
  buyer!: Relation<Buyer>;
}

@Entity()
class Sale {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  at!: Date;

  @Column({ type: 'integer' })
  amount!: number;

  @ManyToOne(() => Country, { createForeignKeyConstraints: false, nullable: true })
  @JoinColumn({ name: 'country_code', referencedColumnName: 'code' })
  country!: Relation<Country> | null;

  @ManyToOne(() => Country, { createForeignKeyConstraints: false, nullable: true })
  @JoinColumn({ name: 'country_number', referencedColumnName: 'number' })
  byNumber!: Relation<Country> | null;

  @ManyToOne(() => Country, { createForeignKeyConstraints: false, nullable: true })
  @JoinColumn({ name: 'country_iso', referencedColumnName: 'iso' })
  byIso!: Relation<Country> | null;

  @ManyToOne(() => Buyer, { createForeignKeyConstraints: false, nullable: true })
  buyer!: Relation<Buyer> | null;
}

@Entity()
class SalesByCountry extends AbstractStatistic {
  @Dimension()
  country!: string;
}

const NOW = '2024-05-10T00:00:00Z';
const PERIODS = [Period.DAY, Period.WEEK, Period.LIFETIME];
const may = (day: number): Date => new Date(`2024-05-0${String(day)}T12:00:00Z`);
const byName: TrackedTarget = {
  kind: 'dimensions',
  statistic: SalesByCountry,
  dimensions: { country: 'country.name' },
};

describeOnEachDatabase('a join that nothing proves to find one row', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    const entities = [...TRACKSTATS_ENTITIES, Country, Buyer, Badge, Login, Sale, SalesByCountry];
    engine = await engineOn(database, { entities });
    const put = (entity: abstract new () => object, rows: object[]): Promise<void> =>
      insert(engine.dataSource, entity, rows);
    // the Netherlands are there three times, Belgium twice under different names
    await put(Country, [
      { id: 1, code: 'NL', number: 1, iso: 'NLD', name: 'Nederland', rate: 21 },
      { id: 2, code: 'NL', number: 2, iso: 'nl2', name: 'Nederland', rate: 21 },
      { id: 3, code: 'NL', number: 3, iso: 'nl3', name: 'Nederland', rate: 21 },
      { id: 4, code: 'BE', number: 4, iso: 'BEL', name: 'België', rate: 19 },
      { id: 5, code: 'BE', number: 5, iso: 'be2', name: 'Belgique', rate: 19 },
    ]);
    await put(Buyer, [
      { id: 1, at: may(1) },
      { id: 2, at: may(2) },
    ]);
    await put(Badge, [
      { id: 1, colour: 'red', madeAt: may(3), buyer: { id: 1 } },
      { id: 2, colour: 'red', madeAt: may(4), buyer: { id: 1 } },
      { id: 3, colour: 'red', madeAt: may(4), buyer: { id: 2 } },
    ]);
    await put(Login, [{ id: 1, name: 'ada', buyer: { id: 1 } }]);
    const sale = (
      id: number,
      day: number,
      amount: number,
      code: string | null,
      number: number,
      buyer: number,
    ): object => ({
      id,
      at: may(day),
      amount,
      country: code === null ? null : { code },
      byNumber: { number },
      byIso: { iso: 'NLD' },
      buyer: { id: buyer },
    });
    await put(Sale, [
      sale(1, 1, 10, 'NL', 1, 1),
      // of the same amount: a row is told from another by its key, not by what it holds
      sale(2, 1, 10, 'NL', 1, 1),
      sale(3, 2, 40, 'NL', 2, 2),
      sale(4, 2, 5, null, 3, 2),
    ]);
  });

  describe.each<[AggregateFunction, string | null, Record<string, string>[], Record<string, string>[]]>([
    // per day, the windows and all time at the last change; of all rows, and under the name of the country
    ['count', null, of('2', '1', '3'), of('2', '1', '3')],
    ['sum', 'amount', of('20', '40', '60'), of('20', '40', '60')],
    ['avg', 'amount', of('10', '40', '20'), of('10', '40', '20')],
    ['min', 'amount', of('10', '40', '10'), of('10', '40', '10')],
    ['max', 'amount', of('10', '40', '40'), of('10', '40', '40')],
    ['countDistinct', 'amount', of('1', '1', '2'), of('1', '1', '2')],
    ['sum', 'country.rate', of('42', '21', '63'), of('42', '21', '63')],
    ['avg', 'country.rate', of('21', '21', '21'), of('21', '21', '21')],
    ['countDistinct', 'country.name', of('1', '1', '1'), of('1', '1', '1')],
  ])('counts each row once: %s of %s', (name, field, total, keyed) => {
    const given = {
      dateField: 'at',
      periods: PERIODS,
      aggregate: { function: name, field },
      density: 'changes',
    } as const;
    const rowsOf = async (more: Partial<OneMetric>): Promise<Record<string, string | null>[]> => {
      const { definition } = await ran(engine, Sale, NOW, { ...given, ...more });
      return (await allRowsOf(engine, definition)).map((rows) =>
        Object.fromEntries(Object.entries(rows).filter(([key]) => key < '2024-05-03')),
      );
    };
    const changed = (rows: Record<string, string>[], key = ''): Record<string, string>[] =>
      rows.map((one, place) =>
        Object.fromEntries(
          Object.entries(one)
            .filter(([date, value]) => place === 0 || date === '2024-05-01' || value !== one['2024-05-01'])
            .map(([date, value]) => [`${date}${key}`, value]),
        ),
      );

    test('of all rows that a condition over the relation finds', async () => {
      expect(await rowsOf({ where: { country: { name: 'Nederland' } } })).toEqual(changed(total));
      const query = (alias: string) =>
        engine.dataSource.getRepository(Sale).createQueryBuilder(alias).innerJoin(`${alias}.country`, 'c');
      const { definition } = await ran(engine, query('s'), NOW, given);
      const [days] = await allRowsOf(engine, definition);
      expect(days).toEqual(total[0]);
    });

    test('under the value that the relation finds', async () => {
      expect(await rowsOf({ target: byName })).toEqual(changed(keyed, ' Nederland'));
    });

    test('under an object, beside a relation that is unique', async () => {
      const target: TrackedTarget = { kind: 'objects', field: 'byNumber', entity: null };
      const rows = await rowsOf({ target, where: { country: { name: 'Nederland' } } });
      expect(rows[0]).toEqual({
        '2024-05-01 1': total[0]?.['2024-05-01'],
        '2024-05-02 2': total[0]?.['2024-05-02'],
      });
    });
  });

  test('each row has one value, or the run says which has several', async () => {
    await insert(engine.dataSource, Sale, [
      { id: 77, at: may(5), amount: 1, country: { code: 'BE' }, byNumber: null, byIso: null, buyer: null },
    ]);
    try {
      // what does not read the name is right: both have the same rate, and the row counts once
      const rates = await ran(engine, Sale, NOW, {
        dateField: 'at',
        aggregate: { function: 'sum', field: 'country.rate' },
        where: { id: 77 },
      });
      expect(await rates.rows()).toEqual({ '2024-05-05': '19' });
      const definition = definitionOf({ metric: newMetric(), dateField: 'at', target: byName, periods: PERIODS });
      const run = engine.run(definition, Sale, { now: new Date(NOW) });
      await expect(run).rejects.toThrow(AmbiguousRelationError);
      await expect(run).rejects.toThrow(
        /dimensions.country: "country.name" of Sale has several.* key 77\. Rows are found by Country.code, which is not unique/,
      );
      expect(await allRowsOf(engine, definition)).toEqual([{}, {}, {}]);
      // an object behind the relation, and a distinct count of it
      for (const more of [
        { target: { kind: 'objects', field: 'country', entity: null } },
        { aggregate: { function: 'countDistinct', field: 'country.id' } },
        { aggregate: { function: 'max', field: 'country.id' } },
      ] as Partial<OneMetric>[]) {
        await expect(ran(engine, Sale, NOW, { dateField: 'at', where: { id: 77 }, ...more })).rejects.toThrow(
          AmbiguousRelationError,
        );
      }
      // in a range without it, nothing is in doubt
      await engine.run(definition, Sale, { now: new Date(NOW), from: '2024-05-01', to: '2024-05-04' });
      expect(await allRowsOf(engine, definition)).toMatchObject([{ '2024-05-01 Nederland': '2' }, {}, {}]);
      await engine.dataSource.getRepository(Country).update(5, { name: 'België' });
      await engine.run(definition, Sale, { now: new Date(NOW), from: '2024-05-01' });
      expect((await allRowsOf(engine, definition))[0]).toMatchObject({ '2024-05-05 België': '1' });
      expect(await engine.verify(definition, Sale)).toEqual([]);
      await engine.dataSource.getRepository(Country).update(5, { name: 'Belgique' });
      await expect(engine.verify(definition, Sale)).rejects.toThrow(AmbiguousRelationError);
    } finally {
      await engine.dataSource.getRepository(Sale).delete(77);
    }
  });

  test('the other side of a one-to-one without a unique constraint', async () => {
    const of = async (source: abstract new () => object, given: Partial<OneMetric>, dateField = 'at') =>
      (await ran(engine, source, NOW, { dateField, ...given })).rows();
    expect(await of(Buyer, { where: { badge: { colour: 'red' } } })).toEqual({ '2024-05-01': '1', '2024-05-02': '1' });
    const colours: TrackedTarget = {
      kind: 'dimensions',
      statistic: SalesByCountry,
      dimensions: { country: 'badge.colour' },
    };
    expect(await of(Buyer, { target: colours })).toEqual({ '2024-05-01 red': '1', '2024-05-02 red': '1' });
    const sales: TrackedTarget = { ...colours, dimensions: { country: 'buyer.badge.colour' } };
    expect(await of(Sale, { target: sales, aggregate: { function: 'sum', field: 'amount' } })).toEqual({
      '2024-05-01 red': '20',
      '2024-05-02 red': '45',
    });
    // the two badges of buyer 1 are of different days, whatever range is asked for
    const dated = of(Buyer, {}, 'badge.madeAt');
    await expect(dated).rejects.toThrow(AmbiguousRelationError);
    await expect(dated).rejects.toThrow(/"badge.madeAt" of Buyer .*key 1\. Rows are found by Badge.buyer/);
    await engine.dataSource.getRepository(Badge).update(2, { madeAt: may(3) });
    expect(await of(Buyer, {}, 'badge.madeAt')).toEqual({ '2024-05-03': '1', '2024-05-04': '1' });
    await engine.dataSource.getRepository(Badge).update(2, { madeAt: may(4) });
  });

  describe('the plan', () => {
    const resolved = (source: new () => object, { aggregate, ...given }: Partial<SourceReading & MeasureReading>) =>
      resolveSource(
        engine.database.dialect,
        engine.dataSource,
        source,
        {
          dateField: 'at',
          keys: [],
          statistic: statisticTableOf(engine.database, StatisticByDate),
          where: null,
          withDeleted: false,
          epoch: null,
          storedIn: null,
          ...given,
        },
        { aggregate: aggregate ?? { function: 'count', field: null }, where: null },
      );

    test.each<[string, Partial<SourceReading & MeasureReading>]>([
      ['a primary key', { where: { buyer: { id: 1 } } }],
      ['a unique constraint', { where: { byNumber: { rate: 21 } } }],
      ['a unique index', { where: { byIso: { rate: 21 } } }],
      ['the constraint of a one-to-one', { where: { buyer: { login: { name: 'ada' } } } }],
      ['a path by a unique constraint', { aggregate: { function: 'sum', field: 'byNumber.rate' } }],
      [
        'a minimum, which twice the same changes not',
        {
          aggregate: { function: 'min', field: 'amount' },
          where: { country: { rate: 21 } },
        },
      ],
    ])('is the plain one for %s', (_, given) => {
      const source = resolved(Sale, given);
      expect(source.query.sql).not.toMatch(/DISTINCT/);
      expect(source.ambiguity).toBeNull();
    });

    test('tells rows apart where it has to, and the definition stays the same', () => {
      const source = resolved(Sale, { where: { country: { rate: 21 } } });
      expect(source.query.sql).toMatch(/SELECT DISTINCT/);
      expect(source.text).not.toMatch(/DISTINCT/);
    });
  });

  test('a source without a primary key is refused', async () => {
    const keyless = engine.dataSource.getMetadata(Sale);
    const keys = keyless.primaryColumns;
    keyless.primaryColumns = [];
    try {
      await expect(ran(engine, Sale, NOW, { dateField: 'at', target: byName })).rejects.toThrow(InvalidSourceError);
    } finally {
      keyless.primaryColumns = keys;
    }
  });
});

/** Days, and the windows and all time of the two days that have rows. */
function of(first: string, second: string, both: string): Record<string, string>[] {
  const running = { '2024-05-01': first, '2024-05-02': both };
  return [{ '2024-05-01': first, '2024-05-02': second }, running, running];
}
