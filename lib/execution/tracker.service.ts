import type { ObjectLiteral } from 'typeorm';
import { Cancellation } from '../database/cancellation.js';
import { InvalidTrackerError } from '../errors/tracker.error.js';
import { shown } from '../errors/trackstats.error.js';
import type { Source } from '../rollup/source.resolver.js';
import { dayNumber, type LocalDate, type LocalDateInput } from '../time/local-date.js';
import { localDateAt } from '../time/time-zone.js';
import type { Clock } from '../trackstats.tokens.js';
import { defineTracker, type TrackerDefaults } from '../tracking/define-tracker.js';
import { BACKFILL_STEP } from '../tracking/backfill.js';
import type { Progress } from '../tracking/progress.js';
import type { SourceTracker } from '../tracking/registered-tracker.js';
import type { RunHistory } from './run-history.js';
import type { Sourced, SourceFinder } from '../tracking/source.finder.js';
import { classTracks, parted } from '../tracking/track-metadata.js';
import type { TrackerDefinition } from '../tracking/tracker-definition.js';
import type { TrackerExecutor } from './tracker.executor.js';
import type { TrackerInfo, TrackerOverview } from './tracker-overview.js';
import type { RegisterOptions, TrackerRegistrar } from './tracker.registrar.js';
import type { TrackerRegistry, TrackerTarget } from '../tracking/tracker.registry.js';
import type { TrackerRun } from './tracker-run.js';
import type { TrackerRunner, TrackResult } from '../tracking/tracker.runner.js';
import type { Difference, TrackerVerifier, VerifyProgress } from '../tracking/tracker.verifier.js';
import { checkTracker, constructorOptions, kindOf, type AnyTracker } from '../tracking/tracker.js';
import {
  abortSignal,
  callback,
  instant,
  localDate,
  optional,
  truth,
  wholeNumber,
  withDefault,
} from '../validation/check.js';
import { readCallOptions, type ChecksOf, type Values } from '../validation/options.js';

interface Watching {
  onProgress?: ((progress: Progress) => void) | undefined;
  /** cancels the run, which is rolled back: the call then rejects with the signal's reason */
  signal?: AbortSignal | undefined;
}

const WATCHING = {
  onProgress: optional(callback<(progress: Progress) => void>('(progress) => void')),
  signal: optional(abortSignal),
} satisfies ChecksOf<Watching>;
const RANGE = { from: optional(localDate), to: optional(localDate) };
const NOW = { now: optional(instant) };
const STEPS = { step: withDefault(wholeNumber('days', 1), BACKFILL_STEP), resume: withDefault(truth, false) };

/** The options of each call: one that is not here is refused. */
const CALLS = {
  track: { ...NOW, ...RANGE, ...WATCHING },
  run: { ...NOW, signal: WATCHING.signal },
  backfill: { ...RANGE, from: localDate, ...STEPS, ...WATCHING },
  verify: {
    ...RANGE,
    onProgress: optional(callback<(progress: VerifyProgress) => void>('(progress) => void')),
    signal: WATCHING.signal,
  },
  repair: { ...RANGE, ...WATCHING },
  history: { limit: withDefault(wholeNumber('runs', 1), 100) },
};

function readCall<N extends keyof typeof CALLS>(call: N, given: unknown): Values<(typeof CALLS)[N]> {
  return readCallOptions(`TrackerService.${call}`, given, CALLS[call]);
}

/**
 * Runs trackers and tells how they are.
 *
 * @example
 * ```ts
 * await this.trackers.run(OrderCountTracker);
 * ```
 */
export class TrackerService {
  /** @internal the module makes it */
  constructor(
    private readonly registry: TrackerRegistry,
    private readonly registrar: TrackerRegistrar,
    private readonly executor: TrackerExecutor,
    private readonly overview: TrackerOverview,
    private readonly runs: RunHistory,
    private readonly sources: SourceFinder,
    private readonly runner: TrackerRunner,
    private readonly verifier: TrackerVerifier,
    private readonly defaults: TrackerDefaults,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers a tracker in an application that runs, as the start does with those that it finds: one that is made with
   * `new` (one for each tenant, say), or a provider with `@Track` of a module that was loaded lazily. It is checked, runs
   * by its schedule, and has a history under its name. Register it in every replica, under the same name.
   *
   * @param options its name and schedule, and its source; they replace those of `@Track`
   * @returns the names of what was registered: all trackers of the provider, or none
   * @throws NotStartedError, InvalidTrackerError, DuplicateTrackerError, MissingScheduleModuleError, ShuttingDownError,
   * and what is wrong with a tracker
   * @example
   * const tracker = new CountObjectsByDateTracker({ metric, period: Period.DAY, dateField: 'createdAt', where: { tenant } });
   * await this.trackers.register(tracker, { name: `orders of ${tenant.ref}`, source: Order, every: '15 minutes' });
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
    await this.registrar.enter(trackers);
    return trackers.map(({ name }) => name);
  }

