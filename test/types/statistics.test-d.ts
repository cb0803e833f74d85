import {
  AbstractTimeStatistic,
  addDays,
  defineDomain,
  defineMetric,
  objectRef,
  Period,
  type DomainDefinition,
  type LocalDate,
  type MetricDefinition,
  type StatisticByDate,
  type StatisticByDateAndObject,
  type StatisticByTime,
  type StatisticByTimeAndObject,
} from 'nestjs-trackstats';
import type { Repository } from 'typeorm';
import { Customer, customer, maybeCustomer, ORDER_COUNT, OrdersByRegion, SHOPPING, statistics } from './shop.js';

const metric = ORDER_COUNT;

export async function compiles(): Promise<void> {
  const total: StatisticByDate = await statistics.record({ metric, value: 12.5 });
  const byObject: StatisticByDateAndObject = await statistics.record({ metric, value: '0.1', object: customer });
  const dimensions = { country: 'NL', province: null };
  const region: OrdersByRegion = await statistics.record({ metric, value: 1n, entity: OrdersByRegion, dimensions });
  const value: number | null = await statistics.value({ metric, date: addDays('2026-10-31', -1) });
  const exact: string | null = await statistics.value({ metric, exact: true });
  const [point] = await statistics.series({ metric, period: Period.CALENDAR_MONTH, last: 12, fill: 'zero' });
  const change: number | null = (await statistics.compare({ metric, last: 7, with: 'year' })).total.relative;
  const [before] = (await statistics.compare({ metric, object: customer, exact: true })).before;
  const [best] = await statistics.top({ metric, objectType: Customer, limit: 3 });
  await statistics.value({ metric, object: best?.object ?? objectRef(Customer, 5) });
  await statistics.increment({ metric, entity: OrdersByRegion, dimensions, by: 2 });
  await statistics.find({
    metrics: [metric, 'shopping/others'],
    entity: OrdersByRegion,
    dimensions: { country: ['NL', 'BE'] },
  });
  console.log(
    total.value,
    byObject.objectId,
    region.country,
    value,
    exact,
    point?.complete,
    change,
    before?.value?.length,
  );
}

/** Of a period of less than a day, a value has a start, and is written at an instant. */
export async function takesHours(S: typeof HourlyOrders): Promise<void> {
  const hour = { metric, period: Period.HOUR } as const;
  const total: StatisticByTime = await statistics.record({ ...hour, value: 1, at: new Date() });
  const byObject: StatisticByTimeAndObject = await statistics.record({ ...hour, value: 1, object: customer });
  const custom: HourlyOrders = await statistics.record({ ...hour, value: 1, entity: S, dimensions: { country: 'NL' } });
  await statistics.increment({ metric, period: Period.minutes(15), at: '2026-10-25T02:30:00+02:00' });
  const [found] = await statistics.find({ ...hour, objectType: Customer });
  const last: StatisticByTime | null = await statistics.mostRecent({ ...hour, date: '2026-10-25' });
  const [point] = await statistics.series({ ...hour, last: 24 });
  const start: string | undefined = point?.start;
  console.log(total.start, byObject.objectId, custom.country, found?.start, last?.date, start);
  // @ts-expect-error -- a date has many hours
  await statistics.record({ ...hour, value: 1, date: '2026-10-25', at: new Date() });
  // @ts-expect-error -- a day is no instant
  await statistics.increment({ metric, at: new Date() });
  // @ts-expect-error -- `start` is no dimension
  await statistics.record({ ...hour, value: 1, entity: S, dimensions: { country: 'NL', start: 5 } });
  // @ts-expect-error -- a statistic of days has no start
  console.log((await statistics.record({ metric, value: 1 })).start);
}

declare class HourlyOrders extends AbstractTimeStatistic {
  country: string;
}

