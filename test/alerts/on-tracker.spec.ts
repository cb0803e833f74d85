import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import {
  AlertService,
  defineDomain,
  defineMetric,
  InvalidAlertError,
  OnTracker,
  Track,
  TrackerService,
  type OnTrackerOptions,
  type TrackerAlert,
  type TrackerRun,
} from 'nestjs-trackstats';
import { TestClock } from 'nestjs-trackstats/testing';
import { outcomesOf } from '../../lib/alerts/tracker.watch.js';
import { closeApplications, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { Calls, evaluate, startAt } from './application.js';

const SHOP = defineDomain({ ref: 'alerted-trackers' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const QUEUE = defineMetric({ domain: SHOP, ref: 'queue' });

const calls = new Calls();
const silenced = (['error', 'warn'] as const).map((level) => jest.spyOn(Logger.prototype, level));
/** Returns or throws for the tracker. */
let visit: () => number = () => 1;

beforeEach(() => {
  calls.clear();
  visit = () => 1;
  for (const spy of silenced) spy.mockReset().mockReturnValue(undefined);
});
afterAll(() => {
  for (const spy of silenced) spy.mockRestore();
});

class Figures {
  @Track({ metric: VISITS, every: '1 hour', retries: 0 })
  visits(): number {
    return visit();
  }

  @Track({ metric: QUEUE })
  queue(): number {
    return 1;
  }
}

function alertOn(options: OnTrackerOptions): new () => object {
  class Alerts {
    @OnTracker(options)
    onAlert(alert: TrackerAlert): unknown {
      return calls.take(alert);
    }
  }
  return Alerts;
}

const short = (): string[] => calls.all.map(({ status, text }) => `${status}: ${text}`);
const broken = (message: string) => () => {
  throw new Error(message);
};

describeOnEachDatabase('@OnTracker', (database) => {
  let clock: TestClock;

  beforeEach(() => {
    clock = new TestClock('2026-11-01T12:00:00Z');
  });
  afterEach(async () => {
    await closeApplications();
    await database.clear();
  });

  const application = (options: OnTrackerOptions): Promise<TestingModule> =>
    startAt(clock, { database: database.options(), providers: [Figures, alertOn(options)] });

  /** Runs the tracker, and evaluates the alerts in all processes at once. */
  async function run(modules: readonly TestingModule[], outcome: () => number): Promise<void> {
    visit = outcome;
    await modules[0]!
      .get(TrackerService)
      .run('Figures.visits')
      .catch(() => undefined);
    clock.advance('1 hour');
    await Promise.all(modules.map(evaluate));
  }

  it('calls once, by one process, when a tracker fails, until a run succeeds', async () => {
    const modules = [await application({ when: 'failed' }), await application({ when: 'failed' })];
    for (const outcome of [() => 1, broken('no network'), broken('still none'), () => 2, broken('again')])
      await run(modules, outcome);
    expect(short()).toEqual([
      'firing: Tracker Figures.visits has failed: no network',
      'firing: Tracker Figures.visits has failed: again',
    ]);
    expect(calls.all[0]).toMatchObject({
      name: 'Alerts.onAlert',
      tracker: 'Figures.visits',
      when: 'failed',
      attempt: 1,
    });
    const runs = await modules[0]!.get(TrackerService).history('Figures.visits');
    expect((calls.all[1] as TrackerAlert).runId).toBe(runs[0]!.id);
  });

  it('calls once, by one process, when a tracker is late, until a run makes up for it', async () => {
    const options = { when: 'late', allowance: '90 minutes', recovered: true, tracker: [Figures, 'visits'] } as const;
    const modules = [await application(options)];
    await run(modules, () => 1);
    clock.advance('2 hours');
    // it has just started, and knows of no run of its own
    modules.push(await application(options));
    await Promise.all(modules.map(evaluate));
    clock.advance('1 hour');
    await Promise.all(modules.map(evaluate));
    await run(modules, () => 1);
    expect(short()).toEqual([
      'firing: Tracker Figures.visits is late: no run has succeeded since its slot at 2026-11-01T13:00:00.000Z',
      'recovered: Tracker Figures.visits runs on time again',
    ]);
  });

  it('watches the trackers that it names', async () => {
    const module = await application({ when: 'failed', trackers: [[Figures, 'visits'], 'Figures.visits'] });
    await run([module], broken('no network'));
    expect(short()).toEqual(['firing: Tracker Figures.visits has failed: no network']);
    expect(await module.get(AlertService).list()).toMatchObject([{ tracker: 'Figures.visits', status: 'firing' }]);
    // an alert of both goes on with the state of the one
    const both = await application({ when: 'failed', trackers: ['Figures.queue', 'Figures.visits'] });
    await evaluate(both);
    expect(
      (await both.get(AlertService).list()).map((info) => [info.kind === 'tracker' && info.tracker, info.status]),
    ).toEqual([
      ['Figures.queue', 'ok'],
      ['Figures.visits', 'firing'],
    ]);
    expect(calls.all).toHaveLength(1);
  });

  it('shows the state of each tracker', async () => {
    const module = await application({ when: 'failed' });
    await run([module], broken('no network'));
    expect(await module.get(AlertService).list()).toMatchObject([
      {
        kind: 'tracker',
        tracker: 'Figures.visits',
        when: 'failed',
        status: 'firing',
        condition: 'failed',
        since: new Date('2026-11-01T13:00:00Z'),
        observed: { error: 'no network', due: null },
      },
      { kind: 'tracker', tracker: 'Figures.queue', status: 'ok', since: null, observed: null },
    ]);
  });
});

describe('@OnTracker', () => {
  afterEach(closeApplications);

  it('is evaluated after a run, in a process whose schedules are on', async () => {
    const module = await start({ providers: [Figures, alertOn({ when: 'failed' })] });
    const called = new Promise((resolve) => (calls.then = resolve));
    visit = broken('no network');
    await expect(module.get(TrackerService).run('Figures.visits')).rejects.toThrow('no network');
    expect(await called).toMatchObject({ tracker: 'Figures.visits', error: 'no network' });
  });

  it.each([
    [{ when: 'slow' }, `when is "slow". Expected 'failed' or 'late'.`],
    [{ tracker: 'Nothing' }, 'Unknown tracker: "Nothing". There are Figures.visits, Figures.queue.'],
    [{ tracker: Figures }, 'The class Figures has several trackers'],
    [{ trackers: [] }, 'Expected an array of one tracker or more.'],
    [{ trackers: ['Nothing'] }, 'Unknown tracker: "Nothing".'],
    [{ trackers: ['Figures.queue'], tracker: 'Figures.queue' }, 'tracker and trackers are given. Give one of them.'],
    [{ allowance: '1 hour' }, `allowance is given, and when is 'failed'. It belongs to when: 'late'.`],
    [{ when: 'late', allowance: 'long' }, 'allowance is "long". Expected a whole number of milliseconds'],
    [{ metric: 'a/b' }, 'metric is "a/b". This option does not exist here.'],
  ])('refuses %j', async (given, message) => {
    const options = { when: 'failed', ...given } as OnTrackerOptions;
    const refused = start({ providers: [Figures, alertOn(options)] });
    await expect(refused).rejects.toThrow(InvalidAlertError);
    await expect(refused).rejects.toThrow(message);
  });
});

describe('the outcomes of runs', () => {
  const slot = (hour: number): Date => new Date(Date.UTC(2026, 10, 1, hour));
  const run = (id: number, status: TrackerRun['status'], hour: number | null) =>
    ({ id, status, slot: hour === null ? null : slot(hour) }) as TrackerRun;
  const outcomes = (runs: readonly TrackerRun[], lastSlot: number | null): string[] =>
    outcomesOf(runs, lastSlot === null ? null : slot(lastSlot).getTime()).map((one) => `${one.run.id} ${one.verdict}`);

  it.each([
    ['a failure that is tried again is none', [run(1, 'failed', 1), run(2, 'succeeded', 1)], 1, ['2 recovered']],
    ['the last attempt is', [run(1, 'failed', 1), run(2, 'failed', 1)], 1, ['2 met']],
    ['one that waits for the next attempt is none yet', [run(1, 'failed', 2)], 1, []],
    ['the first that waits', [run(1, 'failed', 1)], null, []],
    ['one that was given up is', [run(1, 'failed', 2)], 2, ['1 met']],
    ['one that was asked for is', [run(1, 'failed', null)], null, ['1 met']],
    ['one before the next slot is', [run(1, 'failed', 1), run(2, 'running', 2)], 1, ['1 met']],
    ['others say nothing', [run(1, 'lost', 1), run(2, 'cancelled', 1), run(3, 'running', 1)], null, []],
  ])('%s', (_, runs, lastSlot, expected) => {
    expect(outcomes(runs, lastSlot)).toEqual(expected);
  });
});
