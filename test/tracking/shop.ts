import {
  Column,
  type DataSource,
  Entity,
  Index,
  IsNull,
  JoinColumn,
  ManyToOne,
  MoreThan,
  OneToMany,
  PrimaryColumn,
  type Relation,
  type SelectQueryBuilder,
} from 'typeorm';
import { avg, count, countDistinct, max, min, sum } from '../../lib/rollup/aggregate.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';

/** A shop whose orders have everything that a metric's conditions can ask for. */

@Entity({ name: 'metrics_customer' })
export class Buyer {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 2, nullable: true })
  country!: string | null;
}

@Entity({ name: 'metrics_order' })
export class Sale {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Index()
  @Column({ type: Date, precision: 3 })
  at!: Date;

  @Column({ type: 'varchar', length: 20, nullable: true })
  status!: string | null;

  @Column({ type: 'decimal', precision: 12, scale: 2, nullable: true })
  total!: string | null;

  @Column({ type: 'integer' })
  items!: number;

  @ManyToOne(() => Buyer, { createForeignKeyConstraints: false, nullable: true })
  @JoinColumn({ name: 'buyer_id' })
  buyer!: Relation<Buyer> | null;

  @OneToMany(() => Line, (line) => line.sale)
  lines!: Relation<Line>[];
}

@Entity({ name: 'metrics_line' })
export class Line {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'integer' })
  quantity!: number;

  @ManyToOne(() => Sale, (sale) => sale.lines, { createForeignKeyConstraints: false })
  @JoinColumn({ name: 'sale_id' })
  sale!: Relation<Sale>;
}

@Entity({ name: 'metrics_by_country' })
export class SalesByCountry extends AbstractStatistic {
  @Dimension({ type: 'varchar', nullable: true, length: 2 })
  country!: string | null;
}

export const SHOP = [Buyer, Sale, Line];

/** What a metric counts, by name: each aggregate, and each way to say conditions. */
export const MEASURES: Readonly<Record<string, Record<string, unknown>>> = {
  all: { aggregate: count() },
  paid: { where: { status: 'paid' } },
  unset: { where: { status: IsNull() } },
  revenue: { aggregate: sum('total'), where: { status: 'paid' } },
  items: { aggregate: sum('items') },
  mean: { aggregate: avg('total'), where: [{ status: 'paid' }, { status: 'sent' }] },
  least: { aggregate: min('total'), where: { buyer: { country: 'NL' } } },
  homeless: { where: { buyer: { country: IsNull() } } },
  greatest: {
    aggregate: max('total'),
    where: (query: SelectQueryBuilder<Sale>, alias: string) => {
      query.andWhere(`${alias}.status = :status`, { status: 'sent' });
    },
  },
  bulk: { aggregate: sum('items'), where: { lines: { quantity: MoreThan(2) } } },
  joined: {
    where: (query: SelectQueryBuilder<Sale>, alias: string) => {
      query.innerJoin(`${alias}.buyer`, 'b').andWhere('b.country = :country', { country: 'BE' });
    },
  },
  buyers: { aggregate: countDistinct('buyer') },
  payers: { aggregate: countDistinct('buyer'), where: { status: 'paid' } },
  // under a condition that no count has, whose text is that of another with another value
  shipped: { aggregate: sum('items'), where: { status: 'sent' } },
  most: { aggregate: max('items'), where: { status: 'sent' } },
  statuses: { aggregate: countDistinct('status') },
};

const DAY = 86_400_000;
const START = Date.parse('2026-10-20T00:00:00Z');

/** Numbers that are the same in every run of a spec. */
export class Chance {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (this.state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((this.state / 2_147_483_648) * limit);
  }

  of<T>(...values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

export async function openShop(dataSource: DataSource): Promise<void> {
  const countries = ['NL', 'BE', null, 'NL', 'DE'];
  await dataSource.getRepository(Buyer).insert(countries.map((country, index) => ({ id: index + 1, country })));
}

/** Adds some sales of the days from one to another, counted from 20 October 2026. */
export async function sell(
  dataSource: DataSource,
  chance: Chance,
  { first, number, from, to }: { first: number; number: number; from: number; to: number },
): Promise<void> {
  const ids = Array.from({ length: number }, (_, index) => first + index);
  const sales = ids.map((id) => {
    const buyer = chance.of(1, 2, 3, 4, 5, null);
    return {
      id,
      at: new Date(START + from * DAY + chance.below((to - from + 1) * DAY)),
      status: chance.of('paid', 'sent', 'open', null),
      total: chance.of(null, '0.00', '-3.50', '12.25', '99.99'),
      items: chance.below(5),
      buyer: buyer === null ? null : { id: buyer },
    };
  });
  await dataSource.getRepository(Sale).insert(sales);
  const lines = ids.flatMap((id) =>
    Array.from({ length: chance.below(3) }, (_, index) => ({
      id: id * 10 + index,
      quantity: chance.below(6),
      sale: { id },
    })),
  );
  await dataSource.getRepository(Line).insert(lines);
}
