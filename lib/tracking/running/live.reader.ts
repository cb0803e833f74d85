import { isDeepStrictEqual } from 'node:util';
import { meaningOf } from '../../catalog/aggregates.js';
import { isMetricDefinition, type MetricTarget, naturalKey } from '../../catalog/definitions.js';
import { unstoredMetric } from '../../catalog/derived.js';
import { byText } from '../../catalog/order.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import {
  type CoveredMetrics,
  coveredMetrics,
  type CoveredPoints,
  pointsOfSnapshot,
} from '../../coverage/covered-metrics.query.js';
import type { Database } from '../../database/database.js';
import type { Dialect, Point } from '../../database/dialects/dialect.js';
import { type Statement, type Work, withoutStatements } from '../../database/work.js';
import { OvertakenError } from '../../errors/run.error.js';
import { LiveReadError } from '../../errors/statistic.error.js';
import { LiveExpressions, LiveRows, type LiveSpec } from '../../rollup/live-sql.js';
import { scanOfCell, specOfCell } from '../../rollup/one-cell.js';
import { PartialSpool, spooledSpec } from '../../rollup/partial-spool.js';
import { unstagePartials } from '../../rollup/rollup.js';
import type { RollupSpec, SourceScan } from '../../rollup/rollup-spec.js';
import type { LiveRead, LiveSource, LiveStatistics } from '../../statistics/filter/live-source.js';
import { type Cell, coverageScopes, filterScopes } from '../../statistics/filter/scope-filter.js';
import type { Owned, StatisticOwners } from '../../statistics/tables/owners.js';
import { overlap } from '../../coverage/scope.js';
import { fromDayNumber, type LocalDate } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import { localDateAt } from '../../time/time-zone.js';
import type { SourceTracker } from '../definition/registered-tracker.js';
import type { SourceFinder } from '../definition/source.finder.js';
import { choosesSource } from '../definition/tracker.js';
import type { TrackerRegistry } from '../definition/tracker.registry.js';
import { planLive, withStoredDays } from '../source/live-plan.js';
import { computedRanges } from '../source/covered-range.js';
import { dueAt } from '../source/due-dates.js';
import { isFirstRun, needsFirstDate, type RunPlan } from '../source/run-plan.js';
import { rollupSpecOf } from '../source/run-spec.js';
import { checkForms, firstScanned, refuseAmbiguousRows, SourceTypes } from '../source/source-checks.js';
import { probed, probedScans, probeOf, type SourceProbe } from '../source/source-probe.js';
import { refuseLoss } from '../source/source-start.js';
import { refuseStrayRows } from '../source/stray-rows.js';
import {
  type ResolvedEntry,
  type ResolvedTracker,
  trackerLabel,
  type TrackerResolver,
} from '../source/tracker.resolver.js';
import { firstRecountedSecond, hasTimes } from '../source/recounted-seconds.js';
import { allComputed, type ComputedEntries, plannedEntries } from './tracker-coverage.js';

/** Statistics of a metric that a live read computes. */
type Wanted = Omit<Owned, 'tracker'> & { readonly metricKey: string };

/** A tracker with the periods of each entry that a live read computes. */
interface LiveTracker {
  readonly tracker: ResolvedTracker;
  readonly asked: readonly (readonly Period[])[];
  readonly last: LastRead;
}

/** The last read of a tracker's statistics, for the next one. */
interface LastRead {
  /** its plan, for the same coverage and local date */
  plan: LivePlan | null;
  /** of one series: its metric and coverage */
  covered: CoveredMetrics | null;
  durationMs: number;
}

/** The part of a live read that does not depend on its instant: the dates to compute, and the scans of the source. */
interface LivePlan {
  /** everything that the plan was made of, besides the definition */
  readonly madeOf: string;
  /** true if nothing is stored yet of a part of it. Only then the plan depends on rows of the source */
  readonly isFirst: boolean;
  readonly plan: RunPlan;
  readonly scans: readonly (SourceScan | null)[];
  /** what is read of all cells, made for the first read in one database */
  spec: RollupSpec | null;
  /** by cell, or all of them, what was read last */
  readonly parts: Map<string, LivePart>;
}

/** The part of a plan that a read computes: all cells, or one. */
interface LivePart {
  /** null: all */
  readonly cell: Cell | null;
  readonly scans: readonly (SourceScan | null)[];
  /** made for the first read in one database */
  expressions: LiveExpressions | null;
}

