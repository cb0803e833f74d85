import { HttpStatus, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { shown } from '../../errors/trackstats.error.js';
import { TrackstatsHttpException } from './http.exception.js';
import type { ResolvedHttpOptions } from '../http.options.js';
import { HTTP_OPTIONS } from '../http.options.js';

type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * The name of the header that a writing request must have. Its value does not matter.
 *
 * @example await fetch('/trackstats/trackers/OrderTracker/run', { method: 'POST', headers: { [REQUEST_HEADER]: '1' } });
 */
export const REQUEST_HEADER = 'X-Trackstats-Request';

/**
 * Refuses writes from a page of another site that uses the cookie of a logged-in visitor. Three checks prevent this
 * independently: a form or a link can send neither this content type nor this header; a script of another origin can
 * only do so if CORS allows it; and the browser's own statement about the sender is checked.
 */
@Injectable()
export class SameOriginGuard implements CanActivate {
  constructor(@Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: RequestHeaders }>();
    if (headers[REQUEST_HEADER.toLowerCase()] === undefined) {
      throw forbidden(
        `The header ${REQUEST_HEADER} is missing. A request that writes has it, as ${REQUEST_HEADER}: 1.`,
      );
    }
    if (!/^application\/json\s*(;|$)/i.test(textOf(headers['content-type']))) {
      throw forbidden('Expected Content-Type: application/json, with {} as the body where there is nothing to say.');
    }
    this.checkSender(headers);
    return true;
  }

  private checkSender(headers: RequestHeaders): void {
    const origin = textOf(headers['origin']);
    if (this.options.origins.includes(origin)) return;
    const site = textOf(headers['sec-fetch-site']);
    const isForeign =
      site === '' ? origin !== '' && hostOf(origin) !== textOf(headers['host']).toLowerCase() : site !== 'same-origin';
    if (!isForeign) return;
    throw forbidden(
      `The request comes from a page of another origin${origin === '' ? '' : `, ${shown(origin)}`}. ` +
        'If that page may write, or a proxy rewrites Host, name its origin in the option `origins`.',
    );
  }
}

function forbidden(message: string): TrackstatsHttpException {
  return new TrackstatsHttpException(HttpStatus.FORBIDDEN, [message]);
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : (header?.join(', ') ?? '');
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}
