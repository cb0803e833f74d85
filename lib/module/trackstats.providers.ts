import type { FactoryProvider, InjectionToken, Provider } from '@nestjs/common';
import { DiscoveryService, ModuleRef, ModulesContainer } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AlertEvaluator } from '../alerts/alert.evaluator.js';
import { AlertRegistry } from '../alerts/alert.registry.js';
import { AlertScheduler } from '../alerts/alert.scheduler.js';
import { AlertService } from '../alerts/alert.service.js';
import { DomainService } from '../catalog/domain.service.js';
import { MetricService } from '../catalog/metric.service.js';
import { DataSources } from '../database/data-sources.js';
import { Database } from '../database/database.js';
import { TrackerScheduler } from '../schedule/tracker.scheduler.js';
import { MetricStatistics } from '../statistics/tables/metric-statistics.js';
import { ObjectTypes } from '../statistics/filter/object-types.js';
import { StatisticOwners } from '../statistics/tables/owners.js';
import { StatisticService } from '../statistics/statistic.service.js';
import { IncrementInterceptors } from '../statistics/write/increment-interceptors.js';
import { LivePlanner } from '../tracking/live/live.planner.js';
import { LiveTrackerFinder } from '../tracking/live/live-tracker.finder.js';
import { LiveReader } from '../tracking/live/live.reader.js';
import { MethodResults } from '../tracking/running/method-results.js';
import { MethodRunner } from '../tracking/running/method.runner.js';
import { DatabaseClock } from '../execution/database-clock.js';
import { LeaseService } from '../execution/lease.service.js';
import { RunHistory } from '../execution/run-history.js';
import { AttemptRunner } from '../execution/attempt.runner.js';
import { RunInterceptors } from '../execution/run-interceptors.js';
import { TrackerEvents } from '../execution/tracker-events.js';
import { ActiveTasks } from '../execution/concurrency.js';
import { SourceFinder } from '../tracking/definition/source.finder.js';
import { TrackerChecker } from '../tracking/running/tracker.checker.js';
import { TrackerWorker } from '../execution/tracker.worker.js';
import { TrackerOverview } from '../execution/tracker-overview.js';
import { TrackerRegistrar } from '../execution/tracker.registrar.js';
import { TrackerRegistry } from '../tracking/definition/tracker.registry.js';
import { TrackerResolver } from '../tracking/source/tracker.resolver.js';
import { TrackerRunner } from '../tracking/running/tracker.runner.js';
import { TrackerRows } from '../tracking/running/tracker.rows.js';
import { TrackerScrubber } from '../tracking/running/tracker.scrubber.js';
import { TrackerVerifier } from '../tracking/running/tracker.verifier.js';
import { TrackerService } from '../execution/tracker.service.js';
import { DataSourceDiscovery, withDataSource } from './trackstats.data-sources.js';
import { TrackstatsAlerts } from './trackstats.alerts.js';
import { TrackstatsLifecycle } from './trackstats.lifecycle.js';
import { resolveOptions, type ResolvedOptions, type ResolvedScheduling } from '../trackstats.options.js';
import { TRACKSTATS_CLOCK, TRACKSTATS_OPTIONS, type Clock } from '../trackstats.tokens.js';

const RESOLVED = Symbol('resolved trackstats options');
const SCHEDULING = Symbol('resolved scheduling options');
const DATA_SOURCE_NAME = Symbol('name of the statistics data source');
const DATA_SOURCE = Symbol('getter of the statistics data source');

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a constructor's parameters do not matter here
type Injected<T> = (abstract new (...args: any[]) => T) | symbol;

/** Names every dependency, because applications may compile without emitted metadata. */
function provideFactory<T, A extends unknown[]>(
  provide: InjectionToken,
  useFactory: (...dependencies: A) => T,
  inject: { [K in keyof A]: Injected<A[K]> },
): FactoryProvider<T> {
  return { provide, useFactory: useFactory as (...dependencies: unknown[]) => T, inject };
}

/** Provides a class, whose constructor's parameters are the dependencies. */
function provideClass<T, A extends unknown[]>(
  type: new (...dependencies: A) => T,
  ...inject: { [K in keyof A]: Injected<A[K]> }
): FactoryProvider<T> {
  return provideFactory<T, A>(type, (...dependencies) => new type(...dependencies), inject);
}

