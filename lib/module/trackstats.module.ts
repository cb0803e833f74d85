import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AlertService } from '../alerts/alert.service.js';
import { DomainService } from '../catalog/domain.service.js';
import { MetricService } from '../catalog/metric.service.js';
import { Database } from '../database/database.js';
import { DataSources } from '../database/data-sources.js';
import { InvalidOptionsError } from '../errors/module.error.js';
import type { AbstractStatistic } from '../statistics/tables/abstract-statistic.js';
import { isStatisticClass } from '../statistics/tables/statistic-table.js';
import {
  callback,
  injectable,
  isClass,
  isOptions,
  listOf,
  optional,
  text,
  boolean,
  type Check,
  type Refuse,
} from '../validation/check.js';
import { readOptions, readValue, type ChecksOf, type Values } from '../validation/options.js';
import { ObjectTypes } from '../statistics/filter/object-types.js';
import { StatisticOwners } from '../statistics/tables/owners.js';
import { StatisticService } from '../statistics/statistic.service.js';
import { TrackerEvents } from '../execution/tracker-events.js';
import { TrackerService } from '../execution/tracker.service.js';
import { TrackerRegistry } from '../tracking/definition/tracker.registry.js';
import { repositoriesOf } from './trackstats.data-sources.js';
import { TRACKSTATS_ENTITIES } from './trackstats.entities.js';
import type {
  TrackstatsModuleAsyncOptions,
  TrackstatsModuleExtras,
  TrackstatsModuleOptions,
  TrackstatsOptionsFactory,
} from '../trackstats.options.js';
import { trackstatsProviders } from './trackstats.providers.js';
import { FeatureCheck, FEATURE, ROOT, type Registration } from './trackstats.registration.js';
import { TRACKSTATS_CLOCK, TRACKSTATS_OPTIONS } from '../trackstats.tokens.js';

/** The services that applications inject, each with the token under which the parts of the library share it. */
const SERVICES = [DomainService, MetricService, StatisticService, TrackerService, TrackerEvents, AlertService].map(
  (type) => ({
    type,
    shared: Symbol(`shared ${type.name}`),
  }),
);

/**
 * The providers that optional parts of the library inject in addition. Applications cannot, because these have no
 * exported token.
 */
const SHARED = [Database, DataSources, ObjectTypes, StatisticOwners, TrackerRegistry];

/**
 * Provides everything globally, under internal tokens. So TrackstatsModule decides where applications can inject it, and
 * a feature module can name the missing module, where Nest would only say that it cannot resolve a dependency.
 */
@Module({})
export class TrackstatsCoreModule {}

const statisticClass: Check<Type<AbstractStatistic>> = (given, refuse) =>
  isStatisticClass(given) ? given : refuse('Expected custom statistics: classes that extend AbstractStatistic.');

const EXTRAS = {
  isGlobal: optional(boolean),
  dataSource: optional(text),
  statistics: optional(listOf(statisticClass)),
} satisfies ChecksOf<TrackstatsModuleExtras>;

type AsyncOptions = Extract<TrackstatsModuleAsyncOptions, { useFactory: object }>;

/** The options beside the factory. All others belong into its result. */
const ASYNC_OPTIONS = {
  ...EXTRAS,
  imports: optional(listOf(injectable as Check<NonNullable<DynamicModule['imports']>[number]>)),
  inject: optional(listOf(injectable)),
  useFactory: optional(callback('(…) => ({ timeZone })')),
  useClass: optional(classCheck),
  useExisting: optional(classCheck),
} satisfies ChecksOf<AsyncOptions>;

function classCheck(given: unknown, refuse: Refuse): unknown {
  return isClass(given) ? given : refuse('Expected a class with a method createTrackstatsOptions.');
}

function invalidOption(name: string | null, given: unknown, expected: string): InvalidOptionsError {
  return new InvalidOptionsError(name ?? 'the options object', given, expected);
}

/** Provides the custom statistics that a module of the application registers. */
@Module({ providers: [FeatureCheck] })
export class TrackstatsFeatureModule {}

/**
 * Adds statistics to an application, stored in its own database.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [
 *     TypeOrmModule.forRoot({ type: 'postgres', autoLoadEntities: true }),
 *     ScheduleModule.forRoot(),
 *     TrackstatsModule.forRoot(),
 *   ],
 *   providers: [OrderTracker],
 * })
 * export class AppModule {}
 * ```
 */
@Module({})
export class TrackstatsModule {
  /**
   * Sets the module up. Import it once, in the root module.
   *
   * @throws at start: UnknownTimeZoneError, InvalidOptionsError, MissingEntityError, UnsupportedDatabaseError,
   * DuplicateModuleError, DataSourceMismatchError, and the errors of a tracker that cannot be used
   * @example TrackstatsModule.forRoot({ timeZone: 'Europe/Amsterdam' })
   */
  static forRoot(options: TrackstatsModuleOptions & TrackstatsModuleExtras = {}): DynamicModule {
    if (!isOptions(options)) throw invalidOption(null, options, 'Expected an object; none is {}.');
    const { isGlobal, dataSource, statistics, ...rest } = options;
    const extras = readOptions({ isGlobal, dataSource, statistics }, EXTRAS, invalidOption);
    const calledAt = callerOf('forRoot');
    return rootModule({ ...extras, calledAt }, [{ provide: TRACKSTATS_OPTIONS, useValue: rest }]);
  }

