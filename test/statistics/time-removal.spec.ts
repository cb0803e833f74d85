import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { ORDERS, VISITS } from './setup.js';
import { OrdersByRegionAndTime, timeSetup, type TimeSetup } from './time-setup.js';

const { HOUR } = Period;
const QUARTER = Period.minutes(15);
const NOW = new Date('2026-10-27T12:00:00Z');
const PAGE = objectRef('page', 'home');
const REGION = { entity: OrdersByRegionAndTime, dimensions: { country: 'DE', shelf: 1 } };
/** Around the day with 25 hours in Berlin. */
const STARTS = [
  '2026-10-24T21:00:00.000Z',
  '2026-10-24T22:00:00.000Z',
  '2026-10-25T00:00:00.000Z',
  '2026-10-25T01:00:00.000Z',
  '2026-10-25T22:00:00.000Z',
  '2026-10-25T23:00:00.000Z',
];

describeOnEachDatabase('removing hours and minutes', (test) => {
  let s: TimeSetup;

  const left = async (
    entity = StatisticByTime as new () => StatisticByTime,
    period = HOUR as number,
  ): Promise<string[]> => {
    const rows = await s.dataSource.getRepository(entity).find({ where: { period: period as never } });
    return rows.map(({ start }) => new Date(start * 1000).toISOString()).sort();
  };
  const covered = async (): Promise<[number, string | null][]> => {
    const rows = await s.dataSource.getRepository(Coverage).find({ order: { period: 'ASC' } });
    return rows.map(({ period, from }) => [period, from]);
  };

  beforeEach(async () => {
    s = await timeSetup(test, 'Europe/Berlin', () => NOW);
    for (const at of STARTS) {
      for (const given of [
        { period: HOUR },
        { period: QUARTER },
        { period: HOUR, object: PAGE },
        { period: HOUR, ...REGION },
      ])
        await s.calls.increment({ metric: VISITS, at, ...given });
    }
    await s.calls.increment({ metric: VISITS, date: '2026-10-25' });
    await s.calls.record({ metric: ORDERS, period: HOUR, value: 1, at: STARTS[0] });
  });

  it('removes the buckets of a date, an instant and a range, of one scope and period', async () => {
    expect(await s.calls.remove({ metric: VISITS, period: HOUR, date: '2026-10-25' })).toBe(4);
    expect(await left()).toEqual([STARTS[0], STARTS[0], STARTS[5]].sort());
    expect(
      await s.calls.remove({ metric: VISITS, period: HOUR, object: PAGE, date: new Date('2026-10-25T01:30:00Z') }),
    ).toBe(1);
    expect(await left(StatisticByTimeAndObject as never)).toEqual(STARTS.filter((start) => start !== STARTS[3]));
    expect(await s.calls.remove({ metric: VISITS, period: HOUR, ...REGION, from: '2026-10-26' })).toBe(1);
    expect(await s.calls.remove({ metric: VISITS, ...REGION, to: '2026-10-24' })).toBe(1);
    expect(await left(OrdersByRegionAndTime as never)).toEqual(STARTS.slice(1, 5));
    expect(await left(StatisticByTime, QUARTER)).toEqual(STARTS);
    expect(await s.dataSource.getRepository(StatisticByDate).count()).toBe(1);
  });

  it('removes every period of a scope, with its coverage, and the keys of its increments', async () => {
    await s.calls.increment({ metric: VISITS, period: HOUR, at: STARTS[0], key: 'once' });
    await s.calls.increment({ metric: VISITS, period: HOUR, at: STARTS[0], key: 'once' });
    // six of hours, six of quarters, one of days
    expect(await s.calls.remove({ metric: VISITS })).toBe(13);
    expect(await left(StatisticByTime, QUARTER)).toEqual([]);
    expect(await s.dataSource.getRepository(StatisticByDate).count()).toBe(0);
    expect(await left(StatisticByTimeAndObject as never)).toEqual(STARTS);
    expect(await left()).toEqual([STARTS[0]]);
    expect(await covered()).toEqual([
      [3600, '2026-10-24'],
      [3600, '2026-10-24'],
    ]);
    await s.calls.increment({ metric: VISITS, period: HOUR, by: 5, at: STARTS[0], key: 'once' });
    expect(await s.calls.value({ metric: VISITS, period: HOUR, date: new Date(STARTS[0] ?? '') })).toBe(5);
  });

  it('prunes what is older than a date in the zone of the metric, in every scope', async () => {
    const old = await s.statistics.prunable({ metric: VISITS, period: HOUR, before: '2026-10-25' });
    expect(old.map(({ rows }) => rows)).toEqual([3]);
    expect(await s.calls.prune({ metric: VISITS, period: HOUR, before: '2026-10-25' })).toBe(3);
    expect(await left()).toEqual([STARTS[0], ...STARTS.slice(1)].sort());
    expect(await left(StatisticByTimeAndObject as never)).toEqual(STARTS.slice(1));
    expect(await left(OrdersByRegionAndTime as never)).toEqual(STARTS.slice(1));
    expect(await left(StatisticByTime, QUARTER)).toEqual(STARTS);
    expect(await covered()).toEqual([
      [900, '2026-10-24'],
      [3600, '2026-10-25'],
      [3600, '2026-10-25'],
      [3600, '2026-10-25'],
      [86_400, '2026-10-25'],
    ]);
    // a pruned date is unknown, not zero
    expect(await s.calls.value({ metric: VISITS, period: HOUR, date: new Date(STARTS[0] ?? '') })).toBeNull();
    // without a period, those of all: two days are kept
    const rest = await s.statistics.prunable({ metric: VISITS, keep: 2 });
    expect(rest.reduce((sum, { rows }) => sum + rows, 0)).toBe(18);
    expect(await s.calls.prune({ metric: VISITS, keep: 2 })).toBe(18);
    expect(await left(StatisticByTime, QUARTER)).toEqual([STARTS[5]]);
    expect(await s.dataSource.getRepository(StatisticByDate).find()).toEqual([]);
    expect(await s.calls.prune({ metric: VISITS, period: Period.DAY, before: '2026-10-27' })).toBe(0);
  });

  it('a metric that is removed takes its buckets along', async () => {
    await s.metrics.remove(VISITS, { statistics: true });
    expect(await left(StatisticByTime, QUARTER)).toEqual([]);
    expect(await left()).toEqual([STARTS[0]]);
  });
});
