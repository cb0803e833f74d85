import { UnknownTimeZoneError } from '../../lib/errors/time.error.js';
import { dayAt, dayNumber, type DayNumber, readDayNumber, shiftDay } from '../../lib/time/local-date.js';
import { readingsBetween } from '../../lib/time/column-clock.js';
import {
  dayRanges,
  daySegments,
  earliestReadBack,
  firstReadingSince,
  latestReading,
  readingRange,
  readingsOf,
} from '../../lib/time/time-zone.js';
import fc from '../support/fast-check.js';
import { clocks, instantsNear } from './clock-arbitraries.js';
import { dayOfReading, readBack, wallTime } from './wall-clock.js';

const MS_PER_DAY = 86_400_000;
const at = (text: string): number => Date.parse(`${text}Z`);
const one = (date: string): { fromDay: DayNumber; toDay: DayNumber } => ({
  fromDay: dayNumber(date),
  toDay: dayNumber(date),
});

describe('readingsBetween', () => {
  const between = (from: string, to: string): string[][] =>
    readingsBetween('Europe/Berlin', at(from) / 1000, at(to) / 1000).map((range) =>
      [range.from, range.to].map((reading) => new Date(reading).toISOString().slice(0, 16)),
    );

  it.each([
    ['summer', '2026-07-01T10:00', '2026-07-01T11:00', [['2026-07-01T12:00', '2026-07-01T13:00']]],
    ['winter', '2026-01-01T10:00', '2026-01-01T11:00', [['2026-01-01T11:00', '2026-01-01T12:00']]],
    // a reading that was never shown is converted back as those before it
    [
      'the hour that is skipped',
      '2026-03-29T00:30',
      '2026-03-29T01:30',
      [
        ['2026-03-29T01:30', '2026-03-29T02:30'],
        ['2026-03-29T03:00', '2026-03-29T03:30'],
      ],
    ],
    ['the second pass of the hour that is repeated', '2026-10-25T01:00', '2026-10-25T01:30', []],
  ])('returns what a clock shows in %s', (_, from, to, readings) => {
    expect(between(from, to)).toEqual(readings);
  });
});

