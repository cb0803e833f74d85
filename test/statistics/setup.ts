import { jest } from '@jest/globals';
import { Column, Entity, EntitySchema, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { DataSource } from 'typeorm';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Domain } from '../../lib/catalog/domain.entity.js';
import { DomainService } from '../../lib/catalog/domain.service.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { MetricService } from '../../lib/catalog/metric.service.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { Database } from '../../lib/database/database.js';
import { IS_DISTRIBUTED } from '../support/engine.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { MetricStatistics } from '../../lib/statistics/tables/metric-statistics.js';
import type { EntityClass } from '../../lib/statistics/filter/object-target.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { StatisticOwners } from '../../lib/statistics/tables/owners.js';
import { prepareStatisticTables } from '../../lib/statistics/tables/statistic-table.js';
import { IncrementKey } from '../../lib/statistics/tables/increment-key.entity.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import type { StatisticOptions } from '../../lib/statistics/filter/statistic.context.js';
import { StatisticService } from '../../lib/statistics/statistic.service.js';
import type { TestDatabase } from '../support/databases.js';

/** Half past noon in UTC: still the same day in most zones, the next one in Auckland. */
export const NOW = new Date('2026-11-20T12:30:00Z');
export const TODAY = '2026-11-20';

@Entity()
export class Customer {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'varchar', default: '' })
  type!: string;
}

@Entity()
export class Page {
  @PrimaryColumn({ type: 'varchar', length: 100 })
  slug!: string;
}

@Entity()
export class Membership {
  @PrimaryColumn({ type: 'integer' })
  team!: number;

  @PrimaryColumn({ type: 'integer' })
  member!: number;
}

export const Gadget = new EntitySchema<{ id: number; type: string }>({
  name: 'Gadget',
  columns: { id: { type: 'integer', primary: true }, type: { type: 'varchar', length: 20 } },
});

@Entity()
export class OrdersByRegion extends AbstractStatistic {
  @Dimension()
  country!: string;

  @Dimension({ type: 'varchar', nullable: true })
  province!: string | null;
}

/** Dimensions of every type, called what a filter calls its own keys. */
@Entity()
export class Flights extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 10, name: 'origin' })
  from!: string;

  @Dimension({ type: 'varchar', length: 10, nullable: true, name: 'destination' })
  to!: string | null;

  @Dimension({ type: 'integer', nullable: true, name: 'ordinal' })
  order!: number | null;

  @Dimension({ type: 'boolean', nullable: true, name: 'is_object' })
  object!: boolean | null;

  @Dimension({ type: 'date', nullable: true })
  booked!: string | null;
}

export const CATALOG = [Domain, Metric, Coverage, IncrementKey, StatisticByDate, StatisticByDateAndObject];
export const ENTITIES = [...CATALOG, Customer, Page, Membership, Gadget, OrdersByRegion, Flights];

export const SHOP = defineDomain({ ref: 'shop', name: 'Shop' });
export const ORDERS = defineMetric({ domain: SHOP, ref: 'orders', name: 'Orders' });
export const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });

export interface Setup {
  dataSource: DataSource;
  database: Database;
  owners: StatisticOwners;
  domains: DomainService;
  metrics: MetricService;
  statistics: StatisticService;
}

type Options = Partial<StatisticOptions> & { clock?: () => Date; objectTypes?: Record<string, EntityClass> };

const opened = new WeakMap<TestDatabase, DataSource>();

/** The services on an empty database, as the module makes them. Tables are made once for a describe, then emptied. */
export async function setup(test: TestDatabase, options: Options = {}): Promise<Setup> {
  return services(await emptied(test, ENTITIES), options);
}

/** The tables of entities, without rows. */
export async function emptied(test: TestDatabase, entities: typeof ENTITIES): Promise<DataSource> {
  const dataSource = opened.get(test) ?? (await test.open({ entities }));
  opened.set(test, dataSource);
  const statistics = dataSource.entityMetadatas.filter(({ target }) => target !== Metric && target !== Domain);
  for (const { target } of statistics) await dataSource.createQueryBuilder().delete().from(target).execute();
  for (const target of [Metric, Domain]) await dataSource.createQueryBuilder().delete().from(target).execute();
  return dataSource;
}

/** The services on a data source. */
export async function services(dataSource: DataSource, options: Options = {}): Promise<Setup> {
  const database = new Database(dataSource, undefined, IS_DISTRIBUTED);
  // as the module does: on MariaDB a write may be one statement then
  await database.checkSession();
  await prepareStatisticTables(database);
  const owners = new StatisticOwners();
  const types = new ObjectTypes(new DataSources(dataSource, () => []), options.objectTypes);
  return {
    dataSource,
    database,
    owners,
    domains: new DomainService(database),
    metrics: new MetricService(database, new MetricStatistics(database)),
    statistics: new StatisticService(
      database,
      types,
      owners,
      { timeZone: options.timeZone ?? 'UTC', weekStart: options.weekStart ?? 'monday' },
      options.clock ?? (() => NOW),
    ),
  };
}

/** Stores a coverage as a tracker's run does. */
export async function cover(
  { dataSource, metrics }: Setup,
  coverage: Partial<Coverage> & Pick<Coverage, 'from' | 'through'>,
  metric = 'shop/orders',
): Promise<void> {
  await dataSource.getRepository(Coverage).insert({
    metricId: (await metrics.resolve(metric)).id,
    period: 86400 as never,
    scope: '',
    timeZone: 'UTC',
    kind: 'count',
    fingerprint: 'test',
    computedAt: null,
    ...coverage,
  });
}

/** Stores a row as a tracker's run does. */
export async function store(
  { dataSource, metrics }: Setup,
  row: { period?: number; date: string; value: string | null; objectType?: string; objectId?: string },
  metric = 'shop/orders',
): Promise<void> {
  const entity = row.objectId === undefined ? StatisticByDate : StatisticByDateAndObject;
  const metricId = (await metrics.resolve(metric)).id;
  const value = row.value as never;
  await dataSource.getRepository(entity).insert({ period: 86400, ...row, metricId, value });
}

/** The statements of a call, as the data source logs them. */
export async function statementsOf({ dataSource }: Setup, work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const watched = jest.spyOn(dataSource.logger, 'logQuery').mockImplementation((text) => void statements.push(text));
  await work();
  watched.mockRestore();
  // after one that took long
  return statements.filter((text) => text !== 'DISCARD PLANS');
}
