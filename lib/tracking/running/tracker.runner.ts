import sql, { raw } from 'sql-template-tag';
import type { Cancellation } from '../../database/cancellation.js';
import type { Database } from '../../database/database.js';
import type { Dialect } from '../../database/dialects/dialect.js';
import { execute, queryOne, type Work } from '../../database/work.js';
import { OvertakenError } from '../../errors/run.error.js';
import { refuseAmbiguous } from '../../rollup/ambiguity.js';
import { refuseOtherForms } from '../../rollup/date-form.js';
import { inRange } from '../../rollup/range-sql.js';
import { refuseOtherTypes } from '../../rollup/stored-type.js';
import { PartialSpool, spooledSpec } from '../../rollup/partial-spool.js';
import { PARTIAL } from '../../rollup/rollup-sql.js';
import { firstStagedDay, rollup, stagePartials } from '../../rollup/rollup.js';
import type { RollupSpec } from '../../rollup/rollup-spec.js';
import type { Source } from '../../rollup/source.resolver.js';
import { ofPeriod } from '../../rollup/window-sql.js';
import {
  type DayNumber,
  dayNumber,
  FIRST_DAY,
  fromDayNumber,
  type LocalDate,
  shiftDay,
} from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import type { Clock } from '../../trackstats.tokens.js';
import { lockCoverages, moveCoverages } from '../../coverage/coverage.store.js';
import {
  dueAt,
  needsFirstDate,
  planRun,
  type CoveredRange,
  type PlannedPeriod,
  type RequestedRange,
  type RunPlan,
  type ComputedRange,
  computedRanges,
} from '../source/run-plan.js';
import { scanOf, specOf } from '../source/run-spec.js';
import { explainOutOfRange } from '../source/out-of-range.js';
import {
  firstDate,
  firstReadingOn,
  knownProbe,
  probed,
  probeOf,
  withFirstDate,
  type SourceProbe,
} from '../source/source-probe.js';
import { refuseLoss } from '../source/source-reach.js';
import { LONG_GAP, refuseStrayRows } from '../source/stray-rows.js';
import { readComputedRanges } from './tracker-coverage.js';
import type { TrackerDefinition } from '../definition/tracker-definition.js';
import { fingerprintOf, trackerLabel, type ResolvedTracker, type TrackerResolver } from '../source/tracker.resolver.js';

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
  /** number of rows that no longer have a source */
  removed: number;
  durationMs: number;
}

export interface RunOptions extends RequestedRange {
  readonly now: Date;
  /** last statements of the run's transaction, so that history and statistics commit together */
  readonly conclude?: ((result: TrackResult) => Work<void>) | undefined;
  readonly cancellation?: Cancellation | undefined;
}

/** Runs one tracker once, in one transaction on the statistics' database: everything or nothing. */
export class TrackerRunner {
  /** by tracker the query whose columns have been looked at, once in a process */
  private readonly lookedAt = new Map<string, string>();

  constructor(
    private readonly database: Database,
    private readonly resolver: TrackerResolver,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks everything in a definition that can be checked without reading a row.
   *
   * @returns the scope of the tracker's coverage
   * @throws the errors of `TrackerResolver.resolve`, and SessionSettingError
   */
  async check(definition: TrackerDefinition, source: Source): Promise<string> {
    const { target, sourceDatabase } = this.resolver.resolve(definition, source);
    await sourceDatabase.checkSession();
    return target.scope;
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
      return await this.runResolved(tracker, options);
    } catch (error) {
      const drivers = [this.database.driver, tracker.sourceDatabase.driver];
      throw drivers.some((driver) => driver.isOutOfRange(error)) ? await explainOutOfRange(tracker, error) : error;
    }
  }

  private runResolved(tracker: ResolvedTracker, options: RunOptions): Promise<TrackResult> {
    const started = this.clock().getTime();
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
    const [begin = today] = [first ?? today, ...[...coverage.values()].map((covered) => covered.from)].sort();
    return dayNumber(begin) - dayNumber(from) > LONG_GAP ? begin : from;
  }

