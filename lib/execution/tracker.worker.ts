import { Logger } from '@nestjs/common';
import { Cancellation, untilAborted } from '../database/cancellation.js';
import type { DataSources } from '../database/data-sources.js';
import { CANCEL_GRACE, endsWithin } from '../database/limits.js';
import { ShuttingDownError } from '../errors/run.error.js';
import type { RegisteredTracker } from '../tracking/definition/registered-tracker.js';
import type { TrackResult } from '../tracking/running/track-result.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import type { AttemptRunner, RunRequest } from './attempt.runner.js';
import { ConcurrencyLimit, type ActiveTasks } from './concurrency.js';
import type { DatabaseClock } from './database-clock.js';
import type { SkipReason } from './lease.service.js';
import { retryDelayAfter, retryProspect } from './retry.js';
import type { RunHistory } from './run-history.js';
import type { TrackerEvents } from './tracker-events.js';

/** A request to run a tracker for a slot. If the run fails, it is retried until the next slot. */
export interface ScheduledRunRequest extends Pick<RunRequest, 'slot'> {
  /** the next slot, which makes up for this one; null if there is none */
  readonly nextSlot: Date | null;
}

/** The outcome of a run request. A run that fails rejects instead. */
export type RequestOutcome =
  | { readonly kind: 'succeeded'; readonly result: TrackResult }
  /** `leaseEndsIn`: milliseconds until the other process's lease ends, unless it is renewed */
  | { readonly kind: 'skipped'; readonly reason: SkipReason | 'busy'; readonly leaseEndsIn: number };

const BUSY: RequestOutcome = { kind: 'skipped', reason: 'busy', leaseEndsIn: 0 };
const PRUNE_INTERVAL = 3_600_000;
const PRUNE_TIMEOUT = 10_000;
/** Milliseconds in which a cancelled run must end: its statement, its rollback and its record in the history. */
const CANCEL_LIMIT = 2 * CANCEL_GRACE;
/** Milliseconds between two attempts to take a lease that another process has. */
const [SHORTEST_LEASE_POLL, LONGEST_LEASE_POLL] = [50, 2_000];

/**
 * Runs registered trackers until the application shuts down: each in at most one process at a time, with retries and a
 * limit of concurrent runs.
 */
export class TrackerWorker {
  /** `stopping` is aborted when nothing more may start, `shutdown` when active runs are cancelled */
  private readonly stopping = new AbortController();
  private readonly shutdown = new AbortController();
  private readonly concurrency: ConcurrencyLimit;
  /** by tracker: when its history was last pruned, in milliseconds since 1970 */
  private readonly prunedAt = new Map<string, number>();
  private readonly logger = new Logger('Trackstats');

  constructor(
    private readonly attempts: AttemptRunner,
    private readonly dataSources: DataSources,
    private readonly history: RunHistory,
    private readonly active: ActiveTasks,
    private readonly events: TrackerEvents,
    private readonly clock: DatabaseClock,
    private readonly options: ResolvedScheduling,
  ) {
    this.concurrency = new ConcurrencyLimit(options.concurrency);
  }

  /** Runs a tracker for a slot. Waits its turn if many run, and retries if it fails and may succeed. */
  async runScheduled(tracker: RegisteredTracker, request: ScheduledRunRequest): Promise<RequestOutcome> {
    return this.unlessBusy(tracker, request, () => this.concurrency.run(() => this.runWithRetries(tracker, request)));
  }

  /** Runs a tracker now, unless it is already running. */
  async runNow(tracker: RegisteredTracker, request: RunRequest): Promise<RequestOutcome> {
    return this.unlessBusy(tracker, request, () => this.attempt(tracker, request));
  }

  /** Runs a tracker as soon as no process is running it. */
  async runWhenFree(tracker: RegisteredTracker, request: RunRequest): Promise<TrackResult> {
    const task = async (): Promise<TrackResult> => {
      for (let wait = SHORTEST_LEASE_POLL; ; wait = Math.min(2 * wait, LONGEST_LEASE_POLL)) {
        const outcome = await this.attempt(tracker, request);
        if (outcome.kind === 'succeeded') return outcome.result;
        await this.pause(Math.min(wait, Math.max(outcome.leaseEndsIn, 1)), request.signal);
      }
    };
    return this.active.startWhenFree(tracker.name, task, request.signal);
  }

