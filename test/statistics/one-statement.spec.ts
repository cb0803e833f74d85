import type { EntitySubscriberInterface } from 'typeorm';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { UnknownMetricError } from '../../lib/errors/catalog.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import { Period } from '../../lib/time/period.js';
import { describeOnDatabase, describeOnEachDatabase } from '../support/databases.js';
import fc from '../support/fast-check.js';
import {
  cover,
  emptied,
  ENTITIES,
  NOW,
  ORDERS,
  OrdersByRegion,
  services,
  setup,
  type Setup,
  store,
  VISITS,
  statementsOf,
} from './setup.js';

const PAGE = objectRef('page', 'a');
const UTC = { from: '2026-11-10', through: '2026-11-20' } as const;

describeOnEachDatabase('a value or a series that was read before', (test) => {
  const one = test.kind === 'sqlite' ? 2 : 1;
  let s: Setup;

  beforeEach(async () => {
    s = await setup(test);
    await s.metrics.register(ORDERS);
  });

  /** A process that has read nothing yet. */
  const fresh = (): Promise<Setup> => services(s.dataSource);

  it('is read in one statement, of any scope', async () => {
    await s.statistics.recordMany([
      { metric: ORDERS, date: '2026-11-18', value: '12345678901234567890.12345678901234567891' },
      { metric: ORDERS, date: '2026-11-19', value: null },
      { metric: ORDERS, period: Period.LIFETIME, date: '2026-11-17', value: '-0.00000000000000000001' },
      { metric: ORDERS, object: PAGE, date: '2026-11-18', value: 3 },
      {
        metric: ORDERS,
        entity: OrdersByRegion,
        dimensions: { country: 'DE', province: null },
        date: '2026-11-18',
        value: 4,
      },
    ]);
    const range = { metric: ORDERS, from: '2026-11-17', to: '2026-11-19', exact: true } as const;
    const region = { entity: OrdersByRegion, dimensions: { country: 'DE', province: null } };
    const reads: [() => Promise<unknown>, unknown][] = [
      [
        () => s.statistics.value({ metric: ORDERS, date: '2026-11-18', exact: true }),
        '12345678901234567890.12345678901234567891',
      ],
      [() => s.statistics.value({ metric: 'shop/orders', date: '2026-11-19' }), null],
      [() => s.statistics.value({ metric: ORDERS, period: Period.LIFETIME, exact: true }), '-0.00000000000000000001'],
      [() => s.statistics.value({ metric: ORDERS, object: PAGE, date: '2026-11-18' }), 3],
      [() => s.statistics.value({ metric: ORDERS, ...region, date: '2026-11-18' }), 4],
      [
        async () => (await s.statistics.series(range)).map(({ value }) => value),
        [null, '12345678901234567890.12345678901234567891', null],
      ],
      [
        async () => (await s.statistics.series({ ...range, object: PAGE })).map(({ value }) => value),
        [null, '3', null],
      ],
    ];
    for (const [read, expected] of reads) {
      expect(await read()).toEqual(expected);
      expect(
        await statementsOf(s, async () => {
          expect(await read()).toEqual(expected);
        }),
      ).toHaveLength(one);
    }
  });

  it('follows what other processes change of the metric and its coverage', async () => {
    await store(s, { date: '2026-11-09', value: '1' });
    await store(s, { date: '2026-11-10', value: '2' });
    await store(s, { date: '2026-11-20', value: '3' });
    await store(s, { date: '2026-11-21', value: '4' });
    const values = async (): Promise<unknown> =>
      (await s.statistics.series({ metric: ORDERS }))
        .map(({ date, value }) => [date, value])
        .filter(([, value]) => value !== null && value !== 0);
    expect(await values()).toEqual([
      ['2026-11-09', 1],
      ['2026-11-10', 2],
      ['2026-11-20', 3],
    ]);
    await cover(s, UTC);
    expect(await values()).toEqual([
      ['2026-11-10', 2],
      ['2026-11-20', 3],
    ]);
    expect(await values()).toEqual([
      ['2026-11-10', 2],
      ['2026-11-20', 3],
    ]);
    // the 21st in Auckland
    await s.dataSource
      .getRepository(Coverage)
      .update({ scope: '' }, { timeZone: 'Pacific/Auckland', from: '2026-11-11' });
    expect(await values()).toEqual([
      ['2026-11-20', 3],
      ['2026-11-21', 4],
    ]);
    expect(await s.statistics.value({ metric: ORDERS })).toBe(4);
  });

  it('is not found under a name that another process has taken away, and is under the one it has given', async () => {
    await store(s, { date: '2026-11-20', value: '3' });
    const metric = await s.metrics.resolve(ORDERS);
    const read = { date: '2026-11-20' };
    expect(await s.statistics.value({ metric: 'shop/orders', ...read })).toBe(3);
    expect(await s.statistics.value({ metric, ...read })).toBe(3);
    await s.dataSource.query(`UPDATE trackstats_metric SET ref = 'sales'`);
    await expect(s.statistics.value({ metric: 'shop/orders', ...read })).rejects.toThrow(UnknownMetricError);
    expect(await s.statistics.value({ metric: 'shop/sales', ...read })).toBe(3);
    expect(await s.statistics.value({ metric, ...read })).toBe(3);
    expect(await s.statistics.value({ metric: ORDERS, ...read })).toBeNull();
    // another metric takes the name
    await s.statistics.record({ metric: ORDERS, date: '2026-11-20', value: 9 });
    expect(await s.statistics.value({ metric: 'shop/orders', ...read })).toBe(9);
    expect(await s.statistics.value({ metric: ORDERS, ...read })).toBe(9);
  });

  it('is what a process reads that has read nothing yet', async () => {
    const date = fc.integer({ min: 1, max: 28 }).map((day) => `2026-11-${String(day).padStart(2, '0')}` as LocalDate);
    const period = fc.constantFrom(
      Period.DAY,
      Period.LIFETIME,
      Period.days(7),
      Period.CALENDAR_WEEK,
      Period.MONTH_TO_DATE,
    );
    const change = fc.oneof(
      fc.record({ kind: fc.constant('store' as const), date, period, value: fc.constantFrom('0.5', '7', null) }),
      fc.record({
        kind: fc.constant('cover' as const),
        period,
        from: date,
        through: date,
        timeZone: fc.constantFrom('UTC', 'Pacific/Auckland'),
      }),
    );
    const range = fc.oneof(
      fc.constant({}),
      fc.record({ from: date }),
      fc.record({ to: date }),
      fc.record({ from: date, to: date }),
      fc.record({ last: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ to: date.map((day) => new Date(`${day}T12:30:00Z`)) }),
    );
    const fill = fc.constantFrom('period', 'zero', 'previous', 'null');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(change, period, range, fill), { minLength: 2, maxLength: 6 }),
        async (steps) => {
          await emptied(test, ENTITIES);
          await s.metrics.register(ORDERS);
          for (const [changed, asked, bounds, filled] of steps) {
            if (changed.kind === 'store')
              await s.statistics.record({ metric: ORDERS, ...changed } as never).catch(() => undefined);
            else {
              const { timeZone, from, through } = changed;
              await s.dataSource.getRepository(Coverage).delete({ period: changed.period });
              if (from <= through) await cover(s, { period: changed.period, timeZone, from, through });
            }
            const filter = { metric: ORDERS, period: asked, ...bounds, fill: filled } as never;
            const other = await fresh();
            expect(await s.statistics.series(filter)).toEqual(await other.statistics.series(filter));
            const at = { metric: ORDERS, period: asked, date: NOW };
            expect(await s.statistics.point(at)).toEqual(await other.statistics.point(at));
          }
        },
      ),
      { numRuns: 8 },
    );
  });
});

