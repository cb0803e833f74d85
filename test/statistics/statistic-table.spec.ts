import { Column, DataSource, Entity, JoinColumn, ManyToOne } from 'typeorm';
import { Database } from '../../lib/database/database.js';
import { MissingEntityError } from '../../lib/errors/database.error.js';
import {
  IncompleteDimensionsError,
  InvalidDimensionError,
  InvalidDimensionValueError,
} from '../../lib/errors/dimension.error.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { AbstractTimeStatistic } from '../../lib/statistics/tables/abstract-time-statistic.js';
import { Dimension, dimensionsOf, NULL_DIMENSION } from '../../lib/statistics/tables/dimension.decorator.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticOwners } from '../../lib/statistics/tables/owners.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { prepareStatisticTables } from '../../lib/statistics/tables/statistic-table.js';
import { customScope, enclosingScope, objectScope, objectsScope, TOTAL_SCOPE } from '../../lib/coverage/scope.js';
import { primaryKeyOf, type StatisticClass, statisticTableOf } from '../../lib/statistics/tables/statistic-table.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { CATALOG, Customer, ENTITIES, Flights, ORDERS, OrdersByRegion, setup, type Setup } from './setup.js';

@Entity()
class WithColumn extends AbstractStatistic {
  @Dimension({ type: 'varchar' })
  country!: string;

  @Column({ type: 'varchar' })
  note!: string;
}

@Entity()
class WithRelation extends AbstractStatistic {
  @Dimension({ type: 'varchar' })
  country!: string;

  @ManyToOne(() => Customer)
  @JoinColumn()
  customer!: Customer;
}

@Entity()
class ByCountry extends AbstractStatistic {
  @Dimension({ type: 'varchar' })
  country!: string;
}

@Entity()
class ByCity extends ByCountry {
  @Dimension({ type: 'varchar' })
  city!: string;
}

@Entity()
class ByCityAndTime extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar' })
  country!: string;

  @Dimension({ type: 'varchar' })
  city!: string;
}

@Entity()
class ByStreetAndTime extends ByCityAndTime {
  @Dimension({ type: 'integer' })
  house!: number;
}

@Entity()
class TimeWithColumn extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar' })
  country!: string;

  @Column({ type: 'varchar' })
  note!: string;
}

@Entity()
class TimeWithoutDimension extends AbstractTimeStatistic {}

@Entity()
class ByStreet extends ByCity {
  @Dimension({ type: 'varchar' })
  street!: string;

  @Dimension({ type: 'integer' })
  house!: number;
}

@Entity()
class WithoutDimension extends AbstractStatistic {}

async function databaseOf(...entities: (new () => object)[]): Promise<Database> {
  const dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [...CATALOG, Customer, ...entities],
  });
  return new Database(await dataSource.initialize());
}

