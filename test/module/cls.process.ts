/**
 * Applications with nestjs-cls, in a process of their own: its sixth major and its plugins are CommonJS, which jest
 * cannot give Nest's ES modules. Argument: JSON of the data source's options; prints JSON of `ClsOutcome`.
 */
import { Injectable, Logger, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsPluginTransactional, Transactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import * as cls6 from 'nestjs-cls';
import * as cls7 from 'nestjs-cls-7';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, type DataSourceOptions } from 'typeorm';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerService,
  TrackstatsModule,
} from '../../lib/index.js';

export interface ClsOutcome {
  /** the events that an application heard, by the version of nestjs-cls */
  readonly heard: Readonly<Record<string, string[]>>;
  /** orders of committed transactions, as a tracker on the transaction host's repository counts them */
  readonly committed: number | null;
  /** the same, counted by a run inside of a transaction that another order is part of; null on SQLite, where it waits */
  readonly inside: number | null;
}

const options = JSON.parse(process.argv[2] ?? '') as DataSourceOptions;
const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const NOW = new Date('2026-10-31T12:00:00Z');

@Entity({ name: 'shop_order' })
class Order {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date })
  createdAt!: Date;
}

@Track({ metric: ORDERS, dateField: 'createdAt', period: Period.DAY, source: Order })
class OrderTracker extends CountObjectsByDateTracker {}

type Host = TransactionHost<TransactionalAdapterTypeOrm>;

@Track({ metric: ORDERS, dateField: 'createdAt', period: Period.DAY })
class HostedTracker extends CountObjectsByDateTracker<Order> {
  constructor(private readonly host: Host) {
    super();
  }

  override source() {
    return this.host.tx.getRepository(Order);
  }
}
Reflect.defineMetadata('design:paramtypes', [TransactionHost], HostedTracker);

@Injectable()
class Shop {
  constructor(
    private readonly host: Host,
    private readonly trackers: TrackerService,
  ) {}

  @Transactional()
  async sell(fails: boolean): Promise<void> {
    await this.host.tx.getRepository(Order).save({ createdAt: NOW });
    if (fails) throw new Error('not sold');
  }

  @Transactional()
  async sellAndRun(): Promise<void> {
    await this.host.tx.getRepository(Order).save({ createdAt: NOW });
    await this.trackers.run(HostedTracker);
  }
}
Reflect.defineMetadata('design:paramtypes', [TransactionHost, TrackerService], Shop);

@Injectable()
class Listener {
  readonly heard: string[] = [];

  @OnEvent('trackstats.run.*')
  hear({ type }: { type: string }): void {
    this.heard.push(type);
  }
}

async function application(imports: DynamicModule[], providers: Type[]) {
  @Module({
    imports: [
      ...imports,
      TypeOrmModule.forRoot({ ...options, autoLoadEntities: true, synchronize: true }),
      TypeOrmModule.forFeature([Order]),
      TrackstatsModule.forRoot({ clock: () => NOW, scheduling: false }),
      EventEmitterModule.forRoot({ wildcard: true }),
    ],
    providers: [...providers, Listener],
  })
  class ShopModule {}
  const app = await NestFactory.create(ShopModule, { abortOnError: false });
  await app.init();
  return app;
}

async function heardWith({ ClsModule, InjectableProxy }: typeof cls6): Promise<string[]> {
  @InjectableProxy({ strict: true })
  class CurrentUser {
    name = 'nobody';
  }
  const strict = true;
  const app = await application(
    [
      ClsModule.forRoot({ global: true, middleware: { mount: true } }),
      ClsModule.forFeature(CurrentUser),
      ClsModule.forFeatureAsync({ provide: Symbol('tenant'), useFactory: () => ({ id: 7 }), strict }),
      ClsModule.forFeatureAsync({ provide: 'now', useFactory: () => () => 1, type: 'function', strict }),
    ],
    [OrderTracker],
  );
  await app.get(TrackerService).run(OrderTracker);
  const { heard } = app.get(Listener);
  await app.close();
  return heard;
}

async function transactional(): Promise<Pick<ClsOutcome, 'committed' | 'inside'>> {
  const app = await application(
    [
      cls6.ClsModule.forRoot({
        global: true,
        middleware: { mount: true },
        plugins: [
          new ClsPluginTransactional({
            adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() as string }),
            enableTransactionProxy: true,
          }),
        ],
      }),
    ],
    [HostedTracker, Shop],
  );
  const [shop, trackers, statistics] = [app.get(Shop), app.get(TrackerService), app.get(StatisticService)];
  await app.get(DataSource).getRepository(Order).clear();
  for (const fails of [false, true, false]) await shop.sell(fails).catch(() => undefined);
  await trackers.run(HostedTracker);
  const committed = await statistics.value({ metric: ORDERS });
  let inside: number | null = null;
  if (options.type !== 'better-sqlite3') {
    await shop.sellAndRun();
    inside = await statistics.value({ metric: ORDERS });
  }
  await app.close();
  return { committed, inside };
}

Logger.overrideLogger(false);
const heard = {
  'nestjs-cls 6': await heardWith(cls6),
  'nestjs-cls 7': await heardWith(cls7 as unknown as typeof cls6),
};
process.stdout.write(JSON.stringify({ heard, ...(await transactional()) } satisfies ClsOutcome));