describe('daySegments', () => {
  it('follows summer time', () => {
    expect(
      daySegments({ storedIn: 'UTC', zone: 'Europe/Berlin', from: at('2026-01-01T00:00'), to: at('2027-01-01T00:00') }),
    ).toEqual([
      { from: -Infinity, shift: 3600 },
      { from: at('2026-03-29T01:00'), shift: 7200 },
      { from: at('2026-10-25T01:00'), shift: 3600 },
    ]);
  });

  it('begins with the rule that holds at `from` and ends with the one that holds at `to`', () => {
    const spring = at('2026-03-29T01:00');
    const clock = { storedIn: 'UTC', zone: 'Europe/Berlin' };
    expect(daySegments({ ...clock, from: spring - 10, to: spring - 1 })).toEqual([{ from: -Infinity, shift: 3600 }]);
    expect(daySegments({ ...clock, from: spring, to: spring + 10 })).toEqual([{ from: -Infinity, shift: 7200 }]);
    expect(daySegments({ ...clock, from: spring - 1, to: spring })).toHaveLength(2);
  });

  it.each([
    ['UTC', 'Asia/Tokyo', 9 * 3600],
    ['UTC', 'UTC', 0],
    ['Z', 'Etc/GMT+5', -5 * 3600],
    ['+05:30', 'Asia/Kolkata', 0],
    ['-03:00', 'UTC', 3 * 3600],
    ['+00:00', 'UTC', 0],
    // A column in the process's zone, which is the tracker's: no reading changes its day.
    ['Europe/Berlin', 'Europe/Berlin', 0],
    ['America/St_Johns', 'America/St_Johns', 0],
    ['Europe/Berlin', 'Europe/Paris', 0],
  ])('%s to %s is one segment', (storedIn, zone, shift) => {
    const segments = daySegments({ storedIn, zone, from: at('2005-01-01T00:00'), to: at('2008-01-01T00:00') });
    expect(segments).toEqual([{ from: -Infinity, shift }]);
  });

  it('knows offsets with seconds', () => {
    expect(
      daySegments({
        storedIn: 'UTC',
        zone: 'Africa/Monrovia',
        from: at('1971-01-01T00:00'),
        to: at('1973-01-01T00:00'),
      }),
    ).toEqual([
      { from: -Infinity, shift: -2670 },
      { from: at('1972-01-07T00:44:30'), shift: 0 },
    ]);
  });

  it.each(['Europe/Atlantis', '+5:30', '+24:00', '05:30', '+05:60', 'local', '', '+05:30x'])(
    'refuses to read a column in %j',
    (storedIn) => {
      expect(() => daySegments({ storedIn, zone: 'UTC', from: 0, to: 1 })).toThrow(UnknownTimeZoneError);
    },
  );

  it('refuses an unknown zone', () => {
    expect(() => daySegments({ storedIn: 'UTC', zone: 'Europe/Atlantis', from: 0, to: 1 })).toThrow(
      UnknownTimeZoneError,
    );
    expect(() => daySegments({ storedIn: 'UTC', zone: '+05:30', from: 0, to: 1 })).toThrow(UnknownTimeZoneError);
  });

  it('property: every reading of the range gets the day that Intl gives it', () => {
    const cases = clocks.chain((clock) =>
      fc.record({
        clock: fc.constant(clock),
        from: instantsNear(clock.zone, clock.storedIn),
        length: fc.oneof(fc.integer({ min: 0, max: 5 * MS_PER_DAY }), fc.integer({ min: 0, max: 1200 * MS_PER_DAY })),
        readings: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ clock, from, length, readings }) => {
        const to = from + length;
        const segments = daySegments({ ...clock, from, to });
        expect(segments.at(0)?.from).toBe(-Infinity);
        const idle = segments.filter(({ from: start, shift }, index) => {
          const previous = segments[index - 1];
          return previous !== undefined && (start <= previous.from || shift === previous.shift);
        });
        expect(idle).toEqual([]);
        const borders = segments.slice(1).flatMap((segment) => [segment.from - 1, segment.from]);
        const others = readings.map((part) => from + Math.round(part * length));
        const wrong = [from, to, ...others, ...borders].filter((reading) => {
          const shift = segments.findLast((segment) => segment.from <= reading)?.shift ?? NaN;
          const day = Math.floor((reading / 1000 + shift) / 86_400);
          return reading >= from && reading <= to && day !== dayOfReading(reading, clock.storedIn, clock.zone);
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('dayRanges, readingRange, readingsOf', () => {
  it('gives days of 23, 24 and 25 hours, side by side', () => {
    const clock = { storedIn: 'UTC', zone: 'Europe/Berlin' };
    expect(dayRanges({ ...clock, fromDay: dayNumber('2026-03-28'), toDay: dayNumber('2026-03-30') })).toEqual([
      { day: dayNumber('2026-03-28'), from: at('2026-03-27T23:00'), to: at('2026-03-28T23:00') },
      { day: dayNumber('2026-03-29'), from: at('2026-03-28T23:00'), to: at('2026-03-29T22:00') },
      { day: dayNumber('2026-03-30'), from: at('2026-03-29T22:00'), to: at('2026-03-30T22:00') },
    ]);
    expect(dayRanges({ ...clock, ...one('2026-10-25') }).map(({ from, to }) => (to - from) / 3_600_000)).toEqual([25]);
  });

  it('Lord_Howe: 24½ and 23½ hours', () => {
    const clock = { storedIn: 'UTC', zone: 'Australia/Lord_Howe' };
    const hours = ['2026-04-05', '2026-10-04'].flatMap((date) => {
      return dayRanges({ ...clock, ...one(date) }).map(({ from, to }) => (to - from) / 3_600_000);
    });
    expect(hours).toEqual([24.5, 23.5]);
  });

  it('St_Johns 2006: the 29th began, went back to the 28th, and came again', () => {
    const clock = { storedIn: 'UTC', zone: 'America/St_Johns' };
    const [day28, day29] = [dayNumber('2006-10-28'), dayNumber('2006-10-29')];
    const ranges = [
      { day: day28, from: at('2006-10-28T02:30'), to: at('2006-10-29T02:30') },
      { day: day29, from: at('2006-10-29T02:30'), to: at('2006-10-29T02:31') },
      { day: day28, from: at('2006-10-29T02:31'), to: at('2006-10-29T03:30') },
      { day: day29, from: at('2006-10-29T03:30'), to: at('2006-10-30T03:30') },
    ];
    expect(dayRanges({ ...clock, fromDay: day28, toDay: day29 })).toEqual(ranges);
    expect(dayRanges({ ...clock, ...one('2006-10-28') })).toEqual([ranges[0], ranges[2]]);
    expect(dayRanges({ ...clock, ...one('2006-10-29') })).toEqual([ranges[1], ranges[3]]);
    expect(readingRange({ ...clock, ...one('2006-10-29') })).toEqual({
      from: at('2006-10-29T02:30'),
      to: at('2006-10-30T03:30'),
    });
    expect(readingRange({ ...clock, ...one('2006-10-28') })).toEqual({
      from: at('2006-10-28T02:30'),
      to: at('2006-10-29T03:30'),
    });
    const parts = [ranges[0], ranges[2]].map((range) => ({ from: range?.from, to: range?.to }));
    expect(readingsOf({ ...clock, ...one('2006-10-28') })).toEqual(parts);
    expect(readingsOf({ ...clock, fromDay: day28, toDay: day29 })).toEqual([
      { from: at('2006-10-28T02:30'), to: at('2006-10-30T03:30') },
    ]);
  });

  it('Apia 2011: the 30th has no reading, and its empty range lies where it would have begun', () => {
    const clock = { storedIn: 'UTC', zone: 'Pacific/Apia' };
    const began = at('2011-12-30T10:00');
    expect(dayRanges({ ...clock, ...one('2011-12-30') })).toEqual([]);
    expect(readingRange({ ...clock, ...one('2011-12-30') })).toEqual({ from: began, to: began });
    expect(dayRanges({ ...clock, fromDay: dayNumber('2011-12-29'), toDay: dayNumber('2011-12-31') })).toEqual([
      { day: dayNumber('2011-12-29'), from: at('2011-12-29T10:00'), to: began },
      { day: dayNumber('2011-12-31'), from: began, to: at('2011-12-31T10:00') },
    ]);
  });

  it('Apia stored in Apia: readings of the skipped day are taken for the day after it, as Date does', () => {
    const clock = { storedIn: 'Pacific/Apia', zone: 'Pacific/Apia' };
    expect(dayRanges({ ...clock, ...one('2011-12-30') })).toEqual([]);
    expect(dayRanges({ ...clock, ...one('2011-12-31') })).toEqual([
      { day: dayNumber('2011-12-31'), from: at('2011-12-30T00:00'), to: at('2012-01-01T00:00') },
    ]);
  });

  it('gives nothing for no days', () => {
    expect(
      dayRanges({ storedIn: 'UTC', zone: 'Europe/Berlin', fromDay: readDayNumber(10), toDay: readDayNumber(9) }),
    ).toEqual([]);
    const { from, to } = readingRange({
      storedIn: 'UTC',
      zone: 'Europe/Berlin',
      fromDay: readDayNumber(10),
      toDay: readDayNumber(9),
    });
    expect(from).toBe(to);
  });

  it('property: hold exactly the readings of their days', () => {
    const cases = clocks.chain((clock) =>
      fc.record({
        clock: fc.constant(clock),
        near: instantsNear(clock.zone, clock.storedIn),
        before: fc.integer({ min: 0, max: 3 }),
        days: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 200 })),
        readings: fc.array(fc.integer({ min: -4 * MS_PER_DAY, max: 4 * MS_PER_DAY }), { minLength: 5, maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ clock, near, before, days, readings }) => {
        const fromDay = shiftDay(dayAt(near / 1000), -before);
        const toDay = shiftDay(fromDay, days);
        const ranges = dayRanges({ ...clock, fromDay, toDay });
        const whole = readingRange({ ...clock, fromDay, toDay });
        const misplaced = ranges.filter(({ day, from, to }, index) => {
          return from >= to || day < fromDay || day > toDay || from < (ranges[index - 1]?.to ?? -Infinity);
        });
        expect(misplaced).toEqual([]);
        const joined: { from: number; to: number }[] = [];
        for (const { from, to } of ranges) {
          const previous = joined.at(-1);
          if (previous?.to === from) previous.to = to;
          else joined.push({ from, to });
        }
        expect(readingsOf({ ...clock, fromDay, toDay })).toEqual(joined);
        const first = ranges.at(0);
        const last = ranges.at(-1);
        if (first !== undefined && last !== undefined) expect(whole).toEqual({ from: first.from, to: last.to });
        else expect(whole.from).toBe(whole.to);
        const borders = [...ranges.slice(0, 6), ...ranges.slice(-6)].flatMap(({ from, to }) => [
          from - 1,
          from,
          to - 1,
          to,
        ]);
        const wrong = [...borders, ...readings.map((beside) => near + beside)].filter((reading) => {
          const held = ranges.find(({ from, to }) => from <= reading && reading < to)?.day ?? null;
          const day = dayOfReading(reading, clock.storedIn, clock.zone);
          return held !== (day >= fromDay && day <= toDay ? day : null);
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('latestReading', () => {
  it.each([
    ['2026-07-01T10:00:00.123', 'UTC', '2026-07-01T10:00:00.123'],
    ['2026-07-01T10:00:00.123', '+05:30', '2026-07-01T15:30:00.123'],
    ['2026-07-01T10:00:00.123', 'Europe/Berlin', '2026-07-01T12:00:00.123'],
    // 01:59:59.999 and then 03:00
    ['2026-03-29T00:59:59.999', 'Europe/Berlin', '2026-03-29T01:59:59.999'],
    ['2026-03-29T01:00:00.000', 'Europe/Berlin', '2026-03-29T03:00:00.000'],
    // the first pass of the repeated hour, the second, and after it
    ['2026-10-25T00:30:00.000', 'Europe/Berlin', '2026-10-25T02:30:00.000'],
    ['2026-10-25T01:00:00.000', 'Europe/Berlin', '2026-10-25T02:59:59.999'],
    ['2026-10-25T01:30:00.000', 'Europe/Berlin', '2026-10-25T02:59:59.999'],
    ['2026-10-25T02:00:00.000', 'Europe/Berlin', '2026-10-25T03:00:00.000'],
    ['2011-12-30T10:00:00.000', 'Pacific/Apia', '2011-12-31T00:00:00.000'],
  ])('at %s, in %s: %s', (instant, storedIn, reading) => {
    expect(new Date(latestReading(new Date(at(instant)), storedIn)).toISOString()).toBe(
      `${reading}Z`.replace(/(:\d\d)Z$/, '$1.000Z'),
    );
  });

  it('refuses an unknown zone', () => {
    expect(() => latestReading(new Date(0), 'Europe/Atlantis')).toThrow(UnknownTimeZoneError);
  });

  it('property: is read back to now or before, and no greater reading is', () => {
    const cases = clocks.chain(({ storedIn }) => fc.tuple(fc.constant(storedIn), instantsNear(storedIn)));
    fc.assert(
      fc.property(cases, ([storedIn, instant]) => {
        const reading = latestReading(new Date(instant), storedIn);
        expect(readBack(reading, storedIn)).toBeLessThanOrEqual(instant);
        const later = [1, 500, 1000, ...Array.from({ length: 50 }, (_, half) => (half + 1) * 1_800_000)];
        expect(later.filter((more) => readBack(reading + more, storedIn) <= instant)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('firstReadingSince', () => {
  it.each([
    ['2026-07-01T10:00:00', 'UTC', '2026-07-01T10:00:00'],
    ['2026-07-01T10:00:00', '+05:30', '2026-07-01T15:30:00'],
    ['2026-07-01T10:00:00', 'Europe/Berlin', '2026-07-01T12:00:00'],
    // what is skipped is converted back to instants after the change: 02:30 to 01:30 UTC
    ['2026-03-29T01:00:00', 'Europe/Berlin', '2026-03-29T02:00:00'],
    ['2026-10-25T00:30:00', 'Europe/Berlin', '2026-10-25T02:30:00'],
    // of the second pass of the repeated hour there are no readings
    ['2026-10-25T01:00:00', 'Europe/Berlin', '2026-10-25T03:00:00'],
    ['2026-10-25T01:30:00', 'Europe/Berlin', '2026-10-25T03:00:00'],
  ])('since %s, in %s: %s', (instant, storedIn, reading) => {
    expect(new Date(firstReadingSince(new Date(at(instant)), storedIn)).toISOString()).toBe(`${reading}.000Z`);
  });

  it('refuses an unknown zone', () => {
    expect(() => firstReadingSince(new Date(0), 'Europe/Atlantis')).toThrow(UnknownTimeZoneError);
  });

  it('property: is read back to the instant or after, and no smaller reading is', () => {
    const cases = clocks.chain(({ storedIn }) => fc.tuple(fc.constant(storedIn), instantsNear(storedIn)));
    fc.assert(
      fc.property(cases, ([storedIn, instant]) => {
        const reading = firstReadingSince(new Date(instant), storedIn);
        expect(readBack(reading, storedIn)).toBeGreaterThanOrEqual(instant);
        const earlier = [1, 500, 1000, ...Array.from({ length: 50 }, (_, half) => (half + 1) * 1_800_000)];
        expect(earlier.filter((less) => readBack(reading - less, storedIn) >= instant)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('earliestReadBack', () => {
  const second = (text: string): number => at(text) / 1000;

  it.each([
    ['Europe/Berlin', '2026-07-01T10:00', '2026-07-01T11:00', '2026-07-01T10:00'],
    ['UTC', '2026-10-25T00:50', '2026-10-25T01:05', '2026-10-25T00:50'],
    ['+02:00', '2026-10-25T00:50', '2026-10-25T01:05', '2026-10-25T00:50'],
    // before the change, over it, in the second pass, and after that
    ['Europe/Berlin', '2026-10-25T00:40', '2026-10-25T00:59', '2026-10-25T00:40'],
    ['Europe/Berlin', '2026-10-25T00:40', '2026-10-25T01:00', '2026-10-25T00:00'],
    ['Europe/Berlin', '2026-10-25T01:20', '2026-10-25T01:30', '2026-10-25T00:20'],
    ['Europe/Berlin', '2026-10-25T01:59', '2026-10-25T02:10', '2026-10-25T00:59'],
    ['Europe/Berlin', '2026-10-25T02:00', '2026-10-25T02:10', '2026-10-25T02:00'],
    ['Europe/Berlin', '2026-03-29T00:50', '2026-03-29T01:10', '2026-03-29T00:50'],
    ['Australia/Lord_Howe', '2026-04-04T14:50', '2026-04-04T15:10', '2026-04-04T14:30'],
  ])('%s, from %s to %s: %s', (storedIn, from, to, earliest) => {
    expect(earliestReadBack(storedIn, second(from), second(to))).toBe(second(earliest));
  });

  it('property: is the least instant to which what the clock shows is read back', () => {
    const cases = clocks.chain(({ storedIn }) =>
      fc.record({
        storedIn: fc.constant(storedIn),
        near: instantsNear(storedIn),
        length: fc.integer({ min: 0, max: 40 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ storedIn, near, length }) => {
        const from = Math.floor(near / 300_000) * 300;
        // every change is at a whole multiple of one of these steps from the begin, except of historic seconds
        const instants = Array.from({ length: length * 5 + 1 }, (_, step) => from + step * 60);
        const shown = instants.map((instant) => readBack(wallTime(instant * 1000, storedIn), storedIn) / 1000);
        const to = instants.at(-1) ?? from;
        const earliest = earliestReadBack(storedIn, from, to);
        expect(earliest).toBeLessThanOrEqual(Math.min(...shown));
        expect(Math.min(...shown) - earliest).toBeLessThan(60);
      }),
      { numRuns: 150 },
    );
  });
});