describeOnDatabase('postgres', 'statements that the server keeps', (test) => {
  let s: Setup;
  const read = (): Promise<unknown> => s.statistics.value({ metric: ORDERS, date: '2026-11-20' });

  beforeEach(async () => {
    const dataSource = await test.open({ entities: ENTITIES, poolSize: 1 });
    s = await services(dataSource);
    await s.statistics.record({ metric: ORDERS, date: '2026-11-20', value: 3 });
    await read();
  });
  afterEach(() => test.reset());

  const kept = async (): Promise<{ name: string; statement: string }[]> =>
    s.dataSource.query(`SELECT name, statement FROM pg_prepared_statements WHERE name LIKE 'trackstats%'`);

  it('are one for each text', async () => {
    for (let times = 0; times < 3; times++) expect(await read()).toBe(3);
    expect(await kept()).toHaveLength(1);
  });

  it('need not be there still, as behind a pooler that shares sessions', async () => {
    expect(await read()).toBe(3);
    await s.dataSource.query('DEALLOCATE ALL');
    expect(await read()).toBe(3);
    expect(await read()).toBe(3);
    expect(await kept()).toHaveLength(0);
  });

  it('need not have their name for themselves', async () => {
    expect(await read()).toBe(3);
    const [{ name } = { name: '' }] = await kept();
    const other = await services(await test.open({ entities: ENTITIES, poolSize: 1, synchronize: false }));
    await other.dataSource.query(`PREPARE ${name} AS SELECT 1`);
    await other.statistics.value({ metric: ORDERS, date: '2026-11-20' });
    expect(await other.statistics.value({ metric: ORDERS, date: '2026-11-20' })).toBe(3);
  });

  it('survive a change of their tables', async () => {
    expect(await read()).toBe(3);
    await s.dataSource.query('ALTER TABLE trackstats_statistic_by_date ALTER COLUMN value TYPE numeric(40, 10)');
    expect(await read()).toBe(3);
    await s.dataSource.query('ALTER TABLE trackstats_metric ALTER COLUMN ref TYPE text');
    expect(await read()).toBe(3);
  });

  it('are not used where a subscriber of the data source watches its statements', async () => {
    const texts: string[] = [];
    const subscriber: EntitySubscriberInterface = { beforeQuery: ({ query }) => void texts.push(query) };
    s.dataSource.subscribers.push(subscriber);
    expect(await read()).toBe(3);
    expect(texts.filter((text) => text.includes('trackstats_statistic_by_date'))).toHaveLength(1);
    expect(await kept()).toHaveLength(0);
  });

  it('fail as statements of TypeORM do', async () => {
    expect(await read()).toBe(3);
    await s.dataSource.query('ALTER TABLE trackstats_statistic_by_date RENAME TO elsewhere');
    await expect(read()).rejects.toMatchObject({ name: 'QueryFailedError', code: '42P01' });
  });
});

