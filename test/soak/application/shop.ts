import { Injectable } from '@nestjs/common';
import {
  below,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  ObjectsByDateAndObjectTracker,
  OnStatistic,
  Period,
  type StatisticAlert,
  StatisticService,
  sum,
  Track,
} from 'nestjs-trackstats';
import {
  Column,
  DataSource,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  type SelectQueryBuilder,
} from 'typeorm';
import { Gate } from './gate.js';
import { SETTINGS } from './settings.js';

@Entity({ name: 'shop_customer' })
export class Customer {
  @PrimaryColumn({ type: 'varchar', length: 50 })
  id!: string;
}

@Entity({ name: 'shop_sale' })
export class Sale {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date })
  soldAt!: Date;

  @Column({ type: 'integer' })
  amount!: number;

  @ManyToOne(() => Customer, { nullable: false })
  customer!: Relation<Customer>;
}

export const SHOP = defineDomain({ ref: 'shop' });
export const SALES = defineMetric({ domain: SHOP, ref: 'sales' });
export const AMOUNTS = defineMetric({ domain: SHOP, ref: 'amounts' });
export const MINUTES = defineMetric({ domain: SHOP, ref: 'minutes' });
export const STOCK = defineMetric({ domain: SHOP, ref: 'stock' });
export const LEVEL = defineMetric({ domain: SHOP, ref: 'level' });
export const SLOW = defineMetric({ domain: SHOP, ref: 'slow' });

/** All sales lie within so many days: a run looks at all of them again. */
export const LOOKBACK = 60;

const DAY_AND_LIFETIME = [Period.DAY, Period.LIFETIME] as const;

@Track({ metric: SALES, dateField: 'soldAt', period: DAY_AND_LIFETIME, lookback: LOOKBACK, name: 'sales' })
export class Sales extends CountObjectsByDateTracker<Sale> {
  override source() {
    return Sale;
  }
}

/** The sales of each minute, and of each hour. */
@Track({
  metric: MINUTES,
  dateField: 'soldAt',
  period: [Period.HOUR, Period.minutes(1)],
  lookback: `${LOOKBACK * 24} hours`,
  name: 'minutes',
})
export class Minutes extends CountObjectsByDateTracker<Sale> {
  override source() {
    return Sale;
  }
}

/** Its source waits where the parent says so. */
@Track({
  metric: AMOUNTS,
  dateField: 'soldAt',
  objectField: 'customer',
  aggregate: sum('amount'),
  period: DAY_AND_LIFETIME,
  lookback: LOOKBACK,
  name: 'amounts',
})
export class Amounts extends ObjectsByDateAndObjectTracker<Sale> {
  constructor(private readonly gate: Gate) {
    super();
  }

  override async source() {
    await this.gate.passed();
    return Sale;
  }
}

/** Its query takes as long as the settings say, where the server can sleep. */
@Track({
  metric: SLOW,
  dateField: 'soldAt',
  period: Period.DAY,
  lookback: LOOKBACK,
  ...(SETTINGS.timeout === undefined ? {} : { timeout: SETTINGS.timeout }),
  name: 'slow',
})
export class Slow extends CountObjectsByDateTracker<Sale> {
  constructor(
    private readonly dataSource: DataSource,
    private readonly gate: Gate,
  ) {
    super();
  }

  override source(): SelectQueryBuilder<Sale> {
    const query = this.dataSource.getRepository(Sale).createQueryBuilder('sale');
    const sleep = SLEEP[SETTINGS.database.type];
    return sleep === undefined ? query : query.where(sleep, { seconds: this.gate.sleep ?? SETTINGS.sleep ?? 0 });
  }
}

const SLEEP: Partial<Record<string, string>> = {
  postgres: `(SELECT CAST(pg_sleep(:seconds) AS text)) = ''`,
  mariadb: '(SELECT SLEEP(:seconds)) = 0',
};

@Injectable()
export class Counter {
  constructor(private readonly dataSource: DataSource) {}

  @Track({ metric: STOCK, name: 'stock' })
  async stock(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, SETTINGS.stockTakes ?? 0));
    return this.dataSource.getRepository(Sale).count();
  }
}

/** The level that the parent records. The call of its alert lasts until the parent lets it pass. */
@Injectable()
export class Level {
  constructor(
    private readonly statistics: StatisticService,
    private readonly gate: Gate,
  ) {}

  async record(date: string, value: number): Promise<void> {
    await this.statistics.record({ metric: LEVEL, date, value });
  }

  @OnStatistic({ metric: LEVEL, when: below(10) })
  async low({ id, attempt }: StatisticAlert): Promise<void> {
    process.send?.({ event: { type: 'alerted', alert: id, attempt } });
    await this.gate.passed();
  }
}
