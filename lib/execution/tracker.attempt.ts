import { Cancellation, type CancellationOptions } from '../database/cancellation.js';
import type { Work } from '../database/work.js';
import { LeaseLostError, NothingToResumeError, RunTimeoutError } from '../errors/run.error.js';
import type { LocalDate } from '../time/local-date.js';
import { localDateAt } from '../time/time-zone.js';
import { backfilled, type BackfillRange, type BackfillStep } from '../tracking/running/backfill.js';
import type { MethodRunner } from '../tracking/running/method.runner.js';
import type { Progress } from '../tracking/running/progress.js';
import type { RegisteredTracker, SourceTracker } from '../tracking/definition/registered-tracker.js';
import type { SourceFinder } from '../tracking/definition/source.finder.js';
import type { TrackerRunner, TrackResult } from '../tracking/running/tracker.runner.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import type { DatabaseClock } from './database-clock.js';
import type { Lease } from './lease.js';
import type { Held, LeaseService, NotTaken } from './lease.service.js';
import type { BackfillMark, LeaseEnd } from './lease.store.js';
import type { RunHistory } from './run-history.js';
import type { TrackerEvents } from './tracker-events.js';
import type { RunStatus } from './tracker-run.js';

/** A range of dates to recompute. */
export interface BackfillRequest extends Omit<BackfillRange, 'today' | 'after'> {
  /** continues an interrupted backfill of the same range */
  readonly resume: boolean;
}

/** A request to run a tracker once. */
export interface Execution {
  /** the instant for which it was scheduled; null if it was started by a call */
  readonly slot: Date | null;
  /** the time that the run takes as now. @default the clock's */
  readonly now?: Date | undefined;
  /** computes these dates in place of those that are due */
  readonly backfill?: BackfillRequest | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** An attempt that has its lease and has begun. */
interface Begun {
  readonly runId: number;
  readonly lease: Lease;
  readonly backfill: BackfillMark | null;
  readonly cancellation: Cancellation;
}

/** The common part of the events of one attempt. */
interface BegunEvent {
  readonly tracker: string;
  readonly slot: Date | null;
  readonly runId: number;
  readonly attempt: number;
}

/** Runs a tracker once, under its lease, and records it in the history. */
export class TrackerAttempt {
  constructor(
    private readonly sources: SourceFinder,
    private readonly trackers: TrackerRunner,
    private readonly methods: MethodRunner,
    private readonly leases: LeaseService,
    private readonly history: RunHistory,
    private readonly events: TrackerEvents,
    private readonly clock: DatabaseClock,
    private readonly options: ResolvedScheduling,
  ) {}

  /**
   * @param signals stop it
   * @param willRetry decides whether a failure is retried: its slot is then not over yet
   * @returns the reason why it did not begin, or its result
   */
  async make(
    tracker: RegisteredTracker,
    execution: Execution,
    attempt: number,
    signals: readonly (AbortSignal | undefined)[],
    willRetry: (error: unknown) => boolean,
  ): Promise<NotTaken | TrackResult> {
    const { slot } = execution;
    const startedAt = this.clock.now();
    let begun: BegunEvent | undefined;
    try {
      return await this.leases.hold({ name: tracker.name, slot: slot?.getTime() ?? null }, signals, {
        begin: (fence) => this.history.begin({ tracker: tracker.name, slot, attempt, startedAt }, fence),
        run: async ({ lease, backfill, begun: runId }: Held<number>) => {
          const event = (begun = { tracker: tracker.name, slot, runId, attempt });
          this.events.emit({ type: 'started', ...event });
          const result = await Cancellation.of(this.limits(tracker, [...signals, lease.lost]), (cancellation) =>
            this.run(tracker, execution, { runId, lease, backfill, cancellation }),
          );
          this.events.emit({ type: 'finished', ...event, result });
          return result;
        },
        fail: ({ begun: runId }, error) => {
          const isCancelled = signals.some((signal) => signal?.aborted === true);
          return this.fail({ runId, execution, error, again: willRetry(error), isCancelled });
        },
      });
    } catch (error) {
      if (begun !== undefined) this.events.emit({ type: 'failed', ...begun, error, willRetry: willRetry(error) });
      throw error;
    }
  }

  private limits(
    { name, timeout }: RegisteredTracker,
    signals: readonly (AbortSignal | undefined)[],
  ): CancellationOptions {
    return {
      signals,
      timeout,
      onTimeout: (ms) => new RunTimeoutError(name, ms),
      idleLimit: this.options.lockAtMostFor,
    };
  }

