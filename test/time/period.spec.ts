import { InvalidPeriodError } from '../../lib/errors/time.error.js';
import { dayNumber } from '../../lib/time/local-date.js';
import {
  bucketEnd,
  bucketStart,
  calendarUnit,
  checkPeriod,
  dateBefore,
  firstCovered,
  isTimePeriod,
  nextBucket,
  Period,
  periodKind,
  toDateUnit,
  wholeUnit,
  windowDays,
  type WeekStart,
  unitBefore,
} from '../../lib/time/period.js';
import { InvalidDateError } from '../../lib/errors/time.error.js';
import fc from '../support/fast-check.js';

const NAMED = [
  ['DAY', 86_400],
  ['WEEK', 604_800],
  ['DAYS_28', 2_419_200],
  ['MONTH', 2_592_000],
  ['LIFETIME', 0],
  ['CALENDAR_WEEK', -604_800],
  ['CALENDAR_MONTH', -2_592_000],
  ['CALENDAR_QUARTER', -7_776_000],
  ['CALENDAR_YEAR', -31_536_000],
] as const;
const TO_DATE = [
  ['WEEK_TO_DATE', Period.WEEK_TO_DATE, Period.CALENDAR_WEEK],
  ['MONTH_TO_DATE', Period.MONTH_TO_DATE, Period.CALENDAR_MONTH],
  ['QUARTER_TO_DATE', Period.QUARTER_TO_DATE, Period.CALENDAR_QUARTER],
  ['YEAR_TO_DATE', Period.YEAR_TO_DATE, Period.CALENDAR_YEAR],
] as const;
const CALENDAR = [Period.CALENDAR_WEEK, Period.CALENDAR_MONTH, Period.CALENDAR_QUARTER, Period.CALENDAR_YEAR];
const dates = fc
  .date({ min: new Date('0002-01-01'), max: new Date('9998-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const weekStarts = fc.constantFrom<WeekStart>('monday', 'sunday', 'saturday');

describe('Period', () => {
  it.each(NAMED)('%s has the code of django-trackstats, %d', (name, code) => {
    expect(Period[name]).toBe(code);
    expect(Period.nameOf(Period[name])).toBe(name);
    expect(Period.parse(name)).toBe(code);
    expect(Period.parse(name.toLowerCase())).toBe(code);
    expect(Period.parse(code)).toBe(code);
    expect(Period.parse(String(code))).toBe(code);
    expect(checkPeriod(code)).toBe(code);
  });

  it.each(TO_DATE)('%s has the code of its calendar period, less one', (name, period, calendar) => {
    expect(period).toBe(calendar - 1);
    expect(Period.nameOf(period)).toBe(name);
    expect(Period.parse(name.toLowerCase())).toBe(period);
    expect(Period.parse(String(period))).toBe(period);
    expect(checkPeriod(period)).toBe(period);
    expect(periodKind(period)).toBe('to-date');
    expect(calendarUnit(period)).toBeNull();
    expect(toDateUnit(period)).toBe(calendarUnit(calendar));
    expect(wholeUnit(period)).toBe(calendar);
    expect(bucketStart(period, '2026-10-31', 'monday')).toBe('2026-10-31');
    expect(nextBucket(period, '2026-10-31', 'monday')).toBe('2026-11-01');
    expect(() => windowDays(period)).toThrow(InvalidPeriodError);
  });

  it('days(n) is a window of n days, and the named one where there is one', () => {
    expect(Period.days(1)).toBe(Period.DAY);
    expect(Period.days(7)).toBe(Period.WEEK);
    expect(Period.days(28)).toBe(Period.DAYS_28);
    expect(Period.days(30)).toBe(Period.MONTH);
    expect(Period.days(3660)).toBe(3660 * 86_400);
    expect(Period.nameOf(Period.days(14))).toBe('DAYS_14');
    expect(Period.parse('Days_14')).toBe(Period.days(14));
    expect(Period.parse('days_7')).toBe(Period.WEEK);
  });

  it.each([0, -1, 1.5, 3661, NaN, Infinity, -0, 2 ** 53])('days(%p) is refused', (n) => {
    expect(() => Period.days(n)).toThrow(InvalidPeriodError);
  });

  it.each([
    '',
    ' ',
    'fortnight',
    'DAYS_0',
    'DAYS_3661',
    'DAYS_01',
    'DAYS_',
    'DAYS_1.5',
    'DAYS_1e3',
    '7',
    '86401',
    '-86400',
  ])('parse(%p) is refused', (text) => {
    expect(() => Period.parse(text)).toThrow(InvalidPeriodError);
  });

  it.each([
    '86400.0',
    '0x15180',
    '1e5',
    ' 86400',
    '+86400',
    '99999999999999999999',
    'constructor',
    '__proto__',
    'toString',
  ])('parse(%p) is refused too', (text) => {
    expect(() => Period.parse(text)).toThrow(InvalidPeriodError);
  });

  it.each([7, 86_401, -86_400, 0.5, NaN, Infinity, '86400', null, undefined, {}, 3661 * 86_400, 10n])(
    'checkPeriod(%p) is refused',
    (value) => {
      expect(() => checkPeriod(value)).toThrow(InvalidPeriodError);
    },
  );

  it('takes -0 for LIFETIME as 0', () => {
    expect(Object.is(checkPeriod(-0), 0)).toBe(true);
  });

  it('says what was given, what is expected and how to mend it, and is not flooded', () => {
    expect(() => Period.parse('fortnight')).toThrow(/"fortnight".*CALENDAR_MONTH.*DAYS_n/);
    expect(() => Period.parse('12')).toThrow(/"12"/);
    expect(() => checkPeriod(7)).toThrow(/7\. Use Period\.DAY.*Period\.days\(n\)/);
    const hostile = `x\n"${'y'.repeat(1e6)}`;
    const error = thrownBy(() => Period.parse(hostile));
    expect(error.message.length).toBeLessThan(500);
    expect(error.message).not.toContain('\n');
    expect(error).toMatchObject({ name: 'InvalidPeriodError', code: 'TRACKSTATS_INVALID_PERIOD' });
  });

  it('property: parse reads what nameOf writes', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 3660 }).map(Period.days), fc.constantFrom(...CALENDAR)),
        (period) => {
          expect(Period.parse(Period.nameOf(period))).toBe(period);
          expect(Period.parse(Period.nameOf(period).toLowerCase())).toBe(period);
          expect(Period.parse(`${period}`)).toBe(period);
        },
      ),
    );
  });

  it('is frozen', () => {
    expect(Object.isFrozen(Period)).toBe(true);
  });
});

