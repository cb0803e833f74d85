import { InvalidDateError, UnknownTimeZoneError } from '../../lib/errors/time.error.js';
import { addDays, dayNumber } from '../../lib/time/local-date.js';
import {
  checkTimeZone,
  isSameZone,
  localDateAt,
  openDateAt,
  processTimeZone,
  startOfDay,
} from '../../lib/time/time-zone.js';
import { offsetChanges, type OffsetChange } from '../../lib/time/zone-offsets.js';
import fc from '../support/fast-check.js';
import { instantsNear, zones } from './clock-arbitraries.js';
import { offsetByIntl, wallTime, ZONES } from './wall-clock.js';

const FROM = Date.UTC(1900, 0, 1) / 1000;
const TO = Date.UTC(2037, 11, 31) / 1000;
const HOUR = 3_600_000;

describe('checkTimeZone', () => {
  it('takes every zone that Intl lists, in the spelling given', () => {
    for (const zone of ZONES) expect(checkTimeZone(zone)).toBe(zone);
    for (const zone of [
      'UTC',
      'utc',
      'europe/BERLIN',
      'Etc/GMT-5',
      'Etc/UTC',
      'US/Pacific',
      'Asia/Calcutta',
      'Europe/Kyiv',
      'EST5EDT',
    ]) {
      expect(checkTimeZone(zone)).toBe(zone);
    }
  });

  it.each([
    '',
    ' ',
    'Europe/Atlantis',
    'Europe/Berlin ',
    'local',
    'Z',
    '+05:30',
    '-03:00',
    '+0530',
    'GMT+5',
    'UTC+3',
    'Etc/Unknown',
    "UTC'; DROP TABLE x; --",
    '__proto__',
    'constructor',
    null,
    undefined,
    5,
    {},
    ['UTC'],
  ])('refuses %p', (name) => {
    expect(() => checkTimeZone(name)).toThrow(UnknownTimeZoneError);
  });

  it('says what was given and what to write', () => {
    expect(() => checkTimeZone('Europe/Atlantis')).toThrow(/"Europe\/Atlantis".*'Europe\/Berlin'.*Etc\/GMT-5/);
    expect(() => checkTimeZone(`a\n${'b'.repeat(1e6)}`)).toThrow(/^[^\n]{1,500}$/);
    expect(new UnknownTimeZoneError('x', 'y')).toMatchObject({
      name: 'UnknownTimeZoneError',
      code: 'TRACKSTATS_UNKNOWN_TIME_ZONE',
    });
  });

  it('is what the other functions throw for an unknown zone', () => {
    expect(() => localDateAt(new Date(0), 'Europe/Atlantis')).toThrow(UnknownTimeZoneError);
    expect(() => startOfDay('2026-01-01', '+05:30')).toThrow(UnknownTimeZoneError);
  });
});

