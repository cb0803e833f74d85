import {
  addDays,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  defineRatio,
  type MetricDefinition,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { LoginModule } from '../../sample-app/src/login/login.module.js';
import { DashboardApplications } from '../dashboard/application.js';
import { Customer, NOW, Order } from '../module/application.js';

/** A shop with a metric of each kind, and a tracker in each state. */

export const TODAY = '2026-10-31';
const DAYS = 800;

const SALES = defineDomain({ ref: 'sales', name: 'Sales' });
const OPERATIONS = defineDomain({ ref: 'operations', name: 'Operations' });
const EDGES = defineDomain({ ref: 'edges', name: 'Edge cases' });

const REVENUE = defineMetric({
  domain: SALES,
  ref: 'revenue',
  name: 'Revenue',
  description: 'What customers paid, without tax',
  unit: { currency: 'EUR' },
  better: 'up',
});
const VISITS = defineMetric({ domain: SALES, ref: 'visits', name: 'Visits', better: 'up' });
const SOLD = defineMetric({ domain: SALES, ref: 'sold', name: 'Items sold', better: 'up' });
const BACKUP = defineMetric({
  domain: OPERATIONS,
  ref: 'backup',
  name: 'Backup',
  unit: 'bytes',
  better: 'down',
});
const WAITING = defineMetric({
  domain: OPERATIONS,
  ref: 'waiting',
  name: 'Time that customers wait until somebody answers their message',
  unit: 'seconds',
  better: 'down',
});
const BALANCE = defineMetric({ domain: EDGES, ref: 'balance', name: 'Balance' });
const ZEROS = defineMetric({ domain: EDGES, ref: 'zeros', name: 'Zeros' });
const SMALL = defineMetric({ domain: EDGES, ref: 'small', name: 'Small' });
const HUGE = defineMetric({ domain: EDGES, ref: 'huge', name: 'Huge' });
const FEW = defineMetric({ domain: EDGES, ref: 'few', name: 'Few days' });
const OLD = defineMetric({ domain: EDGES, ref: 'old', name: 'Nothing since January' });
const EDITS = defineMetric({ domain: SALES, ref: 'edits', name: 'Edits by editor' });

const OF_ORDERS = { source: Order, dateField: 'createdAt', period: Period.DAY } as const;

@Track({ ...OF_ORDERS, name: 'returns', metric: defineMetric({ domain: SALES, ref: 'returns', name: 'Returns' }) })
class FailingTracker extends CountObjectsByDateTracker<Order> {
  override source(): typeof Order {
    throw new Error('connect ECONNREFUSED 127.0.0.1:5432: the returns cannot be read.');
  }
}

@Track({
  ...OF_ORDERS,
  name: 'shipments',
  metric: defineMetric({ domain: OPERATIONS, ref: 'shipments', name: 'Shipments' }),
  every: '1 hour',
})
class LateTracker extends CountObjectsByDateTracker {}

@Track({
  ...OF_ORDERS,
  period: [Period.DAY, Period.LIFETIME],
  name: 'corrected',
  metric: defineMetric({ domain: OPERATIONS, ref: 'corrected', name: 'Corrected orders' }),
})
class DriftingTracker extends CountObjectsByDateTracker {}

/** Starts the shop. Returns the address of its dashboard. */
export async function startShop(applications: DashboardApplications): Promise<string> {
  definePerVisit();
  let now = new Date(NOW.getTime() - 5 * 3_600_000);
  const url = await applications.start({
    trackstats: { clock: () => now },
    trackers: [FailingTracker, LateTracker, DriftingTracker],
    imports: [LoginModule.forRoot({ password: 'correct horse', isPublic: true })],
    dashboard: {
      public: true,
      actionGuards: [{ canActivate: () => true }],
      title: 'Shop',
      signInUrl: '/login',
      limits: { live: 2 },
    },
  });
  const { app } = applications.last;
  const trackers = app.get(TrackerService);
  await trackers.run(FailingTracker).catch(() => undefined);
  await trackers.run(LateTracker);
  await trackers.run(DriftingTracker);
  now = NOW;
  await record(app.get(StatisticService));
  const dataSource = app.get(DataSource);
  const customers = await dataSource
    .getRepository(Customer)
    .save(Array.from({ length: 30 }, (_, place) => ({ name: `customer ${place}` })));
  const orders = customers.map((customer, place) => ({
    createdAt: new Date(NOW.getTime() - place * 86_400_000),
    customer,
  }));
  await dataSource.getRepository(Order).save(orders);
  for (const name of ['OrderTracker', 'CustomerTracker', 'corrected']) await trackers.run(name);
  return `${url}/trackstats`;
}

/** A ratio is known once it is defined. */
function definePerVisit(): void {
  defineRatio({
    domain: SALES,
    ref: 'conversion',
    name: 'Items per visit',
    unit: 'percent',
    better: 'up',
    of: SOLD,
    per: VISITS,
  });
}

async function record(statistics: StatisticService): Promise<void> {
  const days = Array.from({ length: DAYS }, (_, day) => ({ day, date: addDays(TODAY, -day) }));
  const daily = (metric: MetricDefinition, valueOf: (day: number) => number, count = DAYS) =>
    statistics.recordMany(days.slice(0, count).map(({ day, date }) => ({ metric, date, value: valueOf(day) })));
  // a week, a year and a little noise, the same in each run
  const wave = (day: number): number => 1 + Math.sin(day / 58) / 4 + (day % 7 < 2 ? -0.3 : 0) + ((day * 37) % 11) / 40;
  await daily(REVENUE, (day) => Math.round(184_000 * wave(day)) / 100);
  await daily(VISITS, (day) => Math.round(5200 * wave(day)));
  await daily(SOLD, (day) => Math.round(310 * wave(day + 3)));
  await daily(BACKUP, (day) => 48_000_000_000 - day * 31_000_000);
  await daily(WAITING, (day) => Math.round(5400 * wave(day * 2)));
  await daily(BALANCE, (day) => Math.round(900 * Math.sin(day / 9)));
  await daily(ZEROS, () => 0, 30);
  await daily(SMALL, (day) => ((day % 4) + 1) / 500, 30);
  await daily(HUGE, (day) => 123_456_789_012.34 + day, 30);
  await daily(FEW, (day) => 100 + day, 6);
  await statistics.record({ metric: OLD, value: 5, date: '2026-01-01' });
  const editors = Array.from({ length: 12 }, (_, place) => ({ type: 'editor', id: `editor-${place + 1}` }));
  await statistics.recordMany(
    editors.flatMap((object, place) =>
      days
        .slice(0, 60)
        .map(({ day, date }) => ({ metric: EDITS, date, object, value: (day * 7 + place * 5) % (14 - place) })),
    ),
  );
}
