import { addDays, Period } from 'nestjs-trackstats';
import { dateTicks, isCount, isWide, logarithmicScale, valueScale } from '../../lib/chart/scale.js';
import { COMPARISONS, PRESETS } from '../../lib/dashboard/page/address.js';
import {
  canCompare,
  comparisonChoices,
  comparisonOf,
  lastDayNote,
  fittingComparison,
} from '../../lib/dashboard/page/metric/comparison.js';
import { automaticRange, presetChoices, presetDates } from '../../lib/dashboard/page/metric/range.js';
import { MOMENTS } from '../../lib/dashboard/page/parts/format.js';
import { latestLabel, pointLabel } from '../../lib/dashboard/page/parts/period.js';
import { canCompare as canCompareInTheLibrary } from '../../lib/statistics/index.js';
import { parseLocalDate } from '../../lib/time/local-date.js';
import fc from '../support/fast-check.js';

const PERIODS = [
  Period.DAY,
  Period.WEEK,
  Period.CALENDAR_WEEK,
  Period.CALENDAR_MONTH,
  Period.CALENDAR_QUARTER,
  Period.CALENDAR_YEAR,
  Period.MONTH_TO_DATE,
  Period.LIFETIME,
] as const;
const date = fc.integer({ min: 0, max: 40_000 }).map((days) => parseLocalDate(addDays('1970-01-01', days)));

describe('the comparisons of a range', () => {
  it('are those that the library can make of a period', () => {
    for (const period of PERIODS) {
      const possible = COMPARISONS.filter((comparison) => canCompareInTheLibrary(period, comparison));
      expect(COMPARISONS.filter((comparison) => canCompare(Period.nameOf(period), comparison))).toEqual(possible);
    }
  });

  it.each([
    ['7d', '2026-11-23', '2026-11-29', 'previous'],
    ['month', '2026-11-01', '2026-11-29', 'month'],
    ['month', '2026-01-01', '2026-01-05', 'month'],
    ['last-month', '2026-10-01', '2026-10-31', 'month'],
    ['year', '2026-01-01', '2026-01-05', 'year'],
    ['12m', '2025-11-30', '2026-11-29', 'year'],
    ['all', '2020-01-01', '2026-11-29', null],
    ['own', '2026-11-01', '2026-11-29', 'month'],
    ['own', '2026-11-02', '2026-11-29', 'previous'],
    ['own', '2026-07-01', '2026-09-30', 'quarter'],
    ['own', '2026-07-01', '2026-10-01', 'previous'],
    ['own', '2026-02-01', '2026-03-31', 'previous'],
    ['own', '2026-01-01', '2026-03-31', 'quarter'],
    ['own', '2026-01-01', '2026-11-29', 'year'],
    ['own', '2025-12-01', '2026-12-31', 'previous'],
  ] as const)('of %s, %s to %s, fit %s', (range, from, to, comparison) => {
    expect(fittingComparison(range, { from, to })).toBe(comparison);
    expect(comparisonOf('', 'DAY', range, { from, to })).toBe(comparison);
    expect(comparisonOf('none', 'DAY', range, { from, to })).toBeNull();
  });

  it.each([
    ['month', '2026-11-01', '2026-11-30', '2026-11-30', true],
    ['month', '2026-11-01', '2026-11-29', '2026-11-29', false],
    ['month', '2026-11-01', '2026-11-30', '2026-12-01', false],
    ['month', '2026-10-01', '2026-11-30', '2026-11-30', false],
    ['month', '2026-02-01', '2026-02-28', '2026-02-28', true],
    ['month', '2024-02-01', '2024-02-28', '2024-02-28', false],
    ['quarter', '2026-07-01', '2026-09-30', '2026-09-30', true],
    ['quarter', '2026-07-01', '2026-08-31', '2026-08-31', false],
    ['year', '2026-01-01', '2026-12-31', '2026-12-31', false],
    ['previous', '2026-11-01', '2026-11-30', '2026-11-30', false],
  ] as const)('with a %s of %s to %s on %s are of the whole: %s', (comparison, from, to, today, isWhole) => {
    const note = `Today is the last day of the ${comparison}: it is compared with the whole ${comparison} before.`;
    expect(lastDayNote(comparison, { from, to }, today)).toBe(isWhole ? note : null);
  });

  it('are the range before where the values do not make up the unit', () => {
    const november = { from: '2026-11-01', to: '2026-11-29' };
    expect(comparisonOf('', 'CALENDAR_WEEK', 'month', november)).toBe('previous');
    expect(comparisonOf('weekdays', 'CALENDAR_MONTH', 'month', november)).toBe('previous');
    const labels = comparisonChoices('CALENDAR_WEEK', 'month').map(({ label }) => label);
    expect(labels).toEqual([
      'Auto: the range before',
      'The range before',
      'A week before',
      'A year before',
      'The same weekdays a year before',
      'Nothing',
    ]);
  });
});

