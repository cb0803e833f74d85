/**
 * A small application without the module or with some trackers: `node start-up.app.js OPTIONS [TRACKERS]`. It ends when
 * it is ready.
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EntitySchema } from 'typeorm';

const [, , options, count] = process.argv;
const Order = new EntitySchema({
  name: 'start_up_order',
  columns: { id: { type: 'integer', primary: true }, createdAt: { type: 'date' }, place: { type: 'integer' } },
});
const imports = [
  TypeOrmModule.forRoot({ ...JSON.parse(options), autoLoadEntities: true, entities: [Order] }),
  ScheduleModule.forRoot(),
];
const providers = [];
if (count !== undefined) {
  const { CountObjectsByDateTracker, defineDomain, defineMetric, Period, Track, TrackstatsModule } =
    await import('./lib/index.js');
  imports.push(TrackstatsModule.forRoot());
  const domain = defineDomain({ ref: 'start_up' });
  for (let place = 0; place < Number(count); place++) {
    const name = `Place${place}Tracker`;
    const tracker = { [name]: class extends CountObjectsByDateTracker {} }[name];
    const metric = defineMetric({ domain, ref: `orders_${place}` });
    const counted = { metric, source: Order, dateField: 'createdAt', where: { place }, period: Period.DAY };
    Track({ ...counted, cron: '0 4 * * *' })(tracker);
    providers.push(tracker);
  }
}

class AppModule {}

const app = await NestFactory.createApplicationContext({ module: AppModule, imports, providers }, { logger: false });
await app.close();
