import { jest } from '@jest/globals';
import { TrackerJob } from '../../lib/schedule/tracker.job.js';

describe('TrackerJob', () => {
  beforeEach(() => jest.useFakeTimers({ now: new Date('2026-10-31T10:20:00.250Z') }));
  afterEach(() => jest.useRealTimers());

  function started(schedule: Parameters<typeof TrackerJob.of>[0]) {
    const slots: (string | null)[] = [];
    const job = TrackerJob.of(schedule, async (slot) => void slots.push(slot?.toISOString() ?? null));
    job.start();
    return { job, slots };
  }

  it('fires at the multiples of an interval', async () => {
    const { job, slots } = started({ every: 7_000, timeZone: 'UTC' });
    const next = job.nextDate().toMillis();
    expect(next % 7_000).toBe(0);
    expect(next - Date.now()).toBeLessThanOrEqual(7_000);
    await jest.advanceTimersByTimeAsync(21_000);
    expect(slots).toEqual([next, next + 7_000, next + 14_000].map((ms) => new Date(ms).toISOString()));
    expect(job.nextDates(2).map((date) => date.toMillis())).toEqual([next + 21_000, next + 28_000]);
    void job.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(slots).toHaveLength(3);
  });

  it('has intervals below a second', async () => {
    const { job, slots } = started({ every: 100, timeZone: 'UTC' });
    await jest.advanceTimersByTimeAsync(250);
    expect(slots).toEqual(['2026-10-31T10:20:00.300Z', '2026-10-31T10:20:00.400Z', '2026-10-31T10:20:00.500Z']);
    void job.stop();
  });

  it('reads its cron expression in its zone', async () => {
    const { job, slots } = started({ cron: '0 12 * * *', timeZone: 'Europe/Amsterdam' });
    expect(job.nextDate().toMillis()).toBe(Date.parse('2026-10-31T11:00:00Z'));
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(slots).toEqual(['2026-10-31T11:00:00.000Z']);
    void job.stop();
  });

  it('finds its next slot again when it has come, and when the clock is set back', async () => {
    const jobs = ['Europe/Amsterdam', 'Europe/Amsterdam', 'UTC'].map((timeZone) =>
      TrackerJob.of({ cron: '0 2 * * *', timeZone }, async () => undefined),
    );
    const next = (): string[] => jobs.map((job) => job.nextDate().toJSDate().toISOString());
    // Amsterdam is one hour ahead of UTC from 25 October on, and two before
    expect(next()).toEqual(['2026-11-01T01:00:00.000Z', '2026-11-01T01:00:00.000Z', '2026-11-01T02:00:00.000Z']);
    await jest.advanceTimersByTimeAsync(Date.parse('2026-11-01T01:00:00Z') - Date.now());
    expect(next()).toEqual(['2026-11-02T01:00:00.000Z', '2026-11-02T01:00:00.000Z', '2026-11-01T02:00:00.000Z']);
    jest.setSystemTime(new Date('2026-10-20T12:00:00Z'));
    expect(next()).toEqual(['2026-10-21T00:00:00.000Z', '2026-10-21T00:00:00.000Z', '2026-10-21T02:00:00.000Z']);
  });

  it('has no slot when it is fired by hand', async () => {
    const { job, slots } = started({ every: 60_000, timeZone: 'UTC' });
    await job.fireOnTick();
    void job.stop();
    await jest.advanceTimersByTimeAsync(180_000);
    job.start();
    await job.fireOnTick();
    expect(slots).toEqual([null, null]);
    void job.stop();
  });

  it('ends its fireOnTick when the tick has ended', async () => {
    let end = (): void => undefined;
    const tick = new Promise<void>((resolve) => (end = resolve));
    const job = TrackerJob.of({ every: 60_000, timeZone: 'UTC' }, () => tick);
    const fired = job.fireOnTick().then(() => 'ended');
    expect(await Promise.race([fired, Promise.resolve('going on')])).toBe('going on');
    end();
    expect(await fired).toBe('ended');
  });
});
