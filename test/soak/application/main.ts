/** A process of the shop: a real application, which its parent talks to. */
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AlertService, StatisticService, TrackerEvents, TrackerService, TrackstatsModule } from 'nestjs-trackstats';
import { Gate } from './gate.js';
import type { Call, Told } from './messages.js';
import { SETTINGS } from './settings.js';
import { Amounts, Counter, Customer, Level, Minutes, Sale, Sales, Slow } from './shop.js';
import { Writers } from './writers.js';

const { database, now, scheduling = false, trackers = {} } = SETTINGS;

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...database, autoLoadEntities: true }),
    TypeOrmModule.forFeature([Sale, Customer]),
    ScheduleModule.forRoot(),
    TrackstatsModule.forRoot({
      scheduling,
      trackers,
      ...(now === undefined ? {} : { clock: () => new Date(now) }),
    }),
  ],
  providers: [Gate, Sales, Amounts, Minutes, Slow, Counter, Level, Writers],
})
class ShopModule {}

function tell(event: Told['event']): void {
  process.send?.({ event });
}

const app = await NestFactory.createApplicationContext(ShopModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks([], { useProcessExit: true });
app.get(TrackerEvents, { strict: false }).all$.subscribe((event) => {
  const { type, tracker } = event;
  if (type === 'drift') return;
  if (type === 'skipped') tell({ type, tracker });
  else tell({ type, tracker, runId: event.runId, ...(type === 'failed' ? { error: String(event.error) } : {}) });
});

const services = {
  alerts: app.get(AlertService, { strict: false }),
  trackers: app.get(TrackerService, { strict: false }),
  statistics: app.get(StatisticService, { strict: false }),
  level: app.get(Level),
  gate: app.get(Gate),
  writers: app.get(Writers),
} as unknown as Record<Call['on'], Record<string, unknown>>;

async function answer({ id, on, method, args }: Call): Promise<void> {
  try {
    const service = services[on];
    const called = service[method];
    if (typeof called !== 'function') {
      [service[method]] = args;
      process.send?.({ id });
      return;
    }
    const result: unknown = await called.apply(service, args);
    process.send?.({ id, result });
  } catch (error) {
    const { name, message } = error as Error;
    process.send?.({ id, error: { name, message } });
  }
}

process.on('message', (call: Call) => void answer(call));
// none is left behind where the parent died
process.on('disconnect', () => process.exit(1));
tell({ type: 'ready' });
