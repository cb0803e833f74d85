import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase, type DatabaseKind } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { engineOn, insert, newMetric, ran, rowsOf } from './stored.js';

const DOUBLE: Record<DatabaseKind, 'double' | 'double precision'> = {
  sqlite: 'double',
  postgres: 'double precision',
  mariadb: 'double',
};

function entityOn(kind: DatabaseKind): new () => object {
  @Entity()
  class Payment {
    @PrimaryColumn({ type: 'integer' })
    id!: number;

    @Column({ type: Date, precision: 3 })
    at!: Date;

    @Column({ type: 'integer', nullable: true })
    int!: number | null;

    @Column({ type: 'bigint', nullable: true })
    big!: string | null;

    @Column({ type: 'decimal', precision: 30, scale: 10, nullable: true })
    wide!: string | null;

    @Column({ type: 'decimal', precision: 12, scale: 2, nullable: true })
    money!: string | null;

    @Column({ type: DOUBLE[kind], nullable: true })
    double!: number | null;

    /** PostgreSQL's money */
    @Column(
      kind === 'postgres'
        ? { type: 'money', nullable: true }
        : { type: 'decimal', precision: 9, scale: 2, nullable: true },
    )
    cash!: string | null;

    @Column({ type: 'smallint', nullable: true })
    account!: number | null;
  }
  return Payment;
}

type Field = 'int' | 'big' | 'wide' | 'money' | 'double' | 'cash';

const ALL: readonly AggregateFunction[] = ['count', 'countDistinct', 'sum', 'avg', 'min', 'max'];

