import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { ShuttingDownError } from '../errors/run.error.js';
import { DuplicateJobError, MissingScheduleModuleError } from '../errors/schedule.error.js';
import type { DatabaseClock } from '../execution/database-clock.js';
import type { LeaseService } from '../execution/lease.service.js';
import type { RequestOutcome, TrackerWorker } from '../execution/tracker.worker.js';
import type { TrackerOverview } from '../execution/tracker-overview.js';
import type { RegisteredTracker } from '../tracking/definition/registered-tracker.js';
import type { TrackerSchedule } from '../tracking/definition/tracker-schedule.js';
import type { ResolvedScheduling } from '../trackstats.options.js';
import { TrackerJob } from './tracker.job.js';
import { latestSlot, slotAfter } from './slots.js';

type ScheduledTracker = RegisteredTracker & { readonly schedule: TrackerSchedule };

/** Runs trackers by their schedules. Each is a cron job of the application's SchedulerRegistry, under its name. */
export class TrackerScheduler {
  private readonly logger = new Logger(TrackerScheduler.name);
  private readonly jobs = new Map<string, TrackerJob>();
  /** slots that run later: a catch-up, one whose lease another process has, or one that has not come by the database's clock */
  private readonly delayed = new Map<string, DelayedRun>();
  /** trackers whose slot came while this process was running them */
  private readonly overdue = new Set<string>();
  private stopped = false;

  /** @param jobsOfApplication undefined if the application has no ScheduleModule */
  constructor(
    private readonly worker: TrackerWorker,
    private readonly overview: TrackerOverview,
    private readonly leases: LeaseService,
    private readonly clock: DatabaseClock,
    private readonly options: ResolvedScheduling,
    private readonly jobsOfApplication: SchedulerRegistry | undefined,
  ) {}

  /**
   * Registers and starts the jobs. Also runs trackers with `runOnStart`, and slots that were missed.
   *
   * @throws MissingScheduleModuleError, DuplicateJobError
   */
  async start(trackers: readonly RegisteredTracker[]): Promise<void> {
    if (this.stopped) throw new ShuttingDownError();
    const created = this.createJobs(trackers);
    const missed = await this.missedSlots(created.map(([tracker]) => tracker));
    for (const [tracker, job] of created) {
      this.registry([tracker]).addCronJob(tracker.name, job);
      this.jobs.set(tracker.name, job);
      this.overview.nextRuns.set(tracker.name, () => (job.isActive ? job.nextDate().toJSDate() : null));
      job.start();
    }
    for (const tracker of trackers) this.runAtStart(tracker, missed.has(tracker.name));
  }

  /** Removes the job of a tracker. Resolves when its current run has ended. */
  async remove(tracker: RegisteredTracker): Promise<void> {
    this.removeJob(tracker.name);
    await this.worker.waitFor(tracker);
  }

  /** Removes all jobs. Resolves when the current runs have ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const name of [...this.jobs.keys(), ...this.delayed.keys()]) this.removeJob(name);
    await this.worker.stop();
  }

  /** Creates the jobs without starting them, so that an error leaves no timer behind. */
  private createJobs(trackers: readonly RegisteredTracker[]): [ScheduledTracker, TrackerJob][] {
    const scheduled = trackers.filter(isScheduled);
    if (scheduled.length === 0) return [];
    const registry = this.registry(scheduled);
    return scheduled.map((tracker): [ScheduledTracker, TrackerJob] => {
      if (registry.doesExist('cron', tracker.name)) throw new DuplicateJobError(tracker.name);
      return [tracker, TrackerJob.of(tracker.schedule, (slot) => this.tick(tracker, slot))];
    });
  }

  private removeJob(name: string): void {
    const job = this.jobs.get(name);
    const registry = this.jobsOfApplication;
    // ScheduleModule may have cleared its registry already
    if (registry?.doesExist('cron', name) === true && registry.getCronJob(name) === job) registry.deleteCronJob(name);
    else void job?.stop();
    clearTimeout(this.delayed.get(name)?.timer);
    this.delayed.delete(name);
    this.jobs.delete(name);
    this.overview.nextRuns.delete(name);
  }

  private registry(scheduled: readonly RegisteredTracker[]): SchedulerRegistry {
    if (this.jobsOfApplication !== undefined) return this.jobsOfApplication;
    throw new MissingScheduleModuleError(scheduled.map(({ name }) => name));
  }

  /** Returns the names of trackers whose latest slot nobody has run. A tracker that never ran has missed nothing. */
  private async missedSlots(trackers: readonly ScheduledTracker[]): Promise<ReadonlySet<string>> {
    const missed = new Set<string>();
    if (!this.options.catchUp || trackers.length === 0) return missed;
    const states = await this.leases.states(trackers.map(({ name }) => name));
    for (const { name, schedule } of trackers) {
      const state = states.get(name);
      if (state === undefined || state.slot === null) continue;
      if (slotAfter(schedule, new Date(state.slot)).getTime() <= state.now) missed.add(name);
    }
    return missed;
  }

