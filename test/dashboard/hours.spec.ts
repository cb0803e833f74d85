import { periodLabel } from '../../lib/time/period-text.js';
import { formatClock, formatOffset, minutesOf, repeatedStarts } from '../../lib/chart/moments.js';
import { dateTicks } from '../../lib/chart/scale.js';
import { comparisonOf } from '../../lib/dashboard/page/metric/comparison.js';
import { exportRows } from '../../lib/dashboard/page/metric/export.js';
import { stateAt, wholeRange } from '../../lib/dashboard/page/metric/metric.data.js';
import { daysOf, fits, fittingPresets, ownDates, presetChoices } from '../../lib/dashboard/page/metric/range.js';
import { valueNote } from '../../lib/dashboard/page/metrics/overview.words.js';
import { formatMoments, formatSpan, MOMENTS } from '../../lib/dashboard/page/parts/format.js';
import { pointLabel } from '../../lib/dashboard/page/parts/period.js';

/** The starts of buckets of a day, written down as the clock of a place shows them: hours with an offset, in order. */
function startsOf(day: string, hours: readonly (readonly [hour: number, offset: string])[], minutes = [0]): string[] {
  const two = (n: number): string => String(n).padStart(2, '0');
  return hours.flatMap(([hour, offset]) => minutes.map((minute) => `${day}T${two(hour)}:${two(minute)}:00${offset}`));
}

const upTo = (from: number, to: number, offset: string): [number, string][] =>
  Array.from({ length: to - from + 1 }, (_, place) => [from + place, offset]);
/** 25 hours: two o'clock is there twice. */
const AUTUMN = startsOf('2026-10-25', [...upTo(0, 2, '+02:00'), ...upTo(2, 23, '+01:00')]);
/** 23 hours: two o'clock is not there. */
const SPRING = startsOf('2026-03-29', [...upTo(0, 1, '+01:00'), ...upTo(3, 23, '+02:00')]);
const QUARTERS = startsOf('2026-10-25', [...upTo(1, 2, '+02:00'), ...upTo(2, 3, '+01:00')], [0, 15, 30, 45]);

it('asks for the days that it draws by hours as days, and for a part of one by its hours', () => {
  // the clocks of St. John's went from 00:01 on the 7th to 23:01 on the 6th: from the first hour of the 6th to its last
  // there is a minute of the 7th
  const hours = ['2010-11-06T00:00:00-02:30', '2010-11-06T23:00:00-02:30', '2010-11-06T23:01:00-03:30'];
  const [from = '', , to = ''] = hours;
  const day = { from: '2010-11-06', to: '2010-11-06' };
  expect(wholeRange(hours, day, null, 'HOUR')).toEqual({ period: 'HOUR', ...day });
  expect(wholeRange(hours, { from, to }, null, 'HOUR')).toEqual({ period: 'HOUR', from, to });
  expect(wholeRange(['2010-11-06'], day, null, 'DAY')).toEqual({ period: 'DAY', ...day });
});

