import { Period } from 'nestjs-trackstats';
import type { ExportFilter, TransferService } from 'nestjs-trackstats/transfer';
import { Customer, customer, maybeCustomer, ORDER_COUNT, OrdersByRegion } from './shop.js';

declare const transfer: TransferService;
const csv = { format: 'csv' } as const;

export async function compiles(): Promise<void> {
  await transfer.export({}, csv);
  await transfer.export({ domain: 'shopping', period: [Period.DAY, Period.LIFETIME], from: '2026-01-01' }, csv);
  await transfer.export({ metrics: [ORDER_COUNT, 'shopping/others'], objectType: Customer, last: 30 }, csv);
  await transfer.export({ metric: ORDER_COUNT, object: customer, period: Period.DAY }, { format: 'jsonl' });
  await transfer.export({ objects: 'all' }, csv);
  await transfer.export({ entity: OrdersByRegion, dimensions: { country: ['NL', 'BE'], province: null } }, csv);
  const filter: ExportFilter = { entity: OrdersByRegion };
  const { rows, coverages, createdMetrics } = await transfer.import(await transfer.export(filter, csv), csv);
  console.log(rows + coverages, createdMetrics[0]?.length);
}

export async function doesNotCompile(): Promise<void> {
  // @ts-expect-error -- there is no such format
  await transfer.export({}, { format: 'xml' });
  // @ts-expect-error -- one or the other
  await transfer.export({ domain: 'shopping', metric: ORDER_COUNT }, csv);
  // @ts-expect-error -- a number is no period
  await transfer.export({ period: 7 }, csv);
  // @ts-expect-error -- undefined would mean the totals
  await transfer.export({ object: maybeCustomer }, csv);
  // @ts-expect-error -- no such dimension
  await transfer.export({ entity: OrdersByRegion, dimensions: { city: 'Utrecht' } }, csv);
  // @ts-expect-error -- dimensions of what?
  await transfer.export({ dimensions: { country: 'NL' } }, csv);
  // @ts-expect-error -- in what format?
  await transfer.import(['x'], {});
}
