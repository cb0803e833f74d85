import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { readDrift } from '../../lib/coverage/drift.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { removeBefore } from '../../lib/statistics/write/prune.js';
import type { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { StatisticByDateAndObject } from '../../lib/statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import { Period } from '../../lib/time/period.js';
import { defineTracker } from '../../lib/tracking/definition/define-tracker.js';
import type { TrackerDefinition } from '../../lib/tracking/definition/tracker-definition.js';
import type { DriftReport } from '../../lib/tracking/running/tracker-drift.js';
import type { ScrubState } from '../../lib/tracking/running/tracker.scrubber.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';
import { type Buyer, MEASURES, openShop, Sale, SalesByCountry, SHOP } from './shop.js';

const domain = defineDomain({ ref: 'history' });
const EVERY_PERIOD = [
  Period.DAY,
  Period.WEEK,
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
  Period.CALENDAR_YEAR,
  Period.MONTH_TO_DATE,
  Period.LIFETIME,
];
const DAY_MS = 86_400_000;

const at = (date: string): Date => new Date(`${date}T10:00:00Z`);
const noon = (date: string): Date => new Date(`${date}T12:00:00Z`);

describeOnEachDatabase('the history of a tracker', (database) => {
  let engine: Engine;
  let id = 0;

  beforeEach(async () => {
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, ...SHOP, SalesByCountry] }));
    await openShop(engine.dataSource);
  });
  afterEach(() => database.clear());

  function tracker(more: Record<string, unknown> = {}, names: readonly string[] = ['all']): TrackerDefinition {
    const metrics = names.map((name) => ({ metric: defineMetric({ domain, ref: name }), ...MEASURES[name] }));
    const given = { dateField: 'at', period: EVERY_PERIOD, metrics, history: 'current', ...more };
    const kind = 'objectField' in more ? 'object' : 'statistic' in more ? 'dimensions' : 'date';
    return defineTracker({ kind, name: null, type: 'Spec' }, given, { timeZone: 'UTC', weekStart: 'monday' });
  }

  const sales = () => engine.dataSource.getRepository(Sale);

  async function sell(date: string, more: Partial<Sale> = {}): Promise<number> {
    const sale = {
      id: ++id,
      at: at(date),
      status: 'paid',
      total: '10.00',
      items: 2,
      buyer: { id: 1 } as Buyer,
      ...more,
    };
    await sales().insert(sale);
    return sale.id;
  }

  async function rows(...entities: (new () => AbstractStatistic)[]): Promise<Record<string, number | null>> {
    const metrics = await engine.dataSource.getRepository(Metric).find();
    const all: [string, number | null][] = [];
    for (const entity of entities) {
      const found = (await engine.dataSource.getRepository(entity).find()) as unknown as Record<string, unknown>[];
      for (const { metricId, period, date, value, ...keys } of found) {
        const ref = metrics.find((metric) => metric.id === Number(metricId))?.ref ?? '';
        const key = [ref, Period.nameOf(Number(period) as Period), ...Object.values(keys).map(String), date];
        all.push([key.join(' '), value === null ? null : Number(value)]);
      }
    }
    return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async function days(ref = 'all'): Promise<Record<string, number | null>> {
    const stored = Object.entries(await rows(StatisticByDate)).filter(([key]) => key.startsWith(`${ref} DAY `));
    return Object.fromEntries(stored.map(([key, value]) => [key.slice(ref.length + 5), value]));
  }

  /** Everything that a tracker stores is what a first run computes. */
  async function expectFresh(definition: TrackerDefinition, ...tables: (new () => AbstractStatistic)[]): Promise<void> {
    expect(await engine.verify(definition, Sale)).toEqual([]);
    const stored = await rows(...tables);
    const now = await lastRun();
    for (const entity of [...tables, Coverage]) await engine.dataSource.getRepository<object>(entity).clear();
    await engine.run(definition, Sale, { now });
    expect(stored).toEqual(await rows(...tables));
  }

  async function lastRun(): Promise<Date> {
    const coverages = await engine.dataSource.getRepository(Coverage).find();
    return new Date(Math.max(...coverages.map(({ computedAt }) => Number(computedAt))));
  }

  const run = (definition: TrackerDefinition, date: string, more = {}) =>
    engine.run(definition, Sale, { now: noon(date), ...more });

  /** Runs as a scheduled run does: it compares the next closed dates first. */
  async function scrubbingRun(definition: TrackerDefinition, now: Date, state: ScrubState): Promise<ScrubState> {
    const scrubbed = await engine.scrub(definition, Sale, now, state);
    await engine.run(definition, Sale, { now, recount: scrubbed?.recount });
    return scrubbed?.state ?? state;
  }

  async function scrubAll(definition: TrackerDefinition, date: string, rounds: number): Promise<void> {
    let state: ScrubState = { through: null, at: null };
    for (let round = 0; round < rounds; round++) {
      state = await scrubbingRun(definition, new Date(noon(date).getTime() + round * 3_600_000), state);
    }
  }

  const BY = [
    ['of a total', {}, [StatisticByDate]],
    [
      'of objects with their total',
      { objectField: 'buyer', withTotal: true },
      [StatisticByDateAndObject, StatisticByDate],
    ],
    ['of dimensions', { statistic: SalesByCountry, dimensions: { country: 'buyer.country' } }, [SalesByCountry]],
    ['of every day of objects', { objectField: 'buyer', density: 'daily' }, [StatisticByDateAndObject]],
  ] as const;

  describe.each(BY)('%s', (_, more, tables) => {
    test('is current: a row of last month that comes late is counted where it belongs', async () => {
      // a calendar year would count them again anyway
      const period = EVERY_PERIOD.filter((one) => one !== Period.CALENDAR_YEAR);
      const definition = tracker({ ...more, period }, ['all', 'revenue', 'paid']);
      for (const date of ['2026-06-02', '2026-09-10', '2026-11-18']) await sell(date);
      await run(definition, '2026-11-19');
      await sell('2026-11-03');
      await sell('2026-10-20', { buyer: { id: 2 } as Buyer, status: 'open' });
      const reports: DriftReport[] = [];
      await run(definition, '2026-11-20', { onDrift: (report: DriftReport) => reports.push(report) });
      expect(reports).toHaveLength(1);
      expect(reports[0]?.drift.length).toBeGreaterThan(0);
      await expectFresh(definition, ...tables);
    });

    test('is current: a row of two years ago is deleted', async () => {
      const definition = tracker(more, ['all', 'revenue']);
      const old = await sell('2024-10-02');
      for (const date of ['2024-10-02', '2025-09-10', '2026-11-18']) await sell(date);
      await run(definition, '2026-11-19');
      await sales().delete(old);
      await run(definition, '2026-11-20');
      await expectFresh(definition, ...tables);
    });

    test('is current: a row of before the first one comes late', async () => {
      const definition = tracker(more, ['all']);
      for (const date of ['2026-08-05', '2026-11-18']) await sell(date);
      await run(definition, '2026-11-19');
      await sell('2026-06-20');
      await run(definition, '2026-11-20');
      await expectFresh(definition, ...tables);
    });

    test('is current once it is scrubbed, whatever has changed', async () => {
      const definition = tracker({ ...more, scrub: { days: 20 } }, ['all', 'revenue', 'mean', 'items']);
      const moved = await sell('2026-06-10');
      for (const date of ['2026-06-01', '2026-07-10', '2026-08-18', '2026-09-01']) await sell(date);
      const [plus, minus] = [await sell('2026-07-04'), await sell('2026-08-08')];
      const swapped = await sell('2026-08-06');
      await run(definition, '2026-10-10');
      await sales().update(moved, { at: at('2026-07-12') });
      await sales().update(plus, { total: '15.00' });
      await sales().update(minus, { total: '5.00' });
      await sales().update(swapped, { buyer: { id: 3 } });
      await run(definition, '2026-10-11');
      await scrubAll(definition, '2026-10-11', 8);
      await expectFresh(definition, ...tables);
    });
  });

  test('is what was recorded by default, and the drift says by how much LIFETIME differs from the days', async () => {
    const definition = tracker({ history: 'recorded', period: [Period.DAY, Period.LIFETIME] }, ['all', 'revenue']);
    for (const date of ['2026-10-03', '2026-11-18']) await sell(date);
    await run(definition, '2026-11-19');
    const before = await days();
    const late = await sell('2026-10-20', { total: '7.25' });
    const reports: DriftReport[] = [];
    const onDrift = (report: DriftReport): number => reports.push(report);
    await run(definition, '2026-11-20', { onDrift });
    expect(await days()).toEqual(before);
    const metric = (ref: string): string => `history/${ref}`;
    const drift = [
      { metric: metric('all'), of: 'total', date: '2026-11-17', keys: 1, difference: '1' },
      { metric: metric('revenue'), of: 'total', date: '2026-11-17', keys: 1, difference: '7.25' },
    ];
    expect(reports).toEqual([{ drift, repairedFrom: null }]);
    // it is known, and is not reported again
    await run(definition, '2026-11-20', { onDrift });
    await run(definition, '2026-11-21', { onDrift });
    expect(reports).toHaveLength(1);
    await sell('2026-11-01', { total: '0.50' });
    await run(definition, '2026-11-25', { onDrift });
    expect(reports[1]?.drift).toMatchObject([
      { difference: '2', date: '2026-11-19' },
      { difference: '7.75', date: '2026-11-19' },
    ]);
    await sales().delete(late);
    await run(definition, '2026-11-26', { onDrift });
    expect(reports[2]?.drift).toMatchObject([{ difference: '1' }, { difference: '0.5' }]);
    // a backfill of the dates is a repair, in whatever steps
    await run(definition, '2026-11-26', { from: '2026-10-03', to: '2026-10-31', onDrift });
    await run(definition, '2026-11-26', { from: '2026-11-01', onDrift });
    expect(reports.at(-1)).toEqual({ drift: [], repairedFrom: null });
    const stored = await engine.dataSource.getRepository(Coverage).find();
    expect(stored.map((coverage) => coverage.drift)).toEqual([null, null, null, null]);
    expect(await engine.verify(definition, Sale)).toEqual([]);
  });

  test('of a deleted customer stays as it was recorded, and drifts', async () => {
    const definition = tracker({
      history: 'recorded',
      objectField: 'buyer',
      withTotal: true,
      period: [Period.DAY, Period.LIFETIME],
    });
    const gone = await sell('2026-10-03', { buyer: { id: 2 } as Buyer });
    await sell('2026-10-04');
    await run(definition, '2026-11-19');
    await sales().delete(gone);
    const reports: DriftReport[] = [];
    await run(definition, '2026-11-20', { onDrift: (report: DriftReport) => reports.push(report) });
    expect(reports[0]?.drift).toEqual([
      { metric: 'history/all', of: 'objects', date: '2026-11-17', keys: 1, difference: '-1' },
      { metric: 'history/all', of: 'total', date: '2026-11-17', keys: 1, difference: '-1' },
    ]);
    const stored = await rows(StatisticByDateAndObject, StatisticByDate);
    expect(stored['all DAY metrics_customer 2 2026-10-03']).toBe(1);
    expect(stored['all LIFETIME metrics_customer 2 2026-11-18']).toBe(0);
    expect(stored['all LIFETIME 2026-11-20']).toBe(1);
  });

  test('that becomes current does not count everything again, but what has drifted', async () => {
    const recorded = tracker({ history: 'recorded' });
    for (const date of ['2025-01-03', '2026-11-18']) await sell(date);
    await run(recorded, '2026-11-19');
    const current = tracker({});
    expect(await run(current, '2026-11-19')).toMatchObject({ from: '2025-12-29', written: 0 });
    await sell('2025-06-20');
    await run(recorded, '2026-11-20');
    await run(recorded, '2026-11-22');
    await run(current, '2026-11-22');
    await expectFresh(current, StatisticByDate);
  });

  test('is never brought back where it was pruned, nor where the source has lost its rows', async () => {
    const definition = tracker({ period: [Period.DAY, Period.LIFETIME] });
    for (const date of ['2026-01-03', '2026-03-03', '2026-06-03', '2026-11-18']) await sell(date);
    await run(definition, '2026-11-19');
    const [metric] = await engine.dataSource.getRepository(Metric).find();
    await engine.database.transaction(() => removeBefore(engine.database, metric?.id ?? 0, Period.DAY, '2026-05-01'));
    await sell('2026-02-02');
    await sell('2026-07-07');
    await run(definition, '2026-11-20');
    await scrubAll(definition, '2026-11-20', 8);
    expect(await days()).toEqual({ '2026-06-03': 1, '2026-07-07': 1, '2026-11-18': 1 });
    const coverage = await engine.dataSource.getRepository(Coverage).findOneByOrFail({ period: Period.DAY });
    expect(String(coverage.from)).toBe('2026-05-01');
  });

  test('begins where the source is complete', async () => {
    const sourceKeptSince = '2026-05-15';
    const definition = tracker({ sourceKeptSince, scrub: { days: 31 } }, ['all', 'revenue', 'mean', 'least']);
    const without = { ...definition, sourceKeptSince: null };
    const old = await sell('2026-01-03');
    for (const date of ['2026-03-03', '2026-05-03', '2026-06-03', '2026-11-18']) await sell(date);
    // LIFETIME of an average cannot be counted where rows are lost
    const periods = [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.MONTH_TO_DATE];
    const entries = definition.entries.map((entry) => ({
      ...entry,
      periods: entry.aggregate.function === 'avg' ? periods : [...periods, Period.LIFETIME],
    }));
    await run({ ...without, entries }, '2026-11-19');
    const before = await rows(StatisticByDate);
    await sales().delete(old);
    await sales().delete({ id: 2 });
    await sell('2026-07-07');
    await run({ ...definition, entries }, '2026-11-20');
    await scrubAll({ ...definition, entries }, '2026-11-20', 8);
    const after = await rows(StatisticByDate);
    for (const [key, value] of Object.entries(before)) {
      if (key.slice(-10) < '2026-07-01' && key.slice(-10) !== '2026-05-01')
        expect([key, after[key]]).toEqual([key, value]);
    }
    expect(after['all DAY 2026-07-07']).toBe(1);
    expect(after['all CALENDAR_MONTH 2026-07-01']).toBe(1);
    expect(after['all LIFETIME 2026-11-20']).toBe((before['all LIFETIME 2026-11-19'] ?? 0) + 1);
    expect(after['mean WEEK 2026-07-09']).toBe(10);
  });

  test('of a source that only grows is left alone', async () => {
    const definition = tracker({ appendOnly: true, period: [Period.DAY, Period.LIFETIME] });
    for (const date of ['2026-01-03', '2026-11-18']) await sell(date);
    await run(definition, '2026-11-19');
    await sell('2026-02-02');
    expect(await engine.scrub(definition, Sale, noon('2026-11-20'), { through: null, at: null })).toBeNull();
    await run(definition, '2026-11-20');
    expect(await days()).toEqual({ '2026-01-03': 1, '2026-11-18': 1 });
  });

  test('of a source that only grows is left alone where LIFETIME is counted from its first row', async () => {
    const definition = tracker({ appendOnly: true, period: [Period.DAY, Period.LIFETIME] }, ['buyers']);
    for (const date of ['2026-01-03', '2026-11-18']) await sell(date);
    await run(definition, '2026-11-19');
    await sell('2026-02-02', { buyer: { id: 2 } as Buyer });
    await run(definition, '2026-11-20');
    expect(await days('buyers')).toEqual({ '2026-01-03': 1, '2026-11-18': 1 });
    expect(await rows(StatisticByDate)).toMatchObject({ 'buyers LIFETIME 2026-11-20': 2 });
  });

  test('is scrubbed in slices, one after the other and then again, at most once in a while', async () => {
    const definition = tracker({ period: Period.DAY, scrub: { days: 30, every: '2 hours' } });
    for (const date of ['2026-09-01', '2026-11-18']) await sell(date);
    await run(definition, '2026-11-19');
    let state: ScrubState = { through: null, at: null };
    const seen: (LocalDate | null)[] = [];
    for (let hour = 0; hour < 10; hour++) {
      const now = new Date(noon('2026-11-19').getTime() + hour * 3_600_000);
      const scrubbed = await engine.scrub(definition, Sale, now, state);
      if (scrubbed !== null) seen.push(scrubbed.state.through);
      state = scrubbed?.state ?? state;
    }
    expect(seen).toEqual(['2026-09-30', '2026-10-30', '2026-11-17', '2026-09-30', '2026-10-30']);
    // a clock that was ahead does not keep it from it
    const ahead = { ...state, at: new Date(noon('2026-11-19').getTime() + 5 * DAY_MS) };
    expect(await engine.scrub(definition, Sale, noon('2026-11-19'), ahead)).not.toBeNull();
    // before the first run there is nothing to compare
    expect(await engine.scrub(tracker({}, ['paid']), Sale, noon('2026-11-19'), { through: null, at: null })).toBeNull();
  });

  test('has a drift of at most sixty steps', async () => {
    const definition = tracker({ history: 'recorded', period: Period.LIFETIME, lookback: 0 });
    await sell('2026-01-01');
    const first = Date.parse('2026-03-01T12:00:00Z');
    for (let day = 0; day < 70; day++) {
      await engine.run(definition, Sale, { now: new Date(first + day * DAY_MS) });
      await sell('2026-02-01');
    }
    const [coverage] = await engine.dataSource.getRepository(Coverage).find();
    const steps = readDrift(coverage?.drift ?? null);
    expect(steps).toHaveLength(60);
    expect(steps.reduce((sum, { difference }) => sum + Number(difference), 0)).toBe(69);
  });
});
