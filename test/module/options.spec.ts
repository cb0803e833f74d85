import { resolveOptions } from '../../lib/trackstats.options.js';
import { systemClock } from '../../lib/trackstats.tokens.js';

it('says that scheduling can be false', () => {
  expect(() => resolveOptions({ scheduling: 'off' as never })).toThrow(/scheduling is "off"\..* Or false: /);
  expect(() => resolveOptions({ scheduling: { concurrency: 0 } })).toThrow(/concurrency is 0\. .*or more\.$/);
});

describe('resolveOptions', () => {
  it('fills in the defaults and freezes what they hold', () => {
    const options = resolveOptions({});
    expect(options).toEqual({
      timeZone: 'UTC',
      weekStart: 'monday',
      clock: systemClock,
      alerts: { every: 60_000 },
      connectionTimeout: 30_000,
      keepKeys: 90,
      distributed: null,
      scheduling: {
        enabled: true,
        concurrency: 4,
        lockAtMostFor: 30_000,
        lockAtLeastFor: 0,
        catchUp: true,
        catchUpJitter: 5_000,
        retryDelay: 1_000,
        shutdownGrace: 10_000,
        history: { days: 30, runs: 1000 },
      },
      objectTypes: {},
      trackers: {},
    });
    expect([options.scheduling, options.objectTypes, options.trackers].every(Object.isFrozen)).toBe(true);
  });

  it('has schedules switched off by the environment, and takes nothing else from it', () => {
    try {
      process.env.TRACKSTATS_SCHEDULING = 'off';
      expect(resolveOptions({}).scheduling.enabled).toBe(false);
      expect(resolveOptions({ scheduling: { enabled: true } }).scheduling.enabled).toBe(false);
      process.env.TRACKSTATS_SCHEDULING = '';
      expect(resolveOptions({}).scheduling.enabled).toBe(true);
      process.env.TRACKSTATS_SCHEDULING = 'false';
      expect(() => resolveOptions({})).toThrow(/TRACKSTATS_SCHEDULING is "false"\. Expected 'off', or none\./);
    } finally {
      delete process.env.TRACKSTATS_SCHEDULING;
    }
  });

  it('keeps what is given; undefined is as if it were left out', () => {
    const clock = () => new Date(0);
    const trackers = { a: false, b: { cron: '0 * * * *', timeZone: 'UTC' }, c: { every: '1 hour' } } as const;
    expect(
      resolveOptions({ timeZone: 'Asia/Tokyo', weekStart: 'sunday', clock, scheduling: false, trackers }),
    ).toMatchObject({ timeZone: 'Asia/Tokyo', weekStart: 'sunday', clock, scheduling: { enabled: false }, trackers });
    expect(resolveOptions({ scheduling: { enabled: false } }).scheduling).toMatchObject({ enabled: false });
    const scheduling = { lockAtMostFor: '2 minutes', retryDelay: 0, history: { runs: 5 } };
    expect(resolveOptions({ scheduling }).scheduling).toMatchObject({
      enabled: true,
      lockAtMostFor: 120_000,
      retryDelay: 0,
      history: { days: 30, runs: 5 },
    });
    expect(resolveOptions({ timeZone: undefined, scheduling: undefined })).toEqual(resolveOptions({}));
  });

  it.each<[string, unknown, string, RegExp]>([
    ['no object', null, 'TRACKSTATS_INVALID_OPTIONS', /the options object is null/],
    ['an unknown zone', { timeZone: 'Europe/Atlantis' }, 'TRACKSTATS_UNKNOWN_TIME_ZONE', /Europe\/Atlantis/],
    [
      'an unknown option',
      { timezone: 'UTC' },
      'TRACKSTATS_INVALID_OPTIONS',
      /timezone is "UTC".*Did you mean timeZone\? There are /,
    ],
    ['a week that begins on Tuesday', { weekStart: 'tuesday' }, 'TRACKSTATS_INVALID_OPTIONS', /weekStart/],
    ['a clock that stands still', { clock: new Date(0) }, 'TRACKSTATS_INVALID_OPTIONS', /clock.*function/],
    [
      'what shapes the module',
      { dataSource: 'x', isGlobal: true },
      'TRACKSTATS_MISPLACED_OPTION',
      /dataSource, isGlobal.*beside the factory/,
    ],
    ['scheduling that is neither', { scheduling: 'off' }, 'TRACKSTATS_INVALID_OPTIONS', /scheduling is "off"/],
    ['scheduling of unknown fields', { scheduling: { on: true } }, 'TRACKSTATS_INVALID_OPTIONS', /scheduling/],
    [
      'a lock of no time',
      { scheduling: { lockAtMostFor: 0 } },
      'TRACKSTATS_INVALID_OPTIONS',
      /lockAtMostFor is 0.*1000/,
    ],
    ['no time at all', { scheduling: { retryDelay: 'soon' } }, 'TRACKSTATS_INVALID_OPTIONS', /retryDelay is "soon"/],
    ['half a run', { scheduling: { concurrency: 0.5 } }, 'TRACKSTATS_INVALID_OPTIONS', /concurrency is 0.5/],
    ['yes', { scheduling: { catchUp: 'yes' } }, 'TRACKSTATS_INVALID_OPTIONS', /catchUp is "yes"/],
    [
      'a history of nothing',
      { scheduling: { history: { runs: 0 } } },
      'TRACKSTATS_INVALID_OPTIONS',
      /history.runs is 0/,
    ],
    ['a history of hours', { scheduling: { history: { hours: 1 } } }, 'TRACKSTATS_INVALID_OPTIONS', /history/],
    ['a schedule that is text', { trackers: { a: '0 * * * *' } }, 'TRACKSTATS_INVALID_OPTIONS', /trackers\["a"\]/],
    ['a schedule that is empty', { trackers: { a: {} } }, 'TRACKSTATS_INVALID_OPTIONS', /trackers\["a"\]/],
    ['two schedules', { trackers: { a: { cron: '* * * * *', every: 1 } } }, 'TRACKSTATS_INVALID_OPTIONS', /trackers/],
    ['true as a schedule', { trackers: { a: true } }, 'TRACKSTATS_INVALID_OPTIONS', /trackers/],
    ['a list of trackers', { trackers: ['a'] }, 'TRACKSTATS_INVALID_OPTIONS', /trackers/],
  ])('refuses %s', (_, given, code, message) => {
    const resolve = () => resolveOptions(given as object);
    expect(resolve).toThrow(message);
    expect(resolve).toThrow(expect.objectContaining({ code }));
  });
});
