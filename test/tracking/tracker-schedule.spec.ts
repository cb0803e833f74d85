import { scheduleOf } from '../../lib/tracking/definition/tracker-schedule.js';

describe('scheduleOf', () => {
  const zone = 'Europe/Amsterdam';

  it('reads the decorator', () => {
    expect(scheduleOf('t', {}, undefined, zone)).toBeNull();
    expect(scheduleOf('t', { cron: '0 * * * *' }, undefined, zone)).toEqual({ cron: '0 * * * *', timeZone: zone });
    expect(scheduleOf('t', { every: 1500 }, undefined, zone)).toEqual({ every: 1500, timeZone: zone });
    expect(scheduleOf('t', { every: '15 minutes' }, undefined, zone)).toEqual({ every: 900_000, timeZone: zone });
  });

  it('is replaced whole by the module', () => {
    expect(scheduleOf('t', { every: 1500 }, { cron: '0 3 * * *' }, zone)).toEqual({
      cron: '0 3 * * *',
      timeZone: zone,
    });
    expect(scheduleOf('t', { cron: '0 * * * *' }, { every: '2h' }, zone)).toEqual({ every: 7_200_000, timeZone: zone });
    expect(scheduleOf('t', { cron: '0 * * * *' }, { cron: '0 3 * * *', timeZone: 'UTC' }, zone)).toEqual({
      cron: '0 3 * * *',
      timeZone: 'UTC',
    });
    expect(scheduleOf('t', { cron: 'nonsense' }, false, zone)).toBeNull();
  });

  it.each([
    ['cron text', { cron: 'every hour' }, /Tracker t: cron is "every hour"/],
    ['a minute too many', { cron: '61 * * * *' }, /cron is "61/],
    ['a date that never comes', { cron: '0 0 30 2 *' }, /comes true/],
    ['empty cron text', { cron: ' ' }, /cron is " "/],
    ['an interval of no unit', { every: '15 minuten' }, /every is "15 minuten".*'15 minutes'/],
    ['no time at all', { every: 0 }, /every is 0/],
    ['a negative interval', { every: '-1 hour' }, /every is "-1 hour"/],
    ['what was meant as seconds', { every: 10 }, /every is 10. Expected a whole number of milliseconds from 1000/],
    ['parts of a second', { every: '999ms' }, /every is "999ms"/],
    ['parts of a millisecond', { every: 1000.5 }, /every is 1000.5/],
    ['both', { cron: '0 * * * *', every: 1000 }, /keep one/],
  ])('refuses %s', (_, declared, message) => {
    expect(() => scheduleOf('t', declared, undefined, zone)).toThrow(message);
  });

  it('refuses an unknown zone', () => {
    expect(() => scheduleOf('t', {}, { cron: '0 * * * *', timeZone: 'Mars/Olympus' }, zone)).toThrow(/Mars/);
  });
});