  private async run(tracker: RegisteredTracker, execution: Execution, begun: Begun): Promise<TrackResult> {
    const { cancellation } = begun;
    const { now = this.clock.now() } = execution;
    const conclude = (result: TrackResult): Work<void> => this.succeed(begun, execution, result);
    cancellation.check();
    if (tracker.kind === 'method') return this.methods.run(tracker, { now, cancellation, conclude });
    const source = await cancellation.during(this.sources.find(tracker, now));
    if (execution.backfill !== undefined) return this.backfill(tracker, execution, begun, now, source);
    return this.trackers.run(tracker.definition, source, { now, conclude, cancellation });
  }

  /** Each step records its progress together with what it computed, so that the history shows all steps as one run. */
  private async backfill(
    { name, definition }: SourceTracker,
    execution: Execution & { backfill?: BackfillRequest },
    begun: Begun,
    now: Date,
    source: Awaited<ReturnType<SourceFinder['find']>>,
  ): Promise<TrackResult> {
    const { resume, ...request } = execution.backfill as BackfillRequest;
    const { cancellation } = begun;
    const after = resume ? resumed(name, request, begun.backfill) : null;
    const from = await this.trackers.startOf(definition, source, request.from, { now, cancellation });
    const range = { ...request, from, today: localDateAt(now, definition.timeZone), after };
    const conclude = ({ isLast }: BackfillStep, whole: TrackResult): Work<void> =>
      isLast ? this.succeed(begun, execution, whole) : this.goOn(begun, request, whole);
    return backfilled(
      range,
      (step, whole) =>
        this.trackers.run(definition, source, {
          ...step.range,
          now,
          cancellation,
          conclude: (result) => conclude(step, whole(result)),
        }),
      { signal: cancellation.signal, onProgress: execution.onProgress },
    );
  }

  private *succeed({ runId, lease }: Begun, { slot, backfill }: Execution, result: TrackResult): Work<void> {
    const ended = { status: 'succeeded', finishedAt: this.clock.now(), error: null } as const;
    yield* this.history.enter(runId, { ...ended, ...reached(result) });
    yield* lease.release({
      lockAtLeastFor: this.options.lockAtLeastFor,
      values: { slot: slot?.getTime() ?? null, ...(backfill === undefined ? {} : { backfill: null }) },
    });
  }

  private *goOn(
    { runId, lease }: Begun,
    { from, to }: Pick<BackfillRange, 'from' | 'to'>,
    result: TrackResult,
  ): Work<void> {
    yield* this.history.enter(runId, { status: 'running', finishedAt: null, error: null, ...reached(result) });
    yield* lease.renew({ backfill: { from, to: to ?? null, through: result.through } });
  }

  /** Ends the slot unless it is retried, here or by whichever process comes next. */
  private *fail(failure: Failure): Work<LeaseEnd> {
    const status = statusOf(failure);
    const { runId, execution, error, again } = failure;
    yield* this.history.enter(runId, {
      status,
      finishedAt: this.clock.now(),
      error: error instanceof Error ? error.message : String(error),
    });
    const slot = again || status === 'cancelled' ? null : (execution.slot?.getTime() ?? null);
    return { lockAtLeastFor: 0, values: { slot } };
  }
}

interface Failure {
  readonly runId: number;
  readonly execution: Execution;
  readonly error: unknown;
  readonly again: boolean;
  readonly isCancelled: boolean;
}

/** True if the run did not begin. */
export function isNotTaken(made: NotTaken | TrackResult): made is NotTaken {
  return 'lease' in made;
}

/** Returns the part of a result that the history stores. */
function reached({
  from,
  through,
  written,
  removed,
}: TrackResult): Pick<TrackResult, 'from' | 'through' | 'written' | 'removed'> {
  return { from, through, written, removed };
}

function statusOf({ error, isCancelled }: Failure): RunStatus {
  if (error instanceof LeaseLostError) return 'lost';
  return isCancelled ? 'cancelled' : 'failed';
}

/** Returns the last date that an interrupted backfill of a range has computed. */
function resumed(
  tracker: string,
  { from, to }: Pick<BackfillRange, 'from' | 'to'>,
  mark: BackfillMark | null,
): LocalDate | null {
  if (mark?.from === from && mark.to === (to ?? null)) return mark.through;
  throw new NothingToResumeError(
    tracker,
    rangeText(from, to ?? null),
    mark === null ? null : rangeText(mark.from, mark.to),
  );
}

function rangeText(from: LocalDate, to: LocalDate | null): string {
  return to === null ? `from ${from} on` : `from ${from} to ${to}`;
}
