import { setImmediate } from 'node:timers/promises';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { Cancellation } from '../../database/cancellation.js';
import type { Database } from '../../database/database.js';
import type { Dialect } from '../../database/dialects/dialect.js';
import { execute, type Work } from '../../database/work.js';
import { OvertakenError } from '../../errors/run.error.js';
import { PartialSpool, spooledSpec } from '../../rollup/partial-spool.js';
import { firstStagedDay, rollup, stagePartials } from '../../rollup/rollup.js';
import type { RollupEntry, RollupSpec, SourceScan } from '../../rollup/rollup-spec.js';
import type { Source } from '../../rollup/source.resolver.js';
import { firstStored, removeAfter } from '../../rollup/stored-rows.js';
import { dayNumber, fromDayNumber, type LocalDate, shiftDay } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import type { Clock } from '../../trackstats.tokens.js';
import { type LockedCoverages, lockCoverages, moveCoverages } from '../../coverage/coverage.store.js';
import {
  type ComputedRange,
  computedRanges,
  type CoveredRange,
  dueAt,
  isFirstRun,
  needsFirstDate,
  type PlannedEntry,
  type PlannedPeriod,
  planRun,
  type RequestedRange,
  type RunPlan,
} from '../source/run-plan.js';
import { scanOf, specOf } from '../source/run-spec.js';
import { explainOutOfRange } from '../source/out-of-range.js';
import { checkForms, firstScanned, refuseAmbiguousRows, SourceTypes } from '../source/source-checks.js';
import {
  firstDate,
  knownProbe,
  probed,
  probedScans,
  probeOf,
  withFirstDate,
  type SourceProbe,
} from '../source/source-probe.js';
import { refuseLoss } from '../source/source-start.js';
import { LONG_GAP, refuseStrayRows } from '../source/stray-rows.js';
import { type Outdated, pruneStep } from './outdated.js';
import { allComputed, readComputedRanges } from './tracker-coverage.js';
import { naturalKey } from '../definition/option.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import {
  fingerprintOf,
  type ResolvedEntry,
  type ResolvedTracker,
  trackerLabel,
  type TrackerResolver,
} from '../source/tracker.resolver.js';

/** The statistics of one metric in one scope, which a tracker computes. */
export interface TrackedStatistics {
  readonly metric: MetricTarget;
  readonly periods: readonly Period[];
  readonly scope: string;
}

/** The result of one run. */
export interface TrackResult {
  /** name of the tracker; null if it is not registered */
  tracker: string | null;
  /** first date that was computed */
  from: LocalDate;
  /** last date that was computed */
  through: LocalDate;
  /** number of rows inserted or changed */
  written: number;
  /** number of rows that no longer have a source, or are older than `keep` says */
  removed: number;
  durationMs: number;
}

export interface RunOptions extends RequestedRange {
  readonly now: Date;
  /**
   * last statements of each transaction of the run, so that history and statistics commit together
   *
   * @param isDone false if old statistics are still to be removed
   */
  readonly conclude?: ((result: TrackResult, isDone: boolean) => Work<void>) | undefined;
  /** false for a range whose next step follows. @default true */
  readonly prunes?: boolean | undefined;
  readonly cancellation?: Cancellation | undefined;
}

/** The result of a run's own transaction. */
interface Computed {
  readonly result: TrackResult;
  readonly outdated: readonly Outdated[];
}

/**
 * Runs one tracker once, in one transaction on the statistics' database: everything or nothing. Statistics that are older
 * than `keep` says are removed after it, in transactions of their own.
 */
export class TrackerRunner {
  private readonly types = new SourceTypes();