describe('periods of less than a day', () => {
  const TIMES = [
    [60, 'MINUTES_1', 1],
    [300, 'MINUTES_5', 5],
    [600, 'MINUTES_10', 10],
    [900, 'MINUTES_15', 15],
    [1200, 'MINUTES_20', 20],
    [1800, 'MINUTES_30', 30],
    [3600, 'HOUR', 60],
  ] as const;

  it.each(TIMES)('the code %d is %s', (code, name, minutes) => {
    const period = Period.minutes(minutes);
    expect(period).toBe(code);
    expect(isTimePeriod(period)).toBe(true);
    expect(Period.nameOf(period)).toBe(name);
    expect(periodKind(period)).toBe('bucket');
    expect([calendarUnit(period), toDateUnit(period)]).toEqual([null, null]);
    expect(() => windowDays(period)).toThrow(new RegExp(`${name}.*no fixed number of days`));
  });

  it('HOUR is the period of 60 minutes', () => {
    expect(Period.HOUR).toBe(Period.minutes(60));
  });

  it.each([0, 2, 7, 45, 61, 1.5, NaN])('minutes(%p) is refused: no hour is made of whole buckets', (n) => {
    expect(() => Period.minutes(n)).toThrow(/expected one of 1, 5, 10, 15, 20, 30, 60/i);
  });

  it('no other period is one', () => {
    expect(
      [...NAMED.map(([, code]) => code), ...TO_DATE.map(([, code]) => code)].filter((code) =>
        isTimePeriod(code as Period),
      ),
    ).toEqual([]);
    expect([120, 3_601, 7_200, -3_600].filter((code) => isTimePeriod(code as Period))).toEqual([]);
  });

  it.each(TIMES)('reads the code %d and the name %s', (code, name) => {
    expect(checkPeriod(code)).toBe(code);
    for (const text of [code, String(code), name, name.toLowerCase()]) expect(Period.parse(text)).toBe(code);
  });

  it.each([7_200, 3_601, 60.5])('says that there is no window of %p seconds, and what there is', (seconds) => {
    expect(() => checkPeriod(seconds)).toThrow(InvalidPeriodError);
    expect(() => checkPeriod(seconds)).toThrow(/Period\.HOUR and Period\.minutes\(n\).*no window of hours/);
  });

  it.each([
    [() => Period.days(0.5), /whole number of days from 1 to 3660\. Of less than a day there are Period\.HOUR/],
    [() => Period.parse('MINUTES_7'), /expected one of 1, 5, 10, 15, 20, 30, 60/],
    [() => Period.parse('HOURS_2'), /Expected one of DAY, .*HOUR, MINUTES_n, DAYS_n/],
  ])('refuses what does not fit: %p', (call, message) => {
    expect(call).toThrow(InvalidPeriodError);
    expect(call).toThrow(message);
  });
});