/** Returns all providers of the module, for statistics in the given data source. */
export function trackstatsProviders(dataSourceName: string): Provider[] {
  return [
    provideFactory(RESOLVED, resolveOptions, [TRACKSTATS_OPTIONS]),
    provideFactory(TRACKSTATS_CLOCK, ({ clock }: ResolvedOptions) => clock, [RESOLVED]),
    // a function, because the data sources of the application are looked for among its providers
    { provide: DATA_SOURCE, ...withDataSource(dataSourceName, (dataSource) => () => dataSource) },
    ...databaseProviders(),
    ...statisticProviders(),
    ...trackingProviders(),
    {
      provide: TrackerScheduler,
      useFactory: createScheduler,
      inject: [
        TrackerWorker,
        TrackerOverview,
        LeaseService,
        DatabaseClock,
        SCHEDULING,
        { token: SchedulerRegistry, optional: true },
      ],
    },
    ...alertProviders(),
    provideFactory(DATA_SOURCE_NAME, () => dataSourceName, []),
    provideClass(
      TrackstatsLifecycle,
      RESOLVED,
      DATA_SOURCE_NAME,
      DiscoveryService,
      ModulesContainer,
      DataSourceDiscovery,
      Database,
      TrackerRegistry,
      TrackerRegistrar,
      TrackerChecker,
      TrackerOverview,
      TrackerEvents,
      TrackerScheduler,
      StatisticOwners,
      TrackstatsAlerts,
    ),
  ];
}

function alertProviders(): Provider[] {
  return [
    provideClass(AlertRegistry),
    provideFactory(
      AlertEvaluator,
      (database: Database, clock: Clock, { lockAtMostFor }: ResolvedScheduling) =>
        new AlertEvaluator(database, clock, lockAtMostFor),
      [Database, TRACKSTATS_CLOCK, SCHEDULING],
    ),
    {
      provide: AlertScheduler,
      useFactory: createAlertScheduler,
      inject: [
        AlertRegistry,
        AlertEvaluator,
        TrackerWorker,
        TrackerEvents,
        RESOLVED,
        { token: SchedulerRegistry, optional: true },
      ],
    },
    provideClass(AlertService, Database, AlertRegistry, AlertScheduler),
    provideClass(
      TrackstatsAlerts,
      DiscoveryService,
      Database,
      AlertRegistry,
      AlertScheduler,
      MetricService,
      StatisticService,
      StatisticOwners,
      ObjectTypes,
      TrackerRegistry,
      TrackerOverview,
      RunHistory,
      LeaseService,
      TRACKSTATS_CLOCK,
      RESOLVED,
    ),
  ];
}

function databaseProviders(): Provider[] {
  return [
    provideClass(DataSourceDiscovery, DiscoveryService),
    provideFactory(
      Database,
      (statistics: () => DataSource, { connectionTimeout, distributed }: ResolvedOptions) =>
        new Database(statistics(), connectionTimeout, distributed),
      [DATA_SOURCE, RESOLVED],
    ),
    provideFactory(
      DataSources,
      (statistics: () => DataSource, discovery: DataSourceDiscovery) =>
        new DataSources(statistics(), () => discovery.all()),
      [DATA_SOURCE, DataSourceDiscovery],
    ),
    provideFactory(
      ObjectTypes,
      (dataSources: DataSources, { objectTypes }: ResolvedOptions) => new ObjectTypes(dataSources, objectTypes),
      [DataSources, RESOLVED],
    ),
  ];
}

function statisticProviders(): Provider[] {
  return [
    provideClass(StatisticOwners),
    provideClass(DomainService, Database),
    provideClass(MetricStatistics, Database),
    provideClass(MetricService, Database, MetricStatistics),
    provideClass(IncrementInterceptors),
    provideClass(
      StatisticService,
      Database,
      ObjectTypes,
      StatisticOwners,
      RESOLVED,
      TRACKSTATS_CLOCK,
      LiveReader,
      IncrementInterceptors,
    ),
  ];
}

