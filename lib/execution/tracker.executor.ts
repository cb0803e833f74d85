import { Logger } from '@nestjs/common';
import { Cancellation, untilAborted } from '../database/cancellation.js';
import type { DataSources } from '../database/data-sources.js';
import { CANCEL_GRACE, endsWithin } from '../database/limits.js';
import { ShuttingDownError } from '../errors/run.error.js';
import type { RegisteredTracker } from '../tracking/definition/registered-tracker.js';
import type { TrackResult } from '../tracking/running/tracker.runner.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import type { DatabaseClock } from './database-clock.js';
import type { SkipReason } from './lease.service.js';
import { pauseAfter, prospectOf } from './retry.js';
import type { RunHistory } from './run-history.js';
import { RunLimit } from './run-limit.js';
import type { Running } from './running.js';
import { isNotTaken, type Execution, type TrackerAttempt } from './tracker.attempt.js';
import type { TrackerEvents } from './tracker-events.js';

/** A scheduled execution. If it fails, it is retried until the next slot. */
export interface ScheduledExecution extends Pick<Execution, 'slot'> {
  /** the next slot, which makes up for this one; null if there is none */
  readonly next: Date | null;
}

/** The outcome of an execution. */
export type Outcome =
  | { readonly kind: 'succeeded'; readonly result: TrackResult }
  /** `heldFor`: milliseconds until the other process's lease runs out, unless it is renewed */
  | { readonly kind: 'skipped'; readonly reason: SkipReason | 'busy'; readonly heldFor: number };

const BUSY: Outcome = { kind: 'skipped', reason: 'busy', heldFor: 0 };
const HOUR_MS = 3_600_000;
const PRUNE_LIMIT = 10_000;
/**
 * The longest time, in milliseconds, in which a cancelled run ends: its statement, its rollback and its record in the
 * history.
 */
const CANCEL_LIMIT = 2 * CANCEL_GRACE;
/** The longest time, in milliseconds, between two looks at a lease that another process has. */
const LONGEST_LOOK = 2_000;

/**
 * Executes registered trackers until the application shuts down: each in at most one process at a time, and recorded in
 * the history.
 */
export class TrackerExecutor {
  /** `stopping` is aborted when nothing more may start, and `shutdown` when current runs are cancelled */
  private readonly stopping = new AbortController();
  private readonly shutdown = new AbortController();
  private readonly limit: RunLimit;
  private readonly pruned = new Map<string, number>();
  private readonly logger = new Logger('Trackstats');

  constructor(
    private readonly attempts: TrackerAttempt,
    private readonly dataSources: DataSources,
    private readonly history: RunHistory,
    private readonly running: Running,
    private readonly events: TrackerEvents,
    private readonly clock: DatabaseClock,
    private readonly options: ResolvedScheduling,
  ) {
    this.limit = new RunLimit(options.concurrency);
  }

  /** Executes a tracker for a slot. Waits its turn if many run, and retries if it fails and may succeed. */
  async scheduled(tracker: RegisteredTracker, execution: ScheduledExecution): Promise<Outcome> {
    return this.exclusive(tracker, execution, () => this.limit.run(() => this.untilDone(tracker, execution)));
  }

  /** Executes a tracker now, unless it is already running. */
  async tryNow(tracker: RegisteredTracker, execution: Execution): Promise<Outcome> {
    return this.exclusive(tracker, execution, () => this.once(tracker, execution));
  }

  /** Executes a tracker as soon as no process is running it. */
  async next(tracker: RegisteredTracker, execution: Execution): Promise<TrackResult> {
    const task = async (): Promise<TrackResult> => {
      for (let wait = 50; ; wait = Math.min(2 * wait, LONGEST_LOOK)) {
        const outcome = await this.once(tracker, execution);
        if (outcome.kind === 'succeeded') return outcome.result;
        await this.pause(Math.min(wait, Math.max(outcome.heldFor, 1)), execution.signal);
      }
    };
    return this.running.startNext(tracker.name, task, execution.signal);
  }

