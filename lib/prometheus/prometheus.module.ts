import {
  Logger,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import {
  promClient,
  resolvePrometheusOptions,
  type TrackstatsPrometheusOptions,
  type ResolvedPrometheusOptions,
} from './prometheus.options.js';
import { requireProvider } from '../execution/optional-parts.js';
import { TrackerEvents } from '../execution/tracker-events.js';
import { TrackerService } from '../execution/tracker.service.js';
import { TRACKSTATS_CLOCK, type Clock } from '../trackstats.tokens.js';
import { StatisticService } from '../statistics/index.js';
import { feedMetrics } from './shared-metrics.js';
import { readSamples, unknownMetrics } from './statistic-gauges.js';

/**
 * Registers metrics of trackers for Prometheus in a registry of prom-client. It serves no route; your application
 * serves `register.metrics()`.
 *
 * @example
 * ```ts
 * @Module({ imports: [TrackstatsModule.forRoot(), TrackstatsPrometheusModule.forRoot()] })
 * export class AppModule {}
 * ```
 */
@Module({})
export class TrackstatsPrometheusModule {
  /**
   * Registers the metrics.
   *
   * @throws MissingPackageError without prom-client; InvalidPartOptionError
   * @throws at start: MissingModuleError if the application has no TrackstatsModule; InvalidPartOptionError if the
   * registry already has other metrics with these names
   * @example TrackstatsPrometheusModule.forRoot({ prefix: 'shop_statistics_' })
   */
  static forRoot(options: TrackstatsPrometheusOptions = {}): DynamicModule {
    promClient();
    const resolved = resolvePrometheusOptions(options);
    return {
      module: TrackstatsPrometheusModule,
      providers: [
        {
          provide: PrometheusLifecycle,
          useFactory: (moduleRef: ModuleRef) => new PrometheusLifecycle(moduleRef, resolved),
          inject: [ModuleRef],
        },
      ],
    };
  }
}

const PART = 'TrackstatsPrometheusModule';

/** Feeds the metrics while the application is there. */
export class PrometheusLifecycle implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Trackstats');
  private end = (): void => undefined;

  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly options: ResolvedPrometheusOptions,
  ) {}

  /** Before the first tracker runs. */
  onModuleInit(): void {
    const trackers = requireProvider(this.moduleRef, TrackerService, PART);
    const clock = requireProvider<Clock>(this.moduleRef, TRACKSTATS_CLOCK, PART);
    const events = requireProvider(this.moduleRef, TrackerEvents, PART);
    const statistics = requireProvider(this.moduleRef, StatisticService, PART);
    this.end = feedMetrics(this.options, {
      events,
      look: async () => ({ now: clock(), infos: await trackers.list() }),
      readSamples: () => readSamples(statistics, this.options.statistics),
    });
  }

  /** When the tables are checked. */
  async onApplicationBootstrap(): Promise<void> {
    const statistics = requireProvider(this.moduleRef, StatisticService, PART);
    for (const warning of await unknownMetrics(statistics, this.options.statistics))
      this.logger.warn(`${PART}: ${warning}`);
  }

  /** When the last run has ended. */
  onApplicationShutdown(): void {
    this.end();
  }
}
