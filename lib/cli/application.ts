import 'reflect-metadata';
import { Console } from 'node:console';
import { Module, type INestApplicationContext, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { DataSource } from 'typeorm';
import { Database } from '../database/database.js';
import { requireProvider } from '../execution/optional-parts.js';
import { SCHEDULING_VARIABLE } from '../trackstats.options.js';
import type { ApplicationModule } from './application.file.js';

/** Provides commands with the application. */
export interface ApplicationSource {
  /** @throws what the start throws */
  open(): Promise<INestApplicationContext>;
  /** the data source of the statistics; also of an application that cannot start because its tables are missing */
  dataSource(): Promise<DataSource>;
  close(): Promise<void>;
}

/** An application that contains the commands and is running already. */
export function runningApplication(app: INestApplicationContext): ApplicationSource {
  return {
    open: () => Promise.resolve(app),
    dataSource: () => Promise.resolve(databaseOf(app).dataSource),
    close: () => Promise.resolve(),
  };
}

/** Starts an application for a command, without schedules and with its log on stderr. */
export class StartedApplication implements ApplicationSource {
  private app: INestApplicationContext | null = null;
  private database: Database | undefined;

  constructor(
    private readonly load: () => Promise<ApplicationModule>,
    private readonly logger: LoggerService,
  ) {}

  async open(): Promise<INestApplicationContext> {
    process.env[SCHEDULING_VARIABLE] = 'off';
    // only results go to stdout, whatever the application prints
    globalThis.console = new Console(process.stderr, process.stderr);
    const application = await this.load();
    // abortOnError: otherwise Nest ends the process if the start fails
    this.app = await NestFactory.createApplicationContext(this.around(application), {
      logger: this.logger,
      abortOnError: false,
    });
    stopJobs(this.app);
    databaseOf(this.app);
    return this.app;
  }

  async dataSource(): Promise<DataSource> {
    try {
      return databaseOf(await this.open()).dataSource;
    } catch (error) {
      if (this.database?.dataSource.isInitialized === true) return this.database.dataSource;
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.app !== null) await this.app.close();
    else if (this.database?.dataSource.isInitialized === true) await this.database.dataSource.destroy();
  }

  /** Remembers the data source, in case the start fails later. */
  private around(application: ApplicationModule): ApplicationModule {
    @Module({})
    class TrackstatsCommandModule {}
    return {
      module: TrackstatsCommandModule,
      imports: [application],
      providers: [
        {
          provide: Symbol('database of the statistics'),
          useFactory: (database?: Database) => {
            this.database = database;
            return null;
          },
          inject: [{ token: Database, optional: true }],
        },
      ],
    };
  }
}

/** @throws MissingModuleError */
export function databaseOf(app: INestApplicationContext): Database {
  return requireProvider(app, Database, 'The command line of nestjs-trackstats');
}

/** Stops the application's own jobs: a command must not run them. */
function stopJobs(app: INestApplicationContext): void {
  let registry: SchedulerRegistry;
  try {
    registry = app.get(SchedulerRegistry, { strict: false });
  } catch {
    return; // it has no schedules
  }
  for (const name of registry.getCronJobs().keys()) registry.deleteCronJob(name);
  for (const name of registry.getIntervals()) registry.deleteInterval(name);
  for (const name of registry.getTimeouts()) registry.deleteTimeout(name);
}
