import { DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { StatisticService, TrackerEvents, TrackerService, type TrackstatsModuleOptions } from 'nestjs-trackstats';
import { DataSource, EntityManager, type QueryRunner } from 'typeorm';
import { DataSources } from '../../lib/database/data-sources.js';
import { Database } from '../../lib/database/database.js';
import { trackstatsProviders } from '../../lib/module/trackstats.providers.js';
import { TrackstatsLifecycle } from '../../lib/module/trackstats.lifecycle.js';
import { TRACKSTATS_OPTIONS } from '../../lib/trackstats.tokens.js';
import { Container } from './container.js';
import { SteppedDatabase, SteppedDataSources, SteppedSqliteDriver } from './stepped-database.js';
import type { Actor, Connection, World } from './world.js';

/** Registers the trackers of an application that has started. */
export type Registration = (trackers: TrackerService) => Promise<unknown>;

/** A process of the application: the module's own providers, on a database whose every statement the world executes. */
export class SimulatedProcess implements Actor {
  isDead = false;
  asleepUntil = 0;
  wasSilent = false;
  wasPaused = false;
  sent = 0;
  readonly trackers: TrackerService;
  readonly statistics: StatisticService;
  readonly events: TrackerEvents;
  readonly jobs = new SchedulerRegistry();
  private readonly lifecycle: TrackstatsLifecycle;
  private readonly idle: Connection[] = [];

  constructor(
    readonly world: World,
    readonly name: string,
    metadata: DataSource,
    options: TrackstatsModuleOptions,
    readonly clockOffset = 0,
  ) {
    const driver = new SteppedSqliteDriver((connection) => {
      if (connection !== undefined) world.disconnect(connection as Connection);
    });
    const dataSource = this.dataSourceLike(metadata);
    const nothing = { getProviders: () => [], getControllers: () => [] };
    const container = new Container(trackstatsProviders('default'), [
      [DataSource, dataSource],
      [TRACKSTATS_OPTIONS, options],
      [DiscoveryService, nothing],
      [ModulesContainer, new Map()],
      [ModuleRef, {}],
      [SchedulerRegistry, this.jobs],
      [Database, new SteppedDatabase(dataSource, 30_000, driver)],
      [DataSources, new SteppedDataSources(dataSource, driver)],
    ]);
    this.trackers = container.get(TrackerService);
    this.statistics = container.get(StatisticService);
    this.events = container.get(TrackerEvents);
    this.lifecycle = container.get(TrackstatsLifecycle);
  }

  /** Starts the application and its trackers. */
  start(register: Registration): Promise<void> {
    return this.do(async () => {
      await this.lifecycle.onModuleInit();
      await this.lifecycle.onApplicationBootstrap();
      await register(this.trackers);
    });
  }

  /** Does something in this process, when it has its turn. */
  do<T>(task: () => Promise<T>): Promise<T> {
    return this.world.begin(this, task);
  }

  /** Runs a tracker for a slot, as its timer does, when the process has its turn. */
  tick(tracker: string, slot: number): Promise<void> {
    return this.do(() => this.tickNow(tracker, slot));
  }

  /** Runs a tracker for a slot, as its timer does. */
  async tickNow(tracker: string, slot: number): Promise<void> {
    const job = this.jobs.getCronJob(tracker) as unknown as { slot: Date | null; fireOnTick(): Promise<void> };
    job.slot = new Date(slot);
    await job.fireOnTick();
  }

  close(): Promise<void> {
    return this.do(() => this.lifecycle.beforeApplicationShutdown());
  }

  /** TypeORM's data source, whose connections are the world's. */
  private dataSourceLike(metadata: DataSource): DataSource {
    const dataSource = Object.create(metadata) as DataSource;
    return Object.defineProperties(dataSource, {
      manager: { value: new EntityManager(dataSource) },
      createQueryRunner: { value: () => this.queryRunner(dataSource) },
    });
  }

  /** The part of a query runner that is used. */
  private queryRunner(dataSource: DataSource): QueryRunner {
    const { world, idle } = this;
    const connect = (): Connection => {
      for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
        if (!connection.isClosed) return connection;
      }
      return world.connect(this);
    };
    const runner = {
      dataSource,
      databaseConnection: undefined as Connection | undefined,
      connect: async () => (runner.databaseConnection ??= connect()),
      query: async (text: string, values: unknown[] = [], isStructured = false) => {
        runner.databaseConnection ??= connect();
        const answer = await world.send(runner.databaseConnection, text, values);
        return isStructured ? answer : answer.records;
      },
      release: async () => {
        const { databaseConnection } = runner;
        if (databaseConnection?.isClosed === false && !databaseConnection.isSilent) idle.push(databaseConnection);
        runner.databaseConnection = undefined;
      },
    };
    return runner as unknown as QueryRunner;
  }
}
