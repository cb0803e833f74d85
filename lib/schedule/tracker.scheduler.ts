import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { DuplicateJobError, MissingScheduleModuleError } from '../errors/schedule.error.js';
import type { RegisteredTracker } from '../tracking/registered-tracker.js';
import type { TrackerExecutor } from '../execution/tracker.executor.js';
import type { TrackerOverview } from '../execution/tracker-overview.js';
import { TrackerJob } from './tracker.job.js';

/** Makes trackers run at their times: each is a cron job of the application's SchedulerRegistry, under its name. */
export class TrackerScheduler {
  private readonly logger = new Logger(TrackerScheduler.name);
  private readonly jobs = new Map<string, TrackerJob>();
  private stopped = false;

  /** @param jobsOfApplication undefined where the application has no ScheduleModule */
  constructor(
    private readonly executor: TrackerExecutor,
    private readonly overview: TrackerOverview,
    private readonly jobsOfApplication: SchedulerRegistry | undefined,
  ) {}

  /**
   * Registers and starts the jobs, and runs what is to run at start.
   *
   * @throws MissingScheduleModuleError, DuplicateJobError
   */
  start(trackers: readonly RegisteredTracker[]): void {
    for (const [tracker, job] of this.made(trackers)) {
      this.registry([tracker]).addCronJob(tracker.name, job);
      this.jobs.set(tracker.name, job);
      this.overview.nextRuns.set(tracker.name, () => (job.isActive ? job.nextDate().toJSDate() : null));
      job.start();
    }
    for (const tracker of trackers) {
      if (tracker.runOnStart) void this.fire(tracker, null);
    }
  }

  /** Fires nothing any more, and resolves when the runs in progress have ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const [name, job] of this.jobs) {
      const registry = this.jobsOfApplication;
      // ScheduleModule may have cleared its registry already
      if (registry?.doesExist('cron', name) === true && registry.getCronJob(name) === job) registry.deleteCronJob(name);
      else void job.stop();
    }
    this.jobs.clear();
    this.overview.nextRuns.clear();
    await this.executor.idle();
  }

  /** All are made before the first is started: a start that fails leaves no timer behind. */
  private made(trackers: readonly RegisteredTracker[]): [RegisteredTracker, TrackerJob][] {
    const scheduled = trackers.filter(({ schedule }) => schedule !== null);
    if (scheduled.length === 0) return [];
    const registry = this.registry(scheduled);
    return scheduled.flatMap((tracker): [RegisteredTracker, TrackerJob][] => {
      if (tracker.schedule === null) return [];
      if (registry.doesExist('cron', tracker.name)) throw new DuplicateJobError(tracker.name);
      return [[tracker, TrackerJob.of(tracker.schedule, (slot) => this.fire(tracker, slot))]];
    });
  }

  private registry(scheduled: readonly RegisteredTracker[]): SchedulerRegistry {
    if (this.jobsOfApplication !== undefined) return this.jobsOfApplication;
    throw new MissingScheduleModuleError(scheduled.map(({ name }) => name));
  }

  private async fire(tracker: RegisteredTracker, slot: Date | null): Promise<void> {
    if (this.stopped) return;
    try {
      const result = await this.executor.tryNow(tracker, { slot });
      if (result === null) this.logger.debug(`Tracker ${tracker.name} is still running; this tick is skipped.`);
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      this.logger.error(`Tracker ${tracker.name} failed: ${message}`, stack);
    }
  }
}
