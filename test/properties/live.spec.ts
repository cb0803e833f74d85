import { IsNull, LessThanOrEqual, MoreThan } from 'typeorm';
import { defineDomain, defineMetric, type MetricDefinition } from '../../lib/catalog/definitions.js';
import { defineRatio } from '../../lib/catalog/derived.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { divideDecimals } from '../../lib/database/decimal.js';
import { avg, count, countDistinct, max, min, sum } from '../../lib/rollup/aggregate.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { parseLocalDate } from '../../lib/time/local-date.js';
import { isTimePeriod, Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import { TrackerRows } from '../../lib/tracking/running/tracker.rows.js';
import { TrackerResolver } from '../../lib/tracking/source/tracker.resolver.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import fc from '../support/fast-check.js';
import { LiveShop } from '../support/live.js';
import { modelDate, type ModelRow, shiftDate } from './model.js';
import {
  anyPeriod,
  beginning,
  lookbackMsOf,
  Member,
  openSince,
  Payment,
  RUNS,
  secondsUntilRun,
  shortLookback,
  store,
  timePeriod,
} from './payments.js';

const DOMAIN = defineDomain({ ref: 'live_property' });

/** Conditions of which each row meets exactly one of three, and every aggregate. */
const MEASURES: Readonly<Record<string, object>> = {
  all: { aggregate: count() },
  more: { where: { amount: MoreThan('0') } },
  less: { where: { amount: LessThanOrEqual('0') } },
  none: { where: { amount: IsNull() } },
  sum: { aggregate: sum('amount') },
  least: { aggregate: min('amount'), where: { amount: MoreThan('0') } },
  greatest: { aggregate: max('amount') },
  mean: { aggregate: avg('amount') },
  members: { aggregate: countDistinct('member'), where: { amount: MoreThan('0') } },
};
const NAMES = Object.keys(MEASURES);

const given = fc.record({
  // with DAY or without: windows continue from the stored days, or are counted
  periods: fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .uniqueArray(fc.oneof({ weight: 4, arbitrary: anyPeriod }, timePeriod), { minLength: 1, maxLength: 2 })
        .chain((some) => fc.boolean().map((withDay) => [...new Set(withDay ? [Period.DAY, ...some] : some)])),
    },
    { weight: 1, arbitrary: fc.uniqueArray(timePeriod, { minLength: 1, maxLength: 2 }) },
  ),
  kind: fc.constantFrom('date' as const, 'object' as const),
  density: fc.constantFrom('daily' as const, 'changes' as const),
  weekStart: fc.constantFrom('monday' as const, 'sunday' as const, 'saturday' as const),
  lookback: fc.integer({ min: 0, max: 4 }),
  lookbackMs: shortLookback,
});

/** Rows come and go, within the lookback, and time passes until the next run. */
const step = fc.record({
  inserts: fc.array(
    fc.record({
      offset: fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: -6 * 86_400, max: 0 }) },
        { weight: 3, arbitrary: fc.integer({ min: -3_600, max: 0 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * 86_400 }) },
      ),
      user: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null, freq: 6 }),
      amount: fc.option(fc.integer({ min: -300, max: 300 }), { nil: null, freq: 4 }),
    }),
    { maxLength: 8 },
  ),
  deletes: fc.array(fc.nat(20), { maxLength: 3 }),
  seconds: secondsUntilRun,
});

/** A row in the hour of a day that comes back after midnight, and a read once the next day is the first open one. */
const RETURNED_DAY: [Drawn<typeof beginning>, Drawn<typeof given>, Drawn<typeof step>[]] = [
  { zone: 'America/St_Johns', at: Date.parse('2006-10-29T02:31:00Z') },
  { periods: [Period.HOUR], kind: 'date', density: 'daily', weekStart: 'monday', lookback: 0, lookbackMs: null },
  [
    { inserts: [], deletes: [], seconds: 2084 },
    { inserts: [{ offset: 0, user: null, amount: null }], deletes: [], seconds: 1237 },
    { inserts: [], deletes: [], seconds: 219 },
    { inserts: [], deletes: [], seconds: 0 },
  ],
];
type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never;

