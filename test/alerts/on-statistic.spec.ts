import { jest } from '@jest/globals';
import { Logger, mixin, Scope } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  above,
  AlertService,
  below,
  changed,
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  defineRatio,
  InvalidAlertError,
  MetricService,
  NotStartedError,
  objectRef,
  OnStatistic,
  Period,
  StatisticService,
  Track,
  TrackerService,
  TRACKSTATS_ENTITIES,
  trackstatsMigrations,
  type LabelFunction,
  type OnStatisticOptions,
  type StatisticAlert,
} from 'nestjs-trackstats';
import { TestClock } from 'nestjs-trackstats/testing';
import { DataSource } from 'typeorm';
import { AlertState } from '../../lib/alerts/alert.entity.js';
import { closeApplications, Customer, metadataOf, Order, QUIET, saveOrders, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Calls, endLeases, evaluate, startAt } from './application.js';

const SHOP = defineDomain({ ref: 'alerted' });
const STOCK = defineMetric({ domain: SHOP, ref: 'stock' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const PER_CUSTOMER = defineMetric({ domain: SHOP, ref: 'per_customer' });
const PER_MINUTE = defineMetric({ domain: SHOP, ref: 'per_minute' });
const RATIO = defineRatio({ domain: SHOP, ref: 'ratio', of: STOCK, per: VISITS });

const calls = new Calls();
const silenced = (['error', 'warn'] as const).map((level) => jest.spyOn(Logger.prototype, level));
const [failed, warned] = silenced as [(typeof silenced)[0], (typeof silenced)[0]];

let clock: TestClock;

beforeEach(() => {
  clock = new TestClock('2026-11-01T12:00:00Z');
  calls.clear();
  for (const spy of silenced) spy.mockReset().mockReturnValue(undefined);
});
afterAll(() => {
  for (const spy of silenced) spy.mockRestore();
});

/** A provider with one alert, whose calls are collected. */
function alertOn(options: OnStatisticOptions): new () => object {
  class Alerts {
    @OnStatistic(options)
    onAlert(alert: StatisticAlert): unknown {
      return calls.take(alert);
    }
  }
  return Alerts;
}

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: Period.DAY })
class OrderTracker extends CountObjectsByDateTracker {}

@Track({
  metric: PER_MINUTE,
  source: Order,
  dateField: 'createdAt',
  period: Period.minutes(1),
  lookback: '10 minutes',
})
class MinuteTracker extends CountObjectsByDateTracker {}

@Track({
  metric: PER_CUSTOMER,
  source: Order,
  dateField: 'createdAt',
  objectField: 'customer',
  period: [Period.DAY, Period.WEEK],
})
class CustomerTracker extends CountObjectsByDateAndObjectTracker {}

/** Records the value of each day from now on, and evaluates the alerts on the day after. */
async function pass(modules: readonly TestingModule[], ...values: readonly number[]): Promise<void> {
  for (const value of values) {
    await modules[0]!.get(StatisticService).record({ metric: STOCK, value });
    clock.advance('1 day');
    await Promise.all(modules.map(evaluate));
  }
}

const when = below(10, { recoveryThreshold: 15 });

