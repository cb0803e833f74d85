import { IsNull, MoreThan } from 'typeorm';
import { type AggregateFunction, AGGREGATES } from '../../lib/catalog/aggregates.js';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { InvalidRangeError } from '../../lib/errors/run.error.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import { bucketStart, isTimePeriod, type Period, periodKind } from '../../lib/time/period.js';
import type { TrackerDefinition, TrackerEntry } from '../../lib/tracking/definition/tracker-definition.js';
import type { ScrubState } from '../../lib/tracking/running/tracker.scrubber.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { asTracker, Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { modelDate, modelRows, type ModelRow, type ModelRows, shiftDate } from './model.js';
import {
  anyPeriod,
  beginning,
  comparable,
  definitionFor,
  type GivenTracker,
  lookbackMsOf,
  Member,
  modelPeriod,
  openSince,
  Payment,
  rounded,
  RUNS,
  secondsUntilRun,
  shortLookback,
  store,
  storedRows,
  timePeriod,
} from './payments.js';

const DAY_MS = 86_400_000;
const DOMAIN = defineDomain({ ref: 'property' });

/** Conditions of a metric, and the same of a row of the model. */
const CONDITIONS = {
  all: { where: null, meets: () => true },
  paid: { where: { amount: MoreThan('0') }, meets: ({ amount }: ModelRow) => amount !== null && amount > 0 },
  open: { where: { amount: IsNull() }, meets: ({ amount }: ModelRow) => amount === null },
} as const;

const row = fc.record({
  /** ms before the time of the step */
  age: fc.oneof(
    fc.integer({ min: -DAY_MS, max: 3600_000 }),
    fc.integer({ min: 0, max: 5 * DAY_MS }),
    fc.integer({ min: 0, max: 70 * DAY_MS }),
  ),
  user: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null, freq: 6 }),
  amount: fc.option(fc.integer({ min: -500, max: 500 }), { nil: null, freq: 4 }),
});

/** What is drawn for each metric. Its periods are some of those of the tracker. */
const measure = fc.record({
  aggregate: fc.constantFrom(...(Object.keys(AGGREGATES) as AggregateFunction[])),
  condition: fc.constantFrom('all' as const, 'paid' as const, 'open' as const),
  density: fc.constantFrom('daily' as const, 'changes' as const),
  has: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  /** the days for which its periods are kept, beyond the least; null: for ever */
  keep: fc.array(fc.option(fc.nat(20), { nil: null, freq: 2 }), { minLength: 4, maxLength: 4 }),
});

const given = fc.record({
  periods: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: anyPeriod }, timePeriod), {
        minLength: 1,
        maxLength: 4,
      }),
    },
    { weight: 1, arbitrary: fc.uniqueArray(timePeriod, { minLength: 1, maxLength: 3 }) },
  ),
  measures: fc.array(measure, { minLength: 1, maxLength: 2 }),
  byUser: fc.boolean(),
  withTotal: fc.boolean(),
  weekStart: fc.constantFrom('monday' as const, 'sunday' as const, 'saturday' as const),
  lookback: fc.integer({ min: 0, max: 3 }),
  lookbackMs: shortLookback,
  appendOnly: fc.boolean(),
  history: fc.constantFrom('recorded' as const, 'current' as const),
  /** days before the story */
  since: fc.option(fc.integer({ min: -5, max: 40 }), { nil: null, freq: 2 }),
});
type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;

/** Time passes, a range is counted again, rows come, go and change, and the tracker runs with some of its periods. */
const step = fc.record({
  seconds: secondsUntilRun,
  range: fc.option(fc.record({ back: fc.nat(12), days: fc.option(fc.nat(6), { nil: null }) }), { nil: null, freq: 2 }),
  inserts: fc.array(row, { maxLength: 5 }),
  deletes: fc.array(fc.nat(20), { maxLength: 2 }),
  changes: fc.array(fc.record({ place: fc.nat(20), to: row }), { maxLength: 2 }),
  without: fc.option(fc.array(fc.nat(3), { minLength: 1, maxLength: 2 }), { nil: null, freq: 2 }),
  scrubs: fc.boolean(),
});

