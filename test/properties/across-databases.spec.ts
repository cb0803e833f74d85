import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { modelRows, type ModelRow } from './model.js';
import {
  beginning,
  comparable,
  definitionFor,
  givenTracker,
  Member,
  modelPeriod,
  Payment,
  RUNS,
  store,
  storedRows,
} from './payments.js';

const payments = fc.array(
  fc.record({
    second: fc.integer({ min: 0, max: 20 * 86_400 }),
    user: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null, freq: 6 }),
    amount: fc.option(fc.integer({ min: -500, max: 500 }), { nil: null, freq: 5 }),
  }),
  { maxLength: 20 },
);

type Payments = typeof payments extends fc.Arbitrary<infer T> ? T : never;

describeOnEachDatabase('statistics', (here) => {
  describeOnEachDatabase('of a source', (there) => {
    let engine: Engine;
    let count = 0;

    beforeAll(async () => {
      const source = await there.open({ entities: [Member, Payment] });
      const statistics = await here.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member] });
      engine = await Engine.on(statistics, source);
    });

    test('are those of one database, run after run', async () => {
      await fc.assert(
        fc.asyncProperty(
          beginning,
          givenTracker,
          fc.array(payments, { minLength: 1, maxLength: 3 }),
          async ({ zone, at }, given, batches) => {
            const ref = `${there.kind}_${String(++count)}`;
            // everything is open, however it is said
            const lookbackMs = typeof given.lookbackMs === 'number' ? 40 * 86_400_000 : null;
            const definition = definitionFor(ref, { ...given, lookback: 40, lookbackMs, appendOnly: false }, zone);
            let rows: ModelRow[] = [];
            let now = at;
            for (const batch of batches) {
              now += 30 * 3_600_000;
              rows = rowsOf(batch, now);
              await store(engine.source, rows);
              await engine.run(definition, Payment, { now: new Date(now) });
            }
            for (const period of given.periods) {
              const expected = modelRows(rows, { ...given, zone }, modelPeriod(period, given.weekStart), now);
              const found = await storedRows(engine.dataSource, here.kind, ref, period, given.byUser);
              expect([Period.nameOf(period), comparable(found, given.aggregate)]).toEqual([
                Period.nameOf(period),
                comparable(expected, given.aggregate),
              ]);
            }
            expect(await engine.run(definition, Payment, { now: new Date(now) })).toMatchObject({
              written: 0,
              removed: 0,
            });
            expect(await engine.verify(definition, Payment)).toEqual([]);
          },
        ),
        { numRuns: Math.ceil(RUNS / 10) },
      );
    }, 240_000);
  });
});

function rowsOf(batch: Payments, now: number): ModelRow[] {
  return batch.map(({ second, user, amount }, index) => ({ id: index + 1, at: now - second * 1000, user, amount }));
}