  /** Executes a task that is not a registered tracker. A shutdown waits for it too. */
  async apart<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.stopping.signal.throwIfAborted();
    return this.running.startNext(Symbol('apart'), () => task(this.shutdown.signal));
  }

  /** True if this process is running a tracker. */
  isRunning(tracker: RegisteredTracker): boolean {
    return this.running.has(tracker.name);
  }

  /** Resolves when this process is not running a tracker, or no longer. */
  async idle(tracker: RegisteredTracker): Promise<void> {
    await this.running.ended(tracker.name);
  }

  /**
   * Starts nothing more, waits for current runs, and cancels those that have not ended after the grace time. A few
   * seconds later it stops waiting, so that no database keeps the application from closing.
   */
  async stop(): Promise<void> {
    this.stopping.abort(new ShuttingDownError());
    const { shutdownGrace } = this.options;
    const ended = this.running.idle();
    const isInTime = await endsWithin(shutdownGrace, ended);
    this.shutdown.abort(new ShuttingDownError());
    if (isInTime) {
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

  private async exclusive(
    tracker: RegisteredTracker,
    { slot }: Pick<Execution, 'slot'>,
    task: () => Promise<Outcome>,
  ): Promise<Outcome> {
    const outcome = await (this.running.tryStart(tracker.name, task) ?? BUSY);
    if (outcome.kind === 'skipped')
      this.events.emit({ type: 'skipped', tracker: tracker.name, slot, reason: outcome.reason });
    return outcome;
  }

  private async untilDone(tracker: RegisteredTracker, { next, ...execution }: ScheduledExecution): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const wait = pauseAfter(attempt, this.options.retryDelay);
      let again: boolean | undefined;
      // decided once: what the history was told of a failure is what is done
      const willRetry = (error: unknown): boolean => (again ??= this.mayRetry(tracker, error, { attempt, wait, next }));
      try {
        return await this.once(tracker, execution, attempt, willRetry);
      } catch (error) {
        if (!willRetry(error)) throw error;
      }
      await this.pause(wait);
    }
  }

  private mayRetry(
    tracker: RegisteredTracker,
    error: unknown,
    { attempt, wait, next }: { attempt: number; wait: number } & Pick<ScheduledExecution, 'next'>,
  ): boolean {
    if (this.stopping.signal.aborted) return false;
    if (next !== null && this.clock.scheduleNow().getTime() + wait >= next.getTime()) return false;
    const prospect = prospectOf(error, tracker.kind === 'method', this.dataSources);
    // a database that is away is waited for; what merely may go better has a number of tries
    return prospect === 'outage' || (prospect === 'uncertain' && attempt <= tracker.retries);
  }

  private async once(
    tracker: RegisteredTracker,
    execution: Execution,
    attempt = 1,
    willRetry: (error: unknown) => boolean = () => false,
  ): Promise<Outcome> {
    execution.signal?.throwIfAborted();
    this.stopping.signal.throwIfAborted();
    const signals = [this.shutdown.signal, execution.signal];
    const made = await this.attempts.make(tracker, execution, attempt, signals, willRetry);
    if (isNotTaken(made)) return { kind: 'skipped', reason: made.reason, heldFor: made.heldFor };
    await this.pruneHistory(tracker.name);
    return { kind: 'succeeded', result: made };
  }

  private pause(ms: number, signal?: AbortSignal): Promise<void> {
    const signals = AbortSignal.any([this.stopping.signal, ...(signal === undefined ? [] : [signal])]);
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    return untilAborted(signals, waited).finally(() => {
      clearTimeout(timer);
    });
  }

  /** Prunes now and then only, because the history is kept by days. */
  private async pruneHistory(tracker: string): Promise<void> {
    const now = this.clock.scheduleNow().getTime();
    if (now - (this.pruned.get(tracker) ?? 0) < HOUR_MS) return;
    this.pruned.set(tracker, now);
    try {
      const limits = { signals: [this.shutdown.signal], timeout: PRUNE_LIMIT };
      await Cancellation.of(limits, (cancellation) => this.history.prune(tracker, cancellation));
    } catch {
      // the run is done whatever becomes of the history; the next hour comes
    }
  }
}
