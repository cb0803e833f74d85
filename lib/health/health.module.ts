import { Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { TrackstatsHealthIndicator } from './health.indicator.js';

/**
 * Provides `TrackstatsHealthIndicator` to the module that imports it.
 *
 * @throws at start: MissingModuleError if the application has no TrackstatsModule
 * @example
 * ```ts
 * import { TerminusModule } from '@nestjs/terminus';
 *
 * @Controller('health')
 * export class HealthController {
 *   constructor(private readonly trackers: TrackstatsHealthIndicator) {}
 * }
 *
 * @Module({ imports: [TerminusModule, TrackstatsHealthModule], controllers: [HealthController] })
 * export class HealthModule {}
 * ```
 */
@Module({
  providers: [
    {
      provide: TrackstatsHealthIndicator,
      useFactory: (moduleRef: ModuleRef) => new TrackstatsHealthIndicator(moduleRef),
      inject: [ModuleRef],
    },
  ],
  exports: [TrackstatsHealthIndicator],
})
export class TrackstatsHealthModule {}
