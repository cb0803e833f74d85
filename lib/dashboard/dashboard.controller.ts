import {
  Controller,
  Get,
  Headers,
  Inject,
  NotFoundException,
  Param,
  Req,
  Res,
  UseGuards,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import { decorate } from '../http/platform/decorate.js';
import type { ResolvedHttpExtras } from '../http/http.options.js';
import { DashboardFiles } from './dashboard.files.js';
import { fileHeaders, pageHeaders } from './dashboard.headers.js';
import { baseOf, dashboardHtml } from './dashboard.html.js';
import type { ResolvedDashboardOptions } from './dashboard.options.js';
import { DASHBOARD_OPTIONS } from './dashboard.options.js';

/** The common part of requests in Express and Fastify. */
interface Request {
  readonly originalUrl: string;
}

/**
 * The common part of responses in Express and Fastify. Used directly, because an interceptor of the application may
 * wrap the results of handlers.
 */
interface Reply {
  header(name: string, value: string): unknown;
  send(body: string | Buffer): unknown;
}

/**
 * The controller of one dashboard. Each registration gets a class of its own, since the path and the guards are written
 * onto the class.
 */
export function dashboardController({
  path,
  guards,
  decorators,
}: Pick<ResolvedHttpExtras, 'path' | 'guards' | 'decorators'>): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards)
  class TrackstatsDashboardController {
    constructor(
      @Inject(DASHBOARD_OPTIONS) private readonly options: ResolvedDashboardOptions,
      @Inject(DashboardFiles) private readonly files: DashboardFiles,
    ) {}

    @Get('trackstats-page/:hash/:name')
    file(
      @Param('hash') hash: string,
      @Param('name') name: string,
      @Headers('accept-encoding') encodings: string | undefined,
      @Res() reply: Reply,
    ): void {
      const file = this.files.find(name);
      if (file === null) throw new NotFoundException();
      const isZipped = /\bgzip\b/.test(encodings ?? '');
      const headers = fileHeaders(file.type, hash === this.files.hash);
      if (isZipped) reply.header('Content-Encoding', 'gzip');
      send(reply, headers, isZipped ? file.gzipped : file.content);
    }

    @Get()
    page(@Param('*') rest: string | undefined, @Req() request: Request, @Res() reply: Reply): void {
      if (rest !== undefined && rest !== '') throw new NotFoundException();
      const { hash } = this.files;
      const base = baseOf(request.originalUrl);
      const { title, signInUrl, signOutUrl, frameAncestors } = this.options;
      send(reply, pageHeaders(frameAncestors), dashboardHtml({ title, base, hash, signInUrl, signOutUrl }));
    }
  }
  decorate(TrackstatsDashboardController, decorators);
  return TrackstatsDashboardController;
}

/**
 * Has the page answer at its path with a slash at its end as well, where the platform keeps the two apart. Fastify does,
 * and only a wildcard matches there; Express does not, and knows no such wildcard. Which it is, is known only when the
 * application starts, before it makes its routes of what the decorators say.
 */
export function answerWithSlash(controller: Type): void {
  const prototype = controller.prototype as object;
  const page = Object.getOwnPropertyDescriptor(prototype, 'page');
  if (page !== undefined) Get(['', '*'])(prototype, 'page', page);
}

function send(reply: Reply, headers: Readonly<Record<string, string>>, body: string | Buffer): void {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  reply.send(body);
}