  /** Runs a task that is not a run of a registered tracker. A shutdown waits for it too. */
  async runTask<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.stopping.signal.throwIfAborted();
    return this.active.startWhenFree(Symbol('task'), () => task(this.shutdown.signal));
  }

  /** True if this process is running a tracker. */
  isRunning(tracker: RegisteredTracker): boolean {
    return this.active.has(tracker.name);
  }

  /** Resolves when the run of a tracker in this process has ended, or at once if there is none. */
  async waitFor(tracker: RegisteredTracker): Promise<void> {
    await this.active.waitFor(tracker.name);
  }

  /**
   * Starts nothing more, waits for active runs, and cancels those that have not ended after the grace time. A few
   * seconds later it closes their connections, so that no database keeps the application from closing.
   */
  async stop(): Promise<void> {
    this.stopping.abort(new ShuttingDownError());
    const { shutdownGrace } = this.options;
    const ended = this.active.waitForAll();
    const endedInTime = await endsWithin(shutdownGrace, ended);
    this.shutdown.abort(new ShuttingDownError());
    if (endedInTime) {
      // requests that still wait for the database are not runs, and would keep the application from closing too
      setTimeout(() => {
        this.dataSources.disconnect();
      }, shutdownGrace + CANCEL_LIMIT).unref();
      return;
    }
    if (!(await endsWithin(CANCEL_LIMIT, ended))) {
      this.logger.warn('Runs in progress have not ended though they were cancelled. Their connections were closed.');
    }
    this.dataSources.disconnect();
  }

  private async unlessBusy(
    tracker: RegisteredTracker,
    { slot }: Pick<RunRequest, 'slot'>,
    run: () => Promise<RequestOutcome>,
  ): Promise<RequestOutcome> {
    const outcome = await (this.active.tryStart(tracker.name, run) ?? BUSY);
    if (outcome.kind === 'skipped')
      this.events.emit({ type: 'skipped', tracker: tracker.name, slot, reason: outcome.reason });
    return outcome;
  }

  private async runWithRetries(
    tracker: RegisteredTracker,
    { nextSlot, ...request }: ScheduledRunRequest,
  ): Promise<RequestOutcome> {
    for (let number = 1; ; number++) {
      const delay = retryDelayAfter(number, this.options.retryDelay);
      let decision: boolean | undefined;
      // decided once per failure, so that the history and the events report what happens
      const willRetry = (error: unknown): boolean =>
        (decision ??= this.mayRetry(tracker, error, { number, delay, nextSlot }));
      try {
        return await this.attempt(tracker, { ...request, triggeredBy: 'schedule' }, number, willRetry);
      } catch (error) {
        if (!willRetry(error)) throw error;
      }
      await this.pause(delay);
    }
  }

  private mayRetry(
    tracker: RegisteredTracker,
    error: unknown,
    { number, delay, nextSlot }: { number: number; delay: number } & Pick<ScheduledRunRequest, 'nextSlot'>,
  ): boolean {
    if (this.stopping.signal.aborted) return false;
    if (nextSlot !== null && this.clock.scheduleNow().getTime() + delay >= nextSlot.getTime()) return false;
    const prospect = retryProspect(error, tracker.kind === 'method', this.dataSources);
    // `retries` limits the other attempts only: an outage is waited for however long it takes
    return prospect === 'outage' || (prospect === 'unknown' && number <= tracker.retries);
  }

  private async attempt(
    tracker: RegisteredTracker,
    request: RunRequest,
    number = 1,
    willRetry: (error: unknown) => boolean = () => false,
  ): Promise<RequestOutcome> {
    request.signal?.throwIfAborted();
    this.stopping.signal.throwIfAborted();
    const signals = [this.shutdown.signal, request.signal];
    const outcome = await this.attempts.run(tracker, request, { number, signals, willRetry });
    if (outcome.kind === 'succeeded') await this.pruneHistory(tracker.name);
    return outcome;
  }

  private pause(ms: number, signal?: AbortSignal): Promise<void> {
    const signals = AbortSignal.any([this.stopping.signal, ...(signal === undefined ? [] : [signal])]);
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    return untilAborted(signals, waited).finally(() => {
      clearTimeout(timer);
    });
  }

  /** Prunes the history of a tracker at most once an hour, because it is kept by days. */
  private async pruneHistory(tracker: string): Promise<void> {
    const now = this.clock.scheduleNow().getTime();
    if (now - (this.prunedAt.get(tracker) ?? 0) < PRUNE_INTERVAL) return;
    this.prunedAt.set(tracker, now);
    try {
      const limits = { signals: [this.shutdown.signal], timeout: PRUNE_TIMEOUT };
      await Cancellation.of(limits, (cancellation) => this.history.prune(tracker, cancellation));
    } catch {
      // the run has succeeded; a later one prunes again
    }
  }
}