  /**
   * Reads the source's partials first, for the coverage at that time, and then writes them in a transaction. If another
   * run has moved the coverage meanwhile, it reads them again.
   */
  private async runAcross(tracker: ResolvedTracker, options: RunOptions, started: number): Promise<TrackResult> {
    const { sourceDatabase } = tracker;
    const { cancellation } = options;
    await sourceDatabase.checkSession();
    await sourceDatabase.read(() => this.refuseOtherTypes(sourceDatabase.dialect, tracker), { cancellation });
    for (let attempt = 1; ; attempt++) {
      const probe = await sourceDatabase.read(() => probed(probeOf(sourceDatabase.dialect, tracker, options.now)), {
        cancellation,
      });
      // not `read`: a replica may lag behind the coverage that the transaction below will find
      const coverage = await this.database.transaction(() => readComputedRanges(this.database, tracker), {
        cancellation,
      });
      const now = instantOf(tracker.definition, options, coverage);
      if (needsFirstDate({ definition: tracker.definition, coverage, requested: options })) {
        await sourceDatabase.read(() => refuseStray(sourceDatabase.dialect, tracker, now, probe), { cancellation });
      }
      const isFirst = tracker.definition.periods.some((period) => !coverage.has(period));
      const scan = await this.database.transaction(() => this.scan(tracker, coverage, { ...options, now }, probe), {
        cancellation,
      });
      const from = isFirst ? null : scan.scanFrom;
      await sourceDatabase.read(() => checkForms(sourceDatabase.dialect, tracker, from), { cancellation });
      await sourceDatabase.read(() => refuseAmbiguous(sourceDatabase.dialect, trackerLabel(tracker.definition), scan), {
        cancellation,
      });
      const spool = await PartialSpool.from(sourceDatabase, scan, { cancellation });
      try {
        cancellation?.check();
        return await this.database.transaction(
          () => this.inTransaction(tracker, options, started, probe, { scan, spool }),
          { cancellation },
        );
      } catch (error) {
        if (!(error instanceof OvertakenError) || attempt >= OVERTAKEN_LIMIT) throw error;
      } finally {
        spool.remove();
      }
    }
  }

  private *refuseOtherTypes(dialect: Dialect, { definition, source }: ResolvedTracker): Work<void> {
    const label = trackerLabel(definition);
    if (this.lookedAt.get(label) === source.text) return;
    yield* refuseOtherTypes(dialect, source);
    this.lookedAt.set(label, source.text);
  }

  private *scan(
    tracker: ResolvedTracker,
    coverage: ReadonlyMap<Period, ComputedRange>,
    options: RunOptions,
    probe: SourceProbe,
  ): Work<RollupSpec> {
    const plan = yield* this.plan(tracker, coverage, options, probe);
    return scanOf(tracker, plan, options.now, isLong(plan) && (yield* probe.countsByIndex()));
  }

  private *inTransaction(
    tracker: ResolvedTracker,
    given: RunOptions,
    started: number,
    probe: SourceProbe,
    across?: { scan: RollupSpec; spool: PartialSpool },
  ): Work<TrackResult> {
    const { dialect } = this.database;
    const { metricId, coverages } = yield* lockCoverages(this.database, tracker.definition.metric, {
      periods: tracker.definition.periods,
      scope: tracker.target.scope,
      kind: tracker.definition.aggregate.function,
    });
    const coverage = computedRanges(coverages);
    const options = { ...given, now: instantOf(tracker.definition, given, coverage) };
    const isFirst = tracker.definition.periods.some((period) => !coverage.has(period));
    if (across === undefined) yield* this.refuseOtherTypes(dialect, tracker);
    if (across === undefined && isFirst) yield* checkForms(dialect, tracker, null);
    let first = across === undefined ? yield* this.stageFirstScan(tracker, coverage, options, probe) : probe;
    const isStaged = first !== probe;
    if (across === undefined && needsFirstDate({ definition: tracker.definition, coverage, requested: options })) {
      const date = yield* first.firstDate();
      yield* refuseStrayRows(dialect, tracker, options.now, date, isStaged);
      first = withFirstDate(first, date);
    }
    const plan = yield* this.plan(tracker, coverage, options, first);
    const scan = scanOf(tracker, plan, options.now, isLong(plan) && (yield* probe.countsByIndex()));
    if (across === undefined && !isFirst) yield* checkForms(dialect, tracker, plan.scanFrom);
    if (across !== undefined && !sameScan(scan, across.scan))
      throw new OvertakenError(trackerLabel(tracker.definition));
    if (across === undefined) yield* refuseAmbiguous(dialect, trackerLabel(tracker.definition), scan);
    const resolved = yield* specOf(dialect, { id: metricId }, scan, plan);
    const spec = across === undefined ? resolved : spooledSpec(resolved);
    yield* refuseLoss(dialect, tracker, spec, options, first);
    if (across !== undefined) yield* across.spool.stage(dialect, spec);
    const { written, removed } = yield* rollup(dialect, spec, isStaged || across !== undefined);
    const ahead = yield* this.removeAhead(spec, plan);
    yield* this.moveCoverages(tracker, spec, plan, options.now);
    const result = {
      tracker: tracker.definition.name,
      from: plan.from,
      through: plan.through,
      written,
      removed: removed + ahead,
      durationMs: this.clock().getTime() - started,
    };
    if (options.conclude !== undefined) yield* options.conclude(result);
    return result;
  }

