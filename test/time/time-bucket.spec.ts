import { InvalidPeriodError, UnknownTimeZoneError } from '../../lib/errors/time.error.js';
import { addDays } from '../../lib/time/local-date.js';
import {
  BUCKET_LENGTHS,
  bucketAt,
  type BucketClock,
  type BucketLength,
  bucketRuns,
  bucketsBetween,
  bucketSegments,
  type BucketSegment,
  bucketsOfDay,
  commonBucketPart,
  commonLength,
  lengthOfMinutes,
} from '../../lib/time/time-bucket.js';
import { localDateAt, startOfDay } from '../../lib/time/time-zone.js';
import fc from '../support/fast-check.js';
import { modelBucket, offsetsByIntl } from './bucket-model.js';
import { clocks, instantsNear, zones } from './clock-arbitraries.js';
import { offsetByIntl, readBack, wallTime } from './wall-clock.js';

const HOUR = 3600;

/** The local time at which each bucket of a day begins, and its length in minutes. */
function shownOf(clock: BucketClock, date: string): string[] {
  return bucketsOfDay(clock, date).map(({ start, end }) => {
    const local = new Date(wallTime(start * 1000, clock.zone)).toISOString();
    return `${local.slice(11, 16)}+${String((end - start) / 60)}`;
  });
}

function sizesOf(clock: BucketClock, date: string): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { start, end } of bucketsOfDay(clock, date)) {
    const minutes = String((end - start) / 60);
    sizes[minutes] = (sizes[minutes] ?? 0) + 1;
  }
  return sizes;
}

function bucketOfReading(segments: readonly BucketSegment[], length: number, reading: number): number {
  const segment = segments.findLast(({ from }) => from <= reading);
  if (segment === undefined) throw new Error('the first segment begins at -Infinity');
  if ('start' in segment) return segment.start;
  return Math.floor((reading / 1000 + segment.shift) / length) * length - segment.back;
}

describe('lengthOfMinutes', () => {
  it('takes minutes that divide an hour', () => {
    expect([1, 5, 10, 15, 20, 30, 60].map(lengthOfMinutes)).toEqual(BUCKET_LENGTHS);
  });

  it.each([0, -1, 2, 3, 4, 6, 7, 12, 45, 90, 1440, 0.5, NaN, Infinity])('refuses %p', (minutes) => {
    expect(() => lengthOfMinutes(minutes)).toThrow(InvalidPeriodError);
    expect(() => lengthOfMinutes(minutes)).toThrow(/expected one of 1, 5, 10, 15, 20, 30, 60/);
  });
});

describe('commonLength', () => {
  it('is a length of which both are multiples, and the greatest one', () => {
    for (const one of BUCKET_LENGTHS) {
      for (const other of BUCKET_LENGTHS) {
        const common = BUCKET_LENGTHS.filter((length) => one % length === 0 && other % length === 0).at(-1);
        expect([one, other, commonLength([one, other])]).toEqual([one, other, common]);
      }
    }
  });
});

