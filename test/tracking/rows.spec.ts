import { Column, type DataSource, Entity, PrimaryColumn } from 'typeorm';
import { defineDomain, defineMetric, type MetricDefinition } from '../../lib/catalog/definitions.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { type EntityClass, objectRef } from '../../lib/statistics/filter/object-target.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { parseLocalDate } from '../../lib/time/local-date.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { TrackerKind } from '../../lib/tracking/definition/option.js';
import type { TrackerDefinition } from '../../lib/tracking/definition/tracker-definition.js';
import { type RowsOptions, TrackerRows } from '../../lib/tracking/running/tracker.rows.js';
import { TrackerResolver } from '../../lib/tracking/source/tracker.resolver.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { LiveShop } from '../support/live.js';
import { salesAbout } from './shop-buckets.js';
import { Buyer, Chance, MEASURES, openShop, Sale, SalesByCountry, sell, SHOP } from './shop.js';

const domain = defineDomain({ ref: 'rows' });
const DEFAULTS = { timeZone: 'Europe/Amsterdam', weekStart: 'monday' } as const;
const PERIODS = [
  Period.DAY,
  Period.WEEK,
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
  Period.MONTH_TO_DATE,
  Period.LIFETIME,
] as const;
const COUNTS = ['all', 'paid', 'unset', 'homeless', 'joined'];

function metricOf(group: string, name: string): MetricDefinition {
  return defineMetric({ domain, ref: `${group}_${name}` });
}

function define(
  kind: TrackerKind,
  group: string,
  more: object,
  timeZone: string = DEFAULTS.timeZone,
): TrackerDefinition {
  const metrics = COUNTS.map((name) => ({ metric: metricOf(group, name), ...MEASURES[name] }));
  const given = { dateField: 'at', period: PERIODS, metrics, where: { items: 1 }, timeZone, ...more };
  return defineTracker({ kind, name: null, type: 'Spec' }, given, DEFAULTS);
}

const TOTAL = define('date', 'total', {});
const BY_BUYER = define('object', 'buyer', { objectField: 'buyer', withTotal: true, where: undefined });
const BY_COUNTRY = define('dimensions', 'country', {
  statistic: SalesByCountry,
  dimensions: { country: 'buyer.country' },
  where: undefined,
});

@Entity({ name: 'rows_moment' })
class Moment {
  @PrimaryColumn({ type: 'integer' }) id!: number;
  @Column({ type: Date, precision: 3 }) written!: Date;
  @Column({ type: 'date' }) day!: string;
  @Column({ type: 'integer' }) seconds!: number;
  @Column({ type: 'bigint' }) milliseconds!: string;
}