  /**
   * Stages the partials before the plan is made. A first run reads the whole source and needs to know where it begins,
   * which without an index would take another scan.
   */
  private *stageFirstScan(
    tracker: ResolvedTracker,
    coverage: ReadonlyMap<Period, CoveredRange>,
    options: RunOptions,
    probe: SourceProbe,
  ): Work<SourceProbe> {
    const { dialect } = this.database;
    const today = localDateAt(options.now, tracker.definition.timeZone);
    const whole = { scanFrom: DATED_FROM, scanBase: true, scanThrough: dayNumber(today) };
    const requested = { from: options.from, to: options.to };
    if (
      !dialect.stagesFirstScan(tracker.source.keys.length > 0) ||
      !needsFirstDate({ definition: tracker.definition, coverage, requested }) ||
      (yield* probe.countsByIndex())
    )
      return probe;
    yield* stagePartials(dialect, scanOf(tracker, whole, options.now, false));
    const day = yield* firstStagedDay();
    if (day === null || day >= DATED_FROM) return knownProbe(day === null ? null : fromDayNumber(day), false);
    yield* execute(dialect.dropStaged(PARTIAL));
    return probe;
  }

  private *plan(
    tracker: ResolvedTracker,
    coverage: ReadonlyMap<Period, CoveredRange>,
    { now, from, to, stepOf }: RunOptions,
    probe: SourceProbe,
  ): Work<RunPlan> {
    const { definition } = tracker;
    const input = {
      definition,
      tracker: trackerLabel(definition),
      fingerprint: (period: Period, timeZone?: string) => fingerprintOf(tracker, period, timeZone),
      today: localDateAt(now, definition.timeZone),
      coverage,
      requested: { from, to, stepOf },
    };
    const firstDate = needsFirstDate(input) ? yield* probe.firstDate() : null;
    return planRun({ ...input, firstDate });
  }

  private *moveCoverages(
    { definition, target }: ResolvedTracker,
    spec: RollupSpec,
    plan: RunPlan,
    now: Date,
  ): Work<void> {
    const { timeZone, aggregate } = definition;
    const covered = new Map<Period, CoveredRange>();
    for (const planned of plan.periods) {
      covered.set(planned.period, { ...planned.covered, from: yield* this.coveredFrom(spec, planned) });
    }
    const key = { metricId: spec.metricId, scope: target.scope };
    yield* moveCoverages(this.database, key, covered, { timeZone, kind: aggregate.function, computedAt: now });
  }

  /** Extends the coverage only if a lookback before it finds late rows there. */
  private *coveredFrom(spec: RollupSpec, planned: PlannedPeriod): Work<LocalDate> {
    const { coveredSince, covered } = planned;
    if (coveredSince === null) return covered.from;
    const { dialect } = this.database;
    const { table } = spec.statistic;
    const earlier = { ...planned, hasStored: true, through: shiftDay(coveredSince, -1) };
    const first = yield* queryOne<{ first: LocalDate | null }>(
      sql`SELECT ${dialect.dateText(sql`MIN(s.${table.column('date')})`)} AS first FROM ${table.path} s WHERE ${inRange(dialect, spec, earlier, raw('s'))}`,
    );
    return first?.first ?? fromDayNumber(coveredSince);
  }

  /** Removes the rows that a clock that was ahead has written after a range that ends today. */
  private *removeAhead(spec: RollupSpec, plan: RunPlan): Work<number> {
    const { dialect } = this.database;
    const { table } = spec.statistic;
    let removed = 0;
    for (const period of plan.periods) {
      if (period.lastKept === null) continue;
      const after = sql`s.${table.column('date')} > ${dialect.date(period.lastKept)}`;
      removed += yield* execute(
        dialect.deleteFrom(table, sql`${ofPeriod(dialect, spec, period, raw('s'))} AND ${after}`),
      );
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
  coverage: ReadonlyMap<Period, ComputedRange>,
): Date {
  return from === undefined && to === undefined ? dueAt(now, timeZone, coverage) : now;
}

/** A few days are read by the index anyway. */
function isLong({ scanBase, scanFrom, scanThrough }: RunPlan): boolean {
  return scanBase || scanThrough - scanFrom > 31;
}

function sameScan(a: RollupSpec, b: RollupSpec): boolean {
  return a.scanFrom === b.scanFrom && a.scanThrough === b.scanThrough && a.scanBase === b.scanBase;
}

/** @param from the first day that is read day by day; null if every row is read */
function checkForms(dialect: Dialect, { definition, source }: ResolvedTracker, from: DayNumber | null): Work<void> {
  const { dateField, timeZone } = definition;
  // a day earlier: an offset moves a reading by up to that
  const since =
    from === null || from <= FIRST_DAY
      ? null
      : firstReadingOn(source.clock, timeZone, fromDayNumber(shiftDay(from, -1)));
  return refuseOtherForms(dialect, { label: trackerLabel(definition), dateField }, source, since);
}
