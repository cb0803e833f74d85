import { InvalidDateError } from '../../lib/errors/time.error.js';
import {
  addDays,
  dayNumber,
  fromDayNumber,
  type LocalDate,
  parseLocalDate,
  readDayNumber,
} from '../../lib/time/local-date.js';
import fc from '../support/fast-check.js';

const FIRST = -719_162;
const LAST = 2_932_896;

describe('parseLocalDate', () => {
  it.each(['0001-01-01', '0099-12-31', '1900-02-28', '2000-02-29', '2024-02-29', '2026-10-31', '9999-12-31'])(
    'reads %s',
    (text) => {
      expect(parseLocalDate(text)).toBe(text);
    },
  );

  it.each([
    ['2026-02-30', '2026-02-28'],
    ['2023-02-29', '2023-02-28'],
    ['2024-02-30', '2024-02-29'],
    ['1900-02-29', '1900-02-28'],
    ['2026-04-31', '2026-04-30'],
    ['2026-12-32', '2026-12-31'],
    ['2026-01-00', '2026-01-31'],
  ])('says that %s does not exist and which is the last day of that month', (text, last) => {
    expect(() => parseLocalDate(text)).toThrow(InvalidDateError);
    expect(() => parseLocalDate(text)).toThrow(`${text} does not exist`);
    expect(() => parseLocalDate(text)).toThrow(last);
  });

  it.each([
    '',
    '0000-01-01',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    '26-01-01',
    '10000-01-01',
    '-0001-01-01',
    '2026-10-31 ',
    ' 2026-10-31',
    '2026-10-31\n',
    '2026-10-31T00:00:00Z',
    '2026/10/31',
    '20261031',
    '٢٠٢٦-١٠-٣١',
    'today',
  ])('refuses %j', (text) => {
    expect(() => parseLocalDate(text)).toThrow(InvalidDateError);
  });

  it.each([null, undefined, 20261031, new Date(0), {}, [], ['2026-10-31'], true])(
    'refuses %p, which is no text',
    (value) => {
      expect(() => parseLocalDate(value)).toThrow(InvalidDateError);
    },
  );

  it('shows hostile text clipped and on one line', () => {
    const error = expect(() => parseLocalDate(`2026\r\n${'x'.repeat(1e6)}`));
    error.toThrow(/^Invalid date: "2026\\r\\nx{1,200}[^\n]{0,300}$/);
  });

  it('has a name and a code', () => {
    expect(new InvalidDateError('x', 'y')).toMatchObject({ name: 'InvalidDateError', code: 'TRACKSTATS_INVALID_DATE' });
  });
});

describe('dayNumber, fromDayNumber, addDays', () => {
  it.each([
    ['1970-01-01', 0],
    ['1969-12-31', -1],
    ['2000-03-01', 11_017],
    ['0001-01-01', FIRST],
    ['0100-01-01', FIRST + 36_159],
    ['9999-12-31', LAST],
  ])('%s is day %d', (date, day) => {
    expect(dayNumber(date)).toBe(day);
    expect(fromDayNumber(readDayNumber(day))).toBe(date);
  });

  it.each([NaN, 0.5, Infinity, FIRST - 1, LAST + 1])('there is no day %p', (day) => {
    expect(() => fromDayNumber(readDayNumber(day))).toThrow(InvalidDateError);
  });

  it('adds days over the ends of months and leap days', () => {
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
    expect(addDays('2024-02-28', 2)).toBe('2024-03-01');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
    expect(addDays('0099-12-31', 1)).toBe('0100-01-01');
    expect(addDays('2026-10-31', 0)).toBe('2026-10-31');
  });

  it('refuses a date or a number of days that is none', () => {
    expect(() => addDays('2026-02-30', 1)).toThrow(/does not exist/);
    expect(() => addDays('9999-12-31', 1)).toThrow(InvalidDateError);
    expect(() => addDays('0001-01-01', -1)).toThrow(InvalidDateError);
    for (const days of [0.5, NaN, Infinity]) expect(() => addDays('2026-01-01', days)).toThrow(/whole number/);
  });

  it.each(['2026/10/31', '2026-1-1', '2026-10-31T00:00:00Z', 20261031])('refuses %j', (date) => {
    expect(() => dayNumber(date as LocalDate)).toThrow(InvalidDateError);
  });

  it('property: dayNumber and fromDayNumber are each other’s reverse, and follow one another like the dates', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST, max: LAST - 1 }), (day) => {
        const date = fromDayNumber(readDayNumber(day));
        expect(dayNumber(date)).toBe(day);
        expect(parseLocalDate(date)).toBe(date);
        expect(addDays(date, 1) > date).toBe(true);
        expect(new Date(`${date}T00:00:00Z`).getTime()).toBe(day * 86_400_000);
      }),
      { numRuns: 1000 },
    );
  });
});
