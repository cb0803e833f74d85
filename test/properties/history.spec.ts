import { type AggregateFunction, AGGREGATES } from '../../lib/catalog/aggregates.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import { bucketEnd, bucketStart, isTimePeriod, Period, periodKind } from '../../lib/time/period.js';
import type { ScrubState } from '../../lib/tracking/running/tracker.scrubber.js';
import { describeOnEachDatabase, describeOnPairs, type TestDatabase } from '../support/databases.js';
import { Engine, type OneMetric, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { Kill, unlessKilled } from './killed.js';
import { modelDate, modelRows, type ModelRow, type ModelRows, modelStart } from './model.js';
import {
  anyPeriod,
  beginning,
  comparable,
  definitionFor,
  type GivenTracker,
  Member,
  modelPeriod,
  Payment,
  RUNS,
  shortLookback,
  store,
  storedRows,
  timePeriod,
} from './payments.js';

/** How far back rows change, in days: across months, but with few slices of a scrub. */
const PAST = 75;
const SLICE = 20;
const DAY_MS = 86_400_000;

const row = fc.record({
  day: fc.integer({ min: 0, max: PAST }),
  second: fc.integer({ min: 0, max: 86_399 }),
  user: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null, freq: 6 }),
  amount: fc.option(fc.integer({ min: -500, max: 500 }), { nil: null, freq: 5 }),
});

/** One turn of an application's life: rows of any age come, go, move and change, time passes, the tracker runs. */
const step = fc.record({
  inserts: fc.array(row, { maxLength: 5 }),
  deletes: fc.array(fc.nat(20), { maxLength: 3 }),
  changes: fc.array(fc.record({ place: fc.nat(20), to: row }), { maxLength: 3 }),
  minutes: fc.oneof(
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 90 }) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }).map((hours) => hours * 60) },
  ),
  scrubs: fc.boolean(),
  killedAfter: fc.option(fc.nat(40), { freq: 3 }),
});

const given: fc.Arbitrary<GivenTracker> = fc.record({
  aggregate: fc.constantFrom(...(Object.keys(AGGREGATES) as AggregateFunction[])),
  byUser: fc.boolean(),
  density: fc.constantFrom('daily' as const, 'changes' as const),
  periods: fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .uniqueArray(fc.oneof({ weight: 3, arbitrary: anyPeriod }, timePeriod), { minLength: 0, maxLength: 3 })
        .chain((others) =>
          fc
            .subarray<Period>([Period.DAY, Period.LIFETIME], { minLength: 1 })
            .map((some) => [...new Set<Period>([...some, ...others])]),
        ),
    },
    { weight: 2, arbitrary: fc.uniqueArray(timePeriod, { minLength: 1, maxLength: 3 }) },
  ),
  weekStart: fc.constantFrom('monday' as const, 'sunday' as const, 'saturday' as const),
  lookback: fc.integer({ min: 0, max: 3 }),
  lookbackMs: shortLookback,
  appendOnly: fc.constant(false),
});

const story = fc.array(step, { minLength: 1, maxLength: 4 });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function changed(
  rows: readonly ModelRow[],
  { inserts, deletes, changes }: Step,
  now: number,
  id: () => number,
): ModelRow[] {
  const at = ({ day, second }: { day: number; second: number }): number =>
    Math.floor((now - day * DAY_MS - second * 1000) / 1000) * 1000;
  const kept = rows.filter((_, place) => !deletes.includes(place)).map((one) => ({ ...one }));
  for (const { place, to } of changes) {
    const one = kept[place];
    if (one !== undefined) Object.assign(one, { at: at(to), user: to.user, amount: to.amount });
  }
  return [...kept, ...inserts.map((one) => ({ id: id(), at: at(one), user: one.user, amount: one.amount }))];
}

let count = 0;

describeOnEachDatabase('history', (here) => {
  describe('in one database', () => {
    laws(
      here,
      async () => Engine.on(await here.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member, Payment] })),
      RUNS,
    );
  });
});

describeOnPairs('history of a source in another database', (here, there) => {
  const open = async (): Promise<Engine> => {
    const source = await there.open({ entities: [Member, Payment] });
    return Engine.on(await here.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member] }), source);
  };
  laws(here, open, Math.ceil(RUNS / 4));
});

