import { DataSources } from '../../lib/database/data-sources.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { StatisticOwners } from '../../lib/statistics/tables/owners.js';
import type { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticService } from '../../lib/statistics/statistic.service.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { modelDate, shiftDate, type ModelRow } from './model.js';
import { beginning, definitionFor, givenTracker, Member, Payment, RUNS, runningPeriod, store } from './payments.js';

const DAYS = 12;

const payments = fc.array(
  fc.record({
    day: fc.integer({ min: 0, max: DAYS }),
    user: fc.integer({ min: 1, max: 3 }),
    amount: fc.option(fc.integer({ min: -500, max: 500 }), { nil: null, freq: 5 }),
  }),
  { maxLength: 14 },
);

type Payments = typeof payments extends fc.Arbitrary<infer T> ? T : never;

function rowsOf(given: Payments, now: number): ModelRow[] {
  return given.map(({ day, ...rest }, index) => ({ id: index + 1, at: now - day * 86_400_000 - 1000, ...rest }));
}

/** What `find` and `mostRecent` give of ranges that end on some dates, as far as it does not name the metric. */
async function foundOf(
  statistics: StatisticService,
  filter: object,
  from: string,
  dates: readonly string[],
): Promise<unknown> {
  const shown = (row: unknown): unknown => {
    const { date, exactValue, objectId } = (row ?? {}) as Partial<StatisticByDateAndObject>;
    return [date, exactValue, objectId];
  };
  const found: unknown[] = [(await statistics.find(filter as never)).map(shown)];
  for (const to of dates) {
    for (const range of [{ to }, { from: shiftDate(to, -3), to }, { date: to }, { from, to }]) {
      const all = await statistics.find({ ...filter, ...range } as never);
      const last = await statistics.mostRecent({ ...filter, ...range } as never);
      found.push([range, all.map(shown), shown(last)]);
    }
  }
  return found;
}

describeOnEachDatabase('density', (database) => {
  let engine: Engine;
  let count = 0;

  beforeAll(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, Member, Payment] }));
    await engine.dataSource.getRepository(Member).insert([1, 2, 3].map((id) => ({ id })));
  });

  function serviceAt(now: Date): StatisticService {
    const objectTypes = new ObjectTypes(new DataSources(engine.dataSource, () => []));
    return new StatisticService(
      engine.database,
      objectTypes,
      new StatisticOwners(),
      { timeZone: 'UTC', weekStart: 'monday' },
      () => now,
    );
  }

  test('what is read does not tell whether every day was written or the changes only', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        givenTracker,
        runningPeriod,
        payments,
        payments,
        async ({ zone, at }, given, period, before, after) => {
          const now = new Date(at + 2 * 86_400_000);
          const read: unknown[] = [];
          for (const density of ['daily', 'changes'] as const) {
            const ref = `d${String(++count)}`;
            const definition = definitionFor(
              ref,
              { ...given, density, periods: [period], appendOnly: false, lookback: 1 },
              zone,
            );
            await store(engine.dataSource, rowsOf(before, at));
            await engine.run(definition, Payment, { now: new Date(at) });
            await store(engine.dataSource, rowsOf(after, at));
            await engine.run(definition, Payment, { now });
            const statistics = serviceAt(now);
            const filter = { metric: `property/${ref}`, period, exact: true as const };
            const range = { from: shiftDate(modelDate(at, zone), -DAYS - 2), to: modelDate(now.getTime(), zone) };
            const dates = [range.from, shiftDate(range.to, -5), shiftDate(range.to, -1), range.to];
            const scopes = given.byUser ? [1, 2, 3].map((id) => ({ object: { type: Member, id } })) : [{}];
            for (const scope of scopes) {
              const series = await statistics.series({ ...filter, ...range, ...scope } as never);
              const values = await Promise.all(
                dates.map((date) => statistics.value({ ...filter, date, ...scope } as never)),
              );
              const found = await foundOf(statistics, { metric: filter.metric, period, ...scope }, range.from, dates);
              read.push({ density, series, values, found });
            }
            const all = { metric: filter.metric, period, ...(given.byUser ? { objectType: Member } : {}) };
            read.push({ density, found: await foundOf(statistics, all, range.from, dates) });
            if (given.byUser) {
              const objects = { objectType: Member };
              for (const date of dates)
                read.push({ density, top: await statistics.top({ ...filter, date, ...objects }) });
              const many = await statistics.multiSeries({ ...filter, ...range, ...objects });
              read.push({ density, many: many.map(({ object, points }) => ({ object, points })) });
            }
            const kept = shiftDate(range.to, -6);
            await statistics.prune({ metric: filter.metric, before: kept });
            const left = await foundOf(statistics, all, shiftDate(kept, -1), [kept, shiftDate(kept, 2), range.to]);
            read.push({ density, left });
          }
          const [daily, changes] = ['daily', 'changes'].map((density) =>
            read
              .filter((each) => (each as { density: string }).density === density)
              .map((each) => ({ ...(each as object), density: '' })),
          );
          expect(changes).toEqual(daily);
        },
      ),
      { numRuns: RUNS },
    );
  }, 240_000);
});
