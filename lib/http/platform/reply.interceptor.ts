import {
  HttpStatus,
  Inject,
  Injectable,
  Logger,
  Res,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { catchError, map, type Observable } from 'rxjs';
import { etagOf, isKnown } from './reply.js';
import { httpExceptionOf } from './http.exception.js';
import { sendJson } from './reply.js';
import { messageOf } from '../../errors/error-message.js';

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Headers on which a reply depends. A cache that several users share must ask again for each of them. */
const VARY = ['Authorization', 'Cookie'];

/**
 * Marks a route whose result `ReplyInterceptor` sends. Nest sends nothing itself if a handler injects the response, so
 * the body is the documented one even if a global interceptor of the application wraps or serializes results.
 */
export function Replied(): MethodDecorator {
  return (target, key, descriptor) => {
    const handler = descriptor.value as unknown as (...args: unknown[]) => unknown;
    Res()(target, key, handler.length);
  };
}

/** A result that is sent with status 202, by a route that otherwise answers with 200. */
export class Accepted<T> {
  constructor(readonly body: T) {}
}

/** Sends the result of a route as JSON with headers for caches. Turns what it throws into errors of the interface. */
@Injectable()
export class ReplyInterceptor implements NestInterceptor<unknown, void> {
  private readonly logger = new Logger('TrackstatsHttp');

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<void> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    return next.handle().pipe(
      map((body) => {
        if (body instanceof StreamableFile) this.sendFile(http.getResponse(), body);
        else if (body instanceof Accepted) this.sendResult(http.getResponse(), body.body, HttpStatus.ACCEPTED);
        else this.send(request, http.getResponse(), body);
      }),
      catchError((error: unknown) => {
        throw this.answerable(error, context);
      }),
    );
  }

  private send({ method, headers }: Request, response: unknown, result: unknown): void {
    if (method !== 'GET' && method !== 'HEAD') {
      this.sendResult(response, result);
      return;
    }
    const { httpAdapter } = this.host;
    const body = JSON.stringify(result);
    const etag = etagOf(body);
    const status = isKnown(etag, headers['if-none-match']) ? 304 : 200;
    sendJson(httpAdapter, response, status === 304 ? '' : body, {
      status,
      headers: { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: this.vary(response) },
    });
  }

  /** @param status left out: the one of the route's decorator */
  private sendResult(response: unknown, result: unknown, status?: HttpStatus): void {
    const headers = { 'Cache-Control': 'no-store' };
    sendJson(this.host.httpAdapter, response, JSON.stringify(result), {
      ...(status !== undefined && { status }),
      headers,
    });
  }

  private sendFile(response: unknown, file: StreamableFile): void {
    const { httpAdapter } = this.host;
    if (httpAdapter.isHeadersSent(response)) return;
    httpAdapter.setHeader(response, 'X-Content-Type-Options', 'nosniff');
    httpAdapter.setHeader(response, 'Cache-Control', 'no-store');
    httpAdapter.reply(response, file);
  }

  /** Adds to a `Vary` that is set already, for example by CORS. */
  private vary(response: unknown): string {
    const set = this.host.httpAdapter.getHeader(response, 'Vary') as string | string[] | undefined;
    const names = [set ?? []].flat().flatMap((some) => some.split(/\s*,\s*/));
    return [...new Set([...names, ...VARY])].join(', ');
  }

  private answerable(error: unknown, context: ExecutionContext): Error {
    const exception = httpExceptionOf(error);
    if (exception !== error && exception.getStatus() === 500) {
      const route = `${context.getClass().name}.${context.getHandler().name}`;
      this.logger.error(`${route} failed: ${messageOf(error)}`, error instanceof Error ? error.stack : undefined);
    }
    return exception;
  }
}
