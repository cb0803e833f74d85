import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import { at, metadataOf, Order } from './application.js';

const SHOP = defineDomain({ ref: 'shop' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const PAID = defineMetric({ domain: SHOP, ref: 'paid' });

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: Period.DAY })
class Orders extends CountObjectsByDateTracker {}

@Track({ metric: PAID, dateField: 'createdAt', period: Period.DAY })
class PaidOrders extends CountObjectsByDateTracker<Order> {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override source() {
    return this.dataSource.getRepository(Order).createQueryBuilder('o').where({ status: 'paid' });
  }
}
Reflect.defineMetadata('design:paramtypes', [DataSource], PaidOrders);

/** As @nestjs/observe watches the providers of an application: each is wrapped, with its functions bound anew each time. */
function watched<T>(instance: T): T {
  if (typeof instance !== 'object' || instance === null) return instance;
  return new Proxy(instance, {
    get(target, key): unknown {
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' && key !== 'constructor' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('an application whose providers are watched', () => {
  it('starts and runs all the same', async () => {
    const http = TrackstatsHttpModule.forRoot({ public: true, label: (objects) => objects.map(({ id }) => id) });
    @Module(metadataOf({ providers: [Orders, PaidOrders], imports: [http] }))
    class ShopModule {}
    const app = await NestFactory.createApplicationContext(ShopModule, {
      logger: false,
      abortOnError: false,
      instrument: { instanceDecorator: watched },
    });
    try {
      const orders = [{ status: 'paid' }, { status: 'open' }].map((one) => ({
        ...one,
        createdAt: at('2026-10-31T10:00'),
      }));
      await app.get(DataSource).getRepository(Order).save(orders);
      const trackers = app.get(TrackerService);
      await trackers.run(Orders);
      await trackers.run(PaidOrders);
      const statistics = app.get(StatisticService);
      expect(await statistics.value({ metric: ORDERS, date: '2026-10-31' })).toBe(2);
      expect(await statistics.value({ metric: PAID, date: '2026-10-31' })).toBe(1);
    } finally {
      await app.close();
    }
  });
});