/** The statistics of a read, and what runs the statements that read them. */
interface PreparedRead {
  readonly rows: LiveRows;
  readonly live: LiveStatistics;
}

/** A live tracker with its plan. */
interface PlannedTracker extends LiveTracker {
  readonly now: Date;
  readonly planned: LivePlan;
  readonly part: LivePart;
}

/** The names of the partials of a live read, before the place of their tracker. */
const PARTIALS = 'trackstats_live_partial';
const OVERTAKEN_LIMIT = 5;
/** How often a single statement is planned: again if the first one finds that a run has ended. */
const ALONE_LIMIT = 2;
/** Milliseconds. Longer reads need the settings of a transaction more than they would save without one. */
const LONGEST_ALONE = 100;
/** A single statement returns the points beside each coverage of the metric. */
const MOST_COVERAGES = 8;
/** Reads of a tracker that are kept resolved. */
const MOST_KEPT = 200;
/** Cells of a plan whose statements are kept, as many as a page shows. */
const MOST_CELLS = 20;

/** Computes the open dates of trackers' statistics while they are read, by the SQL of their runs, and writes nothing. */
export class LiveReader implements LiveSource {
  private readonly types = new SourceTypes();
  /** false once a session was found whose settings only a transaction changes */
  private readsAlone = true;
  /** by the statistics that are read */
  private readonly resolved = new WeakMap<SourceTracker, Map<string, LiveTracker>>();

  constructor(
    private readonly database: Database,
    private readonly resolver: TrackerResolver,
    private readonly sources: SourceFinder,
    private readonly registry: TrackerRegistry,
    private readonly owners: StatisticOwners,
  ) {}

  counts(metricKey: string, scope: string, period: Period): boolean {
    return this.owners
      .ownedOf(metricKey)
      .some((owned) => owned.period === period && overlap(owned.scope, scope) && this.sourceOf(owned) !== null);
  }

  async read<T>(asked: LiveRead, now: Date, work: (live: LiveStatistics) => Work<T>): Promise<T> {
    const trackers = await this.trackersOf(asked, now);
    if (trackers.some(({ tracker }) => tracker.sourceDatabase !== this.database)) {
      return this.readAcross(asked, trackers, now, work);
    }
    const [only, ...others] = trackers;
    const series = only !== undefined && others.length === 0 && isOneSeries(asked) ? only : null;
    const alone = series === null ? null : await this.readAlone(asked, series, now, work);
    if (alone !== null) return alone.result;
    return this.database.snapshot(() => {
      const reading = this.readWithin(asked, trackers, now, work);
      return series === null ? reading : timed(series.last, reading);
    });
  }

  /**
   * Reads a series in one statement, which is of one snapshot without a transaction. It is planned for the coverage of the
   * last read, which it reads too: if that is another one by now, it is planned again. Returns null where a transaction
   * has to do it.
   */
  private async readAlone<T>(
    asked: LiveRead,
    live: LiveTracker,
    now: Date,
    work: (live: LiveStatistics) => Work<T>,
  ): Promise<{ readonly result: T } | null> {
    const { last } = live;
    for (let attempt = 1; attempt <= ALONE_LIMIT; attempt++) {
      const { covered } = last;
      if (!this.readsAlone || !this.database.commitsAlone || covered === null || !isStored(covered)) return null;
      if (last.durationMs > LONGEST_ALONE || covered.coverages.length > MOST_COVERAGES) return null;
      const prepared = unlessItFails(() => withoutStatements(this.prepare(asked, [live], covered, now)));
      if (prepared === null) return null;
      const read = await this.readOnce(asked, live, prepared.result, work);
      if (read === null) return null;
      if (isDeepStrictEqual(inOrder(read.covered), inOrder(covered))) return read.outcome;
      last.covered = read.covered;
    }
    return null;
  }