  private runAtStart(tracker: RegisteredTracker, hasMissed: boolean): void {
    if (hasMissed && isScheduled(tracker)) {
      this.runLater(tracker, tracker.runOnStart ? 0 : Math.random() * this.options.catchUpJitter);
    } else if (tracker.runOnStart) void this.runOnce(tracker, 'start');
  }

  /** Handles a job that fires, for a slot or because the application fired it. */
  private async tick(tracker: ScheduledTracker, slot: Date | null): Promise<void> {
    if (slot === null) return this.runOnce(tracker, 'call');
    // if this machine's clock is off, replicas would take different slots; the database's clock gives them the same
    const now = this.clock.scheduleNow();
    const due = this.clock.isOff ? latestSlot(tracker.schedule, now) : slot;
    // the job of a machine whose clock is ahead fires before its slot, and then not again until the one after it
    if (slot > now) this.runWhenDue(tracker, slot);
    if (due !== null) await this.run(tracker, due);
  }

  private async run(tracker: ScheduledTracker, slot: Date): Promise<void> {
    const nextSlot = slotAfter(tracker.schedule, slot);
    const outcome = await this.outcomeOrLog(tracker, () => this.worker.runScheduled(tracker, { slot, nextSlot }));
    if (outcome?.kind !== 'skipped') return;
    // the process that has the lease may have died; nobody else would run this slot then
    if (outcome.reason === 'held') this.runLater(tracker, outcome.leaseEndsIn + MARGIN);
    if (outcome.reason === 'busy') void this.runAfterCurrent(tracker);
    if (outcome.reason !== 'early') return;
    this.runWhenDue(tracker, slot);
    // the refusal has said how much this machine's clock is ahead
    const latest = latestSlot(tracker.schedule, this.clock.scheduleNow());
    if (latest !== null && latest < slot) await this.run(tracker, latest);
  }

  /** Runs the next slot when it has come by the clock of the database. */
  private runWhenDue(tracker: ScheduledTracker, slot: Date): void {
    const now = this.clock.scheduleNow();
    const next = slotAfter(tracker.schedule, now);
    const due = next < slot ? next : slot;
    this.runLater(tracker, Math.max(0, due.getTime() - now.getTime()) + MARGIN, due);
  }

  /**
   * Runs the latest slot after a wait, or a later one that has come by then. It makes up for all slots of that time. Of
   * two waits the longer one remains.
   */
  private runLater(tracker: ScheduledTracker, ms: number, slot: Date | null = null): void {
    const at = performance.now() + ms;
    const waiting = this.delayed.get(tracker.name);
    if (waiting !== undefined && waiting.at >= at) return;
    clearTimeout(waiting?.timer);
    const timer = setTimeout(() => {
      this.delayed.delete(tracker.name);
      void this.runLatest(tracker, slot);
    }, ms);
    this.delayed.set(tracker.name, { timer, at });
  }

  private async runAfterCurrent(tracker: ScheduledTracker): Promise<void> {
    if (this.overdue.has(tracker.name)) return;
    this.overdue.add(tracker.name);
    await this.worker.waitFor(tracker);
    this.overdue.delete(tracker.name);
    await this.runLatest(tracker);
  }

  /** @param expected a slot that has come, though the estimate of the database's clock may say otherwise */
  private async runLatest(tracker: ScheduledTracker, expected: Date | null = null): Promise<void> {
    if (!this.jobs.has(tracker.name)) return;
    const latest = latestSlot(tracker.schedule, this.clock.scheduleNow());
    const slot = expected !== null && (latest === null || expected > latest) ? expected : latest;
    if (slot !== null) await this.run(tracker, slot);
  }

  private async runOnce(tracker: RegisteredTracker, triggeredBy: string): Promise<void> {
    await this.outcomeOrLog(tracker, () => this.worker.runNow(tracker, { slot: null, triggeredBy }));
  }

  private async outcomeOrLog(
    tracker: RegisteredTracker,
    request: () => Promise<RequestOutcome>,
  ): Promise<RequestOutcome | null> {
    if (this.stopped) return null;
    try {
      const outcome = await request();
      if (outcome.kind === 'skipped') this.logger.debug(`Tracker ${tracker.name}: ${SKIPPED[outcome.reason]}`);
      return outcome;
    } catch (error) {
      if (error instanceof ShuttingDownError) {
        this.logger.log(`Tracker ${tracker.name}: ${error.message}`);
        return null;
      }
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      this.logger.error(`Tracker ${tracker.name} failed: ${message}`, stack);
      return null;
    }
  }
}

/** Milliseconds after the end of a lease, or the time of a slot, before the attempt to take the lease. */
const MARGIN = 100;

/** A wait for a slot. */
interface DelayedRun {
  readonly timer: NodeJS.Timeout;
  /** when it ends, as `performance.now` says */
  readonly at: number;
}

const SKIPPED: Readonly<Record<(RequestOutcome & { kind: 'skipped' })['reason'], string>> = {
  busy: 'it is still running here; it runs again when that has ended.',
  held: 'another process is running it.',
  done: 'another process has run this slot.',
  early: 'this slot has not come yet by the clock of the database; it runs when it has.',
};

function isScheduled(tracker: RegisteredTracker): tracker is ScheduledTracker {
  return tracker.schedule !== null;
}
