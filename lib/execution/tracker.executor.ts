import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import type { Clock } from '../trackstats.tokens.js';
import { localDateAt } from '../time/time-zone.js';
import { backfilled, type BackfillRange } from '../tracking/backfill.js';
import type { MethodRunner } from '../tracking/method.runner.js';
import type { Progress } from '../tracking/progress.js';
import type { RegisteredTracker } from '../tracking/registered-tracker.js';
import type { RunHistory } from './run-history.js';
import type { Running } from './running.js';
import type { SourceFinder } from '../tracking/source.finder.js';
import type { TrackerRun } from './tracker-run.js';
import type { TrackerRunner, TrackResult } from '../tracking/tracker.runner.js';

/** One execution that is asked for. */
export interface Execution {
  /** the instant for which it was scheduled; null: asked for by hand */
  readonly slot: Date | null;
  /** what the run takes for now. @default the clock's time */
  readonly now?: Date | undefined;
  /** computes these dates instead of what is due */
  readonly backfill?: Omit<BackfillRange, 'today'> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Executes registered trackers: each one at a time in this process, and into the history. */
export class TrackerExecutor {
  constructor(
    private readonly database: Database,
    private readonly sources: SourceFinder,
    private readonly trackers: TrackerRunner,
    private readonly methods: MethodRunner,
    private readonly history: RunHistory,
    private readonly running: Running,
    private readonly clock: Clock,
  ) {}

  /** Executes a tracker now; null where it is being executed. */
  async tryNow(tracker: RegisteredTracker, execution: Execution): Promise<TrackResult | null> {
    return this.running.tryStart(tracker.name, () => this.execute(tracker, execution));
  }

  /** Executes a tracker as soon as nothing else executes it. */
  async next(tracker: RegisteredTracker, execution: Execution): Promise<TrackResult> {
    return this.running.startNext(tracker.name, () => this.execute(tracker, execution));
  }

  /** Executes something that is no registered tracker; `idle` waits for it too. */
  async once<T>(task: () => Promise<T>): Promise<T> {
    return this.running.startNext(Symbol('once'), task);
  }

  isRunning(tracker: RegisteredTracker): boolean {
    return this.running.has(tracker.name);
  }

  /** Resolves when no tracker is being executed. */
  idle(): Promise<void> {
    return this.running.idle();
  }

  private async execute(tracker: RegisteredTracker, execution: Execution): Promise<TrackResult> {
    const started = { tracker: tracker.name, slot: execution.slot, attempt: 1, startedAt: this.clock() };
    const conclude = (result: TrackResult): Work<void> =>
      this.history.enter({
        ...started,
        ...result,
        tracker: tracker.name,
        status: 'succeeded',
        finishedAt: this.clock(),
        error: null,
      });
    try {
      return await this.run(tracker, execution, conclude);
    } catch (error) {
      await this.enterFailure(started, error);
      throw error;
    }
  }

  private async run(
    tracker: RegisteredTracker,
    { now = this.clock(), backfill, signal, onProgress }: Execution,
    conclude: (result: TrackResult) => Work<void>,
  ): Promise<TrackResult> {
    signal?.throwIfAborted();
    if (tracker.kind === 'method') return this.methods.run(tracker, { now, signal, conclude });
    const source = await this.sources.find(tracker, now);
    signal?.throwIfAborted();
    if (backfill === undefined) return this.trackers.run(tracker.definition, source, { now, conclude });
    const range = { ...backfill, today: localDateAt(now, tracker.definition.timeZone) };
    // the history tells of a backfill as one run, entered with its last step
    return backfilled(
      range,
      (step, last) =>
        this.trackers.run(tracker.definition, source, {
          ...step,
          now,
          ...(last === null ? {} : { conclude: (result) => conclude(last(result)) }),
        }),
      { signal, onProgress },
    );
  }

  private async enterFailure(
    started: Pick<TrackerRun, 'tracker' | 'slot' | 'attempt' | 'startedAt'>,
    error: unknown,
  ): Promise<void> {
    const failed: Omit<TrackerRun, 'id' | 'host'> = {
      ...started,
      status: isAbort(error) ? 'cancelled' : 'failed',
      finishedAt: this.clock(),
      from: null,
      through: null,
      written: 0,
      removed: 0,
      error: error instanceof Error ? error.message : String(error),
    };
    try {
      await this.database.transaction(() => this.history.enter(failed));
    } catch {
      // the database that failed the run may well refuse its history; the caller is told of the run's own error
    }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
