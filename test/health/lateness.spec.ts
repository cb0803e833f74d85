import { overdueSlot } from '../../lib/schedule/late-trackers.js';

const at = (time: string): Date => new Date(`2026-10-${time}Z`);
const MINUTE = 60_000;
const QUARTERS = { every: 15 * MINUTE, timeZone: 'UTC' } as const;
const NIGHTLY = { cron: '0 3 * * *', timeZone: 'Asia/Tokyo' } as const; // 18:00 UTC
const SECONDS = { every: 5_000, timeZone: 'UTC' } as const;

describe('overdueSlot', () => {
  it.each([
    ['a run of the latest slot', QUARTERS, null, '31T12:00:00.1', '31T12:10', null],
    ['one that began a little early by its clock', QUARTERS, null, '31T11:59:59.2', '31T12:29:59', null],
    ['the slot that is due now has until the next', QUARTERS, null, '31T12:00', '31T12:29:59', null],
    ['the next slot comes and the one before has not been run', QUARTERS, null, '31T12:00', '31T12:30', '31T12:15'],
    ['it names the first slot that is missing', QUARTERS, null, '31T10:00', '31T12:40', '31T10:15'],
    ['an allowance that is not over', QUARTERS, 60 * MINUTE, '31T12:00', '31T13:14', null],
    ['an allowance that is over', QUARTERS, 60 * MINUTE, '31T12:00', '31T13:15', '31T12:15'],
    ['no allowance at all', QUARTERS, 0, '31T12:00', '31T12:15', '31T12:15'],
    ['a run by hand after the slot', QUARTERS, 0, '31T12:20', '31T12:29', null],
    ['a night missed, by day', NIGHTLY, null, '29T18:00', '31T17:59', null],
    ['a night missed, and the next', NIGHTLY, null, '29T18:00', '31T18:00', '30T18:00'],
    ['a cron expression with an allowance', NIGHTLY, 30 * MINUTE, '29T18:00', '30T18:30', '30T18:00'],
    ['seconds have a minute', SECONDS, null, '31T12:00:00', '31T12:01:04', null],
    ['seconds, and the minute is over', SECONDS, null, '31T12:00:00', '31T12:01:05', '31T12:00:05'],
  ])('%s', (_, schedule, allowance, lastSuccess, now, expected) => {
    const slot = overdueSlot(schedule, {
      now: at(now),
      allowance,
      lastSuccess: at(lastSuccess),
      since: at('01T00:00'),
    });
    expect(slot?.toISOString() ?? null).toBe(expected === null ? null : at(expected).toISOString());
  });

  it('asks a tracker that never succeeded for the slots since it has been there', () => {
    const never = { allowance: null, lastSuccess: null, since: at('31T12:01') };
    expect(overdueSlot(QUARTERS, { ...never, now: at('31T12:29') })).toBeNull();
    expect(overdueSlot(QUARTERS, { ...never, now: at('31T12:31') })).toEqual(at('31T12:15'));
  });
});
