/**
 * What compiles and what must not; `npm run typecheck` is the test. An expected error that is none is an error itself.
 */
import {
  type KeyPath,
  avg,
  count,
  countDistinct,
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  max,
  ObjectsByDateAndObjectTracker,
  ObjectsByDateTracker,
  ObjectsByDimensionsTracker,
  objectRef,
  Period,
  sum,
  Track,
  type TrackContext,
} from 'nestjs-trackstats';
import type { Repository, SelectQueryBuilder } from 'typeorm';
import { Customer, customer, Line, Order, ORDER_COUNT, orders, OrdersByRegion, trackers } from './shop.js';

const metric = ORDER_COUNT;
const period = Period.DAY;

// ── on classes ──

@Track({
  metric,
  source: Order,
  dateField: 'createdAt',
  period: [Period.DAY, Period.LIFETIME],
  cron: '0 * * * *',
  name: 'orders',
})
export class Orders extends CountObjectsByDateTracker {
  // a subclass may have what names it likes, injected
  constructor(
    private readonly options: { get(key: string): string },
    readonly name: string,
    readonly metric: number,
  ) {
    super();
  }

  get zone(): string {
    return this.options.get('zone');
  }
}

@Track({ metric, source: Order, dateField: 'createdAt', aggregate: sum('total'), period, every: '15 minutes' })
export class Revenue extends ObjectsByDateTracker {}

@Track({ metric, source: Line, dateField: 'order.createdAt', aggregate: countDistinct('order.customer'), period })
export class Buyers extends ObjectsByDateTracker {}

@Track({ metric, source: Order, dateField: 'createdAt', objectField: 'customer', period, every: 60_000 })
export class OrdersOfCustomer extends CountObjectsByDateAndObjectTracker {}

@Track({ metric, source: Line, dateField: 'shippedAt', objectField: 'order.customer', aggregate: max('id'), period })
export class LinesOfCustomer extends ObjectsByDateAndObjectTracker {}

@Track({ metric, source: Order, dateField: 'createdAt', object: objectRef('shop', 1), period, runOnStart: true })
export class OrdersOfShop extends CountObjectsByDateAndObjectTracker {}

@Track({
  metric,
  source: Order,
  dateField: 'createdAt',
  period,
  statistic: OrdersByRegion,
  dimensions: { country: 'customer.address.country', province: 'customer.address.province' },
})
export class Regions extends ObjectsByDimensionsTracker {}

const SHARED = { source: Order, dateField: 'createdAt' } as const;

@Track({ ...SHARED, metric, period, where: { status: 'paid' } })
export class PaidOrders extends CountObjectsByDateTracker {}

@Track({
  metric: 'shopping/order_count',
  dateField: 'createdAt',
  period,
  where: (query) => void query.andWhere('1 = 1'),
})
export class ChosenOrders extends CountObjectsByDateTracker {
  constructor(private readonly orders: Repository<Order>) {
    super();
  }

  override source(): SelectQueryBuilder<Order> {
    return this.orders.createQueryBuilder('o');
  }
}

// @ts-expect-error -- a mistyped dateField
@Track({ metric, source: Order, dateField: 'createdA', period })
export class M01 extends CountObjectsByDateTracker {}

// @ts-expect-error -- no date
@Track({ metric, source: Order, dateField: 'gift', period })
export class M02 extends CountObjectsByDateTracker {}

// @ts-expect-error -- a method is no property
@Track({ metric, source: Order, dateField: 'isPaid', period })
export class M03 extends CountObjectsByDateTracker {}

// @ts-expect-error -- a to-many relation
@Track({ metric, source: Order, dateField: 'lines.shippedAt', period })
export class M04 extends CountObjectsByDateTracker {}

// @ts-expect-error -- a period is no number
@Track({ metric, source: Order, dateField: 'createdAt', period: 7 })
export class M05 extends CountObjectsByDateTracker {}

// @ts-expect-error -- no metric
@Track({ source: Order, dateField: 'createdAt', period })
export class M06 extends CountObjectsByDateTracker {}

// @ts-expect-error -- no period
@Track({ metric, source: Order, dateField: 'createdAt' })
export class M07 extends CountObjectsByDateTracker {}

// @ts-expect-error -- a definition is made by defineMetric
@Track({ metric: { ref: 'order_count' }, source: Order, dateField: 'createdAt', period })
export class M08 extends CountObjectsByDateTracker {}

