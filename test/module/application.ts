import { Module, type DynamicModule, type LoggerService, type ModuleMetadata, type Type } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TrackstatsModule, type TrackstatsModuleExtras, type TrackstatsModuleOptions } from 'nestjs-trackstats';
import {
  Column,
  DataSource,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
  type DataSourceOptions,
  type Relation,
} from 'typeorm';

@Entity()
export class Customer {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 50 })
  name!: string;
}

@Entity({ name: 'shop_order' })
export class Order {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date })
  createdAt!: Date;

  @Column({ type: 'integer', default: 1 })
  total!: number;

  @Column({ type: 'varchar', length: 20, default: 'paid' })
  status!: string;

  @ManyToOne(() => Customer, { nullable: true })
  customer!: Relation<Customer> | null;
}

export const MEMORY: DataSourceOptions = { type: 'better-sqlite3', database: ':memory:', synchronize: true };

/** Noon of a Saturday. */
export const NOW = new Date('2026-10-31T12:00:00Z');
export const clock = (): Date => NOW;

export const QUIET: LoggerService = { log: () => undefined, error: () => undefined, warn: () => undefined };

export interface ApplicationOptions {
  readonly database?: DataSourceOptions;
  readonly entities?: Type[];
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly providers?: NonNullable<ModuleMetadata['providers']>;
  readonly controllers?: Type[];
  readonly schedule?: boolean;
  readonly trackstats?: DynamicModule | (TrackstatsModuleOptions & TrackstatsModuleExtras);
}

/** The metadata of an application with two entities, and a module that provides what the test gives. */
export function metadataOf(
  options: ApplicationOptions = {},
): { imports: NonNullable<ModuleMetadata['imports']> } & ModuleMetadata {
  const { trackstats = {}, entities = [Order, Customer], schedule = true } = options;
  return {
    imports: [
      TypeOrmModule.forRoot({ ...(options.database ?? MEMORY), autoLoadEntities: true }),
      TypeOrmModule.forFeature(entities),
      ...(schedule ? [ScheduleModule.forRoot()] : []),
      'module' in trackstats ? trackstats : TrackstatsModule.forRoot({ clock, ...trackstats }),
      ...(options.imports ?? []),
    ],
    providers: options.providers ?? [],
    controllers: options.controllers ?? [],
    exports: options.providers?.filter((provider) => typeof provider === 'function') ?? [],
  };
}

const started: TestingModule[] = [];

/** Starts an application; `closeApplications` stops it. */
export async function start(options: ApplicationOptions = {}): Promise<TestingModule> {
  @Module(metadataOf(options))
  class ShopModule {}
  const module = await Test.createTestingModule({ imports: [ShopModule] })
    .setLogger(QUIET)
    .compile();
  started.push(module);
  return module.init();
}

export async function closeApplications(): Promise<void> {
  for (const module of started.splice(0)) await module.close();
}

/** Saves orders, one at each instant. */
export async function saveOrders(
  module: TestingModule,
  ...orders: (Partial<Order> & { createdAt: Date })[]
): Promise<Order[]> {
  return module
    .get(DataSource)
    .getRepository(Order)
    .save(orders.map((order) => ({ ...order })));
}

export function at(text: string): Date {
  return new Date(`${text}Z`);
}
