import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TransferService, type ExportFilter, type TransferFormat } from '../../lib/transfer/index.js';
import type { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import type { StatisticOptions } from '../../lib/statistics/filter/statistic.context.js';
import { NOW, type Setup } from '../statistics/setup.js';

/** TransferService on the services of a test, as the module makes it. */
export function transferOf({ database, owners }: Setup, options: Partial<StatisticOptions> = {}): TransferService {
  const types = new ObjectTypes(new DataSources(database.dataSource, () => []));
  return new TransferService(database, types, owners, { timeZone: 'UTC', weekStart: 'monday', ...options }, () => NOW);
}

/** An export as text. */
export async function exported<S extends AbstractStatistic>(
  transfer: TransferService,
  filter: ExportFilter<S>,
  format: TransferFormat,
): Promise<string> {
  return textOf(await transfer.export(filter, { format }));
}

export function textOf(stream: Readable): Promise<string> {
  return text(stream);
}
