/** A process of an application with many trackers, which counts events and shows its statistics. */
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AddressInfo, Server } from 'node:net';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { defineMetric, objectRef, StatisticService, TrackerEvents, TrackstatsModule } from 'nestjs-trackstats';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { DataSource } from 'typeorm';
import type { LoadSettings, ProcessFigures } from './settings.js';
import { LOAD, Member, MEMBERS, STATUSES, tableNamed, trackersOf } from './tables.js';

const settings = JSON.parse(process.env.LOAD ?? '{}') as LoadSettings;
const tables = Array.from({ length: settings.tables }, (_, number) => tableNamed(`Table${String(number)}`));

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...settings.database, autoLoadEntities: true }),
    TypeOrmModule.forFeature([Member, ...tables]),
    ScheduleModule.forRoot(),
    TrackstatsModule.forRoot({}),
    TrackstatsHttpModule.forRoot({ path: 'statistics', public: true }),
  ],
  providers: tables.flatMap((table) => trackersOf(table, settings.every)),
})
class LoadModule {}

const app = await NestFactory.create(LoadModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks([], { useProcessExit: true });
const statistics = app.get(StatisticService, { strict: false });
const dataSource = app.get(DataSource);

let seen = { increments: 0, failedIncrements: 0, runs: 0, failedRuns: 0 };
let lateness: number[] = [];
let incrementLatencies: number[] = [];
let cpu = process.cpuUsage();

app.get(TrackerEvents, { strict: false }).all$.subscribe((event) => {
  if (event.type === 'started' && event.slot !== null) lateness.push(Date.now() - event.slot.getTime());
  if (event.type === 'finished') seen.runs += 1;
  if (event.type === 'failed') seen.failedRuns += 1;
});

const PAGES = 100;
const EVENTS = Array.from({ length: 20 }, (_, number) =>
  defineMetric({ domain: LOAD, ref: `event_${String(number)}` }),
);
const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;

async function increment(): Promise<void> {
  const at = performance.now();
  const metric = pick(EVENTS);
  try {
    if (Math.random() < 0.5) await statistics.increment({ metric });
    else await statistics.increment({ metric, object: objectRef('page', String(Math.floor(Math.random() * PAGES))) });
    seen.increments += 1;
    incrementLatencies.push(performance.now() - at);
  } catch {
    seen.failedIncrements += 1;
  }
}

async function insertRows(number: number): Promise<void> {
  const rows = Array.from({ length: number }, () => ({
    at: new Date(),
    member: 1 + Math.floor(Math.random() * MEMBERS),
    amount: Math.floor(Math.random() * 1000),
    status: pick(STATUSES),
  }));
  await dataSource.getRepository(pick(tables)).insert(rows);
}

/** Does something so often a second, some of it each time. */
function steadily(perSecond: number, tick: number, act: (number: number) => void): void {
  let owed = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    owed += ((now - last) / 1000) * perSecond;
    last = now;
    const due = Math.floor(owed);
    owed -= due;
    if (due > 0) act(due);
  }, tick);
}

process.on('message', (message: 'begin' | 'figures') => {
  if (message === 'begin') {
    steadily(settings.incrementsPerSecond, 50, (number) => {
      for (let one = 0; one < number; one++) void increment();
    });
    steadily(settings.rowsPerSecond, 500, (number) => void insertRows(number).catch(() => undefined));
    return;
  }
  const { rss, heapUsed } = process.memoryUsage();
  const used = process.cpuUsage(cpu);
  cpu = process.cpuUsage();
  const figures: ProcessFigures = {
    ...seen,
    lateness,
    incrementLatencies,
    megabytes: Math.round(rss / 1e6),
    heapMegabytes: Math.round(heapUsed / 1e6),
    cpuSeconds: (used.user + used.system) / 1e6,
  };
  seen = { increments: 0, failedIncrements: 0, runs: 0, failedRuns: 0 };
  [lateness, incrementLatencies] = [[], []];
  process.send?.({ figures });
});
// none is left behind where the parent died
process.on('disconnect', () => process.exit(1));
await app.listen(0, '127.0.0.1');
process.send?.({ port: ((app.getHttpServer() as Server).address() as AddressInfo).port });
