import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { SourceGoneError } from '../../lib/errors/run.error.js';
import { addDays } from '../../lib/time/local-date.js';
import { bucketEnd, bucketStart, Period, type WeekStart } from '../../lib/time/period.js';
import { services, type Setup } from '../statistics/setup.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { insertIndexed } from './stored.js';

@Entity()
class Sale {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Index()
  @Column({ type: Date, precision: 3 })
  at!: Date;

  @Column({ type: 'integer' })
  buyer!: number;

  @Column({ type: 'decimal', precision: 12, scale: 2 })
  amount!: string;
}

const TO_DATE = [
  [Period.WEEK_TO_DATE, Period.CALENDAR_WEEK],
  [Period.MONTH_TO_DATE, Period.CALENDAR_MONTH],
  [Period.QUARTER_TO_DATE, Period.CALENDAR_QUARTER],
  [Period.YEAR_TO_DATE, Period.CALENDAR_YEAR],
] as const;
const PERIODS = [Period.DAY, ...TO_DATE.flat()];
const DOMAIN = defineDomain({ ref: 'to_date' });
const FROM = '2023-11-20';
const TODAY = addDays(FROM, 120);
const NOW = new Date(`${TODAY}T12:00:00Z`);

const sale = fc.record({
  day: fc.integer({ min: 0, max: 120 }),
  buyer: fc.integer({ min: 1, max: 4 }),
  cents: fc.integer({ min: -500, max: 500 }),
});