  /**
   * Ends a tracker in this process: it runs no more, and what it wrote stays. Resolves when a run in progress has ended.
   *
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError
   */
  async unregister(tracker: TrackerTarget): Promise<void> {
    await this.registrar.remove(this.registry.get(tracker, 'unregister'));
  }

  /**
   * Runs any tracker, registered or made with `new`, on a source. It is not entered into the history.
   *
   * @param source left out where the tracker has one itself
   * @param options `now`: what the run takes for now, default the clock's time; `from`, `to`: computes these dates,
   * both included, instead of what is due
   * @throws InvalidTrackerError, MissingSourceError, InvalidSourceError, InvalidPropertyPathError, InvalidRangeError
   * @example
   * const tracker = new CountObjectsByDateTracker({ metric: ORDER_COUNT, period: Period.DAY, dateField: 'createdAt' });
   * await this.trackers.track(tracker, Order);
   */
  async track<E extends ObjectLiteral>(
    tracker: AnyTracker<E>,
    source?: Source<NoInfer<E>>,
    options: Watching & {
      now?: Date | undefined;
      from?: LocalDateInput | undefined;
      to?: LocalDateInput | undefined;
    } = {},
  ): Promise<TrackResult> {
    const { now = this.clock(), from, to, onProgress, signal } = readCall('track', options);
    const { definition, sourced } = this.defined(tracker);
    const range = { from: dateOf(from, definition), to: dateOf(to, definition) };
    return this.executor.apart((shutdown) =>
      Cancellation.of({ signals: [shutdown, signal] }, async (cancellation) => {
        cancellation.check();
        const rows = await cancellation.during(this.sources.find(sourced, now, source));
        if (range.from !== undefined) {
          range.from = await this.runner.startOf(definition, rows, range.from, { now, cancellation });
        }
        return reported(await this.runner.run(definition, rows, { now, ...range, cancellation }), onProgress);
      }),
    );
  }

