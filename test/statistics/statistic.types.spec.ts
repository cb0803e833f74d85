import { type ObjectRef, objectRef } from '../../lib/statistics/filter/object-target.js';
import type { SeriesPoint } from '../../lib/statistics/read/series.js';
import type { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import type { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import type { DimensionKeys, RecordInput, StatisticFilter } from '../../lib/statistics/filter/statistic-filter.js';
import type { StatisticService } from '../../lib/statistics/statistic.service.js';
import { Period } from '../../lib/time/period.js';
import { Customer, Flights, ORDERS, OrdersByRegion, VISITS } from './setup.js';

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- how TypeScript compares two types exactly
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Takes what is of exactly this type. */
function exactly<Expected>(): <Actual>(value: Same<Actual, Expected> extends true ? Actual : never) => void {
  return () => undefined;
}

const customer = Object.assign(new Customer(), { id: 5 });
const NL = { entity: OrdersByRegion, dimensions: { country: 'NL', province: null } };

const total = (s: StatisticService) => s.record({ metric: ORDERS, value: 1 });
const byObject = (s: StatisticService) => s.record({ metric: 'shop/orders', value: '1', object: customer });
const custom = (s: StatisticService) => s.record({ metric: ORDERS, value: 1n, ...NL });
const value = (s: StatisticService) => s.value({ metric: ORDERS });
const exact = (s: StatisticService) => s.value({ metric: ORDERS, object: objectRef(Customer, 5), exact: true });
const points = (s: StatisticService) => s.series({ metric: ORDERS, last: 30, fill: 'zero', exact: true, ...NL });
const top = (s: StatisticService) => s.top({ metric: ORDERS, objectType: Customer });
const group = async (s: StatisticService) => (await s.top({ metric: ORDERS, entity: OrdersByRegion }))[0]!.dimensions;
const found = (s: StatisticService) =>
  s.find({ metrics: [ORDERS, VISITS], entity: Flights, dimensions: { from: ['AMS', 'RTM'], to: null } });

/** Never called: what must compile, and what must not. */
export async function compiled(s: StatisticService): Promise<void> {
  exactly<StatisticByDate>()<Awaited<ReturnType<typeof total>>>(await total(s));
  exactly<StatisticByDateAndObject>()<Awaited<ReturnType<typeof byObject>>>(await byObject(s));
  exactly<OrdersByRegion>()<Awaited<ReturnType<typeof custom>>>(await custom(s));
  exactly<number | null>()<Awaited<ReturnType<typeof value>>>(await value(s));
  exactly<string | null>()<Awaited<ReturnType<typeof exact>>>(await exact(s));
  exactly<SeriesPoint<string>[]>()<Awaited<ReturnType<typeof points>>>(await points(s));
  exactly<{ object: ObjectRef; value: number }[]>()<Awaited<ReturnType<typeof top>>>(await top(s));
  exactly<{ country: string; province: string | null }>()<Awaited<ReturnType<typeof group>>>(await group(s));
  exactly<Flights[]>()<Awaited<ReturnType<typeof found>>>(await found(s));
  exactly<'from' | 'to' | 'order' | 'object' | 'booked'>()<DimensionKeys<Flights>>('from');
  const filter: StatisticFilter = { metric: ORDERS, period: Period.DAY };
  await s.find(filter as typeof filter & { metric: typeof ORDERS; object: Customer });
  const rows: RecordInput<OrdersByRegion>[] = [
    { metric: ORDERS, value: 1 },
    { metric: ORDERS, value: 1, ...NL },
  ];
  await s.recordMany(rows);
  await s.recordMany([{ metric: ORDERS, value: 1, object: customer }]);
  await s.increment({ metric: ORDERS, period: Period.CALENDAR_MONTH, ...NL });
  await s.remove({ metric: ORDERS, force: true });
  await s.coverage({ metric: ORDERS, entity: OrdersByRegion });

  // @ts-expect-error a promise is no object: an await is missing
  await s.value({ metric: ORDERS, object: Promise.resolve(customer) });
  // @ts-expect-error undefined is not the total
  await s.value({ metric: ORDERS, object: undefined as Customer | undefined });
  // @ts-expect-error a dimension is missing
  await s.value({ metric: ORDERS, entity: OrdersByRegion, dimensions: { country: 'NL' } });
  // @ts-expect-error of another type
  await s.find({ metric: ORDERS, entity: Flights, dimensions: { order: 'first' } });
  // @ts-expect-error LIFETIME values overlap
  await s.increment({ metric: ORDERS, period: Period.LIFETIME });
  // @ts-expect-error a metric is missing
  await s.find({ period: Period.DAY });
  // @ts-expect-error one metric only
  await s.series({ metrics: [ORDERS] });
  // @ts-expect-error no period is 7
  await s.value({ metric: ORDERS, period: 7 });
  // @ts-expect-error not with a range
  await s.value({ metric: ORDERS, from: '2026-01-01' });
  // @ts-expect-error two scopes
  await s.find({ metric: ORDERS, object: customer, objectType: Customer });
}

it('compiles', () => {
  expect(typeof compiled).toBe('function');
});