describeOnEachDatabase('the rows behind a number', (database) => {
  const entities = [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, ...SHOP, SalesByCountry, Moment];
  let engine: Engine;
  let rows: TrackerRows;

  async function open(source?: DataSource): Promise<void> {
    engine = await Engine.on(await database.open({ entities }), source);
    const dataSources = new DataSources(engine.dataSource, () => [engine.source]);
    const objectTypes = new ObjectTypes(dataSources);
    rows = new TrackerRows(
      engine.database,
      new TrackerResolver(engine.database, dataSources, objectTypes),
      objectTypes,
    );
  }
  beforeEach(() => open());
  afterEach(() => database.clear());

  const now = new Date('2026-11-09T22:30:00Z');
  const count = (definition: TrackerDefinition, options: RowsOptions, source: EntityClass = Sale): Promise<number> =>
    rows.rows(definition, source, options, now).getCount();

  test('are as many as the value, in every period and scope', async () => {
    await openShop(engine.source);
    await sell(engine.source, new Chance(5), { first: 1, number: 150, from: 0, to: 25 });
    const trackers = [TOTAL, BY_BUYER, BY_COUNTRY].map((definition) => ({ definition, source: Sale }));
    const shop = new LiveShop(engine, trackers, DEFAULTS);
    shop.now = now;
    await shop.run();
    const { statistics } = shop;
    for (const period of PERIODS) {
      for (const date of ['2026-10-26', '2026-11-03', '2026-11-09'].map(parseLocalDate)) {
        for (const name of COUNTS) {
          const asked = { period, date } as const;
          const total = { metric: metricOf('total', name), ...asked };
          const expected = (await statistics.value(total)) ?? 0;
          expect([name, asked, await count(TOTAL, total)]).toEqual([name, asked, expected]);
        }
        const object = { metric: metricOf('buyer', 'paid'), period, date, object: objectRef(Buyer, 2) };
        expect([object, await count(BY_BUYER, object)]).toEqual([object, (await statistics.value(object)) ?? 0]);
        const all = { metric: metricOf('buyer', 'all'), period, date };
        expect([all, await count(BY_BUYER, all)]).toEqual([all, (await statistics.value(all)) ?? 0]);
        for (const country of ['NL', null]) {
          const one = { metric: metricOf('country', 'paid'), period, date, dimensions: { country } };
          const value = await statistics.value({ ...one, entity: SalesByCountry });
          expect([one, await count(BY_COUNTRY, one)]).toEqual([one, value ?? 0]);
        }
      }
    }
  }, 60_000);

  test('of a bucket of less than a day are as many as its value, about a change of the clock', async () => {
    await openShop(engine.source);
    const zone = 'Europe/Berlin';
    const change = new Date('2026-10-25T01:00:00Z');
    await engine.source.getRepository(Sale).insert(salesAbout(change, new Chance(3)));
    const periods = [Period.HOUR, Period.minutes(15)];
    const total = define('date', 'total', { timeZone: zone, period: periods, where: undefined });
    const buyers = define('object', 'buyer', {
      timeZone: zone,
      period: periods,
      objectField: 'buyer',
      where: undefined,
    });
    const later = new Date(change.getTime() + 90 * 60_000);
    await engine.run(total, Sale, { now: later });
    await engine.run(buyers, Sale, { now: later });
    const countAt = (definition: TrackerDefinition, options: RowsOptions): Promise<number> =>
      rows.rows(definition, Sale, options, later).getCount();
    for (const period of periods) {
      const values = await engine.dataSource
        .getRepository(StatisticByTime)
        .find({ where: { period }, relations: { metric: true } });
      const ofAll = values.filter(({ metric }) => metric.ref === 'total_all');
      expect(ofAll.length).toBeGreaterThan(20);
      const counts = await Promise.all(
        ofAll.map(({ start }) =>
          countAt(total, { metric: metricOf('total', 'all'), period, date: new Date(start * 1000 + 30_000) }),
        ),
      );
      expect(counts).toEqual(ofAll.map(({ value }) => value));
    }
    const byBuyer = await engine.dataSource
      .getRepository(StatisticByTimeAndObject)
      .find({ where: { period: Period.HOUR, objectId: '2' }, relations: { metric: true } });
    for (const { start, value, metric } of byBuyer.filter((one) => one.metric.ref === 'buyer_all').slice(0, 5)) {
      const options = {
        metric: metric.key,
        period: Period.HOUR,
        date: new Date(start * 1000),
        object: objectRef(Buyer, 2),
      };
      expect([start, await countAt(buyers, options)]).toEqual([start, value]);
    }
    const asked = { metric: metricOf('total', 'all'), period: Period.HOUR };
    expect(() => rows.rows(total, Sale, { ...asked, date: parseLocalDate('2026-10-25') }, later)).toThrow(
      /rows: date is "2026-10-25", which has many values of HOUR\. Pass a Date within/,
    );
  });

  test('can be extended, ordered and read', async () => {
    await openShop(engine.source);
    await sell(engine.source, new Chance(5), { first: 1, number: 60, from: 0, to: 18 });
    const options = { metric: metricOf('buyer', 'paid'), period: Period.LIFETIME, object: objectRef(Buyer, 2) };
    const query = rows.rows(BY_BUYER, Sale, options, now).andWhere('Sale.id > :least', { least: 10 });
    const found = (await query.orderBy('Sale.at', 'DESC').take(3).getMany()) as Sale[];
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((sale) => sale instanceof Sale && sale.status === 'paid' && sale.id > 10)).toBe(true);
  });

  test.each(['written', 'day', 'seconds', 'milliseconds'] as const)(
    'are those of each day, by a column %s, where a clock is set back over midnight',
    async (dateField) => {
      // on 18 February 2017 the clocks of São Paulo went back at midnight
      const start = Date.UTC(2017, 1, 17, 20);
      const at = Array.from({ length: 120 }, (_, index) => start + index * 1_800_000);
      await engine.dataSource.getRepository(Moment).insert(
        at.map((ms, id) => ({
          id,
          written: new Date(ms),
          day: new Date(ms).toISOString().slice(0, 10),
          seconds: ms / 1000,
          milliseconds: String(ms),
        })),
      );
      const metric = metricOf('moment', dateField);
      const epoch = dateField === 'seconds' ? 's' : dateField === 'milliseconds' ? 'ms' : undefined;
      const period = [Period.DAY, Period.LIFETIME];
      const definition = defineTracker(
        { kind: 'count-date', name: null, type: 'Spec' },
        { metric, dateField, period, ...(epoch !== undefined && { epoch }) },
        { timeZone: 'America/Sao_Paulo', weekStart: 'monday' },
      );
      const shop = new LiveShop(engine, [{ definition, source: Moment }], DEFAULTS);
      shop.now = new Date(start + 101 * 1_800_000);
      await shop.run();
      for (const day of [16, 17, 18, 19, 20]) {
        const date = parseLocalDate(`2017-02-${String(day)}`);
        for (const of of period) {
          const counted = await rows.rows(definition, Moment, { metric, date, period: of }, shop.now).getCount();
          const value = await shop.statistics.value({ metric, date, period: of });
          expect([date, of, counted]).toEqual([
            date,
            of,
            date > '2017-02-19' && value === null ? counted : (value ?? 0),
          ]);
        }
      }
    },
  );

  test.each<[string, TrackerDefinition, RowsOptions, string]>([
    [
      'a metric of another tracker',
      TOTAL,
      { metric: metricOf('buyer', 'all') },
      'rows: the tracker of rows/total_all, rows/total_paid, rows/total_unset, rows/total_homeless, rows/total_joined does not compute rows/buyer_all.',
    ],
    ['no metric', BY_BUYER, {} as RowsOptions, "rows you mean: { metric: 'rows/buyer_all' }."],
    [
      'a period',
      TOTAL,
      { metric: metricOf('total', 'all'), period: Period.MONTH },
      'and not in MONTH. Name one of its periods.',
    ],
    [
      'an object of a total',
      TOTAL,
      { metric: metricOf('total', 'all'), object: objectRef(Buyer, 1) },
      'does not count by object',
    ],
    [
      'an object of another type',
      BY_BUYER,
      { metric: metricOf('buyer', 'all'), object: objectRef(Sale, 1) },
      'by objects of another type',
    ],
    [
      'dimensions of objects',
      BY_BUYER,
      { metric: metricOf('buyer', 'all'), dimensions: {} },
      'does not count by dimensions',
    ],
    ['no dimensions', BY_COUNTRY, { metric: metricOf('country', 'all') }, 'dimensions is missing'],
    [
      'unknown dimensions',
      BY_COUNTRY,
      { metric: metricOf('country', 'all'), dimensions: { city: 'x' } },
      'has no dimension "city"',
    ],
    ['too few dimensions', BY_COUNTRY, { metric: metricOf('country', 'all'), dimensions: {} }, 'country'],
  ])('refuses %s', (_, definition, options, message) => {
    expect(() => rows.rows(definition, Sale, options, now)).toThrow(message);
  });

  test('refuses a date before the first one', () => {
    const since = define('date', 'total', { since: '2026-10-25' });
    const before = { metric: metricOf('total', 'all'), date: parseLocalDate('2026-10-24') };
    expect(() => rows.rows(since, Sale, before, now)).toThrow(
      'before 2026-10-25, the first date of the tracker (since)',
    );
  });
});
