import { Inject, Module, type DynamicModule, type FactoryProvider, type NestModule, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TrackstatsHttpModule } from '../http/http.module.js';
import { checkAsyncOptions } from '../http/http.options.js';
import { checkIsObject } from '../validation/options.js';
import { InvalidDashboardOptionsError } from './dashboard.error.js';
import { hideRoutes } from '../http/openapi/openapi.js';
import { answerWithSlash, dashboardController } from './dashboard.controller.js';
import { DashboardFiles } from './dashboard.files.js';
import {
  resolveDashboardExtras,
  resolveDashboardOptions,
  type ResolvedDashboardOptions,
  type TrackstatsDashboardModuleAsyncOptions,
  type TrackstatsDashboardModuleExtras,
  type TrackstatsDashboardModuleOptions,
} from './dashboard.options.js';
import { DASHBOARD_CONTROLLER, DASHBOARD_OPTIONS } from './dashboard.options.js';

/** The options of one dashboard, for its page and for the interface below it. */
@Module({})
export class TrackstatsDashboardOptionsModule {}

/** The page and its files. */
@Module({})
export class TrackstatsDashboardPageModule implements NestModule {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(DASHBOARD_CONTROLLER) private readonly controller: DashboardController,
  ) {}

  /** Asked for middleware before routes are made, which `onModuleInit` is not: it has none. */
  configure(): void {
    // in an application context there is no adapter, and no route either
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    // at the root an application has routes of its own, which a wildcard would answer for
    if (adapter?.getType() === 'fastify' && this.controller.path !== '') answerWithSlash(this.controller.type);
  }
}

/** The controller of one dashboard, and its path. */
interface DashboardController {
  readonly type: Type;
  readonly path: string;
}

/**
 * Serves a page with metrics, charts and trackers, from the application's own server.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [
 *     TrackstatsModule.forRoot(),
 *     TrackstatsDashboardModule.forRoot({
 *       path: 'admin/statistics',
 *       imports: [AuthModule],
 *       guards: [SignedInGuard],
 *       actionGuards: [AdminGuard],
 *     }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
@Module({})
export class TrackstatsDashboardModule {
  /**
   * Mounts the page at `path`, and the JSON interface that it uses below it, at `api`. You can call it several times,
   * with different paths.
   *
   * @throws UnguardedInterfaceError without a guard, unless `public` is true; InvalidDashboardOptionsError,
   * InvalidHttpOptionsError; at start: MissingDashboardPageError
   */
  static forRoot(options: TrackstatsDashboardModuleOptions & TrackstatsDashboardModuleExtras = {}): DynamicModule {
    checkIsObject(
      options,
      (_, given, expected) => new InvalidDashboardOptionsError('the options object', given, expected),
    );
    const { path, guards, actionGuards, public: isPublic, decorators, imports, ...rest } = options;
    const extras = { path, guards, actionGuards, public: isPublic, decorators, imports };
    return dashboard('forRoot', extras, { useFactory: () => rest });
  }

  /**
   * Mounts the page like `forRoot`, with options from a factory. Pass options that shape the module beside the factory.
   *
   * @example
   * ```ts
   * TrackstatsDashboardModule.forRootAsync({
   *   guards: [AdminGuard],
   *   imports: [AuthModule, UserModule],
   *   inject: [UserService],
   *   useFactory: (users: UserService) => ({ label: (objects) => users.namesById(objects.map(({ id }) => id)) }),
   * })
   * ```
   */
  static forRootAsync(options: TrackstatsDashboardModuleAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    const { useFactory, inject = [], ...extras } = options;
    return dashboard('forRootAsync', extras, { useFactory, inject });
  }
}

type Factory = Pick<FactoryProvider<TrackstatsDashboardModuleOptions>, 'useFactory' | 'inject'>;

function dashboard(
  method: string,
  given: TrackstatsDashboardModuleExtras,
  { useFactory, inject = [] }: Factory,
): DynamicModule {
  const extras = resolveDashboardExtras(given, `TrackstatsDashboardModule.${method}`);
  const { path, guards, actionGuards, decorators, imports } = extras;
  const options: DynamicModule = {
    module: TrackstatsDashboardOptionsModule,
    imports,
    providers: [
      {
        provide: DASHBOARD_OPTIONS,
        useFactory: async (...args: unknown[]) => resolveDashboardOptions(await useFactory(...args)),
        inject,
      },
    ],
    exports: [DASHBOARD_OPTIONS],
  };
  const http = TrackstatsHttpModule.forRootAsync({
    path: [path, 'api'].filter((part) => part !== '').join('/'),
    guards,
    actionGuards,
    public: guards.length === 0,
    decorators,
    imports: [...imports, options],
    inject: [DASHBOARD_OPTIONS],
    useFactory: ({ http: own }: ResolvedDashboardOptions) => own,
  });
  const controller: DashboardController = { type: dashboardController(extras), path };
  const page: DynamicModule = {
    module: TrackstatsDashboardPageModule,
    imports: [...imports, options],
    providers: [
      {
        provide: DashboardFiles,
        useFactory: ({ pageFolder }: ResolvedDashboardOptions) => new DashboardFiles(pageFolder),
        inject: [DASHBOARD_OPTIONS],
      },
      { provide: DASHBOARD_CONTROLLER, useValue: controller },
      // a document may be made before the application is initialized; its providers exist by then
      { provide: Symbol('trackstats openapi'), useFactory: () => hideRoutes(controller.type) },
    ],
    controllers: [controller.type],
  };
  // the interface before the page, which answers for everything below its path that nothing else does
  return { module: TrackstatsDashboardModule, imports: [http, page] };
}
