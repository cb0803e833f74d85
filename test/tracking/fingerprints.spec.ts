import {
  Column,
  type DataSource,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  MoreThan,
  OneToMany,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { avg, countDistinct, max, sum } from '../../lib/rollup/aggregate.js';
import type { Source } from '../../lib/rollup/source-query.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { TrackerKind } from '../../lib/tracking/definition/option.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';

@Entity({ name: 'fp_customer' })
class Customer {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 2, nullable: true })
  country!: string | null;

  @DeleteDateColumn({ type: Date })
  deletedAt!: Date | null;
}

@Entity({ name: 'fp_order' })
class Order {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date, precision: 3, name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'date', nullable: true })
  due!: string | null;

  @Column({ type: 'integer', default: 0 })
  epoch!: number;

  @Column({ type: 'varchar', length: 20 })
  status!: string;

  @Column({ type: 'decimal', precision: 12, scale: 2, nullable: true })
  total!: string | null;

  @ManyToOne(() => Customer, { createForeignKeyConstraints: false, nullable: true })
  @JoinColumn({ name: 'customer_id' })
  customer!: Relation<Customer> | null;

  @OneToMany(() => Line, (line) => line.order)
  lines!: Relation<Line>[];

  @DeleteDateColumn({ type: Date })
  deletedAt!: Date | null;
}

@Entity({ name: 'fp_line' })
class Line {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'integer' })
  quantity!: number;

  @ManyToOne(() => Order, (order) => order.lines, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'order_id' })
  order!: Relation<Order>;
}

@Entity({ name: 'fp_by_country' })
class ByCountry extends AbstractStatistic {
  @Dimension({ type: 'varchar', nullable: true, length: 2 })
  country!: string | null;
}

const domain = defineDomain({ ref: 'fingerprints' });
const NOW = new Date('2026-11-20T12:00:00Z');

interface Case {
  readonly kind: TrackerKind;
  readonly options: Record<string, unknown>;
  readonly source?: (dataSource: DataSource) => Source;
}

const createdAt = { dateField: 'createdAt' };

/** One of each way in which a definition says what its statistics mean. */
const CASES: Readonly<Record<string, Case>> = {
  count: { kind: 'count-date', options: createdAt },
  zone: { kind: 'count-date', options: { ...createdAt, timeZone: 'Europe/Amsterdam', withDeleted: true } },
  conditions: { kind: 'count-date', options: { ...createdAt, where: { status: 'paid', total: MoreThan(5) } } },
  list: { kind: 'count-date', options: { ...createdAt, where: [{ status: 'paid' }, { status: 'sent' }] } },
  relation: {
    kind: 'date',
    options: { ...createdAt, where: { customer: { country: 'NL' } }, aggregate: sum('total') },
  },
  many: { kind: 'date', options: { ...createdAt, where: { lines: { quantity: MoreThan(1) } } } },
  function: {
    kind: 'date',
    options: {
      ...createdAt,
      aggregate: max('total'),
      where: (query: { andWhere(text: string, values: object): void }, alias: string) => {
        query.andWhere(`${alias}.status = :status`, { status: 'paid' });
      },
    },
  },
  average: { kind: 'date', options: { ...createdAt, aggregate: avg('total'), storedIn: 'UTC' } },
  distinct: { kind: 'date', options: { ...createdAt, aggregate: countDistinct('customer') } },
  week: { kind: 'date', options: { ...createdAt, period: Period.CALENDAR_WEEK } },
  dates: { kind: 'date', options: { dateField: 'due', aggregate: countDistinct('status') } },
  epoch: { kind: 'date', options: { dateField: 'epoch', epoch: 's' } },
  objects: { kind: 'object', options: { ...createdAt, objectField: 'customer', aggregate: sum('total') } },
  object: { kind: 'count-object', options: { ...createdAt, object: { type: 'shop', id: '1' } } },
  dimensions: {
    kind: 'dimensions',
    options: { ...createdAt, statistic: ByCountry, dimensions: { country: 'customer.country' } },
  },
  query: {
    kind: 'count-date',
    options: createdAt,
    source: (dataSource) =>
      dataSource
        .getRepository(Order)
        .createQueryBuilder('o')
        .innerJoin('o.lines', 'l')
        .where('l.quantity > :least', { least: 2 }),
  },
};

/** As the version before several metrics stored them, on every database. */
const STORED: Readonly<Record<string, string>> = {
  count: '56955958c71ce09d2ee9364f4bd1d849a5d371248a41551b43fd56f36f5d84f2',
  zone: '924739f6b4d145e57924ad99ebba773bab7da9414bf21fad7839db4602f92f29',
  conditions: 'c8f2bf7252205f7f1decccb24e81272dfddfe8b8432f200d312327cc3b168dd4',
  list: '2088b078e71be4fa1f8213aa02999187af1eed682da2ab4c1a187d032714047d',
  relation: 'b8823587ebd0a8ea3171ffb31ea7d304dc3224c6c95424c62d5c72cc455e7364',
  many: '44abf6535d85402f27c4d327bd0b02e6612211e040140fe71259ccf1a2bfccb8',
  function: '3d4fcc714ca9db9a64a29b2710132319a6caef065419913d4cf0f54646490745',
  average: '7e7ea7a4f9eba29a4f4f81ec7d57f806dd1b0f807df18a55428d1ae5639248ae',
  distinct: 'beb69d49d4f4516d1f9866efb82a048e62948b72e0cabdd3bfc0c7faca7f1760',
  week: '09ef6925d906b1559bf71b14a329bd44fc38f4711223424ccbdb4dd51f39f9b1',
  dates: 'e111261ce0267d8fc3b7141df46b604dafa48c7458b093e510d297387a178329',
  epoch: '0280eb8c4bb79b8cc50745ce375d43a89f847967ae6f64976b5e391b5c0d9404',
  objects: 'ec76a2c92d4edfeabad7bb9970ca77ad321f383fe5003af1952ca13563e7c717',
  object: '56955958c71ce09d2ee9364f4bd1d849a5d371248a41551b43fd56f36f5d84f2',
  dimensions: 'e6bd009262b9570a64595efd80626f3bb1dead637195d2bf87f427e361a6545b',
  query: 'd33548c5a12bcb82766c6c1495585f0e2fe8b64e1920372c6494626eedf72536',
};

describeOnEachDatabase('fingerprints', (database) => {
  test('are those that earlier versions stored, so that nothing is computed again', async () => {
    const engine = await Engine.on(
      await database.open({ entities: [...TRACKSTATS_ENTITIES, Customer, Order, Line, ByCountry] }),
    );
    const found: Record<string, string> = {};
    for (const [name, { kind, options, source }] of Object.entries(CASES)) {
      const metric = defineMetric({ domain, ref: name });
      const given = { metric, period: Period.DAY, ...options };
      const definition = defineTracker({ kind, name, type: name }, given, { timeZone: 'UTC', weekStart: 'monday' });
      await engine.run(definition, source?.(engine.dataSource) ?? Order, { now: NOW });
      const { id } = await engine.dataSource.getRepository(Metric).findOneByOrFail({ ref: name });
      const stored = await engine.dataSource.getRepository(Coverage).findOneByOrFail({ metricId: id });
      found[name] = stored.fingerprint;
    }
    expect(found).toEqual(STORED);
  });
});
