import { shown, TrackstatsError } from './trackstats.error.js';

/** Thrown if the schedule of a tracker cannot be read. */
export class InvalidScheduleError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INVALID_SCHEDULE';
  readonly kind = 'setup';

  /** @param reason the expectation and what to do */
  constructor(tracker: string, option: string, given: unknown, reason: string, cause?: unknown) {
    super(`Tracker ${tracker}: ${option} is ${shown(given)}. ${reason}`, { cause });
  }
}

/** Thrown if a tracker has a schedule, or there are alerts, and the application does not import `ScheduleModule`. */
export class MissingScheduleModuleError extends TrackstatsError {
  readonly code = 'TRACKSTATS_MISSING_SCHEDULE_MODULE';
  readonly kind = 'setup';

  constructor(names: readonly string[], kind: 'tracker' | 'alert' = 'tracker') {
    super(
      `The ${kind}${names.length > 1 ? 's' : ''} ${names.join(', ')} would ${kind === 'tracker' ? 'run' : 'be evaluated'} by a schedule, and the ` +
        `application has none. Add ScheduleModule.forRoot() of @nestjs/schedule to the imports of its root module, once; or ` +
        `switch schedules off: TrackstatsModule.forRoot({ scheduling: false }).`,
    );
  }
}

/** Thrown if the `SchedulerRegistry` already has a job with the tracker's name. */
export class DuplicateJobError extends TrackstatsError {
  readonly code = 'TRACKSTATS_DUPLICATE_JOB';
  readonly kind = 'setup';

  constructor(tracker: string) {
    super(
      `Tracker ${tracker} would be registered as a cron job of that name, and the SchedulerRegistry has one already. ` +
        `Give one of them another name: @Track({ name: '…' }).`,
    );
  }
}
