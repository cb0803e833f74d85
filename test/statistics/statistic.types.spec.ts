import { objectRef } from '../../lib/statistics/object-target.js';
import type { SeriesPoint } from '../../lib/statistics/series.js';
import type { StatisticByDateAndObject } from '../../lib/statistics/statistic-by-date-and-object.entity.js';
import type { StatisticByDate } from '../../lib/statistics/statistic-by-date.entity.js';
import type { DimensionKeys, RecordInput, StatisticFilter } from '../../lib/statistics/statistic-filter.js';
import type { StatisticService } from '../../lib/statistics/statistic.service.js';
import { Period } from '../../lib/time/period.js';
import { Customer, Flights, ORDERS, OrdersByRegion, VISITS } from './setup.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<A, B>(_: Same<A, B>): void {
  // the compiler checks it
}

const customer = Object.assign(new Customer(), { id: 5 });
const NL = { entity: OrdersByRegion, dimensions: { country: 'NL', province: null } };

/** Never called: what must compile, and what must not. */
export async function compiled(s: StatisticService): Promise<void> {
  is<Awaited<ReturnType<typeof total>>, StatisticByDate>(true);
  const total = () => s.record({ metric: ORDERS, value: 1 });
  is<Awaited<ReturnType<typeof byObject>>, StatisticByDateAndObject>(true);
  const byObject = () => s.record({ metric: 'shop/orders', value: '1', object: customer });
  const custom = await s.record({ metric: ORDERS, value: 1n, ...NL });
  is<typeof custom, OrdersByRegion>(true);
  is<DimensionKeys<Flights>, 'from' | 'to' | 'order' | 'object' | 'booked'>(true);

  const value = await s.value({ metric: ORDERS });
  is<typeof value, number | null>(true);
  const exact = await s.value({ metric: ORDERS, object: objectRef(Customer, 5), exact: true });
  is<typeof exact, string | null>(true);
  const points = await s.series({ metric: ORDERS, last: 30, fill: 'zero', exact: true, ...NL });
  is<typeof points, SeriesPoint<string>[]>(true);
  const top = await s.top({ metric: ORDERS, objectType: Customer });
  is<(typeof top)[number]['value'], number>(true);
  const groups = await s.top({ metric: ORDERS, entity: OrdersByRegion });
  is<(typeof groups)[number]['dimensions'], { country: string; province: string | null }>(true);
  const found = await s.find({ metrics: [ORDERS, VISITS], entity: Flights, dimensions: { from: ['AMS', 'RTM'], to: null } });
  is<typeof found, Flights[]>(true);
  const filter: StatisticFilter = { metric: ORDERS, period: Period.DAY };
  void filter;
  const rows: RecordInput<OrdersByRegion>[] = [{ metric: ORDERS, value: 1 }, { metric: ORDERS, value: 1, ...NL }];
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
  // @ts-expect-error no metric
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
