import { Column, Entity, PrimaryColumn } from 'typeorm';
import { definitionOf, Engine } from '../support/engine.js';
import { setUnusualParsers, unusualTypeCast } from '../support/connection-settings.js';
import { type DatabaseKind, describeOnEachDatabase, type ExtraOptions } from '../support/databases.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { Period } from '../../lib/time/period.js';
import { Flights, NOW, ORDERS, services, type Setup, TODAY, VISITS } from './setup.js';
import { second, TIME_ENTITIES } from './time-setup.js';

@Entity()
class Booking {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'date' })
  booked!: string;

  @Column({ type: 'varchar', length: 10 })
  origin!: string;
}

@Entity()
class ByBooked extends AbstractStatistic {
  @Dimension({ type: 'date' })
  booked!: string;
}

/** Settings of an application under which dates, integers or decimals come back in another form. */
const SETTINGS: Record<DatabaseKind, [string, ExtraOptions & { parsers?: boolean }][]> = {
  sqlite: [
    ['none', {}],
    ['defaultSafeIntegers', { prepareDatabase: (connection) => connection.defaultSafeIntegers(true) }],
  ],
  postgres: [
    ['none', {}],
    ['type parsers', { parsers: true }],
    ['a session in Auckland, and type parsers', { parsers: true, extra: { options: '-c timezone=Pacific/Auckland' } }],
  ],
  mariadb: [
    ...['local', 'Z', '+05:30', '+14:00', '-11:00'].map((timezone): [string, ExtraOptions] => [timezone, { timezone }]),
    ...['Z', '+05:30'].map((timezone): [string, ExtraOptions] => [
      `${timezone}, dateStrings`,
      { timezone, dateStrings: true },
    ]),
    ...['local', '+05:30'].map((timezone): [string, ExtraOptions] => [
      `${timezone}, typeCast`,
      { timezone, extra: { typeCast: unusualTypeCast } },
    ]),
    ['bigints as numbers', { extra: { supportBigNumbers: true, bigNumberStrings: false, decimalNumbers: true } }],
  ],
};