describe('the ticks of hours and minutes', () => {
  const ticksOf = (starts: readonly string[], period: string, room: number): string[] =>
    dateTicks(starts, period, room, MOMENTS).map(
      ({ place, text, year }) => `${place} ${text}${year === '' ? '' : ` (${year})`}`,
    );

  it('are round times, with the date once, and the offset of a time that is there twice', () => {
    expect(ticksOf(AUTUMN, 'HOUR', 25).slice(0, 5)).toEqual([
      '0 00:00 (Oct 25)',
      '1 01:00',
      '2 02:00 (UTC+2)',
      '3 02:00 (UTC+1)',
      '4 03:00',
    ]);
    expect(ticksOf(AUTUMN, 'HOUR', 12).slice(0, 3)).toEqual(['0 00:00 (Oct 25)', '2 02:00 (UTC+2)', '5 04:00']);
    expect(ticksOf(SPRING, 'HOUR', 12).slice(0, 3)).toEqual(['0 00:00 (Mar 29)', '3 04:00', '5 06:00']);
    expect(ticksOf(QUARTERS, 'MINUTES_15', 8)).toEqual([
      '0 01:00 (Oct 25)',
      '2 01:30',
      '4 02:00 (UTC+2)',
      '6 02:30 (UTC+2)',
      '8 02:00 (UTC+1)',
      '10 02:30 (UTC+1)',
      '12 03:00',
      '14 03:30',
    ]);
  });

  it('are days where there are many, which begin where the clock has no midnight too', () => {
    const days = ['2026-10-24', '2026-10-25', '2026-10-26'];
    const hours = days.flatMap((day) => startsOf(day, upTo(day === '2026-10-25' ? 1 : 0, 23, '+02:00')));
    expect(ticksOf(hours, 'HOUR', 3)).toEqual(['0 Oct 24 (2026)', '24 Oct 25', '47 Oct 26']);
    expect(ticksOf(hours, 'HOUR', 6)).toEqual([
      '0 00:00 (Oct 24)',
      '12 12:00',
      '35 12:00 (Oct 25)',
      '47 00:00 (Oct 26)',
      '59 12:00',
    ]);
    expect(ticksOf(hours, 'HOUR', 1)).toHaveLength(1);
    expect(ticksOf([], 'HOUR', 6)).toEqual([]);
  });
});

describe('the names of hours and minutes', () => {
  it('are the time on the clock there, with its offset if it is there twice', () => {
    const repeated = repeatedStarts(AUTUMN);
    expect([...repeated]).toEqual(['2026-10-25T02:00:00+02:00', '2026-10-25T02:00:00+01:00']);
    const [, , first = '', second = '', third = ''] = AUTUMN;
    expect(pointLabel(first, 'HOUR', repeated)).toBe('Sun, Oct 25, 2026, 02:00 (UTC+2)');
    expect(pointLabel(second, 'HOUR', repeated)).toBe('Sun, Oct 25, 2026, 02:00 (UTC+1)');
    expect(pointLabel(third, 'HOUR', repeated)).toBe('Sun, Oct 25, 2026, 03:00');
    // an offset with seconds cannot be written, so that the start is in UTC
    expect(pointLabel('1971-06-01T12:44:30Z', 'HOUR')).toBe('Tue, Jun 1, 1971, 12:44:30 (UTC)');
    expect(['+05:45', '-03:30', '+00:00', 'Z'].map((offset) => formatOffset(`2026-01-01T00:00:00${offset}`))).toEqual([
      'UTC+5:45',
      'UTC−3:30',
      'UTC',
      'UTC',
    ]);
    expect(formatClock('2026-04-05T01:30:00+10:30')).toBe('01:30');
    expect(['HOUR', 'MINUTES_15', 'MINUTES_1'].map((name) => [periodLabel(name), minutesOf(name)])).toEqual([
      ['Hour', 60],
      ['15 minutes', 15],
      ['Minute', 1],
    ]);
  });

  it('of a range have its times, unless it is of whole days', () => {
    const day = { from: '2026-10-25', to: '2026-10-25' };
    const at = (time: string): string => `2026-10-25T${time}:00+01:00`;
    const texts = [
      { ...day, start: at('00:00'), end: '2026-10-26T00:00:00+01:00' },
      { ...day, start: at('14:00'), end: at('18:30') },
      { ...day, from: '2026-10-24', start: '2026-10-24T19:00:00+02:00', end: at('01:00') },
      { from: '2026-12-31', to: '2027-01-01', start: '2026-12-31T23:00:00+01:00', end: '2027-01-01T01:00:00+01:00' },
      day,
    ].map(formatSpan);
    expect(formatMoments('2026-10-24T19:00:00+02:00', '2026-10-25T17:00:00+01:00', 60)).toBe(
      'Oct 24, 19:00 – Oct 25, 18:00',
    );
    expect(formatMoments('2026-10-24', '2026-10-24T17:00:00+01:00', 60)).toBe('Oct 24, 2026');
    expect(valueNote({ metric: {} as never, period: 'HOUR', summary: null }, 'HOUR')).toBe('Too long a range by hour');
    const none = { metric: {} as never, period: null, summary: null };
    expect(valueNote(none, 'HOUR')).toBe('Not kept by hour');
    expect(valueNote(none, '')).toBe('By object or group only');
    expect(texts).toEqual([
      'Oct 25, 2026',
      'Oct 25, 14:00 – 18:30',
      'Oct 24, 19:00 – Oct 25, 01:00',
      'Dec 31, 2026, 23:00 – Jan 1, 2027, 01:00',
      'Oct 25, 2026',
    ]);
  });
});

