import {
  Brackets,
  ChildEntity,
  Column,
  type DataSource,
  DefaultNamingStrategy,
  DeleteDateColumn,
  type EntityTarget,
  Entity,
  EntitySchema,
  In,
  Index,
  IsNull,
  JoinColumn,
  ManyToMany,
  ManyToOne,
  JoinTable,
  MoreThan,
  Not,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  type ObjectLiteral,
  type Relation,
  type Repository,
  TableInheritance,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import { InvalidPropertyPathError, InvalidSourceError } from '../../lib/errors/source.error.js';
import { DefinitionChangedError } from '../../lib/errors/run.error.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { Period } from '../../lib/time/period.js';
import type { Source } from '../../lib/rollup/source-query.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { engineOn, insert, newMetric, ran, rowsOf } from './stored.js';

class Span {
  @Column({ type: Date, precision: 3, nullable: true })
  startedAt!: Date | null;
}

class Address {
  @Column({ type: 'varchar', length: 20, nullable: true })
  country!: string | null;

  @ManyToOne(() => Customer, { nullable: true, createForeignKeyConstraints: false })
  payer!: Relation<Customer> | null;
}

@Entity()
class Customer {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 20 })
  code!: string;

  @Column({ type: 'varchar', length: 20, nullable: true })
  city!: string | null;

  @DeleteDateColumn()
  deletedAt!: Date | null;

  @OneToOne(() => Passport, (passport) => passport.customer)
  passport!: Relation<Passport> | null;

  @OneToMany(() => Order, (order) => order.customer)
  orders!: Relation<Order>[];
}

@Entity()
class Passport {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  issuedAt!: Date;

  @OneToOne(() => Customer, (customer) => customer.passport, { createForeignKeyConstraints: false })
  @JoinColumn()
  customer!: Relation<Customer>;
}

@Entity()
@Index(['reference'], { unique: true })
class Order {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 20 })
  reference!: string;

  @Column({ type: 'varchar', length: 60 })
  status!: string;

  @Column({ name: 'paid_on_instant', type: Date, precision: 3, nullable: true })
  paidAt!: Date | null;

  @Column({ type: 'integer', default: 0 })
  amount!: number;

  @ManyToOne(() => Customer, (customer) => customer.orders, { nullable: true, createForeignKeyConstraints: false })
  @JoinColumn({ name: 'bought_by' })
  customer!: Relation<Customer> | null;

  /** holds the customer's number, without a relation */
  @Column({ type: 'integer', nullable: true })
  sellerId!: number | null;

  @Column(() => Address)
  address!: Address;

  /** spelled like the relation inside `address`, and another */
  @ManyToOne(() => Customer, { nullable: true, createForeignKeyConstraints: false })
  @JoinColumn({ name: 'other_payer' })
  address_payer!: Relation<Customer> | null;

  @DeleteDateColumn()
  deletedAt!: Date | null;

  @OneToMany(() => Line, (line) => line.order)
  lines!: Relation<Line>[];

  @ManyToMany(() => Tag)
  @JoinTable()
  tags!: Relation<Tag>[];
}

@Entity()
class Tag {
  @PrimaryColumn({ type: 'integer' })
  id!: number;
}

@Entity()
class Line {
  @PrimaryColumn({ name: 'order_id', type: 'integer' })
  orderId!: number;

  @PrimaryColumn({ type: 'integer' })
  position!: number;

  @Column({ type: 'integer' })
  quantity!: number;

  @Column(() => Span)
  span!: Span;

  @ManyToOne(() => Order, (order) => order.lines, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'order_id' })
  order!: Relation<Order>;

  @OneToMany(() => Remark, (remark) => remark.line)
  remarks!: Relation<Remark>[];
}

@Entity()
class Remark {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @ManyToOne(() => Line, (line) => line.remarks, { createForeignKeyConstraints: false })
  line!: Relation<Line>;

  @Column({ type: Date, precision: 3 })
  madeAt!: Date;

  /** of an order, by what is unique and not its primary key */
  @ManyToOne(() => Order, { createForeignKeyConstraints: false, nullable: true })
  @JoinColumn({ name: 'order_reference', referencedColumnName: 'reference' })
  about!: Relation<Order> | null;
}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
abstract class Content {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3 })
  postedAt!: Date;

  @ManyToOne(() => Customer, { nullable: true, createForeignKeyConstraints: false })
  author!: Relation<Customer> | null;
}

@ChildEntity()
class Photo extends Content {
  @Column({ type: 'integer' })
  size!: number;
}

@ChildEntity()
class Portrait extends Photo {}

@ChildEntity('video!')
class Video extends Content {
  @ManyToOne(() => Photo, { nullable: true, createForeignKeyConstraints: false })
  cover!: Relation<Photo> | null;
}

@ViewEntity({
  expression: (dataSource: DataSource) =>
    dataSource
      .createQueryBuilder(Order, 'o')
      .select('o.id', 'number')
      .addSelect('o.paidAt', 'at')
      .where('o.paidAt IS NOT NULL'),
})
class Payment {
  @ViewColumn()
  number!: number;

