import { defineMetric, objectRef, Period } from 'nestjs-trackstats';
import { addDays } from '../../lib/time/local-date.js';
import { describeOnEachDatabase } from '../support/databases.js';
import fc from '../support/fast-check.js';
import { cover, setup, SHOP, type Setup, store } from './setup.js';

const SALES = defineMetric({ domain: SHOP, ref: 'sales' });
const PERIOD = Period.MONTH_TO_DATE;

describeOnEachDatabase('a recorded value to date', (database) => {
  let s: Setup;
  beforeEach(async () => {
    s = await setup(database, { clock: () => new Date('2026-12-05T12:00:00Z') });
  });

  const record = (date: string, value: number, id?: string): Promise<unknown> => {
    const row = { metric: SALES, period: PERIOD, date, value };
    if (id === undefined) return s.statistics.record(row);
    return s.statistics.record({ ...row, object: objectRef('shop', id) });
  };

  it('is carried to the end of its unit, and not past it', async () => {
    await record('2026-11-20', 7);
    const filter = { metric: SALES, period: PERIOD };
    const series = await s.statistics.series({ ...filter, from: '2026-11-18', to: '2026-12-02' });
    expect(series.map(({ date, value }) => [date.slice(5), value])).toEqual([
      ['11-18', null],
      ['11-19', null],
      ...['20', '21', '22', '23', '24', '25', '26', '27', '28', '29', '30'].map((day) => [`11-${day}`, 7]),
      ['12-01', null],
      ['12-02', null],
    ]);
    expect(await s.statistics.value({ ...filter, date: '2026-11-30' })).toBe(7);
    expect(await s.statistics.value({ ...filter, date: '2026-12-01' })).toBeNull();
    expect(await s.statistics.value(filter)).toBeNull();
    await record('2026-12-03', 1);
    expect(await s.statistics.value({ ...filter, date: '2026-12-02' })).toBeNull();
    expect(await s.statistics.value(filter)).toBe(1);
  });

  it('is carried past it where the caller asks for the previous value', async () => {
    await record('2026-11-20', 7);
    expect(await s.statistics.series({ metric: SALES, period: PERIOD, last: 1, fill: 'previous' })).toMatchObject([
      { date: '2026-12-05', value: 7 },
    ]);
  });

  it('ranks objects by the values of the unit alone', async () => {
    await record('2026-11-20', 7, 'a');
    await record('2026-11-29', 5, 'b');
    await record('2026-12-02', 1, 'b');
    const filter = { metric: SALES, period: PERIOD, objectType: 'shop' };
    const top = async (date: string): Promise<unknown[]> =>
      (await s.statistics.top({ ...filter, date })).map(({ object, value }) => [object.id, value]);
    expect(await top('2026-11-30')).toEqual([
      ['a', 7],
      ['b', 5],
    ]);
    expect(await top('2026-12-01')).toEqual([]);
    expect(await top('2026-12-05')).toEqual([['b', 1]]);
  });

  it('is not moved into the next unit by prune', async () => {
    await record('2026-10-31', 9);
    await record('2026-11-20', 7);
    await s.statistics.prune({ metric: SALES, period: PERIOD, before: '2026-11-25' });
    expect(await s.statistics.value({ metric: SALES, period: PERIOD, date: '2026-11-25' })).toBe(7);
    await s.statistics.prune({ metric: SALES, period: PERIOD, before: '2026-12-02' });
    expect(await s.statistics.find({ metric: SALES, period: PERIOD })).toEqual([]);
  });

  it.each([Period.WEEK_TO_DATE, Period.MONTH_TO_DATE, Period.QUARTER_TO_DATE, Period.YEAR_TO_DATE])(
    'reads as the last row of its unit, in any period: %s',
    async (period) => {
      const dates = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(dates, async (days) => {
          s = await setup(database, { clock: () => new Date('2026-12-05T12:00:00Z') });
          const rows = days.map((day) => ({ date: addDays('2026-12-05', -day), value: day }));
          await s.statistics.recordMany(rows.map((row) => ({ ...row, metric: SALES, period })));
          const points = await s.statistics.series({ metric: SALES, period, last: 400 });
          expect(points.map(({ value }) => value)).toEqual(
            points.map(({ date }) => {
              const last = rows.filter((row) => row.date <= date).sort((a, b) => (a.date < b.date ? 1 : -1))[0];
              return last !== undefined && unitOf(period, last.date) === unitOf(period, date) ? last.value : null;
            }),
          );
        }),
        { numRuns: 15 },
      );
    },
  );

  it('that a run has computed is that of no rows from the next unit on, as far as it was computed', async () => {
    await s.metrics.register(SALES);
    // with density 'changes', a value that stays 0 has no further row
    await store(s, { period: PERIOD, date: '2026-10-20', value: '0' }, SALES.key);
    const filter = { metric: SALES, period: PERIOD };
    await cover(s, { period: PERIOD, from: '2026-10-01', through: '2026-11-02' }, SALES.key);
    const values = async (...dates: string[]): Promise<unknown[]> =>
      Promise.all(dates.map((date) => s.statistics.value({ ...filter, date })));
    expect(await values('2026-10-01', '2026-10-31', '2026-11-01', '2026-11-30')).toEqual([0, 0, 0, 0]);
    expect(await values('2026-12-01', '2026-12-05')).toEqual([null, null]);
  });
});

/** The calendar unit of a date, by the fields of a Date: weeks begin on Monday. */
function unitOf(period: Period, text: string): string {
  const date = new Date(`${text}T00:00:00Z`);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (period === Period.YEAR_TO_DATE) return String(year);
  if (period === Period.QUARTER_TO_DATE) return `${year} ${Math.floor(month / 3)}`;
  if (period === Period.MONTH_TO_DATE) return `${year} ${month}`;
  return String(Math.floor((date.getTime() / 86_400_000 + 3) / 7));
}
