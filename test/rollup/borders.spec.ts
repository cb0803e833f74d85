import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { MetricDefinition } from '../../lib/catalog/definitions.js';
import {
  ClockBehindError,
  DefinitionChangedError,
  InvalidRangeError,
  SourceGoneError,
} from '../../lib/errors/run.error.js';
import type { AggregateFunction } from '../../lib/catalog/aggregates.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { StatisticByDate } from '../../lib/statistics/tables/statistic-by-date.entity.js';
import { addDays } from '../../lib/time/local-date.js';
import { Period, type WeekStart } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import type { RunOptions } from '../../lib/tracking/running/run-options.js';
import type { TrackResult } from '../../lib/tracking/running/track-result.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, TRACKSTATS_ENTITIES, type Engine, type OneMetric } from '../support/engine.js';
import { allRowsOf, engineOn, insertIndexed, intlDate, newMetric, rowsOf, tally } from './stored.js';

@Entity()
class Visit {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Index()
  @Column({ type: Date, precision: 3, nullable: true })
  at!: Date | null;

  @Column({ type: 'date', nullable: true })
  on!: string | null;

  @Column({ type: 'integer', nullable: true })
  user!: number | null;

  @Column({ type: 'integer', nullable: true })
  amount!: number | null;
}

interface Given {
  at: string;
  user?: number;
  amount?: number | null;
}

const TOTAL: TrackedTarget = { kind: 'total' };
const VISITORS: TrackedTarget = { kind: 'objects', field: 'user', entity: Visit };
const ALL: readonly AggregateFunction[] = ['count', 'countDistinct', 'sum', 'avg', 'min', 'max'];
const PERIODS = [
  Period.DAY,
  Period.WEEK,
  Period.days(3),
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
  Period.CALENDAR_QUARTER,
  Period.CALENDAR_YEAR,
  Period.LIFETIME,
];

function aggregateOf(name: AggregateFunction): OneMetric['aggregate'] {
  return { function: name, field: name === 'count' ? null : 'amount' };
}

