import { Entity } from 'typeorm';
import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { AbstractTimeStatistic } from '../../lib/statistics/tables/abstract-time-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import { Period, type TimePeriod } from '../../lib/time/period.js';
import { localDateAt } from '../../lib/time/time-zone.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { TrackerDefinition } from '../../lib/tracking/definition/tracker-definition.js';
import { type Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { MEASURES, Sale, SalesByCountry, SHOP } from './shop.js';
import { grouped, REFS, rounded, type salesAbout, type SoldRow, startIn, valueOf } from './shop-buckets.js';

/** Trackers of the shop's sales with periods of less than a day, and what is to be stored of them. */

const domain = defineDomain({ ref: 'times' });
export const QUARTER = Period.minutes(15);
export const TIMES = [Period.HOUR, QUARTER];

@Entity({ name: 'metrics_by_country_and_time' })
export class SalesByCountryAndTime extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar', nullable: true, length: 2 })
  country!: string | null;
}

interface StoredRow {
  readonly metricId: number;
  readonly date?: string;
  readonly start?: number;
  readonly objectId?: string;
  readonly country?: string | null;
  readonly value: string | null;
}

/** A statistic of any table, as texts are compared: its metric, key, moment and value. */
export type Found = [ref: string, key: string, moment: string | number, value: number | null];

/** What a tracker groups by, and the tables of its days and of its times. */
export const GROUPINGS = {
  total: { options: {}, keyOf: () => '', days: StatisticByDate, times: StatisticByTime },
  objects: {
    options: { objectField: 'buyer', withTotal: true },
    keyOf: ({ buyer }: SoldRow) => (buyer === null ? null : String(buyer)),
    days: StatisticByDateAndObject,
    times: StatisticByTimeAndObject,
  },
  countries: {
    options: { statistic: SalesByCountry, dimensions: { country: 'buyer.country' }, withTotal: true },
    keyOf: ({ country }: SoldRow) => String(country),
    days: SalesByCountry,
    times: SalesByCountryAndTime,
  },
} as const;

export type Grouping = keyof typeof GROUPINGS;

const KINDS = { total: 'date', objects: 'object', countries: 'dimensions' } as const;

/** A tracker with periods of less than a day, which options do not take yet. */
export function trackerOf(
  grouping: Grouping,
  timeZone: string,
  periods: readonly Period[],
  changes: Partial<TrackerDefinition> = {},
): TrackerDefinition {
  const defined = defineTracker(
    { kind: KINDS[grouping], name: `sales ${grouping}`, type: 'Sales' },
    {
      ...{ dateField: 'at', period: Period.DAY, timeZone, ...GROUPINGS[grouping].options },
      metrics: REFS.map((ref) => ({ metric: defineMetric({ domain, ref }), ...MEASURES[ref] })),
    },
    { timeZone: 'UTC', weekStart: 'monday' },
  );
  const { target } = defined;
  return {
    ...defined,
    target: target.kind === 'dimensions' ? { ...target, timeStatistic: SalesByCountryAndTime } : target,
    entries: defined.entries.map((entry) => ({ ...entry, periods })),
    ...changes,
  };
}

const TABLES = [StatisticByDate, StatisticByDateAndObject, SalesByCountry];
const TIME_TABLES = [StatisticByTime, StatisticByTimeAndObject, SalesByCountryAndTime];

export const STATISTICS = [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, SalesByCountry, SalesByCountryAndTime];

export const ENTITIES = [...STATISTICS, ...SHOP];

export async function clear(engine: Engine): Promise<void> {
  const { dataSource } = engine;
  for (const table of [...TABLES, ...TIME_TABLES]) await dataSource.getRepository(table).clear();
  await dataSource.query('DELETE FROM trackstats_coverage');
  await engine.source.getRepository(Sale).clear();
}

export async function sell(engine: Engine, sales: ReturnType<typeof salesAbout>): Promise<void> {
  await engine.source.getRepository(Sale).insert(sales);
}

/** What is stored of a period, of the objects or dimensions, or of the total. */
export async function stored(
  engine: Engine,
  entity: (typeof TABLES)[number] | (typeof TIME_TABLES)[number],
  period: Period,
): Promise<Found[]> {
  const metrics = await engine.dataSource.getRepository(Metric).find();
  const refs = new Map(metrics.map(({ id, ref }) => [id, ref]));
  const rows = await engine.dataSource.getRepository(entity).findBy({ period });
  return rows.map((row) => {
    const { metricId, date, start, objectId, country, value } = row as unknown as StoredRow;
    const key = objectId ?? (country === undefined ? '' : String(country));
    return [refs.get(metricId) ?? '', key, start ?? date ?? '', rounded(value === null ? null : Number(value))];
  });
}

/** What is to be stored of some rows. */
function expected(
  rows: readonly SoldRow[],
  keyOf: (row: SoldRow) => string | null,
  momentOf: (at: Date) => string | number,
): Found[] {
  const groups = grouped(rows, keyOf, momentOf);
  return REFS.flatMap((ref) =>
    [...groups].flatMap(([group, some]): Found[] => {
      const value = valueOf(ref, some);
      const at = group.lastIndexOf(' ');
      const moment = momentOf((some[0] as SoldRow).at);
      return value === undefined ? [] : [[ref, group.slice(0, at), moment, rounded(value)]];
    }),
  );
}

function sorted(found: readonly Found[]): string[] {
  return found.map((one) => JSON.stringify(one)).sort();
}

/** Compares all that is stored of a tracker with what is counted of rows by hand. */
export async function expectCounted(
  engine: Engine,
  grouping: Grouping,
  zone: string,
  rows: readonly SoldRow[],
  periods: readonly Period[],
): Promise<void> {
  const { keyOf, days, times } = GROUPINGS[grouping];
  const tables =
    grouping === 'total'
      ? [{ days, times, key: keyOf }]
      : [
          { days, times, key: keyOf },
          { days: StatisticByDate, times: StatisticByTime, key: () => '' },
        ];
  for (const table of tables) {
    for (const period of periods) {
      const isDay = period === Period.DAY;
      const momentOf = isDay ? (at: Date) => localDateAt(at, zone) : startIn(zone, period as TimePeriod);
      const found = sorted(await stored(engine, isDay ? table.days : table.times, period));
      expect([Period.nameOf(period), found]).toEqual([
        Period.nameOf(period),
        sorted(expected(rows, table.key, momentOf)),
      ]);
    }
  }
}
