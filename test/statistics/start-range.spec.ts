import type { RangeInput } from '../../lib/statistics/filter/date-range.js';
import { startRange } from '../../lib/statistics/filter/start-range.js';
import { Period } from '../../lib/time/period.js';
import { isStart, offsetsByIntl } from '../time/bucket-model.js';
import { second } from './time-setup.js';

const { HOUR } = Period;

/** The starts of a range by a walk over every minute of some days. */
function model(
  zone: string,
  period: number,
  around: readonly [string, string],
  isIn: (date: string, start: number) => boolean,
) {
  const offsets = offsetsByIntl(zone);
  const starts: number[] = [];
  for (let at = second(around[0]); at < second(around[1]); at += 60) {
    if (!isStart(offsets, period, at)) continue;
    const date = new Date((at + offsets(at)) * 1000).toISOString().slice(0, 10);
    if (isIn(date, at)) starts.push(at);
  }
  return starts;
}

function isIn(range: RangeInput, zone: string, period: typeof HOUR, at: number, now = new Date(0)): boolean {
  const { parts } = startRange(range, { timeZone: zone, period, now });
  return parts.some(({ from, to }) => (from === null || at >= from) && (to === null || at < to));
}

describe('startRange', () => {
  it('takes a date as a day of 23, 24, 24.5 or 25 hours', () => {
    const hours = (zone: string, date: `${number}-${number}-${number}`): number => {
      const { parts } = startRange({ date }, { timeZone: zone, period: HOUR, now: new Date(0) });
      return parts.reduce((sum, { from, to }) => sum + ((to ?? NaN) - (from ?? NaN)) / 3600, 0);
    };
    expect(hours('Europe/Berlin', '2026-03-29')).toBe(23);
    expect(hours('Europe/Berlin', '2026-03-30')).toBe(24);
    expect(hours('Europe/Berlin', '2026-10-25')).toBe(25);
    expect(hours('Australia/Lord_Howe', '2026-04-05')).toBe(24.5);
    expect(hours('Australia/Lord_Howe', '2026-10-04')).toBe(23.5);
    expect(hours('Asia/Kathmandu', '2026-10-04')).toBe(24);
    expect(hours('Pacific/Apia', '2011-12-30')).toBe(0);
    // at 00:01 of the next day the clock goes back to 23:01
    expect(hours('America/St_Johns', '2010-11-06')).toBeCloseTo(24 + 59 / 60, 9);
  });

  it.each([
    ['America/St_Johns', '2010-11-06', ['2010-11-05T00:00:00Z', '2010-11-09T00:00:00Z']],
    ['America/St_Johns', '2010-11-07', ['2010-11-05T00:00:00Z', '2010-11-09T00:00:00Z']],
    ['Pacific/Apia', '2011-12-30', ['2011-12-28T00:00:00Z', '2012-01-02T00:00:00Z']],
    ['Pacific/Apia', '2011-12-31', ['2011-12-28T00:00:00Z', '2012-01-02T00:00:00Z']],
    ['Europe/Berlin', '2026-10-25', ['2026-10-23T00:00:00Z', '2026-10-28T00:00:00Z']],
    ['Africa/Monrovia', '1972-01-07', ['1972-01-05T00:00:00Z', '1972-01-10T00:00:00Z']],
  ] as const)('in %s, from, to and date %s are as a walk over the clock has them', (zone, date, around) => {
    for (const period of [HOUR, Period.minutes(1)]) {
      const offsets = offsetsByIntl(zone);
      for (const start of model(zone, period, around, () => true)) {
        const day = new Date((start + offsets(start)) * 1000).toISOString().slice(0, 10);
        expect([start, isIn({ from: date }, zone, period, start)]).toEqual([start, day >= date]);
        expect([start, isIn({ to: date }, zone, period, start)]).toEqual([start, day <= date]);
        expect([start, isIn({ date }, zone, period, start)]).toEqual([start, day === date]);
      }
    }
  });

  it('takes an instant as the bucket that contains it', () => {
    const at = new Date('2026-10-25T01:30:00Z');
    const calendar = { timeZone: 'Europe/Berlin', period: HOUR, now: new Date(0) };
    const [start, end] = [second('2026-10-25T01:00:00Z'), second('2026-10-25T02:00:00Z')];
    expect(startRange({ date: at }, calendar)).toEqual({ parts: [{ from: start, to: end }] });
    expect(startRange({ from: at, to: at }, calendar)).toEqual({ parts: [{ from: start, to: end }] });
    expect(startRange({ from: at }, calendar)).toEqual({ parts: [{ from: start, to: null }] });
    expect(startRange({ to: at, from: '2026-10-25' }, calendar)).toEqual({
      parts: [{ from: second('2026-10-24T22:00:00Z'), to: end }],
    });
    expect(startRange({}, calendar)).toEqual({ parts: [{ from: null, to: null }] });
    expect(startRange({ from: '2026-10-26', to: '2026-10-25' }, calendar)).toEqual({ parts: [] });
    expect(startRange({ from: '0001-01-01', to: '9999-12-31' }, calendar)).toEqual({
      parts: [{ from: null, to: null }],
    });
  });

  it.each([
    ['Europe/Berlin', '2026-10-25T03:30:00Z'],
    ['Europe/Berlin', '2026-03-29T03:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T16:10:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T16:10:00Z'],
  ])('counts the last buckets in %s up to %s', (zone, iso) => {
    const at = new Date(iso);
    const starts = model(zone, HOUR, [new Date(at.getTime() - 86_400_000).toISOString(), iso], () => true);
    const upToNow = [...starts, ...(isStart(offsetsByIntl(zone), HOUR, second(iso)) ? [second(iso)] : [])];
    for (const last of [1, 2, 3, 5, 12]) {
      const { parts } = startRange({ last }, { timeZone: zone, period: HOUR, now: at });
      expect([last, parts[0]?.from]).toEqual([last, upToNow.at(-last)]);
    }
  });
});
