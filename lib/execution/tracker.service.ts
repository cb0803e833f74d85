import type { Type } from '@nestjs/common';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { MetricTarget } from '../catalog/definitions.js';
import { metricTarget } from '../catalog/metric.query.js';
import { Cancellation } from '../database/cancellation.js';
import { InvalidTrackerError } from '../errors/tracker.error.js';
import { shown } from '../errors/trackstats.error.js';
import type { Source } from '../rollup/source-query.js';
import { type CheckedDateInput, dayNumber, type LocalDate, type LocalDateInput } from '../time/local-date.js';
import { checkPeriod, Period } from '../time/period.js';
import { localDateAt } from '../time/time-zone.js';
import { checkRange } from '../statistics/filter/date-range.js';
import { objectTarget, type ObjectTarget } from '../statistics/filter/object-target.js';
import type { Clock } from '../trackstats.tokens.js';
import { defineTracker, type TrackerDefaults } from '../tracking/definition/define-tracker.js';
import { BACKFILL_STEP } from '../tracking/running/backfill.js';
import type { Progress } from '../tracking/running/progress.js';
import type { SourceTracker } from '../tracking/definition/registered-tracker.js';
import type { RunHistory } from './run-history.js';
import type { Sourced, SourceFinder } from '../tracking/definition/source.finder.js';
import { splitOptions } from '../tracking/definition/option.js';
import { classTracks } from '../tracking/definition/track-metadata.js';
import type { TrackerDefinition } from '../tracking/definition/tracker-definition.js';
import type { TrackerWorker } from './tracker.worker.js';
import type { TrackerInfo, TrackerOverview } from './tracker-overview.js';
import type { RegisterOptions, TrackerRegistrar } from './tracker.registrar.js';
import type { TrackerRegistry, TrackerTarget } from '../tracking/definition/tracker.registry.js';
import type { TrackerRun } from './tracker-run.js';
import type { TrackResult } from '../tracking/running/track-result.js';
import type { TrackerRunner } from '../tracking/running/tracker.runner.js';
import type { TrackerRows } from '../tracking/running/tracker.rows.js';
import type { Difference, TrackerVerifier, VerifyProgress } from '../tracking/running/tracker.verifier.js';
import { checkTracker, constructorOptions, kindOf, type AnyTracker } from '../tracking/definition/tracker.js';
import {
  abortSignal,
  callback,
  type Check,
  instant,
  isOptions,
  localDate,
  optional,
  boolean,
  wholeNumber,
  withDefault,
} from '../validation/check.js';
import { readCallOptions, type ChecksOf, type Values } from '../validation/options.js';

/** Options of a call that makes a run. */
interface TriggerOptions {
  /** what asks for the run, as the history shows it: 1 to 40 characters. @default 'call' */
  triggeredBy?: string | undefined;
}

/** Options that follow or cancel a call. */
interface FollowOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  /** cancels the run, which is rolled back. The call then rejects with the signal's reason */
  signal?: AbortSignal | undefined;
}

const FOLLOW = {
  onProgress: optional(callback<(progress: Progress) => void>('(progress) => void')),
  signal: optional(abortSignal),
} satisfies ChecksOf<FollowOptions>;
// neither control characters nor halves of pairs, which databases refuse
const trigger: Check<string> = (given, refuse) =>
  typeof given === 'string' && /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,40}$/u.test(given)
    ? given
    : refuse("Expected a text of 1 to 40 printable characters, such as 'deployment'.");
const TRIGGER = { triggeredBy: withDefault(trigger, 'call') } satisfies ChecksOf<TriggerOptions>;
const RANGE = { from: optional(localDate), to: optional(localDate) };
const NOW = { now: optional(instant) };
const STEP = { step: withDefault(wholeNumber('days', 1), BACKFILL_STEP), resume: withDefault(boolean, false) };

