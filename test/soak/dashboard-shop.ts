import { Injectable } from '@nestjs/common';
import {
  above,
  addDays,
  AlertService,
  below,
  changed,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  defineRatio,
  type MetricDefinition,
  objectRef,
  OnStatistic,
  OnTracker,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { LoginModule } from '../../sample-app/src/login/login.module.js';
import { answerAt, DashboardApplications } from '../dashboard/application.js';
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
const CALLS = defineMetric({ domain: OPERATIONS, ref: 'calls', name: 'Calls', better: 'up' });
const AUDITS = defineMetric({ domain: OPERATIONS, ref: 'audits', name: 'Audits' });
const ATTACKS = defineMetric({ domain: OPERATIONS, ref: 'attacks', name: 'Failed logins', better: 'down' });
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

@Injectable()
class Alerts {
  @OnStatistic({ metric: WAITING, when: above(3_600, { recoveryThreshold: 1_800 }), name: 'Customers wait' })
  @OnStatistic({ metric: REVENUE, when: changed({ by: 0.01, with: 'week' }), name: 'Revenue changed' })
  @OnStatistic({ metric: EDITS, object: objectRef('editor', 'editor-3'), when: below(20), name: 'Few edits' })
  onStatistic(): void {}

  @OnTracker({ when: 'failed', name: 'Returns' })
  onTracker(): void {}
}

/** Starts the shop. Returns the address of its dashboard. */
export async function startShop(applications: DashboardApplications): Promise<string> {
  definePerVisit();
  let now = new Date(NOW.getTime() - 5 * 3_600_000);
  const url = await applications.start({
    trackstats: { clock: () => now },
    trackers: [FailingTracker, LateTracker, DriftingTracker, Alerts],
    prepare: answerAt(NOW),
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
  const statistics = app.get(StatisticService);
  await record(statistics);
  await recordHours(statistics);
  await annotate(statistics);
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
  await app.get(AlertService).evaluate();
  return `${url}/trackstats`;
}

/** Hours of the total, days by editor, and one quarter that is not over. */
async function recordHours(statistics: StatisticService): Promise<void> {
  for (let ago = 0; ago < 24 * 8; ago++) {
    const at = new Date(NOW.getTime() - ago * 3_600_000);
    const by = Math.round(40 + 30 * Math.sin((at.getUTCHours() - 6) / 3.8) + ((ago * 7) % 9));
    await statistics.increment({ metric: CALLS, period: Period.HOUR, at, by });
  }
  const editors = [1, 2, 3].map((place) => objectRef('editor', `editor-${place}`));
  await statistics.recordMany(
    editors.flatMap((object, place) =>
      [0, 1, 2].map((day) => ({ metric: CALLS, object, date: addDays(TODAY, -day), value: 90 + place })),
    ),
  );
  await statistics.record({ metric: AUDITS, period: Period.CALENDAR_QUARTER, date: TODAY, value: 3 });
  const days = Array.from({ length: 40 }, (_, day) => day);
  await statistics.recordMany(
    days.map((day) => ({
      metric: ATTACKS,
      date: addDays(TODAY, -day),
      value: day % 9 === 0 ? 0 : Math.round(7 ** (day % 7)),
    })),
  );
}

async function annotate(statistics: StatisticService): Promise<void> {
  const sales = { domain: 'sales' } as const;
  await statistics.annotate({ ...sales, date: '2026-10-05', text: 'Autumn sale begins' });
  await statistics.annotate({
    ...sales,
    date: '2026-10-20',
    text: 'New checkout for everybody, after a month with one user in ten',
  });
  for (const version of ['4.2', '4.2.1', '4.2.2']) {
    await statistics.annotate({ date: '2026-10-20', text: `Release ${version}` });
  }
  await statistics.annotate({ at: '2026-10-31T09:20:00Z', text: 'Payments were down for 20 minutes' });
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
