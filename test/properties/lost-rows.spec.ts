import { type AggregateFunction, AGGREGATES } from '../../lib/catalog/aggregates.js';
import { SourceGoneError } from '../../lib/errors/run.error.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { modelDate, modelRows, type ModelRow, shiftDate } from './model.js';
import {
  anyPeriod,
  beginning,
  comparable,
  definitionFor,
  type GivenTracker,
  Member,
  modelPeriod,
  openSince,
  Payment,
  RUNS,
  secondsUntilRun,
  shortLookback,
  store,
  storedRows,
  timePeriod,
} from './payments.js';

const DAY_MS = 86_400_000;

const row = fc.record({
  /** ms before the instant at which it comes */
  age: fc.oneof(fc.integer({ min: 0, max: 3600_000 }), fc.integer({ min: 0, max: 70 * DAY_MS })),
  user: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null, freq: 6 }),
  amount: fc.option(fc.integer({ min: -500, max: 500 }), { nil: null, freq: 5 }),
});

const given: fc.Arbitrary<GivenTracker> = fc.record({
  aggregate: fc.constantFrom(...(Object.keys(AGGREGATES) as AggregateFunction[])),
  byUser: fc.boolean(),
  density: fc.constantFrom('daily' as const, 'changes' as const),
  periods: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.uniqueArray(fc.oneof(fc.constant(Period.DAY), anyPeriod, timePeriod), {
        minLength: 1,
        maxLength: 3,
      }),
    },
    { weight: 1, arbitrary: fc.uniqueArray(timePeriod, { minLength: 1, maxLength: 2 }) },
  ),
  weekStart: fc.constantFrom('monday' as const, 'sunday' as const, 'saturday' as const),
  lookback: fc.integer({ min: 0, max: 3 }),
  lookbackMs: shortLookback,
  appendOnly: fc.boolean(),
});

/** Some rows come, time passes, and the tracker runs. */
const step = fc.record({ rows: fc.array(row, { maxLength: 5 }), seconds: secondsUntilRun });

/** Of a clock that was set back over midnight the model knows no rows of tomorrow. Two hours later it is tomorrow. */
const LAST_STEP = { rows: [], seconds: 7200 };

let count = 0;

describeOnEachDatabase('the statistics of a source that loses its rows', (database) => {
  let engine: Engine;
  let refused = 0;
  let compared = 0;

  beforeAll(async () => {
    engine = await Engine.on(
      await database.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member, Payment] }),
    );
  });

  test('are those of all rows that it ever had, or a run is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        given,
        fc.array(row, { maxLength: 12 }),
        fc.integer({ min: 3, max: 60 }),
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('recorded' as const, 'current' as const),
        async ({ zone, at }, tracker, before, keptDays, steps, history) => {
          const ref = `g${String(++count)}`;
          const whole = definitionFor(ref, tracker, zone);
          let [now, id] = [at, 0];
          const add = (age: number, user: number | null, amount: number | null): ModelRow => ({
            id: ++id,
            at: Math.floor((now - age) / 1000) * 1000,
            user,
            amount,
          });
          const all = before.map(({ age, user, amount }) => add(age, user, amount));
          await store(engine.dataSource, all);
          await engine.run(whole, Payment, { now: new Date(now) });
          const sourceKeptSince = shiftDate(modelDate(now, zone), -keptDays);
          const isKept = (one: ModelRow): boolean => modelDate(one.at, zone) >= sourceKeptSince;
          const { appendOnly } = tracker;
          const definition = { ...whole, sourceKeptSince, ...(appendOnly ? {} : { history }) };
          let isRefused = false;
          for (const { rows, seconds } of [...steps, LAST_STEP]) {
            const isOpen = openSince(tracker, zone, now);
            now += seconds * 1000;
            const added = rows.map(({ age, user, amount }) => add(age, user, amount));
            all.push(...added.filter((one) => isOpen(one.at) && isKept(one)));
            await store(engine.dataSource, all.filter(isKept));
            try {
              await engine.run(definition, Payment, { now: new Date(now) });
            } catch (error) {
              if (!(error instanceof SourceGoneError)) throw error;
              isRefused = true;
              break;
            }
          }
          if (isRefused) {
            refused += 1;
            return;
          }
          compared += 1;
          for (const period of tracker.periods) {
            const expected = modelRows(all, { ...tracker, zone }, modelPeriod(period, tracker.weekStart), now);
            const found = await storedRows(engine.dataSource, database.kind, ref, period, tracker.byUser);
            expect([Period.nameOf(period), comparable(found, tracker.aggregate)]).toEqual([
              Period.nameOf(period),
              comparable(expected, tracker.aggregate),
            ]);
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(refused / 2);
  }, 240_000);
});
