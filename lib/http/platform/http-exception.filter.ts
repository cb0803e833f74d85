import { Catch, Injectable, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { TrackstatsHttpException } from './http.exception.js';
import { sendJson } from './send-json.js';

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