// @ts-expect-error -- one schedule
@Track({ metric, source: Order, dateField: 'createdAt', period, cron: '0 * * * *', every: '1 hour' })
export class M09 extends CountObjectsByDateTracker {}

// @ts-expect-error -- not a unit that ms reads
@Track({ metric, source: Order, dateField: 'createdAt', period, every: '15 minuten' })
export class M10 extends CountObjectsByDateTracker {}

// @ts-expect-error -- a counting class takes no aggregate
@Track({ metric, source: Order, dateField: 'createdAt', aggregate: sum('total'), period })
export class M11 extends CountObjectsByDateTracker {}

// @ts-expect-error -- the sum of a date
@Track({ metric, source: Order, dateField: 'createdAt', aggregate: sum('createdAt'), period })
export class M12 extends ObjectsByDateTracker {}

// @ts-expect-error -- the average of something that is not there
@Track({ metric, source: Order, dateField: 'createdAt', aggregate: avg('price'), period })
export class M13 extends ObjectsByDateTracker {}

// @ts-expect-error -- an aggregate is made by a function
@Track({ metric, source: Order, dateField: 'createdAt', aggregate: 'sum', period })
export class M14 extends ObjectsByDateTracker {}

// @ts-expect-error -- an object property on a class of totals
@Track({ metric, source: Order, dateField: 'createdAt', objectField: 'customer', period })
export class M15 extends CountObjectsByDateTracker {}

// @ts-expect-error -- no object on a class of objects
@Track({ metric, source: Order, dateField: 'createdAt', period })
export class M16 extends CountObjectsByDateAndObjectTracker {}

// @ts-expect-error -- a mistyped objectField
@Track({ metric, source: Order, dateField: 'createdAt', objectField: 'custmer', period })
export class M17 extends CountObjectsByDateAndObjectTracker {}

@Track({
  metric,
  source: Order,
  dateField: 'createdAt',
  period,
  statistic: OrdersByRegion,
  // @ts-expect-error -- a dimension is missing
  dimensions: { country: 'status' },
})
export class M18 extends ObjectsByDimensionsTracker {}

@Track({
  metric,
  source: Order,
  dateField: 'createdAt',
  period,
  statistic: OrdersByRegion,
  // @ts-expect-error -- a mistyped path of a dimension
  dimensions: { country: 'customer.address.county', province: 'status' },
})
export class M19 extends ObjectsByDimensionsTracker {}

// @ts-expect-error -- an entity by its name
@Track({ metric, source: 'Order', dateField: 'createdAt', period })
export class M20 extends CountObjectsByDateTracker {}

// @ts-expect-error -- conditions on what is not there
@Track({ metric, source: Order, dateField: 'createdAt', period, where: { state: 'paid' } })
export class M21 extends CountObjectsByDateTracker {}

@Track({ metric, source: Order, dateField: 'createdAt', period, keep: { DAY: 730, DAYS_90: 400, WEEK: undefined } })
export class KeptOrders extends CountObjectsByDateTracker {}
// @ts-expect-error -- days are kept by the name of a period
@Track({ metric, source: Order, dateField: 'createdAt', period, keep: { FORTNIGHT: 30 } })
export class WronglyKept extends CountObjectsByDateTracker {}
// @ts-expect-error -- days are a number
@Track({ metric, source: Order, dateField: 'createdAt', period, keep: { DAY: '2 years' } })
export class WronglyLongKept extends CountObjectsByDateTracker {}
@Track({
  metric,
  source: Order,
  dateField: 'createdAt',
  period,
  history: 'current',
  scrub: { days: 7, every: '1 day' },
})
export class Followed extends CountObjectsByDateTracker {}
// @ts-expect-error -- there is no such history
@Track({ metric, source: Order, dateField: 'createdAt', period, history: 'live' })
export class UnknownHistory extends CountObjectsByDateTracker {}
// @ts-expect-error -- a scrub is false, or has days and every
@Track({ metric, source: Order, dateField: 'createdAt', period, history: 'current', scrub: true })
export class TrueScrub extends CountObjectsByDateTracker {}
@Track({
  metric,
  source: Order,
  dateField: 'createdAt',
  period: [Period.HOUR, Period.minutes(15)],
  lookback: '90 minutes',
  keep: { HOUR: 14, MINUTES_15: 3 },
})
export class Hourly extends CountObjectsByDateTracker {}
// @ts-expect-error -- a lookback is a number of days, or a length of time
@Track({ metric, source: Order, dateField: 'createdAt', period, lookback: 'two days' })
export class M22 extends CountObjectsByDateTracker {}

