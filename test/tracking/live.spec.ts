import { defineDomain, defineMetric, type MetricDefinition, naturalKey } from '../../lib/catalog/definitions.js';
import { defineRatio } from '../../lib/catalog/derived.js';
import { DefinitionChangedError } from '../../lib/errors/run.error.js';
import { LiveReadError } from '../../lib/errors/statistic.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import type { StatisticService } from '../../lib/statistics/statistic.service.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { TrackerKind } from '../../lib/tracking/definition/option.js';
import type { TrackerDefinition } from '../../lib/tracking/definition/tracker-definition.js';
import { describeOnEachDatabase, describeOnPairs } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { LiveShop, type LiveTracker } from '../support/live.js';
import { HOUR, REFS, salesAbout } from './shop-buckets.js';
import { ENTITIES as TIMES_ENTITIES, QUARTER, SalesByCountryAndTime, STATISTICS, trackerOf } from './time-trackers.js';
import { Buyer, Chance, Line, MEASURES, openShop, Sale, SalesByCountry, sell, SHOP } from './shop.js';

const domain = defineDomain({ ref: 'live' });
const DEFAULTS = { timeZone: 'Europe/Amsterdam', weekStart: 'monday' } as const;
const PERIODS = [
  Period.DAY,
  Period.WEEK,
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
  Period.MONTH_TO_DATE,
  Period.LIFETIME,
] as const;

function metricOf(group: string, name: string): MetricDefinition {
  return defineMetric({ domain, ref: `${group}_${name}` });
}

function define(kind: TrackerKind, group: string, names: readonly string[], more: object): TrackerDefinition {
  const metrics = names.map((name) => ({ metric: metricOf(group, name), ...MEASURES[name] }));
  const given = { dateField: 'at', period: PERIODS, lookback: 3, metrics, ...more };
  return defineTracker({ kind, name: null, type: 'Spec' }, given, DEFAULTS);
}

const SOME = ['all', 'paid', 'revenue', 'mean', 'least', 'greatest', 'bulk', 'buyers', 'payers'];
const NAMES = [...SOME, 'joined', 'statuses'];
const TRACKERS = [
  { definition: define('date', 'total', NAMES, {}), source: Sale },
  {
    definition: define('object', 'buyer', SOME, { objectField: 'buyer', withTotal: true, density: 'daily' }),
    source: Sale,
  },
  {
    definition: define('dimensions', 'country', SOME, {
      statistic: SalesByCountry,
      dimensions: { country: 'buyer.country' },
      withTotal: true,
    }),
    source: Sale,
  },
];
const SHARE = defineRatio({
  domain,
  ref: 'share',
  of: metricOf('total', 'paid'),
  per: metricOf('buyer', 'all'),
  unit: 'percent',
});

/** A sum, and a distinct count that no partial of days adds up to: each in some periods. test/properties/live draws the others. */
const MEASURES_READ = [
  ['revenue', [Period.DAY, Period.CALENDAR_MONTH, Period.LIFETIME]],
  ['payers', [Period.WEEK, Period.CALENDAR_WEEK, Period.MONTH_TO_DATE, Period.LIFETIME]],
] as const;

/** Everything that can be read of the trackers, by what was asked. */
async function readAll(
  statistics: StatisticService,
  live: boolean,
  among: readonly Period[] = PERIODS,
): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const totals = [
    ...NAMES.map((name) => metricOf('total', name)),
    ...SOME.flatMap((name) => [metricOf('buyer', name), metricOf('country', name)]),
  ];
  for (const period of among) {
    const name = Period.nameOf(period);
    const common = { period, exact: true, live } as const;
    const all = await statistics.multiSeries({ metrics: totals, last: 14, ...common });
    found[`totals ${name}`] = all.map(({ key, points }) => [key, points]);
    found[`share ${name}`] = await statistics.series({ metric: SHARE, last: 6, ...common });
  }
  for (const [measure, periods] of MEASURES_READ) {
    for (const period of periods.filter((one) => among.includes(one))) {
      const name = Period.nameOf(period);
      const common = { period, exact: true, live } as const;
      const metric = metricOf('buyer', measure);
      found[`${measure} value ${name}`] = await statistics.value({ metric: metricOf('total', measure), ...common });
      found[`${measure} point ${name}`] = await statistics.point({ metric, object: objectRef(Buyer, 2), ...common });
      found[`${measure} top ${name}`] = await statistics.top({ metric, objectType: Buyer, ...common });
      const bottom = { metric: metricOf('country', measure), entity: SalesByCountry, order: 'asc', ...common } as const;
      found[`${measure} countries ${name}`] = await statistics.top(bottom);
      found[`${measure} buyers ${name}`] = (
        await statistics.multiSeries({ metric, objectType: Buyer, last: 6, ...common })
      ).map(({ key, points }) => [key, points]);
      const nowhere = { metric: metricOf('country', measure), entity: SalesByCountry, dimensions: { country: null } };
      found[`${measure} nowhere ${name}`] = await statistics.series({ ...nowhere, last: 5, ...common });
    }
  }
  const common = { exact: true, live } as const;
  for (const measure of ['all', 'revenue', 'mean', 'buyers']) {
    const metric = metricOf('total', measure);
    found[`${measure} compared`] = await statistics.compare({ metric, last: 7, ...common });
  }
  found['total'] = await statistics.total({ metric: metricOf('total', 'revenue'), last: 10, ...common });
  found['total of a country'] = await statistics.total({
    metric: metricOf('country', 'revenue'),
    entity: SalesByCountry,
    dimensions: { country: 'NL' },
    last: 10,
    ...common,
  });
  return found;
}