  @Column({ type: Date })
  at!: Date;

  @ViewColumn({ name: 'at' })
  untyped!: Date;
}

const Shelf = new EntitySchema<{ id: number }>({
  name: 'Shelf',
  columns: { id: { type: 'integer', primary: true } },
});

const Book = new EntitySchema<{ id: number; boughtAt: Date; shelf: { id: number } | null }>({
  name: 'Book',
  columns: {
    id: { type: 'integer', primary: true },
    boughtAt: { type: Date, precision: 3 },
  },
  relations: { shelf: { type: 'many-to-one', target: 'Shelf', nullable: true, createForeignKeyConstraints: false } },
});

@Entity()
class OrdersByPlace extends AbstractStatistic {
  @Dimension()
  status!: string;

  @Dimension({ type: 'varchar', nullable: true })
  city!: string | null;

  @Dimension({ type: 'integer', nullable: true })
  seller!: number | null;
}

const ENTITIES = [
  ...TRACKSTATS_ENTITIES,
  Customer,
  Passport,
  Order,
  Tag,
  Line,
  Remark,
  Content,
  Photo,
  Portrait,
  Video,
  Shelf,
  Book,
  OrdersByPlace,
  Payment,
];
const NOW = '2024-05-31T00:00:00Z';
const may = (day: number, time = '12:00'): Date => new Date(`2024-05-${String(day).padStart(2, '0')}T${time}:00Z`);

function ofObjects(field: string, entity: (abstract new () => object) | null = null): TrackedTarget {
  return { kind: 'objects', field, entity };
}

async function fill(dataSource: DataSource): Promise<void> {
  const put = (entity: EntityTarget<ObjectLiteral>, rows: object[]): Promise<void> => insert(dataSource, entity, rows);
  await put(Customer, [
    { id: 1, code: 'ada', city: 'Delft' },
    { id: 2, code: 'bob', city: null },
    { id: 3, code: 'cyd', city: 'Gent' },
  ]);
  await put(Passport, [
    { id: 11, issuedAt: may(3), customer: { id: 1 } },
    { id: 12, issuedAt: may(4), customer: { id: 3 } },
  ]);
  const order = (
    id: number,
    status: string,
    paidAt: Date | null,
    customer: number | null,
    rest: object = {},
  ): object => ({
    id,
    reference: `R${String(id)}`,
    status,
    paidAt,
    customer: customer === null ? null : { id: customer },
    amount: id * 10,
    ...rest,
  });
  await put(Order, [
    order(1, 'paid', may(1), 1, {
      sellerId: 3,
      address: { country: 'NL', payer: { id: 2 } },
      address_payer: { id: 1 },
    }),
    order(2, 'paid', may(1), 2, { sellerId: 3, address: { country: 'BE', payer: null } }),
    order(3, 'open', may(2), 1, { sellerId: null }),
    order(4, 'open', may(2), null, { sellerId: 1 }),
    order(5, 'paid', null, 3, { sellerId: 1 }),
    order(6, 'gone', may(3), 3, { sellerId: 2 }),
  ]);
  await put(Line, [
    { orderId: 1, position: 1, quantity: 2, span: { startedAt: may(1) } },
    { orderId: 1, position: 2, quantity: 3, span: { startedAt: may(1) } },
    { orderId: 2, position: 1, quantity: 5, span: { startedAt: may(2) } },
    { orderId: 6, position: 1, quantity: 7, span: { startedAt: may(3) } },
    { orderId: 6, position: 2, quantity: 9, span: { startedAt: null } },
  ]);
  await put(Remark, [
    { id: 1, madeAt: may(5), line: { orderId: 1, position: 1 }, about: { reference: 'R1' } },
    { id: 2, madeAt: may(5), line: { orderId: 1, position: 1 }, about: { reference: 'R1' } },
    { id: 3, madeAt: may(5), line: { orderId: 1, position: 2 }, about: { reference: 'R2' } },
    { id: 4, madeAt: may(6), line: { orderId: 2, position: 1 }, about: null },
  ]);
  await put(Photo, [
    { id: 1, postedAt: may(1), size: 10, author: { id: 1 } },
    { id: 2, postedAt: may(2), size: 20, author: { id: 2 } },
  ]);
  await put(Portrait, [{ id: 3, postedAt: may(2), size: 40, author: { id: 2 } }]);
  await put(Video, [
    { id: 4, postedAt: may(2), author: { id: 1 }, cover: { id: 1 } },
    { id: 5, postedAt: may(3), author: null, cover: { id: 3 } },
  ]);
  await put(Shelf, [{ id: 1 }, { id: 2 }]);
  await put(Book, [
    { id: 1, boughtAt: may(1), shelf: { id: 2 } },
    { id: 2, boughtAt: may(1), shelf: { id: 1 } },
    { id: 3, boughtAt: may(2), shelf: null },
  ]);
  await put(Tag, [{ id: 1 }, { id: 2 }]);
  await dataSource
    .createQueryBuilder()
    .relation(Order, 'tags')
    .of(1)
    .add([1, 2].map((id) => ({ id })));
}

