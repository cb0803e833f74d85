import type { LeaseService } from '../execution/lease.service.js';
import { CLOCK_TOLERANCE } from '../execution/lease.store.js';
import type { RunHistory } from '../execution/run-history.js';
import type { TrackerRun } from '../execution/tracker-run.js';
import type { TrackerOverview } from '../execution/tracker-overview.js';
import { lateTrackers } from '../schedule/late-trackers.js';
import type { TrackerRegistry } from '../tracking/definition/tracker.registry.js';
import type { Clock } from '../trackstats.tokens.js';
import type { AlertCall, AlertWatch, ObservedDetail, ObservedTracker, WatchedTracker } from './alert.js';
import type { Observation } from './alert-progress.js';
import type { TrackerAlert } from './on-tracker.decorator.js';

/** The sources of the alerts of trackers: which trackers there are, their runs and their leases. */
export interface WatchedRuns {
  readonly registry: TrackerRegistry;
  readonly overview: TrackerOverview;
  readonly history: RunHistory;
  readonly leases: LeaseService;
  readonly clock: Clock;
  /** the start of this process */
  readonly startedAt: Date;
}

type Described = Omit<TrackerAlert, Exclude<keyof AlertCall, 'text'>> & ObservedDetail;

/** Number of past runs that are looked at again. After more of them, an alert goes on from the first of these. */
const MOST_RUNS = 100;

/** Watches some trackers, or all. */
abstract class TrackerWatch implements AlertWatch {
  abstract readonly condition: string;
  protected abstract readonly when: WatchedTracker['when'];

  /** @param names of the trackers; null for all */
  constructor(
    protected readonly runs: WatchedRuns,
    private readonly names: readonly string[] | null,
  ) {}

  check(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  subject(tracker: string): WatchedTracker {
    return { kind: 'tracker', tracker, when: this.when };
  }

  trackers(): readonly string[] {
    return this.names ?? this.runs.registry.names();
  }

  concernedBy(tracker: string): readonly string[] {
    return this.trackers().filter((name) => name === tracker);
  }

  describe(tracker: string, observed: ObservedDetail, status: AlertCall['status']): Promise<Described> {
    const detail = observed as unknown as ObservedTracker;
    const text = `Tracker ${tracker} ${this.textOf(detail, status)}`;
    return Promise.resolve({ tracker, when: this.when, ...detail, text });
  }

  abstract observe(tracker: string, since: string | null): Promise<readonly Observation<ObservedDetail>[]>;
  protected abstract textOf(observed: ObservedTracker, status: AlertCall['status']): string;
}

/** Watches the runs of trackers for failures. */
export class FailureWatch extends TrackerWatch {
  readonly condition = 'failed';
  protected readonly when = 'failed';

  async observe(tracker: string, since: string | null): Promise<readonly Observation<ObservedDetail>[]> {
    const { history, leases } = this.runs;
    const latestFirst = await history.list(tracker, MOST_RUNS);
    const lastSlot = (await leases.states([tracker])).get(tracker)?.slot ?? null;
    const seen = outcomesOf(latestFirst.toReversed(), lastSlot).map(({ run, verdict }) => ({
      moment: momentOfRun(run),
      verdict,
      detail: { runId: run.id, due: null, lastSuccess: null, error: run.error } satisfies ObservedTracker,
    }));
    return since === null ? seen.slice(-1) : seen.filter(({ moment }) => moment >= since);
  }

  protected textOf({ error }: ObservedTracker, status: AlertCall['status']): string {
    return status === 'firing' ? `has failed: ${error ?? 'unknown error'}` : 'has succeeded again';
  }
}

/** A run with what it says of its tracker. */
interface Outcome {
  readonly run: TrackerRun;
  readonly verdict: 'met' | 'recovered';
}

/**
 * Returns the runs that have succeeded, and those that have failed for good. A failure that is tried again is none, and
 * neither is a run that was cancelled or whose process died: another one takes its slot.
 *
 * @param runs the earliest first
 * @param lastSlot the last slot of the tracker that is over; a slot that is tried again is not
 */
export function outcomesOf(runs: readonly TrackerRun[], lastSlot: number | null): Outcome[] {
  return runs.flatMap((run, place): Outcome[] => {
    if (run.status === 'succeeded') return [{ run, verdict: 'recovered' }];
    if (run.status !== 'failed' || isTriedAgain(run, runs[place + 1], lastSlot)) return [];
    return [{ run, verdict: 'met' }];
  });
}

function isTriedAgain({ slot }: TrackerRun, next: TrackerRun | undefined, lastSlot: number | null): boolean {
  if (slot === null) return false;
  if (next?.slot?.getTime() === slot.getTime()) return true;
  return next === undefined && (lastSlot === null || lastSlot < slot.getTime());
}

/** Ids as text that sorts as the numbers do. */
function momentOfRun({ id }: TrackerRun): string {
  return String(id).padStart(16, '0');
}

/** Watches trackers for lateness. */
export class LatenessWatch extends TrackerWatch {
  readonly condition = 'late';
  protected readonly when = 'late';
  /** a look at all trackers that is going on, which the alerts of each share */
  private current: Promise<ReadonlyMap<string, Observation<ObservedDetail>>> | null = null;

  /** @param allowance milliseconds; null for that of each schedule */
  constructor(
    runs: WatchedRuns,
    names: readonly string[] | null,
    private readonly allowance: number | null,
  ) {
    super(runs, names);
  }

  async observe(tracker: string, since: string | null): Promise<readonly Observation<ObservedDetail>[]> {
    this.current ??= this.look().finally(() => (this.current = null));
    const seen = (await this.current).get(tracker);
    return seen === undefined || (since !== null && seen.moment < since) ? [] : [seen];
  }

  private async look(): Promise<ReadonlyMap<string, Observation<ObservedDetail>>> {
    const { registry, overview, history, clock, startedAt } = this.runs;
    const names = this.trackers();
    const infos = await overview.list(registry.all('evaluate').filter(({ name }) => names.includes(name)));
    const now = clock();
    const late = await lateTrackers(history, infos, { now, allowance: this.allowance, startedAt });
    return new Map(
      infos.flatMap(({ name, lagMs }): [string, Observation<ObservedDetail>][] => {
        const lateness = late[name];
        if (lateness !== undefined) {
          const { due, lastSuccess, error } = lateness;
          const detail = { runId: null, due, lastSuccess, error } satisfies ObservedTracker;
          return [[name, { moment: due, verdict: 'met', detail }]];
        }
        // a process that has just started does not know of a tracker that never succeeded whether it is late
        if (lagMs === null) return [];
        const success = new Date(now.getTime() - lagMs);
        const detail = { runId: null, due: null, lastSuccess: success.toISOString(), error: null };
        // a run counts for a slot that begins just after it
        const moment = new Date(success.getTime() + CLOCK_TOLERANCE).toISOString();
        return [[name, { moment, verdict: 'recovered', detail: detail satisfies ObservedTracker }]];
      }),
    );
  }

  protected textOf({ due, error }: ObservedTracker, status: AlertCall['status']): string {
    if (status === 'recovered') return 'runs on time again';
    const last = error === null ? '' : `. Its last run failed: ${error}`;
    return `is late: no run has succeeded since its slot at ${String(due)}${last}`;
  }
}
