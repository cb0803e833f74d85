import { Column, Entity, PrimaryColumn } from 'typeorm';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { InvalidTrackerError } from '../../lib/errors/tracker.error.js';
import { SourceGoneError } from '../../lib/errors/run.error.js';
import { AbstractTimeStatistic } from '../../lib/statistics/tables/abstract-time-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period } from '../../lib/time/period.js';
import { bucketAt } from '../../lib/time/time-bucket.js';
import { parseLocalDate } from '../../lib/time/local-date.js';
import { isZone, processTimeZone } from '../../lib/time/time-zone.js';
import { offsetChanges } from '../../lib/time/zone-offsets.js';
import type { TrackerDefinition } from '../../lib/tracking/definition/tracker-definition.js';
import { backfilled } from '../../lib/tracking/running/backfill.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { ObservedReads } from '../support/observed-reads.js';
import { Kill, unlessKilled } from '../properties/killed.js';
import { asTracker, definitionOf, Engine, type OneMetric } from '../support/engine.js';
import { LiveShop } from '../support/live.js';
import { openShop, Sale, SalesByCountry } from './shop.js';
import { ENTITIES, QUARTER, SalesByCountryAndTime, stored, trackerOf } from './time-trackers.js';

const domain = defineDomain({ ref: 'time_runs' });
const MINUTE = Period.minutes(1);
const { HOUR } = Period;

@Entity({ name: 'dated_thing' })
class Dated {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'date' })
  on!: string;
}

@Entity({ name: 'by_town_and_time' })
class ByTownAndTime extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar', nullable: true, length: 2 })
  town!: string | null;
}

/** An instant at which the clock of a zone is set back, or that of Berlin if it never is. */
function setBack(zone: string): number {
  const [from, to] = [Date.UTC(2026, 0, 1) / 1000, Date.UTC(2027, 0, 1) / 1000];
  const changes = isZone(zone) ? offsetChanges(zone, from, to) : [];
  const back = changes.find(({ before, after }) => after < before)?.at;
  return back === undefined ? Date.parse('2026-10-25T01:00:00Z') : back * 1000;
}