/** What a test asks of every shop, however it is named. */
function shopOf(getEngine: () => Engine): {
  counted: (source: Source, dateField: string, given?: Partial<OneMetric>) => Promise<Record<string, string | null>>;
} {
  return {
    counted: async (source, dateField, given = {}) =>
      (await ran(getEngine(), source, NOW, { dateField, ...given })).rows(),
  };
}

describeOnEachDatabase('a source', (database) => {
  let engine: Engine;
  let orders: Repository<Order>;
  let lines: Repository<Line>;
  const { counted } = shopOf(() => engine);

  beforeAll(async () => {
    engine = await engineOn(database, { entities: ENTITIES });
    await fill(engine.dataSource);
    orders = engine.dataSource.getRepository(Order);
    lines = engine.dataSource.getRepository(Line);
    // order 6 and customer 3 are soft-deleted
    await orders.softDelete(6);
    await engine.dataSource.getRepository(Customer).softDelete(3);
  });

  describe('soft-deleted', () => {
    test('rows are out, and in with withDeleted', async () => {
      expect(await counted(Order, 'paidAt')).toEqual({ '2024-05-01': '2', '2024-05-02': '2' });
      const all = { '2024-05-01': '2', '2024-05-02': '2', '2024-05-03': '1' };
      expect(await counted(Order, 'paidAt', { withDeleted: true })).toEqual(all);
      expect(await counted(orders.createQueryBuilder('o').withDeleted(), 'paidAt')).toEqual(all);
      expect(await counted(orders, 'paidAt', { withDeleted: true, where: { deletedAt: Not(IsNull()) } })).toEqual({
        '2024-05-03': '1',
      });
    });

    test('rows go when they are deleted between two runs, and come back when they are restored', async () => {
      const definition = definitionOf({
        metric: newMetric(),
        dateField: 'paidAt',
        periods: [Period.DAY, Period.LIFETIME],
      });
      const run = async (): Promise<unknown> => {
        await engine.run(definition, Order, { now: may(2, '20:00') });
        return [await rowsOf(engine, definition), await rowsOf(engine, definition, Period.LIFETIME)];
      };
      const before = await run();
      await orders.softDelete([3, 4]);
      expect(await run()).toEqual([{ '2024-05-01': '2' }, { '2024-05-01': '2', '2024-05-02': '2' }]);
      await orders.restore([3, 4]);
      expect(await run()).toEqual(before);
    });

    test('rows that a path crosses have no date, like rows that are not there', async () => {
      expect(await counted(Line, 'order.paidAt')).toEqual({ '2024-05-01': '3' });
      expect(await counted(Line, 'order.paidAt', { withDeleted: true })).toEqual({
        '2024-05-01': '3',
        '2024-05-03': '2',
      });
    });

    test('objects are named still: the row holds their key', async () => {
      const target = ofObjects('customer');
      expect(await counted(Order, 'paidAt', { target, withDeleted: true })).toEqual({
        '2024-05-01 1': '1',
        '2024-05-01 2': '1',
        '2024-05-02 1': '1',
        '2024-05-03 3': '1',
      });
    });
  });

  describe('of an inheritance', () => {
    test('has the rows of the child and of its own children', async () => {
      expect(await counted(Content, 'postedAt')).toEqual({ '2024-05-01': '1', '2024-05-02': '3', '2024-05-03': '1' });
      expect(await counted(Photo, 'postedAt')).toEqual({ '2024-05-01': '1', '2024-05-02': '2' });
      expect(await counted(Portrait, 'postedAt')).toEqual({ '2024-05-02': '1' });
      expect(await counted(Video, 'postedAt')).toEqual({ '2024-05-02': '1', '2024-05-03': '1' });
    });

    test('as a repository, as a query, with conditions that are alternatives', async () => {
      const videos = engine.dataSource.getRepository(Video);
      expect(await counted(videos, 'postedAt')).toEqual({ '2024-05-02': '1', '2024-05-03': '1' });
      expect(await counted(videos.createQueryBuilder('v').where('v.id = 4').orWhere('v.id = 1'), 'postedAt')).toEqual({
        '2024-05-02': '1',
      });
      expect(await counted(Video, 'postedAt', { where: [{ id: 4 }, { id: 1 }] })).toEqual({ '2024-05-02': '1' });
    });

    test('its own columns, its relations', async () => {
      const aggregate = { function: 'sum', field: 'size' } as const;
      expect(await counted(Photo, 'postedAt', { aggregate })).toEqual({ '2024-05-01': '10', '2024-05-02': '60' });
      expect(await counted(Video, 'cover.postedAt')).toEqual({ '2024-05-01': '1', '2024-05-02': '1' });
      expect(await counted(Video, 'postedAt', { target: ofObjects('cover.author') })).toEqual({
        '2024-05-02 1': '1',
        '2024-05-03 2': '1',
      });
    });

    test('objects of a child entity are named by the table that they are in', async () => {
      const { metric } = await ran(engine, Video, NOW, { dateField: 'postedAt', target: ofObjects('cover') });
      const found = await engine.dataSource
        .getRepository(StatisticByDateAndObject)
        .find({ where: { metric: { ref: metric.ref } }, order: { date: 'ASC' } });
      expect(found.map(({ objectType, objectId }) => [objectType, objectId])).toEqual([
        ['content', '1'],
        ['content', '3'],
      ]);
    });
  });

  describe('with a composite primary key', () => {
    test('is counted row by row', async () => {
      expect(await counted(Line, 'span.startedAt')).toEqual({
        '2024-05-01': '2',
        '2024-05-02': '1',
        '2024-05-03': '1',
      });
    });

    test('is counted once a row beside a join to many', async () => {
      const query = (): ReturnType<typeof lines.createQueryBuilder> =>
        lines.createQueryBuilder('l').innerJoin('l.remarks', 'r');
      expect(await counted(query(), 'span.startedAt')).toEqual({ '2024-05-01': '2', '2024-05-02': '1' });
      const sum = { function: 'sum', field: 'quantity' } as const;
      expect(await counted(query(), 'span.startedAt', { aggregate: sum })).toEqual({
        '2024-05-01': '5',
        '2024-05-02': '5',
      });
    });

    test('is no object', async () => {
      const refused = counted(Remark, 'madeAt', { target: ofObjects('line') });
      await expect(refused).rejects.toThrow(InvalidPropertyPathError);
      await expect(refused).rejects.toThrow(/objectField: "line" of Remark points to Line, whose key has 2 columns/);
    });
  });

  describe('paths', () => {
    test('a date across a relation, in an embedded object, in an inverse one-to-one', async () => {
      expect(await counted(Line, 'order.paidAt')).toEqual({ '2024-05-01': '3' });
      expect(await counted(Line, 'span.startedAt')).toEqual({
        '2024-05-01': '2',
        '2024-05-02': '1',
        '2024-05-03': '1',
      });
      expect(await counted(Remark, 'line.order.paidAt')).toEqual({ '2024-05-01': '4' });
      expect(await counted(Customer, 'passport.issuedAt', { withDeleted: true })).toEqual({
        '2024-05-03': '1',
        '2024-05-04': '1',
      });
    });

    test.each([
      ['customer', { '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-02 1': '1' }],
      ['customer.id', { '2024-05-01 1': '1', '2024-05-01 2': '1', '2024-05-02 1': '1' }],
      ['address.payer', { '2024-05-01 2': '1' }],
      ['customer.passport', { '2024-05-01 11': '1', '2024-05-02 11': '1' }],
    ])('objects by %s', async (field, expected) => {
      expect(
        await counted(Order, 'paidAt', { target: ofObjects(field, field === 'customer.id' ? Customer : null) }),
      ).toEqual(expected);
    });

    test('objects by a nested relation, a plain column, the other side of a one-to-one, a unique column', async () => {
      expect(await counted(Line, 'span.startedAt', { target: ofObjects('order.customer') })).toEqual({
        '2024-05-01 1': '2',
        '2024-05-02 2': '1',
      });
      expect(await counted(Order, 'paidAt', { target: ofObjects('sellerId', Customer) })).toEqual({
        '2024-05-01 3': '2',
        '2024-05-02 1': '1',
      });
      expect(await counted(Passport, 'issuedAt', { target: ofObjects('customer.passport') })).toEqual({
        '2024-05-03 11': '1',
      });
      // the object's id is its primary key, though the row holds another one
      expect(await counted(Remark, 'madeAt', { target: ofObjects('about') })).toEqual({
        '2024-05-05 1': '2',
        '2024-05-05 2': '1',
      });
    });

    test.each([
      ['lines', /crosses lines|leads to many/],
      ['lines.order', /crosses lines, which leads to many rows/],
      ['tags', /leads to many rows/],
      ['customer.orders', /leads to many rows/],
      ['sellerId', /is a plain column.*objectEntity: Customer/],
      ['customer.nothing', /"customer.nothing" of Order does not exist: Customer has id, code, city/],
      ['status.length', /does not exist/],
    ])('objects by %s are refused', async (field, message) => {
      const refused = counted(Order, 'paidAt', { target: ofObjects(field) });
      await expect(refused).rejects.toThrow(InvalidPropertyPathError);
      await expect(refused).rejects.toThrow(message);
    });

    test('a date or an aggregate over many rows is refused', async () => {
      await expect(counted(Order, 'lines.span.startedAt')).rejects.toThrow(/dateField: .*leads to many rows/);
      const aggregate = { function: 'sum', field: 'lines.quantity' } as const;
      await expect(counted(Order, 'paidAt', { aggregate })).rejects.toThrow(/aggregate: .*leads to many rows/);
      await expect(counted(Order, 'paidAt', { aggregate: { function: 'avg', field: 'status' } })).rejects.toThrow(
        /"status" of Order is of type .*Expected a numeric column/,
      );
    });

    test('two paths of one spelling are two joins', async () => {
      const target: TrackedTarget = {
        kind: 'dimensions',
        statistic: OrdersByPlace,
        dimensions: { status: 'address_payer.code', city: 'address.payer.code', seller: 'sellerId' },
      };
      expect(await counted(Order, 'paidAt', { target })).toEqual({ '2024-05-01 ada bob 3': '1' });
    });

    test('dimensions, across relations, NULL being a value', async () => {
      const target: TrackedTarget = {
        kind: 'dimensions',
        statistic: OrdersByPlace,
        dimensions: { status: 'status', city: 'customer.city', seller: 'sellerId' },
      };
      expect(await counted(Order, 'paidAt', { target })).toEqual({
        '2024-05-01 paid Delft 3': '1',
        '2024-05-01 paid ␀ 3': '1',
        '2024-05-02 open Delft -2147483648': '1',
        '2024-05-02 open ␀ 1': '1',
      });
      // of a nullable dimension, NULL and what stands for it are one key; a dimension that is not nullable has no NULL
      const moved: TrackedTarget = {
        ...target,
        dimensions: { status: 'customer.city', city: 'status', seller: 'sellerId' },
      };
      expect(await counted(Order, 'paidAt', { target: moved })).toEqual({
        '2024-05-01 Delft paid 3': '1',
        '2024-05-02 Delft open -2147483648': '1',
      });
    });
  });

  describe('where', () => {
    test.each<[string, OneMetric['where'], Record<string, string>]>([
      ['an object', { status: 'paid' }, { '2024-05-01': '2' }],
      ['operators', { amount: MoreThan(10), status: In(['paid', 'open']) }, { '2024-05-01': '1', '2024-05-02': '2' }],
      ['an array', [{ status: 'open' }, { customer: { id: 2 } }], { '2024-05-01': '1', '2024-05-02': '2' }],
      ['a relation', { customer: { city: 'Delft' } }, { '2024-05-01': '1', '2024-05-02': '1' }],
      ['a relation to many', { lines: { quantity: MoreThan(1) } }, { '2024-05-01': '2' }],
      ['an embedded property', { address: { country: 'NL' } }, { '2024-05-01': '1' }],
      [
        'a function',
        (query, alias) => query.andWhere(`${alias}.status = :status`, { status: 'open' }),
        { '2024-05-02': '2' },
      ],
      [
        'a function with a join',
        (query, alias) => query.innerJoin(`${alias}.lines`, 'li').andWhere('li.quantity > 0'),
        { '2024-05-01': '2' },
      ],
    ])('as %s', async (_, where, expected) => {
      expect(await counted(Order, 'paidAt', { where })).toEqual(expected);
    });

    test('names its tracker if a property is misspelt', async () => {
      const misspelt = counted(Order, 'paidAt', { where: { stauts: 'paid' } as never });
      await expect(misspelt).rejects.toThrow(InvalidSourceError);
      await expect(misspelt).rejects.toThrow(/^.+: where does not fit its source\..*"stauts"/);
    });

    test.each([undefined, null])('names its tracker if a value is %p', async (status) => {
      const missing = counted(Order, 'paidAt', { where: { status } as never });
      await expect(missing).rejects.toThrow(InvalidSourceError);
      await expect(missing).rejects.toThrow(/^.+: where does not fit its source\..*Order\.status/);
    });

    test('adds to the conditions of the query, whatever they are joined by', async () => {
      const open = (): ReturnType<typeof orders.createQueryBuilder> =>
        orders.createQueryBuilder('o').where('o.id = 1').orWhere('o.id = 3');
      const cases: [OneMetric['where'], Record<string, string>][] = [
        [{ status: 'open' }, { '2024-05-02': '1' }],
        [[{ id: 1 }, { id: 4 }], { '2024-05-01': '1' }],
        [(query, alias) => query.andWhere(`${alias}.id <> 1`), { '2024-05-02': '1' }],
        [(query, alias) => query.where(`${alias}.id = 3`).orWhere(`${alias}.id = 2`), { '2024-05-02': '1' }],
        [null, { '2024-05-01': '1', '2024-05-02': '1' }],
      ];
      for (const [where, expected] of cases) expect(await counted(open(), 'paidAt', { where })).toEqual(expected);
    });

    test("does not mix its parameters up with the query's", async () => {
      const query = orders.createQueryBuilder('o').where({ status: 'paid' });
      expect(await counted(query, 'paidAt', { where: { amount: 20 } })).toEqual({ '2024-05-01': '1' });
      expect(await counted(query, 'paidAt', { where: [{ amount: 10 }, { amount: 30 }] })).toEqual({
        '2024-05-01': '1',
      });
    });

    test('leaves the given query as it was', async () => {
      const query = orders.createQueryBuilder('o').where('o.status = :s', { s: 'open' }).orderBy('o.id');
      const before = query.getQueryAndParameters();
      await counted(query, 'paidAt', { where: { amount: 40 }, target: ofObjects('customer'), withDeleted: true });
      expect(query.getQueryAndParameters()).toEqual(before);
      expect((await query.getMany()).map(({ id }) => id)).toEqual([3, 4]);
    });

    test('changes the definition, and its parameters do not', async () => {
      const definition = definitionOf({ metric: newMetric(), dateField: 'paidAt' });
      const run = (where: OneMetric['where']): Promise<unknown> =>
        engine.run({ ...definition, where }, Order, { now: new Date(NOW) });
      await run({ amount: MoreThan(10) });
      await run({ amount: MoreThan(20) });
      await run({ amount: MoreThan(10) });
      await expect(run({ amount: 10 })).rejects.toThrow(DefinitionChangedError);
      await expect(run(null)).rejects.toThrow(DefinitionChangedError);
    });
  });

  describe('as a query', () => {
    test('joins to many rows inflate nothing', async () => {
      const query = (): ReturnType<typeof orders.createQueryBuilder> =>
        orders.createQueryBuilder('o').innerJoin('o.lines', 'l').leftJoinAndSelect('o.tags', 't');
      expect(await counted(query(), 'paidAt')).toEqual({ '2024-05-01': '2' });
      for (const [name, expected] of [
        ['sum', '30'],
        ['avg', '15'],
        ['min', '10'],
        ['max', '20'],
        ['countDistinct', '2'],
      ] as const) {
        expect([name, await counted(query(), 'paidAt', { aggregate: { function: name, field: 'amount' } })]).toEqual([
          name,
          { '2024-05-01': expected },
        ]);
      }
      expect(await counted(query(), 'paidAt', { target: ofObjects('customer') })).toEqual({
        '2024-05-01 1': '1',
        '2024-05-01 2': '1',
      });
    });

    test('joins of entities, of tables and of a further FROM inflate nothing either', async () => {
      const joined = orders.createQueryBuilder('o').innerJoin(Line, 'l', 'l.orderId = o.id');
      expect(await counted(joined, 'paidAt')).toEqual({ '2024-05-01': '2' });
      const from = orders.createQueryBuilder('o').addFrom(Tag, 't').where('o.status = :s', { s: 'open' });
      expect(await counted(from, 'paidAt')).toEqual({ '2024-05-02': '2' });
      const derived = orders
        .createQueryBuilder('o')
        .innerJoin(
          (sub) => sub.select('x.orderId', 'k').from(Line, 'x').where('x.quantity < :most', { most: 6 }),
          'd',
          'd.k = o.id',
        );
      expect(await counted(derived, 'paidAt')).toEqual({ '2024-05-01': '2' });
      expect(await counted(orders.createQueryBuilder('o').distinct(true), 'paidAt')).toEqual({
        '2024-05-01': '2',
        '2024-05-02': '2',
      });
    });

    test('a join that narrows beside the same relation in a path', async () => {
      const query = lines.createQueryBuilder('l').innerJoin('l.order', 'order', 'order.amount > :a', { a: 10 });
      expect(await counted(query, 'order.paidAt', { target: ofObjects('order.customer') })).toEqual({
        '2024-05-01 2': '1',
      });
    });

    test('parameters of every kind', async () => {
      const hostile = `it's :s ? "quoted" \\ $1 'x' -- ;`;
      await orders.update(4, { status: hostile });
      try {
        const query = (): ReturnType<typeof orders.createQueryBuilder> => orders.createQueryBuilder('o');
        expect(await counted(query().where('o.status = :s', { s: hostile }), 'paidAt')).toEqual({ '2024-05-02': '1' });
        expect(await counted(query().where('o.status IN (:...list)', { list: [hostile, 'open'] }), 'paidAt')).toEqual({
          '2024-05-02': '2',
        });
        expect(
          await counted(query().where('o.paidAt >= :from AND o.paidAt < :to', { from: may(1), to: may(2) }), 'paidAt'),
        ).toEqual({ '2024-05-01': '2' });
        expect(
          await counted(
            query().where('(:all = :yes OR o.status = :status) AND o.amount > :s0', {
              all: true,
              yes: false,
              status: hostile,
              s0: 5,
            }),
            'paidAt',
          ),
        ).toEqual({ '2024-05-02': '1' });
        expect(await counted(Order, 'paidAt', { where: { status: hostile } })).toEqual({ '2024-05-02': '1' });
        // names that the engine has in its own statements
        const at = may(2);
        expect(
          await counted(
            query().where('o.paidAt = :at AND o.amount IN (:v, :k0) AND o.id < :day', { at, v: 30, k0: 40, day: 9 }),
            'paidAt',
          ),
        ).toEqual({ '2024-05-02': '2' });
        // what looks like a parameter in a literal
        expect(
          await counted(query().where(`o.status <> 'a:b ?' AND o.status = :status`, { status: hostile }), 'paidAt'),
        ).toEqual({ '2024-05-02': '1' });
      } finally {
        await orders.update(4, { status: 'open' });
      }
    });

    test('one parameter in two places', async () => {
      const query = orders.createQueryBuilder('o').where('(o.status = :status OR :status IS NULL)', { status: 'open' });
      expect(await counted(query, 'paidAt')).toEqual({ '2024-05-02': '2' });
    });

    test('brackets and subqueries', async () => {
      const bracketed = orders
        .createQueryBuilder('o')
        .where('o.status = :paid', { paid: 'paid' })
        .andWhere(
          new Brackets((inner) => inner.where('o.amount = :ten', { ten: 10 }).orWhere('o.amount = :q', { q: 40 })),
        );
      expect(await counted(bracketed, 'paidAt')).toEqual({ '2024-05-01': '1' });
      const exists = orders
        .createQueryBuilder('o')
        .whereExists(lines.createQueryBuilder('l').where('l.orderId = o.id AND l.quantity >= :least', { least: 3 }));
      expect(await counted(exists, 'paidAt')).toEqual({ '2024-05-01': '2' });
      const inside = orders.createQueryBuilder('o');
      inside.where(
        `o.id IN ${inside.subQuery().select('l.orderId').from(Line, 'l').where('l.quantity = :five').getQuery()}`,
        { five: 5 },
      );
      expect(await counted(inside, 'paidAt')).toEqual({ '2024-05-01': '1' });
    });

    test('a common table expression', async () => {
      const query = orders
        .createQueryBuilder('o')
        .addCommonTableExpression(
          lines.createQueryBuilder('l').select('l.orderId', 'k').where('l.quantity > :n', { n: 4 }),
          'big',
        )
        .where((sub) => `o.id IN (SELECT k FROM ${sub.escape('big')})`);
      expect(await counted(query, 'paidAt')).toEqual({ '2024-05-01': '1' });
    });

    test('ordered, selected otherwise, with its own alias', async () => {
      const query = orders
        .createQueryBuilder('the order')
        .select(['the order.id'])
        .addSelect('COUNT(*) OVER ()', 'n')
        .orderBy('the order.amount', 'DESC');
      expect(await counted(query, 'paidAt', { target: ofObjects('customer') })).toEqual({
        '2024-05-01 1': '1',
        '2024-05-01 2': '1',
        '2024-05-02 1': '1',
      });
    });

    test.each<[string, (query: ReturnType<Repository<Order>['createQueryBuilder']>) => unknown]>([
      ['GROUP BY', (query) => query.select('o.status').groupBy('o.status')],
      ['HAVING', (query) => query.having('COUNT(*) > 1')],
      ['limit', (query) => query.limit(1)],
      ['offset', (query) => query.offset(1)],
      ['take', (query) => query.take(1)],
      ['skip', (query) => query.skip(1)],
      ['lock', (query) => query.setLock('pessimistic_write')],
    ])('with %s it is refused', async (_, change) => {
      const query = orders.createQueryBuilder('o');
      change(query);
      const refused = counted(query, 'paidAt');
      await expect(refused).rejects.toThrow(InvalidSourceError);
      await expect(refused).rejects.toThrow(/GROUP BY, HAVING/);
    });

    test('DISTINCT ON is refused: which of the rows would count?', async () => {
      const query = orders.createQueryBuilder('o').distinctOn(['o.status']);
      await expect(counted(query, 'paidAt')).rejects.toThrow(InvalidSourceError);
    });

    test('of a subquery or of no entity it is refused', async () => {
      const derived = engine.dataSource
        .createQueryBuilder()
        .select('d.id')
        .from((sub) => sub.from(Order, 'o').select('o.id', 'id'), 'd');
      await expect(counted(derived as never, 'paidAt')).rejects.toThrow(InvalidSourceError);
      await expect(counted(class Stranger {}, 'paidAt')).rejects.toThrow(InvalidSourceError);
      await expect(counted(undefined as never, 'paidAt')).rejects.toThrow(InvalidSourceError);
    });
  });

  test('conditions by a function may not group or limit either', async () => {
    const limited = counted(Order, 'paidAt', { where: (query) => query.limit(1) });
    await expect(limited).rejects.toThrow(InvalidSourceError);
  });

  test('a view, and no join to many rows of it, as it has no key', async () => {
    expect(await counted(Payment, 'at')).toEqual({ '2024-05-01': '2', '2024-05-02': '2' });
    const views = engine.dataSource.getRepository(Payment);
    const joined = views.createQueryBuilder('p').innerJoin(Line, 'l', 'l.orderId = p.number');
    await expect(counted(joined, 'at')).rejects.toThrow(InvalidSourceError);
    await expect(counted(joined, 'at')).rejects.toThrow(/no primary key/);
    await expect(counted(Payment, 'untyped')).rejects.toThrow(/has no type.*@Column\(\{ type/);
  });

  test('an extended repository, with a scope of its own', async () => {
    const extended = orders.extend({
      onlyPaid(this: Repository<Order>) {
        return this.createQueryBuilder('paid').where('paid.status = :s', { s: 'paid' });
      },
    });
    expect(await counted(extended, 'paidAt')).toEqual({ '2024-05-01': '2', '2024-05-02': '2' });
    expect(await counted(extended.onlyPaid(), 'paidAt')).toEqual({ '2024-05-01': '2' });
    const scoped = orders.extend({
      createQueryBuilder(this: Repository<Order>) {
        return this.manager.createQueryBuilder(Order, 'scoped').where('scoped.status = :s', { s: 'open' });
      },
    });
    expect(await counted(scoped, 'paidAt', { where: { amount: 40 } })).toEqual({ '2024-05-02': '1' });
  });

  test('entities from schemas, without classes', async () => {
    expect(await counted(Book, 'boughtAt')).toEqual({ '2024-05-01': '2', '2024-05-02': '1' });
    expect(await counted(Book, 'boughtAt', { where: { shelf: { id: 2 } } })).toEqual({ '2024-05-01': '1' });
    expect(await counted(Book, 'boughtAt', { target: { kind: 'objects', field: 'shelf', entity: Shelf } })).toEqual({
      '2024-05-01 1': '1',
      '2024-05-01 2': '1',
    });
    expect(await counted(Book, 'boughtAt', { target: ofObjects('shelf') })).toEqual({
      '2024-05-01 1': '1',
      '2024-05-01 2': '1',
    });
  });
});

class SnakeUpperNames extends DefaultNamingStrategy {
  override tableName(targetName: string, userSpecifiedName: string | undefined): string {
    return userSpecifiedName ?? `T_${targetName.toUpperCase()}`;
  }

  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    return `${[...prefixes, ''].join('$')}${customName ?? propertyName.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  }

  override joinColumnName(relationName: string, referenced: string): string {
    return `${relationName} ${referenced}`;
  }
}

describeOnEachDatabase('names', (database) => {
  let engine: Engine;
  const { counted } = shopOf(() => engine);

  afterEach(() => database.reset());

  async function open(extra: Parameters<typeof database.open>[0]): Promise<void> {
    engine = await engineOn(database, extra);
    await fill(engine.dataSource);
  }

  async function everything(): Promise<void> {
    expect(await counted(Order, 'paidAt', { where: { status: In(['paid', 'open']) } })).toEqual({
      '2024-05-01': '2',
      '2024-05-02': '2',
    });
    expect(await counted(Line, 'order.paidAt', { target: ofObjects('order.customer') })).toEqual({
      '2024-05-01 1': '2',
      '2024-05-01 2': '1',
      '2024-05-03 3': '2',
    });
    const target: TrackedTarget = {
      kind: 'dimensions',
      statistic: OrdersByPlace,
      dimensions: { status: 'address.country', city: 'address.payer.city', seller: 'sellerId' },
    };
    expect(await counted(Order, 'paidAt', { target, aggregate: { function: 'sum', field: 'amount' } })).toEqual({
      '2024-05-01 BE ␀ 3': '20',
      '2024-05-01 NL ␀ 3': '10',
    });
    expect(await counted(Video, 'cover.postedAt')).toEqual({ '2024-05-01': '1', '2024-05-02': '1' });
    // again, with rows to replace, in a period that goes on
    const definition = definitionOf({
      metric: newMetric(),
      dateField: 'paidAt',
      periods: [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.LIFETIME],
      target: ofObjects('customer'),
    });
    for (const now of [may(1), may(2), may(3), may(30)]) await engine.run(definition, Order, { now });
    expect(await rowsOf(engine, definition, Period.LIFETIME)).toEqual({
      '2024-05-01 1': '1',
      '2024-05-01 2': '1',
      '2024-05-02 1': '2',
      '2024-05-03 3': '1',
    });
    expect(await engine.verify(definition, Order)).toEqual([]);
  }

  test('a naming strategy and an entityPrefix', async () => {
    await open({ entities: ENTITIES, namingStrategy: new SnakeUpperNames(), entityPrefix: 'shop_' });
    await everything();
    const found = await engine.dataSource.getRepository(StatisticByDateAndObject).find();
    expect([...new Set(found.map(({ objectType }) => objectType))]).toEqual(['T_CUSTOMER']);
    expect(engine.dataSource.getMetadata(StatisticByDateAndObject).tableName).toMatch(/^shop_/);
  });

  test('another schema', async () => {
    if (database.kind !== 'postgres') return; // the others have none
    await database.createSchema('stats');
    await open({ entities: ENTITIES, schema: 'stats' });
    await everything();
  });
});

describeOnEachDatabase('a source in another schema', (database) => {
  const isPostgres = database.kind === 'postgres';

  @Entity({ ...(isPostgres ? { schema: 'my sales' } : {}), name: 'visit' })
  class Visit {
    @PrimaryColumn({ type: 'integer' })
    id!: number;

    @Index()
    @Column({ type: Date, precision: 3 })
    madeAt!: Date;

    @ManyToOne(() => Visit, { nullable: true, createForeignKeyConstraints: false })
    before!: Relation<Visit> | null;
  }

  test('is counted beside statistics in theirs', async () => {
    await database.createSchema('my sales');
    await database.createSchema('stats');
    const engine = await engineOn(database, {
      entities: [...TRACKSTATS_ENTITIES, Visit],
      ...(isPostgres ? { schema: 'stats' } : {}),
    });
    const { counted } = shopOf(() => engine);
    await engine.dataSource.getRepository(Visit).insert([
      { id: 1, madeAt: may(1), before: null },
      { id: 2, madeAt: may(2), before: { id: 1 } },
    ]);
    expect(await counted(Visit, 'madeAt')).toEqual({ '2024-05-01': '1', '2024-05-02': '1' });
    expect(await counted(Visit, 'before.madeAt', { target: ofObjects('before') })).toEqual({ '2024-05-01 1': '1' });
  });
});
