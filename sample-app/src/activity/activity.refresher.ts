import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { addDays, DefinitionChangedError, type TrackerInfo, TrackerService, type TrackResult } from 'nestjs-trackstats';
import { HistoryService } from '../history/history.service.js';

const FIVE_MINUTES = 5 * 60 * 1000;

/**
 * Reads the history at start and every few minutes, and updates the statistics. The schedules of the trackers alone
 * would include new commits of today and yesterday only. A merge adds commits that are weeks old, and a rebase removes
 * some, so the statistics are recomputed from the first changed commit on.
 */
@Injectable()
export class ActivityRefresher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ActivityRefresher.name);
  private readonly shutdown = new AbortController();
  private running: Promise<void> | null = null;

  constructor(
    private readonly history: HistoryService,
    private readonly trackers: TrackerService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.refresh();
  }

  @Interval(FIVE_MINUTES)
  async refreshRegularly(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.logger.warn(`The history could not be read: ${(error as Error).message}`);
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.shutdown.abort();
    await this.running;
  }

  /** A call during a refresh waits for that refresh. */
  refresh(): Promise<void> {
    this.running ??= this.readAndTrack()
      .catch((error: unknown) => {
        if (!this.shutdown.signal.aborted) throw error;
      })
      .finally(() => (this.running = null));
    return this.running;
  }

  private async readAndTrack(): Promise<void> {
    await this.history.read(this.shutdown.signal);
    const changedSince = await this.history.changedSince();
    // commits dated in the future are counted by the run of their day
    const since = changedSince && changedSince < new Date() ? changedSince : null;
    let isUpToDate = true;
    for (const tracker of await this.trackers.list()) {
      const result = await this.bringUpToDate(tracker, since);
      isUpToDate &&= result !== null; // null: it was running already, perhaps on older rows
    }
    if (isUpToDate) await this.history.settled();
  }

  private async bringUpToDate({ name, coverage }: TrackerInfo, since: Date | null): Promise<TrackResult | null> {
    try {
      if (since && coverage) return await this.trackers.backfill(name, { from: since });
      return await this.trackers.run(name);
    } catch (error) {
      if (!(error instanceof DefinitionChangedError) || !coverage) throw error;
      // the time zone or the tracker's definition has changed: recompute everything
      return this.trackers.backfill(name, { from: addDays(coverage.from, -1) });
    }
  }
}