describe('localDateAt', () => {
  it.each([
    ['2026-10-31T22:59:59.999Z', 'Europe/Berlin', '2026-10-31'],
    ['2026-10-31T23:00:00.000Z', 'Europe/Berlin', '2026-11-01'],
    ['1969-12-31T23:59:59.999Z', 'UTC', '1969-12-31'],
    ['2011-12-30T09:59:59.999Z', 'Pacific/Apia', '2011-12-29'],
    ['2011-12-30T10:00:00.000Z', 'Pacific/Apia', '2011-12-31'],
    ['2006-10-29T02:30:59.999Z', 'America/St_Johns', '2006-10-29'],
    ['2006-10-29T02:31:00.000Z', 'America/St_Johns', '2006-10-28'],
    ['2006-10-29T03:30:00.000Z', 'America/St_Johns', '2006-10-29'],
    ['1972-01-07T00:44:29.999Z', 'Africa/Monrovia', '1972-01-06'],
    ['1972-01-07T00:44:30.000Z', 'Africa/Monrovia', '1972-01-07'],
    ['2026-04-04T13:29:59.999Z', 'Australia/Lord_Howe', '2026-04-05'],
    ['2026-10-03T13:30:00.000Z', 'Australia/Lord_Howe', '2026-10-04'],
    ['1900-01-01T04:56:01.999Z', 'America/New_York', '1899-12-31'],
  ])('%s in %s is %s', (instant, zone, date) => {
    expect(localDateAt(new Date(instant), zone)).toBe(date);
  });

  it('holds from the year 1 to the year 9999 and refuses what lies outside', () => {
    expect(localDateAt(new Date('0001-01-01T00:00:00Z'), 'UTC')).toBe('0001-01-01');
    expect(localDateAt(new Date('9999-12-31T23:59:59Z'), 'UTC')).toBe('9999-12-31');
    expect(() => localDateAt(new Date('9999-12-31T23:59:59Z'), 'Asia/Tokyo')).toThrow(InvalidDateError);
    expect(() => localDateAt(new Date(8.64e15), 'Europe/Berlin')).toThrow(InvalidDateError);
    expect(() => localDateAt(new Date(NaN), 'UTC')).toThrow(/valid Date/);
  });

  it('property: is the date that Intl shows', () => {
    fc.assert(
      fc.property(
        zones.chain((zone) => fc.tuple(fc.constant(zone), instantsNear(zone))),
        ([zone, instant]) => {
          expect(localDateAt(new Date(instant), zone)).toBe(
            new Date(wallTime(instant, zone)).toISOString().slice(0, 10),
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('startOfDay', () => {
  it.each([
    ['2026-10-31', 'UTC', '2026-10-31T00:00:00.000Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    // Midnight does not exist: the day begins at 01:00.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    // Midnight comes twice: the day begins with the first.
    ['2006-10-29', 'America/St_Johns', '2006-10-29T02:30:00.000Z'],
    ['2026-11-01', 'America/Havana', '2026-11-01T04:00:00.000Z'],
    // Skipped days begin where they would have.
    ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
    ['2011-12-31', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
    ['1993-08-21', 'Pacific/Kwajalein', '1993-08-21T12:00:00.000Z'],
    // Offsets with seconds.
    ['1971-06-01', 'Africa/Monrovia', '1971-06-01T00:44:30.000Z'],
    ['1900-01-01', 'America/New_York', '1900-01-01T05:00:00.000Z'],
    ['0001-01-01', 'UTC', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31', 'Europe/Berlin', '9999-12-30T23:00:00.000Z'],
  ])('%s in %s begins at %s', (date, zone, instant) => {
    expect(startOfDay(date, zone).toISOString()).toBe(instant);
  });

  it('refuses a date that does not exist', () => {
    expect(() => startOfDay('2026-02-30', 'UTC')).toThrow(InvalidDateError);
  });

  it('property: is the first instant of the date, or of the one after a skipped date', () => {
    fc.assert(
      fc.property(
        zones.chain((zone) => fc.tuple(fc.constant(zone), instantsNear(zone), fc.integer({ min: -1, max: 1 }))),
        ([zone, instant, days]) => {
          const date = addDays(new Date(wallTime(instant, zone)).toISOString().slice(0, 10), days);
          const day = dayNumber(date);
          const start = startOfDay(date, zone).getTime();
          const dayAt = (at: number): number => Math.floor(wallTime(at, zone) / 86_400_000);
          expect(dayAt(start - 1)).toBeLessThan(day);
          expect(dayAt(start)).toBeGreaterThanOrEqual(day);
          const hours = Array.from({ length: 48 }, (_, index) => (index + 1) * HOUR);
          expect(hours.filter((before) => dayAt(start - before) >= day)).toEqual([]);
          if (dayAt(start) > day) expect(hours.filter((after) => dayAt(start + after) <= day)).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('the rules of the zones, against Intl', () => {
  const difficult = ['Pacific/Apia', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Monrovia', 'America/Noronha'];
  const some = fc.sample(fc.uniqueArray(fc.constantFrom(...ZONES), { minLength: 10, maxLength: 10 }), 1).flat();

  it.each([...difficult, ...some])('%s: every transition of 1900 to 2037, and none between them', (zone) => {
    const changes = offsetChanges(zone, FROM, TO);
    const offsets = changes.map((change) => [change.at, change.before, change.after]);
    expect(offsets).toEqual(
      changes.map(({ at }) => [at, offsetByIntl((at - 1) * 1000, zone), offsetByIntl(at * 1000, zone)]),
    );
    expect(daysOfOtherOffset(zone, changes)).toEqual([]);
  });

  it('a zone has never two transitions within three days, which the clock of a column relies on', () => {
    const distances = [...difficult, ...some, 'Africa/Tunis', 'Europe/Riga'].flatMap((zone) => {
      const changes = offsetChanges(zone, FROM, TO);
      return changes.slice(1).map((change, index) => change.at - (changes[index]?.at ?? NaN));
    });
    expect(Math.min(...distances)).toBeGreaterThan(3 * 86_400);
  });

  /** The instants, every six days (no zone takes an offset back sooner), at which Intl has another offset than the changes say. */
  function daysOfOtherOffset(zone: string, changes: readonly OffsetChange[]): number[] {
    const found: number[] = [];
    const first = offsetByIntl(FROM * 1000, zone);
    for (let at = FROM; at < TO; at += 6 * 86_400) {
      const offset = changes.findLast((change) => change.at <= at)?.after ?? first;
      if (offsetByIntl(at * 1000, zone) !== offset) found.push(at);
    }
    return found;
  }
});

describe('processTimeZone', () => {
  it('is the zone that Intl names', () => {
    const name = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(processTimeZone()).toBe(name);
  });
});

describe('isSameZone', () => {
  test.each([
    ['Asia/Calcutta', 'Asia/Kolkata'],
    ['Etc/UTC', 'UTC'],
    ['europe/berlin', 'Europe/Berlin'],
    ['US/Eastern', 'America/New_York'],
    ['Asia/Katmandu', 'Asia/Kathmandu'],
    ['Europe/Kiev', 'Europe/Kyiv'],
  ])('%s is %s', (one, other) => {
    expect(isSameZone(one, other)).toBe(true);
    expect(isSameZone(other, one)).toBe(true);
  });

  test.each([
    ['Europe/London', 'UTC'],
    ['Europe/Berlin', 'Europe/Paris'],
    ['America/New_York', 'America/Detroit'],
    ['Asia/Kolkata', 'Asia/Colombo'],
  ])('%s is not %s', (one, other) => {
    expect(isSameZone(one, other)).toBe(false);
  });
});

describe('openDateAt', () => {
  it.each([
    // the clocks went from 00:01 on the 7th to 23:01 on the 6th
    ['America/St_Johns', '2010-11-07T02:29:59Z', '2010-11-06'],
    ['America/St_Johns', '2010-11-07T02:30:30Z', '2010-11-06'],
    ['America/St_Johns', '2010-11-07T02:31:00Z', '2010-11-06'],
    ['America/St_Johns', '2010-11-07T03:30:00Z', '2010-11-07'],
    // and forwards, from 00:01 to 01:01
    ['America/St_Johns', '2010-03-14T03:30:30Z', '2010-03-14'],
    // a change within one day moves nothing
    ['Europe/Berlin', '2010-10-30T23:00:00Z', '2010-10-31'],
    ['UTC', '2010-11-07T00:00:00Z', '2010-11-07'],
  ])('in %s at %s is %s', (zone, at, date) => {
    expect(openDateAt(new Date(at), zone)).toBe(date);
  });
});
