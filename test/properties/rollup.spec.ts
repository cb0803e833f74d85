import type { MetricDefinition } from '../../lib/catalog/definitions.js';
import type { Dialect } from '../../lib/database/dialects/dialect.js';
import type { Work } from '../../lib/database/work.js';
import { bucketStart, isTimePeriod, Period, periodKind } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, IS_DISTRIBUTED, type OneMetric, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
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
  timePeriod,
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

/** A tracker whose runs may count by ranges of an index: a total of all rows, of which LIFETIME counts the oldest. */
const countedByRanges: fc.Arbitrary<GivenTracker> = fc
  .record({ tracker: givenTracker, time: timePeriod })
  .map(({ tracker, time }) => ({
    ...tracker,
    aggregate: 'count',
    byUser: false,
    periods: [...new Set<Period>([Period.LIFETIME, time, ...tracker.periods])],
  }));

/** A run that does. */
const RANGES: [Drawn<typeof beginning>, GivenTracker, Drawn<typeof step>[], Record<string, boolean>, number | null] = [
  { zone: 'America/St_Johns', at: Date.parse('2006-10-29T02:31:00Z') },
  {
    aggregate: 'count',
    byUser: false,
    density: 'daily',
    periods: [Period.LIFETIME, Period.HOUR, Period.DAY],
    weekStart: 'monday',
    lookback: 1,
    appendOnly: false,
  },
  [
    {
      inserts: [-70_000, -3600, -61, -1, 0, 1, 1800].map((offset) => ({ offset, ms: 0, user: null, amount: null })),
      deletes: [],
      moves: [],
      killedAfter: null,
      skew: 0,
      seconds: 1800,
    },
  ],
  { hasReplicas: false, isDistributed: false, isRanged: true },
  null,
];
type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

describeOnEachDatabase('rollup', (database) => {
  let engines: Engine[];
  let engine: Engine;
  let count = 0;

  /** true: every run that may count by ranges of an index does so, however few rows there are */
  let isRanged = false;
  let rangedRuns = 0;
  const mayCountRanges = database.kind !== 'mariadb' && IS_DISTRIBUTED !== true;

  beforeAll(async () => {
    const dataSource = await database.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member, Payment] });
    engine = await Engine.on(dataSource);
    engines = [engine, database.kind === 'postgres' ? await Engine.on(dataSource, dataSource, true) : engine];
    countRanges(engine.database.dialect);
    await engine.dataSource.getRepository(Member).insert([1, 2, 3, 4].map((id) => ({ id })));
  });

  function countRanges(dialect: Dialect): void {
    if (!mayCountRanges) return;
    for (const ask of ['countsByIndex', 'countsRanges'] as const) {
      const asked = dialect[ask].bind(dialect) as (...given: unknown[]) => Work<boolean>;
      dialect[ask] = function* (...given: unknown[]) {
        return isRanged || (yield* asked(...given));
      };
    }
    const rangesOf = dialect.bucketRangesOf.bind(dialect);
    dialect.bucketRangesOf = (...given) => {
      rangedRuns += 1;
      return rangesOf(...given);
    };
  }

  /** A run that is killed changes no row, unless it was killed while it removed old ones: that comes after its commit. */
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
    if (result === null && definition.keep.size === 0) expect(await stored()).toEqual(before);
  }

  test('any sequence of inserts, deletions, moves, kills and runs ends as a fresh computation does', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        fc.oneof({ weight: 3, arbitrary: givenTracker }, countedByRanges),
        fc.array(step, { minLength: 1, maxLength: 5 }),
        fc.record({ hasReplicas: fc.boolean(), isDistributed: fc.boolean(), isRanged: fc.boolean() }),
        fc.option(fc.nat(5)),
        async ({ zone, at }, given, steps, { hasReplicas, isDistributed, ...ranged }, kept) => {
          engine = engines[Number(isDistributed)] as Engine;
          ({ isRanged } = ranged);
          const ref = `m${String(++count)}`;
          const keep = keepFor(given, kept);
          const definition = { ...definitionFor(ref, given, zone), keep };
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
            isOpen = openSince(given, zone, ran);
          }
          for (const period of given.periods) {
            const all = modelRows(rows, { ...given, zone }, modelPeriod(period, given.weekStart), ran);
            const since = keptSince(period, keep.get(period), given, modelDate(ran, zone));
            const expected = new Map([...all].filter(([key]) => dateOfKey(key, period, zone) >= since));
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
      { numRuns: RUNS, examples: [RANGES] },
    );
    expect(rangedRuns > 0).toBe(mayCountRanges);
  }, 240_000);
});

/** How many days of each bucket period are kept: at least what a run counts again. */
function keepFor({ periods, lookback, lookbackMs }: GivenTracker, more: number | null): ReadonlyMap<Period, number> {
  if (more === null) return new Map();
  const back = Math.max(lookback, Math.ceil((lookbackMs ?? 0) / 86_400_000));
  const buckets = periods.filter((period) => periodKind(period) === 'bucket');
  // DAY is kept as long as the others, which add its values up
  return new Map(buckets.map((period) => [period, back + 2 + more]));
}

/** The first date of which a period keeps its values, after a run on a day. */
function keptSince(period: Period, days: number | undefined, { weekStart }: GivenTracker, today: string): string {
  return days === undefined ? '' : bucketStart(period, shiftDate(today, 1 - days), weekStart);
}

function dateOfKey(key: string, period: Period, zone: string): string {
  const [moment = ''] = key.split('|');
  return isTimePeriod(period) ? modelDate(Number(moment) * 1000, zone) : moment;
}

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