describe('a custom statistic', () => {
  it.each([
    [WithColumn, /note/],
    [WithRelation, /customer/],
    [WithoutDimension, /extends AbstractStatistic and has no dimension.*StatisticByDate/],
    [TimeWithColumn, /note/],
    [TimeWithoutDimension, /extends AbstractTimeStatistic and has no dimension.*StatisticByTime/],
  ])('%p is refused at start', async (entity, message) => {
    const database = await databaseOf(entity);
    await expect(prepareStatisticTables(database)).rejects.toThrow(InvalidDimensionError);
    expect(() => statisticTableOf(database, entity as never)).toThrow(message);
  });

  it('that the data source does not know is refused', async () => {
    const database = await databaseOf();
    expect(() => statisticTableOf(database, Flights)).toThrow(MissingEntityError);
    expect(() => statisticTableOf(database, Flights)).toThrow(
      /does not know Flights\. Import TrackstatsModule\.forFeature\(\[Flights\]\)/,
    );
    const bare = new DataSource({ type: 'better-sqlite3', database: ':memory:', entities: [Customer] });
    await expect(prepareStatisticTables(new Database(await bare.initialize()))).rejects.toThrow(/StatisticByDate/);
  });

  it('has its keys in the order of its primary key, the date last', async () => {
    const database = await databaseOf(Flights);
    const table = statisticTableOf(database, Flights);
    expect(table).toMatchObject({ kind: 'custom', entity: Flights });
    expect(table.keys.map(({ property }) => property)).toEqual(['from', 'to', 'order', 'object', 'booked']);
    expect(table.keys.map(({ column }) => column.sql)).toEqual([
      '"origin"',
      '"destination"',
      '"ordinal"',
      '"is_object"',
      '"booked"',
    ]);
    expect(table.table.metadata.primaryColumns.map(({ propertyName }) => propertyName)).toEqual([
      'metricId',
      'period',
      'from',
      'to',
      'order',
      'object',
      'booked',
      'date',
    ]);
    expect(statisticTableOf(database, Flights)).toBe(table);
  });

  it('of buckets of less than a day has their start last, and no date', async () => {
    const database = await databaseOf(StatisticByTime, StatisticByTimeAndObject, ByStreetAndTime, ByCityAndTime);
    const described = (entity: StatisticClass): unknown => {
      const table = statisticTableOf(database, entity);
      const { metadata } = table.table;
      expect(table.moment).toBe('start');
      expect(primaryKeyOf(table)).toEqual(metadata.primaryColumns.map(({ propertyName }) => propertyName));
      expect(metadata.findColumnWithPropertyName('date')).toBeUndefined();
      const indices = metadata.indices.map(({ columns }) => columns.map(({ propertyName }) => propertyName));
      return [table.kind, primaryKeyOf(table), indices];
    };
    const index = ['metricId', 'period', 'start'];
    expect(described(StatisticByTime)).toEqual(['total', index, []]);
    expect(described(StatisticByTimeAndObject)).toEqual([
      'object',
      ['metricId', 'period', 'objectType', 'objectId', 'start'],
      [index],
    ]);
    expect(described(ByCityAndTime)).toEqual(['custom', ['metricId', 'period', 'country', 'city', 'start'], [index]]);
    expect(described(ByStreetAndTime)).toEqual([
      'custom',
      ['metricId', 'period', 'country', 'city', 'house', 'start'],
      [index],
    ]);
    expect(statisticTableOf(database, StatisticByDate)).toMatchObject({ moment: 'date' });
  });

  it('that extends another one has the dimensions of both, and the date last', async () => {
    const database = await databaseOf(ByStreet, ByCountry, ByCity);
    const key = (entity: StatisticClass): unknown => {
      const { table, keys } = statisticTableOf(database, entity);
      expect(keys.map(({ property }) => property)).toEqual(dimensionsOf(entity).map(({ property }) => property));
      expect(table.metadata.indices.map(({ columns }) => columns.map(({ propertyName }) => propertyName))).toEqual([
        ['metricId', 'period', 'date'],
      ]);
      return table.metadata.primaryColumns.map(({ propertyName }) => propertyName).slice(2);
    };
    expect(key(ByCountry)).toEqual(['country', 'date']);
    expect(key(ByCity)).toEqual(['country', 'city', 'date']);
    expect(key(ByStreet)).toEqual(['country', 'city', 'street', 'house', 'date']);
  });

  it('refuses values that do not fit, and the one that stands for null', async () => {
    const { keys } = statisticTableOf(await databaseOf(Flights), Flights);
    const [from, to, order, object, booked] = keys;
    expect(to!.encode(null)).toBe(NULL_DIMENSION.varchar);
    expect(order!.encode(null)).toBe(NULL_DIMENSION.integer);
    expect(object!.encode(false)).toBe(0);
    expect(booked!.decode(NULL_DIMENSION.date)).toBeNull();
    expect(from!.encode(NULL_DIMENSION.varchar)).toBe(NULL_DIMENSION.varchar);
    for (const [key, value] of [
      [from, null],
      [from, undefined],
      [from, 5],
      [from, 'x'.repeat(11)],
      [from, 'a\0'],
      [from, '\ud800'],
      [to, NULL_DIMENSION.varchar],
      [order, 1.5],
      [order, 2 ** 31],
      [order, NaN],
      [order, '1'],
      [order, NULL_DIMENSION.integer],
      [object, 1],
      [object, 'true'],
      [booked, '2026-02-30'],
      [booked, new Date()],
      [booked, NULL_DIMENSION.date],
    ] as const) {
      expect(() => key!.encode(value)).toThrow(InvalidDimensionValueError);
    }
    expect(from!.encode('🙂'.repeat(10))).toBe('🙂'.repeat(10));
  });
});

describe('scopes', () => {
  it('name what coverage is of', async () => {
    expect(TOTAL_SCOPE).toBe('');
    expect(objectsScope('customer')).toBe('objects:customer');
    expect(objectScope({ type: 'customer', id: '5' })).toBe('object:customer:5');
    expect(customScope(statisticTableOf(await databaseOf(Flights), Flights))).toBe('statistic:flights');
    expect(objectScope({ type: 'a:b', id: 'c' })).not.toBe(objectScope({ type: 'a', id: 'b:c' }));
    const long = { type: ':'.repeat(100), id: 'x'.repeat(255) };
    expect(objectScope(long).length).toBeLessThanOrEqual(400);
    expect(objectScope(long)).not.toBe(objectScope({ ...long, id: 'y'.repeat(255) }));
    expect(enclosingScope(objectScope(long))).toBe(objectsScope(long.type));
    expect(enclosingScope('object:a:b:c\nd')).toBe('objects:a');
    expect(enclosingScope('')).toBeNull();
  });

  it('have owners', () => {
    const owners = new StatisticOwners();
    owners.own('shop/orders', [Period.DAY, Period.WEEK], objectsScope('customer'), 'A');
    owners.own('shop/orders', [Period.DAY], objectScope({ type: 'page', id: 'x' }), 'B');
    expect(owners.ownerOf('shop/orders', Period.DAY, 'object:customer:5')).toBe('A');
    expect(owners.ownerOf('shop/orders', null, 'objects:customer')).toBe('A');
    expect(owners.ownerOf('shop/orders', Period.LIFETIME, 'objects:customer')).toBeUndefined();
    expect(owners.ownerOf('shop/orders', Period.DAY, 'objects:page')).toBe('B');
    expect(owners.ownerOf('shop/orders', Period.DAY, 'object:page:y')).toBeUndefined();
    expect(owners.ownerOf('shop/orders', Period.DAY, '')).toBeUndefined();
    expect(owners.ownerOf('shop/visits', Period.DAY, 'objects:customer')).toBeUndefined();
  });
});

