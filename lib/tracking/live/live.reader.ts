import { isMetricDefinition, type MetricTarget } from '../../catalog/definitions.js';
import { unstoredMetric } from '../../catalog/derived.js';
import type { StoredCoverage } from '../../coverage/coverage.js';
import {
  type CoveredMetrics,
  coveredMetrics,
  type CoveredPoints,
  pointsOfSnapshot,
} from '../../coverage/covered-metrics.query.js';
import type { Database } from '../../database/database.js';
import type { Point } from '../../database/dialects/dialect.js';
import { type Statement, type Work, withoutStatements } from '../../database/work.js';
import { OvertakenError } from '../../errors/run.error.js';
import { LiveRows, type LiveSpec } from '../../rollup/live-sql.js';
import { PartialSpool } from '../../rollup/partial-spool.js';
import { unstagePartials } from '../../rollup/rollup.js';
import type { SourceScan } from '../../rollup/rollup-spec.js';
import type { LiveRead, LiveSource, LiveStatistics } from '../../statistics/filter/live-source.js';
import type { Period } from '../../time/period.js';
import { trackerLabel } from '../source/tracker.resolver.js';
import { coveragesAfter, isSame, isStored } from './live-coverages.js';
import type { LastRead, LiveTracker } from './live-tracker.js';
import type { LiveTrackerFinder } from './live-tracker.finder.js';
import { type LivePlanner, type PlannedTracker, readAt } from './live.planner.js';

/** The statistics of a read, and what runs the statements that read them. */
interface PreparedRead {
  readonly rows: LiveRows;
  readonly live: LiveStatistics;
}

const OVERTAKEN_LIMIT = 5;
/** How often a single statement is planned: again if the first one finds that a run has ended. */
const ALONE_LIMIT = 2;
/** Milliseconds. Longer reads need the settings of a transaction more than they would save without one. */
const LONGEST_ALONE = 100;
/** A single statement returns the points beside each coverage of the metric. */
const MOST_COVERAGES = 8;

/** Computes the open dates of trackers' statistics while they are read, by the SQL of their runs, and writes nothing. */
export class LiveReader implements LiveSource {
  /** false once a session was found whose settings only a transaction changes */
  private readsAlone = true;

  constructor(
    private readonly database: Database,
    private readonly finder: LiveTrackerFinder,
    private readonly planner: LivePlanner,
    /** milliseconds since some instant */
    private readonly elapsed = (): number => performance.now(),
  ) {}

  counts(metricKey: string, scope: string, period: Period): boolean {
    return this.finder.counts(metricKey, scope, period);
  }

  async read<T>(asked: LiveRead, now: Date, work: (live: LiveStatistics) => Work<T>): Promise<T> {
    const trackers = await this.finder.trackersOf(asked, now);
    if (trackers.some(({ tracker }) => tracker.sourceDatabase !== this.database)) {
      return this.readAcross(asked, trackers, now, work);
    }
    const [only, ...others] = trackers;
    const series = only !== undefined && others.length === 0 && isOneSeries(asked) ? only : null;
    const alone = series === null ? null : await this.readAlone(asked, series, now, work);
    if (alone !== null) return alone.result;
    return this.database.snapshot(() => {
      const reading = this.readWithin(asked, trackers, now, work);
      return series === null ? reading : this.timed(series.last, reading);
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
      if (isSame(read.covered, covered)) return read.outcome;
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
        this.timed(last, onlyStatement(rows.reading(work({ ...live, readPoints })))),
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
    const planned: PlannedTracker[] = [];
    for (const [place, live] of trackers.entries()) {
      planned.push(yield* this.planner.planWithin(live, { asked, covered, now, place }));
    }
    const specs: LiveSpec[] = [];
    for (const [place, one] of planned.entries()) {
      specs.push({ expressions: yield* this.planner.expressionsOf(one, covered, place), now: one.now });
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
      for (const [place, live] of trackers.entries()) {
        planned.push(await this.planner.planAcross(live, { asked, covered, now, place }));
      }
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
    if (!isSame(covered, before)) {
      throw new OvertakenError(planned.map(({ tracker }) => trackerLabel(tracker.definition)).join(', '));
    }
    const specs: LiveSpec[] = [];
    for (const [place, one] of planned.entries()) {
      specs.push({ expressions: yield* this.planner.spooledExpressionsOf(one, covered, place), now: one.now });
    }
    for (const { spool: one, scans } of spools) yield* one.stage(dialect, scans);
    const { rows, live } = yield* this.prepareRows(planned, specs, covered);
    const result = yield* rows.reading(work(live));
    for (const { expressions } of specs) yield* unstagePartials(dialect, expressions.spec);
    return result;
  }

  /** Runs a work and keeps how long it took, without the wait for its connection. */
  private *timed<T>(last: LastRead, work: Work<T>): Work<T> {
    const began = this.elapsed();
    const result = yield* work;
    last.durationMs = this.elapsed() - began;
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
}

/** A spool of the partials of all trackers with one source, and their scans. */
interface Spooled {
  readonly spool: PartialSpool;
  readonly scans: readonly SourceScan[];
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
