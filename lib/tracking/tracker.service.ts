import type { ObjectLiteral } from 'typeorm';
import { InvalidTrackerError } from '../errors/tracker.error.js';
import type { Source } from '../rollup/source.resolver.js';
import { parseLocalDate, type LocalDate, type LocalDateInput } from '../time/local-date.js';
import { localDateAt } from '../time/time-zone.js';
import type { Clock } from '../trackstats.tokens.js';
import { defineTracker, type TrackerDefaults } from './define-tracker.js';
import type { Progress } from './progress.js';
import type { RunHistory } from './run-history.js';
import type { Sourced, SourceFinder } from './source.finder.js';
import { classTracks, parted } from './track-metadata.js';
import type { TrackerDefinition } from './tracker-definition.js';
import type { TrackerExecutor } from './tracker.executor.js';
import type { TrackerInfo, TrackerOverview } from './tracker-overview.js';
import type { TrackerRegistry, TrackerTarget } from './tracker.registry.js';
import type { TrackerRun } from './tracker-run.js';
import type { TrackerRunner, TrackResult } from './tracker.runner.js';
import { constructorOptions, kindOf, type AnyTracker } from './tracker.js';

interface Watching {
  onProgress?: (progress: Progress) => void;
  /** stops the run before it writes: the call then rejects with the signal's reason */
  signal?: AbortSignal;
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
  constructor(
    private readonly registry: TrackerRegistry,
    private readonly executor: TrackerExecutor,
    private readonly overview: TrackerOverview,
    private readonly runs: RunHistory,
    private readonly sources: SourceFinder,
    private readonly runner: TrackerRunner,
    private readonly defaults: TrackerDefaults,
    private readonly clock: Clock,
  ) {}

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
    options: Watching & { now?: Date; from?: LocalDateInput; to?: LocalDateInput } = {},
  ): Promise<TrackResult> {
    const { definition, sourced } = this.defined(tracker);
    const { now = this.clock(), from, to, onProgress, signal } = options;
    const range = { from: dateOf(from, definition), to: dateOf(to, definition) };
    return this.executor.once(async () => {
      signal?.throwIfAborted();
      const rows = await this.sources.find(sourced, now, source as Source | undefined);
      signal?.throwIfAborted();
      return reported(await this.runner.run(definition, rows, { now, ...range }), onProgress);
    });
  }

  /**
   * Runs a registered tracker now, into the history.
   *
   * @param tracker its name, its class, or `[class, 'method']`
   * @returns null where it is running already
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, and what stops the run
   */
  async run(tracker: TrackerTarget, options: { now?: Date } = {}): Promise<TrackResult | null> {
    return this.executor.tryNow(this.registry.get(tracker, 'run'), { slot: null, now: options.now });
  }

  /**
   * Computes a range of dates anew, whatever is stored. Without `to` it ends today and removes what lies after.
   *
   * @param options `from`, `to`: dates, both included, or instants taken in the tracker's zone
   * @throws NotStartedError, UnknownTrackerError, AmbiguousTrackerError, InvalidTrackerError for a method, InvalidRangeError
   */
  async backfill(
    tracker: TrackerTarget,
    options: Watching & { from: LocalDateInput; to?: LocalDateInput },
  ): Promise<TrackResult> {
    const registered = this.registry.get(tracker, 'backfill');
    if (registered.kind === 'method') {
      throw new InvalidTrackerError(registered.name, 'it is a method, which knows of today only; there is no past to compute.');
    }
    const { definition } = registered;
    const range = { from: parsedDate(options.from, definition), to: dateOf(options.to, definition) };
    const result = await this.executor.next(registered, { slot: null, ...range, signal: options.signal });
    return reported(result, options.onProgress);
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
  async history(tracker: TrackerTarget, options: { limit?: number } = {}): Promise<TrackerRun[]> {
    return this.runs.of(this.registry.get(tracker, 'history').name, options.limit ?? 100);
  }

  private defined(tracker: AnyTracker): { definition: TrackerDefinition; sourced: Sourced } {
    const type = tracker.constructor.name;
    const [declared] = classTracks(tracker.constructor);
    const own = constructorOptions(tracker);
    if (declared !== undefined && own !== undefined) {
      throw new InvalidTrackerError(type, 'it has its options twice, from @Track and in its constructor. Keep one.');
    }
    const given = own ?? (declared === undefined ? undefined : parted(declared).options);
    if (given === undefined) {
      throw new InvalidTrackerError(type, `it has no options. Give them to its constructor, new ${type}({ metric, period, dateField }), or to @Track.`);
    }
    const name = this.registry.nameOf(tracker);
    const definition = defineTracker({ kind: kindOf(tracker), name, type }, given, this.defaults);
    return { definition, sourced: { name: name ?? type, tracker, options: given } };
  }
}

function dateOf(input: LocalDateInput | undefined, definition: TrackerDefinition): LocalDate | undefined {
  return input === undefined ? undefined : parsedDate(input, definition);
}

function parsedDate(input: LocalDateInput, { timeZone }: TrackerDefinition): LocalDate {
  return input instanceof Date ? localDateAt(input, timeZone) : parseLocalDate(input);
}

function reported(result: TrackResult, onProgress: Watching['onProgress']): TrackResult {
  const { from, through, written } = result;
  onProgress?.({ date: through, from, to: through, fraction: 1, written });
  return result;
}
