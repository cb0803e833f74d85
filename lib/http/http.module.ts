import {
  Controller,
  Logger,
  Module,
  UseGuards,
  VERSION_NEUTRAL,
  type DynamicModule,
  type FactoryProvider,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ActionAccessInterceptor } from './action-access.js';
import { decorate } from './platform/decorate.js';
import { ExportController } from './export.controller.js';
import { ExportReader } from './readers/export.reader.js';
import { checkIsObject } from '../validation/options.js';
import { InvalidHttpOptionsError } from './http.error.js';
import {
  checkAsyncOptions,
  resolveHttpExtras,
  resolveHttpOptions,
  type ResolvedHttpExtras,
  type ResolvedHttpOptions,
  type TrackstatsHttpModuleAsyncOptions,
  type TrackstatsHttpModuleExtras,
  type TrackstatsHttpModuleOptions,
} from './http.options.js';
import { ACTION_GUARDS, HTTP_OPTIONS } from './http.options.js';
import { ObjectLabels } from '../statistics/index.js';
import { TrackstatsHttpExceptionFilter } from './platform/http.exception.js';
import { AnnotationReader } from './readers/annotation.reader.js';
import { LiveGate } from './readers/live.gate.js';
import { MetricCatalog } from './readers/metric.catalog.js';
import { MultiSeriesReader } from './readers/multi-series.reader.js';
import { describeRoutes } from './openapi/openapi.js';
import { OverviewReader } from './readers/overview.reader.js';
import { RankingReader } from './readers/ranking.reader.js';
import { SummariesReader } from './readers/summaries.reader.js';
import { SummaryReader } from './readers/summary.reader.js';
import { ReplyInterceptor } from './platform/reply.interceptor.js';
import { SameOriginGuard } from './platform/same-origin.guard.js';
import { StatisticReader } from './readers/statistic.reader.js';
import { StatisticsController } from './statistics.controller.js';
import { TrackerActionsController } from './tracker-actions.controller.js';
import { AlertReader } from './readers/alert.reader.js';
import { TrackerReader } from './readers/tracker.reader.js';
import { TrackerTasks } from './readers/tracker.tasks.js';
import { TrackersController } from './trackers.controller.js';
import { TrackstatsAccess } from './trackstats.access.js';

const PROVIDERS: Provider[] = [
  TrackstatsAccess,
  {
    provide: ObjectLabels,
    useFactory: ({ label }: ResolvedHttpOptions) => new ObjectLabels(label, new Logger('TrackstatsHttp')),
    inject: [HTTP_OPTIONS],
  },
  LiveGate,
  MetricCatalog,
  OverviewReader,
  RankingReader,
  SummariesReader,
  SummaryReader,
  StatisticReader,
  MultiSeriesReader,
  AnnotationReader,
  AlertReader,
  TrackerReader,
  ExportReader,
  TrackerTasks,
  SameOriginGuard,
  ReplyInterceptor,
  ActionAccessInterceptor,
  TrackstatsHttpExceptionFilter,
];

/**
 * Serves statistics and trackers as JSON. See docs/http.md for its routes.
 *
 * @example
 * ```ts
 * TrackstatsHttpModule.forRoot({ path: 'admin/stats', guards: [AdminGuard], actionGuards: [OwnerGuard], imports: [AuthModule] })
 * ```
 */
@Module({})
export class TrackstatsHttpModule {
  /**
   * Mounts the interface. An application can have several, each under its own path with its own guards.
   *
   * @throws UnguardedInterfaceError without a guard, unless `public: true`; InvalidHttpOptionsError
   * @throws at start: MissingModuleError
   * @example TrackstatsHttpModule.forRoot({ guards: [AdminGuard], imports: [AuthModule] })
   */
  static forRoot(options: TrackstatsHttpModuleOptions & TrackstatsHttpModuleExtras = {}): DynamicModule {
    checkIsObject(options, (_, given, expected) => new InvalidHttpOptionsError('the options object', given, expected));
    const { path, guards, actionGuards, public: isPublic, decorators, imports, ...rest } = options;
    const extras = { path, guards, actionGuards, public: isPublic, decorators, imports };
    const resolved = resolveHttpExtras(extras, 'TrackstatsHttpModule.forRoot');
    return mounted(resolved, {
      provide: HTTP_OPTIONS,
      useFactory: () => resolveHttpOptions(rest, resolved.guards.length > 0),
    });
  }

