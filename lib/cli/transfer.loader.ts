import type { INestApplicationContext } from '@nestjs/common';
import { ObjectTypes, StatisticOwners } from '../statistics/index.js';
import type { TransferService } from '../transfer/transfer.service.js';
import { resolveOptions, type TrackstatsModuleOptions } from '../trackstats.options.js';
import { TRACKSTATS_CLOCK, TRACKSTATS_OPTIONS, type Clock } from '../trackstats.tokens.js';
import { databaseOf } from './application.js';

/** The transfer of an application, which need not import its module; loaded when it is wanted. */
export async function transferOf(app: INestApplicationContext): Promise<TransferService> {
  const { TransferService } = await import('../transfer/transfer.service.js');
  return new TransferService(
    databaseOf(app),
    app.get(ObjectTypes, { strict: false }),
    app.get(StatisticOwners, { strict: false }),
    resolveOptions(app.get<TrackstatsModuleOptions>(TRACKSTATS_OPTIONS, { strict: false })),
    app.get<Clock>(TRACKSTATS_CLOCK, { strict: false }),
  );
}
