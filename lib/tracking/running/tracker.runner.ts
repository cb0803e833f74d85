import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type MetricTarget, naturalKey } from '../../catalog/definitions.js';
import type { Cancellation } from '../../database/cancellation.js';
import type { Database } from '../../database/database.js';
import type { Dialect, LoneWrite, ReplaceCounts } from '../../database/dialects/dialect.js';
import {
  execute,
  joinsDeferred,
  type Statement,
  statementsOf,
  type Work,
  withoutStatements,
} from '../../database/work.js';
import { OvertakenError } from '../../errors/run.error.js';
import { PartialSpool, spooledSpec } from '../../rollup/partial-spool.js';
import { compareLifetime } from '../../rollup/compare-lifetime.js';
import { firstStagedDay, loneRollup, rollup, stagePartials } from '../../rollup/rollup.js';
import type { RollupEntry, RollupSpec, SourceScan } from '../../rollup/rollup-spec.js';
import { isPlainSource, type Source } from '../../rollup/source.resolver.js';
import { firstStored, removeAfter } from '../../rollup/stored-rows.js';
import {
  addDays,
  dayNumber,
  FIRST_DAY,
  fromDayNumber,
  laterDay,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import type { Clock } from '../../trackstats.tokens.js';
import type { CoverageKey, CoverageValues } from '../../coverage/coverage.js';
import {
  coveragesValue,
  expectedCoverages,
  type LockedCoverages,
  lockCoverages,
  readCoveragesValue,
  type WantedCoverages,
  writeCoverages,
  writeDriftOf,
} from '../../coverage/coverage.store.js';
import { type DriftStep, moveDrift, totalDrift, writeDrift } from '../../coverage/drift.js';
import {
  type ComputedRange,
  computedRanges,
  dueAt,
  isFirstRun,
  needsFirstDate,
  type PlannedEntry,
  type PlannedPeriod,
  planRun,
  type Recount,
  type RequestedRange,
  type RunPlan,
} from '../source/run-plan.js';
import { firstRecountedSecond, hasTimes } from '../source/recounted-seconds.js';
import { scanOf, rollupSpecOf } from '../source/run-spec.js';
import { explainOutOfRange } from '../source/out-of-range.js';
import { checkForms, firstScanned, refuseAmbiguousRows, SourceTypes } from '../source/source-checks.js';
import {
  firstDate,
  firstDateNear,
  knownProbe,
  LONG_GAP,
  probed,
  probedScans,
  probeOf,
  withFirstDate,
  type SourceProbe,
} from '../source/source-probe.js';
import { refuseLoss } from '../source/source-start.js';
import { refuseStrayRows } from '../source/stray-rows.js';
import { type Outdated, pruneStep } from './outdated.js';
import { allComputed, plannedEntries, readComputedRanges } from './tracker-coverage.js';
import { driftOf, type TrackerDrift } from './tracker-drift.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import {
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

/** The result of a run whose rows are counted by the statement that writes them. */
export type UncountedResult = Omit<TrackResult, keyof ReplaceCounts | 'durationMs'> & ReplaceCounts;

export interface RunOptions extends RequestedRange {
  readonly now: Date;
  /** closed dates to count again as well, of a run of the dates that are due */
  readonly recount?: Recount | null | undefined;
  /** receives the drift that the run has found, once it is committed */
  readonly onDrift?: ((drift: DriftReport) => void) | undefined;
  /**
   * last statements of each transaction of the run, so that history and statistics commit together
   *
   * @param isDone false if old statistics are still to be removed
   */
  readonly conclude?: ((result: TrackResult, isDone: boolean) => Work<void>) | undefined;
  /**
   * the same of a run that is one statement: each of these is a part of it, and none reads what another one writes. Absent
   * for runs that have several transactions
   */
  readonly concludeAlone?: ((result: UncountedResult) => Work<void>) | undefined;
  /** the value that `coverageRead` has asked for, as it was when the run was recorded */
  readonly coverage?: { readonly read: CoverageRead; readonly value: unknown } | undefined;
  /** false for a range whose next step follows. @default true */
  readonly prunes?: boolean | undefined;
  readonly cancellation?: Cancellation | undefined;
}

/** What a run has found of closed dates. */
export interface DriftReport {
  /** with `history: 'current'`, what it found and corrected; otherwise the drift after it, if that is another than before */
  readonly drift: readonly TrackerDrift[];
  /** the first closed date that was counted again; null if closed dates stay as they are recorded */
  readonly repairedFrom: LocalDate | null;
}

/** Days before the dates that are due at which a run looks for a date whose LIFETIME value is right; then at all. */
const LOOKS = [31, 366] as const;

const EVERYTHING = fromDayNumber(FIRST_DAY);

/** Ends a transaction whose range does not begin early enough: LIFETIME before it is not as the source has it. */
class BaseDiffersError extends Error {
  constructor(
    /** the first date of the range */
    readonly from: LocalDate,
    readonly drift: readonly TrackerDrift[],
  ) {
    super('LIFETIME before the range differs from the source');
  }
}

/**
 * Runs one tracker once, in one transaction on the statistics' database: everything or nothing. Statistics that are older
 * than `keep` says are removed after it, in transactions of their own.
 */
export class TrackerRunner {
  private readonly types = new SourceTypes();
  private readonly resolvedBefore = new WeakMap<TrackerDefinition, { source: Source; tracker: ResolvedTracker }>();
  /** the last run of each tracker in this process: another tracker may later have its name */
  private readonly lastRuns = new WeakMap<TrackerDefinition, LastRun>();

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
    const tracker = this.resolved(definition, source);
    try {
      const started = this.clock().getTime();
      const computed = await this.lookBack(tracker, options, started);
      const { durationMs } = computed.result;
      if (tracker.sourceDatabase === this.database)
        this.lastRuns.set(definition, { durationMs, wanted: wantedOf(tracker).inOrder });
      return await this.prune(computed, options, started);
    } catch (error) {
      const drivers = [this.database.driver, tracker.sourceDatabase.driver];
      throw drivers.some((driver) => driver.isOutOfRange(error)) ? await explainOutOfRange(tracker, error) : error;
    }
  }

  /**
   * Runs from an earlier date, as long as LIFETIME before the range is not as the source has it: a month earlier, a
   * year, and then from the first date on.
   */
  private async lookBack(tracker: ResolvedTracker, options: RunOptions, started: number): Promise<Computed> {
    let recount = options.recount ?? null;
    let first: BaseDiffersError | undefined;
    for (let look = 0; ; look++) {
      try {
        const computed = await this.runResolved(tracker, { ...options, recount }, started);
        const report = first === undefined ? computed.drift : repaired(first, computed.result);
        if (report !== null) options.onDrift?.(report);
        return computed;
      } catch (error) {
        if (!(error instanceof BaseDiffersError)) throw error;
        first ??= error;
        const days = LOOKS[look];
        recount =
          days === undefined
            ? await this.everything(tracker, options)
            : { from: daysBefore(first.from, days), sourceFrom: recount?.sourceFrom ?? null };
      }
    }
  }

  /** Returns the recount of every date, also of those before the first one that is covered, if rows are found there. */
  private async everything(
    tracker: ResolvedTracker,
    { now, cancellation }: Pick<RunOptions, 'now' | 'cancellation'>,
  ): Promise<Recount> {
    const { sourceDatabase } = tracker;
    const coverage = await this.database.transaction(() => readComputedRanges(this.database, tracker), {
      cancellation,
    });
    const [covered = null] = allComputed(coverage)
      .map(({ from }) => from)
      .sort();
    const sourceFrom = await sourceDatabase.read(() => firstDateNear(sourceDatabase.dialect, tracker, now, covered), {
      cancellation,
    });
    return { from: EVERYTHING, sourceFrom };
  }

  /** Resolves a definition once for a plain source. What a function returns may be another query each time. */
  private resolved(definition: TrackerDefinition, source: Source): ResolvedTracker {
    const known = this.resolvedBefore.get(definition);
    if (known !== undefined && known.source === source) return known.tracker;
    const tracker = this.resolver.resolve(definition, source);
    const conditions = [definition.where, ...definition.entries.map(({ where }) => where)];
    const isPlain = isPlainSource(source) && conditions.every((where) => typeof where !== 'function');
    if (isPlain) this.resolvedBefore.set(definition, { source, tracker });
    return tracker;
  }

  private async runResolved(tracker: ResolvedTracker, options: RunOptions, started: number): Promise<Computed> {
    if (tracker.sourceDatabase !== this.database) return this.runAcross(tracker, options, started);
    const probe = probeOf(this.database.dialect, tracker, options.now);
    const { cancellation } = options;
    return (
      (await this.runAlone(tracker, options, started, probe)) ??
      this.database.transaction(() => this.inTransaction(tracker, options, started, probe), { cancellation })
    );
  }

  /**
   * Returns the coverages of a tracker as one value of a statement, for `coverage` of a run. Returns null if its next run
   * is no single statement: the plan of one is made with the session's settings, which a long run does not rely on.
   */
  coverageRead(definition: TrackerDefinition): CoverageRead | null {
    const last = this.lastRuns.get(definition);
    if (last === undefined || last.durationMs > LONGEST_ALONE || last.wanted.length > MOST_ALONE) return null;
    if (!this.database.commitsAlone) return null;
    return { wanted: last.wanted, value: coveragesValue(this.database, last.wanted) };
  }

  /**
   * Runs in one statement that commits by itself, made for the coverage as it was read before. Returns null if it has not
   * done so: because the run needs several statements, or because the coverage or the lease has changed meanwhile, or the
   * server refused it. In a transaction it then succeeds, or fails with its reason.
   */
  private async runAlone(
    tracker: ResolvedTracker,
    options: RunOptions,
    started: number,
    probe: SourceProbe,
  ): Promise<Computed | null> {
    const { cancellation, coverage, concludeAlone, from, to, recount = null } = options;
    if (typeof coverage?.value !== 'string' || concludeAlone === undefined) return null;
    if (from !== undefined || to !== undefined || recount !== null) return null;
    const wanted = wantedOf(tracker);
    // a source that is found at each run may be of another entity, whose objects have another scope
    if (!isDeepStrictEqual(wanted.inOrder, coverage.read.wanted)) return null;
    const locked = readCoveragesValue(this.database, wanted.inOrder, coverage.value);
    const lone =
      locked === null ? null : this.loneRun(tracker, options, inPlaces(wanted, locked), probe, concludeAlone);
    if (lone === null) return null;
    const rows = await this.database.commitAlone(lone.statementOf, { cancellation });
    const [counts] = rows ?? [];
    if (counts === undefined) return null;
    const result = {
      ...lone.range,
      written: Number(counts['written']),
      removed: Number(counts['removed']),
      durationMs: this.clock().getTime() - started,
    };
    return { result, outdated: [], drift: null };
  }

  /** Returns null for a run that takes several statements, or that does not begin: in a transaction it says why. */
  private loneRun(
    tracker: ResolvedTracker,
    options: RunOptions,
    locked: readonly LockedCoverages[],
    probe: SourceProbe,
    concludeAlone: NonNullable<RunOptions['concludeAlone']>,
  ): LoneRun | null {
    const { dialect } = this.database;
    const prepared = planned(this.prepare(tracker, options, locked, probe));
    if (prepared === null || prepared.isStaged) return null;
    const { spec, plan, coverage } = prepared;
    if (comparedBases(tracker.definition, plan, coverage, options).length > 0) return null;
    if (plan.entries.flat().some(({ lastKept }) => lastKept !== null)) return null;
    const moved = planned(this.movedCoverages(tracker, spec, plan, prepared.options.now));
    if (moved === null || moved.outdated.length > 0) return null;
    // a drift is written by a statement of its own
    if (withoutStatements(this.moveDrifts(tracker, spec, plan, coverage, [])) === null) return null;
    const replaced = loneRollup(dialect, spec);
    if (replaced === null) return null;
    const range = { tracker: tracker.definition.name, from: plan.from, through: plan.through };
    const writes = (counts: ReplaceCounts): LoneWrite[] =>
      [...statementsOf(this.writeMoved(moved)), ...statementsOf(concludeAlone({ ...range, ...counts }))].map(
        (statement) => ({ statement, isRequired: joinsDeferred(statement) }),
      );
    const expected = expectedCoverages(
      this.database,
      locked.flatMap(({ coverages }) => coverages),
    );
    return { range, statementOf: (label) => dialect.replaceAlone({ ...replaced, expected, writes, label }) };
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
      const now = instantOf(tracker, options, coverage);
      const planned = plannedEntries(tracker, coverage);
      if (needsFirstDate(planned, options)) {
        await sourceDatabase.read(() => refuseStray(sourceDatabase.dialect, tracker, now, probe), { cancellation });
      }
      const scans = await this.database.transaction(
        () => this.scans(tracker, planned, { ...options, now, given: options.now }, probe),
        {
          cancellation,
        },
      );
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

  private *scans(
    tracker: ResolvedTracker,
    entries: readonly PlannedEntry[],
    options: TimedOptions,
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
    across?: AcrossRun,
  ): Work<Computed> {
    const { dialect } = this.database;
    const locked = yield* this.lock(tracker);
    const { spec, plan, coverage, options, isStaged } = yield* this.prepare(tracker, given, locked, probe, across);
    if (across !== undefined) yield* across.spool.stage(dialect, spec.scans);
    const compared = comparedBases(tracker.definition, plan, coverage, options);
    if (compared.length > 0 && !isStaged && across === undefined) yield* stagePartials(dialect, spec);
    const bases = yield* this.compareBases(spec, compared);
    refuseOtherBases(tracker, plan, options, bases);
    const { written, removed } = yield* rollup(dialect, spec, isStaged || across !== undefined || compared.length > 0);
    const ahead = yield* this.removeAhead(spec, plan);
    const moved = yield* this.movedCoverages(tracker, spec, plan, options.now);
    yield* this.writeMoved(moved);
    const drift = yield* this.moveDrifts(tracker, spec, plan, coverage, bases);
    const result = {
      tracker: tracker.definition.name,
      from: plan.from,
      through: plan.through,
      written,
      removed: removed + ahead,
      durationMs: this.clock().getTime() - started,
    };
    const pruned = options.prunes === false ? [] : moved.outdated;
    if (options.conclude !== undefined) yield* options.conclude(result, pruned.length === 0);
    return { result, outdated: pruned, drift };
  }

  /** Checks the source, and decides what the run computes, for coverages as they are stored. Writes no statistics. */
  private *prepare(
    tracker: ResolvedTracker,
    given: RunOptions,
    locked: readonly LockedCoverages[],
    probe: SourceProbe,
    across?: AcrossRun,
  ): Work<PreparedRun> {
    const { dialect } = this.database;
    const coverage = locked.map(({ coverages }) => computedRanges(coverages));
    const entries = plannedEntries(tracker, coverage);
    const options = { ...given, now: instantOf(tracker, given, coverage), given: given.now };
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
    const resolved = yield* rollupSpecOf(dialect, tracker, metricIds, scans, plan);
    const spec = across === undefined ? resolved : spooledSpec(resolved);
    yield* refuseLoss(dialect, tracker, spec, options, first);
    return { spec, plan, coverage, options, isStaged };
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

  /** Locks the coverages of all entries. */
  private *lock(tracker: ResolvedTracker): Work<LockedCoverages[]> {
    const wanted = wantedOf(tracker);
    return inPlaces(wanted, yield* lockCoverages(this.database, wanted.inOrder));
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
    const whole = { scanFrom: DATED_FROM, fromSecond: null, scanBase: true, scanThrough: dayNumber(today) };
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
    const periods = tracker.entries.flatMap((entry) => entry.periods);
    const scan = scanOf(tracker, 0, whole, { now: options.now, countsByIndex: false, periods });
    yield* stagePartials(dialect, { scans: [scan], entries: [] });
    const day = yield* firstStagedDay(scan);
    if (day === null || day >= DATED_FROM) return knownProbe(day === null ? null : fromDayNumber(day), false);
    yield* execute(dialect.dropStaged(scan.partials));
    return probe;
  }

  private *plan(
    tracker: ResolvedTracker,
    entries: readonly PlannedEntry[],
    { now, given, from, to, stepOf, recount: wanted = null }: TimedOptions,
    probe: SourceProbe,
  ): Work<{ plan: RunPlan; firstDate: LocalDate | null }> {
    const { definition } = tracker;
    const requested = { from, to, stepOf };
    const firstDate = needsFirstDate(entries, requested) ? yield* probe.firstDate() : null;
    const today = localDateAt(now, definition.timeZone);
    const tracked = trackerLabel(definition);
    const recount = recountOf(definition, entries, wanted);
    const computed = entries.flatMap(({ coverage }) => [...(coverage as ReadonlyMap<Period, ComputedRange>).values()]);
    const fromSecond = firstRecountedSecond(tracker, computed, { given, now });
    const plan = planRun({ definition, tracker: tracked, entries, today, requested, firstDate, recount, fromSecond });
    return { plan, firstDate };
  }

  /** Returns the coverages after the run. */
  private *movedCoverages(tracker: ResolvedTracker, spec: RollupSpec, plan: RunPlan, now: Date): Work<MovedCoverages> {
    const { timeZone } = tracker.definition;
    const moved: MovedCoverages = { outdated: [], some: [], whole: [] };
    for (const entry of spec.entries) {
      const { target, aggregate } = tracker.entries[entry.index] as ResolvedEntry;
      for (const planned of plan.entries[entry.index] ?? []) {
        const from = yield* this.coveredFrom(entry, planned);
        const { period, covered, keptFrom, isFirst, isAsked } = planned;
        const key = { metricId: entry.metricId, period, scope: target.scope };
        const isWhole = isFirst && !isAsked && (keptFrom === null || covered.from > keptFrom);
        const values = { ...covered, from, timeZone, kind: aggregate.function, computedAt: now };
        (isWhole ? moved.whole : moved.some).push({ ...key, ...values });
        if (keptFrom !== null && from < keptFrom) moved.outdated.push({ entry, scope: target.scope, period, keptFrom });
      }
    }
    return moved;
  }

  private *writeMoved({ some, whole }: MovedCoverages): Work<void> {
    yield* writeCoverages(this.database, some, false);
    yield* writeCoverages(this.database, whole, true);
  }

  private *compareBases(spec: RollupSpec, compared: readonly ComparedBase[]): Work<readonly ComparedDrift[]> {
    const found: ComparedDrift[] = [];
    for (const base of compared) {
      const entry = entryAt(spec, base.index);
      const difference = yield* compareLifetime(this.database.dialect, entry, dayNumber(base.date));
      found.push({ ...base, step: { date: base.date, ...difference } });
    }
    return found;
  }

  /** Writes where LIFETIME and the days have gone apart, and returns it if that has changed. */
  private *moveDrifts(
    { definition, entries }: ResolvedTracker,
    spec: RollupSpec,
    plan: RunPlan,
    coverage: readonly ReadonlyMap<Period, ComputedRange>[],
    bases: readonly ComparedDrift[],
  ): Work<DriftReport | null> {
    const moved: TrackerDrift[] = [];
    let isChanged = false;
    for (const [index, { metric, target }] of entries.entries()) {
      const period = (plan.entries[index] ?? []).find(({ period: of }) => of === Period.LIFETIME);
      const before = coverage[index]?.get(Period.LIFETIME)?.drift ?? [];
      const stepAt = (at: ComparedBase['at']): DriftStep | null =>
        bases.find((base) => base.index === index && base.at === at)?.step ?? null;
      if (period === undefined) continue;
      const after = moveDrift(before, {
        from: fromDayNumber(period.from),
        through: fromDayNumber(period.through),
        before: stepAt('before'),
        after: stepAt('after'),
        isSingle: target.keys.length === 0,
      });
      const total = totalDrift(after);
      if (total !== null) moved.push(driftOf({ metric, scope: target.scope }, total));
      if (writeDrift(before) === writeDrift(after)) continue;
      isChanged = true;
      const { metricId } = entryAt(spec, index);
      yield* writeDriftOf(this.database, { metricId, period: Period.LIFETIME, scope: target.scope }, after);
    }
    return isChanged && definition.history === 'recorded' ? { drift: moved, repairedFrom: null } : null;
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

/** Returns the entry of a spec that is at a place in the tracker, of which something is planned. */
function entryAt({ entries }: RollupSpec, index: number): RollupEntry {
  return entries.find((entry) => entry.index === index) as RollupEntry;
}

/** A run whose source is in another database: its scans, and what they have read. */
interface AcrossRun {
  readonly scans: readonly SourceScan[];
  readonly spool: PartialSpool;
}

/** A run that is planned, with the spec of its statements. */
interface PreparedRun {
  readonly spec: RollupSpec;
  readonly plan: RunPlan;
  readonly coverage: readonly ReadonlyMap<Period, ComputedRange>[];
  readonly options: TimedOptions;
  /** true if the partials are in their temporary table */
  readonly isStaged: boolean;
}

/** The coverages after a run, and what is then covered and older than `keep` says. */
interface MovedCoverages {
  readonly some: (CoverageKey & CoverageValues)[];
  /** those before which the source has no rows */
  readonly whole: (CoverageKey & CoverageValues)[];
  readonly outdated: Outdated[];
}

/** The coverages of a tracker's entries, in one order, so that two runs cannot wait for each other. */
interface WantedInOrder {
  readonly inOrder: readonly WantedCoverages[];
  /** the place of each among the entries */
  readonly places: readonly number[];
}

function wantedOf({ entries }: ResolvedTracker): WantedInOrder {
  const order = entries
    .map(({ metric, target: { scope } }, index) => ({ index, key: `${naturalKey(metric)} ${scope}` }))
    .sort((a, b) => (a.key === b.key ? a.index - b.index : a.key < b.key ? -1 : 1));
  const inOrder = order.map(({ index }) => {
    const { metric, periods, target, aggregate } = entries[index] as ResolvedEntry;
    return { metric, periods, scope: target.scope, kind: aggregate.function };
  });
  return { inOrder, places: order.map(({ index }) => index) };
}

/** Returns coverages in the order of the entries. */
function inPlaces({ places }: WantedInOrder, inOrder: readonly LockedCoverages[]): LockedCoverages[] {
  const found: LockedCoverages[] = [];
  for (const [place, index] of places.entries()) found[index] = inOrder[place] as LockedCoverages;
  return found;
}

/** The coverages of a tracker, and the value of a statement that has them. */
export interface CoverageRead {
  readonly wanted: readonly WantedCoverages[];
  readonly value: Statement;
}

/** The last run of a tracker in this process. */
interface LastRun {
  readonly durationMs: number;
  readonly wanted: readonly WantedCoverages[];
}

/** A run as one statement. */
interface LoneRun {
  readonly range: Pick<TrackResult, 'tracker' | 'from' | 'through'>;
  readonly statementOf: (label: string | null) => Statement;
}

/** Returns what a work plans that runs no statement, or null if it would run one, or fails. */
function planned<T>(work: Work<T>): T | null {
  try {
    return withoutStatements(work)?.result ?? null;
  } catch {
    return null;
  }
}

/** Milliseconds that a run may take whose next one is a single statement. */
const LONGEST_ALONE = 250;

/** The number of entries of such a run. Its plan has a part for each. */
const MOST_ALONE = 20;

/** The result of a run's own transaction. */
interface Computed {
  readonly result: TrackResult;
  readonly outdated: readonly Outdated[];
  /** what it has found of closed dates; null if nothing new */
  readonly drift: DriftReport | null;
}

/** LIFETIME may count rows that no date has, as stray ones: then nothing is corrected. */
function repaired({ drift }: BaseDiffersError, { from, written, removed }: TrackResult): DriftReport | null {
  return written > 0 || removed > 0 ? { drift, repairedFrom: from } : null;
}

/** A date at whose end the LIFETIME values of an entry are counted from the source and stored, too. */
interface ComparedBase {
  /** of the entry */
  readonly index: number;
  /** before the range of the run, or at its end */
  readonly at: 'before' | 'after';
  readonly date: LocalDate;
}

interface ComparedDrift extends ComparedBase {
  readonly step: DriftStep;
}

/**
 * Returns the dates at which a run has both values of LIFETIME: where it counts the rows before its range again. Where
 * statistics follow the source, there are none before their first date.
 */
function comparedBases(
  { history, since }: TrackerDefinition,
  plan: RunPlan,
  coverage: readonly ReadonlyMap<Period, ComputedRange>[],
  { recount }: RunOptions,
): ComparedBase[] {
  const mayBegin = history === 'current' && since === null && recount?.from !== EVERYTHING;
  return plan.entries.flatMap((periods, index) =>
    periods.flatMap(({ period, from, through, baseIsStored, endsEarly, isAsked }): ComparedBase[] => {
      const covered = coverage[index]?.get(period);
      if (period !== Period.LIFETIME || covered === undefined || baseIsStored) return [];
      const dates = [{ at: 'before' as const, date: fromDayNumber(shiftDay(from, -1)) }];
      return [...dates, ...(endsEarly ? [{ at: 'after' as const, date: fromDayNumber(through) }] : [])]
        .filter(({ date }) => date >= addDays(covered.from, mayBegin && covered.isWhole === true && !isAsked ? -1 : 0))
        .filter(({ date }) => date <= covered.through)
        .map((one) => ({ ...one, index }));
    }),
  );
}

/** Stops a run of a tracker whose statistics follow the source, if its range begins too late for that. */
function refuseOtherBases(
  { definition, entries }: ResolvedTracker,
  plan: RunPlan,
  { from, to }: RunOptions,
  bases: readonly ComparedDrift[],
): void {
  if (definition.history !== 'current' || from !== undefined || to !== undefined) return;
  const others = bases.filter(({ step }) => step.keys > 0);
  const [earliest] = others.map(({ date }) => date).sort();
  if (earliest === undefined) return;
  const drift = others.flatMap(({ index, step }) => {
    const entry = entries[index];
    return entry === undefined ? [] : driftOf({ metric: entry.metric, scope: entry.target.scope }, step);
  });
  throw new BaseDiffersError(addDays(earliest, 1), drift);
}

/** Returns the closed dates to count again: those that a call asks for, and those whose drift was recorded earlier. */
function recountOf(
  { history }: TrackerDefinition,
  entries: readonly PlannedEntry[],
  wanted: Recount | null,
): Recount | null {
  if (history !== 'current') return wanted;
  const steps = entries.flatMap(({ coverage }) => coverage.get(Period.LIFETIME)?.drift ?? []);
  const [first] = [...steps.map(({ date }) => addDays(date, 1)), ...(wanted === null ? [] : [wanted.from])].sort();
  return first === undefined ? null : { from: first, sourceFrom: wanted?.sourceFrom ?? null };
}

function daysBefore(date: LocalDate, days: number): LocalDate {
  return fromDayNumber(laterDay(FIRST_DAY, shiftDay(dayNumber(date), -days)));
}

function* refuseStray(dialect: Dialect, tracker: ResolvedTracker, now: Date, probe: SourceProbe): Work<void> {
  yield* refuseStrayRows(dialect, tracker, now, yield* probe.firstDate(), false);
}

const OVERTAKEN_LIMIT = 5;

/** The first day that a full scan tells apart. Earlier rows are few, and have zones with odd seconds. */
const DATED_FROM = dayNumber('1970-01-01');

/** The options of a run whose instant is known. */
interface TimedOptions extends RunOptions {
  /** the clock as the run was given it, which another replica's may be ahead of */
  readonly given: Date;
}

function instantOf(
  tracker: ResolvedTracker,
  { now, from, to }: RunOptions,
  coverage: readonly ReadonlyMap<Period, ComputedRange>[],
): Date {
  if (from !== undefined || to !== undefined) return now;
  return dueAt(now, tracker.definition.timeZone, allComputed(coverage), hasTimes(tracker));
}

function areSameScans(some: readonly SourceScan[], others: readonly SourceScan[]): boolean {
  const bounds = (scans: readonly SourceScan[]): string =>
    JSON.stringify(
      scans.map((scan) => [
        scan.partials,
        scan.scanFrom,
        scan.fromSecond,
        scan.scanBase,
        scan.scanThrough,
        scan.bucket,
      ]),
    );
  return bounds(some) === bounds(others);
}