describeOnEachDatabase('a run of periods of less than a day', (database) => {
  let engine: Engine;
  let sold: number;

  beforeEach(async () => {
    engine = await Engine.on(await database.open({ entities: [...ENTITIES, Dated, ByTownAndTime] }));
    await openShop(engine.dataSource);
    sold = 0;
  });
  afterEach(() => database.clear());

  const tracker = (given: Partial<OneMetric> = {}): TrackerDefinition =>
    asTracker(
      definitionOf({
        metric: defineMetric({ domain, ref: 'sales' }),
        dateField: 'at',
        timeZone: 'Europe/Berlin',
        periods: [MINUTE],
        ...given,
      }),
    );

  /** A tracker of minutes, whose runs begin so many minutes before the last one. */
  const minutely = (minutes: number, given: Partial<OneMetric> = {}): TrackerDefinition =>
    tracker({ lookbackMs: minutes * 60_000, ...given });

  async function sell(...instants: readonly string[]): Promise<number[]> {
    const sales = instants.map((at) => ({
      id: ++sold,
      at: new Date(`${at}Z`),
      status: null,
      total: null,
      items: 1,
      buyer: { id: 1 + (sold % 3) },
    }));
    await engine.dataSource.getRepository(Sale).insert(sales);
    return sales.map(({ id }) => id);
  }

  const run = (definition: TrackerDefinition, now: string, range: { from?: string; to?: string } = {}) =>
    engine.run(definition, Sale, { now: new Date(`${now}Z`), ...range } as Parameters<Engine['run']>[2]);

  /** The values of a period by the beginning of their buckets, in UTC: `10:05`, with its date where there are several. */
  async function values(period: Period = MINUTE): Promise<Record<string, number>> {
    const found = await stored(engine, period === Period.DAY ? StatisticByDate : StatisticByTime, period);
    const named = found.map(([, , moment, value]): [string, number] => {
      const iso = typeof moment === 'number' ? new Date(moment * 1000).toISOString() : moment;
      return [iso.slice(5, 16), Number(value)];
    });
    return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async function coverage(period: Period): Promise<Partial<Coverage>> {
    const found = await engine.dataSource.getRepository(Coverage).findOneByOrFail({ period });
    return { from: found.from, through: found.through };
  }

  describe('whose lookback is a duration', () => {
    it('counts from the bucket that contains the last run less the lookback, and no earlier one', async () => {
      await sell('2026-06-10T09:58:10', '2026-06-10T10:00:30', '2026-06-10T10:04:59');
      const definition = minutely(2);
      await run(definition, '2026-06-10T10:05:30');
      expect(await values()).toEqual({ '06-10T09:58': 1, '06-10T10:00': 1, '06-10T10:04': 1 });
      // late in minutes that are counted again, and in one that is not; and new ones
      await sell('2026-06-10T10:03:00', '2026-06-10T10:02:59', '2026-06-10T10:05:10', '2026-06-10T10:06:10');
      await engine.dataSource.getRepository(Sale).delete({ id: 3 });
      const result = await run(definition, '2026-06-10T10:06:20');
      expect(result).toMatchObject({ from: '2026-06-10', through: '2026-06-10', written: 3, removed: 1 });
      expect(await values()).toEqual({
        '06-10T09:58': 1,
        '06-10T10:00': 1,
        '06-10T10:03': 1,
        '06-10T10:05': 1,
        '06-10T10:06': 1,
      });
      expect(await coverage(MINUTE)).toEqual({ from: '2026-06-10', through: '2026-06-10' });
    });

    it('counts all since the last run, over days, and the days between them', async () => {
      await sell('2026-06-10T10:00:30');
      const definition = minutely(0);
      await run(definition, '2026-06-10T10:00:40');
      await sell('2026-06-10T10:00:50', '2026-06-11T23:10:00', '2026-06-13T00:00:10', '2026-06-10T09:00:00');
      await run(definition, '2026-06-13T00:00:20');
      expect(await values()).toEqual({ '06-10T10:00': 2, '06-11T23:10': 1, '06-13T00:00': 1 });
      expect(await coverage(MINUTE)).toEqual({ from: '2026-06-10', through: '2026-06-13' });
    });

    it('begins with a bucket of every period, so that quarters make up their hours', async () => {
      const definition = minutely(5, { periods: [HOUR, Period.minutes(20), QUARTER] });
      await sell('2026-06-10T10:10:00');
      await run(definition, '2026-06-10T10:42:00');
      await sell('2026-06-10T10:01:00', '2026-06-10T10:41:00', '2026-06-10T09:59:00');
      await run(definition, '2026-06-10T10:43:00');
      expect(await values(HOUR)).toEqual({ '06-10T10:00': 3 });
      expect(await values(QUARTER)).toEqual({ '06-10T10:00': 2, '06-10T10:30': 1 });
      expect(await values(Period.minutes(20))).toEqual({ '06-10T10:00': 2, '06-10T10:40': 1 });
    });

    it('takes a later instant of another replica as its own, and loses nothing when that was far ahead', async () => {
      const definition = minutely(1);
      await sell('2026-06-10T10:00:05');
      await run(definition, '2026-06-10T10:00:30');
      // this clock is a minute behind: the bucket of the other stays
      await run(definition, '2026-06-10T09:59:50');
      expect(await values()).toEqual({ '06-10T10:00': 1 });
      await run(definition, '2026-06-10T20:00:00');
      await sell('2026-06-10T10:01:10');
      await run(definition, '2026-06-10T10:01:30');
      await sell('2026-06-10T10:02:10');
      await run(definition, '2026-06-10T10:02:30');
      expect(await values()).toEqual({ '06-10T10:00': 1, '06-10T10:01': 1, '06-10T10:02': 1 });
    });

    it('counts all since its last run, whatever range of earlier dates was asked for meanwhile', async () => {
      const definition = minutely(1);
      await sell('2026-06-09T10:00:10', '2026-06-10T08:00:10');
      await run(definition, '2026-06-10T08:00:30');
      await sell('2026-06-10T09:00:10');
      await run(definition, '2026-06-10T10:00:30', { from: '2026-06-09', to: '2026-06-09' });
      // what has come since the last run is no difference
      expect(await engine.verify(definition, Sale)).toEqual([]);
      await run(definition, '2026-06-10T10:01:30');
      expect(await values()).toEqual({ '06-09T10:00': 1, '06-10T08:00': 1, '06-10T09:00': 1 });
    });

    it('goes on where a first range has ended, though another process was killed before the rest', async () => {
      const definition = minutely(1);
      await sell('2026-06-07T10:00:10', '2026-06-08T10:00:10', '2026-06-09T10:00:10', '2026-06-10T08:00:10');
      await engine.run(definition, Sale, {
        from: parseLocalDate('2026-06-07'),
        to: parseLocalDate('2026-06-08'),
        stepOf: { from: parseLocalDate('2026-06-07') },
        now: new Date('2026-06-10T10:00:30Z'),
      });
      await run(definition, '2026-06-10T10:01:30');
      expect(await coverage(MINUTE)).toEqual({ from: '2026-06-07', through: '2026-06-10' });
      expect(await values()).toEqual({
        '06-07T10:00': 1,
        '06-08T10:00': 1,
        '06-09T10:00': 1,
        '06-10T08:00': 1,
      });
    });

    it('counts what the clock of its column shows again in a repeated hour, as TypeORM reads it', async () => {
      const definition = minutely(3);
      const change = setBack(processTimeZone());
      const at = (minutes: number): string => new Date(change + minutes * 60_000).toISOString().slice(0, -1);
      await sell(at(-50));
      for (const minutes of [-5, 0, 20, 59, 60]) {
        await sell(at(minutes + 0.1));
        await run(definition, at(minutes + 0.5));
        const read = await engine.dataSource.getRepository(Sale).find();
        const counts: Record<string, number> = {};
        for (const { at: instant } of read) {
          const { start } = bucketAt({ zone: 'Europe/Berlin', length: 60 }, instant.getTime() / 1000);
          const name = new Date(start * 1000).toISOString().slice(5, 16);
          counts[name] = (counts[name] ?? 0) + 1;
        }
        expect([minutes, await values()]).toEqual([minutes, counts]);
      }
    });

    it('counts whole days that come before what is covered, where late rows are found there', async () => {
      const definition = minutely(36 * 60);
      await sell('2026-06-10T10:00:30');
      await run(definition, '2026-06-10T10:00:40');
      await sell('2026-06-09T01:00:30', '2026-06-08T22:30:00');
      await run(definition, '2026-06-10T10:01:40');
      // from 00:00 in Berlin on
      expect(await values()).toEqual({ '06-08T22:30': 1, '06-09T01:00': 1, '06-10T10:00': 1 });
      expect(await coverage(MINUTE)).toEqual({ from: '2026-06-09', through: '2026-06-10' });
    });

    it('counts the minutes of tomorrow that a clock showed before it was set back over midnight', async () => {
      const definition = minutely(1, { periods: [HOUR], timeZone: 'America/St_Johns' });
      // at 00:00:59 there, two seconds before it is 23:01 of the day before
      await sell('2006-10-29T02:30:59');
      await run(definition, '2006-10-29T02:31:00');
      await run(definition, '2006-10-29T02:32:00');
      expect(await values(HOUR)).toEqual({});
      await run(definition, '2006-10-30T02:32:00');
      expect(await values(HOUR)).toEqual({ '10-29T02:30': 1 });
    });

    it('counts the rest of a day that comes again after minutes of tomorrow', async () => {
      // where it is 00:01 at 03:01, and then 23:01 of the day before
      const definition = minutely(1, { periods: [HOUR], timeZone: 'America/Goose_Bay' });
      await run(definition, '2006-10-29T03:01:30');
      await sell('2006-10-29T03:40:00');
      await run(definition, '2006-10-29T04:01:00');
      expect(await values(HOUR)).toEqual({ '10-29T03:01': 1 });
    });

    it('is killed before any of its statements, and another replica makes up for it', async () => {
      const definition = minutely(5);
      await sell('2026-06-10T10:00:30');
      await run(definition, '2026-06-10T10:00:40');
      let isDone = false;
      for (let statements = 0; !isDone; statements++) {
        // the other one's clock is twenty seconds ahead, so that this one's may be behind its last run
        const now = Date.parse('2026-06-10T10:01:00Z') + statements * 15_000;
        const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString().slice(0, -1);
        await sell(at(-1), at(-200));
        const before = [await values(), await coverage(MINUTE)];
        const work = engine.run(definition, Sale, { now: new Date(now), cancellation: new Kill(statements) });
        isDone = (await unlessKilled(work)) !== null;
        if (!isDone) expect([await values(), await coverage(MINUTE)]).toEqual(before);
        await run(definition, at(20));
        const counted = Object.values(await values()).reduce((a, b) => a + b, 0);
        expect([statements, counted]).toEqual([statements, sold]);
      }
      expect(await engine.verify(definition, Sale)).toEqual([]);
    });

    // PostgreSQL's plans are in test/database/plans.postgres.spec.ts
    if (database.kind === 'postgres') return;
    it('reads the rows of its lookback by the index, however many there are', async () => {
      const reads = await ObservedReads.open(database, ENTITIES);
      const { dataSource } = reads;
      const single = await Engine.on(dataSource);
      // two a minute, over two days
      const newest = Date.parse('2026-06-10T10:00:00Z');
      const sales = Array.from({ length: 6000 }, (_, index) => ({
        ...{ id: 1 + index, at: new Date(newest - index * 30_000), status: null, total: null, items: 1 },
        buyer: { id: 1 },
      }));
      for (let first = 0; first < sales.length; first += 2000) {
        await dataSource.getRepository(Sale).insert(sales.slice(first, first + 2000));
      }
      await reads.analyse('metrics_order');
      const definition = minutely(5);
      await single.run(definition, Sale, { now: new Date(newest - 60_000) });
      await reads.reset();
      expect(await single.run(definition, Sale, { now: new Date(newest) })).toMatchObject({ from: '2026-06-10' });
      const rowsRead = await reads.rowsRead();
      if (rowsRead !== null) {
        // the rows of seven minutes, and those of small tables
        expect(rowsRead).toBeGreaterThan(2 * 6);
        expect(rowsRead).toBeLessThan(500);
        return;
      }
      const scans = await reads.stepsOf('metrics_order', /Sale/);
      // those that check the form of dates, from the day before on and of no date, and the one that counts
      expect(scans.map((scan) => /^SEARCH Sale USING .*INDEX \w+ (.*)$/.exec(scan)?.[1])).toEqual([
        '(at>?)',
        '(at<?)',
        '(at>? AND at<?)',
      ]);
      const counted = reads.statementsOf('metrics_order').find((text) => text.includes('COUNT(*)'));
      expect(counted).toContain(`source.at >= '2026-06-10 09:54' AND source.at < '2026-06-10 10:00:00.001'`);
    });
  });

  describe('beside days', () => {
    const both = (given: Partial<OneMetric> = {}): TrackerDefinition =>
      tracker({ periods: [Period.DAY, HOUR], ...given });

    it('counts the same dates again, also those of an open month', async () => {
      const definition = both({ periods: [Period.DAY, HOUR, Period.CALENDAR_MONTH] });
      await sell('2026-06-02T10:00:00', '2026-06-20T10:00:00');
      await run(definition, '2026-06-20T11:00:00');
      await sell('2026-06-03T10:30:00', '2026-06-01T08:00:00');
      await run(definition, '2026-06-21T11:00:00');
      expect(await values(HOUR)).toEqual({
        '06-01T08:00': 1,
        '06-02T10:00': 1,
        '06-03T10:00': 1,
        '06-20T10:00': 1,
      });
      expect(await values(Period.DAY)).toEqual({ '06-01': 1, '06-02': 1, '06-03': 1, '06-20': 1 });
      expect(await coverage(HOUR)).toEqual(await coverage(Period.DAY));
    });

    it('keeps hours for fewer days, and their days for ever', async () => {
      const definition = both({ keep: new Map([[HOUR, 3]]) });
      await sell('2026-06-01T10:00:00', '2026-06-07T22:30:00', '2026-06-08T21:59:00', '2026-06-10T10:00:00');
      await run(definition, '2026-06-10T11:00:00');
      // three days of Berlin, which begin at 22:00 UTC
      expect(await values(HOUR)).toEqual({ '06-07T22:00': 1, '06-08T21:00': 1, '06-10T10:00': 1 });
      expect(Object.values(await values(Period.DAY))).toHaveLength(3);
      await sell('2026-06-11T10:00:00');
      expect(await run(definition, '2026-06-11T11:00:00')).toMatchObject({ removed: 2 });
      expect(await values(HOUR)).toEqual({ '06-10T10:00': 1, '06-11T10:00': 1 });
      expect(await coverage(HOUR)).toEqual({ from: '2026-06-09', through: '2026-06-11' });
      expect(await coverage(Period.DAY)).toEqual({ from: '2026-06-01', through: '2026-06-11' });
      expect(await engine.verify(definition, Sale)).toEqual([]);
    });

    it('computes hours that are added later from the first row on', async () => {
      await sell('2026-06-01T10:00:00', '2026-06-10T10:00:00');
      await run(both({ periods: [Period.DAY] }), '2026-06-10T11:00:00');
      await run(both(), '2026-06-10T11:00:00');
      expect(await values(HOUR)).toEqual({ '06-01T10:00': 1, '06-10T10:00': 1 });
    });

    it('counts months of a source with an index on its date', async () => {
      await sell('2026-01-01T10:00:00', '2026-01-01T10:10:00', '2026-06-10T10:00:00');
      await run(both(), '2026-06-10T11:00:00');
      expect(await values(HOUR)).toEqual({ '01-01T10:00': 2, '06-10T10:00': 1 });
      expect(await values(Period.DAY)).toEqual({ '01-01': 2, '06-10': 1 });
      expect(await engine.verify(both(), Sale)).toEqual([]);
    });

    it('counts nothing before `since`, also where a lookback reaches further', async () => {
      const since = parseLocalDate('2026-06-05');
      const definition = both({ since, periods: [Period.DAY, HOUR, QUARTER], lookback: 4 });
      // 00:00 in Berlin is 22:00 of the day before
      await sell('2026-06-04T21:59:59', '2026-06-04T22:00:00', '2026-06-06T10:20:00');
      await run(definition, '2026-06-06T11:00:00');
      await sell('2026-06-04T21:30:00', '2026-06-04T22:20:00');
      await run(definition, '2026-06-06T12:00:00');
      await run(definition, '2026-06-06T12:00:00', { from: '2026-06-01' });
      expect(await values(QUARTER)).toEqual({ '06-04T22:00': 1, '06-04T22:15': 1, '06-06T10:15': 1 });
      expect(await values(HOUR)).toEqual({ '06-04T22:00': 2, '06-06T10:00': 1 });
      expect(await values(Period.DAY)).toEqual({ '06-05': 2, '06-06': 1 });
      expect(await coverage(HOUR)).toEqual({ from: '2026-06-05', through: '2026-06-06' });
      expect(await engine.verify(definition, Sale)).toEqual([]);
    });

    it('of minutes alone counts nothing before `since` either', async () => {
      const definition = minutely(48 * 60, { since: parseLocalDate('2026-06-05') });
      await sell('2026-06-05T10:00:00');
      await run(definition, '2026-06-05T11:00:00');
      await sell('2026-06-04T21:59:00', '2026-06-04T22:00:00');
      await run(definition, '2026-06-05T11:01:00');
      expect(await values()).toEqual({ '06-04T22:00': 1, '06-05T10:00': 1 });
      expect(await engine.verify(definition, Sale)).toEqual([]);
    });

    it('is backfilled in steps of a day, also of one with a repeated hour', async () => {
      const definition = both({ periods: [Period.DAY, HOUR] });
      await sell('2026-10-24T21:59:00', '2026-10-24T22:30:00', '2026-10-25T22:30:00', '2026-10-25T23:00:00');
      const now = new Date('2026-10-26T10:00:00Z');
      const [from, today] = [parseLocalDate('2026-10-23'), parseLocalDate('2026-10-26')];
      await backfilled(
        { from, to: undefined, today, step: 1, after: null },
        ({ range }) => engine.run(definition, Sale, { ...range, now }),
        {},
      );
      // 25 hours from 22:00 on
      expect(await values(HOUR)).toEqual({
        '10-24T21:00': 1,
        '10-24T22:00': 1,
        '10-25T22:00': 1,
        '10-25T23:00': 1,
      });
      expect(await values(Period.DAY)).toEqual({ '10-24': 1, '10-25': 2, '10-26': 1 });
      expect(await coverage(HOUR)).toEqual({ from: '2026-10-23', through: '2026-10-26' });
      expect(await engine.verify(definition, Sale)).toEqual([]);
    });

    it('has a metric of which another tracker counts the days', async () => {
      const minutes = { definition: minutely(5, { name: 'minutes' }), source: Sale };
      const days = { definition: tracker({ name: 'days', periods: [Period.DAY, Period.LIFETIME] }), source: Sale };
      const metric = defineMetric({ domain, ref: 'sales' });
      const shop = new LiveShop(engine, [minutes, days], { timeZone: 'Europe/Berlin', weekStart: 'monday' });
      const read = async (live: boolean): Promise<unknown> => [
        await shop.statistics.value({ metric, period: Period.DAY, live }),
        await shop.statistics.value({ metric, period: Period.LIFETIME, live }),
        await shop.statistics.value({ metric, period: MINUTE, date: new Date('2026-06-10T10:00:00Z'), live }),
        await shop.statistics.total({ metric, period: MINUTE, last: 2, live }),
      ];
      await sell('2026-06-09T10:00:10', '2026-06-10T10:00:10');
      shop.now = new Date('2026-06-10T10:00:30Z');
      await shop.run();
      // the one of minutes runs more often
      await sell('2026-06-10T10:00:20', '2026-06-10T10:01:20', '2026-06-09T10:00:50');
      shop.now = new Date('2026-06-10T10:01:30Z');
      await engine.run(minutes.definition, Sale, { now: shop.now });
      expect(await read(false)).toEqual([1, 2, 2, 3]);
      expect(await read(true)).toEqual([3, 5, 2, 3]);
      await engine.run(days.definition, Sale, { now: shop.now });
      expect(await read(false)).toEqual([3, 5, 2, 3]);
      expect(await values(Period.DAY)).toEqual({ '06-09': 2, '06-10': 3 });
      // late, and older than five minutes: repairs of one leave the other
      expect(await engine.verify(minutes.definition, Sale)).toHaveLength(1);
      expect(await engine.verify(days.definition, Sale)).toEqual([]);
      await run(minutes.definition, '2026-06-10T10:01:30', { from: '2026-06-09', to: '2026-06-09' });
      expect(await values()).toEqual({ '06-09T10:00': 2, '06-10T10:00': 2, '06-10T10:01': 1 });
      expect(await values(Period.DAY)).toEqual({ '06-09': 2, '06-10': 3 });
    });

    it('computes a range that is asked for, in whole days', async () => {
      const definition = both();
      await sell('2026-06-01T10:00:00', '2026-06-05T10:00:00', '2026-06-10T10:00:00');
      await run(definition, '2026-06-10T11:00:00');
      await sell('2026-06-04T22:10:00', '2026-06-05T22:10:00', '2026-06-04T21:10:00');
      await run(definition, '2026-06-10T11:00:00', { from: '2026-06-05', to: '2026-06-05' });
      const expected = { '06-01T10:00': 1, '06-04T22:00': 1, '06-05T10:00': 1, '06-10T10:00': 1 };
      expect(await values(HOUR)).toEqual(expected);
      expect(await values(Period.DAY)).toEqual({ '06-01': 1, '06-05': 2, '06-10': 1 });
    });

    it('removes what a clock that was ahead has written after a range that ends today', async () => {
      const definition = both();
      await sell('2026-06-10T10:00:00', '2026-06-10T21:59:00', '2026-06-10T22:10:00');
      await run(definition, '2026-06-11T11:00:00');
      await run(definition, '2026-06-10T11:00:00', { from: '2026-06-10' });
      expect(await values(HOUR)).toEqual({ '06-10T10:00': 1 });
      expect(await coverage(HOUR)).toEqual({ from: '2026-06-10', through: '2026-06-10' });
    });

    it('replaces no hours of a source that has lost its rows', async () => {
      const definition = both({ appendOnly: true });
      await sell('2026-06-01T10:00:00', '2026-06-10T10:00:00');
      await run(definition, '2026-06-10T11:00:00');
      await engine.dataSource.getRepository(Sale).delete({ id: 1 });
      await expect(run(definition, '2026-06-10T11:00:00', { from: '2026-06-01' })).rejects.toThrow(SourceGoneError);
      expect(await values(HOUR)).toEqual({ '06-01T10:00': 1, '06-10T10:00': 1 });
    });
  });

  it('that is killed before any of its statements leaves what was there, and the next one completes it', async () => {
    const periods = [Period.DAY, HOUR, QUARTER];
    const definition = tracker({ periods, keep: new Map([[QUARTER, 3]]) });
    const all = async (): Promise<unknown> => [
      await Promise.all(periods.map((period) => values(period))),
      await Promise.all(periods.map((period) => coverage(period))),
    ];
    await sell('2026-06-01T10:00:00');
    await run(definition, '2026-06-01T11:00:00');
    let isDone = false;
    for (let statements = 0; !isDone; statements += 2) {
      const now = new Date(Date.parse('2026-06-02T11:00:00Z') + statements * 12 * 3_600_000);
      await sell(new Date(now.getTime() - 1000).toISOString().slice(0, -1));
      const before = await all();
      const work = engine.run(definition, Sale, { now, cancellation: new Kill(statements) });
      isDone = (await unlessKilled(work)) !== null;
      // nothing, or all but what is removed after the transaction
      const [days] = (await all()) as [Record<string, number>[]];
      const total = (counts: Record<string, number> = {}): number => Object.values(counts).reduce((a, b) => a + b, 0);
      if (total(days[0]) < sold) expect(await all()).toEqual(before);
      expect(total(days[1])).toBe(total(days[0]));
      expect(await engine.verify(definition, Sale)).toEqual([]);
      await engine.run(definition, Sale, { now });
      expect(total(await values(HOUR))).toBe(sold);
      expect(await engine.verify(definition, Sale)).toEqual([]);
      expect(Object.keys(await values(QUARTER)).length).toBeLessThanOrEqual(3);
    }
  }, 120_000);

  describe('is verified', () => {
    it('by buckets, each with its start, and repaired', async () => {
      // a repeated hour of Sydney: the process's own shows only one pass where columns have wall time
      const definition = trackerOf('objects', 'Australia/Sydney', [HOUR]);
      await sell('2026-04-04T15:30:00', '2026-04-04T16:30:00', '2026-04-04T16:40:00', '2026-04-05T01:30:00');
      const now = new Date('2026-04-07T00:00:00Z');
      await engine.run(definition, Sale, { now });
      expect(await engine.verify(definition, Sale)).toEqual([]);
      const repository = engine.dataSource.getRepository(StatisticByTimeAndObject);
      const [first, second, third] = await repository.find({
        order: { metricId: 'ASC', start: 'ASC', objectId: 'ASC' },
      });
      if (first === undefined || second === undefined || third === undefined) throw new Error('no rows');
      await repository.delete({ metricId: first.metricId, start: first.start, objectId: first.objectId });
      await repository.update(
        { metricId: second.metricId, start: second.start, objectId: second.objectId },
        { value: 7 },
      );
      const { metricId, objectType, objectId } = third;
      await repository.insert({ metricId, period: HOUR, objectType, objectId, start: third.start + 7200, value: 1 });
      const found = await engine.verify(definition, Sale);
      const shown = found.map(({ date, start, object, stored: is, expected }) => [
        date,
        start,
        object?.id,
        is,
        expected,
      ]);
      expect(shown).toEqual([
        ['2026-04-05', '2026-04-05T02:00:00+10:00', '1', '7', '1'],
        ['2026-04-05', '2026-04-05T02:00:00+11:00', '2', undefined, '1'],
        ['2026-04-05', '2026-04-05T04:00:00+10:00', '3', '1', undefined],
      ]);
      await engine.run(definition, Sale, { now, from: '2026-04-05', to: '2026-04-05' });
      expect(await engine.verify(definition, Sale)).toEqual([]);
    });

    it('in turn with its closed dates, and follows a source that changes', async () => {
      const definition = tracker({
        periods: [Period.DAY, HOUR],
        history: 'current',
        scrub: { days: 31, every: 3_600_000 },
      });
      const [id] = await sell('2026-06-01T10:00:00', '2026-06-02T10:00:00', '2026-06-10T10:00:00');
      await run(definition, '2026-06-10T11:00:00');
      await engine.dataSource.getRepository(Sale).update({ id }, { at: new Date('2026-06-01T12:00:00Z') });
      const now = new Date('2026-06-10T12:00:00Z');
      const scrubbed = await engine.scrub(definition, Sale, now, { through: null, at: null });
      expect(scrubbed?.recount).toEqual({ from: '2026-06-01', sourceFrom: null });
      await engine.run(definition, Sale, { now, recount: scrubbed?.recount });
      expect(await values(HOUR)).toEqual({ '06-01T12:00': 1, '06-02T10:00': 1, '06-10T10:00': 1 });
      expect(await engine.verify(definition, Sale)).toEqual([]);
    });

    it('in turn with the closed buckets of the days in which its runs begin, and with none that they count again', async () => {
      const definition = minutely(5, { periods: [HOUR], history: 'current', scrub: { days: 1, every: 3_600_000 } });
      const none = { through: null, at: null };
      await sell('2026-06-09T10:00:00', '2026-06-10T10:00:00');
      await run(definition, '2026-06-10T11:30:00');
      // the first is late in an hour that is closed, the others are in one that the next run counts again
      await sell('2026-06-10T10:59:59', '2026-06-10T11:00:00', '2026-06-10T11:29:00');
      let now = new Date('2026-06-10T11:31:00Z');
      const first = await engine.scrub(definition, Sale, now, none);
      expect(first).toEqual({
        state: { through: '2026-06-09', at: now },
        recount: { from: '2026-06-10', sourceFrom: null },
        drift: [expect.objectContaining({ date: '2026-06-10', keys: 1 })],
      });
      await engine.run(definition, Sale, { now, recount: first?.recount });
      expect(await values(HOUR)).toEqual({ '06-09T10:00': 1, '06-10T10:00': 2, '06-10T11:00': 2 });
      // a row that is new in an open hour is no difference
      await sell('2026-06-10T11:30:30');
      now = new Date('2026-06-10T11:32:00Z');
      expect(await engine.scrub(definition, Sale, now, none)).toMatchObject({ recount: null, drift: [] });
      // the day before yesterday, and yesterday, in which the last run began
      await run(definition, '2026-06-11T00:02:00');
      await sell('2026-06-10T10:30:00', '2026-06-09T10:30:00');
      now = new Date('2026-06-11T00:03:00Z');
      const { through } = first?.state ?? none;
      expect(await engine.scrub(definition, Sale, now, { through, at: null })).toMatchObject({
        state: { through: '2026-06-10' },
        recount: { from: '2026-06-10' },
      });
      expect(await engine.scrub(definition, Sale, now, none)).toMatchObject({
        state: { through: '2026-06-09' },
        recount: { from: '2026-06-09' },
      });
    });
  });

  describe('is refused', () => {
    it('of a column of dates', async () => {
      const definition = tracker({ dateField: 'on', periods: [Period.DAY, HOUR] });
      await expect(engine.run(definition, Dated, { now: new Date() })).rejects.toThrow(InvalidTrackerError);
      await expect(engine.run(definition, Dated, { now: new Date() })).rejects.toThrow(
        /period is HOUR, and dateField "on" is a column of dates, which have no time of day/,
      );
    });

    it.each([
      [undefined, [HOUR], /no entity for them.*timeStatistic: SalesByCountryByTime/],
      [SalesByCountry, [HOUR], /timeStatistic is SalesByCountry, which does not extend AbstractTimeStatistic/],
      [ByTownAndTime, [HOUR], /has the dimensions town varchar\(2\) or null\. Expected.*country varchar\(2\) or null/],
    ] as const)('by dimensions without an entity of the same ones: %p', async (timeStatistic, periods, message) => {
      const definition = trackerOf('countries', 'UTC', periods);
      const target = { ...definition.target, timeStatistic } as TrackerDefinition['target'];
      const refused = engine.run({ ...definition, target }, Sale, { now: new Date() });
      await expect(refused).rejects.toThrow(InvalidTrackerError);
      await expect(refused).rejects.toThrow(message);
    });

    it('of days by the dimensions of buckets', async () => {
      const definition = trackerOf('countries', 'UTC', [Period.DAY]);
      const target = { ...definition.target, statistic: SalesByCountryAndTime } as TrackerDefinition['target'];
      await expect(engine.run({ ...definition, target }, Sale, { now: new Date() })).rejects.toThrow(
        /statistic is SalesByCountryAndTime, which extends AbstractTimeStatistic and stores no days/,
      );
      // of buckets alone it is enough
      const hours = trackerOf('countries', 'UTC', [HOUR]);
      await sell('2026-06-10T10:00:00');
      await engine.run({ ...hours, target, withTotal: false }, Sale, { now: new Date('2026-06-10T11:00:00Z') });
      expect(await engine.dataSource.getRepository(SalesByCountryAndTime).count()).toBeGreaterThan(0);
    });
  });
});