describe('bucketsOfDay', () => {
  it('has 24 hours on most days', () => {
    expect(sizesOf({ zone: 'Europe/Berlin', length: HOUR }, '2026-06-01')).toEqual({ 60: 24 });
  });

  it('has no bucket for the skipped hour', () => {
    const hours = shownOf({ zone: 'Europe/Berlin', length: HOUR }, '2026-03-29');
    expect(hours).toHaveLength(23);
    expect(hours.slice(0, 4)).toEqual(['00:00+60', '01:00+60', '03:00+60', '04:00+60']);
  });

  it('has two buckets for the repeated hour', () => {
    const hours = shownOf({ zone: 'Europe/Berlin', length: HOUR }, '2026-10-25');
    expect(hours).toHaveLength(25);
    expect(hours.slice(1, 5)).toEqual(['01:00+60', '02:00+60', '02:00+60', '03:00+60']);
  });

  it("begins a bucket where Lord Howe's clock is set by half an hour", () => {
    const clock: BucketClock = { zone: 'Australia/Lord_Howe', length: HOUR };
    // at 02:00 to 01:30, and at 02:00 to 02:30
    expect(shownOf(clock, '2026-04-05').slice(0, 4)).toEqual(['00:00+60', '01:00+60', '01:30+30', '02:00+60']);
    expect(shownOf(clock, '2026-10-04').slice(0, 4)).toEqual(['00:00+60', '01:00+60', '02:30+30', '03:00+60']);
    expect([sizesOf(clock, '2026-04-05'), sizesOf(clock, '2026-10-04')]).toEqual([
      { 60: 24, 30: 1 },
      { 60: 23, 30: 1 },
    ]);
    expect(sizesOf({ ...clock, length: 1800 }, '2026-04-05')).toEqual({ 30: 49 });
  });

  it.each([
    ['Asia/Kolkata', '05:30'],
    ['Asia/Kathmandu', '05:45'],
    ['Pacific/Chatham', '12:45'],
  ])('begins hours at full hours of the clock of %s', (zone) => {
    expect(shownOf({ zone, length: HOUR }, '2026-06-15')).toEqual(
      Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:00+60`),
    );
  });

  it('has nothing on a day that the zone skipped', () => {
    expect(bucketsOfDay({ zone: 'Pacific/Apia', length: HOUR }, '2011-12-30')).toEqual([]);
    expect(bucketsOfDay({ zone: 'Pacific/Apia', length: HOUR }, '2011-12-29')).toHaveLength(24);
    expect(bucketsOfDay({ zone: 'Pacific/Apia', length: HOUR }, '2011-12-31')).toHaveLength(24);
  });

  it('has the part of a day that comes back after midnight', () => {
    // at 00:01 of the 7th to 23:01 of the 6th
    const clock: BucketClock = { zone: 'America/St_Johns', length: HOUR };
    expect(shownOf(clock, '2010-11-07').slice(0, 3)).toEqual(['00:00+1', '00:00+60', '01:00+60']);
    expect(shownOf(clock, '2010-11-06').slice(-3)).toEqual(['22:00+60', '23:00+60', '23:01+59']);
  });

  it('begins a bucket where an offset with seconds ends', () => {
    // local mean time of -0:44:30 until 1972-01-07
    const clock: BucketClock = { zone: 'Africa/Monrovia', length: HOUR };
    const [first, second] = bucketsOfDay(clock, '1972-01-07');
    expect(first).toEqual({ start: Date.UTC(1972, 0, 7, 0, 44, 30) / 1000, end: Date.UTC(1972, 0, 7, 1) / 1000 });
    expect(second).toEqual({ start: Date.UTC(1972, 0, 7, 1) / 1000, end: Date.UTC(1972, 0, 7, 2) / 1000 });
    expect(bucketsOfDay(clock, '1972-01-06').at(-1)?.end).toBe(first?.start);
  });

  it('property: the buckets of a day are the seconds of that day, each once', () => {
    fc.assert(
      fc.property(
        zones.chain((zone) => fc.tuple(fc.constant(zone), instantsNear(zone))),
        fc.constantFrom(...BUCKET_LENGTHS),
        ([zone, instant], length) => {
          const date = localDateAt(new Date(instant), zone);
          // the days on both sides too, for the bucket before each
          const from = startOfDay(addDays(date, -1), zone).getTime() / 1000;
          const to = startOfDay(addDays(date, 2), zone).getTime() / 1000;
          const all = [...bucketsBetween({ zone, length }, from, to)];
          const own = all.filter(({ start }) => localDateAt(new Date(start * 1000), zone) === date);
          expect(bucketsOfDay({ zone, length }, date)).toEqual(own);
          for (const { end, start } of own) {
            expect(localDateAt(new Date(end * 1000 - 1), zone)).toBe(date);
            expect(offsetByIntl(end * 1000 - 1000, zone)).toBe(offsetByIntl(start * 1000, zone));
            expect(end - start).toBeLessThanOrEqual(length);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('bucketAt', () => {
  it('is the same bucket for the instants of one, and fractions belong to their second', () => {
    const clock: BucketClock = { zone: 'UTC', length: 900 };
    expect([0, 0.001, 899, 899.999].map((second) => bucketAt(clock, second).start)).toEqual([0, 0, 0, 0]);
    expect([-0.001, -900].map((second) => bucketAt(clock, second))).toEqual([
      { start: -900, end: 0 },
      { start: -900, end: 0 },
    ]);
  });

  it('refuses a zone that does not exist', () => {
    expect(() => bucketAt({ zone: 'Europe/Atlantis', length: 60 }, 0)).toThrow(UnknownTimeZoneError);
  });

  it('property: it begins and ends where a walk on the clock, second by second, says', () => {
    fc.assert(
      fc.property(
        zones.chain((zone) => fc.tuple(fc.constant(zone), instantsNear(zone))),
        fc.constantFrom<BucketLength>(60, 300, 1200, 3600),
        ([zone, instant], length) => {
          const second = Math.floor(instant / 1000);
          expect(bucketAt({ zone, length }, second)).toEqual(modelBucket(offsetsByIntl(zone), length, second));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('property: a longer bucket is made up of whole shorter ones', () => {
    fc.assert(
      fc.property(
        zones.chain((zone) => fc.tuple(fc.constant(zone), instantsNear(zone))),
        fc.constantFrom(...BUCKET_LENGTHS),
        fc.constantFrom(...BUCKET_LENGTHS),
        ([zone, instant], one, other) => {
          const length = commonLength([one, other]);
          const long = bucketAt({ zone, length: one }, instant / 1000);
          const parts = [...bucketsBetween({ zone, length }, long.start, long.end)];
          expect([parts[0]?.start, parts.at(-1)?.end]).toEqual([long.start, long.end]);
        },
      ),
    );
  });
});

describe('bucketSegments', () => {
  const year = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 11, 31) };

  it('is one expression for hours of instants, where the clock changes by whole hours', () => {
    for (const zone of ['Europe/Berlin', 'America/New_York', 'UTC']) {
      expect(bucketSegments({ storedIn: 'UTC', zone, length: HOUR, ...year })).toEqual([
        { from: -Infinity, shift: 0, back: 0 },
      ]);
    }
    expect(bucketSegments({ storedIn: 'UTC', zone: 'Asia/Kathmandu', length: HOUR, ...year })).toEqual([
      { from: -Infinity, shift: 2700, back: 2700 },
    ]);
  });

  it('names the bucket that begins beside a full hour', () => {
    const april = Date.UTC(2026, 3, 4, 15);
    expect(bucketSegments({ storedIn: 'UTC', zone: 'Australia/Lord_Howe', length: HOUR, ...year }).slice(0, 3)).toEqual(
      [
        { from: -Infinity, shift: 0, back: 0 },
        { from: april, start: april / 1000 },
        { from: april + 1_800_000, shift: 1800, back: 1800 },
      ],
    );
    expect(bucketSegments({ storedIn: 'UTC', zone: 'Australia/Lord_Howe', length: 1800, ...year })).toHaveLength(1);
  });

  it('takes a reading of the repeated hour for the first one, as Date does', () => {
    const segments = bucketSegments({ storedIn: 'Europe/Berlin', zone: 'Europe/Berlin', length: HOUR, ...year });
    const at = (reading: number): string => new Date(bucketOfReading(segments, HOUR, reading) * 1000).toISOString();
    expect(at(Date.UTC(2026, 9, 25, 2, 30))).toBe('2026-10-25T00:00:00.000Z');
    expect(at(Date.UTC(2026, 9, 25, 3, 0))).toBe('2026-10-25T02:00:00.000Z');
    // of the skipped hour: an hour later
    expect(at(Date.UTC(2026, 2, 29, 2, 30))).toBe('2026-03-29T01:00:00.000Z');
  });

  it('property: they give the bucket of the instant that Date reads, from any column in any zone', () => {
    fc.assert(
      fc.property(
        clocks.chain((clock) => fc.tuple(fc.constant(clock), instantsNear(clock.zone, clock.storedIn))),
        fc.constantFrom(...BUCKET_LENGTHS),
        fc.integer({ min: 0, max: 40 * 86_400_000 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }),
        ([{ zone, storedIn }, instant], length, span, parts) => {
          const from = Math.floor(wallTime(instant, storedIn) - span / 2);
          const segments = bucketSegments({ storedIn, zone, length, from, to: from + span });
          expect(segments[0]?.from).toBe(-Infinity);
          expect(
            segments.every(({ from: reading }, index) => index === 0 || reading > (segments[index - 1]?.from ?? 0)),
          ).toBe(true);
          const middle = from + Math.floor(span / 2);
          for (const reading of [from, from + span, middle, ...parts.map((part) => from + Math.floor(part * span))]) {
            const expected = bucketAt({ zone, length }, readBack(reading, storedIn) / 1000).start;
            expect([reading, bucketOfReading(segments, length, reading)]).toEqual([reading, expected]);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('makes parts of the greatest length that begins wherever a clock changes', () => {
    const changing = (at: number): BucketSegment[] => [
      { from: -Infinity, shift: 0, back: 0 },
      { from: at * 1000, shift: 0, back: 3600 },
    ];
    expect(commonBucketPart(changing(7200), HOUR)).toBe(HOUR);
    expect(commonBucketPart(changing(9000), HOUR)).toBe(1800);
    expect(commonBucketPart(changing(7260), HOUR)).toBe(60);
    expect(commonBucketPart(changing(7261), HOUR)).toBeUndefined();
  });

  it('property: a part of readings has one bucket', () => {
    fc.assert(
      fc.property(
        clocks.chain((clock) => fc.tuple(fc.constant(clock), instantsNear(clock.zone, clock.storedIn))),
        fc.constantFrom(...BUCKET_LENGTHS),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        ([{ zone, storedIn }, instant], length, place, within) => {
          const span = 40 * 86_400_000;
          const from = Math.floor(wallTime(instant, storedIn) - span / 2);
          const segments = bucketSegments({ storedIn, zone, length, from, to: from + span });
          const part = commonBucketPart(segments, length);
          if (part === undefined) return;
          const start = Math.floor((from + place * span) / (part * 1000)) * part * 1000;
          const other = start + Math.floor(within * (part * 1000 - 1));
          expect(bucketOfReading(segments, length, other)).toBe(bucketOfReading(segments, length, start));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses zones that do not exist', () => {
    expect(() => bucketSegments({ storedIn: 'UTC', zone: 'Mars/Base', length: HOUR, ...year })).toThrow(
      UnknownTimeZoneError,
    );
    expect(() => bucketSegments({ storedIn: 'Mars/Base', zone: 'UTC', length: HOUR, ...year })).toThrow(
      UnknownTimeZoneError,
    );
  });
});

describe('bucketRuns', () => {
  const [from, to] = [Date.UTC(2026, 3, 4, 13, 30), Date.UTC(2026, 3, 5, 0, 30)];
  const at = (text: string): number => Date.parse(`2026-04-${text}:00Z`);

  it('has whole buckets as one run, and the parts of buckets before and after them', () => {
    expect(bucketRuns({ storedIn: 'UTC', zone: 'Europe/Berlin', length: HOUR, from, to })).toEqual([
      { start: at('04T13:00') / 1000, from, to: at('04T14:00'), count: 1 },
      { start: at('04T14:00') / 1000, from: at('04T14:00'), to: at('04T15:00'), count: 10 },
      { start: at('05T00:00') / 1000, from: at('05T00:00'), to, count: 1 },
    ]);
  });

  it('begins a run where a clock is set back by half an hour', () => {
    expect(bucketRuns({ storedIn: 'UTC', zone: 'Australia/Lord_Howe', length: HOUR, from, to })).toEqual([
      { start: at('04T13:00') / 1000, from, to: at('04T14:00'), count: 1 },
      { start: at('04T14:00') / 1000, from: at('04T14:00'), to: at('04T15:00'), count: 1 },
      { start: at('04T15:00') / 1000, from: at('04T15:00'), to: at('04T15:30'), count: 1 },
      { start: at('04T15:30') / 1000, from: at('04T15:30'), to: at('04T16:30'), count: 9 },
    ]);
  });

  it('has a part of one bucket, and nothing for no reading', () => {
    const within = { storedIn: 'UTC', zone: 'UTC', length: HOUR, from: from + 60_000, to: from + 120_000 } as const;
    expect(bucketRuns(within)).toEqual([{ start: at('04T13:00') / 1000, from: within.from, to: within.to, count: 1 }]);
    expect(bucketRuns({ ...within, to: within.from })).toEqual([]);
  });

  it('property: they follow each other, and each reading is in the range of its bucket', () => {
    fc.assert(
      fc.property(
        clocks.chain((clock) => fc.tuple(fc.constant(clock), instantsNear(clock.zone, clock.storedIn))),
        fc.constantFrom(...BUCKET_LENGTHS),
        fc.integer({ min: 1, max: 40 * 86_400_000 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 1, maxLength: 20 }),
        ([{ zone, storedIn }, instant], length, span, parts) => {
          const first = Math.floor(wallTime(instant, storedIn) - span / 2);
          const runs = bucketRuns({ storedIn, zone, length, from: first, to: first + span });
          const ranges = runs.map((run) => ({ ...run, end: run.from + run.count * (run.to - run.from) }));
          expect(ranges[0]?.from).toBe(first);
          expect(ranges.at(-1)?.end).toBe(first + span);
          expect(ranges.slice(1).every(({ from: reading }, index) => reading === ranges[index]?.end)).toBe(true);
          for (const part of parts) {
            const reading = first + Math.floor(part * span);
            const run = ranges.find(({ from: begin, end }) => begin <= reading && reading < end);
            if (run === undefined) throw new Error('no run');
            const bucket = run.start + Math.floor((reading - run.from) / (run.to - run.from)) * length;
            expect([reading, bucket]).toEqual([
              reading,
              bucketAt({ zone, length }, readBack(reading, storedIn) / 1000).start,
            ]);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('refuses zones that do not exist', () => {
    expect(() => bucketRuns({ storedIn: 'UTC', zone: 'Mars/Base', length: HOUR, from, to })).toThrow(
      UnknownTimeZoneError,
    );
  });
});
