import { jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { defineDomain, defineMetric, type MetricDefinition } from '../../lib/catalog/definitions.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { canonicalDecimal } from '../../lib/database/decimal.js';
import type { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { TrackerKind } from '../../lib/tracking/definition/option.js';
import type { TrackerDefinition } from '../../lib/tracking/definition/tracker-definition.js';
import { describeOnEachDatabase, describeOnPairs } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { Chance, Line, MEASURES, openShop, Sale, SalesByCountry, sell, SHOP } from './shop.js';

const domain = defineDomain({ ref: 'metrics' });
const DEFAULTS = { timeZone: 'Europe/Amsterdam', weekStart: 'monday' } as const;
const PERIODS = [Period.DAY, Period.WEEK, Period.CALENDAR_WEEK, Period.CALENDAR_MONTH, Period.LIFETIME] as const;

interface Way {
  readonly kind: TrackerKind;
  readonly options: Record<string, unknown>;
}

const TOTAL: Way = { kind: 'date', options: {} };
const BY_BUYER: Way = { kind: 'object', options: { objectField: 'buyer' } };
const BY_COUNTRY: Way = {
  kind: 'dimensions',
  options: { statistic: SalesByCountry, dimensions: { country: 'buyer.country' } },
};

function metricOf(group: string, name: string): MetricDefinition {
  return defineMetric({ domain, ref: `${group}_${name}` });
}

function define({ kind, options }: Way, more: Record<string, unknown>): TrackerDefinition {
  const given = { dateField: 'at', period: PERIODS, lookback: 3, ...options, ...more };
  return defineTracker({ kind, name: null, type: 'Spec' }, given, DEFAULTS);
}

/** One tracker of all measures. */
function together(
  group: string,
  way: Way,
  names: readonly string[],
  more: Record<string, unknown> = {},
): TrackerDefinition {
  const metrics = names.map((name) => ({ metric: metricOf(group, name), ...MEASURES[name] }));
  return define(way, { metrics, ...more });
}

/** A tracker for each measure. */
function alone(
  group: string,
  way: Way,
  names: readonly string[],
  more: Record<string, unknown> = {},
): TrackerDefinition[] {
  return names.map((name) => define(way, { metric: metricOf(group, name), ...MEASURES[name], ...more }));
}

/** What is stored for the metrics of a group in a table: `name period keys date` → exact value. */
async function rowsOf(
  dataSource: DataSource,
  group: string,
  entity: new () => AbstractStatistic,
): Promise<Record<string, string | null>> {
  const metrics = await dataSource.getRepository(Metric).find();
  const names = new Map(metrics.map(({ id, ref }) => [id, ref]));
  const found: Record<string, string | null> = {};
  for (const row of await dataSource.getRepository(entity).find()) {
    const { metricId, period, date, value, ...keys } = row as unknown as Record<string, unknown>;
    const ref = names.get(Number(metricId)) ?? '';
    if (!ref.startsWith(`${group}_`)) continue;
    const key = [ref.slice(group.length + 1), period, ...Object.values(keys), date].map(String).join(' ');
    found[key] = value === null ? null : canonicalDecimal(value as string | number);
  }
  return found;
}

describeOnEachDatabase('several metrics in one tracker', (database) => {
  const entities = [...TRACKSTATS_ENTITIES, ...SHOP, SalesByCountry];
  const names = Object.keys(MEASURES);
  /** one of each way in which a scan is shared or not */
  const some = ['all', 'revenue', 'mean', 'bulk', 'buyers', 'payers'];
  let engine: Engine;

  beforeEach(async () => {
    engine = await Engine.on(await database.open({ entities }));
    await openShop(engine.dataSource);
  });
  afterEach(() => database.clear());

  /** Runs trackers at the same instants over a source that changes, and compares what they store after each. */
  async function compare(
    definition: TrackerDefinition,
    others: readonly TrackerDefinition[],
    tables: readonly (new () => AbstractStatistic)[],
    source = engine,
  ): Promise<void> {
    const chance = new Chance(7);
    const rows = source.source;
    const run = async (now: Date): Promise<void> => {
      const first = await engine.run(definition, Sale, { now });
      expect(first.written).toBeGreaterThan(0);
      for (const other of others) await engine.run(other, Sale, { now });
      for (const table of tables) {
        const expected = await rowsOf(engine.dataSource, 'own', table);
        expect(Object.keys(expected).length).toBeGreaterThan(10);
        expect(await rowsOf(engine.dataSource, 'one', table)).toEqual(expected);
      }
    };
    await sell(rows, chance, { first: 1, number: 60, from: 0, to: 20 });
    await run(new Date('2026-11-10T12:00:00Z'));
    expect(await engine.verify(definition, Sale)).toEqual([]);
    await sell(rows, chance, { first: 100, number: 20, from: 18, to: 26 });
    await rows.getRepository(Sale).delete([3, 7, 11, 104, 109]);
    await rows.getRepository(Line).delete([20, 30]);
    const last = new Date('2026-11-15T22:59:00Z');
    await run(last);
    expect(await engine.run(definition, Sale, { now: last })).toMatchObject({ written: 0, removed: 0 });
  }

  test('stores what a tracker of its own for each would', async () => {
    await compare(together('one', TOTAL, names), alone('own', TOTAL, names), [StatisticByDate]);
    // some hundred runs, each of which makes many temporary tables on MariaDB
  }, 180_000);

  test.each([
    ['objects', BY_BUYER, StatisticByDateAndObject],
    ['dimensions', BY_COUNTRY, SalesByCountry],
  ])('by %s, with the total of all rows from the same pass', async (_, way, table) => {
    await compare(
      together('one', way, some, { withTotal: true }),
      [...alone('own', way, some), ...alone('own', TOTAL, some)],
      [table, StatisticByDate],
    );
  });

  test('where the source only grows and is kept for a while', async () => {
    const more = { appendOnly: true, period: [Period.DAY, Period.LIFETIME], density: 'changes' };
    const chance = new Chance(3);
    const [definition, others] = [together('one', BY_BUYER, names, more), alone('own', BY_BUYER, names, more)];
    for (const [index, day] of [10, 11, 12].entries()) {
      await sell(engine.dataSource, chance, {
        first: 1 + 50 * index,
        number: 30,
        from: 17 + 2 * index,
        to: 21 + index,
      });
      const now = new Date(`2026-11-${String(day)}T23:30:00Z`);
      for (const each of [definition, ...others]) await engine.run(each, Sale, { now });
      expect(await rowsOf(engine.dataSource, 'one', StatisticByDateAndObject)).toEqual(
        await rowsOf(engine.dataSource, 'own', StatisticByDateAndObject),
      );
    }
  });

  test('goes on with the coverage of trackers that it replaces, and recounts nothing', async () => {
    await sell(engine.dataSource, new Chance(5), { first: 1, number: 40, from: 0, to: 20 });
    const now = new Date('2026-11-10T12:00:00Z');
    for (const each of alone('one', BY_BUYER, names)) await engine.run(each, Sale, { now });
    for (const each of alone('one', TOTAL, names)) await engine.run(each, Sale, { now });
    const before = await engine.dataSource.getRepository(Coverage).find();
    const definition = together('one', BY_BUYER, names, { withTotal: true });
    // a day that is out of reach of the lookback, and would be seen by a recount
    await engine.dataSource.getRepository(Sale).delete({ id: 1 });
    await engine.dataSource.getRepository(StatisticByDate).count();
    const result = await engine.run(definition, Sale, { now });
    expect(result.from >= '2026-10-26').toBe(true);
    const after = await engine.dataSource.getRepository(Coverage).find();
    const texts = (all: Coverage[]): string[] =>
      all.map(({ metricId, period, scope, from, through, fingerprint }) =>
        [metricId, period, scope, from, through, fingerprint].join(' '),
      );
    expect(texts(after).sort()).toEqual(texts(before).sort());
  });

  test('computes a metric that is added from the beginning, while the others go on', async () => {
    await sell(engine.dataSource, new Chance(9), { first: 1, number: 60, from: 0, to: 20 });
    await engine.run(together('one', TOTAL, ['all', 'buyers']), Sale, { now: new Date('2026-11-10T12:00:00Z') });
    const before = await rowsOf(engine.dataSource, 'one', StatisticByDate);
    await engine.dataSource.getRepository(Sale).delete({ id: 1 });
    const now = new Date('2026-11-11T12:00:00Z');
    await engine.run(together('one', TOTAL, ['all', 'revenue', 'buyers', 'payers']), Sale, { now });
    for (const each of alone('own', TOTAL, ['revenue', 'payers'])) await engine.run(each, Sale, { now });
    const [stored, own] = [
      await rowsOf(engine.dataSource, 'one', StatisticByDate),
      await rowsOf(engine.dataSource, 'own', StatisticByDate),
    ];
    const of = (rows: Record<string, string | null>, ...wanted: string[]): Record<string, string | null> =>
      Object.fromEntries(Object.entries(rows).filter(([key]) => wanted.includes(key.split(' ')[0] ?? '')));
    expect(of(stored, 'revenue', 'payers')).toEqual(own);
    // what was recorded of the others stays, though a row is gone
    const day = (rows: Record<string, string | null>): (string | null | undefined)[] =>
      Object.keys(before)
        .filter((key) => key.startsWith('all 86400') && key.slice(-10) < '2026-10-31')
        .map((key) => rows[key]);
    expect(day(stored)).toEqual(day(before));
    // one that is removed keeps what it has
    await engine.run(together('one', TOTAL, ['all']), Sale, { now: new Date('2026-11-12T12:00:00Z') });
    expect(of(await rowsOf(engine.dataSource, 'one', StatisticByDate), 'revenue')).toEqual(of(stored, 'revenue'));
  });

  test('asks about its coverage as often as one metric does', async () => {
    await sell(engine.dataSource, new Chance(5), { first: 1, number: 40, from: 0, to: 20 });
    const definition = together('one', BY_BUYER, ['all', 'revenue', 'buyers'], { withTotal: true });
    const asked = async (now: string): Promise<string[]> => {
      const texts: string[] = [];
      const { logger } = engine.dataSource;
      const logQuery = jest.spyOn(logger, 'logQuery').mockImplementation((text) => void texts.push(text));
      await engine.run(definition, Sale, { now: new Date(now) });
      logQuery.mockRestore();
      return texts.filter((text) => text.includes('trackstats_coverage')).map((text) => text.slice(0, 200));
    };
    // looked for, made, locked and written; then locked and written
    expect((await asked('2026-11-10T12:00:00Z')).length).toBe(4);
    expect((await asked('2026-11-11T12:00:00Z')).length).toBe(2);
  });

  test('a changed condition concerns its own metric', async () => {
    await sell(engine.dataSource, new Chance(9), { first: 1, number: 30, from: 0, to: 20 });
    const of = (status: string): TrackerDefinition =>
      define(TOTAL, {
        metrics: [{ metric: metricOf('one', 'all') }, { metric: metricOf('one', 'paid'), where: { status } }],
      });
    await engine.run(of('paid'), Sale, { now: new Date('2026-11-10T12:00:00Z') });
    // the values of parameters are no part of the definition, so a shape that differs is
    const changed = define(TOTAL, {
      metrics: [{ metric: metricOf('one', 'all') }, { metric: metricOf('one', 'paid'), where: { items: 2 } }],
    });
    const now = new Date('2026-11-11T12:00:00Z');
    await expect(engine.run(changed, Sale, { now })).rejects.toMatchObject({ code: 'TRACKSTATS_DEFINITION_CHANGED' });
    await engine.run(changed, Sale, { now, from: '2026-10-20' });
    expect(await engine.verify(changed, Sale)).toEqual([]);
  });

  test('values of a condition, of its opposite and of what is unknown add up to all', async () => {
    await sell(engine.dataSource, new Chance(21), { first: 1, number: 80, from: 0, to: 20 });
    const { IsNull, Not } = await import('typeorm');
    const parts = [
      ['all', {}],
      ['is', { where: { status: 'paid' } }],
      ['not', { where: { status: Not('paid') } }],
      ['unknown', { where: { status: IsNull() } }],
    ] as const;
    const { sum } = await import('../../lib/rollup/aggregate.js');
    const metrics = parts.map(([name, more]) => ({ metric: metricOf('one', name), aggregate: sum('items'), ...more }));
    await engine.run(define(TOTAL, { metrics }), Sale, { now: new Date('2026-11-10T12:00:00Z') });
    const rows = await rowsOf(engine.dataSource, 'one', StatisticByDate);
    const keys = Object.keys(rows).filter((key) => /^all (86400|0) /.test(key));
    expect(keys.length).toBeGreaterThan(20);
    for (const key of keys) {
      const of = (name: string): number => Number(rows[key.replace('all', name)] ?? 0);
      expect([key, of('is') + of('not') + of('unknown')]).toEqual([key, of('all')]);
    }
  });
});

describeOnPairs('several metrics of a source in another database', (here, there) => {
  afterEach(async () => {
    await here.clear();
    await there.clear();
  });

  test('store what trackers of their own would', async () => {
    const source = await there.open({ entities: SHOP });
    const statistics = await here.open({ entities: [...TRACKSTATS_ENTITIES, SalesByCountry] });
    const engine = await Engine.on(statistics, source);
    await openShop(source);
    const names = ['all', 'revenue', 'mean', 'bulk', 'buyers', 'payers', 'statuses'];
    const definitions = [
      together('one', BY_COUNTRY, names, { withTotal: true }),
      ...alone('own', BY_COUNTRY, names),
      ...alone('own', TOTAL, names),
    ];
    const chance = new Chance(4);
    for (const [index, now] of ['2026-11-10T12:00:00Z', '2026-11-11T12:00:00Z'].entries()) {
      await sell(source, chance, { first: 1 + 100 * index, number: 40, from: 15 * index, to: 20 + index });
      for (const each of definitions) await engine.run(each, Sale, { now: new Date(now) });
      for (const table of [SalesByCountry, StatisticByDate]) {
        expect(await rowsOf(statistics, 'one', table)).toEqual(await rowsOf(statistics, 'own', table));
      }
      if (index === 0) expect(await engine.verify(definitions[0] as TrackerDefinition, Sale)).toEqual([]);
    }
  });
});
