import { InvalidDateError } from '../../lib/errors/time.error.js';
import { instantText, parseInstant } from '../../lib/time/instant.js';
import fc from '../support/fast-check.js';

const second = (iso: string): number => Date.parse(iso) / 1000;

describe('parseInstant', () => {
  it.each([
    ['2026-10-25T02:30:00+02:00', '2026-10-25T00:30:00.000Z'],
    ['2026-10-25T02:30:00+01:00', '2026-10-25T01:30:00.000Z'],
    ['2026-10-25T02:30:00.123456Z', '2026-10-25T02:30:00.123Z'],
    ['2026-10-25T02:30Z', '2026-10-25T02:30:00.000Z'],
    ['1890-01-01T00:00:00+00:53:28', '1889-12-31T23:06:32.000Z'],
  ])('reads %s', (text, expected) => {
    expect(parseInstant(text).toISOString()).toBe(expected);
  });

  it('takes a Date as it is', () => {
    const date = new Date();
    expect(parseInstant(date)).toBe(date);
  });

  it.each([
    '2026-10-25',
    '2026-10-25T02:30:00',
    '2026-02-30T00:00:00Z',
    'yesterday',
    '',
    '9'.repeat(1e6),
    1_793_000_000,
    null,
    undefined,
    {},
    new Date(NaN),
  ])('refuses %p', (given) => {
    expect(() => parseInstant(given)).toThrow(InvalidDateError);
    expect(() => parseInstant(given)).toThrow(/text with an offset, such as '2026-10-25T02:30:00\+02:00'/);
  });
});

describe('instantText', () => {
  it.each([
    ['2026-10-25T00:00:00Z', 'Europe/Berlin', '2026-10-25T02:00:00+02:00'],
    ['2026-10-25T01:00:00Z', 'Europe/Berlin', '2026-10-25T02:00:00+01:00'],
    ['2026-01-01T00:00:00Z', 'UTC', '2026-01-01T00:00:00+00:00'],
    ['2026-01-01T12:15:00Z', 'Asia/Kathmandu', '2026-01-01T18:00:00+05:45'],
    ['2026-01-01T03:30:00Z', 'America/St_Johns', '2026-01-01T00:00:00-03:30'],
    // the offset of Berlin was 53 minutes and 28 seconds, which ISO 8601 cannot write
    ['1889-12-31T23:06:32Z', 'Europe/Berlin', '1889-12-31T23:06:32Z'],
  ])('writes %s in %s as %s', (iso, zone, expected) => {
    expect(instantText(second(iso), zone)).toBe(expected);
  });

  it('property: JavaScript and parseInstant read the same instant again', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: second('1800-01-01T00:00:00Z'), max: second('2100-01-01T00:00:00Z') }),
        fc.constantFrom('Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Africa/Monrovia', 'Pacific/Apia'),
        (at, zone) => {
          const text = instantText(at, zone);
          expect(Date.parse(text)).toBe(at * 1000);
          expect(parseInstant(text).getTime()).toBe(at * 1000);
        },
      ),
    );
  });
});