  /**
   * Sets the module up like `forRoot`, with options from a factory. Pass options that shape the module beside the
   * factory.
   *
   * @example
   * ```ts
   * TrackstatsModule.forRootAsync({
   *   dataSource: 'statistics',
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ timeZone: config.get('TIME_ZONE') }),
   * })
   * ```
   */
  static forRootAsync(options: TrackstatsModuleAsyncOptions): DynamicModule {
    const calledAt = callerOf('forRootAsync');
    const { isGlobal, dataSource, statistics, imports } = readOptions(options, ASYNC_OPTIONS, invalidOption);
    return rootModule({ isGlobal, dataSource, statistics, calledAt }, asyncOptions(options), imports);
  }

  /**
   * Registers custom statistics in the module that uses them.
   *
   * @param dataSource the `dataSource` of `forRoot`; leave it out for the default one
   * @throws at start: MissingModuleError, DataSourceMismatchError
   * @example TrackstatsModule.forFeature([OrdersByRegion])
   */
  static forFeature(statistics: Type<AbstractStatistic>[], dataSource = 'default'): DynamicModule {
    const classes = readValue(statistics, listOf(statisticClass), 'forFeature: statistics', invalidOption);
    const name = readValue(dataSource, text, 'forFeature: dataSource', invalidOption);
    const registration: Registration = { statistics: classes, dataSource: name, calledAt: callerOf('forFeature') };
    const entities = repositoriesOf(classes, name);
    return {
      module: TrackstatsFeatureModule,
      imports: [entities],
      providers: [{ provide: FEATURE, useValue: registration }, ...SERVICES.map(featureService)],
      exports: [entities, ...SERVICES.map(({ type }) => type)],
    };
  }
}

function rootModule(
  {
    isGlobal = true,
    dataSource = 'default',
    statistics = [],
    calledAt,
  }: Partial<Values<typeof EXTRAS>> & Pick<Registration, 'calledAt'>,
  options: Provider[],
  imports: readonly NonNullable<DynamicModule['imports']>[number][] = [],
): DynamicModule {
  const registration: Registration = { statistics: [...statistics], dataSource, calledAt };
  const entities = repositoriesOf([...TRACKSTATS_ENTITIES, ...statistics], dataSource);
  const core: DynamicModule = {
    module: TrackstatsCoreModule,
    global: true,
    imports: [...imports, DiscoveryModule, entities],
    providers: [
      ...options,
      { provide: ROOT, useValue: registration },
      ...trackstatsProviders(dataSource),
      ...SERVICES.map(({ type, shared }) => ({ provide: shared, useExisting: type })),
    ],
    exports: [ROOT, TRACKSTATS_OPTIONS, TRACKSTATS_CLOCK, ...SHARED, ...SERVICES.map(({ shared }) => shared)],
  };
  return {
    module: TrackstatsModule,
    global: isGlobal,
    imports: [core, entities],
    providers: SERVICES.map(({ type, shared }) => ({ provide: type, useExisting: shared })),
    exports: [core, entities, ...SERVICES.map(({ type }) => type)],
  };
}

function featureService({ type, shared }: (typeof SERVICES)[number]): Provider {
  return {
    provide: type,
    useFactory: (_check: FeatureCheck, service: unknown) => service,
    inject: [FeatureCheck, { token: shared, optional: true }],
  };
}

/** Returns the place of the call of a method of TrackstatsModule, for messages: `file:line:column`. */
function callerOf(method: 'forRoot' | 'forRootAsync' | 'forFeature'): string {
  const here: { stack?: string } = {};
  Error.captureStackTrace(here, TrackstatsModule[method]); // eslint-disable-line @typescript-eslint/unbound-method -- not called
  return here.stack?.split('\n')[1]?.trim().replace(/^at /, '') ?? 'the application';
}

function asyncOptions(options: TrackstatsModuleAsyncOptions): Provider[] {
  const { useFactory, useClass, useExisting, inject = [] } = options;
  const forms = [useFactory, useClass, useExisting].filter((form) => form !== undefined);
  if (forms.length !== 1) {
    throw new InvalidOptionsError(
      'the options of forRootAsync',
      options,
      'Expected one of useFactory, useClass and useExisting, which makes the options.',
    );
  }
  if (useFactory !== undefined) return [{ provide: TRACKSTATS_OPTIONS, useFactory, inject }];
  const factory = useClass ?? useExisting;
  const created: Provider = {
    provide: TRACKSTATS_OPTIONS,
    useFactory: (factory: TrackstatsOptionsFactory) => factory.createTrackstatsOptions(),
    inject: [factory],
  };
  return useClass === undefined ? [created] : [{ provide: useClass, useClass }, created];
}