/** Reads everything live, runs the trackers for the same instant, and compares what is stored, over a source that changes. */
async function compareWithRuns(
  engine: Engine,
  trackers: readonly LiveTracker[],
  read: (statistics: StatisticService, live: boolean) => Promise<Record<string, unknown>>,
): Promise<void> {
  const shop = new LiveShop(engine, trackers, DEFAULTS);
  const rows = engine.source;
  await openShop(rows);
  const chance = new Chance(11);
  const check = async (now: string): Promise<void> => {
    shop.now = new Date(now);
    const live = await read(shop.statistics, true);
    await shop.run();
    const stored = await read(shop.statistics, false);
    for (const [what, value] of Object.entries(stored)) expect([what, live[what]]).toEqual([what, value]);
  };
  await sell(rows, chance, { first: 1, number: 60, from: 0, to: 20 });
  await check('2026-11-10T12:00:00Z');
  await sell(rows, chance, { first: 100, number: 20, from: 19, to: 60 });
  await rows.getRepository(Sale).delete({ id: 104 });
  await check('2026-11-13T23:01:00Z');
  await rows.getRepository(Line).delete([1000, 1010, 1070]);
  await check('2026-12-02T10:00:00Z');
}

/** Some of what can be read of the tracker by country. */
async function readCountries(statistics: StatisticService, live: boolean): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const period of [Period.DAY, Period.MONTH_TO_DATE, Period.LIFETIME]) {
    const common = { period, exact: true, live } as const;
    const metrics = SOME.map((name) => metricOf('country', name));
    const all = await statistics.multiSeries({ metrics, entity: SalesByCountry, ...common });
    const totals = await statistics.multiSeries({ metrics, ...common });
    found[`all ${String(period)}`] = [...all, ...totals].map(({ key, points }) => [key, points]);
    found[`top ${String(period)}`] = await statistics.top({
      metric: metricOf('country', 'mean'),
      entity: SalesByCountry,
      ...common,
    });
  }
  return found;
}

/** Trackers with buckets: of hours beside days, of quarters with a lookback of hours, and by dimensions. */
const HOURLY = [
  trackerOf('total', 'Europe/Berlin', [Period.DAY, Period.HOUR]),
  trackerOf('objects', 'Europe/Berlin', [QUARTER], { lookback: 1, lookbackMs: 2 * HOUR }),
  trackerOf('countries', 'Europe/Berlin', [Period.HOUR]),
].map((definition, place) => ({
  // one metric of the three would have three owners
  definition: {
    ...definition,
    withTotal: false,
    entries: definition.entries.map((entry) => {
      return { ...entry, metric: metricOf(`times${String(place)}`, String(naturalKey(entry.metric).split('/')[1])) };
    }),
  },
  source: Sale,
}));

/** What can be read of one of `HOURLY`. */
async function readHours(statistics: StatisticService, place: number, live: boolean): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const scope = [{}, { objectType: Buyer }, { entity: SalesByCountryAndTime }][place] as { objectType: typeof Buyer };
  const common = { period: place === 1 ? QUARTER : Period.HOUR, exact: true, live } as const;
  const metrics = REFS.map((ref) => metricOf(`times${String(place)}`, ref));
  for (const range of [{ last: 30 }, { from: '2026-10-24', to: '2026-10-25' }]) {
    const all = await statistics.multiSeries({ metrics, ...scope, ...common, ...range });
    for (const [index, { key, points }] of all.entries())
      found[`${JSON.stringify(range)} ${String(index)} ${key}`] = points;
  }
  for (const metric of metrics) {
    if (place > 0) found[`${metric.key} top`] = await statistics.top({ metric, ...scope, ...common });
    else {
      found[`${metric.key} value`] = await statistics.value({ metric, ...common });
      found[`${metric.key} day`] = await statistics.value({ metric, exact: true, live });
      found[`${metric.key} compared`] = await statistics.compare({ metric, last: 5, ...common });
    }
  }
  const [all] = metrics;
  if (all !== undefined && place === 0) found['total'] = await statistics.total({ metric: all, last: 26, ...common });
  return found;
}