describeOnEachDatabase('periods to date', (database) => {
  let engine: Engine;
  let statistics: Setup['statistics'];
  let count = 0;

  beforeAll(async () => {
    const dataSource = await database.open({ entities: [...TRACKSTATS_ENTITIES, Sale] });
    engine = await Engine.on(dataSource);
    ({ statistics } = await services(dataSource, { clock: () => NOW }));
  });

  async function store(sales: readonly { day: number; buyer: number; cents: number }[]): Promise<void> {
    await engine.dataSource.getRepository(Sale).clear();
    await insertIndexed(
      engine.dataSource,
      Sale,
      sales.map(({ day, buyer, cents }, id) => ({
        id,
        at: new Date(`${addDays(FROM, day)}T10:00:00Z`),
        buyer,
        amount: (cents / 100).toFixed(2),
      })),
    );
  }

  function tracker(aggregate: AggregateFunction, density: 'daily' | 'changes', weekStart: WeekStart) {
    const field = aggregate === 'count' ? null : aggregate === 'countDistinct' ? 'buyer' : 'amount';
    const metric = defineMetric({ domain: DOMAIN, ref: `m${String(++count)}` });
    const definition = definitionOf({
      metric,
      dateField: 'at',
      periods: PERIODS,
      aggregate: { function: aggregate, field },
      density,
      weekStart,
    });
    return { metric, definition };
  }

  test('days add up to them, and the last day of a unit has the value of the whole unit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sale, { minLength: 1, maxLength: 25 }),
        fc.constantFrom<AggregateFunction>('count', 'countDistinct', 'sum', 'avg', 'min', 'max'),
        fc.constantFrom('daily' as const, 'changes' as const),
        async (sales, aggregate, density) => {
          await store(sales);
          const { metric, definition } = tracker(aggregate, density, 'monday');
          // the second run begins within a unit, and continues from what the first has stored
          await engine.run(definition, Sale, { now: new Date(`${addDays(FROM, 75)}T12:00:00Z`) });
          await engine.run(definition, Sale, { now: NOW });
          const from = addDays(FROM, Math.min(...sales.map(({ day }) => day)));
          const days = await statistics.series({ metric, from, exact: true });
          for (const [period, whole] of TO_DATE) {
            const points = await statistics.series({ metric, period, from, exact: true });
            const wholes = await statistics.series({ metric, period: whole, from, exact: true });
            for (const [place, { date, value }] of points.entries()) {
              const start = bucketStart(whole, date, 'monday');
              if (aggregate === 'count' || aggregate === 'sum') {
                const sum = days
                  .slice(0, place + 1)
                  .filter((day) => day.date >= start)
                  .reduce((total, day) => total + Math.round(Number(day.value) * 100), 0);
                expect([Period.nameOf(period), date, Math.round(Number(value) * 100)]).toEqual([
                  Period.nameOf(period),
                  date,
                  sum,
                ]);
              }
              if (date === bucketEnd(whole, date, 'monday') || date === TODAY) {
                const found = wholes.find((point) => point.date === start);
                expect([Period.nameOf(period), date, value]).toEqual([Period.nameOf(period), date, found?.value]);
              }
            }
          }
          expect(await engine.verify(definition, Sale)).toEqual([]);
        },
      ),
      { numRuns: 6 },
    );
  }, 240_000);

  test('a week to date begins on the first day of the week', async () => {
    // Friday, Saturday, Sunday, Monday
    await store([0, 1, 2, 3].map((day) => ({ day: day + 4, buyer: 1, cents: 100 })));
    const values: Partial<Record<WeekStart, (number | null)[]>> = {};
    for (const weekStart of ['monday', 'sunday', 'saturday'] as const) {
      const { metric, definition } = tracker('count', 'changes', weekStart);
      await engine.run(definition, Sale, { now: NOW });
      const range = { from: '2023-11-24', to: '2023-11-28' };
      const points = await statistics.series({ metric, period: Period.WEEK_TO_DATE, ...range });
      values[weekStart] = points.map(({ value }) => value);
    }
    expect(values).toEqual({
      monday: [1, 2, 3, 1, 1],
      sunday: [1, 2, 1, 2, 2],
      saturday: [1, 1, 2, 3, 3],
    });
  });

  test('a unit without rows is nothing: zero for counts, and no value for averages', async () => {
    await store([{ day: 0, buyer: 1, cents: 250 }]);
    const counted = tracker('count', 'changes', 'monday');
    const average = tracker('avg', 'daily', 'monday');
    for (const { definition } of [counted, average]) await engine.run(definition, Sale, { now: NOW });
    const at = { period: Period.MONTH_TO_DATE };
    expect(await statistics.value({ metric: counted.metric, ...at, date: '2023-11-30' })).toBe(1);
    expect(await statistics.value({ metric: counted.metric, ...at, date: '2023-12-01' })).toBe(0);
    expect(await statistics.value({ metric: average.metric, ...at, date: '2023-11-30' })).toBe(2.5);
    expect(await statistics.value({ metric: average.metric, ...at, date: '2023-12-01' })).toBeNull();
    // with 'changes' two rows say all of it: the day of the sale, and the day on which it leaves
    const rows = await statistics
      .narrow({ metric: counted.metric, ...at })
      .orderBy('statistic.date')
      .getMany();
    expect(rows.map(({ date, value }) => [date, value])).toEqual([
      ['2023-11-20', 1],
      ['2023-12-01', 0],
    ]);
  });

  test('a range that ends within a unit leaves what was recorded after it', async () => {
    await store([1, 2, 20].map((day) => ({ day, buyer: 1, cents: 100 })));
    const { metric, definition } = tracker('count', 'changes', 'monday');
    await engine.run(definition, Sale, { now: NOW });
    await store([2, 20].map((day) => ({ day, buyer: 1, cents: 100 })));
    await engine.run(definition, Sale, { now: NOW, from: '2023-11-20', to: '2023-11-25' });
    const read = async (date: string): Promise<number | null> =>
      statistics.value({ metric, period: Period.MONTH_TO_DATE, date });
    expect([await read('2023-11-25'), await read('2023-11-26'), await read('2023-12-10')]).toEqual([1, 2, 1]);
  });

  test('of a source that begins later are refused up to the first whole unit', async () => {
    await store([{ day: 1, buyer: 1, cents: 100 }]);
    const { metric, definition } = tracker('count', 'daily', 'monday');
    await engine.run({ ...definition, periods: [Period.MONTH_TO_DATE] }, Sale, { now: NOW });
    const kept = { ...definition, periods: [Period.MONTH_TO_DATE], sourceKeptSince: '2023-12-10' } as const;
    await engine.dataSource.getRepository(Sale).clear();
    for (const from of ['2023-12-10', '2023-12-31'] as const)
      await expect(engine.run(kept, Sale, { now: NOW, from })).rejects.toThrow(SourceGoneError);
    await engine.run(kept, Sale, { now: NOW, from: '2024-01-01' });
    expect(await statistics.value({ metric, period: Period.MONTH_TO_DATE, date: '2023-11-30' })).toBe(1);
  });

  test('are not increments, and do not add up', async () => {
    const metric = defineMetric({ domain: DOMAIN, ref: 'visits' });
    const period = Period.MONTH_TO_DATE as never;
    await expect(statistics.increment({ metric, period })).rejects.toThrow(
      /increment takes DAY, calendar periods, HOUR and minutes/,
    );
    await expect(statistics.total({ metric, period })).rejects.toThrow(/MONTH_TO_DATE.*overlap/);
    // a value that is recorded by hand stands at its date
    await statistics.record({ metric, period: Period.MONTH_TO_DATE, value: 7, date: '2024-01-15' });
    expect(await statistics.value({ metric, period: Period.MONTH_TO_DATE, date: '2024-01-15' })).toBe(7);
  });
});
