import { Logger } from '@nestjs/common';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { ShuttingDownError } from '../errors/run.error.js';
import { DuplicateJobError, MissingScheduleModuleError } from '../errors/schedule.error.js';
import type { TrackerEvents } from '../execution/tracker-events.js';
import type { TrackerWorker } from '../execution/tracker.worker.js';
import { TrackerJob } from '../schedule/tracker.job.js';
import type { Alert } from './alert.js';
import type { AlertEvaluator, WatchedPart } from './alert.evaluator.js';
import type { AlertRegistry } from './alert.registry.js';

/** The name of the job in the application's SchedulerRegistry. */
export const ALERT_JOB = 'trackstats.alerts';

/** Evaluates alerts after runs, and at regular times, each at most once at a time in this process. */
export class AlertScheduler {
  private readonly logger = new Logger('Trackstats');
  /** the evaluations that are going on, by alert and tracker */
  private readonly current = new Map<string, Promise<void>>();
  /** those for which there was a reason to evaluate during their evaluation */
  private readonly again = new Set<string>();
  private job: TrackerJob | null = null;
  private stopListening: (() => void)[] = [];

  /** @param jobsOfApplication undefined if the application has no ScheduleModule */
  constructor(
    private readonly registry: AlertRegistry,
    private readonly evaluator: AlertEvaluator,
    private readonly worker: TrackerWorker,
    private readonly events: TrackerEvents,
    /** milliseconds between two evaluations without a run */
    private readonly every: number,
    private readonly jobsOfApplication: SchedulerRegistry | undefined,
  ) {}

  /**
   * Begins to evaluate alerts.
   *
   * @throws MissingScheduleModuleError, DuplicateJobError
   */
  start(): void {
    const alerts = this.registry.all('evaluate');
    if (alerts.length === 0) return;
    const jobs = this.jobsOfApplication;
    if (jobs === undefined) {
      throw new MissingScheduleModuleError(
        alerts.map(({ name }) => name),
        'alert',
      );
    }
    if (jobs.doesExist('cron', ALERT_JOB)) throw new DuplicateJobError(ALERT_JOB);
    this.job = TrackerJob.of({ every: this.every, timeZone: 'UTC' }, () => this.evaluateAll());
    jobs.addCronJob(ALERT_JOB, this.job);
    this.job.start();
    const evaluate = ({ tracker }: { readonly tracker: string }): Promise<void> => this.evaluateAbout(tracker);
    this.stopListening = [this.events.on('finished', evaluate), this.events.on('failed', evaluate)];
  }

  /** Begins no further evaluation. The worker's stop waits for those that are going on. */
  stop(): void {
    for (const stop of this.stopListening.splice(0)) stop();
    const jobs = this.jobsOfApplication;
    // ScheduleModule may have cleared its registry already
    if (jobs?.doesExist('cron', ALERT_JOB) === true && jobs.getCronJob(ALERT_JOB) === this.job)
      jobs.deleteCronJob(ALERT_JOB);
    else void this.job?.stop();
    this.job = null;
  }

  /** Evaluates alerts and waits for the calls of their methods. Errors of the database reject. */
  async evaluate(alerts: readonly Alert[]): Promise<void> {
    await Promise.all(alerts.flatMap(partsOf).map((part) => this.evaluateNow(part)));
    if (alerts.length > 0) await this.worker.runTask(() => this.evaluator.forgetUnseen());
  }

  private async evaluateAll(): Promise<void> {
    await Promise.all(
      this.registry
        .all('evaluate')
        .flatMap(partsOf)
        .map((part) => this.evaluateOrLog(part)),
    );
    await this.orLog('The state of alerts that are no more could not be removed', () =>
      this.worker.runTask(() => this.evaluator.forgetUnseen()),
    );
  }

  private async evaluateAbout(tracker: string): Promise<void> {
    const concerned = this.registry
      .all('evaluate')
      .flatMap((alert) => alert.watch.concernedBy(tracker).map((one): WatchedPart => ({ alert, tracker: one })));
    await Promise.all(concerned.map((part) => this.evaluateOrLog(part)));
  }

  private evaluateOrLog(part: WatchedPart): Promise<void> {
    return this.orLog(`Alert ${part.alert.name} could not be evaluated`, () => this.evaluateNow(part));
  }

  private async orLog(failure: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof ShuttingDownError) return;
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      this.logger.error(`${failure}: ${message}`, stack);
    }
  }

  /** Evaluates an alert once more after the evaluation that is going on, which may have read what is now out of date. */
  private evaluateNow(part: WatchedPart): Promise<void> {
    const key = `${part.alert.name}\0${part.tracker}`;
    const current = this.current.get(key);
    if (current !== undefined) {
      this.again.add(key);
      return current;
    }
    const evaluation = this.evaluateUntilDone(key, part).finally(() => this.current.delete(key));
    this.current.set(key, evaluation);
    return evaluation;
  }

  private async evaluateUntilDone(key: string, part: WatchedPart): Promise<void> {
    do {
      this.again.delete(key);
      await this.worker.runTask((signal) => this.evaluator.evaluate(part, signal));
    } while (this.again.has(key));
  }
}

function partsOf(alert: Alert): WatchedPart[] {
  return alert.watch.trackers().map((tracker) => ({ alert, tracker }));
}