  /**
   * Mounts the interface like `forRoot`, with options from a factory. Pass options that shape the module beside the
   * factory.
   *
   * @throws UnguardedInterfaceError without a guard, unless `public: true`; InvalidHttpOptionsError
   * @example
   * ```ts
   * TrackstatsHttpModule.forRootAsync({
   *   guards: [AdminGuard],
   *   imports: [AuthModule, UserModule],
   *   inject: [UserService],
   *   useFactory: (users: UserService) => ({ label: (objects) => users.namesById(objects.map(({ id }) => id)) }),
   * })
   * ```
   */
  static forRootAsync(options: TrackstatsHttpModuleAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    const resolved = resolveHttpExtras(options, 'TrackstatsHttpModule.forRootAsync');
    const { useFactory, inject = [] } = options;
    const factory = async (...args: unknown[]): Promise<unknown> =>
      resolveHttpOptions(await useFactory(...args), resolved.guards.length > 0);
    return mounted(resolved, { provide: HTTP_OPTIONS, useFactory: factory, inject });
  }
}

function mounted(
  { path, guards, actionGuards, decorators, imports }: ResolvedHttpExtras,
  options: FactoryProvider,
): DynamicModule {
  const actions = actionGuards.length === 0 ? [] : mountAt(path, { TrackerActionsController });
  for (const controller of actions) UseGuards(...guards, SameOriginGuard, ...actionGuards)(controller);
  const readers = mountAt(path, { StatisticsController, ExportController, TrackersController });
  for (const controller of readers) UseGuards(...guards)(controller);
  const controllers = [...readers, ...actions];
  for (const controller of controllers) decorate(controller, decorators);
  return {
    module: TrackstatsHttpModule,
    imports: [...imports],
    controllers,
    providers: [
      options,
      { provide: ACTION_GUARDS, useValue: actionGuards },
      // a document is made before the application is initialized: by then providers are there
      { provide: Symbol('trackstats openapi'), useFactory: () => describeRoutes(controllers) },
      ...PROVIDERS,
    ],
  };
}

/**
 * Creates subclasses of controllers, so that the decorators of one mount do not change another. Their names distinguish
 * the mounts: an OpenAPI document derives its operationIds from them, and an application may have its own
 * `StatisticsController`.
 *
 * @param controllers by their names, because a bundler may shorten those of the classes
 */
function mountAt(path: string, controllers: Readonly<Record<string, Type>>): Type[] {
  const mount = mountName(path);
  return Object.entries(controllers).map(([role, controller]) => {
    const name = `${mount}${role}`;
    const mounted = { [name]: class extends controller {} }[name] as Type;
    Controller({ path, version: VERSION_NEUTRAL })(mounted);
    return mounted;
  });
}

/** Paths by the names of their mounts. */
const mounts = new Map<string, string>();

/**
 * Returns 'Trackstats' for 'trackstats', and 'TrackstatsAdminStatistics' for 'admin/statistics'. The name is different
 * for every path.
 */
function mountName(path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const pascal = words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('');
  const name = pascal.startsWith('Trackstats') ? pascal : `Trackstats${pascal}`;
  const route = path.replace(/^\/+|\/+$/g, '');
  // 'a/b' and 'a-b' make the same words
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}${count}`;
    const taken = mounts.get(candidate);
    if (taken !== undefined && taken !== route) continue;
    mounts.set(candidate, route);
    return candidate;
  }
}
