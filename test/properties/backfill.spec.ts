import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import { exactValue } from '../../lib/statistics/tables/exact-value.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import { bucketEnd, bucketStart, isTimePeriod, Period, periodKind } from '../../lib/time/period.js';
import { backfilled } from '../../lib/tracking/running/backfill.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { Kill, unlessKilled } from './killed.js';
import { modelDate, modelRows, shiftDate, type ModelRow, type ModelRows } from './model.js';
import {
  beginning,
  comparable,
  definitionFor,
  givenTracker,
  type GivenTracker,
  Member,
  modelPeriod,
  Payment,
  rounded,
  RUNS,
  store,
  storedRows,
} from './payments.js';

const DAYS = 14;

/** The aggregates of which the days of a bucket make its value. */
const ADDED_UP = new Map<AggregateFunction, (values: number[]) => number>([
  ['count', (values) => values.reduce((a, b) => a + b, 0)],
  ['sum', (values) => values.reduce((a, b) => a + b, 0)],
  ['min', (values) => Math.min(...values)],
  ['max', (values) => Math.max(...values)],
]);

const story = fc.array(
  fc.record({
    day: fc.integer({ min: 0, max: DAYS }),
    second: fc.integer({ min: 0, max: 86_399 }),
    user: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null, freq: 6 }),
    amount: fc.option(fc.integer({ min: -500, max: 500 }), { nil: null, freq: 5 }),
  }),
  { maxLength: 16 },
);

/** A tracker that counts all rows of each date. */
const COUNTED: GivenTracker = {
  aggregate: 'count',
  byUser: false,
  density: 'daily',
  periods: [],
  weekStart: 'monday',
  lookback: 0,
  lookbackMs: null,
  appendOnly: false,
};

type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

/** What a reader sees on each date: the last row holds; before the first one there is nothing. */
function effective(
  rows: ModelRows,
  aggregate: AggregateFunction,
  dates: readonly string[],
): Map<string, string | null> {
  const keys = new Set([...rows.keys()].map((key) => key.split('|')[1] ?? ''));
  const seen = new Map<string, string | null>();
  for (const key of ['', '1', '2', '3'].concat(...keys)) {
    let held = nothing(aggregate);
    for (const date of dates) {
      const row = rows.get(`${date}|${key}`);
      if (row !== undefined) held = rounded(row, aggregate);
      seen.set(`${date}|${key}`, held);
    }
  }
  return seen;
}

function nothing(aggregate: AggregateFunction): string | null {
  return ['count', 'sum', 'countDistinct'].includes(aggregate) ? '0' : null;
}