/** A metric of the tracker. */
interface Measured extends GivenTracker {
  readonly ref: string;
  readonly keep: ReadonlyMap<Period, number>;
  readonly meets: (row: ModelRow) => boolean;
  readonly where: TrackerEntry['where'];
}

let count = 0;

/** The metrics that are drawn. Each has a period at least. */
function measuredOf({ measures, periods, ...tracker }: Given): Measured[] {
  const number = String(++count);
  const least = Math.max(tracker.lookback, Math.ceil((tracker.lookbackMs ?? 0) / DAY_MS)) + 2;
  return measures.map(({ aggregate, condition, density, has, keep }, place) => {
    const some = periods.filter((_, index) => has[index] === true);
    const own = some.length === 0 ? periods.slice(0, 1) : some;
    return {
      ...{ ...tracker, aggregate, density, periods: own, ref: `o${number}_${String(place)}` },
      keep: new Map(
        own.flatMap((period, index) => {
          const days = keep[index] ?? null;
          return days === null ? [] : [[period, days + least] as const];
        }),
      ),
      ...CONDITIONS[condition],
    };
  });
}

/** The tracker with some of its periods. A metric without any is left out; null if none is left. */
function trackerOf(
  given: Given,
  measured: readonly Measured[],
  zone: string,
  since: LocalDate | null,
  without: readonly Period[] = [],
): TrackerDefinition | null {
  const { byUser, withTotal, history, appendOnly } = given;
  const entries = measured.flatMap(({ ref, where, keep, ...one }): TrackerEntry[] => {
    const periods = one.periods.filter((period) => !without.includes(period));
    const [entry] = asTracker(definitionFor(ref, one, zone)).entries;
    if (periods.length === 0 || entry === undefined) return [];
    const kept = new Map([...keep].filter(([period]) => periods.includes(period)));
    return [{ ...entry, metric: defineMetric({ domain: DOMAIN, ref }), where, periods, keep: kept }];
  });
  const [first] = measured;
  if (first === undefined || entries.length === 0) return null;
  return {
    ...asTracker(definitionFor(first.ref, first, zone)),
    entries,
    where: null,
    withTotal: byUser && withTotal,
    // the periods that are left decide nothing
    lookbackMs: lookbackMsOf(given),
    since,
    history,
    // a source that only grows has nothing to follow
    scrub: history === 'current' && !appendOnly ? { days: 20, every: 60_000 } : null,
  };
}