describeOnEachDatabase('values', (database) => {
  const Payment = entityOn(database.kind);
  let engine: Engine;
  let made = 0;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Payment] });
  });

  beforeEach(() => engine.dataSource.getRepository(Payment).clear());

  /** Values of a field, each on a day of May 2024. */
  async function pay(
    field: Field,
    values: readonly [day: number, value: string | number | null, account?: number][],
  ): Promise<void> {
    await insert(
      engine.dataSource,
      Payment,
      values.map(([day, value, account]) => ({
        id: ++made,
        at: may(day),
        [field]: value,
        account: account ?? null,
      })),
    );
  }

  function may(day: number, hour = 12): Date {
    return new Date(Date.UTC(2024, 4, day, hour));
  }

  const WHOLE = [Period.CALENDAR_YEAR, Period.LIFETIME, Period.days(365)];

  /** The last value of each of some periods. */
  async function last(
    name: AggregateFunction,
    field: Field,
    periods: readonly Period[],
  ): Promise<(string | null | undefined)[]> {
    const aggregate = { function: name, field: name === 'count' ? null : field };
    const { rows } = await ran(engine, Payment, may(31), { dateField: 'at', aggregate, periods });
    const found = [];
    for (const period of periods) found.push(Object.values(await rows(period)).at(-1));
    return found;
  }

  async function one(
    name: AggregateFunction,
    field: Field,
    period: Period = Period.CALENDAR_YEAR,
  ): Promise<string | null> {
    const [value] = await last(name, field, [period]);
    return value ?? null;
  }

  /** Every aggregate over all of the values, by each of the periods that hold them. */
  async function each(field: Field): Promise<Record<string, string | null>[]> {
    const found = WHOLE.map((): Record<string, string | null> => ({}));
    for (const name of ALL) {
      const values = await last(name, field, WHOLE);
      found.forEach((of, index) => (of[name] = values[index] ?? null));
    }
    return found;
  }

  test('of integers', async () => {
    await pay('int', [
      [1, 2147483647],
      [2, 2147483647],
      [3, -2147483648],
      [4, 0],
      [4, null],
    ]);
    const expected = {
      count: '5',
      countDistinct: '3',
      sum: '2147483646',
      avg: '536870911.5',
      min: '-2147483648',
      max: '2147483647',
    };
    expect(await each('int')).toEqual(WHOLE.map(() => expected));
  });

  test('of integers past 2^53, to the last digit', async () => {
    await pay('big', [
      [1, '9007199254740993'],
      [2, '9007199254740995'],
      [3, '-3'],
      [4, '1234567890123456789'],
      [5, '-1234567890123456790'],
      [6, '-1234567890123456790'],
    ]);
    const sum = 9007199254740993n + 9007199254740995n - 3n + 1234567890123456789n - 2n * 1234567890123456790n;
    const expected = {
      count: '6',
      countDistinct: '5',
      sum: String(sum),
      min: '-1234567890123456790',
      max: '1234567890123456789',
    };
    for (const { avg, ...exact } of await each('big')) {
      expect(exact).toEqual(expected);
      expect(Number(avg)).toBeCloseTo(Number(expected.sum) / 6, -4);
    }
  });

  test('of integers past 2^53, in a window that moves, and added up from what is stored', async () => {
    await pay('big', [
      [1, '9007199254740993'],
      [3, '1'],
      [4, '-9007199254740993'],
    ]);
    for (const density of ['daily', 'changes'] as const) {
      const definition = definitionOf({
        metric: newMetric(),
        dateField: 'at',
        aggregate: { function: 'sum', field: 'big' },
        periods: [Period.days(3), Period.LIFETIME],
        density,
        appendOnly: true,
        lookback: 0,
      });
      for (const day of [1, 2, 3, 4, 5]) await engine.run(definition, Payment, { now: may(day, 20) });
      const [windows, lifetimes] = [
        ['9007199254740993', '9007199254740993', '9007199254740994', '-9007199254740992', '-9007199254740992'],
        ['9007199254740993', '9007199254740993', '9007199254740994', '1', '1'],
      ].map((values) => expectedRows(values, density));
      expect(await rowsOf(engine, definition, Period.days(3))).toEqual(windows);
      expect(await rowsOf(engine, definition, Period.LIFETIME)).toEqual(lifetimes);
      expect(await engine.run(definition, Payment, { now: may(5, 20) })).toMatchObject({ written: 0, removed: 0 });
      expect(await engine.verify(definition, Payment)).toEqual([]);
    }
  });

  function expectedRows(values: readonly string[], density: 'daily' | 'changes'): Record<string, string> {
    const rows = values.map((value, index): [string, string] => [`2024-05-0${String(index + 1)}`, value]);
    return Object.fromEntries(
      rows.filter(([, value], index) => density === 'daily' || index === 0 || value !== values[index - 1]),
    );
  }

  test('of decimals with many digits', async () => {
    await pay('wide', [
      [1, '12345678901234567890.0123456789'],
      [2, '0.0000000001'],
      [3, '-99999999999999999999.9999999999'],
      [3, '-99999999999999999999.9999999999'],
      [4, null],
    ]);
    const expected: Record<string, string> = {
      count: '5',
      countDistinct: '3',
      sum: '-187654321098765432109.9876543208',
      avg: '-46913580274691358027.4969135802',
      min: '-99999999999999999999.9999999999',
      max: '12345678901234567890.0123456789',
    };
    for (const found of await each('wide')) {
      if (database.kind === 'sqlite') {
        // its decimals are doubles
        for (const name of ALL) {
          expect([name, Number(found[name]) / Number(expected[name])]).toEqual([name, expect.closeTo(1, 14)]);
        }
      } else expect(found).toEqual(expected);
    }
  });

  test('of money, added up without a rest', async () => {
    await pay('money', [
      ...Array.from({ length: 30 }, (_, index): [number, string] => [(index % 30) + 1, '0.10']),
      [1, '9999999999.99'],
      [2, '-9999999999.99'],
      [3, '0.01'],
    ]);
    expect(await one('sum', 'money')).toBe('3.01');
    expect(await one('sum', 'money', Period.LIFETIME)).toBe('3.01');
    expect(await one('sum', 'money', Period.DAYS_28)).toBe('2.7'); // from the 4th on
    expect(await one('min', 'money')).toBe('-9999999999.99');
    expect(await one('max', 'money')).toBe('9999999999.99');
    expect(Number(await one('avg', 'money'))).toBeCloseTo(3.01 / 33, 15);
  });

  test('of money, added up from what is stored', async () => {
    const definition = definitionOf({
      metric: newMetric(),
      dateField: 'at',
      aggregate: { function: 'sum', field: 'money' },
      periods: [Period.LIFETIME],
      appendOnly: true,
    });
    for (const day of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      await pay('money', [
        [day, '0.10'],
        [day, '1.05'],
      ]);
      await engine.run(definition, Payment, { now: may(day, 20) });
    }
    expect(Object.values(await rowsOf(engine, definition))).toEqual([
      '1.15',
      '2.3',
      '3.45',
      '4.6',
      '5.75',
      '6.9',
      '8.05',
      '9.2',
      '10.35',
    ]);
  });

  test('of a column of type money', async () => {
    await pay('cash', [
      [1, '1.25'],
      [2, '-3.5'],
      [3, null],
    ]);
    const expected = { count: '3', countDistinct: '2', sum: '-2.25', avg: '-1.125', min: '-3.5', max: '1.25' };
    expect(await each('cash')).toEqual(WHOLE.map(() => expected));
  });

  test('of doubles, as the nearest decimals', async () => {
    const values = [0.1, 0.2, 1 / 3, -1e-7, 123456.789];
    await pay(
      'double',
      values.map((value, index) => [index + 1, value]),
    );
    const read = (text: string | null): number | null => (text === null ? null : Number(text));
    expect(read(await one('min', 'double'))).toBe(-1e-7);
    expect(read(await one('max', 'double'))).toBe(123456.789);
    const sum = values.reduce((a, b) => a + b);
    expect(read(await one('sum', 'double'))).toBeCloseTo(sum, 9);
    expect(read(await one('avg', 'double'))).toBeCloseTo(sum / 5, 10);
    expect(await one('countDistinct', 'double')).toBe('5');
  });

  test('of doubles in a window that a much greater one has left', async () => {
    await pay('double', [
      [1, 1e17],
      [2, 0.1],
      [3, 0.2],
      [4, 0.4],
      [9, 0.25],
    ]);
    const read = async (name: AggregateFunction): Promise<Record<string, number | null>> => {
      const { rows } = await ran(engine, Payment, may(10), {
        dateField: 'at',
        aggregate: { function: name, field: 'double' },
        periods: [Period.days(3)],
      });
      const found = Object.entries(await rows());
      return Object.fromEntries(found.map(([date, value]) => [date.slice(-1), value === null ? null : Number(value)]));
    };
    expect(await read('sum')).toEqual({
      ...{ 1: 1e17, 2: 1e17, 3: 1e17, 4: expect.closeTo(0.7, 12), 5: expect.closeTo(0.6, 12) },
      ...{ 6: expect.closeTo(0.4, 12), 7: 0, 8: 0, 9: expect.closeTo(0.25, 12), 0: expect.closeTo(0.25, 12) },
    });
    expect(await read('avg')).toMatchObject({
      ...{ 4: expect.closeTo(0.7 / 3, 12), 6: expect.closeTo(0.4, 12), 7: null, 9: expect.closeTo(0.25, 12) },
    });
  });

  describe('NULL', () => {
    const periods = [Period.DAY, Period.CALENDAR_MONTH, Period.days(2), Period.LIFETIME];

    test.each(ALL)('in a bucket of rows without values: %s', async (name) => {
      await pay('int', [
        [1, null],
        [1, null],
        [3, 5],
        [3, null],
      ]);
      const aggregate = { function: name, field: name === 'count' ? null : 'int' };
      const [none, some] = (
        {
          count: ['2', '2'],
          countDistinct: ['0', '1'],
          sum: ['0', '5'],
          avg: [null, '5'],
          min: [null, '5'],
          max: [null, '5'],
        } as const
      )[name];
      const empty = name === 'count' || name === 'countDistinct' || name === 'sum' ? '0' : null;
      const definition = definitionOf({ metric: newMetric(), dateField: 'at', aggregate, periods });
      for (const day of [1, 2, 3, 5]) await engine.run(definition, Payment, { now: may(day, 20) });
      expect(await rowsOf(engine, definition, Period.DAY)).toEqual({ '2024-05-01': none, '2024-05-03': some });
      expect(await rowsOf(engine, definition, Period.CALENDAR_MONTH)).toEqual({
        '2024-05-01': name === 'count' ? '4' : some,
      });
      expect(await rowsOf(engine, definition, Period.days(2))).toEqual({
        '2024-05-01': none,
        '2024-05-02': none,
        '2024-05-03': some,
        '2024-05-04': some,
        '2024-05-05': empty,
      });
      const last = name === 'count' ? '4' : some;
      expect(await rowsOf(engine, definition, Period.LIFETIME)).toEqual({
        '2024-05-01': none,
        '2024-05-02': none,
        '2024-05-03': last,
        '2024-05-04': last,
        '2024-05-05': last,
      });
      expect(await engine.verify(definition, Payment)).toEqual([]);
    });

    test.each(ALL)('of an object, with changes: %s', async (name) => {
      await pay('int', [
        [1, null, 7],
        [2, null, 7],
        [4, 3, 7],
        [1, 9, undefined], // belongs to nobody
        [5, null, 8],
      ]);
      const aggregate = { function: name, field: name === 'count' ? null : 'int' };
      const given: Partial<OneMetric> = {
        aggregate,
        periods: [Period.days(2), Period.LIFETIME],
        target: { kind: 'objects', field: 'account', entity: Payment as never },
      };
      const definition = definitionOf({ metric: newMetric(), dateField: 'at', ...given });
      for (const day of [1, 3, 6]) await engine.run(definition, Payment, { now: may(day, 20) });
      const isNull = name === 'avg' || name === 'min' || name === 'max';
      const nothing = isNull ? null : '0';
      const windows = await rowsOf(engine, definition, Period.days(2));
      expect(windows).toEqual(
        name === 'count'
          ? {
              ...{ '2024-05-01 7': '1', '2024-05-02 7': '2', '2024-05-03 7': '1', '2024-05-06 7': '0' },
              '2024-05-05 8': '1',
            }
          : {
              '2024-05-01 7': nothing,
              '2024-05-04 7': name === 'countDistinct' ? '1' : '3',
              '2024-05-06 7': nothing,
              '2024-05-05 8': nothing,
            },
      );
      expect(await rowsOf(engine, definition, Period.LIFETIME)).toEqual(
        name === 'count'
          ? { '2024-05-01 7': '1', '2024-05-02 7': '2', '2024-05-04 7': '3', '2024-05-05 8': '1' }
          : {
              '2024-05-01 7': nothing,
              '2024-05-04 7': name === 'countDistinct' ? '1' : '3',
              '2024-05-05 8': nothing,
            },
      );
      expect(await engine.verify(definition, Payment)).toEqual([]);
    });
  });

  test('distinct values over windows are never a sum of days', async () => {
    await pay('int', [
      [1, 1],
      [1, 1],
      [2, 1],
      [3, 2],
      [3, 1],
      [6, 1],
    ]);
    const { rows } = await ran(engine, Payment, may(8), {
      dateField: 'at',
      aggregate: { function: 'countDistinct', field: 'int' },
      periods: [Period.DAY, Period.days(3), Period.CALENDAR_WEEK, Period.LIFETIME],
    });
    const values = async (period: Period): Promise<string> => Object.values(await rows(period)).join(' ');
    expect(await values(Period.DAY)).toBe('1 1 2 1');
    expect(await values(Period.days(3))).toBe('1 1 2 2 2 1 1 1');
    expect(await values(Period.CALENDAR_WEEK)).toBe('2 1');
    expect(await values(Period.LIFETIME)).toBe('1 1 2 2 2 2 2 2');
  });
});
