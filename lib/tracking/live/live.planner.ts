import type { CoveredMetrics } from '../../coverage/covered-metrics.query.js';
import type { Database } from '../../database/database.js';
import type { Dialect } from '../../database/dialects/dialect.js';
import type { Work } from '../../database/work.js';
import { LiveExpressions } from '../../rollup/live-sql.js';
import { scanOfCell, specOfCell } from '../../rollup/one-cell.js';
import { spooledSpec } from '../../rollup/partial-spool.js';
import type { RollupSpec, SourceScan } from '../../rollup/rollup-spec.js';
import type { LiveRead } from '../../statistics/filter/live-source.js';
import type { Cell } from '../../statistics/filter/scope-filter.js';
import type { LocalDate } from '../../time/local-date.js';
import { localDateAt } from '../../time/time-zone.js';
import { computedRanges } from '../source/covered-range.js';
import { dueAt } from '../source/due-dates.js';
import { isFirstRun, needsFirstDate, type RunPlan } from '../source/run-plan.js';
import { rollupSpecOf } from '../source/run-spec.js';
import { checkForms, firstScanned, refuseAmbiguousRows, SourceTypes } from '../source/source-checks.js';
import { probed, probedScans, probeOf, type SourceProbe } from '../source/source-probe.js';
import { refuseLoss } from '../source/source-start.js';
import { refuseStrayRows } from '../source/stray-rows.js';
import { type ResolvedTracker, trackerLabel } from '../source/tracker.resolver.js';
import { firstRecountedSecond, hasTimes } from '../source/recounted-seconds.js';
import { allComputed, type ComputedEntries, plannedEntries } from '../running/tracker-coverage.js';
import { planLive, withStoredDays } from './live-plan.js';
import { type LivePart, type LivePlan, type LiveTracker, coveragesOf, metricOf } from './live-tracker.js';

/** The names of the partials of a live read, before the place of their tracker. */
const PARTIALS = 'trackstats_live_partial';
/** Cells of a plan whose statements are kept, as many as a page shows. */
const MOST_CELLS = 20;

/** A live tracker with its plan. */
export interface PlannedTracker extends LiveTracker {
  readonly now: Date;
  readonly planned: LivePlan;
  readonly part: LivePart;
}

/** Plans what a live read computes of trackers, and checks their sources. */
export class LivePlanner {
  private readonly types = new SourceTypes();

  constructor(private readonly database: Database) {}

  /** Plans a tracker whose source is in the database of the statistics, in the snapshot of the read. */
  *planWithin(live: LiveTracker, given: PlanningInput): Work<PlannedTracker> {
    const { dialect } = this.database;
    const { tracker } = live;
    yield* this.types.refuseOthers(dialect, tracker);
    const planned = yield* this.plan(live, { ...given, probe: probeOf(dialect, tracker, given.now) });
    yield* this.checkSource(planned);
    return planned;
  }

  /** Plans a tracker whose source is in another database. */
  async planAcross(live: LiveTracker, given: PlanningInput): Promise<PlannedTracker> {
    const { now } = given;
    const { tracker } = live;
    const { sourceDatabase: source } = tracker;
    await source.checkSession();
    await source.read(() => this.types.refuseOthers(source.dialect, tracker));
    const probe = await source.read(() => probed(probeOf(source.dialect, tracker, now)));
    const planned = await source.read(() => this.plan(live, { ...given, probe }));
    await source.read(() => this.checkSource(planned));
    return planned;
  }

  private *plan(
    live: LiveTracker,
    { asked, covered, now: given, probe, place }: PlanningInput & { readonly probe: SourceProbe },
  ): Work<PlannedTracker> {
    const { tracker, last } = live;
    const { timeZone } = tracker.definition;
    const stored = tracker.entries.map((entry) => coveragesOf(entry, covered));
    const computed = stored.map(computedRanges);
    const now = dueAt(given, timeZone, allComputed(computed), hasTimes(tracker));
    const ranges = computed.flatMap((entry) => [...entry.values()]);
    const fromSecond = firstRecountedSecond(tracker, ranges, { given, now });
    const madeOf = JSON.stringify([place, localDateAt(now, timeZone), fromSecond, stored]);
    const known = last.plan?.madeOf === madeOf ? last.plan : null;
    const planned = known ?? (yield* this.newPlan(live, { madeOf, computed, now, fromSecond, probe, place }));
    last.plan = planned.isFirst ? null : planned;
    return { ...live, now, planned, part: partIn(tracker, planned, asked) };
  }

