import { Module } from '@nestjs/common';
import { Database } from '../database/database.js';
import { MissingModuleError } from '../errors/module.error.js';
import { ObjectTypes, StatisticOwners } from '../statistics/index.js';
import { resolveOptions, type TrackstatsModuleOptions } from '../trackstats.options.js';
import { TRACKSTATS_CLOCK, TRACKSTATS_OPTIONS, type Clock } from '../trackstats.tokens.js';
import { TransferService } from './transfer.service.js';

/**
 * Provides `TransferService` to the module that imports it.
 *
 * @throws at start: MissingModuleError if the application has no TrackstatsModule
 * @example
 * ```ts
 * @Injectable()
 * export class ExportService {
 *   constructor(private readonly transfer: TransferService) {}
 * }
 *
 * @Module({ imports: [TrackstatsTransferModule], providers: [ExportService] })
 * export class ReportModule {}
 * ```
 */
@Module({
  providers: [
    {
      provide: TransferService,
      useFactory: (
        database?: Database,
        objectTypes?: ObjectTypes,
        owners?: StatisticOwners,
        options?: TrackstatsModuleOptions,
        clock?: Clock,
      ) => {
        if (!database || !objectTypes || !owners || !options || !clock) {
          throw new MissingModuleError('TrackstatsTransferModule');
        }
        return new TransferService(database, objectTypes, owners, resolveOptions(options), clock);
      },
      inject: [Database, ObjectTypes, StatisticOwners, TRACKSTATS_OPTIONS, TRACKSTATS_CLOCK].map((token) => ({
        token,
        optional: true,
      })),
    },
  ],
  exports: [TransferService],
})
export class TrackstatsTransferModule {}