describeOnEachDatabase('with settings of the driver', (database) => {
  // a summer and a winter day of the process's zone, and the day of a change of its clock
  const DATES = ['2026-07-01', '2026-03-08', TODAY];
  let written = false;

  // TypeORM's own schema builder cannot do with integers as bigints
  beforeAll(async () => {
    await (await database.open({ entities: [...TIME_ENTITIES, Booking, ByBooked] })).destroy();
  });

  async function open({
    parsers,
    ...options
  }: ExtraOptions & { parsers?: boolean }): Promise<Setup & { engine: Engine; end(): void }> {
    const end = parsers === true ? setUnusualParsers() : () => undefined;
    const dataSource = await database.open({
      ...options,
      synchronize: false,
      entities: [...TIME_ENTITIES, Booking, ByBooked],
    });
    return { ...(await services(dataSource, {})), engine: await Engine.on(dataSource), end };
  }

  test.each(SETTINGS[database.kind])('%s: what is stored reads the same', async (_, settings) => {
    const s = await open(settings);
    try {
      if (!written) {
        for (const [index, date] of DATES.entries()) {
          await s.statistics.record({ metric: ORDERS, period: Period.DAY, date, value: index + 1 });
          await s.statistics.record({
            metric: ORDERS,
            period: Period.DAY,
            date,
            value: '12345678901.5',
            entity: Flights,
            dimensions: { from: 'AMS', to: null, order: 7, object: true, booked: date },
          });
          await s.dataSource.getRepository(Booking).insert({ id: index, booked: date, origin: 'AMS' });
        }
        written = true;
      }
      const dates = [...DATES].sort();
      const filter = { metric: ORDERS, period: Period.DAY };
      const narrowed = await s.statistics.narrow(filter).orderBy('date').getMany();
      expect(narrowed.map(({ date, value, period }) => [date, value, period])).toEqual([
        ['2026-03-08', 2, 86400],
        ['2026-07-01', 1, 86400],
        [TODAY, 3, 86400],
      ]);
      expect(narrowed.map(({ metric, metricId }) => [metric.key, metric.id, metricId])).toEqual(
        Array(3).fill(['shop/orders', narrowed[0]?.metric.id, narrowed[0]?.metric.id]),
      );
      expect(typeof narrowed[0]?.metricId).toBe('number');
      expect(narrowed.map(({ metric }) => metric.gauge)).toEqual([false, false, false]);
      expect(await s.metrics.find(ORDERS)).toMatchObject({ gauge: false });
      const [found] = await s.dataSource.getRepository(StatisticByDate).find({ where: { date: '2026-07-01' } });
      expect(found?.date).toBe('2026-07-01');
      expect((await s.statistics.find(filter)).map(({ date }) => date)).toEqual(dates);
      expect((await s.statistics.mostRecent(filter))?.date).toBe(TODAY);
      const series = await s.statistics.series({ ...filter, from: '2026-07-01', to: '2026-07-02' });
      expect(series.map(({ date, value }) => [date, value])).toEqual([
        ['2026-07-01', 1],
        ['2026-07-02', null],
      ]);
      const flights = await s.statistics
        .narrow({ ...filter, entity: Flights })
        .orderBy('date')
        .getMany();
      expect(
        flights.map(({ booked, date, value, from, order, object }) => [booked, date, value, from, order, object]),
      ).toEqual(dates.map((date) => [date, date, 12345678901.5, 'AMS', 7, true]));
    } finally {
      s.end();
    }
  });

  test.each(SETTINGS[database.kind])('%s: what is stored by the hour reads the same', async (_, settings) => {
    const s = await open(settings);
    try {
      const filter = { metric: ORDERS, period: Period.HOUR };
      const calls = s.statistics as never as Record<string, (given: object) => Promise<unknown>>;
      await calls['record']?.({ ...filter, value: '12345678901.5', at: '2026-03-08T10:20:00Z' });
      await calls['record']?.({ ...filter, value: 2, at: '2026-03-08T11:00:00Z', object: { type: 'page', id: 'x' } });
      const start = second('2026-03-08T10:00:00Z');
      const row = { start, date: '2026-03-08', value: 12345678901.5, period: 3600 };
      expect(await calls['find']?.({ ...filter, date: '2026-03-08' })).toMatchObject([row]);
      expect(await calls['mostRecent']?.(filter)).toMatchObject(row);
      expect(await calls['find']?.({ ...filter, objectType: 'page' })).toMatchObject([
        { start: start + 3600, objectId: 'x' },
      ]);
      const narrowed = await s.statistics.narrow(filter).getMany();
      expect(narrowed).toMatchObject([{ start, value: 12345678901.5, period: 3600 }]);
      const day = await calls['series']?.({ ...filter, from: '2026-03-08', to: '2026-03-08' });
      expect((day as { value: number | null }[]).map(({ value }) => value).filter((value) => value !== null)).toEqual([
        12345678901.5,
      ]);
      expect(day).toHaveLength(24);
    } finally {
      s.end();
    }
  });

  test.each(SETTINGS[database.kind])('%s: a run computes and covers the same', async (_, settings) => {
    const s = await open(settings);
    try {
      const total = definitionOf({
        metric: ORDERS,
        dateField: 'booked',
        periods: [Period.WEEK, Period.LIFETIME],
      });
      const bookings = definitionOf({
        metric: VISITS,
        dateField: 'booked',
        target: { kind: 'dimensions', statistic: ByBooked, dimensions: { booked: 'booked' } },
      });
      const now = NOW;
      await s.engine.run(bookings, Booking, { now });
      const booked = await s.statistics.find({ metric: VISITS, period: Period.DAY, entity: ByBooked });
      expect(booked.map((row) => [row.date, row.booked])).toEqual([...DATES].sort().map((date) => [date, date]));
      await s.engine.run(total, Booking, { now });
      expect(await s.engine.run(total, Booking, { now })).toMatchObject({ written: 0, removed: 0, through: TODAY });
      expect(await s.engine.verify(total, Booking)).toEqual([]);
      const coverages = await s.dataSource.getRepository(Coverage).find({ where: { scope: '' } });
      expect(coverages.map(({ from, through }) => [from, through])).toEqual(Array(2).fill(['2026-03-08', TODAY]));
      expect(await s.statistics.value({ metric: ORDERS, period: Period.LIFETIME, date: '2026-07-01' })).toBe(2);
      expect(await s.statistics.mostRecent({ metric: ORDERS, period: Period.WEEK })).toMatchObject({
        date: TODAY,
        value: 1,
      });
    } finally {
      s.end();
    }
  });
});
