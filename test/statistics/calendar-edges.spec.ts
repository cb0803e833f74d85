import { InvalidDateError } from '../../lib/errors/time.error.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { Period, type WeekStart } from '../../lib/time/period.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Customer, ORDERS, setup, type Setup } from './setup.js';

const PERIODS = [
  Period.DAY,
  Period.WEEK,
  Period.LIFETIME,
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
  Period.CALENDAR_QUARTER,
  Period.CALENDAR_YEAR,
];
const START: Record<number, string> = {
  [Period.CALENDAR_WEEK]: '9999-12-27',
  [Period.CALENDAR_MONTH]: '9999-12-01',
  [Period.CALENDAR_QUARTER]: '9999-10-01',
  [Period.CALENDAR_YEAR]: '9999-01-01',
};

describeOnEachDatabase('the first and the last days of the calendar', (test) => {
  // 0001-01-01 is a Monday, 9999-12-31 a Friday
  it.each<[WeekStart, string]>([
    ['monday', '9999-12-27'],
    ['sunday', '9999-12-26'],
    ['saturday', '9999-12-25'],
  ])('can be written and read in every period, with weeks from %s on', async (weekStart, lastWeek) => {
    // the last instant of all: its date is today
    const s = await setup(test, { weekStart, clock: () => new Date('9999-12-31T23:59:59Z') });
    for (const period of PERIODS) {
      const customer = objectRef(Customer, 1);
      const filter = { metric: ORDERS, period, object: customer };
      const last = period === Period.CALENDAR_WEEK ? lastWeek : (START[period] ?? '9999-12-31');
      await s.statistics.record({ ...filter, value: 1, date: '0001-01-01' });
      await s.statistics.record({ ...filter, value: 9, date: '9999-12-31' });
      for (const [date, stored, value] of [
        ['0001-01-01', '0001-01-01', 1],
        ['9999-12-31', last, 9],
      ] as const) {
        expect(await s.statistics.value({ ...filter, date })).toBe(value);
        expect(await s.statistics.point({ ...filter, date })).toMatchObject({ date: stored, value });
        const series = await s.statistics.series({ ...filter, from: date, to: date });
        expect(series.map((point) => [point.date, point.value])).toEqual([[stored, value]]);
        const [one] = await s.statistics.multiSeries({ ...filter, from: date, to: date });
        expect(one?.points).toEqual(series);
        expect(await s.statistics.find({ ...filter, date })).toMatchObject([{ date: stored }]);
        const top = await s.statistics.top({ metric: ORDERS, period, objectType: Customer, date });
        expect(top.map((found) => found.value)).toEqual([value]);
        expect((await s.statistics.mostRecent({ ...filter, to: date }))?.date).toBe(stored);
      }
      expect((await s.statistics.series({ ...filter, last: 3 })).at(-1)).toMatchObject({ date: last, value: 9 });
    }
  });

  it('end what lies beyond them with an error that shows what was given', async () => {
    const s: Setup = await setup(test);
    const years = { metric: ORDERS, period: Period.CALENDAR_YEAR };
    expect(await s.statistics.series({ ...years, last: 3_000 })).toHaveLength(2026);
    const beyond = s.statistics.value({ metric: ORDERS, date: new Date(8.64e15) });
    await expect(beyond).rejects.toThrow(InvalidDateError);
    await expect(beyond).rejects.toThrow(/275760.*years 0001 to 9999/);
  });
});