describe('the presets', () => {
  it.each([
    ['7d', '2026-10-31', '2026-10-25', '2026-10-31'],
    ['30d', '2026-10-31', '2026-10-02', '2026-10-31'],
    ['month', '2026-10-31', '2026-10-01', '2026-10-31'],
    ['last-month', '2026-03-31', '2026-02-01', '2026-02-28'],
    ['last-month', '2026-01-01', '2025-12-01', '2025-12-31'],
    ['year', '2026-10-31', '2026-01-01', '2026-10-31'],
    ['12m', '2026-10-31', '2025-11-01', '2026-10-31'],
    ['12m', '2024-02-29', '2023-03-01', '2024-02-29'],
    ['all', '2026-10-31', '2020-05-05', '2026-10-31'],
  ] as const)('%s on %s is from %s to %s', (preset, today, from, to) => {
    expect(presetDates(preset, today, '2020-05-05')).toEqual({ from, to });
  });

  it.each([
    ['30d', [1, 5, 9]],
    ['90d', [1, 40, 41]],
    ['12m', [100, 200, 300]],
    ['all', [300]],
    ['all', []],
  ] as const)('%s is the shortest range of values so many days ago: %j', (preset, ago) => {
    const values = Array.from({ length: 365 }, (_, day) => ({
      date: addDays('2026-10-31', -day),
      value: (ago as readonly number[]).includes(day) ? 1 : 0,
    }));
    expect(automaticRange(values, '2026-10-31', '2020-01-01')).toBe(preset);
  });

  it('can be chosen by their dates, which those of "all" have once coverage says when they began', () => {
    const labels = (since: string | null): string[] =>
      presetChoices(PRESETS, '2026-10-31', since).map(({ label }) => label);
    // Intl writes ranges with thin spaces
    expect(labels('2020-05-05')[0]?.replace(/\s/g, ' ')).toBe('7 days · Oct 25 – 31, 2026');
    expect(labels('2020-05-05').at(-1)?.replace(/\s/g, ' ')).toBe('All · May 5, 2020 – Oct 31, 2026');
    expect(labels(null).at(-1)).toBe('All');
  });

  it.each([
    ['7d', '2026-10-31'],
    ['7d', '2026-10-25'],
    ['30d', '2026-10-24'],
  ])('%s is the range of what began on %s', (preset, since) => {
    expect(automaticRange([{ date: '2026-10-31', value: 4 }], '2026-10-31', since)).toBe(preset);
  });
});

describe('the names of points', () => {
  it.each([
    ['DAY', '2026-10-31', 'Sat, Oct 31, 2026'],
    ['CALENDAR_WEEK', '2026-10-12', 'Week 42, 2026'],
    ['CALENDAR_WEEK', '2026-12-28', 'Week 53, 2026'],
    ['CALENDAR_WEEK', '2024-12-30', 'Week 1, 2025'],
    ['CALENDAR_WEEK', '2026-10-11', 'Week 42, 2026'], // a week that begins on Sunday
    ['CALENDAR_MONTH', '2026-10-01', 'October 2026'],
    ['CALENDAR_QUARTER', '2026-07-01', 'Q3 2026'],
    ['CALENDAR_YEAR', '2025-01-01', '2025'],
    ['WEEK', '2026-10-31', 'Oct 31, 2026'],
  ])('of %s at %s is %s', (period, at, text) => {
    expect(pointLabel(at, period)).toBe(text);
  });
});

describe('the names of latest values', () => {
  it.each([
    ['DAY', 'Sun, Nov 29, 2026'],
    ['CALENDAR_MONTH', 'November 2026'],
    ['DAYS_28', '28 days to Nov 29, 2026'],
    ['MONTH', '30 days to Nov 29, 2026'],
    ['MONTH_TO_DATE', 'Month to Nov 29, 2026'],
    ['LIFETIME', 'All time to Nov 29, 2026'],
  ])('of %s are %s', (period, text) => {
    expect(latestLabel('2026-11-29', period)).toBe(text);
  });
});

describe('the ticks of values', () => {
  it('are at equal steps around all values, as many as there is room for, and whole for counts', () => {
    const values = fc.array(fc.oneof(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.integer({ min: 0, max: 9 })));
    fc.assert(
      fc.property(values, fc.boolean(), fc.integer({ min: 2, max: 8 }), (all, isFromZero, count) => {
        const { low, high, step, ticks } = valueScale(all, { isFromZero, count });
        expect(step).toBeGreaterThan(0);
        expect(high).toBeGreaterThan(low);
        for (const value of all) expect(value >= low - step * 1e-6 && value <= high + step * 1e-6).toBe(true);
        expect(ticks.length).toBeLessThanOrEqual(count + 3);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        if (isFromZero) expect(low <= 0 && high >= 0).toBe(true);
        if (all.every(Number.isInteger)) expect(ticks.every(Number.isInteger)).toBe(true);
      }),
    );
  });

  it.each([[[-5e-324]], [[1e9, 1e9 + 1e-7]], [[1e-300, 0]]])(
    'of %j, which differ by less than can be told, are two at least',
    (values) => {
      const { step, ticks, low, high } = valueScale(values, { isFromZero: false, count: 4 });
      expect(step).toBeGreaterThan(0);
      expect(high).toBeGreaterThan(low);
      expect(new Set(ticks).size).toBe(ticks.length);
    },
  );

  it.each([[[]], [[0, 0, 0]], [[null, null]]])('of %j are 0 and 1', (values) => {
    expect(valueScale(values, { isFromZero: false, count: 5 }).ticks).toEqual([0, 1]);
  });
});