/** The value of each series on each date from one on: a row holds until the next one. */
function held(rows: ModelRows, aggregate: AggregateFunction, from: string, today: string): [string, string | null][] {
  const nothing = ['count', 'sum', 'countDistinct'].includes(aggregate) ? '0' : null;
  const found: [string, string | null][] = [];
  const [first = today] = [...rows.keys()].map((key) => key.slice(0, 10)).sort();
  for (const object of ['', '1', '2', '3']) {
    let value = nothing;
    for (let date = first; date <= today; date = shiftDate(date, 1)) {
      const row = rows.get(`${date}|${object}`);
      if (row !== undefined) value = rounded(row, aggregate);
      if (date >= from && value !== nothing) found.push([`${date}|${object}`, value]);
    }
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

describeOnEachDatabase('a tracker with any options', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.on(
      await database.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member, Payment] }),
    );
    await engine.dataSource.getRepository(Member).insert([1, 2, 3].map((id) => ({ id })));
  });

  /** Every value that is kept is that of the rows, and none is older. */
  async function expectCounted(
    rows: readonly ModelRow[],
    given: Given,
    measured: readonly Measured[],
    { zone, now, since }: { zone: string; now: number; since: LocalDate | null },
  ): Promise<void> {
    const today = modelDate(now, zone);
    for (const one of measured) {
      for (const period of one.periods) {
        const days = one.keep.get(period);
        const isBucket = periodKind(period) === 'bucket';
        const startIn = (date: string): string =>
          isBucket && !isTimePeriod(period) ? bucketStart(period, date, given.weekStart) : date;
        const from = [since ?? '', days === undefined ? '' : startIn(shiftDate(today, 1 - days))].sort()[1] ?? '';
        for (const byUser of given.byUser && given.withTotal ? [true, false] : [given.byUser]) {
          // of members by the total, and of amounts by the member
          if (byUser !== given.byUser && one.aggregate === 'countDistinct') continue;
          // with one density for both
          const of = { ...one, byUser, zone };
          const expected = modelRows(rows.filter(one.meets), of, modelPeriod(period, given.weekStart), now);
          const found = await storedRows(engine.dataSource, database.kind, one.ref, period, byUser);
          const dateOf = (key: string): string =>
            isTimePeriod(period) ? modelDate(Number(key.split('|')[0]) * 1000, zone) : key.slice(0, 10);
          const label = `${one.ref} ${String(period)} ${byUser ? 'by member' : 'in all'}`;
          expect([label, [...found.keys()].filter((key) => dateOf(key) < from)]).toEqual([label, []]);
          const [a, b] = isBucket
            ? [found, new Map([...expected].filter(([key]) => dateOf(key) >= from))].map((all) =>
                comparable(all, one.aggregate),
              )
            : [found, expected].map((all) => held(all, one.aggregate, from, today));
          expect([label, a]).toEqual([label, b]);
        }
      }
    }
  }

  test('has the values of the rows, whatever its periods were and whatever was counted again', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        given,
        fc.array(row, { maxLength: 8 }),
        fc.array(step, { minLength: 1, maxLength: 4 }),
        async ({ zone, at }, given, before, steps) => {
          const measured = measuredOf(given);
          const since = given.since === null ? null : shiftDate(modelDate(at, zone), -given.since);
          const whole = trackerOf(given, measured, zone, since) as TrackerDefinition;
          const follows = whole.scrub !== null;
          let [now, id] = [at, 0];
          const drawn = ({ age, user, amount }: (typeof before)[number]): Omit<ModelRow, 'id'> => ({
            at: Math.floor((now - age) / 1000) * 1000,
            user,
            amount,
          });
          let rows: ModelRow[] = before.map((one) => ({ id: ++id, ...drawn(one) }));
          let state: ScrubState = { through: null, at: null };
          const run = async (definition: TrackerDefinition, scrubs: boolean): Promise<void> => {
            const instant = new Date(now);
            const scrubbed = follows && scrubs ? await engine.scrub(definition, Payment, instant, state) : null;
            await engine.run(definition, Payment, { now: instant, recount: scrubbed?.recount });
            state = scrubbed?.state ?? state;
          };
          await store(engine.dataSource, rows);
          await run(whole, false);
          let isOpen = openSince(given, zone, now);
          let left: Period[] = [];
          for (const { seconds, range, inserts, deletes, changes, without, scrubs } of steps) {
            now += seconds * 1000;
            // a range moves the last covered date, from which the lookback of a period that is left out is counted
            if (range !== null && left.length === 0) {
              const from = shiftDate(modelDate(now, zone), -range.back);
              const to = range.days === null ? undefined : shiftDate(from, range.days);
              try {
                await engine.run(whole, Payment, { now: new Date(now), from, to });
                const [wasOpen, isLeft] = [isOpen, openSince(given, zone, now)];
                isOpen = (at) => wasOpen(at) && isLeft(at);
              } catch (error) {
                if (!(error instanceof InvalidRangeError)) throw error;
              }
            }
            const mayTouch = ({ at }: { at: number }): boolean => follows || isOpen(at);
            rows = rows.filter((one, place) => !deletes.includes(place) || !mayTouch(one)).map((one) => ({ ...one }));
            for (const { place, to } of changes) {
              const [one, other] = [rows[place], drawn(to)];
              if (one !== undefined && mayTouch(one) && mayTouch(other)) Object.assign(one, other);
            }
            rows.push(...inserts.map((one) => ({ id: ++id, ...drawn(one) })).filter(mayTouch));
            await store(engine.dataSource, rows);
            left = (without ?? []).flatMap((place) => given.periods[place] ?? []);
            await run(trackerOf(given, measured, zone, since, left) ?? whole, scrubs);
            isOpen = openSince(given, zone, now);
          }
          await run(whole, false);
          for (let begun = 0; follows && begun < 2;) {
            const { through } = state;
            now += 61_000;
            await run(whole, true);
            if (through === null || state.through === null || state.through <= through) begun++;
          }
          await expectCounted(rows, given, measured, { zone, now, since });
        },
      ),
      { numRuns: RUNS },
    );
  }, 240_000);
});