/** The value of which `TrackerService.rows` returns the source rows. @inline */
type RowsOfValue = {
  metric: MetricTarget;
  date?: LocalDateInput | undefined;
  period?: Period | undefined;
  object?: ObjectTarget | undefined;
  dimensions?: Readonly<Record<string, string | number | boolean | null>> | undefined;
};

const dimensionValues: Check<Readonly<Record<string, unknown>>> = (given, refuse) =>
  isOptions(given) ? given : refuse('Expected an object with a value for each dimension.');

const firstDate: Check<CheckedDateInput> = (given, refuse) =>
  given === undefined
    ? refuse("Expected the first date to compute, as '2024-01-01'; with resume that of the interrupted backfill.")
    : localDate(given, refuse);

/** The options of each call. Unknown options are rejected. */
const CALLS = {
  track: { ...NOW, ...RANGE, ...FOLLOW },
  run: { ...NOW, ...TRIGGER, signal: FOLLOW.signal },
  backfill: { ...RANGE, from: firstDate, ...STEP, ...TRIGGER, ...FOLLOW },
  verify: {
    ...RANGE,
    onProgress: optional(callback<(progress: VerifyProgress) => void>('(progress) => void')),
    signal: FOLLOW.signal,
  },
  repair: { ...RANGE, ...TRIGGER, ...FOLLOW },
  rows: {
    metric: metricTarget,
    // read with its period
    date: (given) => given,
    period: withDefault((given) => checkPeriod(given), Period.DAY),
    object: optional(objectTarget),
    dimensions: optional(dimensionValues),
  } satisfies ChecksOf<RowsOfValue>,
  history: { limit: withDefault(wholeNumber('runs', 1), 100) },
};

function readCall<N extends keyof typeof CALLS>(call: N, given: unknown): Values<(typeof CALLS)[N]> {
  return readCallOptions(`TrackerService.${call}`, given, CALLS[call]);
}

/**
 * Runs, checks and corrects trackers, and shows their state.
 *
 * @example
 * ```ts
 * await trackers.run(OrderTracker);
 * ```
 */