  /**
   * Runs a registered tracker now, into the history.
   *
   * @param tracker its name, its class, or `[class, 'method']`
   * @param options `now`: what the run takes for now; `signal`: cancels the run, on the server too, and rolls it back
   * @returns null where this process or another one is running it
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, RunTimeoutError, LeaseLostError,
   * ShuttingDownError, and what stops the run
   */
  async run(
    tracker: TrackerTarget,
    options: { now?: Date | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<TrackResult | null> {
    const { now, signal } = readCall('run', options);
    const outcome = await this.executor.tryNow(this.registry.get(tracker, 'run'), { slot: null, now, signal });
    return outcome.kind === 'succeeded' ? outcome.result : null;
  }

  /**
   * Computes a range of dates anew, whatever is stored, in steps each of which commits: a backfill that was aborted or
   * killed leaves the dates that it reported done. Without `to` it ends today and removes what lies after. While
   * another process runs the tracker, it waits.
   *
   * @param options `from`, `to`: dates, both included, or instants taken in the tracker's zone; `step`: days that one
   * transaction computes, default 366; `resume`: goes on where a backfill of the same `from` and `to` was interrupted;
   * `signal`: cancels the step in progress, which is rolled back
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, InvalidTrackerError for a method, InvalidRangeError,
   * SourceGoneError, NothingToResumeError, LeaseLostError, ShuttingDownError
   * @example
   * await this.trackers.backfill(OrderCountTracker, { from: '2024-01-01', onProgress: ({ fraction }) => bar.update(fraction) });
   */
  async backfill(
    tracker: TrackerTarget,
    options: Watching & {
      from: LocalDateInput;
      to?: LocalDateInput | undefined;
      step?: number | undefined;
      resume?: boolean | undefined;
    },
  ): Promise<TrackResult> {
    const registered = this.ofSource(tracker, 'backfill');
    const { definition } = registered;
    const { from, to, step, resume, signal, onProgress } = readCall('backfill', options);
    const range = { from: dateIn(from, definition), to: dateOf(to, definition), step, resume };
    return this.executor.next(registered, { slot: null, backfill: range, signal, onProgress });
  }

  /**
   * Compares stored statistics with a fresh computation by the source's rows as they are now, and writes nothing. By
   * default it looks at all that is covered. It reads the source once, and compares in slices between which the event
   * loop turns.
   *
   * @param options `from`, `to`: dates, both included; `onProgress`: called after each slice; `signal`: cancels, on the
   * server too: the call then rejects with the signal's reason
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, InvalidTrackerError for a method,
   * InvalidRangeError, VerificationOvertakenError, ShuttingDownError
   * @example
   * await this.trackers.verify(OrderCountTracker, { onProgress: ({ fraction }) => bar.update(fraction) });
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
    const registered = this.ofSource(tracker, 'verify');
    const { definition } = registered;
    const dates = datesOf(range, definition);
    return this.executor.apart((shutdown) =>
      Cancellation.of({ signals: [shutdown, signal] }, async (cancellation) => {
        cancellation.check();
        const source = await cancellation.during(this.sources.find(registered, this.clock()));
        return this.verifier.verify(definition, source, { ...dates, onProgress, cancellation });
      }),
    );
  }

  /**
   * Writes what `verify` finds: computes the range anew, by default all that is covered, in steps as `backfill` does.
   *
   * @param options `from`, `to`: dates, both included; `signal`: cancels the step in progress, which is rolled back
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, InvalidTrackerError for a method, InvalidRangeError,
   * SourceGoneError, LeaseLostError, ShuttingDownError
   */
  async repair(
    tracker: TrackerTarget,
    options: Watching & { from?: LocalDateInput | undefined; to?: LocalDateInput | undefined } = {},
  ): Promise<TrackResult> {
    const { onProgress, signal, ...range } = readCall('repair', options);
    const registered = this.ofSource(tracker, 'repair');
    const { definition } = registered;
    const source = await this.sources.find(registered, this.clock());
    const covered = await this.verifier.covered(definition, source);
    const { from, to } = datesOf(range, definition);
    const watching = { slot: null, signal, onProgress };
    if (covered === null) return this.executor.next(registered, watching);
    const repaired = { from: from ?? covered.from, to: to ?? covered.through };
    const backfill = { ...repaired, step: repairStep(repaired.from, repaired.to), resume: false };
    return this.executor.next(registered, { ...watching, backfill });
  }

  /** The trackers of the application, and how each one is. */
  async list(): Promise<TrackerInfo[]> {
    return this.overview.of(this.registry.all('list'));
  }

  /**
   * The runs of a registered tracker, the latest first.
   *
   * @param options `limit`: default 100
   */
  async history(tracker: TrackerTarget, options: { limit?: number | undefined } = {}): Promise<TrackerRun[]> {
    const { limit } = readCall('history', options);
    return this.runs.of(this.registry.get(tracker, 'history').name, limit);
  }

  private ofSource(tracker: TrackerTarget, call: string): SourceTracker {
    const registered = this.registry.get(tracker, call);
    if (registered.kind !== 'method') return registered;
    throw new InvalidTrackerError(
      registered.name,
      'it is a method, which knows of today only; there is no past to compute.',
    );
  }

  private defined(tracker: AnyTracker): { definition: TrackerDefinition; sourced: Sourced } {
    checkTracker(tracker);
    const type = tracker.constructor.name;
    const [declared] = classTracks(tracker.constructor);
    const own = constructorOptions(tracker);
    if (declared !== undefined && own !== undefined) {
      throw new InvalidTrackerError(type, 'it has its options twice, from @Track and in its constructor. Keep one.');
    }
    const given = own ?? (declared === undefined ? undefined : parted(declared).options);
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

/** Days that one transaction repairs: each reads the source, so a long history has no more than four of them. */
function repairStep(from: LocalDate, to: LocalDate): number {
  return Math.max(BACKFILL_STEP, Math.ceil((dayNumber(to) - dayNumber(from) + 1) / 4));
}

function dateOf(input: LocalDateInput | undefined, definition: TrackerDefinition): LocalDate | undefined {
  return input === undefined ? undefined : dateIn(input, definition);
}

function datesOf(
  { from, to }: { readonly from: LocalDateInput | undefined; readonly to: LocalDateInput | undefined },
  definition: TrackerDefinition,
): { from?: LocalDate; to?: LocalDate } {
  return {
    ...(from === undefined ? {} : { from: dateIn(from, definition) }),
    ...(to === undefined ? {} : { to: dateIn(to, definition) }),
  };
}

function dateIn(input: LocalDateInput, { timeZone }: TrackerDefinition): LocalDate {
  return input instanceof Date ? localDateAt(input, timeZone) : input;
}

function reported(result: TrackResult, onProgress: Watching['onProgress']): TrackResult {
  const { from, through, written } = result;
  onProgress?.({ date: through, from, to: through, fraction: 1, written });
  return result;
}