function laws(database: TestDatabase, open: () => Promise<Engine>, numRuns: number): void {
  let engine: Engine;

  beforeAll(async () => {
    engine = await open();
  });

  const storedOf = (definition: OneMetric, ref: string, period: Period): Promise<ModelRows> =>
    storedRows(engine.dataSource, database.kind, ref, period, definition.target.kind !== 'total');

  async function everything(definition: OneMetric, ref: string): Promise<[string, [string, string | null][]][]> {
    const all: [string, [string, string | null][]][] = [];
    for (const period of definition.periods)
      all.push([Period.nameOf(period), comparable(await storedOf(definition, ref, period), 'count')]);
    return all;
  }

  test('that is current is as a fresh computation once it was scrubbed, whatever changed, though it is killed', async () => {
    await fc.assert(
      fc.asyncProperty(beginning, given, story, async ({ zone, at }, tracker, steps) => {
        const ref = `c${String(++count)}`;
        const definition = {
          ...definitionFor(ref, tracker, zone),
          history: 'current' as const,
          scrub: { days: SLICE, every: 60_000 },
        };
        let [rows, now, id]: [ModelRow[], number, number] = [[], at, 0];
        let state: ScrubState = { through: null, at: null };
        const run = async (scrubs: boolean, cancellation?: Kill): Promise<void> => {
          const instant = new Date(now);
          const scrubbed = scrubs ? await engine.scrub(definition, Payment, instant, state) : null;
          await engine.run(definition, Payment, { now: instant, recount: scrubbed?.recount, cancellation });
          state = scrubbed?.state ?? state;
        };
        for (const one of steps) {
          now += one.minutes * 60_000;
          rows = changed(rows, one, now, () => ++id);
          await store(engine.source, rows);
          const before = await everything(definition, ref);
          if (one.killedAfter !== null && (await unlessKilled(run(one.scrubs, new Kill(one.killedAfter)))) === null)
            expect(await everything(definition, ref)).toEqual(before);
          await run(one.scrubs);
          await expectAdded(definition, ref, tracker);
        }
        // one round, from wherever it is
        for (let begun = 0; begun < 2;) {
          const { through } = state;
          now += 61_000;
          await run(true);
          if (through === null || state.through === null || state.through <= through) begun++;
        }
        await expectAdded(definition, ref, tracker);
        for (const period of tracker.periods) {
          const expected = modelRows(rows, { ...tracker, zone }, modelPeriod(period, tracker.weekStart), now);
          const found = await storedOf(definition, ref, period);
          expect([Period.nameOf(period), comparable(found, tracker.aggregate)]).toEqual([
            Period.nameOf(period),
            comparable(expected, tracker.aggregate),
          ]);
        }
        expect(await engine.verify(definition, Payment)).toEqual([]);
      }),
      { numRuns },
    );
  }, 600_000);

  test('that is recorded keeps closed dates, and its drift is what LIFETIME has more than the days', async () => {
    await fc.assert(
      fc.asyncProperty(beginning, given, story, async ({ zone, at }, tracker, steps) => {
        const ref = `r${String(++count)}`;
        const definition = definitionFor(ref, tracker, zone);
        let [rows, now, id]: [ModelRow[], number, number] = [[], at, 0];
        let drift: number | null = 0;
        let last: number | null = null;
        for (const one of steps) {
          now += one.minutes * 60_000;
          rows = changed(rows, one, now, () => ++id);
          await store(engine.source, rows);
          const { lookbackMs } = definition;
          const hourOfLookback =
            lookbackMs === null || last === null ? null : modelStart(last - lookbackMs, Period.HOUR, zone);
          const before = new Map<Period, ModelRows>();
          for (const period of definition.periods) before.set(period, await storedOf(definition, ref, period));
          const { from } = await engine.run(definition, Payment, {
            now: new Date(now),
            onDrift: (report) => {
              const [found] = report.drift;
              drift = found === undefined ? 0 : found.difference === null ? null : Number(found.difference);
            },
          });
          for (const period of definition.periods) {
            const after = await storedOf(definition, ref, period);
            // a date that was not covered before is counted as a whole, and before the lookback no hour is
            const was = before.get(period) ?? new Map<string, string | null>();
            const firstStart = Math.min(...[...was.keys()].map(startOf));
            const isClosedTime = (start: number): boolean => {
              const date = modelDate(start * 1000, zone);
              const isCovered = was.size > 0 && date >= modelDate(firstStart * 1000, zone);
              return date < from || (isCovered && hourOfLookback !== null && start < hourOfLookback);
            };
            // a bucket that reaches into the range is open
            const isClosed = ([key]: [string, unknown]): boolean => {
              if (isTimePeriod(period)) return isClosedTime(startOf(key));
              const date = key.slice(0, 10) as LocalDate;
              return (periodKind(period) === 'bucket' ? bucketEnd(period, date, tracker.weekStart) : date) < from;
            };
            const ofClosed = (all: ModelRows): [string, string | null][] =>
              comparable(new Map([...all].filter(isClosed)), tracker.aggregate);
            expect([Period.nameOf(period), ofClosed(after)]).toEqual([Period.nameOf(period), ofClosed(was)]);
          }
          last = now;
          await expectAdded(definition, ref, tracker);
          await expectDrift(definition, ref, tracker, drift);
        }
      }),
      { numRuns },
    );
  }, 600_000);

  /** LIFETIME of today less the days since the first one, whose LIFETIME may count earlier rows. */
  async function expectDrift(
    definition: OneMetric,
    ref: string,
    tracker: GivenTracker,
    drift: number | null,
  ): Promise<void> {
    const hasBoth = definition.periods.includes(Period.DAY) && definition.periods.includes(Period.LIFETIME);
    if (!hasBoth || tracker.byUser || !['count', 'sum'].includes(tracker.aggregate)) return;
    const days = [...(await storedOf(definition, ref, Period.DAY))];
    const lifetime = [...(await storedOf(definition, ref, Period.LIFETIME))].sort(([a], [b]) => (a < b ? -1 : 1));
    const coverages = await engine.dataSource.getRepository(Coverage).find();
    const metric = await engine.dataSource.getRepository(Metric).findOneByOrFail({ ref });
    const covered = coverages.find((one) => one.metricId === metric.id && one.period === Period.LIFETIME);
    const first = String(covered?.from);
    const at = (date: string): number => Number(lifetime.filter(([key]) => key.slice(0, 10) <= date).at(-1)?.[1] ?? 0);
    const since = days
      .filter(([key]) => key.slice(0, 10) > first)
      .reduce((sum, [, value]) => sum + Number(value ?? 0), 0);
    expect(at('9999-12-31') - at(first) - since).toBeCloseTo(drift ?? 0, 5);
  }

  /** Buckets of less than a day add up to longer ones and to their days, days to each calendar bucket, run after run. */
  async function expectAdded(definition: OneMetric, ref: string, tracker: GivenTracker): Promise<void> {
    await expectTimesAdded(definition, ref, tracker);
    if (!definition.periods.includes(Period.DAY) || !['count', 'sum'].includes(tracker.aggregate)) return;
    const days = await storedOf(definition, ref, Period.DAY);
    for (const period of definition.periods) {
      if (periodKind(period) !== 'bucket' || period === Period.DAY || isTimePeriod(period)) continue;
      const sums = new Map<string, number>();
      const rows = [...days].map(([key, value]) => ({
        key: `${bucketStart(period, key.slice(0, 10) as LocalDate, tracker.weekStart)}${key.slice(10)}`,
        value,
      }));
      for (const { key, value } of rows) sums.set(key, (sums.get(key) ?? 0) + Number(value ?? 0));
      const buckets = await storedOf(definition, ref, period);
      const found = [...buckets].map(([key, value]) => [key, Number(value).toFixed(2)]).sort();
      const expected = [...sums].map(([key, value]) => [key, value.toFixed(2).replace('-0.00', '0.00')]).sort();
      expect([Period.nameOf(period), found]).toEqual([Period.nameOf(period), expected]);
    }
  }

  async function expectTimesAdded(definition: OneMetric, ref: string, { aggregate }: GivenTracker): Promise<void> {
    if (!['count', 'sum'].includes(aggregate)) return;
    const { timeZone, periods } = definition;
    for (const shorter of periods.filter(isTimePeriod)) {
      const rows = await storedOf(definition, ref, shorter);
      for (const longer of periods) {
        if (longer !== Period.DAY && !(isTimePeriod(longer) && longer > shorter && longer % shorter === 0)) continue;
        const momentOf = (ms: number): string =>
          longer === Period.DAY ? modelDate(ms, timeZone) : String(modelStart(ms, longer, timeZone));
        const sums = new Map<string, number>();
        for (const [key, value] of rows) {
          const [start = '', object = ''] = key.split('|');
          const sum = `${momentOf(Number(start) * 1000)}|${object}`;
          sums.set(sum, (sums.get(sum) ?? 0) + Math.round(Number(value) * 100));
        }
        const found = [...(await storedOf(definition, ref, longer))].map(
          ([key, value]) => [key, Math.round(Number(value) * 100)] as const,
        );
        expect([shorter, longer, found.sort()]).toEqual([shorter, longer, [...sums].sort()]);
      }
    }
  }
}

/** The start of the bucket that a key names, in seconds. */
function startOf(key: string): number {
  return Number(key.split('|')[0]);
}