  /** Returns the coverage that was read in the statement of a work, and the result of the work, or null if it runs others. */
  private async readOnce<T>(
    { metrics: [metric] }: LiveRead,
    { last }: LiveTracker,
    { rows, live }: PreparedRead,
    work: (live: LiveStatistics) => Work<T>,
  ): Promise<{ readonly covered: CoveredMetrics; readonly outcome: { readonly result: T } | null } | null> {
    const { database } = this;
    const found: { points?: CoveredPoints | null } = {};
    const readPoints = function* (points: Statement): Work<readonly Point[]> {
      found.points = yield* pointsOfSnapshot(database, metric as MetricTarget, points);
      return found.points?.points ?? [];
    };
    try {
      const outcome = await database.read(() =>
        timed(last, onlyStatement(rows.reading(work({ ...live, readPoints })))),
      );
      const { points } = found;
      // in a transaction the session's settings do not matter
      if (points === null) this.readsAlone = false;
      return points === null || points === undefined || points.points === null
        ? null
        : { covered: points.covered, outcome };
    } catch (error) {
      if (database.driver.isPassing(error)) return null;
      throw error;
    }
  }

  /** Everything is in one database, and so is its snapshot. */
  private *readWithin<T>(
    asked: LiveRead,
    trackers: readonly LiveTracker[],
    now: Date,
    work: (live: LiveStatistics) => Work<T>,
  ): Work<T> {
    const covered = yield* this.covered(asked);
    for (const { last } of trackers) last.covered = isOneSeries(asked) ? covered : null;
    const { rows, live } = yield* this.prepare(asked, trackers, covered, now);
    return yield* rows.reading(work(live));
  }

  /** Plans and checks what is read of the database of the statistics. */
  private *prepare(
    asked: LiveRead,
    trackers: readonly LiveTracker[],
    covered: CoveredMetrics,
    now: Date,
  ): Work<PreparedRead> {
    const { dialect } = this.database;
    const planned: PlannedTracker[] = [];
    for (const [place, live] of trackers.entries()) {
      yield* this.types.refuseOthers(dialect, live.tracker);
      const probe = probeOf(dialect, live.tracker, now);
      const one = yield* this.plan(live, { asked, covered, now, probe, place });
      yield* this.checkSource(one);
      planned.push(one);
    }
    const specs: LiveSpec[] = [];
    for (const [place, one] of planned.entries()) {
      specs.push({ expressions: yield* this.expressionsOf(one, covered, place), now: one.now });
    }
    return yield* this.prepareRows(planned, specs, covered);
  }