describe('periodKind, windowDays, calendarUnit', () => {
  it('tells the three kinds apart', () => {
    expect([Period.DAY, ...CALENDAR].map(periodKind)).toEqual(Array(5).fill('bucket'));
    expect([Period.WEEK, Period.DAYS_28, Period.MONTH, Period.days(2)].map(periodKind)).toEqual(
      Array(4).fill('rolling'),
    );
    expect(periodKind(Period.LIFETIME)).toBe('lifetime');
  });

  it('counts the days of a window', () => {
    expect([Period.DAY, Period.WEEK, Period.DAYS_28, Period.MONTH, Period.days(365)].map(windowDays)).toEqual([
      1, 7, 28, 30, 365,
    ]);
    expect(() => windowDays(Period.LIFETIME)).toThrow(InvalidPeriodError);
    expect(() => windowDays(Period.CALENDAR_MONTH)).toThrow(/CALENDAR_MONTH/);
  });

  it('names the unit of calendar periods', () => {
    expect(CALENDAR.map(calendarUnit)).toEqual(['week', 'month', 'quarter', 'year']);
    expect([Period.DAY, Period.WEEK, Period.LIFETIME].map(calendarUnit)).toEqual([null, null, null]);
  });
});

describe('unitBefore', () => {
  it.each([
    ['week', '2026-03-04', '2026-02-25'],
    ['month', '2026-11-29', '2026-10-29'],
    ['month', '2026-10-31', '2026-09-30'],
    ['month', '2026-03-31', '2026-02-28'],
    ['month', '2024-03-30', '2024-02-29'],
    ['month', '2000-03-30', '2000-02-29'],
    ['month', '2100-03-30', '2100-02-28'],
    ['month', '2026-01-31', '2025-12-31'],
    ['month', '0001-02-28', '0001-01-28'],
    ['quarter', '2026-05-31', '2026-02-28'],
    ['quarter', '2026-02-10', '2025-11-10'],
    ['year', '2024-02-29', '2023-02-28'],
    ['year', '2025-02-28', '2024-02-28'],
    ['year', '9999-12-31', '9998-12-31'],
  ] as const)('one %s before %s is %s', (unit, date, before) => {
    expect(unitBefore(unit, date)).toBe(before);
  });

  it('is not before the year 1', () => {
    expect(() => unitBefore('month', '0001-01-31')).toThrow(InvalidDateError);
    expect(() => unitBefore('quarter', '0001-03-31')).toThrow(InvalidDateError);
    expect(() => unitBefore('year', '0001-12-31')).toThrow(InvalidDateError);
    expect(() => unitBefore('week', '0001-01-07')).toThrow(InvalidDateError);
  });
});