// @ts-expect-error -- an unknown density
@Track({ metric, source: Order, dateField: 'createdAt', period, density: 'weekly' })
export class M23 extends CountObjectsByDateTracker {}

// @ts-expect-error -- no tracker
@Track({ metric, source: Order, dateField: 'createdAt', period })
export class M24 {}

// @ts-expect-error -- an option that does not exist
@Track({ metric, source: Order, dateField: 'createdAt', period, timezone: 'UTC' })
export class M25 extends CountObjectsByDateTracker {}

// @ts-expect-error -- the class itself says that it counts orders
@Track({ metric, dateField: 'shippedAt', period })
export class M26 extends CountObjectsByDateTracker<Order> {}

// @ts-expect-error -- its source gives orders
@Track({ metric, dateField: 'createdA', period })
export class M27 extends CountObjectsByDateTracker {
  override source(): SelectQueryBuilder<Order> {
    return orders.createQueryBuilder();
  }
}

// ── on methods ──

export class Followers {
  @Track({ metric, every: '1 hour' })
  count(): Promise<number> {
    return Promise.resolve(1);
  }

  @Track({ metric, period: Period.CALENDAR_MONTH, timeZone: 'Asia/Tokyo' })
  byCustomer({ now, date, signal }: TrackContext): { object: Customer; value: bigint }[] {
    return signal.aborted || date > now.toISOString() ? [] : [{ object: customer, value: 1n }];
  }

  @Track({ metric, statistic: OrdersByRegion })
  byRegion(): { dimensions: { country: string; province: string | null }; value: string }[] {
    return [{ dimensions: { country: 'NL', province: null }, value: '1.5' }];
  }

  @Track({ metric })
  unknown(): undefined {
    return undefined;
  }

  // @ts-expect-error -- a boolean is no value
  @Track({ metric })
  m28(): boolean {
    return true;
  }

  // @ts-expect-error -- a method has one period
  @Track({ metric, period: [Period.DAY, Period.WEEK] })
  m29(): number {
    return 1;
  }

  // @ts-expect-error -- a method has no source
  @Track({ metric, source: Order, dateField: 'createdAt', period })
  m30(): number {
    return 1;
  }

  // @ts-expect-error -- rows name what the statistic groups by
  @Track({ metric, statistic: OrdersByRegion })
  m31(): { dimensions: { country: string }; value: number }[] {
    return [];
  }

  // @ts-expect-error -- a value for each row
  @Track({ metric })
  m32(): { object: Customer }[] {
    return [];
  }
}

// ── several metrics ──

const other = 'shopping/revenue';

@Track({
  source: Order,
  dateField: 'createdAt',
  period: [Period.DAY, Period.LIFETIME],
  metrics: [
    { metric },
    { metric: 'shopping/paid', where: { status: 'paid', customer: { name: 'Ada' } } },
    { metric: other, aggregate: sum('total'), where: [{ status: 'paid' }, { gift: true }], density: 'changes' },
    { metric: 'shopping/buyers', aggregate: countDistinct('customer'), period: Period.DAYS_28 },
  ],
})
export class Several extends ObjectsByDateTracker {}

@Track({
  source: Order,
  dateField: 'createdAt',
  objectField: 'customer',
  withTotal: true,
  metrics: [{ metric, period }],
})
export class SeveralOfCustomer extends ObjectsByDateAndObjectTracker {}

// @ts-expect-error -- a mistyped property in the conditions of one
@Track({ source: Order, dateField: 'createdAt', period, metrics: [{ metric, where: { state: 'paid' } }] })
export class M50 extends ObjectsByDateTracker {}

// @ts-expect-error -- a value of another type
@Track({ source: Order, dateField: 'createdAt', period, metrics: [{ metric, where: { status: 5 } }] })
export class M51 extends ObjectsByDateTracker {}

// @ts-expect-error -- a mistyped property in an aggregate
@Track({ source: Order, dateField: 'createdAt', period, metrics: [{ metric, aggregate: sum('totl') }] })
export class M52 extends ObjectsByDateTracker {}

