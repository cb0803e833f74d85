import { CronTime } from 'cron';
import { latestSlot, slotAfter } from '../../lib/schedule/slots.js';
import fc from '../support/fast-check.js';

const utc = (text: string): Date => new Date(`${text}Z`);

describe('latestSlot', () => {
  it.each([
    ['* * * * * *', 'UTC', '2026-10-31T12:00:00.500', '2026-10-31T12:00:00.000'],
    ['0 3 * * *', 'UTC', '2026-10-31T02:59:59.999', '2026-10-30T03:00:00.000'],
    ['0 3 * * *', 'UTC', '2026-10-31T03:00:00.000', '2026-10-31T03:00:00.000'],
    ['0 3 * * *', 'Asia/Tokyo', '2026-10-31T12:00:00', '2026-10-30T18:00:00.000'],
    ['30 2 * * *', 'Europe/Amsterdam', '2026-10-25T12:00:00', '2026-10-25T00:30:00.000'], // twice that night: the first one
    ['* 0 * * *', 'UTC', '2026-10-31T12:00:00', '2026-10-31T00:59:00.000'],
    ['0 0 29 2 *', 'UTC', '2027-06-01T00:00:00', '2024-02-29T00:00:00.000'],
    ['0 0 1 1 *', 'UTC', '2026-10-31T00:00:00', '2026-01-01T00:00:00.000'],
  ])('%s in %s at %s', (cron, timeZone, now, expected) => {
    expect(latestSlot({ cron, timeZone }, utc(now))?.toISOString()).toBe(`${expected}Z`);
  });

  it('is a multiple of the interval', () => {
    expect(latestSlot({ every: 900_000, timeZone: 'UTC' }, utc('2026-10-31T10:20:00'))).toEqual(
      utc('2026-10-31T10:15:00'),
    );
  });

  it('is at or before the instant, and nothing lies between', () => {
    const expressions = ['*/7 * * * *', '0 */5 * * *', '15 4 * * 1-5', '0 0 1 * *', '5,25 3 * * *', '0 12 * 3 *'];
    const zones = ['UTC', 'America/St_Johns', 'Australia/Lord_Howe', 'Europe/Amsterdam'];
    const instants = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...expressions), fc.constantFrom(...zones), instants, (cron, timeZone, ms) => {
        const slot = latestSlot({ cron, timeZone }, new Date(ms));
        if (slot === null) throw new Error('none found');
        expect(slot.getTime()).toBeLessThanOrEqual(ms);
        const following = new CronTime(cron, timeZone).getNextDateFrom(slot, timeZone).toMillis();
        expect(following).toBeGreaterThan(ms);
        expect(slotAfter({ cron, timeZone }, slot).getTime()).toBe(following);
      }),
      { numRuns: 40 },
    );
  });
});