describe('firstCovered, dateBefore', () => {
  it.each([
    [Period.DAY, '2026-10-31', '2026-10-31'],
    [Period.WEEK, '2026-10-31', '2026-10-25'],
    [Period.CALENDAR_MONTH, '2026-10-01', '2026-10-01'],
    [Period.WEEK_TO_DATE, '2026-10-31', '2026-10-26'],
    [Period.MONTH_TO_DATE, '2026-10-31', '2026-10-01'],
    [Period.MONTH_TO_DATE, '2026-10-01', '2026-10-01'],
    [Period.QUARTER_TO_DATE, '2026-12-31', '2026-10-01'],
    [Period.YEAR_TO_DATE, '2024-02-29', '2024-01-01'],
    [Period.LIFETIME, '2026-10-31', null],
    [Period.WEEK, '0001-01-03', '0001-01-01'],
  ] as const)('period %d on %s covers the days from %s on', (period, date, first) => {
    expect(firstCovered(period, date, 'monday')).toBe(first);
  });

  it('begins a week on the day that the module says', () => {
    expect(firstCovered(Period.WEEK_TO_DATE, '2026-10-31', 'sunday')).toBe('2026-10-25');
    expect(firstCovered(Period.WEEK_TO_DATE, '2026-10-31', 'saturday')).toBe('2026-10-31');
  });

  it.each([
    [Period.WEEK, '2026-10-31', '2026-10-24'],
    [Period.days(90), '2026-10-31', '2026-08-02'],
    [Period.WEEK_TO_DATE, '2026-10-28', '2026-10-21'],
    [Period.MONTH_TO_DATE, '2026-10-15', '2026-09-15'],
    [Period.MONTH_TO_DATE, '2026-10-31', '2026-09-30'],
    [Period.MONTH_TO_DATE, '2024-03-30', '2024-02-29'],
    [Period.QUARTER_TO_DATE, '2026-05-15', '2026-02-14'],
    [Period.YEAR_TO_DATE, '2025-12-31', '2024-12-30'],
  ] as const)('period %d on %s follows the value of %s', (period, date, before) => {
    expect(dateBefore(period, date, 'monday')).toBe(before);
  });

  it('property: a value to date covers as many days as its date is into the calendar unit', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TO_DATE), dates, weekStarts, ([, period, calendar], date, weekStart) => {
        expect(firstCovered(period, date, weekStart)).toBe(bucketStart(calendar, date, weekStart));
        expect(dateBefore(period, date, weekStart) < bucketStart(calendar, date, weekStart)).toBe(true);
      }),
    );
  });
});

