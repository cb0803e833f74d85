import { Module } from '@nestjs/common';
import { MetricService } from '../catalog/index.js';
import { MissingModuleError } from '../errors/module.error.js';
import { StatisticService } from '../statistics/index.js';
import { resolveOptions, type TrackstatsModuleOptions } from '../trackstats.options.js';
import { TRACKSTATS_OPTIONS } from '../trackstats.tokens.js';
import { DigestService } from './digest.service.js';

/**
 * Provides `DigestService` to the module that imports it.
 *
 * @throws at start: MissingModuleError if the application has no TrackstatsModule
 * @example
 * ```ts
 * @Injectable()
 * export class WeeklyMail {
 *   constructor(private readonly digests: DigestService) {}
 * }
 *
 * @Module({ imports: [TrackstatsDigestModule], providers: [WeeklyMail] })
 * export class MailModule {}
 * ```
 */
@Module({
  providers: [
    {
      provide: DigestService,
      useFactory: (statistics?: StatisticService, metrics?: MetricService, options?: TrackstatsModuleOptions) => {
        if (!statistics || !metrics || !options) throw new MissingModuleError('TrackstatsDigestModule');
        return new DigestService(statistics, metrics, resolveOptions(options).weekStart);
      },
      inject: [StatisticService, MetricService, TRACKSTATS_OPTIONS].map((token) => ({ token, optional: true })),
    },
  ],
  exports: [DigestService],
})
export class TrackstatsDigestModule {}