describe('the ranges of hours and minutes', () => {
  it('are those that a chart can show', () => {
    expect(fits('MINUTES_15', 31)).toBe(true); // 2,976
    expect(fits('MINUTES_15', 32)).toBe(false);
    expect(fits('DAY', 100_000)).toBe(true);
    const today = '2026-10-31';
    expect(fittingPresets('HOUR', true, today, null)).toEqual([
      'today',
      'yesterday',
      '24h',
      '7d',
      '30d',
      '90d',
      'month',
      'last-month',
    ]);
    expect(fittingPresets('HOUR', true, today, '2026-08-01')).toContain('all');
    expect(fittingPresets('HOUR', true, today, '2026-06-01')).not.toContain('all'); // 3,648 hours
    expect(fittingPresets('MINUTES_1', true, today, '2026-10-29')).toEqual(['today', 'yesterday', '24h']);
    expect(fittingPresets('DAY', true, today, null)).not.toContain('today');
    expect(fittingPresets(null, true, today, null)).toContain('today');
    expect(fittingPresets(null, false, today, null)).not.toContain('today');
    const choices = presetChoices(['today', 'yesterday', '24h'] as const, today, null).map(({ label }) => label);
    expect(choices).toEqual(['Today · Oct 31, 2026', 'Yesterday · Oct 30, 2026', '24 hours']);
  });

  it('may begin and end within a day', () => {
    const part = { from: '2026-10-25T02:00:00+02:00', to: '2026-10-25T08:00:00+01:00' };
    expect(daysOf(part)).toBe(0.25);
    expect(daysOf({ from: '2026-10-25', to: '2026-10-25' })).toBe(1);
    expect(ownDates({ from: part.from, to: null }, '2026-10-31')).toEqual({ from: part.from, to: '2026-10-31' });
    expect(comparisonOf('year', 'HOUR', 'own', part)).toBe('previous');
  });
});

describe('what a chart of hours says and exports', () => {
  const line = {
    id: 'a',
    label: 'a',
    metric: 'a/b',
    exact: null,
    values: [4, null, 2, null],
    complete: [true, true, false, false],
  };
  const dates = AUTUMN.slice(1, 5);

  it('knows which hours have not come, of today', () => {
    const states = (today: string): string[] =>
      dates.map((_, place) => stateAt({ dates, lines: [line], today, period: 'HOUR' }, place));
    expect(states('2026-10-25')).toEqual(['', 'not known', 'so far', 'not yet']);
    expect(states('2026-10-26').at(-1)).toBe('not known');
  });

  it('has the local date and the start', () => {
    const rows = exportRows({ period: 'HOUR', dates, lines: [line], compared: null });
    expect(rows.map(({ date, start, value }) => [date, start, value]).slice(0, 3)).toEqual([
      ['2026-10-25', '2026-10-25T01:00:00+02:00', '4'],
      ['2026-10-25', '2026-10-25T02:00:00+02:00', null],
      ['2026-10-25', '2026-10-25T02:00:00+01:00', '2'],
    ]);
  });
});
