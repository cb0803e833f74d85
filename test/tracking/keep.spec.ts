import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, Engine, type OneMetric, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { Buyer, openShop, Sale, SHOP } from './shop.js';

const domain = defineDomain({ ref: 'keeping' });
const DAY = 86_400_000;
const START = Date.parse('2026-01-10T00:00:00Z');
const PERIODS = [
  Period.DAY,
  Period.WEEK,
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
  Period.MONTH_TO_DATE,
  Period.LIFETIME,
] as const;

function dateAt(day: number): string {
  return new Date(START + day * DAY).toISOString().slice(0, 10);
}

function noon(day: number): Date {
  return new Date(START + day * DAY + DAY / 2);
}

/** The first day of the calendar unit that holds a date, or the date itself. */
function unitOf(period: Period, date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (period === Period.CALENDAR_WEEK) day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  if (period === Period.CALENDAR_MONTH) day.setUTCDate(1);
  return day.toISOString().slice(0, 10);
}

/** The first date that is kept. */
function keptFrom(period: Period, days: number, today: number): string {
  return unitOf(period, dateAt(today + 1 - days));
}

interface Stored {
  readonly period: number;
  readonly key: string;
  readonly date: string;
  readonly value: number | null;
}

describeOnEachDatabase('keep', (database) => {
  let engine: Engine;
  let sold: number;

  beforeEach(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, ...SHOP] }));
    await openShop(engine.dataSource);
    sold = 0;
  });
  afterEach(() => database.clear());

  async function sell(...days: readonly number[]): Promise<void> {
    const sales = days.map((day) => ({
      id: ++sold,
      at: new Date(START + day * DAY + (sold % 1440) * 60_000),
      status: null,
      total: null,
      items: sold % 7,
      buyer: { id: 1 + (sold % 3) },
    }));
    for (let first = 0; first < sales.length; first += 500)
      await engine.dataSource.getRepository(Sale).insert(sales.slice(first, first + 500));
  }

  const tracker = (ref: string, given: Partial<OneMetric> = {}): OneMetric =>
    definitionOf({ metric: defineMetric({ domain, ref }), dateField: 'at', ...given });

  async function stored(ref: string): Promise<Stored[]> {
    const { id } = await engine.dataSource.getRepository(Metric).findOneByOrFail({ ref });
    const total = await engine.dataSource.getRepository(StatisticByDate).findBy({ metricId: id });
    const objects = await engine.dataSource.getRepository(StatisticByDateAndObject).findBy({ metricId: id });
    return [
      ...total.map(({ period, date, value }) => ({ key: '', period: Number(period), date, value })),
      ...objects.map(({ period, date, value, objectId }) => ({ key: objectId, period: Number(period), date, value })),
    ].sort((a, b) => (a.date < b.date ? -1 : 1));
  }

  async function coveredSince(ref: string): Promise<Record<number, string | null>> {
    const { id } = await engine.dataSource.getRepository(Metric).findOneByOrFail({ ref });
    const coverages = await engine.dataSource.getRepository(Coverage).findBy({ metricId: id });
    return Object.fromEntries(coverages.map(({ period, from }) => [Number(period), from]));
  }

  it('removes what is older after a run, and ends its coverage', async () => {
    await sell(0, 0, 1, 3, 9);
    await engine.run(tracker('orders'), Sale, { now: noon(9) });
    const kept = tracker('orders', { keep: new Map([[Period.DAY, 7]]) });
    expect(await engine.run(kept, Sale, { now: noon(9) })).toMatchObject({ written: 0, removed: 2 });
    expect((await stored('orders')).map(({ date }) => date)).toEqual([dateAt(3), dateAt(9)]);
    expect(await coveredSince('orders')).toEqual({ [Period.DAY]: dateAt(3) });
    expect(await engine.run(kept, Sale, { now: noon(10) })).toMatchObject({ removed: 1 });
    expect(await coveredSince('orders')).toEqual({ [Period.DAY]: dateAt(4) });
  });

  it('computes nothing in a first run that it would remove after it', async () => {
    await sell(0, 5, 40);
    const kept = tracker('orders', { keep: new Map([[Period.DAY, 30]]), periods: [Period.DAY, Period.LIFETIME] });
    expect(await engine.run(kept, Sale, { now: noon(40) })).toMatchObject({ removed: 0 });
    expect(await stored('orders')).toMatchObject(
      [
        ...Array.from({ length: 40 }, (_, day) => ({ period: Period.LIFETIME, date: dateAt(day) })),
        { period: Period.DAY, date: dateAt(40), value: 1 },
        { period: Period.LIFETIME, date: dateAt(40), value: 3 },
      ]
        .sort((a, b) => (a.date < b.date ? -1 : 1))
        .map(({ date }) => ({ date })),
    );
    expect(await coveredSince('orders')).toEqual({ [Period.DAY]: dateAt(11), [Period.LIFETIME]: dateAt(0) });
  });

  it('does not bring back the days of a month that go on being counted', async () => {
    // the month in which the source begins: late rows may be older than its first row
    await sell(0, 1, 2, 15);
    const kept = tracker('orders', { periods: [Period.DAY, Period.CALENDAR_MONTH], keep: new Map([[Period.DAY, 5]]) });
    for (const today of [15, 16, 17]) {
      const { written, removed } = await engine.run(kept, Sale, { now: noon(today) });
      expect([today, written, removed]).toEqual([today, today === 15 ? 2 : 0, 0]);
      expect((await stored('orders')).map(({ period, date, value }) => [period, date, value])).toEqual([
        [Period.CALENDAR_MONTH, '2026-01-01', 4],
        [Period.DAY, dateAt(15), 1],
      ]);
    }
  });

  it('goes on with each day to date of objects that are only in pruned dates', async () => {
    await sell(0, 1);
    const given = {
      periods: [Period.QUARTER_TO_DATE],
      target: { kind: 'objects', field: 'buyer', entity: null },
      density: 'daily',
      keep: new Map([[Period.QUARTER_TO_DATE, 5]]),
    } as const;
    // both buyers bought in January, and each has a 0 a day in the days of April that are kept
    const kept = tracker('orders', given);
    await engine.run(kept, Sale, { now: noon(100) });
    const first = await stored('orders');
    expect(first).toHaveLength(10);
    for (let run = 0; run < 3; run++) {
      expect(await engine.run(kept, Sale, { now: noon(100) })).toMatchObject({ written: 0, removed: 0 });
    }
    expect(await stored('orders')).toEqual(first);
    await engine.run(kept, Sale, { now: noon(101) });
    await engine.run(kept, Sale, { now: noon(101) });
    expect(await stored('orders')).toHaveLength(10);
    expect(await engine.verify(kept, Sale)).toEqual([]);
  });

  it.each([
    ['a window', [Period.WEEK]],
    // DAY is kept, so that a run reads more of the source than the windows that are kept
    ['a window beside days', [Period.DAY, Period.WEEK]],
    ['a value to date', [Period.DAY, Period.MONTH_TO_DATE]],
  ])('is right whether or not the first date that is kept has a row that says 0: %s', async (_, periods) => {
    // buyer 2 bought in January only, buyer 3 in March
    await sell(0, 57);
    const target = { kind: 'objects', field: 'buyer', entity: null } as const;
    const [, running = Period.WEEK] = [Period.DAY, ...periods.slice(-1)];
    const given = { periods, target, density: 'changes' } as const;
    const kept = { ...given, keep: new Map([[running, 20]]) };
    await engine.run(tracker('later', given), Sale, { now: noon(60) });
    await engine.run(tracker('later', kept), Sale, { now: noon(60) });
    await engine.run(tracker('first', kept), Sale, { now: noon(60) });
    for (const ref of ['later', 'first']) {
      expect([ref, await engine.verify(tracker(ref, kept), Sale)]).toEqual([ref, []]);
      const other = { ...tracker(ref, kept), history: 'current' as const, scrub: { days: 100, every: 1 } };
      expect(await engine.scrub(other, Sale, noon(61), { through: null, at: null })).toMatchObject({ recount: null });
    }
    // a value that is there is missed
    await engine.dataSource.getRepository(Sale).update({ id: 1 }, { at: new Date(START + 40.5 * DAY) });
    expect(await engine.verify(tracker('later', kept), Sale)).not.toEqual([]);
    expect(await engine.verify(tracker('first', kept), Sale)).not.toEqual([]);
  });

  it('keeps a calendar unit as long as one of its days', async () => {
    await sell(0, 25, 60);
    const months = tracker('orders', {
      periods: [Period.CALENDAR_MONTH],
      keep: new Map([[Period.CALENDAR_MONTH, 31]]),
    });
    // 2026-01-10 and 31 days, 2026-02-04, 2026-03-11
    await engine.run(tracker('orders', { periods: [Period.CALENDAR_MONTH] }), Sale, { now: noon(60) });
    await engine.run(months, Sale, { now: noon(60) });
    expect((await stored('orders')).map(({ date }) => date)).toEqual(['2026-02-01', '2026-03-01']);
    await engine.run(months, Sale, { now: noon(80) });
    expect((await stored('orders')).map(({ date }) => date)).toEqual(['2026-03-01']);
  });

  it('goes on with a LIFETIME that continues from its stored values, in the month in which the source begins', async () => {
    await sell(0, 1, 2, 15);
    const given = { periods: [Period.DAY, Period.CALENDAR_MONTH, Period.LIFETIME], appendOnly: true };
    const kept = tracker('orders', { ...given, keep: new Map([[Period.LIFETIME, 3]]) });
    for (const today of [15, 16, 17]) {
      await engine.run(kept, Sale, { now: noon(today) });
      const lifetime = (await stored('orders')).filter(({ period }) => period === Period.LIFETIME);
      expect(lifetime.at(-1)).toMatchObject({ date: dateAt(today), value: 4 });
    }
  });

  it.each<[string, Partial<OneMetric>, Partial<OneMetric>]>([
    ['older than what is kept', { keep: new Map([[Period.LIFETIME, 4]]) }, {}],
    ['older than a later `since`', { since: '2026-01-10' }, { since: '2026-01-22' }],
  ])('follows a source into which a row comes that is %s', async (_, given, changed) => {
    await sell(0, 10);
    const definition = tracker('orders', { periods: [Period.LIFETIME], lookback: 0, history: 'current', ...given });
    await engine.run(definition, Sale, { now: noon(12) });
    await sell(1);
    await engine.run({ ...definition, ...changed }, Sale, { now: noon(13) });
    await engine.run({ ...definition, ...changed }, Sale, { now: noon(14) });
    const lifetime = (await stored('orders')).filter(({ date }) => date >= dateAt(12));
    expect(lifetime.map(({ date, value }) => [date, value])).toEqual([12, 13, 14].map((day) => [dateAt(day), 3]));
  });

  it('leaves other scopes of the metric alone', async () => {
    await sell(0, 20);
    const objects = { kind: 'objects', field: 'buyer', entity: Buyer } as const;
    await engine.run(tracker('orders', { target: objects }), Sale, { now: noon(20) });
    await engine.run(tracker('orders'), Sale, { now: noon(20) });
    await engine.run(tracker('orders', { keep: new Map([[Period.DAY, 5]]) }), Sale, { now: noon(20) });
    expect((await stored('orders')).map(({ key, date }) => [key, date])).toEqual([
      ['2', dateAt(0)],
      ['', dateAt(20)],
      ['3', dateAt(20)],
    ]);
  });

  it('removes many rows in bounded steps, each with the end of its run', async () => {
    await sell(...Array.from({ length: 12_000 }, (_, day) => day - 11_999));
    await engine.run(tracker('orders'), Sale, { now: noon(0) });
    const ends: [number, boolean][] = [];
    const conclude = function* ({ removed }: { removed: number }, isDone: boolean) {
      ends.push([removed, isDone]);
      yield* [];
    };
    const kept = tracker('orders', { keep: new Map([[Period.DAY, 730]]) });
    expect(await engine.run(kept, Sale, { now: noon(0), conclude })).toMatchObject({ removed: 11_270 });
    expect(ends).toEqual([
      [0, false],
      [5000, false],
      [10_000, false],
      [11_270, true],
    ]);
    expect(await stored('orders')).toHaveLength(730);
  });

  it('goes on after a crash between two steps, and never claims a date that is gone', async () => {
    await sell(0, 1, 2, 10);
    const periods = [Period.DAY, Period.LIFETIME];
    await engine.run(tracker('orders', { periods }), Sale, { now: noon(10) });
    const kept = tracker('orders', { periods, keep: new Map(periods.map((period) => [period, 5])) });
    let calls = 0;
    const conclude = function* () {
      yield* [];
      calls += 1;
      if (calls === 3) throw new Error('killed');
    };
    await expect(engine.run(kept, Sale, { now: noon(10), conclude })).rejects.toThrow('killed');
    // the days are pruned; the step of LIFETIME is rolled back as a whole
    expect(await coveredSince('orders')).toEqual({ [Period.DAY]: dateAt(6), [Period.LIFETIME]: dateAt(0) });
    expect((await stored('orders')).filter(({ period }) => period === Period.LIFETIME)).toHaveLength(11);
    await engine.run(kept, Sale, { now: noon(10) });
    expect(await coveredSince('orders')).toEqual({ [Period.DAY]: dateAt(6), [Period.LIFETIME]: dateAt(6) });
    expect(
      (await stored('orders')).filter(({ period }) => period === Period.LIFETIME).map(({ value }) => value),
    ).toEqual([3, 3, 3, 3, 4]);
  });

  it('property: what is kept is as without it, and nothing older is covered or stored', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          steps: fc.array(
            fc.record({
              days: fc.integer({ min: 0, max: 20 }),
              /** days before the day of the run */
              sales: fc.array(fc.nat(60), { maxLength: 8 }),
            }),
            { minLength: 2, maxLength: 5 },
          ),
          lookback: fc.integer({ min: 0, max: 3 }),
          appendOnly: fc.boolean(),
          history: fc.constantFrom('recorded' as const, 'current' as const),
          byObject: fc.boolean(),
          density: fc.constantFrom('daily' as const, 'changes' as const),
          aggregate: fc.constantFrom<AggregateFunction>('count', 'sum', 'max', 'countDistinct'),
          keep: fc.array(fc.option(fc.integer({ min: 0, max: 40 })), {
            minLength: PERIODS.length,
            maxLength: PERIODS.length,
          }),
        }),
        async ({ steps, lookback, appendOnly, history, byObject, density, aggregate, keep }) => {
          await engine.dataSource.getRepository(Sale).clear();
          round += 1;
          const fields = {
            count: null,
            sum: 'items',
            max: 'items',
            countDistinct: 'buyer',
            avg: 'items',
            min: 'items',
          };
          const given: Partial<OneMetric> = {
            periods: PERIODS,
            lookback,
            appendOnly,
            history,
            density,
            aggregate: { function: aggregate, field: fields[aggregate] },
            target: byObject ? { kind: 'objects', field: 'buyer', entity: Buyer } : { kind: 'total' },
          };
          const kept = new Map(
            PERIODS.flatMap((period, index) => {
              const days = keep[index];
              return days === null || days === undefined ? [] : [[period, days + lookback + 2] as const];
            }),
          );
          const [limited, whole] = [`kept${String(round)}`, `all${String(round)}`];
          // what a date before the first row has
          const empty = aggregate === 'max' ? null : 0;
          let today = 0;
          let last: number | null = null;
          for (const { days, sales } of steps) {
            today += days;
            // none that the lookback does not see
            const first = last === null ? -Infinity : last - lookback;
            await sell(...sales.map((back) => today - back).filter((day) => day >= first));
            await engine.run(tracker(limited, { ...given, keep: kept }), Sale, { now: noon(today) });
            await engine.run(tracker(whole, given), Sale, { now: noon(today) });
            last = today;
            const [ours, theirs] = [await stored(limited), await stored(whole)];
            const [since, sinceAll] = [await coveredSince(limited), await coveredSince(whole)];
            for (const period of PERIODS) {
              const from =
                [keptFrom(period, kept.get(period) ?? 10_000, today), sinceAll[period] ?? ''].sort()[1] ?? '';
              expect([period, since[period]]).toEqual([period, from]);
              expect(ours.filter((row) => row.period === period && row.date < from)).toEqual([]);
              expect(valuesOf(ours, period, from, today, empty)).toEqual(valuesOf(theirs, period, from, today, empty));
            }
          }
        },
      ),
      { numRuns: 8 },
    );
  }, 120_000);
});

/** The value of each series on each date from one on. A date of a window or LIFETIME without a row has the one before. */
function valuesOf(
  rows: readonly Stored[],
  period: Period,
  from: string,
  today: number,
  empty: number | null,
): Record<string, unknown> {
  const own = rows.filter((row) => row.period === period);
  const isCarried = ![Period.DAY, Period.CALENDAR_WEEK, Period.CALENDAR_MONTH].some((bucket) => bucket === period);
  const values: Record<string, unknown> = {};
  for (const key of new Set(own.map((row) => row.key))) {
    const series = own.filter((row) => row.key === key);
    for (let date = from; date <= dateAt(today); date = nextDate(date)) {
      const found = isCarried ? series.findLast((row) => row.date <= date) : series.find((row) => row.date === date);
      if (found !== undefined && found.value !== empty) values[`${key} ${date}`] = found.value;
    }
  }
  return values;
}

function nextDate(date: string): string {
  return new Date(Date.parse(date) + DAY).toISOString().slice(0, 10);
}
