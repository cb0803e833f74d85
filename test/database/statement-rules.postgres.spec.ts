import type { TestingModule } from '@nestjs/testing';
import { DataSource, Entity } from 'typeorm';
import {
  AbstractStatistic,
  avg,
  count,
  countDistinct,
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  Dimension,
  MetricService,
  objectRef,
  ObjectsByDateTracker,
  ObjectsByDimensionsTracker,
  Period,
  StatisticByDate,
  StatisticService,
  sum,
  Track,
  TrackerService,
  TrackstatsModule,
} from 'nestjs-trackstats';
import { Database } from '../../lib/database/database.js';
import { readFirstDates, statisticTableOf } from '../../lib/statistics/index.js';
import { at, closeApplications, Customer, Order, saveOrders, start } from '../module/application.js';
import { describeOnDatabase } from '../support/databases.js';
import { brokenIfDistributed, brokenRules } from '../support/statement-rules.js';
import { recordStatements } from '../support/statement-recorder.js';

const domain = defineDomain({ ref: 'rules' });
const orders = defineMetric({ domain, ref: 'orders' });
const revenue = defineMetric({ domain, ref: 'revenue' });
const latest = defineMetric({ domain, ref: 'latest' });
const buyers = defineMetric({ domain, ref: 'buyers' });
const byBuyer = defineMetric({ domain, ref: 'byBuyer' });
const byBuyerEver = defineMetric({ domain, ref: 'byBuyerEver' });
const byStatus = defineMetric({ domain, ref: 'byStatus' });
const hours = defineMetric({ domain, ref: 'hours' });
const stock = defineMetric({ domain, ref: 'stock' });
const visits = defineMetric({ domain, ref: 'visits' });
const PERIODS = [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.MONTH_TO_DATE, Period.LIFETIME];
const ORDERS = { source: Order, dateField: 'createdAt' } as const;

@Entity()
class RulesByStatus extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) status!: string;
}

@Track({
  ...ORDERS,
  history: 'current',
  keep: { DAY: 60 },
  metrics: [
    { metric: orders, aggregate: count(), period: PERIODS },
    { metric: revenue, aggregate: sum('total'), period: PERIODS, where: { status: 'paid' } },
    { metric: latest, aggregate: avg('total'), period: PERIODS, where: { customer: { name: 'Ann' } } },
    { metric: buyers, aggregate: countDistinct('customer'), period: [Period.DAY, Period.WEEK, Period.LIFETIME] },
  ],
})
class Orders extends ObjectsByDateTracker {}

@Track({ ...ORDERS, metric: byBuyer, objectField: 'customer', period: PERIODS, withTotal: true, density: 'changes' })
class ByBuyer extends CountObjectsByDateAndObjectTracker {}

@Track({
  ...ORDERS,
  metric: byStatus,
  statistic: RulesByStatus,
  dimensions: { status: 'status' },
  period: PERIODS,
})
class ByStatus extends ObjectsByDimensionsTracker {}

@Track({ ...ORDERS, metric: hours, period: [Period.DAY, Period.HOUR], lookback: 2 })
class Hours extends CountObjectsByDateTracker {}

@Track({
  ...ORDERS,
  metric: byBuyerEver,
  objectField: 'customer',
  period: [Period.DAY, Period.LIFETIME],
  density: 'changes',
  appendOnly: true,
})
class ByBuyerEver extends CountObjectsByDateAndObjectTracker {}

const TRACKERS = [Orders, ByBuyer, ByBuyerEver, ByStatus, Hours];

describe('the rules of statements', () => {
  test.each([
    ['SELECT CURRENT_DATE', /depends on the session/],
    ['SELECT clock_timestamp()', /depends on the session/],
    ['SELECT pg_advisory_xact_lock(1)', /pooler/],
    ["SET TIME ZONE 'UTC'", /outlives/],
    ["SELECT set_config('lock_timeout', '1', false)", /outlives/],
    ['INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = now()', /calls now/],
    ['INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = CURRENT_TIMESTAMP', /CURRENT_TIMESTAMP/],
    ['INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = (SELECT 1)', /reads a query/],
    ['SELECT a, b FROM t GROUP BY GROUPING SETS ((a), (b))', /GROUPING SETS/],
    ['MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE', /MERGE/],
    ['CREATE TABLE trackstats_x (a int)', /not temporary/],
    ['CREATE UNLOGGED TABLE trackstats_x AS SELECT 1', /not temporary/],
    ['WITH RECURSIVE w AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM w) SELECT * FROM w', /recursive/],
    ['SELECT (SELECT COUNT(*) FROM orders o WHERE o.at >= r.lo) FROM days r', /orders is aggregated by a correlated/],
    ['SELECT * FROM days r, LATERAL (SELECT SUM(o.v) AS v FROM orders o WHERE o.at >= r.lo) s', /correlated/],
  ])('find %s', (statement, rule) => {
    expect(brokenRules(statement)).toEqual([expect.stringMatching(rule)]);
  });

  test.each([
    'INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = COALESCE(t.b, 0) + excluded.b',
    "SELECT set_config('lock_timeout', '1', true)",
    'START TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL jit = off',
    'CREATE TEMPORARY TABLE trackstats_x AS SELECT 1',
    'WITH c AS (SELECT COUNT(*) AS n FROM orders) SELECT (SELECT MAX(n) FROM c WHERE c.n > d.a) FROM days d',
    'SELECT (SELECT COUNT(*) FROM orders o) FROM days d',
    'SELECT (SELECT STRING_AGG(s.v, $1) FROM by_status s WHERE s.metric_id = m.id) FROM trackstats_metric m',
  ])('allow %s', (statement) => {
    expect(brokenRules(statement)).toEqual([]);
  });
});

