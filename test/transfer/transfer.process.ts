/**
 * Imports a canonical export into the empty database of a data source and exports it again, in a process of its own,
 * so that its memory can be bounded and measured. Argument: JSON of `TransferTask`; prints `TransferOutcome`.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { TransferFormat } from '../../lib/transfer/index.js';
import { ENTITIES, services } from '../statistics/setup.js';
import { canonicalExport } from './canonical.js';
import { transferOf } from './setup.js';

export interface TransferTask {
  readonly options: DataSourceOptions;
  readonly format: TransferFormat;
  readonly dates: number;
  readonly objects: number;
}

export interface TransferOutcome {
  readonly isSame: boolean;
  readonly rows: number;
  readonly importMs: number;
  readonly exportMs: number;
  /** megabytes, at most at any time */
  readonly residentMb: number;
}

const { options, format, dates, objects } = JSON.parse(process.argv[2] ?? '') as TransferTask;
const dataSource = await new DataSource({ ...options, entities: ENTITIES }).initialize();
const transfer = transferOf(await services(dataSource));
const begun = performance.now();
const { rows } = await transfer.import(canonicalExport(format, dates, objects), { format });
const imported = performance.now();
const given = await hashOf(await transfer.export({ objects: 'all' }, { format }));
const exported = performance.now();
const outcome: TransferOutcome = {
  isSame: given === (await hashOf(canonicalExport(format, dates, objects))),
  rows,
  importMs: Math.round(imported - begun),
  exportMs: Math.round(exported - imported),
  residentMb: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.stdout.write(JSON.stringify(outcome));
await dataSource.destroy();

async function hashOf(text: Readable | Iterable<string>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of text as AsyncIterable<string | Buffer>) hash.update(piece);
  return hash.digest('hex');
}