  constructor(
    private readonly database: Database,
    private readonly resolver: TrackerResolver,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks everything in a definition that can be checked without reading a row.
   *
   * @returns the statistics that the tracker computes
   * @throws the errors of `TrackerResolver.resolve`, and SessionSettingError
   */
  async check(definition: TrackerDefinition, source: Source): Promise<TrackedStatistics[]> {
    const { entries, sourceDatabase } = this.resolver.resolve(definition, source);
    await sourceDatabase.checkSession();
    return entries.map(({ metric, periods, target: { scope } }) => ({ metric, periods, scope }));
  }

  /**
   * Computes the dates that are due, or a range.
   *
   * @throws the errors of `check`, and ClockBehindError, DefinitionChangedError, InvalidRangeError, SourceGoneError,
   * StrayRowsError, AmbiguousRelationError, OutOfRangeError
   */
  async run(definition: TrackerDefinition, source: Source, options: RunOptions): Promise<TrackResult> {
    const tracker = this.resolver.resolve(definition, source);
    try {
      const started = this.clock().getTime();
      return await this.prune(await this.runResolved(tracker, options, started), options, started);
    } catch (error) {
      const drivers = [this.database.driver, tracker.sourceDatabase.driver];
      throw drivers.some((driver) => driver.isOutOfRange(error)) ? await explainOutOfRange(tracker, error) : error;
    }
  }

  private runResolved(tracker: ResolvedTracker, options: RunOptions, started: number): Promise<Computed> {
    if (tracker.sourceDatabase !== this.database) return this.runAcross(tracker, options, started);
    const probe = probeOf(this.database.dialect, tracker, options.now);
    const { cancellation } = options;
    return this.database.transaction(() => this.inTransaction(tracker, options, started, probe), { cancellation });
  }

  /**
   * Returns the first date to compute for a range that a call asks for. If that is more than ten years before the first
   * row, there is nothing to compute in between, and the range begins with the rows.
   *
   * @throws StrayRowsError
   */
  async startOf(
    definition: TrackerDefinition,
    source: Source,
    from: LocalDate,
    { now, cancellation }: Pick<RunOptions, 'now' | 'cancellation'>,
  ): Promise<LocalDate> {
    const tracker = this.resolver.resolve(definition, source);
    const { sourceDatabase } = tracker;
    const today = localDateAt(now, definition.timeZone);
    if (definition.since !== null) return [from, [definition.since, today].sort()[0] ?? from].sort()[1] ?? from;
    const first = await sourceDatabase.transaction(() => firstDate(sourceDatabase.dialect, tracker, now, from), {
      cancellation,
    });
    await sourceDatabase.transaction(() => refuseStrayRows(sourceDatabase.dialect, tracker, now, first, false), {
      cancellation,
    });
    const coverage = await this.database.transaction(() => readComputedRanges(this.database, tracker), {
      cancellation,
    });
    const [begin = today] = [first ?? today, ...allComputed(coverage).map((covered) => covered.from)].sort();
    return dayNumber(begin) - dayNumber(from) > LONG_GAP ? begin : from;
  }

  /**
   * Reads the source's partials first, for the coverage at that time, and then writes them in a transaction. If another
   * run has moved the coverage meanwhile, it reads them again.
   */
  private async runAcross(tracker: ResolvedTracker, options: RunOptions, started: number): Promise<Computed> {
    const { sourceDatabase } = tracker;
    const { cancellation } = options;
    await sourceDatabase.checkSession();
    await sourceDatabase.read(() => this.types.refuseOthers(sourceDatabase.dialect, tracker), { cancellation });
    for (let attempt = 1; ; attempt++) {
      const probe = await sourceDatabase.read(() => probed(probeOf(sourceDatabase.dialect, tracker, options.now)), {
        cancellation,
      });
      // not `read`: a replica may lag behind the coverage that the transaction below will find
      const coverage = await this.database.transaction(() => readComputedRanges(this.database, tracker), {
        cancellation,
      });
      const now = instantOf(tracker.definition, options, coverage);
      const planned = this.plannedEntries(tracker, coverage);
      if (needsFirstDate(planned, options)) {
        await sourceDatabase.read(() => refuseStray(sourceDatabase.dialect, tracker, now, probe), { cancellation });
      }
      const scans = await this.database.transaction(() => this.scans(tracker, planned, { ...options, now }, probe), {
        cancellation,
      });
      const from = isFirstRun(planned) ? null : firstScanned(scans);
      await sourceDatabase.read(() => checkForms(sourceDatabase.dialect, tracker, from), { cancellation });
      await sourceDatabase.read(() => refuseAmbiguousRows(sourceDatabase.dialect, tracker, scans), { cancellation });
      const spool = await PartialSpool.from(sourceDatabase, scans, { cancellation });
      try {
        cancellation?.check();
        return await this.database.transaction(
          () => this.inTransaction(tracker, options, started, probe, { scans, spool }),
          { cancellation },
        );
      } catch (error) {
        if (!(error instanceof OvertakenError) || attempt >= OVERTAKEN_LIMIT) throw error;
      } finally {
        spool.remove();
      }
    }
  }

  private plannedEntries(
    tracker: ResolvedTracker,
    coverage: readonly ReadonlyMap<Period, CoveredRange>[],
  ): PlannedEntry[] {
    return tracker.entries.map((entry, index) => ({
      ...entry,
      fingerprint: (period, timeZone) => fingerprintOf(tracker, entry, period, timeZone),
      coverage: coverage[index] ?? new Map<Period, CoveredRange>(),
    }));
  }

  private *scans(
    tracker: ResolvedTracker,
    entries: readonly PlannedEntry[],
    options: RunOptions,
    probe: SourceProbe,
  ): Work<SourceScan[]> {
    const { plan, firstDate } = yield* this.plan(tracker, entries, options, probe);
    const scans = yield* probedScans(tracker, plan, { now: options.now, firstDate }, probe);
    return scans.filter((scan) => scan !== null);
  }

  private *inTransaction(
    tracker: ResolvedTracker,
    given: RunOptions,
    started: number,
    probe: SourceProbe,
    across?: { scans: readonly SourceScan[]; spool: PartialSpool },
  ): Work<Computed> {
    const { dialect } = this.database;
    const locked = yield* this.lock(tracker);
    const coverage = locked.map(({ coverages }) => computedRanges(coverages));
    const entries = this.plannedEntries(tracker, coverage);
    const options = { ...given, now: instantOf(tracker.definition, given, coverage) };
    const isFirst = isFirstRun(entries);
    if (across === undefined) yield* this.types.refuseOthers(dialect, tracker);
    if (across === undefined && isFirst) yield* checkForms(dialect, tracker, null);
    let first = across === undefined ? yield* this.stageFirstScan(tracker, entries, options, probe) : probe;
    const isStaged = first !== probe;
    if (across === undefined && needsFirstDate(entries, options)) {
      const date = yield* first.firstDate();
      yield* refuseStrayRows(dialect, tracker, options.now, date, isStaged);
      first = withFirstDate(first, date);
    }
    const { plan, firstDate } = yield* this.plan(tracker, entries, options, first);
    const scans = yield* probedScans(tracker, plan, { now: options.now, firstDate }, probe);
    const read = scans.filter((scan) => scan !== null);
    if (across === undefined && !isFirst) {
      yield* checkForms(dialect, tracker, firstScanned(read));
    }
    if (across !== undefined && !areSameScans(read, across.scans))
      throw new OvertakenError(trackerLabel(tracker.definition));
    if (across === undefined) yield* refuseAmbiguousRows(dialect, tracker, read);
    const metricIds = locked.map(({ metricId }) => metricId);
    const resolved = yield* specOf(dialect, tracker, metricIds, scans, plan);
    const spec = across === undefined ? resolved : spooledSpec(resolved);
    yield* refuseLoss(dialect, tracker, spec, options, first);
    if (across !== undefined) yield* across.spool.stage(dialect, spec.scans);
    const { written, removed } = yield* rollup(dialect, spec, isStaged || across !== undefined);
    const ahead = yield* this.removeAhead(spec, plan);
    const outdated = yield* this.moveCoverages(tracker, spec, plan, options.now);
    const result = {
      tracker: tracker.definition.name,
      from: plan.from,
      through: plan.through,
      written,
      removed: removed + ahead,
      durationMs: this.clock().getTime() - started,
    };
    const pruned = options.prunes === false ? [] : outdated;
    if (options.conclude !== undefined) yield* options.conclude(result, pruned.length === 0);
    return { result, outdated: pruned };
  }

  /** Removes statistics that are older than `keep` says, in steps that each commit. */
  private async prune(
    { result: computed, outdated }: Computed,
    { conclude, cancellation }: RunOptions,
    started: number,
  ): Promise<TrackResult> {
    let result = computed;
    for (const [index, one] of outdated.entries()) {
      for (let [isFirst, isLast] = [true, false]; !isLast; isFirst = false) {
        // on a driver that is synchronous nothing else is heard before the last step: no signal, no heartbeat
        await setImmediate();
        cancellation?.check();
        const step = await this.database.transaction(
          () => this.pruneStep(one, isFirst, index === outdated.length - 1, { before: result, started, conclude }),
          { cancellation },
        );
        ({ result, isLast } = step);
      }
    }
    return result;
  }

  private *pruneStep(
    outdated: Outdated,
    isFirst: boolean,
    isLastOne: boolean,
    { before, started, conclude }: Pick<RunOptions, 'conclude'> & { before: TrackResult; started: number },
  ): Work<{ result: TrackResult; isLast: boolean }> {
    const { removed, isLast } = yield* pruneStep(this.database, outdated, isFirst);
    const durationMs = this.clock().getTime() - started;
    const result = { ...before, removed: before.removed + removed, durationMs };
    if (conclude !== undefined) yield* conclude(result, isLast && isLastOne);
    return { result, isLast };
  }

  /** Locks the coverages of all entries, in one order, so that two runs cannot wait for each other. */
  private *lock({ entries }: ResolvedTracker): Work<LockedCoverages[]> {
    const order = entries
      .map(({ metric, target: { scope } }, index) => ({ index, key: `${naturalKey(metric)} ${scope}` }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const locked: LockedCoverages[] = [];
    for (const { index } of order) {
      const { metric, periods, target, aggregate } = entries[index] as ResolvedEntry;
      const wanted = { periods, scope: target.scope, kind: aggregate.function };
      locked[index] = yield* lockCoverages(this.database, metric, wanted);
    }
    return locked;
  }

  /**
   * Stages the partials before the plan is made. A first run reads the whole source and needs to know where it begins,
   * which without an index would take another scan.
   */
  private *stageFirstScan(
    tracker: ResolvedTracker,
    entries: readonly PlannedEntry[],
    options: RunOptions,
    probe: SourceProbe,
  ): Work<SourceProbe> {
    const { dialect } = this.database;
    const { definition, sources, base } = tracker;
    const today = localDateAt(options.now, definition.timeZone);
    const whole = { scanFrom: DATED_FROM, scanBase: true, scanThrough: dayNumber(today) };
    const [source, ...others] = sources;
    // several scans are staged together, for one snapshot; and one of rows that meet conditions does not say where all begin
    const isWhole = others.length === 0 && (source === base || tracker.definition.entries.length > 1);
    if (
      !isWhole ||
      !dialect.stagesFirstScan(base.clock, source !== undefined && source.keys.length > 0) ||
      !needsFirstDate(entries, { from: options.from, to: options.to }) ||
      (yield* probe.countsByIndex())
    )
      return probe;
    const scan = scanOf(tracker, 0, whole, { now: options.now, countsByIndex: false });
    yield* stagePartials(dialect, { scans: [scan], entries: [] });
    const day = yield* firstStagedDay(scan);
    if (day === null || day >= DATED_FROM) return knownProbe(day === null ? null : fromDayNumber(day), false);
    yield* execute(dialect.dropStaged(scan.partials));
    return probe;
  }

  private *plan(
    tracker: ResolvedTracker,
    entries: readonly PlannedEntry[],
    { now, from, to, stepOf }: RunOptions,
    probe: SourceProbe,
  ): Work<{ plan: RunPlan; firstDate: LocalDate | null }> {
    const { definition } = tracker;
    const requested = { from, to, stepOf };
    const firstDate = needsFirstDate(entries, requested) ? yield* probe.firstDate() : null;
    const today = localDateAt(now, definition.timeZone);
    const plan = planRun({ definition, tracker: trackerLabel(definition), entries, today, requested, firstDate });
    return { plan, firstDate };
  }

  /** Returns what is then covered and older than `keep` says. */
  private *moveCoverages(tracker: ResolvedTracker, spec: RollupSpec, plan: RunPlan, now: Date): Work<Outdated[]> {
    const { timeZone } = tracker.definition;
    const outdated: Outdated[] = [];
    for (const entry of spec.entries) {
      const { target, aggregate } = tracker.entries[entry.index] as ResolvedEntry;
      const covered = new Map<Period, CoveredRange>();
      for (const planned of plan.entries[entry.index] ?? []) {
        const from = yield* this.coveredFrom(entry, planned);
        covered.set(planned.period, { ...planned.covered, from });
        const { period, keptFrom } = planned;
        if (keptFrom !== null && from < keptFrom) outdated.push({ entry, scope: target.scope, period, keptFrom });
      }
      const key = { metricId: entry.metricId, scope: target.scope };
      yield* moveCoverages(this.database, key, covered, { timeZone, kind: aggregate.function, computedAt: now });
    }
    return outdated;
  }

  /** Extends the coverage only if a lookback before it finds late rows there. */
  private *coveredFrom(entry: RollupEntry, planned: PlannedPeriod): Work<LocalDate> {
    const { coveredSince, covered } = planned;
    if (coveredSince === null) return covered.from;
    const first = yield* firstStored(this.database.dialect, entry, { ...planned, through: shiftDay(coveredSince, -1) });
    return first ?? fromDayNumber(coveredSince);
  }

  /** Removes the rows that a clock that was ahead has written after a range that ends today. */
  private *removeAhead(spec: RollupSpec, plan: RunPlan): Work<number> {
    let removed = 0;
    for (const entry of spec.entries) {
      for (const period of plan.entries[entry.index] ?? []) {
        if (period.lastKept === null) continue;
        removed += yield* removeAfter(this.database.dialect, entry, period, period.lastKept);
      }
    }
    return removed;
  }
}

function* refuseStray(dialect: Dialect, tracker: ResolvedTracker, now: Date, probe: SourceProbe): Work<void> {
  yield* refuseStrayRows(dialect, tracker, now, yield* probe.firstDate(), false);
}

const OVERTAKEN_LIMIT = 5;

/** The first day that a full scan tells apart. Earlier rows are few, and have zones with odd seconds. */
const DATED_FROM = dayNumber('1970-01-01');

function instantOf(
  { timeZone }: TrackerDefinition,
  { now, from, to }: RunOptions,
  coverage: readonly ReadonlyMap<Period, ComputedRange>[],
): Date {
  return from === undefined && to === undefined ? dueAt(now, timeZone, allComputed(coverage)) : now;
}

function areSameScans(some: readonly SourceScan[], others: readonly SourceScan[]): boolean {
  const bounds = (scans: readonly SourceScan[]): string =>
    JSON.stringify(
      scans.map(({ partials, scanFrom, scanBase, scanThrough }) => [partials, scanFrom, scanBase, scanThrough]),
    );
  return bounds(some) === bounds(others);
}
