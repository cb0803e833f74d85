import { TrackstatsError } from './trackstats.error.js';

/** Thrown if the command line cannot find or load the application. */
export class ApplicationNotFoundError extends TrackstatsError {
  readonly code = 'TRACKSTATS_APPLICATION_NOT_FOUND';
  readonly kind = 'unknown';

  /** @param problem the problem and what to do */
  constructor(problem: string, cause?: unknown) {
    super(problem, { cause });
  }
}

/** Thrown if Ctrl-C or a signal stopped a command. The step in progress was rolled back. */
export class InterruptedError extends TrackstatsError {
  readonly code = 'TRACKSTATS_INTERRUPTED';
  readonly kind = 'interrupted';

  constructor(readonly signal: NodeJS.Signals) {
    super(`Stopped by ${signal}: the step in progress was rolled back.`);
  }
}
