import {
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { prepareAnnotationTable } from '../annotations/annotation.entity.js';
import type { Database } from '../database/database.js';
import { checkTables } from '../database/table-check.js';
import { MissingEntityError, UninitializedDataSourceError } from '../errors/database.error.js';
import { InvalidOptionsError } from '../errors/module.error.js';
import { UnknownTrackerError } from '../errors/tracker.error.js';
import type { TrackerScheduler } from '../schedule/tracker.scheduler.js';
import { prepareStatisticTables } from '../statistics/tables/statistic-table.js';
import type { StatisticOwners } from '../statistics/tables/owners.js';
import { registered, type RegisteredTracker } from '../tracking/definition/registered-tracker.js';
import { forwardEvents } from '../execution/event-emitter.bridge.js';
import type { TrackerEvents } from '../execution/tracker-events.js';
import { prepareRunTables } from '../execution/run-tables.js';
import type { TrackerChecker } from '../tracking/running/tracker.checker.js';
import {
  exploreTrackers,
  minifiedNames,
  unprovidedTrackers,
  type DeclaredTracker,
  type ReplacedTracker,
} from '../tracking/definition/tracker.explorer.js';
import type { TrackerRegistrar } from '../execution/tracker.registrar.js';
import type { TrackerOverview } from '../execution/tracker-overview.js';
import type { TrackerRegistry } from '../tracking/definition/tracker.registry.js';
import type { DataSourceDiscovery } from './trackstats.data-sources.js';
import type { TrackstatsAlerts } from './trackstats.alerts.js';
import { REQUIRED_ENTITIES } from './trackstats.entities.js';
import type { ResolvedOptions } from '../trackstats.options.js';
import { checkDerivedMetrics } from './derived-metrics.check.js';
import { storeDetails } from './metric-details.js';
import { checkRegistrations, registeredStatistics } from './trackstats.registration.js';

/** Runs the steps of the application's start and stop, in order. */
export class TrackstatsLifecycle implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Trackstats');

  constructor(
    private readonly options: ResolvedOptions,
    private readonly dataSourceName: string,
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
    private readonly dataSources: DataSourceDiscovery,
    private readonly database: Database,
    private readonly registry: TrackerRegistry,
    private readonly registrar: TrackerRegistrar,
    private readonly checker: TrackerChecker,
    private readonly overview: TrackerOverview,
    private readonly events: TrackerEvents,
    private readonly scheduler: TrackerScheduler,
    private readonly owners: StatisticOwners,
    private readonly alerts: TrackstatsAlerts,
  ) {}

  /** Checks the database, before any provider of the application can read or write statistics. */
  async onModuleInit(): Promise<void> {
    this.dataSources.freeze();
    checkRegistrations(this.discovery, this.modules);
    this.checkEntities();
    this.checkDistributed();
    await this.database.checkSession();
    await this.database.driver.checkPrivileges(this.database.dataSource);
    await checkTables(this.database, this.neededEntities());
    await prepareStatisticTables(this.database);
    await prepareAnnotationTable(this.database);
    await prepareRunTables(this.database);
  }

  /** Starts the trackers, once every provider that they inject is initialized. */
  async onApplicationBootstrap(): Promise<void> {
    const { declared: found, replaced, overridden, undecorated } = exploreTrackers(this.discovery);
    const trackers = found.map((declared) => registered(declared, this.options));
    this.registry.fill(trackers);
    this.checkNames(trackers, replaced);
    this.warnOfMinified(found);
    this.overview.tracked = await this.checker.check(trackers);
    for (const warning of await checkDerivedMetrics(this.database, this.owners)) this.logger.warn(warning);
    await this.storeDetails();
    this.registrar.start = (more) => this.startTrackers(more);
    this.registrar.remove = (tracker) => this.removeTracker(tracker);
    forwardEvents(this.events, this.discovery.getProviders());
    await this.alerts.define();
    if (!this.options.scheduling.enabled) return;
    this.warnOfReplaced(replaced, overridden);
    this.warnOfUnprovided(found);
    this.warnOfUndecorated(undecorated);
    this.alerts.start();
    await this.scheduler.start(trackers).catch((error: unknown) => {
      this.alerts.stop();
      throw error;
    });
  }

  /** Stops the trackers, while every data source is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    this.alerts.stop();
    await this.scheduler.stop();
  }

  /** Starts trackers that were registered later: all of them, or none. */
  private async startTrackers(trackers: readonly RegisteredTracker[]): Promise<void> {
    this.registry.add(trackers, 'register');
    try {
      for (const [name, tracked] of await this.checker.check(trackers)) this.overview.tracked.set(name, tracked);
      await this.storeDetails();
      if (this.options.scheduling.enabled) await this.scheduler.start(trackers);
    } catch (error) {
      this.forget(trackers);
      throw error;
    }
  }

  private async storeDetails(): Promise<void> {
    const warning = await storeDetails(this.database);
    if (warning !== null) this.logger.warn(warning);
  }

  private async removeTracker(tracker: RegisteredTracker): Promise<void> {
    await this.scheduler.remove(tracker);
    this.forget([tracker]);
  }

  private forget(trackers: readonly RegisteredTracker[]): void {
    this.registry.remove(trackers);
    this.checker.release(trackers);
    for (const { name } of trackers) this.overview.tracked.delete(name);
  }

  private checkEntities(): void {
    // a data source knows no entities before it is initialized
    if (!this.database.dataSource.isInitialized) throw new UninitializedDataSourceError(this.dataSourceName);
    const missing = this.neededEntities().filter((entity) => !this.database.dataSource.hasMetadata(entity));
    if (missing.length > 0)
      throw new MissingEntityError(
        missing.map(({ name }) => name),
        this.dataSourceName,
      );
  }

  private checkDistributed(): void {
    const { dataSource, name, mayBeDistributed } = this.database;
    if (this.options.distributed !== true || mayBeDistributed) return;
    throw new InvalidOptionsError(
      'distributed',
      true,
      `Expected PostgreSQL; the data source "${name}" of the statistics is of type "${dataSource.options.type}". Leave the option out.`,
    );
  }

  private neededEntities(): Type<unknown>[] {
    return [...REQUIRED_ENTITIES, ...registeredStatistics(this.discovery, this.modules)];
  }

  private warnOfUnprovided(found: readonly DeclaredTracker[]): void {
    const names = unprovidedTrackers(this.discovery, found);
    if (names.length === 0) return;
    this.logger.warn(
      `@Track has no effect on ${names.join(', ')}: no module of this application provides ${names.length > 1 ? 'them' : 'it'}. ` +
        `Add the class to the providers of a module. A lazily loaded module comes too late: call TrackerService.register with its provider. You can ignore this if another application of this process runs it.`,
    );
  }

  private warnOfUndecorated(names: readonly string[]): void {
    if (names.length === 0) return;
    const [they, them] = names.length > 1 ? ['they extend', 'them'] : ['it extends', 'it'];
    this.logger.warn(
      `@Track is missing on ${names.join(', ')}: ${they} a tracker class, and nothing runs ${them}. ` +
        `Put @Track({ metric, source, period, dateField }) on the class itself, which does not inherit it.`,
    );
  }

  private warnOfMinified(found: readonly DeclaredTracker[]): void {
    const names = minifiedNames(found);
    if (names.length === 0) return;
    this.logger.warn(
      `The names of these trackers look minified: ${names.join(', ')}. Leases, history and configuration go by the name, ` +
        `and the next build may give it to another tracker. Name each in its decorator, @Track({ name: 'OrderTracker', … }), ` +
        `or let the bundler keep class names (docs/bundling.md).`,
    );
  }

  private warnOfReplaced(replaced: readonly ReplacedTracker[], overridden: readonly string[]): void {
    for (const { name, by } of replaced) {
      this.logger.warn(
        `@Track has no effect on ${name}: ${by} is provided in its place, which is no tracker of that class. Let it ` +
          `extend the class of ${name}, or give it a @Track of its own. In a test that replaces the tracker all is well.`,
      );
    }
    for (const name of overridden) {
      this.logger.warn(
        `@Track has no effect on ${name}: it overrides a method with @Track and has none itself. Put @Track on it as well.`,
      );
    }
  }

  private checkNames(trackers: readonly RegisteredTracker[], replaced: readonly ReplacedTracker[]): void {
    const names = trackers.map(({ name }) => name);
    const known = new Set([...names, ...replaced.map(({ name }) => name)]);
    const unknown = Object.keys(this.options.trackers).find((name) => !known.has(name));
    if (unknown !== undefined)
      throw new UnknownTrackerError(unknown, names, ' in the option trackers of TrackstatsModule');
  }
}
