import type { DataSource } from 'typeorm';
import { bucketAt, type BucketLength } from '../../lib/time/time-bucket.js';
import { type Chance, Sale } from './shop.js';

/** Sales about changes of the clock, and what metrics count of them, in plain TypeScript. */

/** The metrics: some of `MEASURES`, of each aggregate and with each kind of condition. */
export const REFS = ['all', 'paid', 'revenue', 'items', 'mean', 'least', 'greatest', 'buyers', 'payers'] as const;

/** Zones with an instant at which their clock changes: by an hour, by half of one, over midnight, by a day, and never. */
export const CHANGES: readonly [zone: string, instant: string][] = [
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['America/St_Johns', '2010-11-07T02:31:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['Asia/Kathmandu', '2026-10-25T01:00:00Z'],
  // from 44 minutes and 30 seconds behind UTC
  ['Africa/Monrovia', '1972-01-07T00:44:30Z'],
];

export const HOUR = 3_600_000;

/** A sale as TypeORM reads it. */
export interface SoldRow {
  readonly at: Date;
  readonly status: string | null;
  readonly total: number | null;
  readonly items: number;
  readonly buyer: number | null;
  readonly country: string | null;
}

/** The value of a metric of some rows, by hand; undefined if it counts none of them. */
export function valueOf(ref: string, rows: readonly SoldRow[]): number | null | undefined {
  const counted = rows.filter(({ status, country }) =>
    ref === 'paid' || ref === 'revenue' || ref === 'payers'
      ? status === 'paid'
      : ref === 'mean'
        ? status === 'paid' || status === 'sent'
        : ref === 'least'
          ? country === 'NL'
          : ref === 'greatest'
            ? status === 'sent'
            : true,
  );
  const totals = counted.flatMap(({ total }) => (total === null ? [] : [total]));
  const sum = totals.reduce((a, b) => a + Math.round(b * 100), 0) / 100;
  // a distinct count has a partial for each value, and none for rows without one
  const buyers = new Set(counted.flatMap(({ buyer }) => (buyer === null ? [] : [buyer])));
  if (ref === 'buyers' || ref === 'payers') return counted.length === 0 ? undefined : buyers.size;
  if (counted.length === 0) return undefined;
  if (ref === 'revenue') return sum;
  if (ref === 'items') return counted.reduce((a, { items }) => a + items, 0);
  if (ref === 'mean') return totals.length === 0 ? null : sum / totals.length;
  if (ref === 'least') return totals.length === 0 ? null : Math.min(...totals);
  if (ref === 'greatest') return totals.length === 0 ? null : Math.max(...totals);
  return counted.length;
}

/** Rows by a text of their key and moment; those without a key have none. */
export function grouped(
  rows: readonly SoldRow[],
  keyOf: (row: SoldRow) => string | null,
  momentOf: (at: Date) => string | number,
): Map<string, SoldRow[]> {
  const groups = new Map<string, SoldRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key === null) continue;
    const group = `${key} ${String(momentOf(row.at))}`;
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return groups;
}

/** The start of a row's bucket, in seconds. */
export function startIn(zone: string, length: BucketLength): (at: Date) => number {
  return (at) => bucketAt({ zone, length }, at.getTime() / 1000).start;
}

/** Sales of the days about a change, half of them within three hours of it, and some of long before. */
export function salesAbout(change: Date, chance: Chance, number = 260) {
  const near = (hours: number): Date => new Date(change.getTime() + chance.below(2 * hours * HOUR) - hours * HOUR);
  return Array.from({ length: number }, (_, index) => ({
    id: index + 1,
    at: index < 20 ? new Date(change.getTime() - (60 + index) * 24 * HOUR) : near(index % 2 === 0 ? 3 : 60),
    status: chance.of('paid', 'sent', 'open', null),
    total: chance.of(null, '0.00', '-3.50', '12.25', '99.99'),
    items: chance.below(5),
    buyer: chance.of(...[1, 2, 3, 4, 5].map((id) => ({ id })), null),
  }));
}

export async function soldRows(dataSource: DataSource): Promise<SoldRow[]> {
  const read = await dataSource.getRepository(Sale).find({ relations: { buyer: true } });
  return read.map(({ at, status, total, items, buyer }) => ({
    ...{ at, status, items, buyer: buyer?.id ?? null, country: buyer?.country ?? null },
    total: total === null ? null : Number(total),
  }));
}

export function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e6) / 1e6;
}