describeOnDatabase('mariadb', 'statements that the server keeps', (test) => {
  let s: Setup;
  const read = (): Promise<unknown> => s.statistics.value({ metric: ORDERS, date: '2026-11-20' });
  beforeEach(async () => {
    s = await services(await test.open({ entities: ENTITIES, poolSize: 1 }));
    await s.statistics.record({ metric: ORDERS, date: '2026-11-20', value: 3 });
    await read();
  });
  afterEach(() => test.reset());

  const counted = async (name: string): Promise<number> => {
    const [{ Value } = { Value: '' }] = await s.dataSource.query<{ Value: string }[]>(
      `SHOW SESSION STATUS LIKE '${name}'`,
    );
    return Number(Value);
  };

  it('are prepared once for each text', async () => {
    const [prepared, executed] = [await counted('Com_stmt_prepare'), await counted('Com_stmt_execute')];
    for (let times = 0; times < 3; times++) expect(await read()).toBe(3);
    for (let value = 4; value < 7; value++) await s.statistics.record({ metric: ORDERS, date: '2026-11-20', value });
    expect(await read()).toBe(6);
    expect((await counted('Com_stmt_prepare')) - prepared).toBe(2);
    expect((await counted('Com_stmt_execute')) - executed).toBe(7);
  });

  it('need not be there still, as behind a proxy that shares sessions', async () => {
    expect(await read()).toBe(3);
    const runner = s.dataSource.createQueryRunner();
    const connection = (await runner.connect()) as { _statements: { values(): Iterable<{ close(): void }> } };
    for (const kept of connection._statements.values()) kept.close();
    await runner.release();
    expect(await read()).toBe(3);
    const executed = await counted('Com_stmt_execute');
    expect(await read()).toBe(3);
    await s.statistics.record({ metric: ORDERS, date: '2026-11-20', value: 5 });
    expect(await read()).toBe(5);
    expect(await counted('Com_stmt_execute')).toBe(executed);
  });

  it('survive a change of their tables', async () => {
    expect(await read()).toBe(3);
    await s.dataSource.query('ALTER TABLE trackstats_statistic_by_date MODIFY value DECIMAL(40, 10)');
    expect(await read()).toBe(3);
    await s.dataSource.query('ALTER TABLE trackstats_metric ADD COLUMN other INT FIRST');
    expect(await read()).toBe(3);
  });

  it('write in strict mode whatever the session has', async () => {
    await s.dataSource.query("SET sql_mode = ''");
    await s.statistics.record({ metric: ORDERS, date: '2026-11-20', value: 4 });
    const executed = await counted('Com_stmt_execute');
    await s.dataSource.query('ALTER TABLE trackstats_statistic_by_date MODIFY value DECIMAL(4, 2)');
    await expect(s.statistics.record({ metric: ORDERS, date: '2026-11-20', value: 1_000 })).rejects.toThrow(/range/);
    expect(await counted('Com_stmt_execute')).toBeGreaterThan(executed);
    expect(await read()).toBe(4);
  });

  it('are not used where a subscriber of the data source watches its statements', async () => {
    const texts: string[] = [];
    s.dataSource.subscribers.push({ beforeQuery: ({ query }) => void texts.push(query) });
    expect(await read()).toBe(3);
    expect(texts.filter((text) => text.includes('trackstats_statistic_by_date'))).toHaveLength(1);
  });

  it('fail as statements of TypeORM do', async () => {
    expect(await read()).toBe(3);
    await s.dataSource.query('ALTER TABLE trackstats_statistic_by_date RENAME TO elsewhere');
    await expect(read()).rejects.toMatchObject({ name: 'QueryFailedError', errno: 1146 });
  });
});

describeOnDatabase('mariadb', 'points as one text', (test) => {
  it('are read as rows where the server cuts the text short', async () => {
    const s = await services(await test.open({ entities: ENTITIES, poolSize: 1 }));
    const dates = Array.from({ length: 28 }, (_, day) => `2026-11-${String(day + 1).padStart(2, '0')}` as LocalDate);
    await s.statistics.recordMany(dates.map((date, value) => ({ metric: VISITS, date, value })));
    const filter = { metric: VISITS, from: '2026-11-01', to: '2026-11-28' } as const;
    await s.statistics.series(filter);
    // in the first value, in a date, after a date, and not at all
    for (const length of [4, 38, 70, 1_000]) {
      await s.dataSource.query(`SET group_concat_max_len = ${String(length)}`);
      const series = await s.statistics.series(filter);
      expect(series.map(({ value }) => value)).toEqual(dates.map((_, value) => value));
    }
  });
});
