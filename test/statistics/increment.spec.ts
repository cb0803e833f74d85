import { jest } from '@jest/globals';
import { addDecimals } from '../../lib/database/decimal.js';
import { UnknownMetricError } from '../../lib/errors/catalog.error.js';
import {
  InvalidFilterError,
  InvalidValueError,
  MixedWritesError,
  TrackerOwnedError,
} from '../../lib/errors/statistic.error.js';
import { InvalidPeriodError } from '../../lib/errors/time.error.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import fc from '../support/fast-check.js';
import {
  cover,
  Customer,
  ENTITIES,
  ORDERS,
  OrdersByRegion,
  Page,
  services,
  setup,
  type Setup,
  store,
  TODAY,
  VISITS,
} from './setup.js';

describeOnEachDatabase('increment', (test) => {
  let s: Setup;
  beforeEach(async () => {
    s = await setup(test);
  });

  it('counts from zero, by one or by an exact amount', async () => {
    await s.statistics.increment({ metric: ORDERS });
    await s.statistics.increment({ metric: ORDERS, by: '0.1' });
    await s.statistics.increment({ metric: ORDERS, by: 0.2 });
    expect(await s.statistics.value({ metric: ORDERS, exact: true })).toBe('1.3');
    await s.statistics.increment({ metric: ORDERS, by: 9007199254740993n });
    await s.statistics.increment({ metric: ORDERS, by: '-1.3' });
    expect(await s.statistics.value({ metric: ORDERS, exact: true })).toBe('9007199254740993');
  });

  it('covers from its first date on: absent is zero, before it nothing is known', async () => {
    await s.statistics.increment({ metric: ORDERS, date: '2026-11-18' });
    expect(await s.statistics.coverage({ metric: ORDERS })).toEqual({
      from: '2026-11-18',
      through: TODAY,
      timeZone: 'UTC',
    });
    expect(await s.statistics.value({ metric: ORDERS, date: '2026-11-19' })).toBe(0);
    expect(await s.statistics.value({ metric: ORDERS, date: '2026-11-17' })).toBeNull();
    await s.statistics.increment({ metric: ORDERS, date: '2026-11-10' });
    expect(await s.statistics.value({ metric: ORDERS, date: '2026-11-17' })).toBe(0);
    expect(await s.statistics.value({ metric: ORDERS, date: '2026-11-21' })).toBeNull();
    const [coverage] = await s.dataSource.getRepository(Coverage).find();
    expect(coverage).toMatchObject({
      from: '2026-11-10',
      through: null,
      kind: 'increment',
      fingerprint: 'increment',
      scope: '',
      computedAt: null,
    });
  });

  it('covers all objects of a type at once', async () => {
    await s.statistics.increment({ metric: ORDERS, object: objectRef(Customer, 1), date: '2026-11-18' });
    expect(await s.statistics.value({ metric: ORDERS, object: objectRef(Customer, 2) })).toBe(0);
    expect(await s.statistics.value({ metric: ORDERS, object: objectRef(Page, 'x') })).toBeNull();
    expect(await s.dataSource.getRepository(Coverage).count()).toBe(1);
  });

  it('adds to calendar buckets', async () => {
    await s.statistics.increment({ metric: ORDERS, period: Period.CALENDAR_MONTH, date: '2026-10-05' });
    await s.statistics.increment({ metric: ORDERS, period: Period.CALENDAR_MONTH, date: '2026-10-31' });
    expect(await s.statistics.value({ metric: ORDERS, period: Period.CALENDAR_MONTH, date: '2026-10-15' })).toBe(2);
    expect(await s.statistics.value({ metric: ORDERS, period: Period.CALENDAR_MONTH })).toBe(0);
  });

  it('of nothing is the amount', async () => {
    await cover(s, { from: '2026-11-01', through: null, kind: 'increment' }, (await s.metrics.resolve(ORDERS)).key);
    await store(s, { date: TODAY, value: null });
    await s.statistics.increment({ metric: ORDERS, by: '0.7' });
    expect(await s.statistics.value({ metric: ORDERS, exact: true })).toBe('0.7');
  });

  it('loses nothing of 64 at once', async () => {
    await Promise.all(
      Array.from({ length: 64 }, (_, i) => s.statistics.increment({ metric: ORDERS, by: `0.${i % 10}` })),
    );
    expect(await s.statistics.value({ metric: ORDERS, exact: true })).toBe(
      Array.from({ length: 64 }, (_, i) => `0.${i % 10}`).reduce(addDecimals, '0'),
    );
  });

  it('shares statements between calls made together', async () => {
    await s.statistics.increment({ metric: ORDERS });
    let statements = 0;
    const watched = jest.spyOn(s.dataSource.logger, 'logQuery').mockImplementation(() => {
      statements++;
    });
    await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        s.statistics.increment({ metric: ORDERS, object: objectRef(Customer, i % 2) }),
      ),
    );
    watched.mockRestore();
    expect(statements).toBeLessThan(20);
    expect(await s.statistics.value({ metric: ORDERS, object: objectRef(Customer, 1) })).toBe(32);
  });

  it('loses nothing between several processes', async () => {
    const others = await Promise.all(
      [1, 2, 3].map(async () => services(await test.open({ entities: ENTITIES, synchronize: false }))),
    );
    const calls = others.flatMap(({ statistics }) =>
      Array.from({ length: 40 }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, i % 7));
        await statistics.increment({ metric: ORDERS, by: 0.1, object: objectRef(Customer, (i * 7) % 10) });
        await statistics.increment({ metric: VISITS });
      }),
    );
    await Promise.all(calls);
    expect(await s.statistics.value({ metric: VISITS })).toBe(120);
    const rows = await s.statistics.find({ metric: ORDERS, objectType: Customer });
    expect(rows.map(({ exactValue }) => exactValue!).reduce(addDecimals)).toBe('12');
  });

  it('fails alone', async () => {
    s.owners.own('shop/visits', [Period.DAY], '', 'VisitTracker');
    const results = await Promise.allSettled([
      s.statistics.increment({ metric: ORDERS }),
      s.statistics.increment({ metric: 'shop/oders' }),
      s.statistics.increment({ metric: VISITS }),
      s.statistics.increment({ metric: ORDERS, by: NaN }),
      s.statistics.increment({ metric: ORDERS, by: null as never }),
      s.statistics.increment({ metric: ORDERS, period: Period.LIFETIME as never }),
      s.statistics.increment({ metric: ORDERS, period: Period.WEEK as never }),
      s.statistics.increment({ metric: ORDERS, object: undefined }),
      s.statistics.increment({ metric: ORDERS, by: 2 }),
    ]);
    const errors = results.map((result) => (result.status === 'rejected' ? result.reason.constructor : null));
    expect(errors).toEqual([
      null,
      UnknownMetricError,
      TrackerOwnedError,
      InvalidValueError,
      InvalidValueError,
      InvalidPeriodError,
      InvalidPeriodError,
      InvalidFilterError,
      null,
    ]);
    expect(await s.statistics.value({ metric: ORDERS })).toBe(3);
  });

  it('that outgrows its column fails alone', async () => {
    const most = '9'.repeat(45);
    await s.statistics.increment({ metric: VISITS, by: most });
    const results = await Promise.allSettled([
      s.statistics.increment({ metric: ORDERS }),
      s.statistics.increment({ metric: VISITS, by: most }),
      s.statistics.increment({ metric: ORDERS, object: objectRef(Customer, 1), by: most }),
      s.statistics.increment({ metric: ORDERS, object: objectRef(Customer, 1), by: most }),
      s.statistics.increment({ metric: ORDERS, by: 4 }),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await s.statistics.value({ metric: ORDERS })).toBe(5);
    expect(await s.statistics.value({ metric: VISITS, exact: true })).toBe(most);
  });

  it('is refused where values were recorded or a tracker has computed', async () => {
    await s.statistics.record({ metric: ORDERS, value: 1 });
    await s.statistics.record({ metric: ORDERS, value: 1, object: objectRef(Customer, 1) });
    await expect(s.statistics.increment({ metric: ORDERS })).rejects.toThrow(MixedWritesError);
    await expect(s.statistics.increment({ metric: ORDERS, object: objectRef(Customer, 2) })).rejects.toThrow(
      MixedWritesError,
    );
    await s.statistics.increment({ metric: ORDERS, period: Period.CALENDAR_WEEK });
    await s.statistics.increment({ metric: ORDERS, object: objectRef(Page, 'x') });
    await s.metrics.resolve(VISITS);
    await cover(s, { from: '2026-11-01', through: TODAY }, 'shop/visits');
    await expect(s.statistics.increment({ metric: VISITS })).rejects.toThrow(TrackerOwnedError);
    await s.statistics.remove({ metric: ORDERS });
    await s.statistics.increment({ metric: ORDERS });
  });

  it('counts into custom statistics', async () => {
    const region = (country: string, province: string | null) => ({
      entity: OrdersByRegion,
      dimensions: { country, province },
    });
    await Promise.all([
      s.statistics.increment({ metric: ORDERS, ...region('NL', null) }),
      s.statistics.increment({ metric: ORDERS, ...region('NL', 'Utrecht') }),
      s.statistics.increment({ metric: ORDERS, ...region('NL', null), by: 2 }),
    ]);
    expect(await s.statistics.value({ metric: ORDERS, ...region('NL', null) })).toBe(3);
    expect(await s.statistics.value({ metric: ORDERS, ...region('BE', null) })).toBe(0);
  });

  it('adds any decimals exactly', async () => {
    const amount = fc
      .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(99_999_999))
      .map(([whole, part]) => `${whole}.${String(part).padStart(20, '0')}`);
    await fc.assert(
      fc.asyncProperty(fc.array(amount, { minLength: 1, maxLength: 12 }), fc.nat(), async (amounts, id) => {
        const object = objectRef('sum', `${id} ${amounts.join()}`.slice(0, 200));
        const [first, ...rest] = amounts;
        await s.statistics.increment({ metric: ORDERS, by: first!, object });
        await Promise.all(rest.map((by) => s.statistics.increment({ metric: ORDERS, by, object })));
        const sum = amounts.map((text) => text.replace(/\.?0+$/, '')).reduce(addDecimals, '0');
        expect(await s.statistics.value({ metric: ORDERS, object, exact: true })).toBe(sum);
        await s.statistics.remove({ metric: ORDERS, object });
      }),
      { numRuns: 25 },
    );
  });
});

