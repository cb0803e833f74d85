import { InvalidArgumentError } from '../errors/argument.error.js';
import { InvalidRefError, UnknownDomainError, UnknownMetricError } from '../errors/catalog.error.js';
import { ApplicationNotFoundError, InterruptedError } from '../errors/cli.error.js';
import { MissingPackageError } from '../errors/optional-part.error.js';
import { NothingToResumeError } from '../errors/run.error.js';
import { InvalidFilterError } from '../errors/statistic.error.js';
import { InvalidDateError, InvalidPeriodError } from '../errors/time.error.js';
import { AmbiguousTrackerError, UnknownTrackerError } from '../errors/tracker.error.js';
import { exitCodeOf } from './interruption.js';

export const SUCCESS = 0;
/** Differences were found, or a run failed. */
export const FAILURE = 1;
/** The command was given wrongly. */
export const USAGE = 2;

const USAGE_ERRORS = [
  AmbiguousTrackerError,
  ApplicationNotFoundError,
  InvalidArgumentError,
  InvalidDateError,
  InvalidFilterError,
  InvalidPeriodError,
  InvalidRefError,
  MissingPackageError,
  NothingToResumeError,
  UnknownDomainError,
  UnknownMetricError,
  UnknownTrackerError,
];

/** The code with which a command ends that threw. */
export function exitCodeFor(error: unknown): number {
  if (error instanceof InterruptedError) return exitCodeOf(error);
  return USAGE_ERRORS.some((type) => error instanceof type) ? USAGE : FAILURE;
}
