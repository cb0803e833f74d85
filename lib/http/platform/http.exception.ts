import { STATUS_CODES } from 'node:http';
import { HttpException, HttpStatus, Catch, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TrackstatsError, type TrackstatsErrorKind } from '../../errors/trackstats.error.js';
import type { ErrorResponse } from '../resources.js';
import { sendJson } from './reply.js';

/** An error response of the interface, in Nest's own shape. The filter of the controllers sends it. */
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

const STATUS: Readonly<Record<TrackstatsErrorKind, HttpStatus>> = {
  invalid: HttpStatus.BAD_REQUEST,
  unusable: HttpStatus.BAD_REQUEST,
  unknown: HttpStatus.NOT_FOUND,
  conflict: HttpStatus.CONFLICT,
  unavailable: HttpStatus.SERVICE_UNAVAILABLE,
  timeout: HttpStatus.GATEWAY_TIMEOUT,
  'missing-package': HttpStatus.NOT_IMPLEMENTED,
  data: HttpStatus.INTERNAL_SERVER_ERROR,
  setup: HttpStatus.INTERNAL_SERVER_ERROR,
  interrupted: HttpStatus.INTERNAL_SERVER_ERROR,
};

/**
 * Returns an error as a response. The response shows nothing of an error that no client can fix, because it may contain
 * SQL, values, or the names of machines. That is for the log.
 */
export function httpExceptionOf(error: unknown): HttpException {
  if (error instanceof HttpException) return error;
  if (error instanceof TrackstatsError && STATUS[error.kind] !== HttpStatus.INTERNAL_SERVER_ERROR) {
    return new TrackstatsHttpException(STATUS[error.kind], [error.message], { cause: error });
  }
  return new TrackstatsHttpException(HttpStatus.INTERNAL_SERVER_ERROR, ['Internal server error'], { cause: error });
}

/**
 * Answers errors of the interface in the documented shape, whatever filters the application has. What the application's
 * own guards throw is for its own filters: they may send a visitor to a login.
 */
@Injectable()
@Catch(TrackstatsHttpException)
export class TrackstatsHttpExceptionFilter implements ExceptionFilter<TrackstatsHttpException> {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(exception: TrackstatsHttpException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const body = JSON.stringify(exception.getResponse());
    sendJson(this.host.httpAdapter, http.getResponse(), body, {
      status: exception.getStatus(),
      headers: { 'Cache-Control': 'no-store' },
    });
  }
}
