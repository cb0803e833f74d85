import { Module, type DynamicModule } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { PrometheusLifecycle } from './prometheus.lifecycle.js';
import { promClient, resolvePrometheusOptions, type TrackstatsPrometheusOptions } from './prometheus.options.js';

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
