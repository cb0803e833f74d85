import {
  AbstractStatistic,
  defineDomain,
  defineMetric,
  Dimension,
  type MetricDefinition,
  type StatisticService,
  type TrackerService,
} from 'nestjs-trackstats';
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn, type Relation, type Repository } from 'typeorm';

/** The entities that the type tests speak of. */
export class Address {
  @Column({ type: 'varchar' })
  country!: string;

  @Column({ type: 'varchar', nullable: true })
  province!: string | null;
}

@Entity()
export class Customer {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar' })
  name!: string;

  @Column(() => Address)
  address!: Address;

  @OneToMany(() => Order, (order) => order.customer)
  orders!: Relation<Order[]>;
}

@Entity()
export class Order {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'datetime' })
  createdAt!: Date;

  @Column({ type: 'decimal' })
  total!: string;

  @Column({ type: 'varchar' })
  status!: string;

  @Column({ type: 'boolean' })
  gift!: boolean;

  @ManyToOne(() => Customer)
  customer!: Relation<Customer>;

  @OneToMany(() => Line, (line) => line.order)
  lines!: Relation<Line[]>;

  isPaid(): boolean {
    return this.status === 'paid';
  }
}

@Entity()
export class Line {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'datetime' })
  shippedAt!: Date;

  @ManyToOne(() => Order)
  order!: Relation<Order>;
}

@Entity()
export class OrdersByRegion extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
  @Dimension({ type: 'varchar', nullable: true }) province!: string | null;
}

export const SHOPPING = defineDomain({ ref: 'shopping', name: 'Shopping' });
export const ORDER_COUNT: MetricDefinition<'shopping/order_count'> = defineMetric({
  domain: SHOPPING,
  ref: 'order_count',
});

export declare const orders: Repository<Order>;
export declare const customer: Customer;
export declare const maybeCustomer: Customer | undefined;
export declare const statistics: StatisticService;
export declare const trackers: TrackerService;