describeOnEachDatabase('backfill', (database) => {
  let engine: Engine;
  let count = 0;

  beforeAll(async () => {
    engine = await Engine.on(
      await database.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member, Payment] }),
    );
    await engine.dataSource.getRepository(Member).insert([1, 2, 3].map((id) => ({ id })));
  });

  function rowsOf(rows: Story, now: number): ModelRow[] {
    return rows.map(({ day, second, user, amount }, index) => ({
      id: index + 1,
      at: now - day * 86_400_000 - second * 1000,
      user,
      amount,
    }));
  }

  /** The buckets that the stored days make. */
  async function bucketsOfDays(period: Period, given: GivenTracker, ref: string): Promise<ModelRows> {
    const days = await storedRows(engine.dataSource, database.kind, ref, Period.DAY, given.byUser);
    const values = new Map<string, number[]>();
    for (const [key, value] of days) {
      const bucket = `${bucketStart(period, key.slice(0, 10), given.weekStart)}${key.slice(10)}`;
      values.set(bucket, [...(values.get(bucket) ?? []), ...(value === null ? [] : [Number(value)])]);
    }
    const combine = ADDED_UP.get(given.aggregate) ?? (() => 0);
    return new Map(
      [...values].map(([key, all]) => {
        const isEmpty = all.length === 0;
        return [key, isEmpty ? nothing(given.aggregate) : exactValue(Number(combine(all).toFixed(2)))];
      }),
    );
  }

  test('a range that ends where the clock is changed has the rows before it, by hours too', async () => {
    // on January 1, 1986, clocks in Kathmandu went forward from 00:00 to 00:15
    const now = new Date('1985-12-31T18:30:00Z');
    const definition = definitionFor(
      'changed',
      { ...COUNTED, periods: [Period.HOUR, Period.LIFETIME] },
      'Asia/Kathmandu',
    );
    await store(engine.dataSource, rowsOf([{ day: 1, second: 1, user: null, amount: null }], now.getTime()));
    const to = '1985-12-31' as LocalDate;
    await engine.run(definition, Payment, { from: to, to, now });
    const stored = await storedRows(engine.dataSource, database.kind, 'changed', Period.LIFETIME, false);
    expect([...stored]).toEqual([[`${to}|`, '1']]);
  });

  test('verify finds what differs, whatever was changed, and a backfill in steps writes it, though it is killed', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        givenTracker,
        story,
        story,
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.nat(40), { maxLength: 3 }),
        async ({ zone, at }, given, before, after, step, kills) => {
          const ref = `v${String(++count)}`;
          // with appendOnly, a backfill over rows that are gone would be refused
          const definition = definitionFor(ref, { ...given, appendOnly: false }, zone);
          const now = new Date(at);
          const today = modelDate(at, zone);
          const from = shiftDate(today, -DAYS - 3);
          await store(engine.dataSource, rowsOf(before, at));
          const run = async (): Promise<void> => {
            let done: LocalDate | null = null;
            const onProgress = ({ date }: { date: LocalDate }): void => {
              done = date;
            };
            const goOn = (cancellation?: Kill): Promise<unknown> =>
              backfilled(
                { from, to: undefined, today, step, after: done },
                ({ range }) => engine.run(definition, Payment, { ...range, now, cancellation }),
                { onProgress },
              );
            // killed now and then, it goes on behind the last step that was committed
            for (const statements of kills) {
              if ((await unlessKilled(goOn(new Kill(statements)))) !== null) return;
            }
            await goOn();
          };
          await run();
          const changed = rowsOf(after, at);
          await store(engine.dataSource, changed);
          const differences = await engine.verify(definition, Payment);
          for (const period of given.periods) {
            const stored = await storedRows(engine.dataSource, database.kind, ref, period, given.byUser);
            for (const { date, start, object, stored: was, expected } of differences.filter(
              (difference) => difference.period === period,
            )) {
              const moment = start === undefined ? date : Date.parse(start) / 1000;
              const key = `${moment}|${object?.id ?? ''}`;
              expect(stored.get(key)).toEqual(was);
              if (expected === undefined) stored.delete(key);
              else stored.set(key, expected);
            }
            const model = modelRows(changed, { ...given, zone }, modelPeriod(period, given.weekStart), at);
            expect([Period.nameOf(period), comparable(stored, given.aggregate)]).toEqual([
              Period.nameOf(period),
              comparable(model, given.aggregate),
            ]);
          }
          await run();
          expect(await engine.verify(definition, Payment)).toEqual([]);
          for (const period of given.periods) {
            const model = modelRows(changed, { ...given, zone }, modelPeriod(period, given.weekStart), at);
            const stored = await storedRows(engine.dataSource, database.kind, ref, period, given.byUser);
            expect([Period.nameOf(period), comparable(stored, given.aggregate)]).toEqual([
              Period.nameOf(period),
              comparable(model, given.aggregate),
            ]);
          }
        },
      ),
      { numRuns: RUNS },
    );
  }, 240_000);

  test('a backfill that ends before today changes what is read of its dates, and of no other', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        givenTracker,
        story,
        story,
        fc.integer({ min: 1, max: DAYS }),
        fc.integer({ min: 0, max: DAYS }),
        async ({ zone, at }, given, before, after, end, length) => {
          const ref = `e${String(++count)}`;
          const definition = definitionFor(ref, { ...given, appendOnly: false }, zone);
          const now = new Date(at);
          const today = modelDate(at, zone);
          const dates = Array.from({ length: DAYS + 4 }, (_, index) => shiftDate(today, index - DAYS - 3));
          const first = dates[0] ?? today;
          await store(engine.dataSource, rowsOf(before, at));
          await engine.run(definition, Payment, { now, from: first });
          const earlier = new Map<Period, ModelRows>();
          for (const period of definition.periods)
            earlier.set(period, await storedRows(engine.dataSource, database.kind, ref, period, given.byUser));
          const changed = rowsOf(after, at);
          await store(engine.dataSource, changed);
          const to = shiftDate(today, -end);
          const from = shiftDate(to, -length) < first ? first : shiftDate(to, -length);
          await engine.run(definition, Payment, { now, from, to });
          for (const period of definition.periods) {
            const stored = await storedRows(engine.dataSource, database.kind, ref, period, given.byUser);
            const model = modelRows(changed, { ...given, zone }, modelPeriod(period, given.weekStart), at);
            const was = earlier.get(period) ?? new Map<string, string | null>();
            if (isTimePeriod(period)) {
              const dateOf = (key: string): string => modelDate(Number(key.split('|')[0]) * 1000, zone);
              const isInside = ([key]: [string, unknown]): boolean => dateOf(key) >= from && dateOf(key) <= to;
              const kept = [...was].filter((row) => !isInside(row));
              const expected = new Map([...kept, ...[...model].filter(isInside)]);
              expect([Period.nameOf(period), comparable(stored, given.aggregate)]).toEqual([
                Period.nameOf(period),
                comparable(expected, given.aggregate),
              ]);
              continue;
            }
            if (periodKind(period) === 'bucket') {
              const [begin, end] = [from, to].map((date) => bucketStart(period, date, given.weekStart));
              const isInside = (key: string): boolean => key >= (begin ?? '') && key < `${end ?? ''}~`;
              // a bucket that the range cuts is made of its stored days, where there are all of them, also if they are empty
              const isOfDays = (key: string): boolean => {
                const start = key.slice(0, 10) as LocalDate;
                const last = bucketEnd(period, start, given.weekStart);
                const isCut = start < from || (last < today ? last : today) > to;
                const isAdded = definition.periods.includes(Period.DAY) && ADDED_UP.has(given.aggregate);
                return isAdded && isInside(key) && isCut && start >= first;
              };
              const ofDays = (await bucketsOfDays(period, given, ref)).entries();
              const expected = new Map([
                ...[...was].filter(([key]) => !isInside(key)),
                ...[...model].filter(([key]) => isInside(key) && !isOfDays(key)),
                ...[...ofDays].filter(([key]) => isOfDays(key)),
              ]);
              expect([Period.nameOf(period), comparable(stored, given.aggregate)]).toEqual([
                Period.nameOf(period),
                comparable(expected, given.aggregate),
              ]);
              continue;
            }
            const [before, fresh, after] = [was, model, stored].map((rows) => effective(rows, given.aggregate, dates));
            for (const [key, value] of before ?? []) {
              const isInside = key >= from && key < `${to}~`;
              expect([key, after?.get(key)]).toEqual([
                key,
                isInside ? (fresh?.get(key) ?? nothing(given.aggregate)) : value,
              ]);
            }
          }
        },
      ),
      {
        numRuns: RUNS,
        examples: [
          // a row of today, in a week whose stored days have none
          [
            { zone: 'Africa/Abidjan', at: 0 },
            {
              aggregate: 'count',
              byUser: false,
              density: 'daily',
              periods: [Period.CALENDAR_WEEK, Period.DAY],
              weekStart: 'monday',
              lookback: 0,
              appendOnly: false,
            },
            [],
            [{ day: 0, second: 0, user: null, amount: null }],
            1,
            0,
          ],
        ],
      },
    );
  }, 240_000);
});