describe('the rules of statements on distributed tables', () => {
  test.each([
    ['SELECT (SELECT MAX(s.v) FROM trackstats_statistic_by_date s WHERE s.d < a.d) FROM a', /correlated/],
    ['SELECT * FROM a WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = a.id)', /correlated query over orders/],
    ['SELECT * FROM a CROSS JOIN LATERAL (SELECT s.v FROM orders s LIMIT 1) s', /LATERAL over orders/],
    ['WITH RECURSIVE trackstats_keys AS (SELECT 1 AS a) SELECT * FROM trackstats_keys', /recursive/],
    ['DELETE FROM t USING f WHERE t.ctid = f.place', /place/],
    ['WITH a AS (DELETE FROM t RETURNING 1), b AS (DELETE FROM u RETURNING 1) SELECT 1', /writes t, u/],
  ])('find %s', (statement, rule) => {
    expect(brokenIfDistributed(statement)).toEqual([expect.stringMatching(rule)]);
  });

  test.each([
    'SELECT (SELECT c.a FROM trackstats_coverage c WHERE c.id = m.id) FROM trackstats_metric m',
    'SELECT * FROM (SELECT 1 AS a) s CROSS JOIN LATERAL GENERATE_SERIES(s.a, 3) AS d(day)',
  ])('allow %s', (statement) => {
    expect(brokenIfDistributed(statement)).toEqual([]);
  });
});

describeOnDatabase('postgres', 'every statement of the library', (database) => {
  interface Played {
    readonly statements: ReadonlySet<string>;
    readonly answers: readonly unknown[];
  }

  let plain: Played;
  let plainlyBroken: readonly string[];
  let distributed: Played;

  /** Uses the whole library once, on empty tables. */
  async function play(options: { distributed?: boolean }): Promise<Played> {
    const statements = new Set<string>();
    const stop = recordStatements((text) => statements.add(text));
    try {
      const module = await start({
        database: database.options(),
        imports: [TrackstatsModule.forFeature([RulesByStatus])],
        providers: TRACKERS,
        trackstats: { timeZone: 'Europe/Amsterdam', ...options },
      });
      await track(module);
      await write(module);
      const answers = await read(module);
      await remove(module);
      return { statements, answers: [...answers, ...(await allStatistics(module))] };
    } finally {
      stop();
      await closeApplications();
      await database.reset();
    }
  }

  function broken({ statements }: Played, rules: typeof brokenRules): string[] {
    return [...statements].flatMap((text) => rules(text).map((rule) => `${rule}: ${text}`));
  }

  beforeAll(async () => {
    plain = await play({});
    plainlyBroken = broken(plain, brokenIfDistributed);
    distributed = await play({ distributed: true });
  });

  test('obeys the rules of docs/scaling.md', () => {
    expect(broken(plain, brokenRules)).toEqual([]);
    expect(plain.statements.size).toBeGreaterThan(100);
  });

  test('obeys those of distributed statistics with distributed: true', () => {
    expect(broken(distributed, brokenIfDistributed)).toEqual([]);
    expect(distributed.statements.size).toBeGreaterThan(100);
  });

  test.each([
    /^a recursive query: .*trackstats_series/s,
    /^a recursive query: .*trackstats_keys/s,
    /^LATERAL over trackstats_statistic/,
    /^a correlated query over trackstats_statistic/,
    /^a place: /,
    /^writes trackstats_statistic_by_.*, trackstats_coverage/,
  ])('breaks them without it, as the rules are checked: %s', (rule) => {
    expect(plainlyBroken).toContainEqual(expect.stringMatching(rule));
  });

  test('has the same answers with distributed: true', () => {
    expect(distributed.answers).toEqual(plain.answers);
    expect(plain.answers.length).toBeGreaterThan(50);
  });
});