describeOnEachDatabase('custom statistics', (test) => {
  let s: Setup;
  const at = (country: string, province: string | null) => ({
    entity: OrdersByRegion,
    dimensions: { country, province },
  });
  beforeEach(async () => {
    s = await setup(test);
    for (const [place, [country, province]] of (
      [
        ['NL', null],
        ['NL', 'Utrecht'],
        ['nl', null],
        ['BE', 'Namur'],
      ] as const
    ).entries()) {
      await s.statistics.record({ metric: ORDERS, value: place + 1, ...at(country, province) });
    }
  });

  it('are read by some of their dimensions, a null included', async () => {
    const find = async (dimensions?: object) =>
      (await s.statistics.find({ metric: ORDERS, entity: OrdersByRegion, ...(dimensions && { dimensions }) }))
        .map(({ value }) => value)
        .sort();
    expect(await find()).toEqual([1, 2, 3, 4]);
    expect(await find({ country: 'NL' })).toEqual([1, 2]);
    expect(await find({ province: null })).toEqual([1, 3]);
    expect(await find({ province: [null, 'Namur'], country: ['NL', 'BE'] })).toEqual([1, 4]);
    expect(await find({ country: [] })).toEqual([]);
    const narrowed = await s.statistics
      .narrow({ metric: ORDERS, entity: OrdersByRegion, dimensions: { province: null } })
      .getMany();
    expect(narrowed.map(({ province }) => province)).toEqual([null, null]);
  });

  it('rank and give series by dimensions', async () => {
    expect(await s.statistics.top({ metric: ORDERS, entity: OrdersByRegion, limit: 2 })).toEqual([
      { dimensions: { country: 'BE', province: 'Namur' }, value: 4 },
      { dimensions: { country: 'nl', province: null }, value: 3 },
    ]);
    const all = await s.statistics.multiSeries({
      metric: ORDERS,
      entity: OrdersByRegion,
      dimensions: { country: 'NL' },
      last: 1,
    });
    expect(all.map(({ dimensions, points }) => [dimensions.province, points[0]?.value])).toEqual(
      expect.arrayContaining([
        ['Utrecht', 2],
        [null, 1],
      ]),
    );
    expect(new Set(all.map(({ key }) => key)).size).toBe(2);
  });

  it('need every dimension for one value', async () => {
    const some = { entity: OrdersByRegion, dimensions: { country: 'NL' } } as never as ReturnType<typeof at>;
    await expect(s.statistics.value({ metric: ORDERS, ...some })).rejects.toThrow(IncompleteDimensionsError);
    await expect(s.statistics.series({ metric: ORDERS, ...some })).rejects.toThrow(/province/);
    await expect(s.statistics.record({ metric: ORDERS, value: 1, ...some })).rejects.toThrow(IncompleteDimensionsError);
    await expect(s.statistics.increment({ metric: ORDERS, ...some })).rejects.toThrow(IncompleteDimensionsError);
    await expect(
      s.statistics.find({ metric: ORDERS, entity: OrdersByRegion, dimensions: { city: 'x' } as never }),
    ).rejects.toThrow(InvalidDimensionError);
    await expect(
      s.statistics.find({ metric: ORDERS, entity: OrdersByRegion, dimensions: { country: undefined } }),
    ).rejects.toThrow(/country is undefined/);
    await expect(s.statistics.find({ metric: ORDERS, entity: Customer as never })).rejects.toThrow(/custom statistic/);
    expect(ENTITIES).toContain(OrdersByRegion);
  });

  it('are removed by some of their dimensions', async () => {
    expect(
      await s.statistics.remove({
        metric: ORDERS,
        entity: OrdersByRegion,
        dimensions: { country: 'NL', province: null },
      }),
    ).toBe(1);
    expect(await s.statistics.remove({ metric: ORDERS, entity: OrdersByRegion })).toBe(3);
  });
});
