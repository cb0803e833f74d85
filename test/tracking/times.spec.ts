import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period } from '../../lib/time/period.js';
import { localDateAt } from '../../lib/time/time-zone.js';
import { describeOnEachDatabase, describeOnPairs } from '../support/databases.js';
import { Engine } from '../support/engine.js';
import { Buyer, Chance, openShop, Sale, SHOP } from './shop.js';
import { CHANGES, HOUR, salesAbout, soldRows } from './shop-buckets.js';
import {
  clear,
  ENTITIES,
  expectCounted,
  type Found,
  type Grouping,
  GROUPINGS,
  QUARTER,
  sell,
  STATISTICS,
  stored,
  TIMES,
  trackerOf,
} from './time-trackers.js';

/** Checks that the values of shorter periods add up to those of longer ones, of metrics that add up. */
async function expectSums(engine: Engine, zone: string): Promise<void> {
  const days = await stored(engine, StatisticByDate, Period.DAY);
  const quarters = await stored(engine, StatisticByTime, QUARTER);
  const hours = await stored(engine, StatisticByTime, Period.HOUR);
  const dateOf = (moment: string | number): string => localDateAt(new Date(Number(moment) * 1000), zone);
  const sums = (found: readonly Found[]): Record<string, number> => {
    const byDate: Record<string, number> = {};
    for (const [ref, , moment, value] of found) {
      if (ref !== 'all' && ref !== 'items') continue;
      const date = typeof moment === 'number' ? dateOf(moment) : moment;
      byDate[`${ref} ${date}`] = (byDate[`${ref} ${date}`] ?? 0) + (value ?? 0);
    }
    return byDate;
  };
  expect(Object.keys(sums(days)).length).toBeGreaterThan(5);
  expect(sums(hours)).toEqual(sums(days));
  expect(sums(quarters)).toEqual(sums(days));
}

/** The changes about which each grouping is counted. */
const ABOUT: Readonly<Record<Grouping, readonly number[]>> = {
  total: [0, 2, 4, 5, 7],
  objects: [3],
  countries: [1],
};

describeOnEachDatabase('runs of periods of less than a day', (database) => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.on(await database.open({ entities: ENTITIES }));
    await openShop(engine.dataSource);
  });

  beforeEach(() => clear(engine));

  describe.each(Object.keys(GROUPINGS) as Grouping[])('by %s', (grouping) => {
    it.each(CHANGES.filter((_, place) => ABOUT[grouping].includes(place)))(
      'of %s about %s: first, further, and again',
      async (zone, instant) => {
        const change = new Date(instant);
        const chance = new Chance(change.getTime() % 1_000_003);
        const definition = trackerOf(grouping, zone, [Period.DAY, ...TIMES]);
        const periods = [Period.DAY, ...TIMES];
        await sell(engine, salesAbout(change, chance));
        for (const hours of [-1, 70]) {
          const now = new Date(change.getTime() + hours * HOUR);
          await engine.run(definition, Sale, { now });
          const rows = (await soldRows(engine.source)).filter(({ at }) => at <= now);
          await expectCounted(engine, grouping, zone, rows, periods);
          if (grouping !== 'countries') await expectSums(engine, zone);
          expect(await engine.run(definition, Sale, { now })).toMatchObject({ written: 0, removed: 0 });
          expect(await engine.verify(definition, Sale)).toEqual([]);
        }
      },
    );
  });
});

describeOnPairs('statistics by buckets of a source in another database', (here, there) => {
  let engine: Engine;

  beforeAll(async () => {
    const source = await there.open({ entities: SHOP });
    engine = await Engine.on(await here.open({ entities: [...STATISTICS, Buyer] }), source);
    await openShop(source);
  });

  it('are those of one database, run after run', async () => {
    const [zone, instant] = CHANGES[2] as (typeof CHANGES)[number];
    const change = new Date(instant);
    const definition = trackerOf('objects', zone, [Period.DAY, ...TIMES]);
    await clear(engine);
    await sell(engine, salesAbout(change, new Chance(7)));
    for (const hours of [1, 50]) {
      const now = new Date(change.getTime() + hours * HOUR);
      await engine.run(definition, Sale, { now });
      const rows = (await soldRows(engine.source)).filter(({ at }) => at <= now);
      await expectCounted(engine, 'objects', zone, rows, [Period.DAY, ...TIMES]);
      expect(await engine.run(definition, Sale, { now })).toMatchObject({ written: 0, removed: 0 });
      expect(await engine.verify(definition, Sale)).toEqual([]);
    }
  }, 60_000);
});