  private *newPlan(
    { tracker, asked }: LiveTracker,
    given: {
      madeOf: string;
      computed: ComputedEntries;
      now: Date;
      fromSecond: number | null;
      probe: SourceProbe;
      place: number;
    },
  ): Work<LivePlan> {
    const { madeOf, computed, now, fromSecond, probe, place } = given;
    const { definition, sourceDatabase } = tracker;
    const entries = plannedEntries(tracker, computed);
    const wanted = entries.map((entry, index) => withStoredDays(entry, asked[index] ?? []));
    let firstDate: LocalDate | null = null;
    if (needsFirstDate(wanted, {})) {
      firstDate = yield* probe.firstDate();
      yield* refuseStrayRows(sourceDatabase.dialect, tracker, now, firstDate, false);
    }
    const today = localDateAt(now, definition.timeZone);
    const tracked = trackerLabel(definition);
    const plan = planLive({ definition, tracker: tracked, entries, asked, today, firstDate, fromSecond });
    const partials = `${PARTIALS}${String(place)}`;
    const scans = yield* probedScans(tracker, plan, { now, firstDate, partials }, probe);
    return { madeOf, isFirst: isFirstRun(wanted), plan, scans, spec: null, parts: new Map() };
  }

  /** Refuses what a run refuses, because values would be wrong. Of one cell only its rows are checked. */
  private *checkSource({ tracker, now, planned: { isFirst }, part: { cell, scans } }: PlannedTracker): Work<void> {
    const { dialect } = tracker.sourceDatabase;
    const read = readAt(scans, now);
    const bases = cell === null ? [tracker.base] : read.map(({ source }) => source);
    for (const base of bases) yield* checkForms(dialect, { ...tracker, base }, isFirst ? null : firstScanned(read));
    yield* refuseAmbiguousRows(dialect, tracker, read);
  }

  /** Returns the SQL of what is read in the database of the statistics. It is kept with the plan. */
  *expressionsOf(one: PlannedTracker, covered: CoveredMetrics, place: number): Work<LiveExpressions> {
    const { dialect } = this.database;
    const { tracker, now, planned, part } = one;
    planned.spec ??= yield* this.specOf(one, covered);
    yield* refuseLoss(dialect, tracker, planned.spec, {}, probeOf(dialect, tracker, now));
    part.expressions ??= new LiveExpressions(dialect, partOf(dialect, planned.spec, one), place, false);
    return part.expressions;
  }

  /** Returns the SQL of what is read of partials that were spooled from another database. */
  *spooledExpressionsOf(one: PlannedTracker, covered: CoveredMetrics, place: number): Work<LiveExpressions> {
    const { dialect } = this.database;
    const spec = partOf(dialect, yield* this.specOf(one, covered), one);
    return new LiveExpressions(dialect, spooledSpec(spec), place, true);
  }

  private *specOf({ tracker, planned }: PlannedTracker, covered: CoveredMetrics): Work<RollupSpec> {
    const ids = tracker.entries.map((entry) => metricOf(entry, covered)?.id ?? 0);
    return yield* rollupSpecOf(this.database.dialect, tracker, ids, planned.scans, planned.plan);
  }
}

/** A plan is made of these and its tracker. */
export interface PlanningInput {
  readonly asked: LiveRead;
  readonly covered: CoveredMetrics;
  readonly now: Date;
  /** of the tracker among those of the read */
  readonly place: number;
}

/** Returns what a read computes of a plan, and keeps it for the next reads of the same cell. */
function partIn(tracker: ResolvedTracker, { plan, scans, parts }: LivePlan, asked: LiveRead): LivePart {
  const cell = cellToRead(tracker, plan, asked);
  const key = JSON.stringify(cell);
  const known = parts.get(key);
  if (known !== undefined) return known;
  const { dialect } = tracker.sourceDatabase;
  const ofCell = scans.map((scan) => (scan === null || cell === null ? scan : scanOfCell(dialect, scan, cell)));
  const part = { cell, scans: ofCell, expressions: null };
  parts.set(key, part);
  const [first] = parts.keys();
  if (parts.size > MOST_CELLS && first !== undefined) parts.delete(first);
  return part;
}

/**
 * Returns the only cell that a read names, if its keys are read from the source. Coverage may begin with a row of any
 * cell, so where it may begin earlier than what is stored, all cells are computed.
 */
function cellToRead({ entries }: ResolvedTracker, plan: RunPlan, { scope }: LiveRead): Cell | null {
  const [cell, ...others] = scope.cells ?? [];
  if (cell === undefined || others.length > 0) return null;
  const planned = plan.entries.map((periods, index) => ({ periods, keys: entries[index]?.target.keys ?? [] }));
  const isComputed = planned.every(
    ({ periods, keys }) =>
      periods.length === 0 || (keys.length > 0 && periods.every(({ coveredSince }) => coveredSince === null)),
  );
  return isComputed ? cell : null;
}

/** Returns the part of a spec that a read computes. */
function partOf(dialect: Dialect, spec: RollupSpec, { planned, part: { cell, scans } }: PlannedTracker): RollupSpec {
  if (cell === null) return spec;
  return specOfCell(dialect, spec, cell, (scan) => scans[planned.scans.indexOf(scan)] ?? scan);
}

/** Returns the scans of a plan for the rows up to an instant. */
export function readAt(scans: readonly (SourceScan | null)[], now: Date): SourceScan[] {
  return scans.flatMap((scan) => (scan === null ? [] : { ...scan, now }));
}