/** Compares live reads of buckets with what runs store, over the repeated hour and a source that changes. */
async function compareHours(engine: Engine, places: readonly number[]): Promise<void> {
  const change = new Date('2026-10-25T01:00:00Z');
  const trackers = HOURLY.filter((_, place) => places.includes(place));
  const shop = new LiveShop(engine, trackers, DEFAULTS);
  await openShop(engine.source);
  const sales = salesAbout(change, new Chance(13));
  const sold = engine.source.getRepository(Sale);
  await sold.insert(sales.slice(0, 200));
  for (const [minutes, next] of [
    [-20, () => sold.insert(sales.slice(200, 230))],
    [40, () => sold.delete(sales.slice(31, 33).map(({ id }) => id))],
    [41, () => sold.insert(sales.slice(230))],
    [60 * 30, () => sold.delete(sales.slice(40, 90).map(({ id }) => id))],
  ] as const) {
    shop.now = new Date(change.getTime() + minutes * 60_000);
    const read = async (live: boolean) => Promise.all(places.map((place) => readHours(shop.statistics, place, live)));
    const live = await read(true);
    await shop.run();
    const stored = await read(false);
    for (const [index, found] of stored.entries()) {
      expect(Object.keys(found).length).toBeGreaterThan(15);
      for (const [what, value] of Object.entries(found)) {
        expect([minutes, what, live[index]?.[what]]).toEqual([minutes, what, value]);
      }
    }
    await next();
  }
}

