import type { INestApplicationContext } from '@nestjs/common';
import { MissingPackageError } from '../errors/optional-part.error.js';
import { ObjectTypes } from '../statistics/object-types.js';
import { StatisticOwners } from '../statistics/owners.js';
import type { TransferService } from '../transfer/transfer.service.js';
import { resolveOptions, type TrackstatsModuleOptions } from '../trackstats.options.js';
import { TRACKSTATS_CLOCK, TRACKSTATS_OPTIONS, type Clock } from '../trackstats.tokens.js';
import { databaseOf } from './application.js';

const PACKAGES = { 'csv-parse': '^7.0.0', 'csv-stringify': '^6.0.0' };

/**
 * The transfer of an application, which need not import its module; loaded when it is wanted, with the packages that
 * only it needs.
 *
 * @throws MissingPackageError
 */
export async function transferOf(app: INestApplicationContext): Promise<TransferService> {
  const { TransferService } = await loaded();
  return new TransferService(
    databaseOf(app),
    app.get(ObjectTypes, { strict: false }),
    app.get(StatisticOwners, { strict: false }),
    resolveOptions(app.get<TrackstatsModuleOptions>(TRACKSTATS_OPTIONS, { strict: false })),
    app.get<Clock>(TRACKSTATS_CLOCK, { strict: false }),
  );
}

async function loaded(): Promise<{ TransferService: typeof TransferService }> {
  try {
    return await import('../transfer/transfer.service.js');
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const missing = Object.entries(PACKAGES).find(([name]) => message.includes(`'${name}'`));
    if (missing === undefined) throw error;
    throw new MissingPackageError('Exporting and importing', ...missing, error);
  }
}
