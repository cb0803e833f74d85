/** A small application, with or without the module: `node start-up.app.js OPTIONS true`. It ends when it is ready. */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';

const [, , options, withModule] = process.argv;
const imports = [TypeOrmModule.forRoot({ ...JSON.parse(options), autoLoadEntities: true })];
if (withModule === 'true') {
  const { TrackstatsModule } = await import('./lib/index.js');
  imports.push(TrackstatsModule.forRoot());
}

class AppModule {}

const app = await NestFactory.createApplicationContext({ module: AppModule, imports }, { logger: false });
await app.close();