/** The rows of all statistics. */
function allStatistics(module: TestingModule): Promise<unknown[]> {
  const tables = [
    'statistic_by_date',
    'statistic_by_date_and_object',
    'statistic_by_time',
    'statistic_by_time_and_object',
  ];
  return Promise.all(
    [...tables.map((name) => `trackstats_${name}`), 'rules_by_status'].map((name) =>
      module.get(DataSource).query(`SELECT * FROM ${name} s ORDER BY s::text COLLATE "C"`),
    ),
  );
}

async function track(module: TestingModule): Promise<void> {
  const customers = await module
    .get(DataSource)
    .getRepository(Customer)
    .save([{ name: 'Ann' }, { name: 'Bo' }]);
  const days = ['09-02', '10-05', '10-29', '10-30', '10-31'];
  await saveOrders(
    module,
    ...days.map((day, place) => ({ createdAt: at(`2026-${day}T09:30:00`), customer: customers[place % 2] ?? null })),
  );
  const trackers = module.get(TrackerService);
  for (const tracker of TRACKERS) await trackers.run(tracker);
  await saveOrders(module, { createdAt: at('2026-10-30T08:00:00'), total: 5 });
  for (const tracker of TRACKERS) {
    await trackers.run(tracker);
    await trackers.run(tracker);
    await trackers.backfill(tracker, { from: '2026-10-01' });
    await trackers.verify(tracker);
    await trackers.repair(tracker);
    await trackers.history(tracker);
  }
  await (await trackers.rows(Orders, { metric: orders, date: '2026-10-30' })).getMany();
  await trackers.list();
}

async function write(module: TestingModule): Promise<void> {
  const statistics = module.get(StatisticService);
  const object = objectRef(Customer, 1);
  await statistics.record({ metric: stock, value: 3, date: '2026-10-30' });
  await statistics.recordMany([
    { metric: stock, value: 4, date: '2026-10-31' },
    { metric: stock, value: 5, date: '2026-10-31', object },
  ]);
  for (const key of [undefined, 'a', 'a']) {
    await statistics.increment({ metric: visits, period: Period.DAY, key });
    await statistics.increment({ metric: visits, object, period: Period.DAY, key: key && 'b' });
    await statistics.increment({ metric: visits, period: Period.HOUR, key });
  }
}

/** Returns what all reads return. */
async function read(module: TestingModule): Promise<unknown[]> {
  const statistics = module.get(StatisticService);
  const answers: unknown[] = [];
  const [from, to, date] = ['2026-10-01', '2026-10-31', '2026-10-31'];
  for (const live of [false, true]) {
    for (const period of PERIODS) {
      answers.push(await statistics.value({ metric: orders, period, date, live }));
      answers.push(await statistics.series({ metric: latest, period, from, to, live }));
      answers.push(await statistics.top({ metric: byBuyer, objectType: 'customer', period, date, live }));
      answers.push(await statistics.multiSeries({ entity: RulesByStatus, metric: byStatus, period, from, to, live }));
    }
    answers.push(await statistics.multiSeries({ metrics: [orders, revenue], period: Period.DAY, from, to, live }));
    answers.push(await statistics.total({ metric: revenue, period: Period.DAY, from, to, live }));
    answers.push(await statistics.compare({ metric: orders, period: Period.DAY, from, to, with: 'previous', live }));
    answers.push(await statistics.series({ metric: hours, period: Period.HOUR, from: date, to: date, live }));
  }
  answers.push(await statistics.find({ metric: byBuyer, objectType: 'customer', period: Period.DAY, from, to }));
  answers.push(await statistics.prunable({ metric: orders, before: '2026-10-01' }));
  answers.push(await statistics.mostRecent({ metric: stock, period: Period.DAY }));
  answers.push(await statistics.coverage({ metric: orders, period: Period.DAY }));
  const database = module.get(Database);
  const metric = await module.get(MetricService).resolve(orders);
  const table = statisticTableOf(database, StatisticByDate);
  const firsts = await database.read(() => readFirstDates(database, table, Period.DAY, [metric], 'Europe/Amsterdam'));
  answers.push([...firsts.values()]);
  return answers;
}

async function remove(module: TestingModule): Promise<void> {
  await module.get(StatisticService).prune({ metric: orders, period: Period.DAY, before: '2026-10-01' });
  await module.get(StatisticService).remove({ metric: stock, period: Period.DAY });
  await module.get(MetricService).rename(visits, 'guests');
  await module.get(MetricService).remove('rules/guests', { statistics: true });
}