describe('a logarithmic axis', () => {
  it.each([
    [[1, 1000], false],
    [[1, null, 1001], true],
    [[0, 1, 2000], true],
    [[-1, 1, 2000], false],
    [[0, 0], false],
    [[], false],
  ])('is of use for %j: %s', (values, expected) => {
    expect(isWide(values)).toBe(expected);
  });

  it.each<[(number | null)[], number, number[]]>([
    [[3, 40_000], 8, [1, 10, 100, 1_000, 10_000, 100_000]],
    [[0, 3, null, 4_000], 8, [0, 1, 10, 100, 1_000, 10_000]],
    [[3, 4_000_000], 4, [1, 100, 10_000, 1_000_000, 100_000_000]],
    [[0.002, 50], 8, [0.001, 0.01, 0.1, 1, 10, 100]],
    [[10], 4, [10, 100]],
  ])('of %j with room for %d has %j', (values, count, ticks) => {
    expect(logarithmicScale(values, count)?.ticks).toEqual(ticks);
  });

  it.each([[[-1, 5]], [[0, 0]], [[null]], [[]]])('is none of %j', (values) => {
    expect(logarithmicScale(values, 5)).toBeNull();
  });

  it('has every power of ten at the same distance, zero below them, and each value between its ticks', () => {
    const value = fc.oneof(fc.constant(0), fc.double({ min: 1e-12, max: 1e15, noNaN: true }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), fc.integer({ min: 1, max: 9 }), (values, count) => {
        const scale = logarithmicScale(values, count);
        expect(scale === null).toBe(values.every((one) => one === 0));
        if (scale === null) return;
        const heights = scale.ticks.map(scale.heightOf);
        expect(heights[0]).toBeCloseTo(0, 9);
        expect(heights.at(-1)).toBeCloseTo(1, 9);
        const steps = heights.slice(1).map((height, place) => height - heights[place]!);
        for (const step of steps) expect(step).toBeCloseTo(1 / steps.length, 9);
        expect(scale.ticks.length).toBeLessThanOrEqual(count + 3);
        for (const one of values) {
          const height = scale.heightOf(one);
          expect(height >= -1e-9 && height <= 1 + 1e-9).toBe(true);
          expect(one === 0).toBe(scale.ticks[0] === 0 && height === 0);
        }
      }),
    );
  });
});

describe('the axis of counts begins at zero', () => {
  it.each([
    [[100, null, 105], 'DAY', undefined, true],
    [[100, 105], 'WEEK', undefined, true],
    [[100, 105], 'LIFETIME', undefined, false],
    [[100.5, 105], 'DAY', undefined, false],
    [[-3, 5], 'DAY', undefined, false],
    [[100, 105], 'DAY', 'bytes', false],
  ])('%j by %s in %s: %s', (values, period, unit, expected) => {
    expect(isCount(values, period, unit)).toBe(expected);
  });
});

describe('the ticks of dates', () => {
  it.each<[number, number, string[]]>([
    [90, 5, ['Aug 17', 'Sep 7', 'Sep 28', 'Oct 19']],
    [90, 10, ['Aug 10', 'Aug 24', 'Sep 7', 'Sep 21', 'Oct 5', 'Oct 19']],
    [150, 6, ['Jul', 'Aug', 'Sep', 'Oct']],
    [365, 5, ['Jan', 'Apr', 'Jul', 'Oct']],
  ])('of %d days with room for %d are dates, and months where these are enough', (length, room, texts) => {
    const dates = Array.from({ length }, (_, day) => addDays('2026-10-31', day - length + 1));
    expect(dateTicks(dates, 'DAY', room, MOMENTS).map(({ text }) => text)).toEqual(texts);
  });

  it('are in order, no more than there is room for, and each year is written once', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: 1, max: 4_000 }), fc.integer({ min: 1, max: 20 }), (from, length, room) => {
        const dates = Array.from({ length }, (_, day) => addDays(from, day));
        const ticks = dateTicks(dates, 'DAY', room, MOMENTS);
        expect(ticks.length).toBeLessThanOrEqual(room);
        expect(ticks.length).toBeGreaterThan(0);
        const places = ticks.map(({ place }) => place);
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
        const years = ticks.map(({ year }) => year).filter((year) => year !== '');
        expect(years).toEqual([...new Set(years)]);
      }),
    );
  });
});
