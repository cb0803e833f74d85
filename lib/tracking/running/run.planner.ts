import type { LockedCoverages } from '../../coverage/coverage.lock.js';
import type { Database } from '../../database/database.js';
import { execute, type Work } from '../../database/work.js';
import { OvertakenError } from '../../errors/run.error.js';
import { spooledSpec } from '../../rollup/partial-spool.js';
import { firstStagedDay, stagePartials } from '../../rollup/rollup.js';
import type { SourceScan } from '../../rollup/rollup-spec.js';
import { dayNumber, fromDayNumber, type LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import { firstRecountedSecond, hasTimes } from '../source/recounted-seconds.js';
import { type ComputedRange, computedRanges } from '../source/covered-range.js';
import { dueAt } from '../source/due-dates.js';
import { planRun } from '../source/plan-run.js';
import { isFirstRun, needsFirstDate, type PlannedEntry, type RunPlan } from '../source/run-plan.js';
import { rollupSpecOf, scanOf } from '../source/run-spec.js';
import { checkForms, firstScanned, refuseAmbiguousRows, SourceTypes } from '../source/source-checks.js';
import { knownProbe, probedScans, type SourceProbe, withFirstDate } from '../source/source-probe.js';
import { refuseLoss } from '../source/source-start.js';
import { refuseStrayRows } from '../source/stray-rows.js';
import { type ResolvedTracker, trackerLabel } from '../source/tracker.resolver.js';
import { recountOf } from './lifetime-bases.js';
import type { PreparedRun, TimedOptions } from './prepared-run.js';
import type { RunOptions } from './run-options.js';
import { allComputed, type ComputedEntries, plannedEntries } from './tracker-coverage.js';

/** Decides what a run computes and reads. Writes no statistics. */
export class RunPlanner {
  private readonly types = new SourceTypes();

  constructor(private readonly database: Database) {}

  /**
   * Checks the source and plans a run, for coverages as they are stored.
   *
   * @param read the scans that have been read from a source in another database, which was checked then
   * @throws OvertakenError if these scans are for other coverages
   */
  *prepare(
    tracker: ResolvedTracker,
    given: RunOptions,
    locked: readonly LockedCoverages[],
    probe: SourceProbe,
    read?: readonly SourceScan[],
  ): Work<PreparedRun> {
    const { dialect } = this.database;
    const coverage = locked.map(({ coverages }) => computedRanges(coverages));
    const entries = plannedEntries(tracker, coverage);
    const options = { ...given, now: instantOf(tracker, given, coverage), given: given.now };
    const isFirst = isFirstRun(entries);
    if (read === undefined) yield* this.checkTypes(tracker);
    if (read === undefined && isFirst) yield* checkForms(dialect, tracker, null);
    let first = read === undefined ? yield* this.stageFirstScan(tracker, entries, options, probe) : probe;
    const isStaged = first !== probe;
    if (read === undefined && needsFirstDate(entries, options)) {
      const date = yield* first.firstDate();
      yield* refuseStrayRows(dialect, tracker, options.now, date, isStaged);
      first = withFirstDate(first, date);
    }
    const { plan, firstDate } = yield* this.plan(tracker, entries, options, first);
    const scans = yield* probedScans(tracker, plan, { now: options.now, firstDate }, probe);
    const needed = scans.filter((scan) => scan !== null);
    if (read === undefined && !isFirst) {
      yield* checkForms(dialect, tracker, firstScanned(needed));
    }
    if (read !== undefined && !areSameScans(needed, read)) throw new OvertakenError(trackerLabel(tracker.definition));
    if (read === undefined) yield* refuseAmbiguousRows(dialect, tracker, needed);
    const metricIds = locked.map(({ metricId }) => metricId);
    const resolved = yield* rollupSpecOf(dialect, tracker, metricIds, scans, plan);
    const spec = read === undefined ? resolved : spooledSpec(resolved);
    yield* refuseLoss(dialect, tracker, spec, options, first);
    return { spec, plan, coverage, options, isStaged };
  }

  /** Checks the columns of a source in another database. @throws InvalidPropertyPathError */
  *checkTypes(tracker: ResolvedTracker): Work<void> {
    yield* this.types.refuseOthers(tracker.sourceDatabase.dialect, tracker);
  }

  /** Returns the scans of a run whose source is in another database, for coverages as they are before it. */
  *scans(
    tracker: ResolvedTracker,
    entries: readonly PlannedEntry[],
    options: TimedOptions,
    probe: SourceProbe,
  ): Work<SourceScan[]> {
    const { plan, firstDate } = yield* this.plan(tracker, entries, options, probe);
    const scans = yield* probedScans(tracker, plan, { now: options.now, firstDate }, probe);
    return scans.filter((scan) => scan !== null);
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
}

/** The first day that a full scan tells apart. Earlier rows are few, and have zones with odd seconds. */
const DATED_FROM = dayNumber('1970-01-01');

/** Returns the instant of a run: of the dates that are due, one clock that is behind another does not decide. */
export function instantOf(tracker: ResolvedTracker, { now, from, to }: RunOptions, coverage: ComputedEntries): Date {
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
