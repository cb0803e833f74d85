import { setImmediate } from 'node:timers/promises';
import type { MetricTarget } from '../../catalog/definitions.js';
import type { WantedCoverages } from '../../coverage/coverage.lock.js';
import type { Database } from '../../database/database.js';
import type { Dialect } from '../../database/dialects/dialect.js';
import type { Work } from '../../database/work.js';
import { OvertakenError } from '../../errors/run.error.js';
import { PartialSpool } from '../../rollup/partial-spool.js';
import { rollup, stagePartials } from '../../rollup/rollup.js';
import type { RollupSpec, SourceScan } from '../../rollup/rollup-spec.js';
import { isPlainSource, type Source } from '../../rollup/source-query.js';
import { removeAfter } from '../../rollup/stored-rows.js';
import { dayNumber, FIRST_DAY, fromDayNumber, laterDay, type LocalDate, shiftDay } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import type { Clock } from '../../trackstats.tokens.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import { explainOutOfRange } from '../source/out-of-range.js';
import { isFirstRun, needsFirstDate, type Recount, type RunPlan } from '../source/run-plan.js';
import { checkForms, firstScanned, refuseAmbiguousRows } from '../source/source-checks.js';
import { firstDate, firstDateNear, LONG_GAP, probed, probeOf, type SourceProbe } from '../source/source-probe.js';
import { refuseStrayRows } from '../source/stray-rows.js';
import { type ResolvedTracker, type TrackerResolver } from '../source/tracker.resolver.js';
import {
  BaseDiffersError,
  compareBases,
  comparedBases,
  EVERYTHING,
  moveDrifts,
  refuseOtherBases,
  repaired,
} from './lifetime-bases.js';
import { type CoverageRead, coverageReadOf, lockedAsRead, lockTracked, wantedOf } from './locked-coverages.js';
import { loneRun, planned } from './lone-run.js';
import { movedCoverages, writeMoved } from './moved-coverages.js';
import { type Outdated, pruneStep } from './outdated.js';
import { instantOf, RunPlanner } from './run.planner.js';
import type { RunOptions } from './run-options.js';
import type { TrackResult } from './track-result.js';
import { allComputed, plannedEntries, readComputedRanges } from './tracker-coverage.js';
import type { DriftReport } from './tracker-drift.js';

/** The statistics of one metric in one scope, which a tracker computes. */
export interface TrackedStatistics {
  readonly metric: MetricTarget;
  readonly periods: readonly Period[];
  readonly scope: string;
}

/** Days before the dates that are due at which a run looks for a date whose LIFETIME value is right; then at all. */
const LOOKS = [31, 366] as const;

/**
 * Runs one tracker once, in one transaction on the statistics' database: everything or nothing. Statistics that are older
 * than `keep` says are removed after it, in transactions of their own.
 */
export class TrackerRunner {
  private readonly planner: RunPlanner;
  private readonly resolvedBefore = new WeakMap<TrackerDefinition, { source: Source; tracker: ResolvedTracker }>();
  /** the last run of each tracker in this process: another tracker may later have its name */
  private readonly lastRuns = new WeakMap<TrackerDefinition, LastRun>();

  constructor(
    private readonly database: Database,
    private readonly resolver: TrackerResolver,
    private readonly clock: Clock,
  ) {
    this.planner = new RunPlanner(database);
  }

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
    return coverageReadOf(this.database, last.wanted);
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
    if (coverage === undefined || concludeAlone === undefined) return null;
    if (from !== undefined || to !== undefined || recount !== null) return null;
    const locked = lockedAsRead(this.database, tracker, coverage);
    if (locked === null) return null;
    const prepared = planned(this.planner.prepare(tracker, options, locked, probe));
    const lone = prepared === null ? null : loneRun(this.database, tracker, prepared, locked, concludeAlone);
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
    await sourceDatabase.read(() => this.planner.checkTypes(tracker), { cancellation });
    for (let attempt = 1; ; attempt++) {
      const probe = await sourceDatabase.read(() => probed(probeOf(sourceDatabase.dialect, tracker, options.now)), {
        cancellation,
      });
      // not `read`: a replica may lag behind the coverage that the transaction below will find
      const coverage = await this.database.transaction(() => readComputedRanges(this.database, tracker), {
        cancellation,
      });
      const now = instantOf(tracker, options, coverage);
      const entries = plannedEntries(tracker, coverage);
      if (needsFirstDate(entries, options)) {
        await sourceDatabase.read(() => refuseStray(sourceDatabase.dialect, tracker, now, probe), { cancellation });
      }
      const scans = await this.database.transaction(
        () => this.planner.scans(tracker, entries, { ...options, now, given: options.now }, probe),
        {
          cancellation,
        },
      );
      const from = isFirstRun(entries) ? null : firstScanned(scans);
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

  private *inTransaction(
    tracker: ResolvedTracker,
    given: RunOptions,
    started: number,
    probe: SourceProbe,
    across?: AcrossRun,
  ): Work<Computed> {
    const { dialect } = this.database;
    const locked = yield* lockTracked(this.database, tracker);
    const prepared = yield* this.planner.prepare(tracker, given, locked, probe, across?.scans);
    const { spec, plan, options, isStaged } = prepared;
    if (across !== undefined) yield* across.spool.stage(dialect, spec.scans);
    const compared = comparedBases(tracker.definition, prepared);
    if (compared.length > 0 && !isStaged && across === undefined) yield* stagePartials(dialect, spec);
    const bases = yield* compareBases(this.database, spec, compared);
    refuseOtherBases(tracker, options, bases);
    const { written, removed } = yield* rollup(dialect, spec, isStaged || across !== undefined || compared.length > 0);
    const ahead = yield* this.removeAhead(spec, plan);
    const moved = yield* movedCoverages(this.database, tracker, prepared);
    yield* writeMoved(this.database, moved);
    const drift = yield* moveDrifts(this.database, tracker, prepared, bases);
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

/** A run whose source is in another database: its scans, and what they have read. */
interface AcrossRun {
  readonly scans: readonly SourceScan[];
  readonly spool: PartialSpool;
}

/** The last run of a tracker in this process. */
interface LastRun {
  readonly durationMs: number;
  readonly wanted: readonly WantedCoverages[];
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

function daysBefore(date: LocalDate, days: number): LocalDate {
  return fromDayNumber(laterDay(FIRST_DAY, shiftDay(dayNumber(date), -days)));
}

function* refuseStray(dialect: Dialect, tracker: ResolvedTracker, now: Date, probe: SourceProbe): Work<void> {
  yield* refuseStrayRows(dialect, tracker, now, yield* probe.firstDate(), false);
}

const OVERTAKEN_LIMIT = 5;