describeOnEachDatabase('live reads and rows of random sources', (database) => {
  let engine: Engine;
  let rowsOf: TrackerRows;
  let story = 0;

  beforeAll(async () => {
    engine = await Engine.on(
      await database.open({ entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Member, Payment] }),
    );
    await engine.dataSource.getRepository(Member).insert([1, 2, 3].map((id) => ({ id })));
    const dataSources = new DataSources(engine.dataSource, () => []);
    const objectTypes = new ObjectTypes(dataSources);
    rowsOf = new TrackerRows(
      engine.database,
      new TrackerResolver(engine.database, dataSources, objectTypes),
      objectTypes,
    );
  });

  test('live is the value after a run, rows are as many as the value, and conditions add up', async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        given,
        fc.array(step, { minLength: 1, maxLength: 4 }),
        async ({ zone, at }, { kind, periods, weekStart, lookback, lookbackMs, ...options }, steps) => {
          const group = String(++story);
          const metric = (name: string): MetricDefinition => defineMetric({ domain: DOMAIN, ref: `${name}_${group}` });
          const share = defineRatio({ domain: DOMAIN, ref: `share_${group}`, of: metric('more'), per: metric('all') });
          const byUser = kind === 'object' ? { objectField: 'member', withTotal: true } : {};
          const metrics = NAMES.map((name) => ({ metric: metric(name), ...MEASURES[name] }));
          const short = lookbackMsOf({ periods, lookbackMs });
          const lookbackText = short === null ? lookback : `${String(short / 60_000)} minutes`;
          const calendar = { timeZone: zone, weekStart };
          const definition = defineTracker(
            { kind, name: null, type: 'Spec' },
            { dateField: 'at', period: periods, metrics, lookback: lookbackText, ...options, ...byUser },
            calendar,
          );
          const shop = new LiveShop(engine, [{ definition, source: Payment }], calendar);
          const { statistics } = shop;
          const read = async (live: boolean): Promise<unknown[]> => {
            const found: unknown[] = [];
            for (const period of periods) {
              const asked = { metrics: [...NAMES.map(metric), share], period, last: 9, exact: true, live } as const;
              const all = [
                ...(await statistics.multiSeries(asked)),
                ...(kind === 'object' ? await statistics.multiSeries({ ...asked, objectType: Member }) : []),
              ];
              for (const { key, points } of all) found.push([Period.nameOf(period), key, points]);
              if (kind !== 'object') continue;
              // one object alone is computed by other statements than all of them
              for (const name of ['all', 'mean']) {
                const ofOne = {
                  metric: metric(name),
                  period,
                  last: 9,
                  exact: true,
                  live,
                  object: objectRef(Member, 2),
                };
                found.push([Period.nameOf(period), name, await statistics.series(ofOne)]);
              }
            }
            return found;
          };
          let rows: ModelRow[] = [];
          let now = at;
          let id = 0;
          let isOpen: (at: number) => boolean = () => true;
          for (const { inserts, deletes, seconds } of steps) {
            const mayTouch = (row: { at: number }): boolean => isOpen(row.at);
            now += seconds * 1000;
            for (const { offset, user, amount } of inserts) {
              const row = { id: ++id, at: Math.floor(now / 1000 + offset) * 1000, user, amount };
              if (mayTouch(row)) rows.push(row);
            }
            rows = rows.filter((row, index) => !deletes.includes(index) || !mayTouch(row));
            await store(engine.dataSource, rows);
            shop.now = new Date(now);
            const live = await read(true);
            await shop.run();
            expect(live).toEqual(await read(false));
            isOpen = openSince({ periods, lookback, lookbackMs }, zone, now);
          }
          const today = modelDate(now, zone);
          for (const period of periods) {
            const moments = isTimePeriod(period)
              ? [new Date(now), new Date(now - 3 * 3_600_000)]
              : [parseLocalDate(today), parseLocalDate(shiftDate(today, -3))];
            for (const date of moments) {
              const value = async (name: string): Promise<string | null> =>
                statistics.value({ metric: name === 'share' ? share : metric(name), period, date, exact: true });
              const [all, more, less, none] = [
                await value('all'),
                await value('more'),
                await value('less'),
                await value('none'),
              ];
              expect(Number(more) + Number(less) + Number(none)).toBe(Number(all));
              expect(await value('share')).toBe(all === null || more === null ? null : divideDecimals(more, all, 20));
              if (all === null) continue;
              const options = { metric: metric('more'), period, date };
              expect(await rowsOf.rows(definition, Payment, options, shop.now).getCount()).toBe(Number(more));
              if (kind !== 'object') continue;
              const object = objectRef(Member, 2);
              const own = await statistics.value({ metric: metric('all'), period, date, object });
              const ofOne = { ...options, metric: metric('all'), object };
              expect(await rowsOf.rows(definition, Payment, ofOne, shop.now).getCount()).toBe(own ?? 0);
            }
          }
        },
      ),
      { numRuns: RUNS, examples: [RETURNED_DAY] },
    );
  }, 240_000);
});
