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
import type { RunOptions } from '../tracking/running/run-options.js';
import type { TrackResult, UncountedResult } from '../tracking/running/track-result.js';
import type { DriftReport } from '../tracking/running/tracker-drift.js';
import type { TrackerRunner } from '../tracking/running/tracker.runner.js';
import type { ScrubState, TrackerScrubber } from '../tracking/running/tracker.scrubber.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import { systemClock } from '../trackstats.tokens.js';
import type { DatabaseClock } from './database-clock.js';
import type { LeaseContext, LeaseOutcome, LeaseService } from './lease.service.js';
import type { BackfillMark, LeaseEnd } from './lease.store.js';
import type { RunHistory, RunProgress } from './run-history.js';
import type { RunInterceptors } from './run-interceptors.js';
import type { RunEvent, TrackerEvents } from './tracker-events.js';
import type { RunStatus } from './tracker-run.js';
import { messageOf } from '../errors/error-message.js';

/** A range of dates to recompute. */
export interface BackfillRequest extends Omit<BackfillRange, 'today' | 'after'> {
  /** continues an interrupted backfill of the same range */
  readonly resume: boolean;
}

/** A request to run a tracker once. */
export interface RunRequest {
  /** the instant for which it was scheduled; null if it was started by a call */
  readonly slot: Date | null;
  /** what asked for it, as the history shows it */
  readonly triggeredBy: string;
  /** the time that the run takes as now. @default the clock's */
  readonly now?: Date | undefined;
  /** computes these dates in place of those that are due */
  readonly backfill?: BackfillRequest | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** One of the attempts to satisfy a request. */
export interface Attempt {
  /** 1 for the first try */
  readonly number: number;
  /** stop it */
  readonly signals: readonly (AbortSignal | undefined)[];
  /** decides whether a failure is retried: its slot is then not over yet */
  readonly willRetry: (error: unknown) => boolean;
}

/** An attempt that has its lease. */
interface ActiveAttempt extends LeaseContext {
  readonly tracker: string;
  readonly request: RunRequest;
  readonly coverage: RunOptions['coverage'];
  readonly cancellation: Cancellation;
  /** receives what a step has found of closed dates */
  readonly onDrift: (report: DriftReport) => void;
}

interface FailedAttempt {
  readonly runId: number;
  readonly tracker: string;
  readonly request: RunRequest;
  readonly error: unknown;
  readonly willRetry: boolean;
  readonly isCancelled: boolean;
}

/** Runs a tracker once, under its lease, and records it in the history. */
export class AttemptRunner {
  constructor(
    private readonly sources: SourceFinder,
    private readonly trackers: TrackerRunner,
    private readonly scrubber: TrackerScrubber,
    private readonly methods: MethodRunner,
    private readonly leases: LeaseService,
    private readonly history: RunHistory,
    private readonly events: TrackerEvents,
    private readonly interceptors: RunInterceptors,
    private readonly clock: DatabaseClock,
    private readonly options: ResolvedScheduling,
  ) {}

  async run(
    tracker: RegisteredTracker,
    request: RunRequest,
    { number, signals, willRetry }: Attempt,
  ): Promise<LeaseOutcome<TrackResult>> {
    const { slot, triggeredBy } = request;
    const started = { tracker: tracker.name, slot, triggeredBy, attempt: number, startedAt: this.clock.now() };
    const begunAt = systemClock();
    let event: RunEvent | undefined;
    const drifts: DriftReport[] = [];
    try {
      const read = tracker.kind === 'method' ? null : this.trackers.coverageRead(tracker.definition);
      const wanted = { name: tracker.name, slot: slot?.getTime() ?? null, beside: read?.value ?? null };
      return await this.leases.runUnderLease(wanted, signals, {
        record: (fence) => this.history.start(started, fence),
        recordOf: (fence, from) => this.history.startOf(started, fence, from),
        run: async (context) => {
          event = { tracker: tracker.name, slot, runId: context.runId, attempt: number };
          this.events.emit({ type: 'started', ...event });
          const limits = this.limits(tracker, [...signals, context.lease.lost]);
          const result = await this.interceptors.run({ ...event, begunAt }, () =>
            Cancellation.of(limits, (cancellation) =>
              this.compute(tracker, {
                ...context,
                tracker: tracker.name,
                request,
                coverage: read === null ? undefined : { read, value: context.beside },
                cancellation,
                onDrift: (report) => {
                  drifts.push(report);
                },
              }),
            ),
          );
          const report = lastReport(drifts);
          if (report !== null) this.events.emit({ type: 'drift', ...event, ...report });
          this.events.emit({ type: 'finished', ...event, result });
          return result;
        },
        fail: ({ runId }, error) => {
          const isCancelled = signals.some((signal) => signal?.aborted === true);
          return this.fail({ runId, tracker: tracker.name, request, error, willRetry: willRetry(error), isCancelled });
        },
      });
    } catch (error) {
      if (event !== undefined) this.events.emit({ type: 'failed', ...event, error, willRetry: willRetry(error) });
      throw error;
    }
  }

  private limits({ name, timeout }: RegisteredTracker, signals: Attempt['signals']): CancellationOptions {
    return {
      signals,
      timeout,
      onTimeout: (ms) => new RunTimeoutError(name, ms),
      idleLimit: this.options.lockAtMostFor,
    };
  }