export class TrackerService {
  /** @internal the module creates it */
  constructor(
    private readonly registry: TrackerRegistry,
    private readonly registrar: TrackerRegistrar,
    private readonly worker: TrackerWorker,
    private readonly overview: TrackerOverview,
    private readonly runs: RunHistory,
    private readonly sources: SourceFinder,
    private readonly runner: TrackerRunner,
    private readonly verifier: TrackerVerifier,
    private readonly counted: TrackerRows,
    private readonly defaults: TrackerDefaults,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers a tracker in a running application: one that you create with `new`, such as one for each tenant, or a
   * provider with `@Track` of a module that was loaded lazily. It is checked as at start, runs by its schedule, and has
   * a history under its name. Register it in every replica, under the same name.
   *
   * @param options its name, schedule and source. They replace those of `@Track`
   * @returns the names of the trackers that were registered: all those of the provider, or none
   * @throws NotStartedError, InvalidTrackerError, DuplicateTrackerError, MissingScheduleModuleError, ShuttingDownError,
   * and the errors of a tracker that cannot be used
   * @example
   * const tracker = new CountObjectsByDateTracker<Order>({ metric: PAID_ORDERS, period: Period.DAY, dateField: 'createdAt', where: { status: 'paid' } });
   * await trackers.register(tracker, { name: 'paid orders', source: Order, every: '15 minutes' });
   */
  async register(tracker: object, options: RegisterOptions = {}): Promise<string[]> {
    this.registry.all('register');
    if (typeof tracker !== 'object' || (tracker as unknown) === null) {
      throw new InvalidTrackerError(
        'register',
        `Given was ${shown(tracker)}. Expected a tracker, or a provider with @Track.`,
      );
    }
    const trackers = this.registrar.define(tracker, options);
    await this.registrar.start(trackers);
    return trackers.map(({ name }) => name);
  }

  /**
   * Removes a tracker from this process. It no longer runs, and its statistics stay. Resolves when a current run has
   * ended.
   *
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError
   */
  async unregister(tracker: TrackerTarget): Promise<void> {
    await this.registrar.remove(this.registry.get(tracker, 'unregister'));
  }

  /**
   * Runs any tracker, registered or created with `new`, on a source. Writes no entry to the history.
   *
   * @param source leave it out if the tracker has one itself
   * @param options `now`: the time that the run takes as now, by default the clock's; `from`, `to`: compute these
   * dates, both included, in place of those that are due
   * @throws InvalidTrackerError, MissingSourceError, InvalidSourceError, InvalidPropertyPathError, InvalidRangeError
   * @example
   * const tracker = new CountObjectsByDateTracker({ metric: ORDERS, period: Period.DAY, dateField: 'createdAt' });
   * await trackers.track(tracker, Order);
   */
  async track<E extends ObjectLiteral>(
    tracker: AnyTracker<E>,
    source?: Source<NoInfer<E>>,
    options: FollowOptions & {
      now?: Date | undefined;
      from?: LocalDateInput | undefined;
      to?: LocalDateInput | undefined;
    } = {},
  ): Promise<TrackResult> {
    const { now = this.clock(), from, to, onProgress, signal } = readCall('track', options);
    const { definition, sourced } = this.defineUnregistered(tracker);
    const range = { from: dateOf(from, definition), to: dateOf(to, definition) };
    return this.worker.runTask((shutdown) =>
      Cancellation.of({ signals: [shutdown, signal] }, async (cancellation) => {
        cancellation.check();
        const rows = await cancellation.during(this.sources.find(sourced, now, source));
        if (range.from !== undefined) {
          range.from = await this.runner.startOf(definition, rows, range.from, { now, cancellation });
        }
        return reportProgress(await this.runner.run(definition, rows, { now, ...range, cancellation }), onProgress);
      }),
    );
  }

  /**
   * Runs a registered tracker now, and records the run in the history.
   *
   * @param tracker its name, its class, or `[class, 'method']`
   * @param options `now`: the time that the run takes as now; `triggeredBy`: what asks for the run, as the history
   * shows it, 1 to 40 characters; `signal`: cancels the run, on the server too, and rolls it back
   * @returns null if this process or another one is already running it
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, RunTimeoutError, LeaseLostError,
   * ShuttingDownError, and the error that stops the run
   */
  async run(
    tracker: TrackerTarget,
    options: TriggerOptions & { now?: Date | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<TrackResult | null> {
    const request = { slot: null, ...readCall('run', options) };
    const outcome = await this.worker.runNow(this.registry.get(tracker, 'run'), request);
    return outcome.kind === 'succeeded' ? outcome.result : null;
  }

  /**
   * Recomputes a range of dates, whatever is stored. It works in steps, each of which commits, so an aborted or killed
   * backfill keeps the dates that it reported as done. Without `to` it ends today and removes the rows of later dates.
   * It waits while another process runs the tracker.
   *
   * @param options `from`, `to`: dates, both included, or instants in the tracker's time zone; `step`: days that one
   * transaction computes, 366 by default; `resume`: continues an interrupted backfill of the same `from` and `to`;
   * `signal`: cancels the current step, which is rolled back
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, InvalidTrackerError for a method,
   * InvalidRangeError, SourceGoneError, NothingToResumeError, LeaseLostError, ShuttingDownError
   * @example
   * await trackers.backfill(OrderTracker, { from: '2024-01-01', onProgress: ({ fraction }) => console.log(fraction) });
   */
  async backfill(
    tracker: TrackerTarget,
    options: TriggerOptions &
      FollowOptions & {
        from: LocalDateInput;
        to?: LocalDateInput | undefined;
        step?: number | undefined;
        resume?: boolean | undefined;
      },
  ): Promise<TrackResult> {
    const registered = this.sourceTracker(tracker, 'backfill');
    const { definition } = registered;
    const { from, to, step, resume, ...followed } = readCall('backfill', options);
    const range = { from: dateIn(from, definition), to: dateOf(to, definition), step, resume };
    return this.worker.runWhenFree(registered, { slot: null, backfill: range, ...followed });
  }

  /**
   * Compares stored statistics with a fresh computation from the source's rows as they are now, and returns the
   * differences. Writes nothing. By default it compares the whole coverage. It reads the source once, and compares in
   * slices between which the event loop turns.
   *
   * @param options `from`, `to`: dates, both included; `onProgress`: called after each slice; `signal`: cancels, on the
   * server too. The call then rejects with the signal's reason
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, InvalidTrackerError for a method,
   * InvalidRangeError, VerificationOvertakenError, ShuttingDownError
   * @example
   * await trackers.verify(OrderTracker, { onProgress: ({ fraction }) => console.log(fraction) });
   */
  async verify(
    tracker: TrackerTarget,
    options: {
      from?: LocalDateInput | undefined;
      to?: LocalDateInput | undefined;
      onProgress?: ((progress: VerifyProgress) => void) | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<Difference[]> {
    const { onProgress, signal, ...range } = readCall('verify', options);
    const registered = this.sourceTracker(tracker, 'verify');
    const { definition } = registered;
    const dates = datesOf(range, definition);
    return this.worker.runTask((shutdown) =>
      Cancellation.of({ signals: [shutdown, signal] }, async (cancellation) => {
        cancellation.check();
        const source = await cancellation.during(this.sources.find(registered, this.clock()));
        return this.verifier.verify(definition, source, { ...dates, onProgress, cancellation });
      }),
    );
  }

  /**
   * Corrects the differences that `verify` returns: recomputes a range, by default the whole coverage, in steps as
   * `backfill` does.
   *
   * @param options `from`, `to`: dates, both included; `signal`: cancels the current step, which is rolled back
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, InvalidTrackerError for a method,
   * InvalidRangeError, SourceGoneError, LeaseLostError, ShuttingDownError
   */
  async repair(
    tracker: TrackerTarget,
    options: TriggerOptions &
      FollowOptions & { from?: LocalDateInput | undefined; to?: LocalDateInput | undefined } = {},
  ): Promise<TrackResult> {
    const { onProgress, signal, triggeredBy, ...range } = readCall('repair', options);
    const registered = this.sourceTracker(tracker, 'repair');
    const { definition } = registered;
    const covered = await this.worker.runTask((shutdown) =>
      Cancellation.of({ signals: [shutdown, signal] }, async (cancellation) => {
        cancellation.check();
        const source = await cancellation.during(this.sources.find(registered, this.clock()));
        return this.verifier.covered(definition, source);
      }),
    );
    const { from, to } = datesOf(range, definition);
    const followed = { slot: null, triggeredBy, signal, onProgress };
    if (covered === null) return this.worker.runWhenFree(registered, followed);
    const repaired = { from: from ?? covered.from, to: to ?? covered.through };
    const backfill = { ...repaired, step: repairStep(repaired.from, repaired.to), resume: false };
    return this.worker.runWhenFree(registered, { ...followed, backfill });
  }

  /**
   * Returns a query of the source's rows that a run now counts for one value, for you to extend: the orders behind a
   * number, newest first, a page at a time. It has the conditions of the tracker and of the metric, and the dates that the
   * value covers in the tracker's time zone. For a count, the number of rows is the value.
   *
   * @param options `metric`: one that the tracker computes; `date`: any date of the value, today by default; `period`:
   * DAY by default; `object` or `dimensions`: what the tracker groups by, left out for the total
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, InvalidTrackerError for a method
   * @throws InvalidFilterError, DerivedMetricError, InvalidObjectError, InvalidDimensionError, IncompleteDimensionsError
   * @example
   * const rows = await trackers.rows(OrderTracker, { metric: ORDERS, date: '2026-10-30' });
   * const newest = await rows.orderBy('Order.createdAt', 'DESC').take(20).getMany();
   */
  async rows<E extends ObjectLiteral>(
    tracker: Type<AnyTracker<E>> | TrackerTarget,
    options: RowsOfValue,
  ): Promise<SelectQueryBuilder<E>> {
    const { period, date: given, ...named } = readCall('rows', options);
    const { date } = checkRange({ date: given }, period);
    const registered = this.registry.get(tracker, 'rows');
    if (registered.kind === 'method') {
      throw new InvalidTrackerError(registered.name, 'it is a method, whose values have no source rows.');
    }
    const now = this.clock();
    const source = await this.sources.find(registered, now);
    const query = this.counted.rows(registered.definition, source, { ...named, date, period }, now);
    return query as unknown as SelectQueryBuilder<E>;
  }

  /** Returns the trackers of the application with their schedule, last run, coverage and age. */
  async list(): Promise<TrackerInfo[]> {
    return this.overview.list(this.registry.all('list'));
  }

  /**
   * Returns the runs of a registered tracker, the latest first.
   *
   * @param options `limit`: 100 by default
   */
  async history(tracker: TrackerTarget, options: { limit?: number | undefined } = {}): Promise<TrackerRun[]> {
    const { limit } = readCall('history', options);
    return this.runs.list(this.registry.get(tracker, 'history').name, limit);
  }

  private sourceTracker(tracker: TrackerTarget, call: string): SourceTracker {
    const registered = this.registry.get(tracker, call);
    if (registered.kind !== 'method') return registered;
    throw new InvalidTrackerError(
      registered.name,
      'it is a method, which knows of today only; there is no past to compute.',
    );
  }

  private defineUnregistered(tracker: AnyTracker): { definition: TrackerDefinition; sourced: Sourced } {
    checkTracker(tracker);
    const type = tracker.constructor.name;
    const [declared] = classTracks(tracker.constructor);
    const own = constructorOptions(tracker);
    if (declared !== undefined && own !== undefined) {
      throw new InvalidTrackerError(type, 'it has its options twice, from @Track and in its constructor. Keep one.');
    }
    const given = own ?? (declared === undefined ? undefined : splitOptions(declared).options);
    if (given === undefined) {
      throw new InvalidTrackerError(
        type,
        `it has no options. Give them to its constructor, new ${type}({ metric, period, dateField }), or to @Track.`,
      );
    }
    const name = this.registry.nameOf(tracker);
    const definition = defineTracker({ kind: kindOf(tracker), name, type }, given, this.defaults);
    return { definition, sourced: { name: name ?? type, tracker, options: given } };
  }
}

/**
 * Returns the number of days that one transaction repairs. Each step reads the source, so a long history is split into
 * at most four.
 */
function repairStep(from: LocalDate, to: LocalDate): number {
  return Math.max(BACKFILL_STEP, Math.ceil((dayNumber(to) - dayNumber(from) + 1) / 4));
}

function dateOf(input: CheckedDateInput | undefined, definition: TrackerDefinition): LocalDate | undefined {
  return input === undefined ? undefined : dateIn(input, definition);
}

function datesOf(
  { from, to }: { readonly from: CheckedDateInput | undefined; readonly to: CheckedDateInput | undefined },
  definition: TrackerDefinition,
): { from?: LocalDate; to?: LocalDate } {
  return {
    ...(from === undefined ? {} : { from: dateIn(from, definition) }),
    ...(to === undefined ? {} : { to: dateIn(to, definition) }),
  };
}

function dateIn(input: CheckedDateInput, { timeZone }: TrackerDefinition): LocalDate {
  return input instanceof Date ? localDateAt(input, timeZone) : input;
}

function reportProgress(result: TrackResult, onProgress: FollowOptions['onProgress']): TrackResult {
  const { from, through, written } = result;
  onProgress?.({ date: through, from, to: through, fraction: 1, written });
  return result;
}
