import fc from 'fast-check';
import type { MetricDefinition } from '../../lib/catalog/definitions.js';
import { isTimePeriod, Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, type OneMetric, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { Kill, unlessKilled } from './killed.js';
import { modelDate, modelRows, type ModelRow, shiftDate } from './model.js';
import {
  beginning,
  comparable,
  definitionFor,
  type GivenTracker,
  givenTracker,
  Member,
  modelPeriod,
  openSince,
  Payment,
  RUNS,
  secondsUntilRun,
  store,
  storedRows,
} from './payments.js';

/** How far the clocks of replicas are from the time, in ms. */
const MOST_SKEW = 300_000;

/** One turn of an application's life: rows come, go and move, time passes, the tracker runs. */
const step = fc.record({
  inserts: fc.array(
    fc.record({
      // seconds from now; some lie in the future
      offset: fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: -6 * 86_400, max: 0 }) },
        { weight: 3, arbitrary: fc.integer({ min: -3_600, max: 0 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * 86_400 }) },
      ),
      ms: fc.constantFrom(0, 0, 0, 1, 999),
      user: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null, freq: 6 }),
      amount: fc.option(fc.integer({ min: -500, max: 500 }), { nil: null, freq: 5 }),
    }),
    { maxLength: 8 },
  ),
  deletes: fc.array(fc.nat(30), { maxLength: 4 }),
  moves: fc.array(
    fc.record({
      row: fc.nat(30),
      offset: fc.integer({ min: -3 * 86_400, max: 0 }),
      user: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
    }),
    { maxLength: 2 },
  ),
  // the process is killed after so many statements, and another one runs the tracker
  killedAfter: fc.option(fc.nat(16), { freq: 2 }),
  // how far its clock is from the others', in ms, where replicas take turns
  skew: fc.oneof(fc.constant(0), fc.integer({ min: -MOST_SKEW, max: MOST_SKEW })),
  // seconds until the run
  seconds: secondsUntilRun,
});

describeOnEachDatabase('rollup', (database) => {
  let engines: Engine[];
  let engine: Engine;
  let count = 0;

  beforeAll(async () => {
    const dataSource = await database.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member, Payment] });
    engine = await Engine.on(dataSource);
    engines = [engine, database.kind === 'postgres' ? await Engine.on(dataSource, dataSource, true) : engine];
    await engine.dataSource.getRepository(Member).insert([1, 2, 3, 4].map((id) => ({ id })));
  });

  /** A run that is killed changes no row. */
  async function kill(definition: OneMetric, now: Date, after: number): Promise<void> {
    const ref = (definition.metric as MetricDefinition).ref;
    const stored = (): Promise<unknown> =>
      Promise.all(
        definition.periods.map((period) =>
          storedRows(engine.dataSource, database.kind, ref, period, definition.target.kind !== 'total'),
        ),
      );
    const before = await stored();
    const result = await unlessKilled(engine.run(definition, Payment, { now, cancellation: new Kill(after) }));
    if (result === null) expect(await stored()).toEqual(before);
  }

  test('any sequence of inserts, deletions, moves, kills and runs ends as a fresh computation does', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        givenTracker,
        fc.array(step, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        async ({ zone, at }, given, steps, hasReplicas, isDistributed) => {
          engine = engines[Number(isDistributed)] as Engine;
          const ref = `m${String(++count)}`;
          const definition = definitionFor(ref, given, zone);
          let rows: ModelRow[] = [];
          let now = at;
          // the instant of the last run
          let ran = -Infinity;
          let id = 0;
          // what the next run looks at again
          let isOpen: (at: number) => boolean = () => true;
          for (const { inserts, deletes, moves, killedAfter, skew, seconds } of steps) {
            const mayTouch = (row: { at: number }): boolean => isOpen(row.at);
            now += seconds * 1000;
            for (const { offset, ms, user, amount } of inserts) {
              const row = { id: ++id, at: Math.floor(now / 1000 + offset) * 1000 + ms, user, amount };
              if (mayTouch(row)) rows.push(row);
            }
            rows = rows.filter((row, index) => !deletes.includes(index) || !mayTouch(row));
            for (const { row: index, offset, user } of moves) {
              const row = rows[index];
              const moved = Math.floor(now / 1000 + offset) * 1000;
              if (row !== undefined && mayTouch(row) && mayTouch({ at: moved }))
                Object.assign(row, { at: moved, user });
            }
            await store(engine.dataSource, rows);
            const clock = new Date(hasReplicas ? now + skew : now);
            if (killedAfter !== null) await kill(definition, clock, killedAfter);
            await engine.run(definition, Payment, { now: clock });
            ran = instantOfRun(given, zone, clock.getTime(), ran);
            isOpen = openSince(given, zone, hasReplicas ? now + MOST_SKEW : now);
          }
          for (const period of given.periods) {
            const expected = modelRows(rows, { ...given, zone }, modelPeriod(period, given.weekStart), ran);
            const found = await storedRows(engine.dataSource, database.kind, ref, period, given.byUser);
            expect([Period.nameOf(period), comparable(found, given.aggregate)]).toEqual([
              Period.nameOf(period),
              comparable(expected, given.aggregate),
            ]);
          }
          expect(await engine.run(definition, Payment, { now: new Date(ran) })).toMatchObject({
            written: 0,
            removed: 0,
          });
          expect(await engine.verify(definition, Payment)).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  }, 240_000);
});

/**
 * The instant for which a run counts. A later one of another replica is taken instead, where a day or hours of it would
 * be lost.
 */
function instantOfRun(given: GivenTracker, zone: string, clock: number, before: number): number {
  if (before < clock) return clock;
  const [date, other] = [modelDate(clock, zone), modelDate(before, zone)];
  const isTaken = other === shiftDate(date, 1) || (other === date && given.periods.some(isTimePeriod));
  return isTaken ? Math.max(clock, before) : clock;
}
