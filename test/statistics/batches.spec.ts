import { IncrementKey } from '../../lib/statistics/tables/increment-key.entity.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { defineMetric } from '../../lib/catalog/definitions.js';
import { KeyConflictError, MixedWritesError, TrackerOwnedError } from '../../lib/errors/statistic.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Flights, NOW, ORDERS, setup, SHOP, type Setup, TODAY, VISITS } from './setup.js';

/** Texts that an array, JSON, a quoted literal or a pattern would read as something else. */
const HOSTILE = [
  '',
  ' ',
  'NULL',
  'null',
  '{}',
  '{1,2}',
  '{"a","b"}',
  '"',
  '\\',
  '\\"',
  '\\\\"',
  "'",
  "''; DROP TABLE trackstats_metric --",
  ',',
  ':',
  '%3A',
  '%_',
  '?',
  '$1',
  '[1]',
  '\n\r\t',
  '\u0001\u007f',
  '␀',
  'ü',
  'u\u0308',
  'Ü',
  '\u{1f600}'.repeat(255),
  'a',
  'A',
  'a ',
  '2026-11-20',
  '1e3',
  'true',
];

describeOnEachDatabase('many values at once', (test) => {
  let s: Setup;
  beforeEach(async () => {
    s = await setup(test);
  });

  const valuesOf = async (type = 'thing'): Promise<Record<string, string | null>> => {
    const rows = await s.statistics.find({ metric: ORDERS, objectType: type });
    return Object.fromEntries(rows.map(({ objectId, exactValue }) => [objectId, exactValue]));
  };
  const numbered = Object.fromEntries(HOSTILE.map((id, place) => [id, String(place)]));

  it('are stored under ids that a statement could read as something else', async () => {
    const rows = HOSTILE.map((id, place) => ({ metric: ORDERS, object: objectRef('thing', id), value: place }));
    expect(await s.statistics.recordMany(rows)).toBe(HOSTILE.length);
    expect(await valuesOf()).toEqual(numbered);
    expect(await s.statistics.recordMany(rows.map((row) => ({ ...row, value: row.value + 1 })))).toBe(HOSTILE.length);
    const raised = Object.fromEntries(HOSTILE.map((id, place) => [id, String(place + 1)]));
    expect(await valuesOf()).toEqual(raised);
  });

  it('are counted under ids and keys that a statement could read as something else', async () => {
    const types = HOSTILE.filter((type) => type !== '' && type.length <= 100);
    const count = (key: boolean): Promise<unknown> =>
      Promise.all([
        ...HOSTILE.map((id, by) =>
          s.statistics.increment({
            metric: ORDERS,
            object: objectRef('thing', id),
            by,
            ...(key && id !== '' && { key: id }),
          }),
        ),
        ...types.map((type, by) => s.statistics.increment({ metric: ORDERS, object: objectRef(type, type), by })),
      ]);
    await count(false);
    expect(await valuesOf()).toEqual(numbered);
    for (const [place, type] of types.entries()) expect(await valuesOf(type)).toEqual({ [type]: String(place) });
    await count(true);
    await Promise.all(
      HOSTILE.slice(1).map((key, place) =>
        s.statistics.increment({ metric: ORDERS, object: objectRef('thing', key), by: place + 1, key }),
      ),
    );
    expect(await valuesOf()).toEqual(Object.fromEntries(HOSTILE.map((id, place) => [id, String(2 * place)])));
  });

  it('are exact decimals, and nulls among them', async () => {
    const exact = [
      '0.1',
      '-0.00000000000000000001',
      '9'.repeat(45),
      `-${'9'.repeat(45)}.${'9'.repeat(20)}`,
      null,
      '0',
      '1e3',
    ];
    const rows = exact.map((value, id) => ({ metric: ORDERS, object: objectRef('thing', id), value }));
    await s.statistics.recordMany(rows);
    const stored = exact.map((value) => (value === '1e3' ? '1000' : value));
    expect(await valuesOf()).toEqual(Object.fromEntries(stored.entries()));
    // null where there was a value, and the other way round
    await s.statistics.recordMany(rows.map((row, id) => ({ ...row, value: exact[(id + 3) % exact.length] ?? null })));
    expect(await valuesOf()).toEqual(Object.fromEntries(stored.map((_, id) => [id, stored[(id + 3) % exact.length]])));
    // an amount that is added to null is the whole value
    await s.statistics.increment({ metric: VISITS, by: '0.10' });
    await Promise.all(Array.from({ length: 10 }, () => s.statistics.increment({ metric: VISITS, by: '0.1' })));
    expect(await s.statistics.value({ metric: VISITS, exact: true })).toBe('1.1');
  });

  it('of the same row: the last one is stored, the amounts of all are added', async () => {
    const object = objectRef('thing', 1);
    const written = await s.statistics.recordMany([
      { metric: ORDERS, object, value: 1 },
      { metric: 'shop/orders', object: { type: 'thing', id: '1' }, value: 2 },
      { metric: ORDERS, object, value: 3, date: TODAY },
      { metric: ORDERS, object: objectRef('thing', 2), value: 4 },
      { metric: ORDERS, object, value: 5, date: NOW },
    ]);
    expect(written).toBe(2);
    expect(await valuesOf()).toEqual({ 1: '5', 2: '4' });
    await Promise.all([
      s.statistics.increment({ metric: VISITS, by: 1 }),
      s.statistics.increment({ metric: 'shop/visits', by: 2, date: TODAY }),
      s.statistics.increment({ metric: VISITS, by: '4.0', date: NOW, period: Period.DAY }),
    ]);
    expect(await s.statistics.value({ metric: VISITS })).toBe(7);
  });

  it('have dimensions of every type, nulls among them', async () => {
    const flights = [
      { from: 'AMS', to: 'JFK', order: 1, object: true, booked: '2026-11-01' },
      { from: 'AMS', to: null, order: null, object: null, booked: null },
      { from: '', to: '', order: -5, object: false, booked: '9999-12-31' },
      { from: 'AMS', to: 'JFK', order: 2_147_483_647, object: true, booked: '1582-10-04' },
    ];
    const row = (dimensions: object, value: number) =>
      ({ metric: ORDERS, entity: Flights, dimensions, value }) as never;
    await s.statistics.recordMany(flights.map((flight, place) => row(flight, place)));
    for (const [place, dimensions] of flights.entries())
      expect(await s.statistics.value({ metric: ORDERS, entity: Flights, dimensions })).toBe(place);
    await Promise.all(
      flights.map((dimensions, by) =>
        s.statistics.increment({ metric: VISITS, entity: Flights, dimensions, by } as never),
      ),
    );
    for (const [place, dimensions] of flights.entries())
      expect(await s.statistics.value({ metric: VISITS, entity: Flights, dimensions })).toBe(place);
  });

  it('more than one statement binds', async () => {
    const most = s.database.dialect.mostRows(6);
    const count = Math.max(most, Math.ceil(s.database.dialect.maxParameters / 6)) + 1;
    const rows = Array.from({ length: count }, (_, id) => ({
      metric: ORDERS,
      object: objectRef('thing', id),
      value: id,
    }));
    expect(await s.statistics.recordMany(rows)).toBe(count);
    const sum = (count * (count - 1)) / 2;
    const [found] = await s.dataSource.query<{ n: unknown; sum: unknown }[]>(
      'SELECT COUNT(*) AS n, SUM(value) AS sum FROM trackstats_statistic_by_date_and_object',
    );
    expect([Number(found?.n), Number(found?.sum)]).toEqual([count, sum]);
    // the last of them is wrong: nothing of the others is stored
    const wrong = { metric: 'shop/nothing', value: 1 };
    await expect(s.statistics.recordMany([...rows.map((row) => ({ ...row, value: 7 })), wrong])).rejects.toThrow();
    expect(await s.statistics.value({ metric: ORDERS, object: objectRef('thing', count - 1) })).toBe(count - 1);
  });

  it('leave rows as they are whose value stays the same', async () => {
    if (test.kind !== 'postgres') return; // the others do not tell
    const rows = Array.from({ length: 50 }, (_, id) => ({
      metric: ORDERS,
      object: objectRef('thing', id),
      value: `${id}.50`,
    }));
    const places = (): Promise<{ id: string; ctid: string; xmin: string }[]> =>
      s.dataSource.query(
        'SELECT object_id AS id, ctid::text, xmin::text FROM trackstats_statistic_by_date_and_object ORDER BY object_id::integer',
      );
    await s.statistics.recordMany(rows);
    const before = await places();
    await s.statistics.recordMany(rows.map((row, id) => ({ ...row, value: id === 7 ? null : `${id}.5` })));
    const after = await places();
    expect(after.filter((row, id) => row.xmin !== before[id]?.xmin).map(({ id }) => id)).toEqual(['7']);
  });

  it('are undone with the transaction of the application, and with a call in it that fails', async () => {
    const many = (from: number, value: number) =>
      Array.from({ length: 30 }, (_, id) => ({ metric: ORDERS, object: objectRef('thing', from + id), value }));
    await s.statistics.recordMany(many(0, 1));
    const begun = s.dataSource.transaction(async (manager) => {
      await s.statistics.recordMany(many(0, 2), { manager });
      await Promise.all(
        Array.from({ length: 5 }, (_, id) =>
          s.statistics.increment({ metric: VISITS, key: String(id), object: objectRef('thing', id), manager }),
        ),
      );
      await expect(
        s.statistics.recordMany([...many(30, 3), { metric: 'shop/nothing', value: 1 }], { manager }),
      ).rejects.toThrow();
      throw new Error('rolled back');
    });
    await expect(begun).rejects.toThrow('rolled back');
    expect(new Set(Object.values(await valuesOf()))).toEqual(new Set(['1']));
    expect(Object.keys(await valuesOf())).toHaveLength(30);
    expect(await s.dataSource.getRepository(IncrementKey).count()).toBe(0);
    await s.dataSource.transaction(async (manager) => {
      await expect(
        s.statistics.recordMany([...many(0, 4), { metric: 'shop/nothing', value: 1 }], { manager }),
      ).rejects.toThrow();
      await s.statistics.recordMany(many(0, 5).slice(0, 1), { manager });
    });
    expect((await valuesOf())['0']).toBe('5');
    expect((await valuesOf())['1']).toBe('1');
  });

  it('of which some are refused: those alone', async () => {
    const other = defineMetric({ domain: SHOP, ref: 'others' });
    s.owners.own('shop/others', [Period.DAY], '', 'OtherTracker');
    await s.statistics.record({ metric: ORDERS, value: 1 });
    await s.statistics.increment({ metric: VISITS, key: 'a', by: 2, object: objectRef('thing', 1) });
    const settled = await Promise.allSettled([
      s.statistics.increment({ metric: VISITS, key: 'b', object: objectRef('thing', 1) }),
      s.statistics.increment({ metric: VISITS, key: 'a', by: 2, object: objectRef('thing', 2) }),
      s.statistics.increment({ metric: VISITS, key: 'a', by: 2, object: objectRef('thing', 1) }),
      s.statistics.increment({ metric: VISITS, key: 'b', object: objectRef('thing', 1) }),
      s.statistics.increment({ metric: VISITS, key: 'b', by: 5, object: objectRef('thing', 1) }),
      s.statistics.increment({ metric: ORDERS }),
      s.statistics.increment({ metric: other }),
      s.statistics.increment({ metric: VISITS, object: objectRef('thing', 3), by: '0.5' }),
    ]);
    expect(settled.map((one) => (one.status === 'rejected' ? (one.reason as Error).constructor : null))).toEqual([
      null,
      KeyConflictError,
      null,
      null,
      KeyConflictError,
      MixedWritesError,
      TrackerOwnedError,
      null,
    ]);
    const rows = await s.dataSource.getRepository(StatisticByDateAndObject).find({ order: { objectId: 'ASC' } });
    expect(rows.map(({ objectId, exactValue }) => [objectId, exactValue])).toEqual([
      ['1', '3'],
      ['3', '0.5'],
    ]);
    expect(await s.dataSource.getRepository(IncrementKey).count()).toBe(2);
  });
});