  /**
   * Reads the partials of each source in one statement, and so of one snapshot, and then the stored values beside them.
   * If a run ends in between, it begins again: the stored values are no longer those that the partials continue.
   */
  private async readAcross<T>(
    asked: LiveRead,
    trackers: readonly LiveTracker[],
    now: Date,
    work: (live: LiveStatistics) => Work<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      // not `read`: a replica may lag behind the coverage that the snapshot below will find
      const covered = await this.database.transaction(() => this.covered(asked));
      const planned: PlannedTracker[] = [];
      for (const [place, live] of trackers.entries())
        planned.push(await this.planFrom(live, { asked, covered, now, place }));
      const spools = await spool(planned);
      try {
        return await this.database.snapshot(() => this.readBeside(asked, planned, covered, spools, work), {
          stages: true,
        });
      } catch (error) {
        if (!(error instanceof OvertakenError) || attempt >= OVERTAKEN_LIMIT) throw error;
      } finally {
        for (const one of spools) one.spool.remove();
      }
    }
  }

  private *readBeside<T>(
    asked: LiveRead,
    planned: readonly PlannedTracker[],
    before: CoveredMetrics,
    spools: readonly Spooled[],
    work: (live: LiveStatistics) => Work<T>,
  ): Work<T> {
    const { dialect } = this.database;
    const covered = yield* this.covered(asked);
    if (!isSameCoverage(covered.coverages, before.coverages)) {
      throw new OvertakenError(planned.map(({ tracker }) => trackerLabel(tracker.definition)).join(', '));
    }
    const specs: LiveSpec[] = [];
    for (const [place, one] of planned.entries()) {
      const spec = spooledSpec(partOf(dialect, yield* this.specOf(one, covered), one));
      specs.push({ expressions: new LiveExpressions(dialect, spec, place, true), now: one.now });
    }
    for (const { spool: one, scans } of spools) yield* one.stage(dialect, scans);
    const { rows, live } = yield* this.prepareRows(planned, specs, covered);
    const result = yield* rows.reading(work(live));
    for (const { expressions } of specs) yield* unstagePartials(dialect, expressions.spec);
    return result;
  }

  private *prepareRows(
    planned: readonly PlannedTracker[],
    specs: readonly LiveSpec[],
    covered: CoveredMetrics,
  ): Work<PreparedRead> {
    const rows = new LiveRows(this.database.dialect, specs);
    const fresh = yield* coveragesAfter(planned, specs, covered, rows);
    const isFresh = (one: StoredCoverage): boolean =>
      fresh.some(
        ({ metricId, period, scope }) => metricId === one.metricId && period === one.period && scope === one.scope,
      );
    const coverages = [...fresh, ...covered.coverages.filter((one) => !isFresh(one))];
    const live = {
      covered: { asked: covered.asked, coverages },
      tableOf: (statistic: Parameters<LiveStatistics['tableOf']>[0]) => rows.tableOf(statistic),
    };
    return { rows, live };
  }

  /** The metrics of a read with their coverage. A definition of which nothing is stored yet has an id of its own. */
  private *covered({ metrics }: LiveRead): Work<CoveredMetrics> {
    const { asked, coverages } = yield* coveredMetrics(this.database, metrics, null);
    return {
      asked: asked.map((found, place) => {
        const target = metrics[place];
        if (found !== null || !isMetricDefinition(target)) return found;
        return Object.assign(unstoredMetric(target), { id: -1 - place });
      }),
      coverages,
    };
  }

  private async planFrom(live: LiveTracker, given: Omit<PlanInput, 'probe'>): Promise<PlannedTracker> {
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

  private *plan(live: LiveTracker, { asked, covered, now: given, probe, place }: PlanInput): Work<PlannedTracker> {
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

  private *expressionsOf(one: PlannedTracker, covered: CoveredMetrics, place: number): Work<LiveExpressions> {
    const { dialect } = this.database;
    const { tracker, now, planned, part } = one;
    planned.spec ??= yield* this.specOf(one, covered);
    yield* refuseLoss(dialect, tracker, planned.spec, {}, probeOf(dialect, tracker, now));
    part.expressions ??= new LiveExpressions(dialect, partOf(dialect, planned.spec, one), place, false);
    return part.expressions;
  }

  private *specOf({ tracker, planned }: PlannedTracker, covered: CoveredMetrics): Work<RollupSpec> {
    const ids = tracker.entries.map((entry) => metricOf(entry, covered)?.id ?? 0);
    return yield* rollupSpecOf(this.database.dialect, tracker, ids, planned.scans, planned.plan);
  }

  // ── which trackers ──

  private async trackersOf(asked: LiveRead, now: Date): Promise<LiveTracker[]> {
    const byTracker = new Map<SourceTracker, Wanted[]>();
    for (const { owned, metricKey } of this.ownedBy(asked)) {
      const tracker = this.sourceOf(owned);
      if (tracker === null) throw notLive(asked, metricKey, 'which a method records');
      byTracker.set(tracker, [...(byTracker.get(tracker) ?? []), { ...owned, metricKey }]);
    }
    const trackers: LiveTracker[] = [];
    for (const [tracker, wanted] of byTracker) trackers.push(await this.resolve(tracker, wanted, now));
    return trackers;
  }

  /**
   * The tracked statistics that a read needs, each once.
   *
   * @throws LiveReadError if there are none for a metric, or for an object that the read names
   */
  private *ownedBy(asked: LiveRead): Generator<{ owned: Owned; metricKey: string }> {
    const { table, cells } = asked.scope;
    const scopes =
      cells === null
        ? filterScopes(asked.scope).map((scope) => [scope])
        : cells.map((cell) => coverageScopes(table, cell));
    for (const target of asked.metrics) {
      const metricKey = naturalKey(target);
      const all = this.owners.ownedOf(metricKey);
      const found = new Set<Owned>();
      for (const possible of scopes) {
        const owned = all.filter(({ period, scope }) => period === asked.period && possible.includes(scope));
        // all objects of a type may be several, each with a tracker of its own
        const within = all.filter(
          ({ period, scope }) => period === asked.period && possible.some((one) => overlap(one, scope)),
        );
        const best = owned.length > 0 ? owned : cells === null ? within : [];
        if (best.length === 0) throw notLive(asked, metricKey, 'which no tracker computes');
        for (const one of best) found.add(one);
      }
      for (const owned of found) {
        yield { owned, metricKey };
        if (asked.readsWhole !== true || this.continues(owned, metricKey)) continue;
        const others = all.filter(
          ({ scope, tracker, period }) => scope === owned.scope && tracker === owned.tracker && period !== asked.period,
        );
        for (const other of others) yield { owned: other, metricKey };
      }
    }
  }

  /** True if the values of several dates make that of all of them. */
  private continues(owned: Owned, metricKey: string): boolean {
    const entries = this.sourceOf(owned)?.definition.entries ?? [];
    const entry = entries.find(({ metric }) => naturalKey(metric) === metricKey);
    return entry !== undefined && meaningOf(entry.aggregate.function).continues;
  }

  private sourceOf({ tracker: name }: Owned): SourceTracker | null {
    const found = this.registry.names().includes(name) ? this.registry.get(name, 'live') : null;
    return found?.kind === 'source' ? found : null;
  }

  /**
   * Resolves the statistics that are read, once if nothing in the definition is a function: what that returns may be
   * another query each time.
   */
  private async resolve(tracker: SourceTracker, wanted: readonly Wanted[], now: Date): Promise<LiveTracker> {
    const { definition } = tracker;
    const key = JSON.stringify(wanted.map(({ metricKey, scope, period }) => [metricKey, scope, period]));
    const known = this.resolved.get(tracker)?.get(key);
    if (known !== undefined) return known;
    const entries = definition.entries.filter(({ metric }) =>
      wanted.some(({ metricKey }) => metricKey === naturalKey(metric)),
    );
    const source = await this.sources.find(tracker, now);
    const resolved = liveTracker(this.resolver.resolve(definition, source, entries), wanted);
    const conditions = [definition.where, ...entries.map(({ where }) => where)];
    if (!choosesSource(tracker.tracker) && conditions.every((where) => typeof where !== 'function')) {
      this.keep(tracker, key, resolved);
    }
    return resolved;
  }

  /** Forgets the one that was kept first if there are many: a dashboard asks the same few again and again. */
  private keep(tracker: SourceTracker, key: string, resolved: LiveTracker): void {
    const ofTracker = this.resolved.get(tracker) ?? new Map<string, LiveTracker>();
    this.resolved.set(tracker, ofTracker.set(key, resolved));
    const [first] = ofTracker.keys();
    if (ofTracker.size > MOST_KEPT && first !== undefined) ofTracker.delete(first);
  }
}

/** A plan is made of these and its tracker. */
interface PlanInput {
  readonly asked: LiveRead;
  readonly covered: CoveredMetrics;
  readonly now: Date;
  readonly probe: SourceProbe;
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

/** A spool of the partials of all trackers with one source, and their scans. */
interface Spooled {
  readonly spool: PartialSpool;
  readonly scans: readonly SourceScan[];
}

/** Returns the scans of a plan for the rows up to an instant. */
function readAt(scans: readonly (SourceScan | null)[], now: Date): SourceScan[] {
  return scans.flatMap((scan) => (scan === null ? [] : { ...scan, now }));
}

async function spool(planned: readonly PlannedTracker[]): Promise<Spooled[]> {
  const bySource = new Map<unknown, { database: Database; scans: SourceScan[] }>();
  for (const { tracker, now, part } of planned) {
    const { sourceDatabase: database } = tracker;
    const known = bySource.get(database.dataSource) ?? { database, scans: [] };
    known.scans.push(...readAt(part.scans, now));
    bySource.set(database.dataSource, known);
  }
  const spooled: Spooled[] = [];
  try {
    for (const { database, scans } of bySource.values()) {
      spooled.push({ spool: await PartialSpool.from(database, scans), scans });
    }
  } catch (error) {
    for (const one of spooled) one.spool.remove();
    throw error;
  }
  return spooled;
}

/**
 * A tracker with what is read of it. A metric that shares its scan with none that is read has a scan of its own, in
 * which its conditions choose rows, as an index may.
 */
function liveTracker(tracker: ResolvedTracker, wanted: readonly Wanted[]): LiveTracker {
  const asked = tracker.entries.map(({ metric, target, periods }) =>
    periods.filter((period) =>
      wanted.some((one) => one.metricKey === naturalKey(metric) && one.scope === target.scope && one.period === period),
    ),
  );
  const sources = [...tracker.sources];
  const entries = tracker.entries.map((entry, index): ResolvedEntry => {
    const isAlone = tracker.entries.every(
      ({ place }, other) => other === index || place !== entry.place || asked[other]?.length === 0,
    );
    const [measure] = entry.alone.measures;
    if (asked[index]?.length === 0 || !isAlone || measure === undefined) return entry;
    return { ...entry, place: sources.push(entry.alone) - 1, sourceOf: entry.alone, measure };
  });
  return { tracker: { ...tracker, sources, entries }, asked, last: { plan: null, covered: null, durationMs: 0 } };
}

function metricOf(
  { metric }: Pick<ResolvedEntry, 'metric'>,
  { asked }: CoveredMetrics,
): CoveredMetrics['asked'][number] {
  const key = naturalKey(metric);
  return asked.find((found) => found?.key === key) ?? null;
}

function coveragesOf({ metric, target, periods }: ResolvedEntry, covered: CoveredMetrics): StoredCoverage[] {
  const id = metricOf({ metric }, covered)?.id;
  return covered.coverages.filter(
    ({ metricId, scope, period }) => metricId === id && scope === target.scope && periods.includes(period),
  );
}

/** The coverages of what is read, as a run now would leave them. */
function* coveragesAfter(
  planned: readonly PlannedTracker[],
  specs: readonly LiveSpec[],
  covered: CoveredMetrics,
  rows: LiveRows,
): Work<StoredCoverage[]> {
  const coverages: StoredCoverage[] = [];
  for (const [place, { tracker, planned: one, now }] of planned.entries()) {
    for (const entry of specs[place]?.expressions.spec.entries ?? []) {
      const { target, aggregate } = tracker.entries[entry.index] as ResolvedEntry;
      const periods = one.plan.entries[entry.index] ?? [];
      for (const [at, { period, covered: dates, coveredSince }] of periods.entries()) {
        const computed = entry.periods[at];
        const late =
          coveredSince === null || computed === undefined
            ? null
            : yield* rows.firstFresh(entry, computed, coveredSince);
        coverages.push({
          metricId: entry.metricId,
          period,
          scope: target.scope,
          from: late ?? (coveredSince === null ? dates.from : fromDayNumber(coveredSince)),
          through: dates.through,
          timeZone: tracker.definition.timeZone,
          kind: aggregate.function,
          fingerprint: dates.fingerprint,
          computedAt: now,
          isWhole: false,
          drift: [],
        });
      }
    }
  }
  return coverages;
}

/** True if a read selects dates of one metric in one cell. */
function isOneSeries({ metrics, scope: { table, cells }, readsWhole = false }: LiveRead): boolean {
  return metrics.length === 1 && cells?.length === 1 && table.moment === 'date' && !readsWhole;
}

/** Runs a work that runs one statement. Returns null if it runs another number of them, or fails after it. */
function* onlyStatement<T>(work: Work<T>): Work<{ readonly result: T } | null> {
  const first = unlessItFails(() => work.next());
  if (first === null || first.done === true) return null;
  const answer = yield first.value;
  const last = unlessItFails(() => work.next(answer));
  return last?.done === true ? { result: last.value } : null;
}

/** Returns null if a task fails: its plan may be for another coverage, and in a transaction the read says why. */
function unlessItFails<T>(task: () => T): T | null {
  try {
    return task();
  } catch {
    return null;
  }
}

/** Runs a work and keeps how long it took, without the wait for its connection. */
function* timed<T>(last: LastRead, work: Work<T>): Work<T> {
  const began = performance.now();
  const result = yield* work;
  last.durationMs = performance.now() - began;
  return result;
}

/** False of a metric that is not stored yet, or has been removed. */
function isStored({ asked }: CoveredMetrics): boolean {
  return asked.every((metric) => metric !== null && metric.id > 0);
}

function inOrder({ asked, coverages }: CoveredMetrics): CoveredMetrics {
  return { asked, coverages: [...coverages].sort((a, b) => a.period - b.period || byText(a.scope, b.scope)) };
}

function isSameCoverage(some: readonly StoredCoverage[], others: readonly StoredCoverage[]): boolean {
  const shown = (coverages: readonly StoredCoverage[]): string =>
    JSON.stringify(
      coverages
        .map(({ metricId, period, scope, from, through, computedAt }) => [
          metricId,
          period,
          scope,
          from,
          through,
          computedAt?.getTime(),
        ])
        .sort(),
    );
  return shown(some) === shown(others);
}

function notLive({ call, period, scope }: LiveRead, metricKey: string, reason: string): LiveReadError {
  const { kind, entity } = scope.table;
  const of = kind === 'total' ? 'the total' : kind === 'object' ? 'by object' : entity.name;
  return new LiveReadError(call, metricKey, `${Period.nameOf(period)}, ${of}`, reason);
}
