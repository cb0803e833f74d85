import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import type { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { Chance, MEASURES, openShop, Sale, SalesByCountry, sell, SHOP } from './shop.js';

const domain = defineDomain({ ref: 'agreeing' });
const CALENDAR = [Period.CALENDAR_WEEK, Period.CALENDAR_MONTH, Period.CALENDAR_QUARTER] as const;
const MEASURED = ['all', 'revenue', 'least'];

/** The first day of the calendar unit that holds a date, worked out by the platform. */
function startOf(period: Period, date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (period === Period.CALENDAR_WEEK) day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  else
    day.setUTCMonth(
      period === Period.CALENDAR_MONTH ? day.getUTCMonth() : day.getUTCMonth() - (day.getUTCMonth() % 3),
      1,
    );
  return day.toISOString().slice(0, 10);
}

interface Row {
  readonly ref: string;
  readonly period: Period;
  readonly key: string;
  readonly date: string;
  readonly value: number | null;
}

describeOnEachDatabase('the periods of a tracker', (database) => {
  let engine: Engine;

  beforeEach(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, ...SHOP, SalesByCountry] }));
    await openShop(engine.dataSource);
  });
  afterEach(() => database.clear());

  async function rows(entity: new () => AbstractStatistic): Promise<Row[]> {
    const metrics = await engine.dataSource.getRepository(Metric).find();
    const found = (await engine.dataSource.getRepository(entity).find()) as unknown as Record<string, unknown>[];
    return found.map(({ metricId, period, date, value, ...keys }) => ({
      ref: metrics.find(({ id }) => id === Number(metricId))?.ref ?? '',
      period: Number(period) as Period,
      key: Object.values(keys).map(String).join(' '),
      date: date as string,
      value: value === null ? null : Number(value),
    }));
  }

  /** The buckets that are not what the stored days make of them. */
  function disagreeing(stored: readonly Row[]): string[] {
    const found: string[] = [];
    for (const period of CALENDAR.filter((one) => stored.some((row) => row.period === one))) {
      const buckets = new Map<string, number[]>();
      for (const { ref, key, date, value, period: of } of stored) {
        if (of !== Period.DAY) continue;
        const name = [ref, key, startOf(period, date)].join(' | ');
        buckets.set(name, [...(buckets.get(name) ?? []), ...(value === null ? [] : [value])]);
      }
      const expected = new Map(
        [...buckets].map(([name, values]) => [
          name,
          name.startsWith('least')
            ? values.length === 0
              ? null
              : Math.min(...values)
            : Math.round(100 * values.reduce((a, b) => a + b, 0)) / 100,
        ]),
      );
      const actual = new Map(
        stored
          .filter((row) => row.period === period)
          .map(({ ref, key, date, value }) => [[ref, key, date].join(' | '), value]),
      );
      for (const name of new Set([...expected.keys(), ...actual.keys()])) {
        const [days, bucket] = [expected.get(name), actual.get(name)];
        if (days !== bucket) found.push(`${Period.nameOf(period)} ${name}: ${String(bucket)}, of days ${String(days)}`);
      }
    }
    return found;
  }

  function tracker(more: Record<string, unknown>) {
    const metrics = MEASURED.map((name) => ({ metric: defineMetric({ domain, ref: name }), ...MEASURES[name] }));
    const given = { dateField: 'at', period: [Period.DAY, ...CALENDAR, Period.LIFETIME], metrics, ...more };
    const kind = 'objectField' in more ? 'object' : 'date';
    return defineTracker({ kind, name: null, type: 'Spec' }, given, { timeZone: 'UTC', weekStart: 'monday' });
  }

  const sale = (id: number, at: string): object => ({ id, at: new Date(at), status: 'paid', total: '1.00', items: 1 });

  test('hold a row of 5 November that arrives on the 20th, the day as well as the month', async () => {
    const definition = tracker({ lookback: 1 });
    const sales = engine.dataSource.getRepository(Sale);
    await sales.insert([sale(1, '2026-11-03T10:00:00Z'), sale(2, '2026-11-19T10:00:00Z')]);
    await engine.run(definition, Sale, { now: new Date('2026-11-19T12:00:00Z') });
    await sales.insert([sale(3, '2026-11-05T10:00:00Z'), sale(4, '2026-10-30T10:00:00Z')]);
    expect(await engine.run(definition, Sale, { now: new Date('2026-11-20T12:00:00Z') })).toMatchObject({
      // the first day of the week in which the quarter began
      from: '2026-09-28',
    });
    const stored = (await rows(StatisticByDate)).filter(({ ref }) => ref === 'all');
    const of = (period: Period): Record<string, number | null> =>
      Object.fromEntries(stored.filter((row) => row.period === period).map(({ date, value }) => [date, value]));
    expect(of(Period.DAY)).toEqual({ '2026-10-30': 1, '2026-11-03': 1, '2026-11-05': 1, '2026-11-19': 1 });
    expect(of(Period.CALENDAR_MONTH)).toEqual({ '2026-10-01': 1, '2026-11-01': 3 });
    expect(disagreeing(stored)).toEqual([]);
  });

  test('begin with the first day that is counted, whatever came late before it', async () => {
    const definition = tracker({ lookback: 1 });
    const sales = engine.dataSource.getRepository(Sale);
    await sales.insert([sale(1, '2026-11-03T10:00:00Z')]);
    await engine.run(definition, Sale, { now: new Date('2026-11-19T12:00:00Z') });
    // the quarter begins on Thursday 1 October, which is the first day that the run counts. Its week began on Monday
    await sales.insert([sale(2, '2026-09-29T10:00:00Z'), sale(3, '2026-10-02T10:00:00Z')]);
    await engine.run(definition, Sale, { now: new Date('2026-11-20T12:00:00Z') });
    const stored = (await rows(StatisticByDate)).filter(({ ref }) => ref === 'all');
    expect(stored.find((row) => row.period === Period.CALENDAR_WEEK && row.date === '2026-09-28')).toMatchObject({
      value: 1,
    });
    expect(disagreeing(stored)).toEqual([]);
  });

  test('begin with the week, in which no quarter was ever covered', async () => {
    // 1 January 1970 is a Thursday, and the source is empty
    const definition = tracker({ lookback: 0, period: [Period.DAY, Period.CALENDAR_WEEK, Period.CALENDAR_QUARTER] });
    const sales = engine.dataSource.getRepository(Sale);
    await engine.run(definition, Sale, { now: new Date('1970-01-01T01:00:00Z') });
    await sales.insert([sale(1, '1969-12-28T23:59:59Z'), sale(2, '1969-12-30T10:00:00Z')]);
    await engine.run(definition, Sale, { now: new Date('1970-01-01T02:00:00Z') });
    const stored = (await rows(StatisticByDate)).filter(({ ref }) => ref === 'all');
    expect(stored.find((row) => row.period === Period.CALENDAR_QUARTER && row.date === '1969-10-01')).toMatchObject({
      value: 1,
    });
    expect(disagreeing(stored)).toEqual([]);
  });

  test('hold neither, where the source is said to grow only', async () => {
    const definition = tracker({ lookback: 1, appendOnly: true });
    const sales = engine.dataSource.getRepository(Sale);
    await sales.insert([
      sale(1, '2026-09-28T10:00:00Z'),
      sale(2, '2026-11-03T10:00:00Z'),
      sale(5, '2026-11-19T10:00:00Z'),
    ]);
    await engine.run(definition, Sale, { now: new Date('2026-11-19T12:00:00Z') });
    await sales.insert([sale(3, '2026-11-05T10:00:00Z'), sale(4, '2026-11-20T10:00:00Z')]);
    await engine.run(definition, Sale, { now: new Date('2026-11-20T12:00:00Z') });
    const stored = (await rows(StatisticByDate)).filter(({ ref }) => ref === 'all');
    expect(stored.find((row) => row.period === Period.CALENDAR_MONTH && row.date === '2026-11-01')).toMatchObject({
      value: 3,
    });
    expect(stored.filter(({ period }) => period === Period.DAY)).toHaveLength(4);
    expect(disagreeing(stored)).toEqual([]);
  });

  test('begin a day later in a week that began in a closed month', async () => {
    // 1 November 2026 is a Sunday: its week began on 26 October
    const definition = tracker({ lookback: 1, period: [Period.DAY, Period.CALENDAR_WEEK, Period.CALENDAR_MONTH] });
    const sales = engine.dataSource.getRepository(Sale);
    await sales.insert([
      sale(1, '2026-10-01T10:00:00Z'),
      sale(2, '2026-10-28T10:00:00Z'),
      sale(3, '2026-11-19T10:00:00Z'),
    ]);
    await engine.run(definition, Sale, { now: new Date('2026-11-19T12:00:00Z') });
    await sales.insert([sale(4, '2026-10-27T10:00:00Z'), sale(5, '2026-11-01T10:00:00Z')]);
    await engine.run(definition, Sale, { now: new Date('2026-11-20T12:00:00Z') });
    const stored = (await rows(StatisticByDate)).filter(({ ref }) => ref === 'all');
    const week = stored.find((row) => row.period === Period.CALENDAR_WEEK && row.date === '2026-10-26');
    // the day of October that was closed keeps what was counted while it was open, and so does its part of the week
    expect(week).toMatchObject({ value: 2 });
    expect(disagreeing(stored)).toEqual([]);
  });

  test.each([
    ['of a total', {}, [StatisticByDate]],
    ['of a source that grows', { appendOnly: true }, [StatisticByDate]],
    [
      'of objects with their total',
      { objectField: 'buyer', withTotal: true },
      [StatisticByDateAndObject, StatisticByDate],
    ],
    ['of objects of a source that grows', { objectField: 'buyer', appendOnly: true }, [StatisticByDateAndObject]],
  ])('agree after every run, whatever changed: %s', async (_, more, tables) => {
    const definition = tracker({ lookback: 2, ...more });
    const chance = new Chance(11);
    let first = 1;
    for (const day of [12, 13, 16, 17, 18, 26, 33]) {
      await sell(engine.dataSource, chance, { first, number: 12, from: Math.max(0, day - 30), to: day });
      await engine.dataSource.getRepository(Sale).delete([first + 1, first + 4, Math.max(1, first - 20)]);
      first += 12;
      const now = new Date(Date.parse('2026-10-20T12:00:00Z') + day * 86_400_000);
      await engine.run(definition, Sale, { now });
      for (const table of tables) expect(disagreeing(await rows(table))).toEqual([]);
    }
  });
});