describeOnEachDatabase('live reads', (database) => {
  const entities = [...TRACKSTATS_ENTITIES, ...SHOP, SalesByCountry];
  afterEach(() => database.clear());

  test('are what a run at the same instant stores', async () => {
    await compareWithRuns(await Engine.on(await database.open({ entities })), TRACKERS, readAll);
  }, 120_000);

  test('of hours and minutes are what a run at the same instant stores, about a repeated hour', async () => {
    await compareHours(await Engine.on(await database.open({ entities: TIMES_ENTITIES })), [0, 1, 2]);
  }, 120_000);

  test('write nothing', async () => {
    const engine = await Engine.on(await database.open({ entities }));
    const shop = new LiveShop(engine, TRACKERS, DEFAULTS);
    await openShop(engine.source);
    await sell(engine.source, new Chance(3), { first: 1, number: 40, from: 0, to: 20 });
    shop.now = new Date('2026-11-10T12:00:00Z');
    await readAll(shop.statistics, true, [Period.DAY, Period.WEEK]);
    for (const { target } of engine.dataSource.entityMetadatas) {
      if (TRACKSTATS_ENTITIES.includes(target as never)) {
        expect([target, await engine.dataSource.getRepository(target).count()]).toEqual([target, 0]);
      }
    }
  }, 60_000);

  test('of one metric of several before the first run begin where the run will', async () => {
    const engine = await Engine.on(await database.open({ entities }));
    const metrics = ['all', 'paid'].map((name) => ({ metric: metricOf('early', name), ...MEASURES[name] }));
    const given = { dateField: 'at', period: [Period.DAY, Period.CALENDAR_WEEK, Period.LIFETIME], metrics };
    const definition = defineTracker({ kind: 'date', name: null, type: 'Spec' }, given, DEFAULTS);
    const shop = new LiveShop(engine, [{ definition, source: Sale }], DEFAULTS);
    const sale = { at: new Date('2026-11-02T12:00:00Z'), status: null, total: null, items: 1, buyer: null };
    await engine.source.getRepository(Sale).insert({ id: 1, ...sale });
    shop.now = new Date('2026-11-10T12:00:00Z');
    const read = async (live: boolean): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (const period of given.period)
        found.push(await shop.statistics.series({ metric: metricOf('early', 'paid'), period, live }));
      return found;
    };
    const live = await read(true);
    await shop.run();
    expect(live).toEqual(await read(false));
  });

  test.each(['daily', 'changes'] as const)(
    'before the first run know the objects of which all rows are older than what is kept: %s',
    async (density) => {
      const engine = await Engine.on(await database.open({ entities }));
      await openShop(engine.source);
      const metric = metricOf('kept', 'all');
      const period = [Period.DAY, Period.WEEK, Period.CALENDAR_WEEK, Period.MONTH_TO_DATE, Period.LIFETIME];
      const keep = { DAY: 5, WEEK: 5, MONTH_TO_DATE: 5, LIFETIME: 5 };
      const given = {
        dateField: 'at',
        period,
        objectField: 'buyer',
        density,
        metrics: [{ metric, ...MEASURES.all }],
        keep,
      };
      const definition = defineTracker({ kind: 'object', name: null, type: 'Spec' }, given, DEFAULTS);
      const shop = new LiveShop(engine, [{ definition, source: Sale }], DEFAULTS);
      const sales = [
        { buyer: { id: 1 }, at: '2026-03-02T12:00:00Z' },
        { buyer: { id: 2 }, at: '2026-11-03T12:00:00Z' },
        { buyer: { id: 3 }, at: '2026-11-09T12:00:00Z' },
      ];
      const common = { status: null, total: null, items: 1 };
      await engine.source
        .getRepository(Sale)
        .insert(sales.map(({ buyer, at }, index) => ({ id: index + 1, buyer, at: new Date(at), ...common })));
      shop.now = new Date('2026-11-15T12:00:00Z');
      const read = async (live: boolean): Promise<Record<string, unknown>> => {
        const found: Record<string, unknown> = {};
        for (const one of period) {
          const name = Period.nameOf(one);
          const all = await shop.statistics.multiSeries({ metric, objectType: Buyer, period: one, last: 5, live });
          found[`${name} series`] = all.map(({ key, points }) => [key, points]);
          found[`${name} top`] = await shop.statistics.top({ metric, objectType: Buyer, period: one, live });
        }
        return found;
      };
      const live = await read(true);
      await shop.run();
      expect(live).toEqual(await read(false));
    },
  );

  describe('of what nothing counts', () => {
    const LOGINS = defineMetric({ domain, ref: 'logins' });

    async function statistics(): Promise<StatisticService> {
      return new LiveShop(await Engine.on(await database.open({ entities })), TRACKERS, DEFAULTS).statistics;
    }

    test('are refused, whatever wrote it', async () => {
      const service = await statistics();
      await service.increment({ metric: LOGINS });
      const refused = await service.value({ metric: LOGINS, live: true }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(LiveReadError);
      expect((refused as Error).message).toBe(
        'value: live is given for live/logins (DAY, the total), which no tracker computes, so there are no source rows to count now. ' +
          'Leave live out to read what is stored, or track these statistics with a tracker class.',
      );
      const share = defineRatio({ domain, ref: 'sales_a_login', of: metricOf('total', 'all'), per: LOGINS });
      await expect(service.value({ metric: share, live: true })).rejects.toThrow(LiveReadError);
    });

    test.each<[string, (service: StatisticService) => Promise<unknown>]>([
      [
        'a period that no tracker has',
        (service) => service.value({ metric: metricOf('total', 'all'), period: Period.DAYS_28, live: true }),
      ],
      [
        'a scope',
        (service) => service.value({ metric: metricOf('total', 'all'), object: objectRef(Buyer, 1), live: true }),
      ],
      [
        'a custom statistic',
        (service) => service.top({ metric: metricOf('buyer', 'all'), entity: SalesByCountry, live: true }),
      ],
    ])('%s', async (_, read) => {
      await expect(read(await statistics())).rejects.toThrow(LiveReadError);
    });

    test('reads of a definition that changed', async () => {
      const engine = await Engine.on(await database.open({ entities }));
      const before = {
        definition: define('date', 'total', NAMES, { dateField: 'at', withDeleted: true }),
        source: Sale,
      };
      const old = new LiveShop(engine, [before], DEFAULTS);
      old.now = new Date('2026-11-10T12:00:00Z');
      await old.run();
      const shop = new LiveShop(engine, TRACKERS, DEFAULTS);
      shop.now = old.now;
      const read = shop.statistics.value({ metric: metricOf('total', 'all'), live: true });
      await expect(read).rejects.toThrow(DefinitionChangedError);
    });
  });
});

describeOnPairs('live reads of a source in another database', (here, there) => {
  afterEach(async () => {
    await here.clear();
    await there.clear();
  });

  test('are what a run stores', async () => {
    const source = await there.open({ entities: SHOP });
    const engine = await Engine.on(await here.open({ entities: [...TRACKSTATS_ENTITIES, SalesByCountry] }), source);
    await compareWithRuns(engine, TRACKERS.slice(2), readCountries);
  }, 120_000);

  test('of hours are what a run stores', async () => {
    const source = await there.open({ entities: SHOP });
    await compareHours(await Engine.on(await here.open({ entities: [...STATISTICS, Buyer] }), source), [0]);
  }, 120_000);
});