  private async compute(tracker: RegisteredTracker, attempt: ActiveAttempt): Promise<TrackResult> {
    const { request, cancellation, onDrift } = attempt;
    const { now = this.clock.now() } = request;
    const conclude = (result: TrackResult, isDone = true, scrub?: ScrubState): Work<void> =>
      isDone ? this.succeed(attempt, result, scrub) : this.recordProgress(attempt, result, scrub);
    cancellation.check();
    if (tracker.kind === 'method') return this.methods.run(tracker, { now, cancellation, conclude });
    const { definition } = tracker;
    const source = await cancellation.during(this.sources.find(tracker, now));
    if (request.backfill !== undefined) return this.backfill(tracker, attempt, request.backfill, { now, source });
    const scrubbed = await this.scrubber.scrub(definition, source, { now, state: attempt.scrub, cancellation });
    const result = await this.trackers.run(definition, source, {
      now,
      cancellation,
      recount: scrubbed?.recount,
      conclude: (computed, isDone) => conclude(computed, isDone, scrubbed?.state),
      concludeAlone: (computed) => this.succeed(attempt, computed, scrubbed?.state),
      coverage: attempt.coverage,
      onDrift,
    });
    if (scrubbed !== null && scrubbed.drift.length > 0) onDrift({ drift: scrubbed.drift, repairedFrom: result.from });
    return result;
  }

  /** Each step records its progress in its own transaction, so that the history shows all steps as one run. */
  private async backfill(
    { name, definition }: SourceTracker,
    attempt: ActiveAttempt,
    { resume, ...requested }: BackfillRequest,
    { now, source }: { now: Date; source: Awaited<ReturnType<SourceFinder['find']>> },
  ): Promise<TrackResult> {
    const { cancellation, request, onDrift } = attempt;
    const after = resume ? lastDateToResume(name, requested, attempt.backfill) : null;
    const from = await this.trackers.startOf(definition, source, requested.from, { now, cancellation });
    const range = { ...requested, from, today: localDateAt(now, definition.timeZone), after };
    const conclude = ({ isLast }: BackfillStep, whole: TrackResult, isDone: boolean): Work<void> =>
      !isLast
        ? this.recordStep(attempt, requested, whole)
        : isDone
          ? this.succeed(attempt, whole)
          : this.recordProgress(attempt, whole);
    return backfilled(
      range,
      (step, whole) =>
        this.trackers.run(definition, source, {
          ...step.range,
          now,
          cancellation,
          onDrift,
          prunes: step.isLast,
          conclude: (result, isDone) => conclude(step, whole(result), isDone),
        }),
      { signal: cancellation.signal, onProgress: request.onProgress },
    );
  }

  private *succeed(attempt: ActiveAttempt, result: TrackResult | UncountedResult, scrub?: ScrubState): Work<void> {
    const { lease, request } = attempt;
    const ended = { status: 'succeeded', finishedAt: this.clock.now(), error: null } as const;
    yield* this.history.update(attempt, { ...ended, ...storedPart(result) });
    yield* lease.release({
      lockAtLeastFor: this.options.lockAtLeastFor,
      values: {
        slot: request.slot?.getTime() ?? null,
        scrub,
        ...(request.backfill === undefined ? {} : { backfill: null }),
      },
    });
  }

  /** Statistics are computed, and old ones are still to be removed. */
  private *recordProgress(attempt: ActiveAttempt, result: TrackResult, scrub?: ScrubState): Work<void> {
    yield* this.history.update(attempt, { status: 'running', finishedAt: null, error: null, ...storedPart(result) });
    yield* attempt.lease.renew({ scrub });
  }

  private *recordStep(
    attempt: ActiveAttempt,
    { from, to }: Pick<BackfillRange, 'from' | 'to'>,
    result: TrackResult,
  ): Work<void> {
    yield* this.history.update(attempt, { status: 'running', finishedAt: null, error: null, ...storedPart(result) });
    yield* attempt.lease.renew({ backfill: { from, to: to ?? null, through: result.through } });
  }

  /** Ends the slot unless it is retried, by this process or by the next one that takes the lease. */
  private *fail(failed: FailedAttempt): Work<LeaseEnd> {
    const status = statusOf(failed);
    const { request, error, willRetry } = failed;
    yield* this.history.update(failed, {
      status,
      finishedAt: this.clock.now(),
      error: messageOf(error),
    });
    const slot = willRetry || status === 'cancelled' ? null : (request.slot?.getTime() ?? null);
    return { lockAtLeastFor: 0, values: { slot } };
  }
}

/** Returns what a run has found of closed dates: of what was recorded the last state, of what was corrected all of it. */
function lastReport(reports: readonly DriftReport[]): DriftReport | null {
  const last = reports.at(-1);
  if (last === undefined || last.repairedFrom === null) return last ?? null;
  const corrected = reports.filter(({ repairedFrom }) => repairedFrom !== null);
  return { drift: corrected.flatMap(({ drift }) => drift), repairedFrom: last.repairedFrom };
}

/** Returns the part of a result that the history stores. */
function storedPart({
  from,
  through,
  written,
  removed,
}: TrackResult | UncountedResult): Pick<RunProgress, 'from' | 'through' | 'written' | 'removed'> {
  return { from, through, written, removed };
}

function statusOf({ error, isCancelled }: FailedAttempt): RunStatus {
  if (error instanceof LeaseLostError) return 'lost';
  return isCancelled ? 'cancelled' : 'failed';
}

/** Returns the last date that an interrupted backfill of the same range has computed. */
function lastDateToResume(
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
