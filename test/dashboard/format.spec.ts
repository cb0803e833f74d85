import {
  changeOf,
  formatChange,
  formatCompact,
  formatDuration,
  formatNumber,
  formatRelative,
  formatTick,
  shiftDate,
  UNKNOWN,
  utcOf,
} from '../../lib/dashboard/page/format.js';

describe('changes', () => {
  it.each([
    [110, 100, '+10%'],
    [101.5, 100, '+1.5%'],
    [50, 100, '-50%'],
    [100, 100, '0%'],
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

  it('stand on an axis with the year where it begins', () => {
    expect(formatTick(utcOf('2025-12-28'), 7, true)).toMatch(/28.*\n2025|\n2025/);
    expect(formatTick(utcOf('2026-01-04'), 7, false)).toMatch(/\n2026$/);
    expect(formatTick(utcOf('2026-01-11'), 7, false)).not.toMatch(/\n/);
    expect(formatTick(utcOf('2026-01-01'), 365, false)).toBe('2026');
  });
});

describe('a number with a unit', () => {
  it('is written as people write that unit', () => {
    expect(formatNumber(0.2567, 'percent')).toMatch(/^25[.,]7\s?%$/);
    expect(formatNumber(12.5, { currency: 'EUR' })).toMatch(/€/);
    expect(formatNumber(null, 'percent')).toBe(UNKNOWN);
    expect(formatCompact(0.5, 'percent')).toMatch(/^50\s?%$/);
  });
});