describeOnEachDatabase('@OnStatistic', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const application = (...alerts: (new () => object)[]): Promise<TestingModule> =>
    startAt(clock, { database: database.options(), providers: [...alerts, OrderTracker] });

  it('calls once a crossing, until a value is past the recovery threshold', async () => {
    const module = await application(alertOn({ metric: STOCK, when }));
    await pass([module], 12, 9, 8, 14, 9, 15, 12, 3);
    expect(calls.short).toEqual(['firing 2026-11-02 9', 'firing 2026-11-08 3']);
    expect(calls.all[0]).toEqual({
      id: expect.any(String),
      name: 'Alerts.onAlert',
      status: 'firing',
      text: 'alerted/stock is 9 on 2026-11-02 (below 10)',
      at: new Date('2026-11-03T12:00:00Z'),
      attempt: 1,
      metric: 'alerted/stock',
      when: 'below',
      threshold: 10,
      recoveryThreshold: 15,
      period: Period.DAY,
      object: null,
      date: '2026-11-02',
      value: 9,
      complete: true,
      before: null,
      change: null,
    });
  });

  it('calls at the end of the alert too, if it is asked to', async () => {
    const module = await application(alertOn({ metric: STOCK, when, recovered: true }));
    await pass([module], 9, 14, 15, 20);
    expect(calls.short).toEqual(['firing 2026-11-01 9', 'recovered 2026-11-03 15']);
    expect((calls.all[1] as StatisticAlert).text).toBe('alerted/stock is 15 on 2026-11-03 (no longer below 10)');
    expect(calls.all[0]!.id).not.toBe(calls.all[1]!.id);
  });

  it('calls in one of several processes', async () => {
    const alert = alertOn({ metric: STOCK, when, recovered: true });
    const modules = [await application(alert), await application(alert), await application(alert)];
    await pass(modules, 9, 14, 15, 20, 1, 2, 30, 5, 40);
    expect(calls.short).toEqual([
      'firing 2026-11-01 9',
      'recovered 2026-11-03 15',
      'firing 2026-11-05 1',
      'recovered 2026-11-07 30',
      'firing 2026-11-08 5',
      'recovered 2026-11-09 40',
    ]);
  });

  it('calls for each crossing of the days that nobody looked at', async () => {
    const module = await application(alertOn({ metric: STOCK, when, recovered: true }));
    await pass([module], 20);
    for (const value of [1, 30, 2]) {
      await module.get(StatisticService).record({ metric: STOCK, value });
      clock.advance('1 day');
    }
    await Promise.all([evaluate(module), evaluate(module)]);
    expect(calls.short).toEqual(['firing 2026-11-02 1', 'recovered 2026-11-03 30', 'firing 2026-11-04 2']);
  });

  it('watches one object, a derived metric, and hours', async () => {
    const shelf = objectRef('shelf', 7);
    const module = await application(
      alertOn({ metric: STOCK, when: below(10), object: shelf, name: 'object' }),
      alertOn({ metric: RATIO, when: below(0.5), name: 'ratio' }),
      alertOn({ metric: 'alerted/visits', when: above(5), period: Period.HOUR, name: 'hours' }),
    );
    const statistics = module.get(StatisticService);
    await statistics.record({ metric: STOCK, value: 1, object: shelf });
    await statistics.record({ metric: STOCK, value: 100 });
    await statistics.record({ metric: VISITS, value: 500 });
    await statistics.record({ metric: VISITS, value: 6, period: Period.HOUR, at: new Date('2026-11-01T11:30:00Z') });
    clock.advance('1 day');
    await evaluate(module);
    const byName = Object.fromEntries(calls.all.map((alert) => [alert.name, alert]));
    expect(byName).toMatchObject({
      object: {
        object: { type: 'shelf', id: '7' },
        value: 1,
        text: 'alerted/stock of shelf 7 is 1 on 2026-11-01 (below 10)',
      },
      ratio: { metric: 'alerted/ratio', value: 0.2 },
      hours: {
        value: 6,
        start: '2026-11-01T11:00:00+00:00',
        text: 'alerted/visits (hour) is 6 on 2026-11-01 at 11:00 +00:00 (above 5)',
      },
    });
  });

  it('fires for each object of a type, of which it stores those that meet the condition', async () => {
    const declared = alertOn({ metric: STOCK, objectType: 'shelf', when: above(10), recovered: true });
    const modules = [await application(declared), await application(declared)];
    const [module] = modules as [TestingModule, TestingModule];
    const shelves = async (...values: readonly number[]): Promise<void> => {
      const rows = values.map((value, n) => ({ metric: STOCK, value, object: objectRef('shelf', n + 1) }));
      await module.get(StatisticService).recordMany(rows);
      clock.advance('1 day');
      await Promise.all(modules.map(evaluate));
    };
    const taken = (): string[] => (calls.all as StatisticAlert[]).map(({ text }) => text).sort();
    await shelves(20, 3, 30, 8);
    expect(taken()).toEqual([
      'alerted/stock of shelf 1 is 20 on 2026-11-01 (above 10)',
      'alerted/stock of shelf 3 is 30 on 2026-11-01 (above 10)',
    ]);
    expect(calls.all[0]).toMatchObject({ object: { type: 'shelf' }, objectType: 'shelf' });
    expect(await module.get(DataSource).getRepository(AlertState).count()).toBe(2);
    calls.clear();
    await shelves(25, 11, 9, 8);
    expect(taken()).toEqual([
      'alerted/stock of shelf 2 is 11 on 2026-11-02 (above 10)',
      'alerted/stock of shelf 3 is 9 on 2026-11-02 (no longer above 10)',
    ]);
    const infos = await module.get(AlertService).list();
    expect(
      infos.map((info) => info.kind === 'statistic' && [info.object?.id ?? null, info.objectType, info.status]),
    ).toEqual([
      [null, 'shelf', 'ok'],
      ['1', 'shelf', 'firing'],
      ['2', 'shelf', 'firing'],
    ]);
  });

  it('has the name of its object, if the application says what that is', async () => {
    const asked: unknown[] = [];
    const label: LabelFunction = (objects) => {
      asked.push(objects);
      if (asked.length > 2) throw new Error('no names today');
      return { 1: 'Oak\n<b>', 2: 'Elm' };
    };
    const module = await startAt(clock, {
      database: database.options(),
      providers: [
        alertOn({ metric: STOCK, objectType: 'shelf', when: above(10), recovered: true, name: 'each' }),
        alertOn({ metric: STOCK, when: above(10), name: 'total' }),
      ],
      trackstats: { alerts: { label } },
    });
    const record = async (...values: readonly number[]): Promise<string[]> => {
      const shelves = values.map((value, n) => ({ metric: STOCK, value, object: objectRef('shelf', n + 1) }));
      await module.get(StatisticService).recordMany([...shelves, { metric: STOCK, value: 20 }]);
      clock.advance('1 day');
      calls.clear();
      await evaluate(module);
      return (calls.all as StatisticAlert[]).map(({ text, label }) => `${String(label)}: ${text}`).sort();
    };
    expect(await record(20, 3)).toEqual([
      'Oak\n<b>: alerted/stock of shelf Oak <b> is 20 on 2026-11-01 (above 10)',
      'undefined: alerted/stock is 20 on 2026-11-01 (above 10)',
    ]);
    expect(await record(2, 3)).toEqual([
      'Oak\n<b>: alerted/stock of shelf Oak <b> is 2 on 2026-11-02 (no longer above 10)',
    ]);
    expect(await record(20, 3)).toEqual(['null: alerted/stock of shelf 1 is 20 on 2026-11-03 (above 10)']);
    expect(asked).toEqual([[{ type: 'shelf', id: '1' }], [{ type: 'shelf', id: '1' }], [{ type: 'shelf', id: '1' }]]);
    expect(failed.mock.calls.flat().join()).toMatch(/label failed, objects are shown by their ids.*no names today/);
  });

  it('fires for objects that a tracker counts, after its run', async () => {
    const module = await application(
      CustomerTracker,
      alertOn({ metric: PER_CUSTOMER, objectType: Customer, when: above(1), period: Period.WEEK, name: 'week' }),
      alertOn({ metric: PER_CUSTOMER, objectType: Customer, when: below(2), name: 'few', recovered: true }),
    );
    const customers = await module
      .get(DataSource)
      .getRepository(Customer)
      .save([{ name: 'a' }, { name: 'b' }]);
    const [a, b] = customers as [Customer, Customer];
    const day = async (...of: Customer[]): Promise<void> => {
      await saveOrders(module, ...of.map((customer) => ({ createdAt: clock.now(), customer })));
      clock.advance('1 day');
      await module.get(TrackerService).run(CustomerTracker);
      await evaluate(module);
    };
    await day(a, a, b);
    await day(b, b);
    expect(calls.all.map(({ text }) => text).sort()).toEqual([
      `alerted/per_customer (rolling 7 days) of customer ${a.id} is 2 on 2026-11-01 (above 1)`,
      `alerted/per_customer (rolling 7 days) of customer ${b.id} is 3 on 2026-11-02 (above 1)`,
      `alerted/per_customer of customer ${b.id} is 1 on 2026-11-01 (below 2)`,
      `alerted/per_customer of customer ${b.id} is 2 on 2026-11-02 (no longer below 2)`,
    ]);
  });

  it('follows a tracker by minutes, each of which counts once it is over', async () => {
    clock = new TestClock('2026-11-01T12:00:30Z');
    const module = await startAt(clock, {
      database: database.options(),
      providers: [
        MinuteTracker,
        alertOn({ metric: PER_MINUTE, period: Period.minutes(1), when: above(1), recovered: true }),
      ],
    });
    /** Orders at these times of the hour from 12:00 on, and a run and a look a minute later each. */
    const run = async (...times: string[]): Promise<void> => {
      await saveOrders(module, ...times.map((time) => ({ createdAt: new Date(`2026-11-01T12:${time}Z`) })));
      await module.get(TrackerService).run(MinuteTracker);
      await evaluate(module);
    };
    const crossed = (): string[] =>
      (calls.all as StatisticAlert[]).map(({ status, start: at, value }) => `${status} ${at!.slice(11, 16)} ${value}`);
    await run('00:05', '00:10', '00:15');
    expect(crossed()).toEqual([]); // the minute is not over
    clock.advance('1 minute');
    await run('01:05');
    expect(crossed()).toEqual(['firing 12:00 3']);
    clock.advance('1 minute');
    await run();
    // a row that arrives late changes the last minute again
    await run('01:50');
    clock.advance('3 minutes');
    await run('04:00', '04:10');
    expect(crossed()).toEqual([
      'firing 12:00 3',
      'recovered 12:01 1',
      'firing 12:01 2',
      'recovered 12:02 0',
      'firing 12:04 2',
    ]);
  });

  it('calls after a run of a tracker that has computed the value, in a process whose schedules are on', async () => {
    const module = await start({
      database: database.options(),
      providers: [OrderTracker, alertOn({ metric: ORDERS, when: below(2) })],
      trackstats: { clock: clock.now },
    });
    await saveOrders(module, { createdAt: new Date('2026-10-31T10:00:00Z') });
    const called = new Promise((resolve) => (calls.then = resolve));
    await module.get(TrackerService).run(OrderTracker);
    expect(await called).toMatchObject({ metric: 'alerted/orders', date: '2026-10-31', value: 1, status: 'firing' });
    await module.close();
    expect(calls.all).toHaveLength(1);
  });

  describe('a call that did not return', () => {
    const alert = alertOn({ metric: STOCK, when, recovered: true });

    it('is made again by another process once its lease has run out', async () => {
      const [dead, other] = [await application(alert), await application(alert)];
      let wake = (_: unknown): void => undefined;
      calls.then = () => new Promise((resolve) => (wake = resolve));
      await dead.get(StatisticService).record({ metric: STOCK, value: 1 });
      clock.advance('1 day');
      const paused = evaluate(dead);
      while (calls.all.length === 0) await new Promise((resolve) => setImmediate(resolve));
      calls.then = () => undefined;
      await evaluate(other);
      expect(calls.all).toHaveLength(1);
      expect(await other.get(AlertService).list()).toMatchObject([
        { status: 'firing', undelivered: { status: 'firing', attempts: 1, error: null } },
      ]);
      await endLeases(other);
      await evaluate(other);
      expect(calls.all).toMatchObject([{ attempt: 1 }, { attempt: 2, id: calls.all[0]!.id }]);
      await pass([other], 20, 1);
      // what the paused process still does changes nothing of what happened meanwhile
      const before = await other.get(AlertService).list();
      wake(undefined);
      await paused;
      expect(await other.get(AlertService).list()).toEqual(before);
      expect(calls.short.slice(2)).toEqual(['recovered 2026-11-02 20', 'firing 2026-11-03 1']);
    });

    it('is made again where the process died before it could store that it had returned', async () => {
      const [dead, other] = [await application(alert), await application(alert)];
      calls.then = () => dead.get(DataSource).destroy();
      await dead.get(StatisticService).record({ metric: STOCK, value: 1 });
      clock.advance('1 day');
      await expect(evaluate(dead)).rejects.toThrow();
      calls.then = () => undefined;
      await endLeases(other);
      await evaluate(other);
      await evaluate(other);
      expect(calls.all).toMatchObject([{ attempt: 1 }, { attempt: 2, id: calls.all[0]!.id, value: 1 }]);
    });

    it('is made again after a pause where it failed, before any later one', async () => {
      const module = await application(alert);
      calls.then = () => Promise.reject(new Error('no\0network'));
      await pass([module], 1, 20);
      expect(calls.short).toEqual(['firing 2026-11-01 1']);
      expect(failed.mock.calls[0]?.[0]).toBe(
        'Alert Alerts.onAlert: its method failed, and is called again later. alerted/stock is 1 on 2026-11-01 (below 10)',
      );
      expect(await module.get(AlertService).list()).toMatchObject([
        { undelivered: { status: 'firing', attempts: 1, error: 'nonetwork' } },
      ]);
      await endLeases(module);
      await evaluate(module);
      expect(calls.all).toHaveLength(2);
      const states = module.get(DataSource).getRepository(AlertState);
      const pause = Number((await states.findOneByOrFail({})).until) - Date.now();
      expect(pause).toBeGreaterThan(100_000); // the second pause, of two minutes
      expect(pause).toBeLessThan(130_000);
      calls.then = () => undefined;
      await endLeases(module);
      await evaluate(module);
      expect(calls.short.slice(2)).toEqual(['firing 2026-11-01 1', 'recovered 2026-11-02 20']);
      expect(calls.all.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 1]);
      expect(await module.get(AlertService).list()).toMatchObject([{ status: 'ok', undelivered: null }]);
    });
  });

  it('is another alert with another threshold, and leaves the first to processes that still have it', async () => {
    const old = await application(alertOn({ metric: STOCK, when: below(10) }));
    await pass([old], 5);
    const updated = await application(alertOn({ metric: STOCK, when: below(6) }));
    await evaluate(updated);
    await evaluate(old);
    await evaluate(updated);
    expect(calls.all.map((alert) => (alert as StatisticAlert).text)).toEqual([
      'alerted/stock is 5 on 2026-11-01 (below 10)',
      'alerted/stock is 5 on 2026-11-01 (below 6)',
    ]);
  });

  it('is forgotten once no process has had it for 30 days, and not while one of an old version has', async () => {
    const old = await application(alertOn({ metric: STOCK, when: below(10) }));
    await pass([old], 5);
    const updated = await application(alertOn({ metric: STOCK, when: below(6) }));
    const states = updated.get(DataSource).getRepository(AlertState);
    /** Lets the days pass of which the database has not been told. */
    const daysLater = async (days: number): Promise<void> => {
      clock.advance(`${days} days`);
      await states.query('UPDATE trackstats_alert SET seen = seen - ' + String(days * 86_400_000));
    };
    await evaluate(updated);
    expect(await states.count()).toBe(2);
    await daysLater(29);
    await evaluate(updated);
    expect(await states.count()).toBe(2);
    await evaluate(old); // a replica that was not deployed yet, or is rolled back to
    await daysLater(29);
    await evaluate(updated);
    expect(await states.count()).toBe(2);
    // one that has stood still for longer goes on where it was
    await daysLater(40);
    await evaluate(old);
    expect(await states.count()).toBe(1);
    expect(calls.all).toHaveLength(2);
    expect(await old.get(AlertService).list()).toMatchObject([{ status: 'firing' }]);
  });

  it('keeps the state that an earlier version of the library stored, which does not say when it was seen', async () => {
    const module = await application(alertOn({ metric: STOCK, when: below(10) }));
    const states = module.get(DataSource).getRepository(AlertState);
    await states.insert({ name: 'of another replica', fingerprint: 'f', tracker: '' });
    await evaluate(module);
    const found = await states.findOneByOrFail({ name: 'of another replica' });
    expect(Number(found.seen)).toBeGreaterThan(Date.now() - 60_000);
  });

  describe('at start', () => {
    const unmade = { synchronize: false, migrations: trackstatsMigrations, migrationsRun: true };

    it('needs its table, which an application without alerts can do without', async () => {
      const migrated = await database.open({ entities: TRACKSTATS_ENTITIES as never, ...unmade });
      await database.open({ entities: [Order, Customer] });
      await migrated.query('DROP TABLE trackstats_alert');
      const options = { database: database.options({ synchronize: false }) };
      const without = await start(options);
      expect(await without.get(AlertService).list()).toEqual([]);
      expect(await without.get(AlertService).evaluate()).toEqual([]);
      await without.close();
      const refused = start({ ...options, providers: [alertOn({ metric: STOCK, when })] });
      await expect(refused).rejects.toThrow(/lacks trackstats_alert\. .*trackstatsMigrations/s);
      await database.reset();
    });
  });
});