describe('bucketStart, nextBucket', () => {
  it.each([
    [Period.DAY, '2026-10-31', '2026-10-31', '2026-11-01'],
    [Period.WEEK, '2026-10-31', '2026-10-31', '2026-11-01'],
    [Period.LIFETIME, '2026-12-31', '2026-12-31', '2027-01-01'],
    [Period.CALENDAR_WEEK, '2026-10-31', '2026-10-26', '2026-11-02'],
    [Period.CALENDAR_WEEK, '2027-01-01', '2026-12-28', '2027-01-04'],
    [Period.CALENDAR_MONTH, '2024-02-29', '2024-02-01', '2024-03-01'],
    [Period.CALENDAR_MONTH, '2026-12-31', '2026-12-01', '2027-01-01'],
    [Period.CALENDAR_QUARTER, '2026-12-31', '2026-10-01', '2027-01-01'],
    [Period.CALENDAR_QUARTER, '2026-05-15', '2026-04-01', '2026-07-01'],
    [Period.CALENDAR_YEAR, '2026-10-31', '2026-01-01', '2027-01-01'],
    [Period.CALENDAR_YEAR, '0099-07-01', '0099-01-01', '0100-01-01'],
  ])('period %d, %s: begins %s, next %s', (period, date, start, next) => {
    expect(bucketStart(period, date, 'monday')).toBe(start);
    expect(nextBucket(period, date, 'monday')).toBe(next);
  });

  it.each([
    ['monday', '2026-10-26'],
    ['sunday', '2026-10-25'],
    ['saturday', '2026-10-31'],
  ] as const)('a week that begins on %s', (weekStart, start) => {
    expect(bucketStart(Period.CALENDAR_WEEK, '2026-10-31', weekStart)).toBe(start);
  });

  it('at the ends of the calendar: an error, not a wrong date', () => {
    expect(bucketStart(Period.CALENDAR_WEEK, '0001-01-01', 'monday')).toBe('0001-01-01');
    // the first Sunday is the 7th: the days before it are a week of their own
    expect(bucketStart(Period.CALENDAR_WEEK, '0001-01-06', 'sunday')).toBe('0001-01-01');
    expect(nextBucket(Period.CALENDAR_WEEK, '0001-01-01', 'sunday')).toBe('0001-01-07');
    expect(bucketEnd(Period.CALENDAR_WEEK, '0001-01-01', 'sunday')).toBe('0001-01-06');
    expect(bucketEnd(Period.CALENDAR_WEEK, '9999-12-29', 'monday')).toBe('9999-12-31');
    expect(bucketEnd(Period.CALENDAR_MONTH, '9999-12-01', 'monday')).toBe('9999-12-31');
    expect(bucketEnd(Period.CALENDAR_QUARTER, '9999-11-30', 'monday')).toBe('9999-12-31');
    expect(bucketEnd(Period.CALENDAR_YEAR, '9999-01-01', 'monday')).toBe('9999-12-31');
    expect(bucketEnd(Period.CALENDAR_YEAR, '2024-02-01', 'monday')).toBe('2024-12-31');
    expect(bucketEnd(Period.CALENDAR_MONTH, '2024-02-01', 'monday')).toBe('2024-02-29');
    expect(bucketEnd(Period.DAY, '9999-12-31', 'monday')).toBe('9999-12-31');
    expect(() => nextBucket(Period.CALENDAR_YEAR, '9999-12-31', 'monday')).toThrow(/9999/);
    expect(() => nextBucket(Period.DAY, '9999-12-31', 'monday')).toThrow(/9999/);
    expect(() => bucketStart(Period.DAY, '2026-02-30', 'monday')).toThrow(/does not exist/);
  });

  it('property: buckets lie side by side, and every date is in the one that its start names', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CALENDAR, Period.DAY), dates, weekStarts, (period, date, weekStart) => {
        const start = bucketStart(period, date, weekStart);
        const next = nextBucket(period, date, weekStart);
        expect(start <= date && date < next).toBe(true);
        expect(bucketStart(period, start, weekStart)).toBe(start);
        expect(bucketStart(period, next, weekStart)).toBe(next);
        expect(nextBucket(period, start, weekStart)).toBe(next);
        if (period === Period.CALENDAR_WEEK) {
          expect(new Date(`${start}T00:00:00Z`).getUTCDay()).toBe({ sunday: 0, monday: 1, saturday: 6 }[weekStart]);
          expect(dayNumber(next) - dayNumber(start)).toBe(7);
        } else if (period !== Period.DAY) {
          expect(start.slice(8)).toBe('01');
        }
      }),
    );
  });
});

function thrownBy(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
