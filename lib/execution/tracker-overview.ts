import { type MetricTarget, naturalKey } from '../catalog/definitions.js';
import type { Metric } from '../catalog/metric.entity.js';
import { findMetrics } from '../catalog/metric.query.js';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import { intersectCoverages, type StoredCoverage } from '../coverage/coverage.js';
import { totalDrift } from '../coverage/drift.js';
import { driftOf, type TrackerDrift } from '../tracking/running/tracker-drift.js';
import { storedCoverages } from '../coverage/covered-metrics.query.js';
import type { LocalDate } from '../time/local-date.js';
import type { Period } from '../time/period.js';
import type { Clock } from '../trackstats.tokens.js';
import { metricsOf, periodsOf, type RegisteredTracker } from '../tracking/definition/registered-tracker.js';
import type { TrackedStatistics } from '../tracking/running/tracker.runner.js';
import type { RunHistory } from './run-history.js';
import type { TrackerWorker } from './tracker.worker.js';
import type { TrackerRun } from './tracker-run.js';

/** The state of a tracker, as `TrackerService.list` returns it. */
export interface TrackerInfo {
  name: string;
  /** the natural key of its metric, or of the first of its metrics: 'shopping/order_count' */
  metric: string;
  /** the natural keys of all its metrics, in the order of its options */
  metrics: string[];
  periods: Period[];
  /** `every` in milliseconds; null if the tracker only runs when it is asked to */
  schedule: { cron?: string; every?: number; timeZone: string } | null;
  /** null if the tracker has no schedule, or schedules are off */
  nextRunAt: Date | null;
  lastRun: TrackerRun | null;
  /**
   * the dates that are computed for all of its metrics, in all of their periods. The last one is still open. null if the
   * tracker has not run, or is a method
   */
  coverage: { from: LocalDate; through: LocalDate } | null;
  /** milliseconds since the start of the last successful run: the age of its statistics. null if no run succeeded */
  lagMs: number | null;
  /** true if any process of the application is running it */
  running: boolean;
  /**
   * the statistics whose closed dates differ from the source as it is now, as far as LIFETIME shows it. Empty if none
   * does
   */
  drift: TrackerDrift[];
}

type CoveredRange = NonNullable<TrackerInfo['coverage']>;

interface CoveredStatistics {
  readonly range: CoveredRange | null;
  readonly drift: TrackerDrift[];
}

interface MetricCoverages {
  readonly metrics: readonly (Metric | null)[];
  readonly stored: readonly StoredCoverage[];
}

/** Collects the state of trackers for `TrackerService.list`. */
export class TrackerOverview {
  /** by tracker: when its job fires next. Set by the scheduler */
  readonly nextRuns = new Map<string, () => Date | null>();
  /** by tracker: the statistics that it computes. Set when the application starts */
  tracked = new Map<string, readonly TrackedStatistics[]>();

  constructor(
    private readonly database: Database,
    private readonly history: RunHistory,
    private readonly worker: TrackerWorker,
    private readonly clock: Clock,
  ) {}

  async list(trackers: readonly RegisteredTracker[]): Promise<TrackerInfo[]> {
    const [runs, successes, coverages] = await Promise.all([
      this.history.latest(),
      this.history.lastSuccesses(),
      this.coverages(trackers),
    ]);
    return trackers.map((tracker, place) => {
      const { name, schedule } = tracker;
      const metrics = metricsOf(tracker).map(naturalKey);
      const success = successes.get(name);
      return {
        name,
        metric: metrics[0] ?? '',
        metrics,
        periods: [...periodsOf(tracker)],
        schedule: schedule === null ? null : { ...schedule },
        nextRunAt: this.nextRuns.get(name)?.() ?? null,
        lastRun: runs.get(name) ?? null,
        coverage: coverages[place]?.range ?? null,
        lagMs: success === undefined ? null : Math.max(0, this.clock().getTime() - success.getTime()),
        running: runs.get(name)?.status === 'running' || this.worker.isRunning(tracker),
        drift: coverages[place]?.drift ?? [],
      };
    });
  }

  /** Returns the dates that are covered in all periods of each tracker, and the drift of its statistics. */
  private async coverages(trackers: readonly RegisteredTracker[]): Promise<CoveredStatistics[]> {
    const statistics = trackers.map(({ name }) => this.tracked.get(name) ?? []);
    const targets = statistics.flat().map(({ metric }) => metric);
    const { metrics, stored } = await this.database.read(() => coveragesOf(this.database, targets));
    let place = 0;
    return statistics.map((tracked) => {
      const drift: TrackerDrift[] = [];
      const own = tracked.flatMap((statistic) => {
        const metric = metrics[place++];
        const { periods, scope } = statistic;
        const found = periods.map((period) =>
          stored.find((one) => one.metricId === metric?.id && one.scope === scope && one.period === period),
        );
        drift.push(...driftsOf(statistic, found));
        return found;
      });
      const found = own.filter((coverage) => coverage !== undefined);
      return { range: own.length === 0 || found.length < own.length ? null : intersectCoverages(found), drift };
    });
  }
}

function driftsOf(statistic: TrackedStatistics, coverages: readonly (StoredCoverage | undefined)[]): TrackerDrift[] {
  return coverages.flatMap((coverage) => {
    // dates that were pruned differ from nothing
    const steps = coverage?.drift.filter(({ date }) => coverage.from !== null && date >= coverage.from) ?? [];
    const total = totalDrift(steps);
    return total === null ? [] : [driftOf(statistic, total)];
  });
}

function* coveragesOf(database: Database, targets: readonly MetricTarget[]): Work<MetricCoverages> {
  const metrics = yield* findMetrics(database, targets);
  const found = metrics.filter((metric) => metric !== null);
  return { metrics, stored: yield* storedCoverages(database, found, null) };
}