describeOnEachDatabase("beside an application's own transactions", (test) => {
  it('nothing of ours is lost, nothing of theirs stays', async () => {
    const s = await setup(test);
    let others = 0;
    const application = async (round: number): Promise<void> => {
      const isKept = round % 3 === 0;
      const work = s.dataSource.transaction(async (manager) => {
        await manager.insert(Page, { slug: `page ${round}` });
        await new Promise((resolve) => setTimeout(resolve, round % 4));
        await manager.insert(Page, { slug: `page ${round} again` });
        if (!isKept) throw new Error('rolled back');
      });
      const outcome = await work.then(() => 'kept', String);
      expect(outcome).toBe(isKept ? 'kept' : 'Error: rolled back');
      if (isKept) others++;
    };
    // an application does not open transactions at once on the one connection of SQLite
    const applicationInTurn = async (): Promise<void> => {
      for (let round = 0; round < 30; round++) await application(round);
    };
    const ours = Array.from({ length: 60 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 2));
      await s.statistics.increment({ metric: ORDERS });
      await s.statistics.record({ metric: VISITS, value: i, object: objectRef(Customer, i) });
    });
    await Promise.all([applicationInTurn(), ...ours]);
    expect(await s.statistics.value({ metric: ORDERS })).toBe(60);
    expect(await s.dataSource.getRepository(StatisticByDateAndObject).count()).toBe(60);
    expect(await s.dataSource.getRepository(StatisticByDate).count()).toBe(1);
    expect(others).toBe(10);
    expect(await s.dataSource.getRepository(Page).count()).toBe(20);
  });
});
