import { naturalKey } from '../../catalog/definitions.js';
import { Logger } from '@nestjs/common';
import type { MetricService } from '../../catalog/metric.service.js';
import { DuplicateTrackerError } from '../../errors/tracker.error.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { Source } from '../../rollup/source-query.js';
import type { StatisticOwners } from '../../statistics/tables/owners.js';
import { Period } from '../../time/period.js';
import type { Clock } from '../../trackstats.tokens.js';
import type { MethodRunner } from './method.runner.js';
import {
  metricsOf,
  nameTracker,
  type RegisteredTracker,
  type SourceTracker,
} from '../definition/registered-tracker.js';
import type { SourceFinder } from '../definition/source.finder.js';
import { choosesSource } from '../definition/tracker.js';
import type { TrackedStatistics, TrackerRunner } from './tracker.runner.js';

/** Checks the trackers of an application against its database, and registers what they own. */
export class TrackerChecker {
  private readonly logger = new Logger(TrackerChecker.name);

  constructor(
    private readonly sources: SourceFinder,
    private readonly trackers: TrackerRunner,
    private readonly methods: MethodRunner,
    private readonly metrics: MetricService,
    private readonly owners: StatisticOwners,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns the statistics of each tracker, except those whose `source()` failed
   * @throws the error of the first tracker that cannot run; DuplicateTrackerError if two would write the same
   * statistics
   */
  async check(trackers: readonly RegisteredTracker[]): Promise<Map<string, readonly TrackedStatistics[]>> {
    const tracked = new Map<string, readonly TrackedStatistics[]>();
    for (const tracker of trackers) {
      const statistics = await this.statisticsOf(tracker).catch((error: unknown) => {
        throw nameTracker(tracker.name, error);
      });
      if (statistics === null) continue;
      tracked.set(tracker.name, statistics);
      this.own(tracker.name, statistics);
    }
    return tracked;
  }

  /** Releases what trackers own that no longer run. */
  release(trackers: readonly RegisteredTracker[]): void {
    for (const { name } of trackers) this.owners.disown(name);
  }

  private async statisticsOf(tracker: RegisteredTracker): Promise<readonly TrackedStatistics[] | null> {
    for (const metric of metricsOf(tracker)) if (typeof metric === 'string') await this.metrics.resolve(metric);
    if (tracker.kind === 'method') {
      const { metric, period } = tracker.definition;
      return [{ metric, periods: [period], scope: this.methods.scopeOf(tracker.definition) }];
    }
    const source = await this.sourceOf(tracker);
    return source === null ? null : this.trackers.check(tracker.definition, source);
  }

  private async sourceOf(tracker: SourceTracker): Promise<Source | null> {
    try {
      return await this.sources.find(tracker, this.clock());
    } catch (error) {
      if (error instanceof TrackstatsError || !choosesSource(tracker.tracker)) throw error;
      // its source() may need what is not there yet; a run that fails is logged as well, and goes on
      this.logger.error(
        `Tracker ${tracker.name}: source() failed, so its fields are not checked before it runs: ${String(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
      return null;
    }
  }

  private own(tracker: string, statistics: readonly TrackedStatistics[]): void {
    for (const { metric, periods, scope } of statistics) {
      const key = naturalKey(metric);
      for (const period of periods) {
        const owner = this.owners.ownerOf(key, period, scope);
        if (owner === undefined || owner === tracker) continue;
        throw new DuplicateTrackerError(
          `The trackers ${owner} and ${tracker} would write the same statistics: ${key}, ${Period.nameOf(period)}${scope === '' ? '' : `, ${scope}`}. ` +
            `Each run of one would replace what the other wrote: give one of them a metric of its own, or remove it.`,
        );
      }
      this.owners.own(key, periods, scope, tracker);
    }
  }
}