describeOnEachDatabase('the borders of runs', (database) => {
  let engine: Engine;
  let made = 0;

  beforeAll(async () => {
    engine = await engineOn(database, { entities: [...TRACKSTATS_ENTITIES, Visit] });
  });

  beforeEach(() => engine.dataSource.getRepository(Visit).clear());

  /** Noon in UTC, unless the text has a time. */
  function instant(text: string): Date {
    return new Date(text.length === 10 ? `${text}T12:00:00Z` : text);
  }

  async function visits(...given: (string | Given)[]): Promise<number[]> {
    const rows = given.map((one) => (typeof one === 'string' ? { at: one } : one));
    const ids = rows.map(() => ++made);
    await insertIndexed(
      engine.dataSource,
      Visit,
      rows.map((row, index) => ({ amount: 1, ...row, id: ids[index], at: instant(row.at) })),
    );
    return ids;
  }

  async function leave(...ids: number[]): Promise<void> {
    await engine.dataSource.getRepository(Visit).delete(ids);
  }

  function tracker(given: Partial<OneMetric> = {}): OneMetric & { metric: MetricDefinition } {
    return { ...definitionOf({ metric: newMetric(), dateField: 'at', ...given }), metric: newMetric() };
  }

  function run(definition: OneMetric, now: string, options: Partial<RunOptions> = {}): Promise<TrackResult> {
    return engine.run(definition, Visit, { ...options, now: instant(now) });
  }

  async function everything(definition: OneMetric): Promise<Record<string, Record<string, string | null>>> {
    const rows = await allRowsOf(engine, definition);
    return Object.fromEntries(definition.periods.map((period, index) => [Period.nameOf(period), rows[index] ?? {}]));
  }

  async function coverageOf({ metric }: { metric: MetricDefinition }): Promise<Record<string, string>> {
    const found = await engine.dataSource
      .getRepository(Coverage)
      .createQueryBuilder('c')
      .where(
        (query) =>
          `c.metricId IN ${query.subQuery().select('m.id').from(Metric, 'm').where('m.ref = :ref').getQuery()}`,
        {
          ref: metric.ref,
        },
      )
      .getMany();
    return Object.fromEntries(
      found.map(({ period, from, through }) => [Period.nameOf(period), `${String(from)}..${String(through)}`]),
    );
  }

  describe('an empty source', () => {
    test('has no rows, and is covered from today on', async () => {
      for (const target of [{ kind: 'total' }, VISITORS] as const) {
        const definition = tracker({ periods: PERIODS, target, density: 'daily' });
        expect(await run(definition, '2024-05-15')).toMatchObject({ through: '2024-05-15', written: 0, removed: 0 });
        expect(Object.values(await everything(definition)).flatMap(Object.keys)).toEqual([]);
        expect(await coverageOf(definition)).toMatchObject({
          DAY: '2024-05-15..2024-05-15',
          LIFETIME: '2024-05-15..2024-05-15',
        });
        expect(await run(definition, '2024-05-17')).toMatchObject({ written: 0, removed: 0 });
        expect(await coverageOf(definition)).toMatchObject({ DAY: '2024-05-15..2024-05-17' });
      }
    });

    test('whose dates are all NULL, or all to come, is one', async () => {
      await insertIndexed(engine.dataSource, Visit, [{ id: ++made, at: null }]);
      await visits('2024-05-15T12:00:00.001Z');
      const definition = tracker({ periods: [Period.DAY, Period.LIFETIME] });
      await run(definition, '2024-05-15T12:00:00.000Z');
      expect(await everything(definition)).toEqual({ DAY: {}, LIFETIME: {} });
      await run(definition, '2024-05-15T12:00:00.001Z');
      expect(await everything(definition)).toEqual({ DAY: { '2024-05-15': '1' }, LIFETIME: { '2024-05-15': '1' } });
    });

    test.each(ALL)('that became one: %s', async (name) => {
      const [nothing] = ['count', 'countDistinct', 'sum'].includes(name) ? ['0'] : [null];
      for (const density of ['daily', 'changes'] as const) {
        for (const target of density === 'daily' ? [TOTAL] : [TOTAL, VISITORS]) {
          const definition = tracker({
            aggregate: aggregateOf(name),
            periods: [Period.DAY, Period.WEEK, Period.LIFETIME],
            target,
            density,
          });
          const key = (date: string): string => (target.kind === 'total' ? date : `${date} 7`);
          await visits({ at: '2024-05-01', user: 7 }, { at: '2024-05-03', user: 7 });
          await run(definition, '2024-05-03');
          await engine.dataSource.getRepository(Visit).clear();
          await run(definition, '2024-05-04');
          const found = await everything(definition);
          expect(found.DAY).toEqual({ [key('2024-05-01')]: '1' }); // closed, and not looked at again
          const first = { [key('2024-05-01')]: '1', [key('2024-05-02')]: nothing };
          const daily = { ...first, [key('2024-05-03')]: nothing, [key('2024-05-04')]: nothing };
          expect(found.WEEK).toEqual(density === 'daily' ? daily : first);
          expect(found.LIFETIME).toEqual(density === 'daily' ? daily : first);
          expect(await run(definition, '2024-05-04')).toMatchObject({ written: 0, removed: 0 });
        }
      }
    });

    test.each(ALL)('that became one, in the month that is open: %s', async (name) => {
      const definition = tracker({
        aggregate: aggregateOf(name),
        periods: [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.LIFETIME],
      });
      await visits({ at: '2024-05-01', user: 7 }, { at: '2024-05-03', user: 7 });
      await run(definition, '2024-05-03');
      await engine.dataSource.getRepository(Visit).clear();
      await run(definition, '2024-05-04');
      // the month is recounted, and its days with it
      expect(await everything(definition)).toEqual({ DAY: {}, WEEK: {}, CALENDAR_MONTH: {}, LIFETIME: {} });
    });
  });

  test('an object whose rows are all gone, beside one that stays', async () => {
    const definition = tracker({ periods: [Period.DAY, Period.days(2), Period.LIFETIME], target: VISITORS });
    const [first = 0] = await visits({ at: '2024-05-01', user: 1 }, { at: '2024-05-02', user: 2 });
    await run(definition, '2024-05-02');
    await leave(first);
    await run(definition, '2024-05-02');
    expect(await everything(definition)).toEqual({
      DAY: { '2024-05-02 2': '1' },
      DAYS_2: { '2024-05-02 2': '1' },
      LIFETIME: { '2024-05-02 2': '1' },
    });
    await visits({ at: '2024-05-02', user: 1 });
    await run(definition, '2024-05-03');
    expect((await everything(definition)).LIFETIME).toEqual({ '2024-05-02 1': '1', '2024-05-02 2': '1' });
  });

  test('a row that moves between days and between objects', async () => {
    const [id = 0] = await visits({ at: '2024-05-10', user: 1 }, { at: '2024-05-10', user: 2 });
    const definition = tracker({ periods: [Period.DAY, Period.LIFETIME], target: VISITORS, lookback: 3 });
    await run(definition, '2024-05-10');
    await engine.dataSource.getRepository(Visit).update(id, { at: instant('2024-05-08'), user: 2 });
    await run(definition, '2024-05-11');
    expect(await everything(definition)).toEqual({
      DAY: { '2024-05-08 2': '1', '2024-05-10 2': '1' },
      LIFETIME: { '2024-05-08 2': '1', '2024-05-10 2': '2' },
    });
  });

  test('rows of the future, that come in their time', async () => {
    await visits('2024-05-01', '2024-05-02T23:59:59.999Z', '2024-05-03T00:00:00Z', '2024-06-01', '2030-01-01');
    const definition = tracker({ periods: [Period.DAY, Period.CALENDAR_MONTH, Period.LIFETIME] });
    const at = async (now: string): Promise<unknown> => {
      await run(definition, now);
      const { DAY = {}, CALENDAR_MONTH = {}, LIFETIME = {} } = await everything(definition);
      return [Object.keys(DAY).length, CALENDAR_MONTH, Object.entries(LIFETIME).at(-1)];
    };
    expect(await at('2024-05-01')).toEqual([1, { '2024-05-01': '1' }, ['2024-05-01', '1']]);
    expect(await at('2024-05-02T23:59:59.998Z')).toEqual([1, { '2024-05-01': '1' }, ['2024-05-02', '1']]);
    expect(await at('2024-05-02T23:59:59.999Z')).toEqual([2, { '2024-05-01': '2' }, ['2024-05-02', '2']]);
    expect(await at('2024-05-03T00:00:00Z')).toEqual([3, { '2024-05-01': '3' }, ['2024-05-03', '3']]);
    expect(await at('2024-06-02')).toEqual([4, { '2024-05-01': '3', '2024-06-01': '1' }, ['2024-06-02', '4']]);
  });

  test.each(ALL)('a second run at the same instant writes nothing: %s', async (name) => {
    await visits(
      { at: '2023-12-31T23:59:59.999Z', user: 1, amount: 3 },
      { at: '2024-01-01T00:00:00Z', user: 2, amount: -4 },
      { at: '2024-01-03', user: 1, amount: null },
      { at: '2024-01-03', amount: 7 },
      { at: '2024-01-09', user: 1, amount: 7 },
    );
    for (const [target, density, lookback] of [
      [TOTAL, 'daily', 0],
      [VISITORS, 'changes', 5],
      [TOTAL, 'changes', 1],
    ] as const) {
      const definition = tracker({ aggregate: aggregateOf(name), periods: PERIODS, target, density, lookback });
      for (const now of ['2024-01-03', '2024-01-10']) {
        expect((await run(definition, now)).written).toBeGreaterThan(0);
        expect(await run(definition, now)).toMatchObject({ written: 0, removed: 0 });
      }
    }
  });

  test('a run after a day writes what is new, and leaves the rest', async () => {
    await visits('2024-05-01', '2024-05-02', '2024-05-02');
    const definition = tracker({ periods: [Period.DAY, Period.LIFETIME] });
    expect(await run(definition, '2024-05-02')).toMatchObject({ from: '2024-05-01', written: 4, removed: 0 });
    await visits('2024-05-03');
    expect(await run(definition, '2024-05-03')).toMatchObject({
      from: '2024-05-01',
      through: '2024-05-03',
      written: 2,
      removed: 0,
    });
  });

  describe('since', () => {
    test('a stray row of 1970 makes no rows of its own, and counts in LIFETIME', async () => {
      await visits('1970-01-01', '2024-05-03', '2024-05-05');
      const definition = tracker({ periods: PERIODS, since: '2024-05-02' });
      expect(await run(definition, '2024-05-06')).toMatchObject({ from: '2024-05-02' });
      const found = await everything(definition);
      expect(found.DAY).toEqual({ '2024-05-03': '1', '2024-05-05': '1' });
      expect(found.LIFETIME).toEqual({
        '2024-05-02': '1',
        '2024-05-03': '2',
        '2024-05-04': '2',
        '2024-05-05': '3',
        '2024-05-06': '3',
      });
      expect(Object.keys(found.WEEK ?? {})).toContain('2024-05-03');
      expect(Object.keys(found.WEEK ?? {})).not.toContain('2024-05-01');
      // buckets that begin before it are not whole
      expect(found.CALENDAR_MONTH).toEqual({});
      expect(found.CALENDAR_WEEK).toEqual({});
      await run(definition, '2024-06-03');
      expect((await everything(definition)).CALENDAR_MONTH).toEqual({});
      expect(await run(definition, '2024-06-03')).toMatchObject({ written: 0, removed: 0 });
      expect(await engine.verify(definition, Visit)).toEqual([]);
    });

    test('on the first day of a bucket, the bucket is there', async () => {
      await visits('2024-04-30', '2024-05-01', '2024-05-31');
      const definition = tracker({ periods: [Period.CALENDAR_MONTH, Period.DAY], since: '2024-05-01' });
      await run(definition, '2024-06-01');
      expect(await everything(definition)).toEqual({
        CALENDAR_MONTH: { '2024-05-01': '2' },
        DAY: { '2024-05-01': '1', '2024-05-31': '1' },
      });
    });

    test('in the future there is nothing until it comes', async () => {
      await visits('2024-05-01', '2024-05-10', '2024-05-11');
      const definition = tracker({ periods: PERIODS, since: '2024-05-10' });
      await run(definition, '2024-05-02');
      await run(definition, '2024-05-09');
      expect(Object.values(await everything(definition)).flatMap(Object.keys)).toEqual([]);
      await run(definition, '2024-05-11');
      const found = await everything(definition);
      expect(found.DAY).toEqual({ '2024-05-10': '1', '2024-05-11': '1' });
      expect(found.LIFETIME).toEqual({ '2024-05-10': '2', '2024-05-11': '3' });
    });

    test('a range that was asked for begins no earlier', async () => {
      await visits('2024-05-01', '2024-05-10');
      const definition = tracker({ periods: [Period.DAY, Period.LIFETIME], since: '2024-05-05' });
      await run(definition, '2024-05-12');
      await run(definition, '2024-05-12', { from: '2024-05-01' });
      expect(await everything(definition)).toMatchObject({ DAY: { '2024-05-10': '1' } });
      expect(Object.keys((await everything(definition)).LIFETIME ?? {})[0]).toBe('2024-05-05');
      await run(definition, '2024-05-12', { from: '2024-05-01', to: '2024-05-04' }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(InvalidRangeError);
      });
      expect(await coverageOf(definition)).toMatchObject({ DAY: '2024-05-05..2024-05-12' });
      expect(await engine.verify(definition, Visit)).toEqual([]);
    });
  });

  test('a source that is followed has no days before `since`, in the weeks before it either', async () => {
    await visits('2024-05-01', '2024-05-08', '2024-05-17', '2024-05-22');
    const definition = tracker({
      periods: [Period.DAY, Period.CALENDAR_WEEK],
      since: '2024-05-16',
      history: 'current',
      scrub: { days: 31, every: 60_000 },
    });
    const begun = { through: null, at: null };
    const expected = { DAY: { '2024-05-17': '1', '2024-05-22': '1' }, CALENDAR_WEEK: { '2024-05-20': '1' } };
    await run(definition, '2024-05-23');
    // the rows that it leaves out are no late ones
    expect(await engine.scrub(definition, Visit, instant('2024-05-23'), begun)).toMatchObject({ recount: null });
    await visits('2024-05-18');
    const scrubbed = await engine.scrub(definition, Visit, instant('2024-05-23'), begun);
    expect(scrubbed?.recount).toEqual({ from: '2024-05-18', sourceFrom: null });
    await run(definition, '2024-05-23', { recount: { from: '2024-05-01', sourceFrom: '2024-05-01' } });
    expect(await everything(definition)).toEqual({ ...expected, DAY: { ...expected.DAY, '2024-05-18': '1' } });
    expect(await coverageOf(definition)).toMatchObject({ DAY: '2024-05-16..2024-05-23' });
  });

  test('a row of long ago has a row a day until today, on every database', async () => {
    await insertIndexed(engine.dataSource, Visit, [
      { id: ++made, on: '1740-01-01' },
      { id: ++made, on: '2024-05-01' },
    ]);
    const definition = tracker({ dateField: 'on', periods: [Period.LIFETIME], since: '1740-01-01' });
    await run(definition, '2024-05-02');
    const statistics = engine.dataSource.getRepository(StatisticByDate);
    const where = { metric: { ref: definition.metric.ref } };
    expect(await statistics.countBy(where)).toBe(1 + (Date.UTC(2024, 4, 2) - Date.UTC(1740, 0, 1)) / 86_400_000);
    const latest = await statistics.find({ where, order: { date: 'DESC' }, take: 3 });
    expect(latest.map(({ date, value }) => [date, value])).toEqual([
      ['2024-05-02', 2],
      ['2024-05-01', 2],
      ['2024-04-30', 1],
    ]);
  });

  describe('days of a zone', () => {
    test('the one that Apia skipped has a row where every date has one', async () => {
      await visits('2011-12-29T20:00:00Z', '2011-12-30T09:59:59.999Z', '2011-12-30T10:00:00Z');
      for (const nows of [
        ['2012-01-01T12:00:00Z'],
        ['2011-12-30T09:00:00Z', '2011-12-30T11:00:00Z', '2012-01-01T12:00:00Z'],
      ]) {
        const definition = tracker({
          timeZone: 'Pacific/Apia',
          periods: [Period.DAY, Period.days(2), Period.LIFETIME],
        });
        for (const now of nows) await run(definition, now);
        expect(await everything(definition)).toEqual({
          DAY: { '2011-12-29': '2', '2011-12-31': '1' },
          DAYS_2: { '2011-12-29': '2', '2011-12-30': '2', '2011-12-31': '1', '2012-01-01': '1', '2012-01-02': '0' },
          LIFETIME: { '2011-12-29': '2', '2011-12-30': '2', '2011-12-31': '3', '2012-01-01': '3', '2012-01-02': '3' },
        });
      }
    });

    test('a day that comes again after a minute of tomorrow is counted to its end, without a lookback too', async () => {
      // where it is 00:01 at 03:01, and then 23:01 of the day before
      const definition = tracker({ timeZone: 'America/Goose_Bay', lookback: 0 });
      await visits('2006-10-29T01:00:00Z');
      await run(definition, '2006-10-29T03:00:30Z');
      await visits('2006-10-29T03:40:00Z');
      await run(definition, '2006-10-29T04:10:00Z');
      expect(await everything(definition)).toEqual({ DAY: { '2006-10-28': '2' } });
    });

    test.each([
      ['Europe/Amsterdam', '2024-03-31', '2024-03-30T23:00:00Z', 23],
      ['Europe/Amsterdam', '2023-10-29', '2023-10-28T22:00:00Z', 25],
      ['Australia/Lord_Howe', '2024-04-07', '2024-04-06T13:00:00Z', 24.5],
      ['America/St_Johns', '2006-10-28', '2006-10-28T02:30:00Z', 24 + 59 / 60],
    ])('in %s, %s has its hours', async (timeZone, date, start, hours) => {
      const first = Date.parse(start);
      const end = first + hours * 3_600_000;
      const instants = [first - 1, first, ...[1, 11, 23].map((hour) => first + hour * 3_600_000 - 1), end - 1, end];
      await visits(...instants.map((at) => new Date(at).toISOString()));
      const definition = tracker({ timeZone, periods: [Period.DAY] });
      await run(definition, new Date(end + 86_400_000).toISOString());
      const expected = tally(instants.map((at) => intlDate(new Date(at), timeZone)));
      expect(await rowsOf(engine, definition)).toEqual(expected);
      // the minute after midnight comes before the hour that is repeated: it is the next day's
      expect(Number(expected[date])).toBeGreaterThanOrEqual(4);
    });
  });

  describe('a clock', () => {
    test('that was ahead by days: the run refuses, and a backfill without an end mends it', async () => {
      await visits('2024-05-01', '2024-05-04', '2024-05-08');
      for (const density of ['daily', 'changes'] as const) {
        const definition = tracker({ periods: PERIODS, density });
        await run(definition, '2024-05-09');
        const before = await everything(definition);
        await expect(run(definition, '2024-05-04')).rejects.toThrow(ClockBehindError);
        await expect(run(definition, '2024-05-04')).rejects.toThrow(/backfill\(…, \{ from \}\)/);
        expect(await everything(definition)).toEqual(before);
        expect(await coverageOf(definition)).toMatchObject({ DAY: '2024-05-01..2024-05-09' });
        expect(await run(definition, '2024-05-04', { from: '2024-05-03' })).toMatchObject({ through: '2024-05-04' });
        const fresh = tracker({ periods: PERIODS, density });
        await run(fresh, '2024-05-04');
        expect(await everything(definition)).toEqual(await everything(fresh));
        expect(await coverageOf(definition)).toMatchObject({
          DAY: '2024-05-01..2024-05-04',
          LIFETIME: '2024-05-01..2024-05-04',
        });
        await run(definition, '2024-05-05');
        await run(fresh, '2024-05-05');
        expect(await everything(definition)).toEqual(await everything(fresh));
      }
    });

    test("that is a day behind another replica's moves nothing back", async () => {
      await visits('2024-05-01', '2024-05-02T00:00:30Z');
      for (const density of ['daily', 'changes'] as const) {
        const definition = tracker({ periods: PERIODS, density });
        await run(definition, '2024-05-02T00:01:00Z');
        const before = await everything(definition);
        await run(definition, '2024-05-01T23:59:59Z');
        expect(await everything(definition)).toEqual(before);
        expect(await coverageOf(definition)).toMatchObject({ DAY: '2024-05-01..2024-05-02' });
        await visits('2024-05-01T10:00:00Z');
        await run(definition, '2024-05-01T23:59:59Z');
        expect((await everything(definition)).DAY).toEqual({ '2024-05-01': '2', '2024-05-02': '1' });
        const fresh = tracker({ periods: PERIODS, density });
        await run(fresh, '2024-05-02T00:01:00Z');
        expect(await everything(definition)).toEqual(await everything(fresh));
        await engine.dataSource.getRepository(Visit).delete({ at: instant('2024-05-01T10:00:00Z') });
      }
    });

    test('at the turn of a month, a day behind, leaves the new month alone', async () => {
      await visits('2024-04-30', '2024-05-01T00:00:10Z');
      const definition = tracker({ periods: [Period.CALENDAR_MONTH, Period.CALENDAR_QUARTER] });
      await run(definition, '2024-05-01T00:01:00Z');
      await run(definition, '2024-04-30T23:59:59Z');
      expect((await everything(definition)).CALENDAR_MONTH).toEqual({ '2024-04-01': '1', '2024-05-01': '1' });
      await run(definition, '2024-05-01T00:02:00Z');
      expect(await everything(definition)).toEqual({
        CALENDAR_MONTH: { '2024-04-01': '1', '2024-05-01': '1' },
        CALENDAR_QUARTER: { '2024-04-01': '2' },
      });
    });
  });

  describe('a definition', () => {
    test.each<[string, Partial<OneMetric>]>([
      ['its aggregate', { aggregate: { function: 'max', field: 'amount' } }],
      ['the field of it', { aggregate: { function: 'sum', field: 'user' } }],
      ['its zone', { timeZone: 'Europe/Amsterdam' }],
      ['its date', { dateField: 'on' }],
      ['its conditions', { where: { user: 1 } }],
      ['deleted rows', { withDeleted: true }],
    ])('that changed, in %s, is refused until it is backfilled', async (_, changed) => {
      await visits({ at: '2024-05-01T23:30:00Z', user: 1, amount: 5 }, { at: '2024-05-02', user: 2, amount: 6 });
      await engine.dataSource.getRepository(Visit).update({ user: 1 }, { on: '2024-05-01' });
      const definition = tracker({ aggregate: { function: 'sum', field: 'amount' }, periods: PERIODS });
      await run(definition, '2024-05-03');
      const before = await everything(definition);
      const other = { ...definition, ...changed };
      await expect(run(other, '2024-05-03')).rejects.toThrow(DefinitionChangedError);
      await expect(run(other, '2024-05-03', { from: '2024-05-02' })).rejects.toThrow(DefinitionChangedError);
      await expect(run(other, '2024-05-03', { from: '2024-05-01', to: '2024-05-02' })).rejects.toThrow(
        DefinitionChangedError,
      );
      expect(await everything(definition)).toEqual(before);
      await run(other, '2024-05-03', { from: '2024-01-01' });
      const fresh = { ...other, metric: newMetric() };
      await run(fresh, '2024-05-03', { from: '2024-01-01' });
      expect(await everything(other)).toEqual(await everything(fresh));
      expect(await run(other, '2024-05-03')).toMatchObject({ written: 0, removed: 0 });
      await expect(run(definition, '2024-05-03')).rejects.toThrow(DefinitionChangedError);
    });

    test('that gets a period computes it from the beginning, while the others go on', async () => {
      const [old = 0] = await visits('2024-05-01', '2024-05-01', '2024-05-10');
      const definition = tracker({ periods: [Period.DAY] });
      await run(definition, '2024-05-10');
      await leave(old);
      const more = { ...definition, periods: [Period.LIFETIME, Period.DAY, Period.CALENDAR_MONTH] };
      expect(await run(more, '2024-05-11')).toMatchObject({ from: '2024-05-01', through: '2024-05-11' });
      const found = await everything(more);
      expect(found.DAY).toEqual({ '2024-05-01': '2', '2024-05-10': '1' });
      expect(found.CALENDAR_MONTH).toEqual({ '2024-05-01': '3' });
      expect(found.LIFETIME).toMatchObject({ '2024-05-01': '1', '2024-05-10': '2', '2024-05-11': '2' });
      expect(await coverageOf(more)).toEqual({
        DAY: '2024-05-01..2024-05-11',
        LIFETIME: '2024-05-01..2024-05-11',
        CALENDAR_MONTH: '2024-05-01..2024-05-11',
      });
      // one that is left out stays as it is
      await visits('2024-05-12');
      await run(definition, '2024-05-12');
      expect(Object.keys((await everything(more)).LIFETIME ?? {}).at(-1)).toBe('2024-05-11');
    });

    test('whose week begins on another day', async () => {
      await visits('2024-05-04', '2024-05-05', '2024-05-06'); // Saturday, Sunday, Monday
      const definition = tracker({ periods: [Period.CALENDAR_WEEK, Period.DAY] });
      await run(definition, '2024-05-08');
      expect((await everything(definition)).CALENDAR_WEEK).toEqual({ '2024-04-29': '2', '2024-05-06': '1' });
      const other = { ...definition, weekStart: 'sunday' as const };
      await expect(run(other, '2024-05-08')).rejects.toThrow(DefinitionChangedError);
      await run({ ...other, periods: [Period.DAY] }, '2024-05-08'); // it concerns the weeks only
      await run(other, '2024-05-08', { from: '2024-04-29' });
      expect((await everything(other)).CALENDAR_WEEK).toEqual({ '2024-04-28': '1', '2024-05-05': '2' });
      await run(other, '2024-05-09');
    });

    test('whose query holds the time in a parameter stays the same', async () => {
      await visits('2024-05-01', '2024-05-02', '2024-05-03');
      const definition = tracker({ periods: [Period.DAY, Period.LIFETIME] });
      for (const now of ['2024-05-02', '2024-05-03', '2024-05-04']) {
        const source = engine.dataSource
          .getRepository(Visit)
          .createQueryBuilder('v')
          .where('v.at <= :now AND v.at > :start', { now: instant(now), start: new Date(Date.parse(now) - 9e8) });
        await engine.run(definition, source, { now: instant(now) });
      }
      expect((await everything(definition)).DAY).toEqual({ '2024-05-01': '1', '2024-05-02': '1', '2024-05-03': '1' });
    });
  });

  describe('a source that has lost its rows', () => {
    const periods = [Period.DAY, Period.LIFETIME];

    test('sourceKeptSince: what was recorded before it stays, and is not replaced by nothing', async () => {
      const lost = await visits('2024-05-01', '2024-05-02', '2024-05-02');
      await visits('2024-05-05', '2024-05-06');
      const definition = tracker({ periods });
      await run(definition, '2024-05-06');
      await leave(...lost);
      const kept = { ...definition, sourceKeptSince: '2024-05-04' } as const;
      await visits('2024-05-07');
      await run(kept, '2024-05-07');
      const found = await everything(kept);
      expect(found.DAY).toEqual({
        '2024-05-01': '1',
        '2024-05-02': '2',
        '2024-05-05': '1',
        '2024-05-06': '1',
        '2024-05-07': '1',
      });
      expect(Object.entries(found.LIFETIME ?? {}).at(-1)).toEqual(['2024-05-07', '6']);
      for (const from of ['2024-05-01', '2024-05-02', '2024-04-01'] as const) {
        await expect(run(kept, '2024-05-07', { from })).rejects.toThrow(SourceGoneError);
      }
      await expect(run(kept, '2024-05-07', { from: '2024-05-01', to: '2024-05-03' })).rejects.toThrow(/'2024-05-04'/);
      expect(await everything(kept)).toEqual(found);
      await run(kept, '2024-05-07', { from: '2024-05-04' });
      expect(await everything(kept)).toEqual(found);
      // the lookback reaches back over it
      await expect(run({ ...kept, lookback: 9 }, '2024-05-07')).rejects.toThrow(SourceGoneError);
    });

    test('sourceKeptSince: a window, a bucket or a mean that needs the lost rows is refused', async () => {
      await visits('2024-05-01', '2024-05-20');
      const kept = (given: Partial<OneMetric>): OneMetric => tracker({ sourceKeptSince: '2024-05-18', ...given });
      const refused: [string, OneMetric][] = [
        ['window', kept({ periods: [Period.WEEK] })],
        ['bucket', kept({ periods: [Period.CALENDAR_MONTH] })],
        ['mean', kept({ periods: [Period.LIFETIME], aggregate: aggregateOf('avg') })],
        ['distinct', kept({ periods: [Period.LIFETIME], aggregate: aggregateOf('countDistinct') })],
      ];
      for (const [name, definition] of refused) {
        await run({ ...definition, sourceKeptSince: null }, '2024-05-20');
        const before = await everything(definition);
        await expect(run(definition, '2024-05-21')).rejects.toThrow(SourceGoneError);
        expect([name, await everything(definition)]).toEqual([name, before]);
      }
      const fine = kept({ periods: [Period.DAY, Period.days(2), Period.LIFETIME], aggregate: aggregateOf('max') });
      await run({ ...fine, sourceKeptSince: null }, '2024-05-20');
      await run(fine, '2024-05-21');
    });

    test.each([{ sourceKeptSince: '2024-05-18' as const }, { appendOnly: true }])(
      'a value that no row of the range has, because an earlier one holds, is not replaced by nothing: %o',
      async (lost) => {
        const gone = await visits('2024-05-01');
        const mean = aggregateOf('avg');
        const changing = (given: Partial<OneMetric>): OneMetric => tracker({ density: 'changes', ...given });
        const definitions: [string, OneMetric][] = [
          ['to date', changing({ periods: [Period.YEAR_TO_DATE] })],
          ['window', changing({ periods: [Period.days(25)] })],
          ['mean', changing({ periods: [Period.LIFETIME], aggregate: mean, target: { kind: 'total' } })],
        ];
        for (const [, definition] of definitions) await run(definition, '2024-05-20');
        await leave(...gone);
        await visits('2024-05-21');
        for (const [name, definition] of definitions) {
          const before = await everything(definition);
          const from = lost.appendOnly === true ? { from: '2024-05-19' as const } : {};
          await expect(run({ ...definition, ...lost }, '2024-05-21', from)).rejects.toThrow(SourceGoneError);
          expect([name, await everything(definition)]).toEqual([name, before]);
        }
      },
    );

    test('appendOnly: runs go on from what is stored; a backfill over the lost rows is refused', async () => {
      const lost = await visits({ at: '2024-05-01', amount: 9 }, { at: '2024-05-02', amount: 1 });
      await visits({ at: '2024-05-05', amount: 2 });
      for (const name of ['count', 'sum', 'min', 'max'] as const) {
        for (const target of [{ kind: 'total' }, { kind: 'object', object: { type: Visit, id: 1 } }] as const) {
          const definition = tracker({ periods, appendOnly: true, aggregate: aggregateOf(name), target });
          await run(definition, '2024-05-06');
          const before = (await everything(definition)).LIFETIME;
          await leave(...lost);
          await run(definition, '2024-05-08');
          const { DAY, LIFETIME } = await everything(definition);
          const [last] = Object.values(before ?? {}).slice(-1);
          expect(LIFETIME).toEqual(
            target.kind === 'total'
              ? { ...before, '2024-05-07': last, '2024-05-08': last }
              : { ...before, ...LIFETIME },
          );
          expect(Object.keys(DAY ?? {})).toHaveLength(3);
          await expect(run(definition, '2024-05-08', { from: '2024-05-01' })).rejects.toThrow(SourceGoneError);
          await expect(run(definition, '2024-05-08', { from: '2024-05-01' })).rejects.toThrow(
            /reaches back to 2024-05-05 only/,
          );
          expect(await everything(definition)).toEqual({ DAY, LIFETIME });
          await insertIndexed(engine.dataSource, Visit, [
            { id: lost[0], at: instant('2024-05-01'), amount: 9 },
            { id: lost[1], at: instant('2024-05-02'), amount: 1 },
          ]);
          await run(definition, '2024-05-08', { from: '2024-05-01' });
        }
      }
    });

    test('appendOnly with a source that is empty now', async () => {
      await visits('2024-05-01');
      const definition = tracker({ periods, appendOnly: true });
      await run(definition, '2024-05-03');
      await engine.dataSource.getRepository(Visit).clear();
      await run(definition, '2024-05-05');
      const found = await everything(definition);
      expect(found.LIFETIME).toEqual(
        Object.fromEntries([1, 2, 3, 4, 5].map((day) => [`2024-05-0${String(day)}`, '1'])),
      );
      await expect(run(definition, '2024-05-05', { from: '2024-05-01' })).rejects.toThrow(/has no rows/);
    });
  });

  describe('windows', () => {
    test('of 1, 7 and 3,660 days', async () => {
      expect(Period.days(1)).toBe(Period.DAY);
      expect(Period.days(7)).toBe(Period.WEEK);
      await visits('2014-04-25', '2014-04-26', '2024-05-01', '2024-05-01');
      const long = Period.days(3660);
      const definition = tracker({ periods: [long, Period.WEEK], density: 'changes', since: '2014-01-01' });
      await run(definition, '2024-05-20');
      // 3,660 days that end on 2024-05-01 begin on 2014-04-25
      expect(await everything(definition)).toEqual({
        DAYS_3660: { '2014-04-25': '1', '2014-04-26': '2', '2024-05-01': '4', '2024-05-02': '3', '2024-05-03': '2' },
        WEEK: {
          '2014-04-25': '1',
          '2014-04-26': '2',
          '2014-05-02': '1',
          '2014-05-03': '0',
          '2024-05-01': '2',
          '2024-05-08': '0',
        },
      });
      const later = tracker({ periods: [long], density: 'changes', since: '2014-01-01' });
      for (const now of ['2024-04-30', '2024-05-01', '2024-05-03']) await run(later, now);
      expect(await rowsOf(engine, later)).toEqual((await everything(definition)).DAYS_3660);
    });

    test('beside the edges of the range, in both densities', async () => {
      await visits('2024-05-01', '2024-05-03', '2024-05-03', '2024-05-08');
      const values = ['1', '1', '3', '2', '2', '0', '0', '1', '1', '1', '0', '0'];
      const daily = Object.fromEntries(values.map((value, index) => [addDays('2024-05-01', index), value]));
      const changes = Object.fromEntries(
        Object.entries(daily).filter(([, value], index) => value !== values[index - 1]),
      );
      for (const nows of [
        ['03', '04', '06', '12'],
        ['01', '02', '05', '09', '10', '12'],
      ]) {
        for (const lookback of [0, 40]) {
          for (const [density, expected] of [
            ['daily', daily],
            ['changes', changes],
          ] as const) {
            const definition = tracker({ periods: [Period.days(3)], density, lookback });
            for (const day of nows) await run(definition, `2024-05-${day}`);
            expect([nows, lookback, density, await rowsOf(engine, definition)]).toEqual([
              nows,
              lookback,
              density,
              expected,
            ]);
          }
        }
      }
    });
  });

  describe('calendar buckets', () => {
    const dates = [
      ...['2019-12-29', '2019-12-30', '2019-12-31', '2020-01-01', '2020-01-04', '2020-01-05', '2020-01-06'],
      ...['2020-02-28', '2020-02-29', '2020-03-01', '2020-03-31', '2020-04-01', '2020-12-31', '2021-01-01'],
    ];
    const weekday = { monday: 1, sunday: 0, saturday: 6 };

    test.each<WeekStart>(['monday', 'sunday', 'saturday'])(
      'across the ends of years, weeks from %s',
      async (weekStart) => {
        await visits(...dates);
        const week = (date: string): string =>
          addDays(date, -((new Date(date).getUTCDay() - weekday[weekStart] + 7) % 7));
        const quarter = (date: string): string =>
          `${date.slice(0, 5)}${String(Math.floor((Number(date.slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, '0')}-01`;
        for (const nows of [
          ['2021-01-02'],
          ['2019-12-31', '2020-01-01', '2020-01-04', '2020-02-29', '2020-03-01', '2020-12-31', '2021-01-02'],
        ]) {
          const definition = tracker({ periods: PERIODS, weekStart, lookback: 0 });
          for (const now of nows) await run(definition, now);
          const { CALENDAR_WEEK, CALENDAR_MONTH, CALENDAR_QUARTER, CALENDAR_YEAR } = await everything(definition);
          expect(CALENDAR_WEEK).toEqual(tally(dates.map(week)));
          expect(CALENDAR_MONTH).toEqual(tally(dates.map((date) => `${date.slice(0, 7)}-01`)));
          expect(CALENDAR_QUARTER).toEqual(tally(dates.map(quarter)));
          expect(CALENDAR_YEAR).toEqual(tally(dates.map((date) => `${date.slice(0, 4)}-01-01`)));
        }
      },
    );

    test('before 1970, and in 1900, which was no leap year', async () => {
      await insertIndexed(
        engine.dataSource,
        Visit,
        ['1899-12-31', '1900-02-28', '1900-03-01', '1969-12-31', '1970-01-01'].map((on) => ({ id: ++made, on })),
      );
      const definition = tracker({ dateField: 'on', periods: PERIODS, density: 'changes', since: '1890-01-01' });
      await run(definition, '1970-01-02');
      const { CALENDAR_WEEK, CALENDAR_MONTH, CALENDAR_QUARTER } = await everything(definition);
      expect(CALENDAR_WEEK).toEqual({ '1899-12-25': '1', '1900-02-26': '2', '1969-12-29': '2' });
      expect(CALENDAR_MONTH).toEqual({
        '1899-12-01': '1',
        '1900-02-01': '1',
        '1900-03-01': '1',
        '1969-12-01': '1',
        '1970-01-01': '1',
      });
      expect(CALENDAR_QUARTER).toEqual({ '1899-10-01': '1', '1900-01-01': '2', '1969-10-01': '1', '1970-01-01': '1' });
    });
  });

  describe('the lookback', () => {
    test('of 0 looks at the last day again, and no further', async () => {
      await visits('2024-05-01');
      const definition = tracker({ lookback: 0 });
      await run(definition, '2024-05-02T10:00:00Z');
      await visits('2024-05-01', '2024-05-02T09:00:00Z', '2024-05-02T20:00:00Z');
      await run(definition, '2024-05-03');
      expect(await rowsOf(engine, definition)).toEqual({ '2024-05-01': '1', '2024-05-02': '2' });
    });

    test('of years reaches back before the first row', async () => {
      await visits('2024-05-01');
      for (const density of ['daily', 'changes'] as const) {
        const definition = tracker({ periods: PERIODS, lookback: 4000, density });
        await run(definition, '2024-05-02');
        const [late = 0] = await visits('2020-02-29');
        await run(definition, '2024-05-03');
        const fresh = tracker({ periods: PERIODS, density });
        await run(fresh, '2024-05-03');
        expect(await everything(definition)).toEqual(await everything(fresh));
        await leave(late);
        await run(definition, '2024-05-03');
        const { DAY, LIFETIME } = await everything(definition);
        expect(DAY).toEqual({ '2024-05-01': '1' });
        expect(LIFETIME).toEqual({
          '2024-05-01': '1',
          ...(density === 'daily' ? { '2024-05-02': '1', '2024-05-03': '1' } : {}),
        });
      }
    });

    test('a row that comes later than it is no day’s, and in LIFETIME from then on', async () => {
      await visits('2024-05-01', '2024-05-05');
      const definition = tracker({ periods: [Period.DAY, Period.LIFETIME], density: 'changes' });
      await run(definition, '2024-05-05');
      await visits('2024-05-02');
      await run(definition, '2024-05-06');
      expect(await everything(definition)).toEqual({
        DAY: { '2024-05-01': '1', '2024-05-05': '1' },
        LIFETIME: { '2024-05-01': '1', '2024-05-04': '2', '2024-05-05': '3' },
      });
    });
  });

  describe('changes', () => {
    test('the first date of a range is compared with the row that is stored, not with a new count', async () => {
      const [old = 0] = await visits('2024-05-01', '2024-05-01', '2024-05-04');
      const definition = tracker({ periods: [Period.LIFETIME], density: 'changes' });
      await run(definition, '2024-05-04');
      await leave(old);
      await run(definition, '2024-05-06');
      // an old deletion shows on the first date that is looked at again
      expect(await rowsOf(engine, definition)).toEqual({ '2024-05-01': '2', '2024-05-03': '1', '2024-05-04': '2' });
    });

    test('a backfill that ends before today writes what held after it', async () => {
      const [old = 0] = await visits('2024-05-01', '2024-05-01', '2024-05-02', '2024-05-06');
      const definition = tracker({ periods: [Period.LIFETIME, Period.days(2)], density: 'changes' });
      await run(definition, '2024-05-08');
      await leave(old);
      await run(definition, '2024-05-08', { from: '2024-05-01', to: '2024-05-03' });
      expect(await everything(definition)).toEqual({
        LIFETIME: { '2024-05-01': '1', '2024-05-02': '2', '2024-05-04': '3', '2024-05-06': '4' },
        DAYS_2: {
          '2024-05-01': '1',
          '2024-05-02': '2',
          '2024-05-03': '1',
          '2024-05-04': '0',
          '2024-05-06': '1',
          '2024-05-08': '0',
        },
      });
    });
  });

  test('a range that begins on the day after the last covered one counts the rest of that', async () => {
    await visits('2024-05-10T08:00:00Z', '2024-05-10T20:00:00Z', '2024-05-11T08:00:00Z');
    const definition = tracker({ periods: [Period.DAY], lookback: 0 });
    await run(definition, '2024-05-10T12:00:00Z');
    await run(definition, '2024-05-12T12:00:00Z', { from: '2024-05-11' });
    expect(await rowsOf(engine, definition)).toEqual({ '2024-05-10': '2', '2024-05-11': '1' });
    // a day that is over is left as it is
    await run(definition, '2024-05-12T23:00:00Z', { from: '2024-05-12', to: '2024-05-12' });
    await run(definition, '2024-05-14T12:00:00Z', { from: '2024-05-10', to: '2024-05-12' });
    await visits('2024-05-12T08:00:00Z');
    await run(definition, '2024-05-14T12:00:00Z', { from: '2024-05-13' });
    expect(await rowsOf(engine, definition)).toEqual({ '2024-05-10': '2', '2024-05-11': '1' });
  });

  test('a range apart from what is covered is refused, one beside it is not', async () => {
    await visits('2024-05-01', '2024-05-10', '2024-05-20');
    const definition = tracker({ periods: [Period.DAY] });
    await run(definition, '2024-05-10', { from: '2024-05-09' });
    for (const range of [
      { from: '2024-05-01', to: '2024-05-07' },
      { from: '2024-05-05', to: '2024-05-04' },
      { from: '2024-05-12' },
    ] as const) {
      await expect(run(definition, '2024-05-11', range)).rejects.toThrow(InvalidRangeError);
    }
    await run(definition, '2024-05-11', { from: '2024-05-01', to: '2024-05-08' });
    expect(await coverageOf(definition)).toEqual({ DAY: '2024-05-01..2024-05-10' });
    expect(await rowsOf(engine, definition)).toEqual({ '2024-05-01': '1', '2024-05-10': '1' });
    // after weeks in which nothing ran, the gap is filled
    await run(definition, '2024-06-30');
    expect(await rowsOf(engine, definition)).toEqual({ '2024-05-01': '1', '2024-05-10': '1', '2024-05-20': '1' });
  });
});
