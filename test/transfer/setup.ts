import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TransferService, type ExportFilter, type TransferFormat } from 'nestjs-trackstats/transfer';
import type { AbstractStatistic } from '../../lib/statistics/abstract-statistic.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { ObjectTypes } from '../../lib/statistics/object-types.js';
import type { StatisticOptions } from '../../lib/statistics/statistic.options.js';
import { NOW, type Setup } from '../statistics/setup.js';

/** Ids that a spreadsheet, a parser or a collation would take for something else, in binary order. */
export const HOSTILE_IDS = [
  '\t=1',
  '\r=1',
  '\n',
  ' =1+1',
  ' a ',
  '"',
  '"quoted", and "more"',
  "''twice",
  "'=already",
  '+1',
  ',',
  '-1',
  '0',
  ';=1',
  '<script>alert(1)</script>',
  "=cmd|' /C calc'!A0",
  '@SUM(A1)',
  'A',
  '\\N',
  'a',
  'a ',
  'a\r\nb',
  'null',
  'á',
  '\u2028',
  '＝1',
  '\u{1f600}',
];

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