function trackingProviders(): Provider[] {
  return [
    provideClass(TrackerRegistry),
    provideClass(TrackerRegistrar, RESOLVED),
    provideClass(ActiveTasks),
    provideClass(TrackerEvents),
    provideClass(RunInterceptors),
    provideClass(DatabaseClock, TRACKSTATS_CLOCK),
    provideFactory(SCHEDULING, ({ scheduling }: ResolvedOptions) => scheduling, [RESOLVED]),
    provideClass(LeaseService, Database, DatabaseClock, SCHEDULING),
    provideFactory(
      RunHistory,
      (database: Database, leases: LeaseService, clock: DatabaseClock, { history }: ResolvedScheduling) =>
        new RunHistory(database, leases, clock, history),
      [Database, LeaseService, DatabaseClock, SCHEDULING],
    ),
    provideClass(TrackerResolver, Database, DataSources, ObjectTypes),
    provideClass(TrackerRunner, Database, TrackerResolver, TRACKSTATS_CLOCK),
    provideClass(TrackerVerifier, Database, TrackerResolver),
    provideClass(TrackerRows, Database, TrackerResolver, ObjectTypes),
    provideClass(LiveTrackerFinder, TrackerResolver, SourceFinder, TrackerRegistry, StatisticOwners),
    provideClass(LivePlanner, Database),
    provideClass(LiveReader, Database, LiveTrackerFinder, LivePlanner),
    provideClass(TrackerScrubber, Database, TrackerResolver, TrackerVerifier),
    provideClass(MethodResults, Database, ObjectTypes, StatisticOwners),
    provideClass(MethodRunner, Database, ObjectTypes, MethodResults, TRACKSTATS_CLOCK),
    provideFactory(
      SourceFinder,
      (dataSources: DataSources, moduleRef: ModuleRef) => new SourceFinder(dataSources, findDataSourceBy(moduleRef)),
      [DataSources, ModuleRef],
    ),
    provideClass(
      AttemptRunner,
      SourceFinder,
      TrackerRunner,
      TrackerScrubber,
      MethodRunner,
      LeaseService,
      RunHistory,
      TrackerEvents,
      RunInterceptors,
      DatabaseClock,
      SCHEDULING,
    ),
    provideClass(
      TrackerWorker,
      AttemptRunner,
      DataSources,
      RunHistory,
      ActiveTasks,
      TrackerEvents,
      DatabaseClock,
      SCHEDULING,
    ),
    provideClass(
      TrackerChecker,
      SourceFinder,
      TrackerRunner,
      MethodRunner,
      MetricService,
      StatisticOwners,
      TRACKSTATS_CLOCK,
    ),
    provideClass(TrackerOverview, Database, RunHistory, TrackerWorker, TRACKSTATS_CLOCK),
    provideClass(
      TrackerService,
      TrackerRegistry,
      TrackerRegistrar,
      TrackerWorker,
      TrackerOverview,
      RunHistory,
      SourceFinder,
      TrackerRunner,
      TrackerVerifier,
      TrackerRows,
      RESOLVED,
      TRACKSTATS_CLOCK,
    ),
  ];
}

function createAlertScheduler(
  registry: AlertRegistry,
  evaluator: AlertEvaluator,
  worker: TrackerWorker,
  events: TrackerEvents,
  { alerts }: ResolvedOptions,
  jobs?: SchedulerRegistry,
): AlertScheduler {
  return new AlertScheduler(registry, evaluator, worker, events, alerts.every, jobs);
}

function createScheduler(
  worker: TrackerWorker,
  overview: TrackerOverview,
  leases: LeaseService,
  clock: DatabaseClock,
  options: ResolvedScheduling,
  registry?: SchedulerRegistry,
): TrackerScheduler {
  return new TrackerScheduler(worker, overview, leases, clock, options, registry);
}

function findDataSourceBy(moduleRef: ModuleRef): (name: string) => DataSource | undefined {
  return (name) => {
    try {
      return moduleRef.get<DataSource>(getDataSourceToken(name), { strict: false });
    } catch {
      return undefined; // `get` throws if there is no such data source
    }
  };
}
