import { STATUS_CODES } from 'node:http';
import { HttpException, HttpStatus, type Type } from '@nestjs/common';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import {
  InvalidDefinitionError,
  InvalidNameError,
  InvalidRefError,
  UnknownDomainError,
  UnknownMetricError,
} from '../../errors/catalog.error.js';
import { ConnectionBusyError, DatabaseNotRespondingError, TooManyValuesError } from '../../errors/database.error.js';
import {
  IncompleteDimensionsError,
  InvalidDimensionError,
  InvalidDimensionValueError,
} from '../../errors/dimension.error.js';
import {
  ClockBehindError,
  DefinitionChangedError,
  InvalidRangeError,
  LeaseLostError,
  OvertakenError,
  RunTimeoutError,
  ShuttingDownError,
  SourceGoneError,
} from '../../errors/run.error.js';
import {
  InvalidFilterError,
  InvalidObjectError,
  InvalidValueError,
  MixedWritesError,
  NotSummableError,
  TooManyPointsError,
  TrackerOwnedError,
} from '../../errors/statistic.error.js';
import { InvalidDateError, InvalidPeriodError, UnknownTimeZoneError } from '../../errors/time.error.js';
import {
  AmbiguousTrackerError,
  InvalidTrackerError,
  NotStartedError,
  UnknownTrackerError,
} from '../../errors/tracker.error.js';
import { MissingPackageError } from '../../errors/optional-part.error.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { ErrorResponse } from '../resources.js';

/** An error of the interface, in the shape of Nest's own: the filter of its controllers answers it. */
export class TrackstatsHttpException extends HttpException {
  constructor(
    readonly statusCode: HttpStatus,
    readonly messages: readonly string[],
    options?: { cause?: unknown },
  ) {
    const body: ErrorResponse = { statusCode, message: [...messages], error: STATUS_CODES[statusCode] ?? 'Error' };
    super(body, statusCode, options);
    this.message = messages.join('; ');
  }

  static badRequest(...messages: string[]): TrackstatsHttpException {
    return new TrackstatsHttpException(HttpStatus.BAD_REQUEST, messages);
  }
}

type ErrorClass = Type<TrackstatsError>;

/** The status for each error. Every other error is one of the server. */
const STATUS_BY_ERROR = new Map<ErrorClass, HttpStatus>([
  ...statusOf(HttpStatus.NOT_FOUND, [UnknownMetricError, UnknownDomainError, UnknownTrackerError]),
  ...statusOf(HttpStatus.CONFLICT, [
    ClockBehindError,
    DefinitionChangedError,
    LeaseLostError,
    MixedWritesError,
    OvertakenError,
    SourceGoneError,
    TrackerOwnedError,
  ]),
  ...statusOf(HttpStatus.SERVICE_UNAVAILABLE, [
    ConnectionBusyError,
    DatabaseNotRespondingError,
    NotStartedError,
    ShuttingDownError,
  ]),
  ...statusOf(HttpStatus.NOT_IMPLEMENTED, [MissingPackageError]),
  ...statusOf(HttpStatus.GATEWAY_TIMEOUT, [RunTimeoutError]),
  ...statusOf(HttpStatus.BAD_REQUEST, [
    AmbiguousTrackerError,
    IncompleteDimensionsError,
    InvalidArgumentError,
    InvalidDateError,
    InvalidDefinitionError,
    InvalidDimensionError,
    InvalidDimensionValueError,
    InvalidFilterError,
    InvalidNameError,
    InvalidObjectError,
    InvalidPeriodError,
    InvalidRangeError,
    InvalidRefError,
    InvalidTrackerError,
    InvalidValueError,
    NotSummableError,
    TooManyPointsError,
    TooManyValuesError,
    UnknownTimeZoneError,
  ]),
]);

/**
 * Returns an error as a response. The response shows nothing of an error that no client can fix, because it may contain
 * SQL, values, or the names of machines. That is for the log.
 */
export function httpExceptionOf(error: unknown): HttpException {
  if (error instanceof HttpException) return error;
  const status = error instanceof TrackstatsError ? STATUS_BY_ERROR.get(error.constructor as ErrorClass) : undefined;
  if (status === undefined || !(error instanceof Error)) {
    return new TrackstatsHttpException(HttpStatus.INTERNAL_SERVER_ERROR, ['Internal server error'], { cause: error });
  }
  return new TrackstatsHttpException(status, [error.message], { cause: error });
}

function statusOf(status: HttpStatus, errors: readonly unknown[]): [ErrorClass, HttpStatus][] {
  return errors.map((error) => [error as ErrorClass, status]);
}
