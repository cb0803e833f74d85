import {
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
import { etagOf, isKnown } from './etag.js';
import { httpExceptionOf } from './http.exception.js';
import { sendJson } from './send-json.js';

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Headers on which a reply depends: a cache that users share, or a browser in which they change, must ask again. */
const VARY = ['Authorization', 'Cookie'];

/**
 * Marks a route whose result `ReplyInterceptor` sends: Nest leaves the response to who injects it. So the body is what
 * is documented even where a global interceptor of the application wraps or serializes results.
 */
export function Replied(): MethodDecorator {
  return (target, key, descriptor) => {
    const handler = descriptor.value as unknown as (...args: unknown[]) => unknown;
    Res()(target, key, handler.length);
  };
}

/** Sends what a route gives as JSON, with what caches need to know; turns what it throws into the interface's errors. */
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
        else this.send(request, http.getResponse(), JSON.stringify(body));
      }),
      catchError((error: unknown) => {
        throw this.answerable(error, context);
      }),
    );
  }

  private send({ method, headers }: Request, response: unknown, body: string): void {
    const { httpAdapter } = this.host;
    if (method !== 'GET' && method !== 'HEAD') {
      sendJson(httpAdapter, response, body, { headers: { 'Cache-Control': 'no-store' } });
      return;
    }
    const etag = etagOf(body);
    const status = isKnown(etag, headers['if-none-match']) ? 304 : 200;
    sendJson(httpAdapter, response, status === 304 ? '' : body, {
      status,
      headers: { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: this.vary(response) },
    });
  }

  private sendFile(response: unknown, file: StreamableFile): void {
    const { httpAdapter } = this.host;
    if (httpAdapter.isHeadersSent(response)) return;
    httpAdapter.setHeader(response, 'X-Content-Type-Options', 'nosniff');
    httpAdapter.setHeader(response, 'Cache-Control', 'no-store');
    httpAdapter.reply(response, file);
  }

  /** with what others have set already, as CORS does */
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
