import { changeOf, UNKNOWN } from '../../lib/catalog/number-text.js';
import type { UnitResource } from '../../lib/http/resources.js';
import { headlineOf } from '../../lib/dashboard/page/metrics/overview.words.js';
import {
  breakable,
  formatChange,
  formatShort,
  formatDuration,
  formatNumber,
  formatRelative,
  NUMBERS,
  shiftDate,
} from '../../lib/dashboard/page/parts/format.js';

describe('changes', () => {
  it.each([
    [110, 100, '+10%'],
    [101.5, 100, '+1.5%'],
    [50, 100, '-50%'],
    [100, 100, '0%'],
    [99.97, 100, '-0.03%'],
    [-50, -100, '+50%'],
    [30_000, 100, '300×'],
    [5, 0, '–'],
    [null, 5, '–'],
    [5, null, '–'],
  ])('%p against %p is %s', (value, before, text) => {
    expect(formatChange(changeOf(value, before)).replace('−', '-')).toBe(text);
  });
});

describe('durations', () => {
  it.each([
    [0, '0 s'],
    [1_234, '1.23 s'],
    [45_000, '45 s'],
    [60_000, '1 minute'],
    [3_599_999, '1 hour'],
    [7_200_000, '2 hours'],
    [86_400_000 * 3, '3 days'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it.each([
    ['2026-10-31T12:00:00Z', 'now'],
    ['2026-10-31T11:57:00Z', '3 minutes ago'],
    ['2026-10-31T14:00:00Z', 'in 2 hours'],
    ['2026-10-31T11:59:57.400Z', '2 s ago'],
  ])('%s at noon is %s', (instant, text) => {
    expect(formatRelative(instant, '2026-10-31T12:00:00Z')).toBe(text);
  });
});

describe('dates', () => {
  it('move by days, whatever the zone of the process does with its clock', () => {
    expect(shiftDate('2026-11-01', 1)).toBe('2026-11-02');
    expect(shiftDate('2026-03-08', -1)).toBe('2026-03-07');
    expect(shiftDate('2024-03-01', -1)).toBe('2024-02-29');
  });
});

describe('a number with a unit', () => {
  it('is written as people write that unit', () => {
    expect(formatNumber(0.2567, 'percent')).toMatch(/^25[.,]7\s?%$/);
    expect(formatNumber(12.5, { currency: 'EUR' })).toMatch(/€/);
    expect(formatNumber(null, 'percent')).toBe(UNKNOWN);
    expect(NUMBERS.ticks([0, 0.5], 0.5, 'percent').map((text) => text.replace(/\s/, ''))).toEqual(['0%', '50%']);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.004, '0.004'],
    [0.000_123_45, '0.000123'],
    [-0.25, '-0.25'],
    [1.239, '1.24'],
    [12_345.678, '12,345.68'],
  ])('%d is %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it.each([
    [999_999, '999,999'],
    [1_234_567, '1.23M'],
    [987_654_321_012, '987.65B'],
  ])('%d is %s where there is little room', (value, text) => {
    expect(formatShort(value)).toBe(text);
  });

  it.each<[number[], number, string[]]>([
    [[0, 1, 2], 1, ['0', '1', '2']],
    [[0, 0.005, 0.01], 0.005, ['0.000', '0.005', '0.010']],
    [[0, 0.2, 0.4], 0.2, ['0.0', '0.2', '0.4']],
    [[0, 5_000, 10_000], 5_000, ['0', '5K', '10K']],
    [[11_000, 11_500, 12_000], 500, ['11K', '11.5K', '12K']],
    [[0, 2_000_000], 2_000_000, ['0', '2M']],
  ])('ticks %j have the decimals of their step', (ticks, step, texts) => {
    expect(NUMBERS.ticks(ticks, step)).toEqual(texts);
  });
});

describe('units', () => {
  it.each<[number, UnitResource, string]>([
    [1_500, 'bytes', '1.5 kB'],
    [12, 'bytes', '12 byte'],
    [0, 'bytes', '0 byte'],
    [3_250_000_000, 'bytes', '3.25 GB'],
    [0.25, 'seconds', '250 ms'],
    [90, 'seconds', '90 sec'],
    [5_400, 'seconds', '90 min'],
    [200_000, 'seconds', '2.3 days'],
    [1_200_000, { currency: 'EUR' }, '€1,200,000'],
    [12.5, { currency: 'EUR' }, '€12.50'],
    [0.1, { currency: 'EUR' }, '€0.10'],
    [-0.5, { currency: 'EUR' }, '-€0.50'],
    [0.004, { currency: 'EUR' }, '€0.004'],
    [0, { currency: 'EUR' }, '€0'],
    [3, 'orders', '3 orders'],
    [0.004, 'percent', '0.4%'],
  ])('%d %j is %s', (value, unit, text) => {
    expect(formatNumber(value, unit).replace(/\s/g, ' ')).toBe(text);
  });

  it('write the ticks of an axis in one size', () => {
    const ticks = (values: number[], step: number, unit: UnitResource): string[] =>
      NUMBERS.ticks(values, step, unit).map((text) => text.replace(/\s/g, ' '));
    expect(ticks([0, 500_000, 1_000_000], 500_000, 'bytes')).toEqual(['0.0 MB', '0.5 MB', '1.0 MB']);
    expect(ticks([0, 3_600, 7_200], 3_600, 'seconds')).toEqual(['0 hr', '1 hr', '2 hr']);
    expect(ticks([0, 0.001, 0.002], 0.001, 'percent')).toEqual(['0.0%', '0.1%', '0.2%']);
  });
});

describe('the name of a value of a range', () => {
  it.each([
    ['total', 'Total'],
    ['whole', 'Over the range'],
    ['last', 'Latest'],
    ['least', 'Lowest'],
    ['greatest', 'Highest'],
  ] as const)('%s is %s', (kind, text) => {
    expect(headlineOf(kind)).toBe(text);
  });
});

describe('a name in a narrow column', () => {
  it.each([
    ['shopping/customer_orders', ['shopping/', 'customer_', 'orders']],
    ['OrderTracker', ['Order', 'Tracker']],
    ['HTTPRequests', ['HTTP', 'Requests']],
    ['Stock.level & more', ['Stock.level & more']],
    ['ÜberÄnderung', ['Über', 'Änderung']],
    ['a'.repeat(45), ['a'.repeat(20), 'a'.repeat(20), 'a'.repeat(5)]],
    ['', ['']],
  ])('%s breaks into %j', (name, parts) => {
    expect(breakable(name)).toEqual(parts);
  });
});