describe('an alert', () => {
  afterEach(closeApplications);

  const application = (...alerts: (new () => object)[]): Promise<TestingModule> =>
    startAt(clock, { providers: [...alerts, OrderTracker] });

  it('begins with the latest value, not with those of the past', async () => {
    const module = await application();
    await pass([module], 1, 30, 1, 30);
    const later = await application(alertOn({ metric: STOCK, when, recovered: true }));
    await evaluate(later);
    expect(calls.short).toEqual([]);
  });

  it('looks again at a value that has changed since', async () => {
    const module = await application(alertOn({ metric: STOCK, when }));
    await pass([module], 20);
    await module.get(StatisticService).record({ metric: STOCK, value: 3, date: '2026-11-01' });
    await evaluate(module);
    expect(calls.short).toEqual(['firing 2026-11-01 3']);
  });

  it('waits for as many values in a row as it says', async () => {
    const module = await application(alertOn({ metric: STOCK, when, for: 3 }));
    await pass([module], 1, 1, 20, 1, 1, 1, 1);
    expect(calls.short).toEqual(['firing 2026-11-06 1']);
  });

  it('looks at open dates only where it is to', async () => {
    const module = await application(
      alertOn({ metric: STOCK, when: above(10), complete: false, name: 'open' }),
      alertOn({ metric: STOCK, when: above(10), name: 'closed' }),
    );
    await module.get(StatisticService).record({ metric: STOCK, value: 11 });
    await evaluate(module);
    expect(calls.all).toMatchObject([{ name: 'open', value: 11, complete: false }]);
    clock.advance('1 day');
    await evaluate(module);
    expect(calls.all.map(({ name }) => name)).toEqual(['open', 'closed']);
  });

  it('compares with earlier values', async () => {
    const module = await application(
      alertOn({ metric: STOCK, when: changed({ by: 0.5 }), name: 'previous' }),
      alertOn({ metric: STOCK, when: changed({ by: 0.5, with: 'weekdays', direction: 'down' }), name: 'weekdays' }),
    );
    await module.get(StatisticService).record({ metric: STOCK, value: 100, date: '2025-11-04' });
    await pass([module], 100, 60, 20);
    expect(calls.all).toMatchObject([
      { name: 'previous', date: '2026-11-03', value: 20, before: 60, change: -2 / 3 },
      { name: 'weekdays', date: '2026-11-03', value: 20, before: 100, change: -0.8 },
    ]);
    expect(calls.all.map((alert) => (alert as StatisticAlert).text)).toEqual([
      'alerted/stock is 20 on 2026-11-03, 66.7 % down from 60 (changed by 50 % or more from the value before)',
      'alerted/stock is 20 on 2026-11-03, 80 % down from 100 (down by 50 % or more from 52 weeks earlier)',
    ]);
  });

  it('ends with a value that is that before, also where both are 0', async () => {
    const module = await application(alertOn({ metric: STOCK, when: changed({ by: 0.5 }), recovered: true }));
    await pass([module], 10, 20, 0, 0, 10, 20);
    expect(calls.short).toEqual(['firing 2026-11-02 20', 'recovered 2026-11-04 0', 'firing 2026-11-06 20']);
  });

  it('ends for an object of which nothing is known for ten values, so that others have its place', async () => {
    const ofShelf = { objectType: 'shelf', recovered: true } as const;
    const module = await application(
      alertOn({ ...ofShelf, metric: STOCK, when: above(10), name: 'above' }),
      alertOn({ ...ofShelf, metric: STOCK, when: changed({ by: 0.5 }), name: 'changed' }),
      alertOn({ ...ofShelf, metric: RATIO, when: above(10), name: 'ratio' }),
    );
    const object = objectRef('shelf', 1);
    const day = async (value: number | null): Promise<void> => {
      const rows = [STOCK, VISITS].map((metric) => ({ metric, value: metric === STOCK ? value! : 1, object }));
      if (value !== null) await module.get(StatisticService).recordMany(rows);
      clock.advance('1 day');
      await evaluate(module);
    };
    const taken = (): string[] =>
      (calls.all as StatisticAlert[]).map(({ name, status, date }) => `${name} ${status} ${date}`).sort();
    await day(20);
    await day(40);
    expect(taken()).toEqual(['above firing 2026-11-01', 'changed firing 2026-11-02', 'ratio firing 2026-11-01']);
    calls.clear();
    for (let n = 0; n < 9; n++) await day(null);
    expect(taken()).toEqual([]);
    await day(null);
    await day(null);
    expect(taken()).toEqual(['above', 'changed', 'ratio'].map((name) => `${name} recovered 2026-11-12`));
    expect(calls.all.find(({ name }) => name === 'ratio')?.text).toBe(
      'alerted/ratio of shelf 1 is unknown on 2026-11-12 (no longer known to be above 10)',
    );
    calls.clear();
    await day(30);
    expect(taken()).toEqual(['above firing 2026-11-14', 'ratio firing 2026-11-14']);
  });

  it('ends where its metric was removed, and begins again with values of a new one', async () => {
    const of = { metric: STOCK, recovered: true } as const;
    const module = await application(
      alertOn({ ...of, when: above(10), name: 'total' }),
      alertOn({ ...of, metric: STOCK.key, when: above(10), name: 'key' }),
      alertOn({ ...of, when: changed({ by: 0.5, with: 'week' }), name: 'week' }),
      alertOn({ ...of, objectType: 'shelf', when: above(10), name: 'shelves' }),
    );
    const record = async (value: number): Promise<void> => {
      const objects = [{}, { object: objectRef('shelf', 1) }];
      await module.get(StatisticService).recordMany(objects.map((one) => ({ metric: STOCK, value, ...one })));
      clock.advance('1 day');
      await evaluate(module);
    };
    const taken = (): string[] =>
      (calls.all as StatisticAlert[]).map(({ name, status, value }) => `${name} ${status} ${String(value)}`).sort();
    await record(5);
    clock.advance('6 days');
    await record(20);
    expect(taken()).toEqual(['key firing 20', 'shelves firing 20', 'total firing 20', 'week firing 20']);
    calls.clear();

    await module.get(MetricService).remove(STOCK, { statistics: true });
    await evaluate(module);
    await evaluate(module);
    expect(taken()).toEqual(['key', 'shelves', 'total', 'week'].map((name) => `${name} recovered null`));
    expect(calls.all.find(({ name }) => name === 'total')?.text).toBe(
      'alerted/stock is unknown on 2026-11-08 (no longer known to be above 10)',
    );
    expect(await module.get(AlertService).list()).toMatchObject(
      ['total', 'key', 'week', 'shelves'].map((name) => ({ name, status: 'ok' })),
    );
    calls.clear();

    await record(30);
    expect(taken()).toEqual(['key firing 30', 'shelves firing 30', 'total firing 30']);
  });

  it.each(['down', undefined] as const)(
    'finds an object that falls from the greatest values, direction %s',
    async (direction) => {
      const module = await application(
        alertOn({ metric: STOCK, objectType: 'shelf', when: changed({ by: 0.5, direction }) }),
      );
      for (const first of [1_000, 1]) {
        const rows = Array.from({ length: 205 }, (_, n) => ({
          metric: STOCK,
          value: n === 0 ? first : 100,
          object: objectRef('shelf', n),
        }));
        await module.get(StatisticService).recordMany(rows);
        clock.advance('1 day');
        await evaluate(module);
      }
      expect(calls.all).toMatchObject([{ object: { id: '0' }, before: 1_000, value: 1 }]);
    },
  );

  it('fires for 200 objects of a type at a time, the greatest first, and says that there are more', async () => {
    const options = { metric: STOCK, objectType: 'shelf', when: above(10), recovered: true } as const;
    const module = await application(alertOn(options));
    const shelves = async (valueOf: (n: number) => number): Promise<void> => {
      calls.clear();
      const rows = Array.from({ length: 205 }, (_, n) => ({
        metric: STOCK,
        value: valueOf(n),
        object: objectRef('shelf', n),
      }));
      await module.get(StatisticService).recordMany(rows);
      clock.advance('1 day');
      await evaluate(module);
    };
    const called = (status: string): number => calls.all.filter((one) => one.status === status).length;
    await shelves((n) => 100 + n);
    expect(called('firing')).toBe(200);
    expect((calls.all as StatisticAlert[]).map(({ object }) => Number(object?.id)).sort((x, y) => x - y)[0]).toBe(5);
    expect(warned.mock.calls.filter(([text]) => String(text).includes('more objects meet its condition'))).toHaveLength(
      1,
    );
    // room for those that were left out
    await shelves((n) => (n < 100 ? 50 : 1));
    expect([called('recovered'), called('firing')]).toEqual([105, 0]);
    await evaluate(module);
    expect(called('firing')).toBe(5);
  });

  it.each([
    [Period.DAY, '2026-10-31'],
    [Period.CALENDAR_WEEK, '2026-10-19'],
    [Period.CALENDAR_MONTH, '2026-10-01'],
    [Period.CALENDAR_QUARTER, '2026-07-01'],
    [Period.CALENDAR_YEAR, '2025-01-01'],
    [Period.LIFETIME, '2026-10-20'],
    [Period.HOUR, '2026-11-01T11:00:00+00:00'],
  ])('looks at the last value of period %i that is over, of each object', async (period, at) => {
    const module = await application(alertOn({ metric: STOCK, objectType: 'shelf', period, when: above(10) }));
    const when = at.length > 10 ? { at: new Date(at) } : { date: at };
    await module
      .get(StatisticService)
      .record({ metric: STOCK, period, ...when, value: 20, object: objectRef('shelf', 7) } as never);
    await evaluate(module);
    expect(calls.all).toMatchObject([{ object: { id: '7' }, value: 20 }]);
  });

  it('shows its state', async () => {
    const module = await application(alertOn({ metric: STOCK, when }));
    const alerts = module.get(AlertService);
    const state = {
      name: 'Alerts.onAlert',
      condition: 'below 10',
      kind: 'statistic',
      metric: 'alerted/stock',
      period: Period.DAY,
      object: null,
      when: 'below',
      threshold: 10,
      recoveryThreshold: 15,
      undelivered: null,
      crossed: null,
    };
    expect(await alerts.list()).toEqual([{ ...state, status: 'ok', since: null, observed: null }]);
    await pass([module], 20);
    const observed = { date: '2026-11-01', value: 20, complete: true, before: null, change: null };
    expect(await alerts.list()).toEqual([{ ...state, status: 'ok', since: null, observed }]);
    await pass([module], 5);
    expect(await alerts.list()).toEqual([
      {
        ...state,
        status: 'firing',
        since: new Date('2026-11-03T12:00:00Z'),
        observed: { ...observed, date: '2026-11-02', value: 5 },
        crossed: { ...observed, date: '2026-11-02', value: 5 },
      },
    ]);
    await pass([module], 4);
    expect(await alerts.list()).toMatchObject([
      {
        since: new Date('2026-11-03T12:00:00Z'),
        observed: { date: '2026-11-03', value: 4 },
        crossed: { date: '2026-11-02', value: 5 },
      },
    ]);
  });

  it.each([
    [{ when: 10 }, 'Alert Alerts.onAlert: when is 10. Expected a condition: below(10), above(1000) or changed('],
    [{ metric: 'alerted/stok' }, 'alerted/stok'],
    [{ metric: 'stock' }, 'stock'],
    [{ metric: 5 }, 'metric is 5. Expected a metric of defineMetric'],
    [{ period: 7 }, '7'],
    [{ for: 0 }, 'for is 0. Expected a whole number of values in a row, from 1 to 100.'],
    [{ complete: 'no' }, 'complete is "no". Expected true or false.'],
    [{ name: '' }, 'name is "". Expected text of 1 to 200 characters.'],
    [{ object: 'shelf' }, 'object is "shelf". Expected a loaded entity'],
    [{ treshold: 5 }, 'treshold is 5. This option does not exist here. There are name, metric'],
    [
      { perod: Period.WEEK },
      'perod is 604800. This option does not exist here. Did you mean period? There are name, metric, period',
    ],
    [
      { period: Period.HOUR, when: changed({ by: 1, with: 'year' }) },
      `when compares with 'year', which values of HOUR have no`,
    ],
    [{ objectType: 'shelf', object: objectRef('shelf', 1) }, 'object and objectType are given. Give one of them.'],
    [
      { objectType: 'shelf', when: changed({ by: 0.5, with: 'year' }) },
      "compares with 'year', which is read for one object",
    ],
    [{ objectType: class Unknown {} }, 'No data source knows it as an entity'],
  ])('refuses %j', async (given, message) => {
    const options = { metric: STOCK, when, ...given } as unknown as OnStatisticOptions;
    const refused = application(alertOn(options));
    await expect(refused).rejects.toThrow(InvalidAlertError);
    await expect(refused).rejects.toThrow('Alert Alerts.onAlert: ');
    await expect(refused).rejects.toThrow(message);
  });

  it('refuses two alerts of one name', async () => {
    const refused = application(alertOn({ metric: STOCK, when }), alertOn({ metric: ORDERS, when }));
    await expect(refused).rejects.toThrow('Alert Alerts.onAlert: there are two of this name');
  });

  it('refuses a mixin without a name: its class has another one in each process', async () => {
    const refused = application(mixin(alertOn({ metric: STOCK, when })));
    await expect(refused).rejects.toThrow(/onAlert: .*random name that mixin\(\) of Nest.*@OnStatistic\({ name: /);
    await application(mixin(alertOn({ name: 'few', metric: STOCK, when })));
  });

  it('warns of names that look minified, unless they are given', async () => {
    const minified = (options: OnStatisticOptions) => Object.defineProperty(alertOn(options), 'name', { value: 'e' });
    const text = jest.spyOn(Function.prototype, 'toString').mockReturnValue('class e{}');
    try {
      await application(minified({ metric: STOCK, when }), minified({ name: 'few orders', metric: ORDERS, when }));
    } finally {
      text.mockRestore();
    }
    expect(warned.mock.calls[0]?.[0]).toMatch(/^The names of these alerts look minified: e\.onAlert\./);
    warned.mockClear();
  });

  it('refuses options that are none, and static methods', () => {
    expect(() => alertOn(below as never)).toThrow('Alert Alerts.onAlert: @OnStatistic has class below.');
    expect(() => {
      class Fixed {
        @OnStatistic({ metric: STOCK, when })
        static onAlert(): void {}
      }
      return Fixed;
    }).toThrow('Alert Fixed.onAlert: @OnStatistic is on a static method.');
  });

  it('refuses a provider of a request', async () => {
    const provide = alertOn({ metric: STOCK, when });
    const refused = startAt(clock, {
      providers: [{ provide, useClass: provide, scope: Scope.REQUEST }],
    });
    await expect(refused).rejects.toThrow('Alert Alerts: the provider is REQUEST scoped');
  });

  it('needs ScheduleModule, unless schedules are off', async () => {
    const options = { providers: [alertOn({ metric: STOCK, when })], schedule: false };
    await expect(start(options)).rejects.toThrow(
      'The alert Alerts.onAlert would be evaluated by a schedule, and the application has none.',
    );
    await startAt(clock, options);
  });

  it('warns of a share that was meant as percent', async () => {
    await application(alertOn({ metric: STOCK, when: changed({ by: 30 }) }));
    expect(warned.mock.calls[0]?.[0]).toBe(
      'Alert Alerts.onAlert: changed({ by: 30 }) is 3,000 %. by is a share of the earlier value: 0.3 for 30 %.',
    );
    warned.mockClear();
    await closeApplications();
    await application(alertOn({ metric: STOCK, when: changed({ by: 2 }) }));
    expect(warned).not.toHaveBeenCalled();
  });

  it('warns of all that is unlikely, not of the first of it', async () => {
    await application(alertOn({ metric: ORDERS, when: changed({ by: 30 }), period: Period.CALENDAR_MONTH }));
    const warnings = warned.mock.calls.map(([warning]) => String(warning));
    expect(warnings).toEqual([expect.stringContaining('does not compute'), expect.stringContaining('is 3,000 %')]);
  });

  it('warns of a period that the tracker of the metric does not compute', async () => {
    await application(alertOn({ metric: ORDERS, when, period: Period.CALENDAR_MONTH }));
    expect(warned.mock.calls[0]?.[0]).toBe(
      'Alert Alerts.onAlert: it watches CALENDAR_MONTH of alerted/orders, which the tracker OrderTracker does not ' +
        'compute, so it looks at recorded values only. Expected a period of that tracker: Period.DAY.',
    );
  });
});

describe('the text of an alert', () => {
  const SHARE = defineMetric({ domain: SHOP, ref: 'share', name: 'Paid share', unit: 'percent' });
  const SALES = defineMetric({ domain: SHOP, ref: 'sales', unit: { currency: 'EUR' } });
  const PAID_VISITS = defineRatio({
    domain: SHOP,
    ref: 'paid',
    name: 'Paid visits',
    unit: 'km',
    of: SALES,
    per: SHARE,
  });

  afterEach(closeApplications);

  it.each([
    [{ metric: SHARE, when: below(0.5) }, [1 / 3], 'Paid share is 33.3% on 2026-11-01 (below 50%)'],
    [{ metric: 'alerted/share', when: below(0.5) }, [1 / 3], 'Paid share is 33.3% on 2026-11-01 (below 50%)'],
    // in short these would be the same
    [{ metric: SHARE, when: below(0.5) }, [0.49996], 'Paid share is 0.49996 on 2026-11-01 (below 0.5)'],
    [
      { metric: SALES, when: above(1e6) },
      [1_234_567.5],
      'alerted/sales is €1,234,567.50 on 2026-11-01 (above €1,000,000)',
    ],
    [
      { metric: SALES, when: changed({ by: 1 }) },
      [1_000, 3_000],
      'alerted/sales is €3,000 on 2026-11-02, 200 % up from €1,000 (changed by 100 % or more from the value before)',
    ],
    [
      { metric: SALES, when: above(1), period: Period.HOUR },
      [2],
      'alerted/sales (hour) is €2 on 2026-11-01 at 11:00 +05:30 (above €1)',
    ],
  ] as [OnStatisticOptions, number[], string][])(
    'has the name of the metric, and values with their unit: %#',
    async (given, values, text) => {
      const providers = [alertOn(given)];
      const module = await startAt(clock, {
        providers,
        trackstats: { timeZone: given.period ? 'Asia/Kolkata' : 'UTC' },
      });
      const metric = given.metric === 'alerted/share' ? SHARE : given.metric;
      for (const value of values) {
        const record = given.period === undefined ? {} : { period: given.period, at: new Date('2026-11-01T05:30:00Z') };
        await module.get(StatisticService).record({ metric, value, ...record } as never);
        clock.advance('1 day');
        await evaluate(module);
      }
      expect(calls.all.map((call) => call.text)).toEqual([text]);
      expect(calls.all).toMatchObject([{ value: values.at(-1) }]);
    },
  );

  it('has the name and the unit of a derived metric', async () => {
    const module = await startAt(clock, { providers: [alertOn({ metric: PAID_VISITS, when: above(1) })] });
    await module.get(StatisticService).record({ metric: SALES, value: 2 });
    await module.get(StatisticService).record({ metric: SHARE, value: 0.75 });
    clock.advance('1 day');
    await evaluate(module);
    expect(calls.all).toMatchObject([{ text: 'Paid visits is 2.7\u00a0km on 2026-11-01 (above 1\u00a0km)' }]);
  });
});

describe('an alert of what no tracker computes', () => {
  const RATE = defineRatio({ domain: SHOP, ref: 'rate', of: ORDERS, per: VISITS });
  const recordedOnly = 'which no tracker computes, so it looks at recorded values only. Expected what one computes';

  afterEach(closeApplications);

  it.each([
    [{ metric: ORDERS, objectType: Customer }, 'each customer of alerted/orders', 'the total (OrderTracker).'],
    [{ metric: RATE, objectType: Customer }, 'each customer of alerted/orders', 'the total (OrderTracker).'],
    [
      { metric: PER_CUSTOMER },
      'the total of alerted/per_customer',
      'each customer (CustomerTracker). With `withTotal: true` a tracker computes the total too.',
    ],
    [{ metric: PER_CUSTOMER, objectType: 'shelf' }, 'each shelf of alerted/per_customer', 'each customer (Cus'],
    [{ metric: PER_CUSTOMER, object: objectRef('shelf', 1) }, 'shelf 1 of alerted/per_customer', 'each customer (Cus'],
  ])('is warned of: %#', async (given, watched, expected) => {
    const alerts = alertOn({ when: below(10), ...given });
    await startAt(clock, { providers: [alerts, OrderTracker, CustomerTracker] });
    expect(warned.mock.calls.map(([text]) => String(text))).toEqual([
      expect.stringContaining(`Alert Alerts.onAlert: it watches ${watched}, ${recordedOnly}: ${expected}`),
    ]);
  });

  it('is not warned of where a tracker computes it, or none has the metric', async () => {
    const when = below(10);
    const alerts = [
      alertOn({ when, metric: PER_CUSTOMER, objectType: Customer, name: 'each' }),
      alertOn({ when, metric: PER_CUSTOMER, object: objectRef('customer', 1), name: 'one' }),
      alertOn({ when, metric: ORDERS, name: 'total' }),
      alertOn({ when, metric: STOCK, objectType: 'shelf', name: 'recorded' }),
    ];
    await startAt(clock, { providers: [...alerts, OrderTracker, CustomerTracker] });
    expect(warned).not.toHaveBeenCalled();
  });
});

describe('an alert that no module provides', () => {
  afterEach(closeApplications);

  it('is warned of, and no other', async () => {
    class Forgotten {
      @OnStatistic({ metric: STOCK, when: below(10) })
      onAlert(): void {}
    }
    abstract class Shared {
      @OnStatistic({ metric: STOCK, when: below(10) })
      onAlert(): void {}
    }
    class Provided extends Shared {}
    const Reloaded = class Provided extends Shared {};
    class Replaced extends Shared {}
    expect([Forgotten, Reloaded]).toHaveLength(2);
    const providers = [Provided, { provide: Replaced, useValue: {} }];
    const off = await startAt(clock, { providers });
    expect(warned).not.toHaveBeenCalled();
    await off.close();
    await startAt(clock, { providers, trackstats: { scheduling: {} } });
    const [warning, ...others] = warned.mock.calls.map(([text]) => String(text));
    expect(warning).toMatch(/@OnStatistic .*no effect on .*Forgotten\.onAlert.*providers of a module/);
    expect(warning).not.toMatch(/Provided|Replaced|Shared/);
    expect(others).toEqual([]);
  });
});

describe('the methods with @OnStatistic', () => {
  const when = below(10);

  class Base {
    @OnStatistic({ metric: STOCK, when })
    kept(): void {}

    @OnStatistic({ metric: STOCK, when })
    overridden(): void {}
  }

  class Alerts extends Base {
    @OnStatistic({ metric: STOCK, when, name: 'first' })
    @OnStatistic({ metric: ORDERS, when, name: 'second' })
    two(): void {}

    override overridden(): void {}
  }

  afterEach(closeApplications);

  it('are found in base classes and in order, and where a method has several', async () => {
    const module = await start({ providers: [Alerts, { provide: 'other', useExisting: Alerts }] });
    const infos = await module.get(AlertService).list();
    expect(infos.map((info) => `${info.name} ${info.kind === 'statistic' ? info.metric : ''}`)).toEqual([
      'first alerted/stock',
      'second alerted/orders',
      'Alerts.kept alerted/stock',
    ]);
  });

  it('are not known before the application has started', async () => {
    const module = await Test.createTestingModule(metadataOf()).setLogger(QUIET).compile();
    const alerts = module.get(AlertService);
    await expect(alerts.list()).rejects.toThrow('AlertService.list: alerts are found when the application starts');
    await expect(alerts.evaluate()).rejects.toThrow(NotStartedError);
    await module.close();
  });
});