/** A date is any text to an application: what it got from a request, from a call, or from its own function. */
export async function takesDates(asked: string, repository: Repository<StatisticByDate>): Promise<LocalDate> {
  const from: LocalDate = asked;
  const [point] = await statistics.series({ metric, from, to: addDays(from, 27) });
  await statistics.record({ metric, value: 1, date: asked });
  await repository.findBy({ date: from });
  const today = await statistics.today(metric);
  return point?.date ?? today;
}

export const key: 'shopping/order_count' = ORDER_COUNT.key;

// @ts-expect-error -- definitions are made by defineDomain
export const m01: DomainDefinition = { ref: 'shopping' };
// @ts-expect-error -- definitions are made by defineMetric
export const m02: MetricDefinition = { ref: 'orders', domain: SHOPPING, key: 'shopping/orders' };
// @ts-expect-error -- a metric has a domain
export const m03 = defineMetric({ ref: 'orders' });
// @ts-expect-error -- a domain is no text here
export const m04 = defineMetric({ domain: 'shopping', ref: 'orders' });
// @ts-expect-error -- a domain has a ref
export const m05 = defineDomain({ name: 'Shopping' });
// @ts-expect-error -- no metric
void statistics.record({ value: 1 });
// @ts-expect-error -- no value
void statistics.record({ metric });
// @ts-expect-error -- a boolean is no value
void statistics.record({ metric, value: true });
// @ts-expect-error -- a period is no number
void statistics.record({ metric, value: 1, period: 86_400 });
// @ts-expect-error -- a promise is no object: an await is missing
void statistics.record({ metric, value: 1, object: Promise.resolve(customer) });
// @ts-expect-error -- a user who is not there would read as the total
void statistics.record({ metric, value: 1, object: maybeCustomer });
void statistics.value({
  metric,
  // @ts-expect-error -- an object or a custom statistic
  object: customer,
  entity: OrdersByRegion,
  dimensions: { country: 'NL', province: null },
});
// @ts-expect-error -- every dimension
void statistics.record({ metric, value: 1, entity: OrdersByRegion, dimensions: { country: 'NL' } });
// @ts-expect-error -- dimensions stand in their own object
void statistics.record({ metric, value: 1, entity: OrdersByRegion, country: 'NL', province: null });
// @ts-expect-error -- a dimension's type
void statistics.find({ metric, entity: OrdersByRegion, dimensions: { country: 31 } });
// @ts-expect-error -- a dimension that does not exist
void statistics.find({ metric, entity: OrdersByRegion, dimensions: { county: 'NL' } });
// @ts-expect-error -- dimensions of what
void statistics.find({ metric, dimensions: { country: 'NL' } });
// @ts-expect-error -- events are counted in buckets
void statistics.increment({ metric, period: Period.WEEK });
// @ts-expect-error -- nor in LIFETIME
void statistics.increment({ metric, period: Period.LIFETIME });
// @ts-expect-error -- nor to date
void statistics.increment({ metric, period: Period.MONTH_TO_DATE });
// @ts-expect-error -- values to date overlap
void statistics.total({ metric, period: Period.MONTH_TO_DATE });
// @ts-expect-error -- one value of one object
void statistics.value({ metric, objects: [customer] });
// @ts-expect-error -- one series of one metric
void statistics.series({ metrics: [metric] });
// @ts-expect-error -- metric or metrics
void statistics.find({ metric, metrics: [metric] });
// @ts-expect-error -- an unknown comparison
void statistics.compare({ metric, with: 'fortnight' });
// @ts-expect-error -- an unknown way to fill
void statistics.series({ metric, fill: 'last' });
// @ts-expect-error -- the top of what
void statistics.top({ metric });
// @ts-expect-error -- a sum of windows that overlap
void statistics.total({ metric, period: Period.WEEK });
// @ts-expect-error -- an exact value is text
void statistics.value({ metric, exact: true }).then((value: number | null) => value);
// @ts-expect-error -- a total has no object
void statistics.find({ metric }).then(([first]) => first?.objectId);
// @ts-expect-error -- a filter without a metric
void statistics.remove({ period: Period.DAY });
// @ts-expect-error -- a date is text or an instant
void statistics.value({ metric, date: 20_261_031 });