// @ts-expect-error -- text cannot be added up
@Track({ source: Order, dateField: 'createdAt', period, metrics: [{ metric, aggregate: sum('gift') }] })
export class M53 extends ObjectsByDateTracker {}

// @ts-expect-error -- an option that is the tracker's
@Track({ source: Order, dateField: 'createdAt', period, metrics: [{ metric, lookback: 3 }] })
export class M54 extends ObjectsByDateTracker {}

// @ts-expect-error -- a metric of its own and several
@Track({ source: Order, dateField: 'createdAt', period, metric, metrics: [{ metric: other }] })
export class M55 extends ObjectsByDateTracker {}

export const m56 = new CountObjectsByDateTracker<Order>({
  period,
  dateField: 'createdAt',
  metrics: [{ metric }, { metric: other, where: { status: 'paid' } }],
});
export const m57 = new CountObjectsByDateTracker<Order>({
  period,
  dateField: 'createdAt',
  // @ts-expect-error -- a mistyped property in the conditions of one
  metrics: [{ metric, where: { state: 'paid' } }],
});

// ── by hand ──

export const byHand = new CountObjectsByDateTracker<Order>({ metric, period, dateField: 'createdAt' });
void trackers.track(byHand, Order);
void trackers.track(byHand, orders, { from: '2026-10-01', to: new Date(0) });
void trackers.track(byHand, orders.createQueryBuilder('o'));
void trackers.track(new ObjectsByDateTracker({ metric, period, dateField: 'createdAt', aggregate: count() }), Order);
void trackers.run(Orders).then((result) => result?.written);
void trackers.run([Followers, 'count']);
void trackers.backfill('orders', { from: '2026-01-01' });

// @ts-expect-error -- a mistyped dateField
export const m33 = new CountObjectsByDateTracker<Order>({ metric, period, dateField: 'created' });
// @ts-expect-error -- no aggregate on a counting class
export const m34 = new CountObjectsByDateTracker({ metric, period, dateField: 'createdAt', aggregate: count() });
export const m35 = new CountObjectsByDateAndObjectTracker<Order>({
  metric,
  period,
  dateField: 'createdAt',
  object: customer,
  // @ts-expect-error -- two kinds of objects
  objectField: 'customer',
});
// @ts-expect-error -- the dimensions are missing
export const m36 = new ObjectsByDimensionsTracker<Order, OrdersByRegion>({
  metric,
  period,
  dateField: 'createdAt',
  statistic: OrdersByRegion,
});
class Tagged {
  id!: number;
  createdAt!: Date;
  tags!: string[];
  hash!: Uint8Array;
  orders!: Order[];
}
/** The type of the paths of dimensions: array columns and bytes, and no relations to many rows. */
export const dimensionPaths: KeyPath<Tagged>[] = ['id', 'tags', 'hash', 'createdAt'];
// @ts-expect-error a relation to many rows
export const toMany: KeyPath<Tagged> = 'orders';
// @ts-expect-error -- another entity than the tracker's
void trackers.track(byHand, Customer);
// @ts-expect-error a row needs a metric
void trackers.rows(Orders, { date: '2026-10-30' });
// @ts-expect-error -- no tracker at all
void trackers.track({ metric, period, dateField: 'createdAt' }, Order);
// @ts-expect-error -- a backfill begins somewhere
void trackers.backfill(Orders, { to: '2026-01-01' });
// @ts-expect-error -- a run may find its tracker running: the result can be null
void trackers.run(Orders).then((result) => result.written);
// @ts-expect-error -- schedules are the decorator's
export const m41 = new CountObjectsByDateTracker<Order>({ metric, period, dateField: 'createdAt', cron: '* * * * *' });

// ── the rows behind a number ──

@Track({ metric, source: Order, dateField: 'createdAt', period })
export class TypedOrders extends CountObjectsByDateTracker<Order> {}

export const typedRows: Promise<SelectQueryBuilder<Order>> = trackers.rows(TypedOrders, { metric, object: customer });
// @ts-expect-error the rows of another entity
export const otherRows: Promise<SelectQueryBuilder<Customer>> = trackers.rows(TypedOrders, { metric });
export const namedRows: Promise<SelectQueryBuilder<Order>> = trackers.rows<Order>('orders', {
  metric,
  date: new Date(0),
  dimensions: { country: 'NL', floor: null },
});
