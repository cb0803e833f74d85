import {
  Catch,
  ClassSerializerInterceptor,
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  UnauthorizedException,
  ValidationPipe,
  VersioningType,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { map, tap, type Observable } from 'rxjs';
import { closeServed, OwnerGuard, PLATFORMS, ReaderGuard, serve } from './application.js';

afterEach(closeServed);

const READS = [
  'metrics',
  'overview',
  'series?metric=shop/orders',
  'multi-series?metric=shop/orders',
  'top?metric=shop/by_customer&object_type=customer',
  'total?metric=shop/orders',
  'coverage?metric=shop/orders',
  'trackers',
  'trackers/actions',
  'trackers/OrderTracker/runs',
  'trackers/OrderTracker/progress',
];
const WRITES = ['run', 'verify', 'repair', 'cancel', 'backfill'].map((action) => `trackers/OrderTracker/${action}`);
const GUARDED = { guards: [ReaderGuard], actionGuards: [OwnerGuard] };
const [READER, OWNER] = [{ 'x-user': 'reader' }, { 'x-user': 'owner' }];

/** Puts every result of the application into an envelope, and says how long it took: after the response was sent. */
@Injectable()
class Envelope implements NestInterceptor {
  constructor(private readonly host: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Injectable()
class ResponseTime implements NestInterceptor {
  constructor(private readonly host: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<object>();
    return next.handle().pipe(
      tap(() => {
        this.host.httpAdapter.setHeader(response, 'X-Response-Time', '1');
      }),
    );
  }
}

@Catch()
class Teapot implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_: unknown, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { teapot: true }, 418);
  }
}

/** A validator that refuses whatever it is asked about: it must not be asked about these parameters. */
const refusing = {
  validatorPackage: { validate: () => [{ property: 'x', constraints: { refused: 'refused' } }] },
  transformerPackage: {
    plainToInstance: () => ({ changed: true }),
    plainToClass: () => ({ changed: true }),
    classToPlain: () => ({ changed: true }),
    instanceToPlain: () => ({ changed: true }),
  },
};

describe.each(PLATFORMS)('the JSON interface on %s', (platform) => {
  it('refuses every route to those whom no guard admits', async () => {
    const { get, post } = await serve([TrackstatsHttpModule.forRoot(GUARDED)], { platform });
    for (const route of READS) {
      expect([route, (await get(`trackstats/${route}`)).status]).toEqual([route, 403]);
      expect([route, (await get(`trackstats/${route}`, READER)).status]).toEqual([route, 200]);
    }
    for (const route of WRITES) {
      const body = route.endsWith('backfill') ? { from: '2026-10-30' } : {};
      expect([route, (await post(`trackstats/${route}`, body)).status]).toEqual([route, 403]);
      expect([route, (await post(`trackstats/${route}`, body, READER)).status]).toEqual([route, 403]);
      const { status } = await post(`trackstats/${route}`, body, OWNER);
      const expected = route.endsWith('backfill') ? 202 : route.endsWith('cancel') ? 409 : 200; // nothing is running
      expect([route, status]).toEqual([route, expected]);
    }
  });

  it('has no routes that write where nobody is admitted to them', async () => {
    const { post, get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { platform });
    for (const route of WRITES) expect((await post(`trackstats/${route}`)).status).toBe(404);
    expect((await get('trackstats/trackers/actions')).body).toEqual({ actions: [] });
  });

  it('is where it is asked to be, several times, behind a prefix and a default version', async () => {
    const prepare = (app: INestApplication): void => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    };
    const guarded = TrackstatsHttpModule.forRoot({ path: 'admin/stats', ...GUARDED });
    const { get, post } = await serve([TrackstatsHttpModule.forRoot({ public: true }), guarded], { platform, prepare });
    expect((await get('api/trackstats/metrics')).status).toBe(200);
    expect((await get('api/admin/stats/metrics')).status).toBe(403);
    expect((await get('api/admin/stats/metrics', READER)).status).toBe(200);
    expect((await post('api/admin/stats/trackers/OrderTracker/run', {}, OWNER)).status).toBe(200);
    expect((await post('api/trackstats/trackers/OrderTracker/run', {}, OWNER)).status).toBe(404);
  });

  it.each([
    [
      'interceptors that wrap',
      (app: INestApplication) => app.useGlobalInterceptors(new Envelope(app.get(HttpAdapterHost))),
    ],
    [
      'interceptors that serialize',
      (app: INestApplication) =>
        app.useGlobalInterceptors(
          new ClassSerializerInterceptor(app.get(Reflector), {
            transformerPackage: refusing.transformerPackage as never,
          }),
        ),
    ],
    [
      'interceptors that come too late',
      (app: INestApplication) => app.useGlobalInterceptors(new ResponseTime(app.get(HttpAdapterHost))),
    ],
    [
      'a validating pipe',
      (app: INestApplication) =>
        app.useGlobalPipes(
          new ValidationPipe({
            whitelist: true,
            forbidNonWhitelisted: true,
            transform: true,
            transformOptions: { enableImplicitConversion: true },
            ...(refusing as object),
          }),
        ),
    ],
    ['filters', (app: INestApplication) => app.useGlobalFilters(new Teapot(app.get(HttpAdapterHost)))],
  ])('answers the same with global %s', async (_, prepare) => {
    const { get, post } = await serve([TrackstatsHttpModule.forRoot({ public: true, actionGuards: [OwnerGuard] })], {
      platform,
      prepare: (app) => void prepare(app),
    });
    expect((await get('trackstats/metrics?limit=1')).body).toMatchObject({ total: 2, limit: 1, offset: 0 });
    expect((await get('trackstats/series?metric=shop/orders&last=2')).body).toMatchObject({ period: 'DAY' });
    expect((await get('trackstats/series')).body).toEqual({
      statusCode: 400,
      message: ['metric is missing'],
      error: 'Bad Request',
    });
    expect((await post('trackstats/trackers/OrderTracker/verify', { from: '2026-10-01' }, OWNER)).body).toEqual({
      tracker: 'OrderTracker',
      total: 0,
      differences: [],
    });
  });

  it("leaves what the application's guards throw to the application", async () => {
    const guard: CanActivate = {
      canActivate: () => {
        throw new UnauthorizedException('log in');
      },
    };
    const { get } = await serve([TrackstatsHttpModule.forRoot({ guards: [guard] })], {
      platform,
      prepare: (app) => {
        app.useGlobalFilters(new Teapot(app.get(HttpAdapterHost)));
      },
    });
    expect(await get('trackstats/metrics')).toMatchObject({ status: 418, body: { teapot: true } });
  });

  it('lets caches ask whether something is new', async () => {
    const prepare = (app: INestApplication): void => {
      app.enableCors({ origin: 'https://example.org' });
    };
    const { get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { platform, prepare });
    const first = await get('trackstats/overview');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[\w-]{32}"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(first.headers.get('vary')).toMatch(/Authorization, Cookie$/);
    expect(first.headers.get('x-content-type-options')).toBe('nosniff');
    for (const known of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*']) {
      const again = await get('trackstats/overview', { 'if-none-match': known });
      expect([again.status, again.text]).toEqual([304, '']);
      expect(again.headers.get('etag')).toBe(etag);
    }
    expect((await get('trackstats/overview', { 'if-none-match': 'W/"other"' })).status).toBe(200);
    const wrong = await get('trackstats/overview?points=0', { 'if-none-match': '*' });
    expect([wrong.status, wrong.headers.get('cache-control')]).toEqual([400, 'no-store']);
  });

  it('keeps what others set in Vary', async () => {
    const prepare = (app: INestApplication): void => {
      app.enableCors({ origin: ['https://example.org', 'https://example.com'] });
    };
    const { get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { platform, prepare });
    const { headers } = await get('trackstats/metrics', { origin: 'https://example.org' });
    expect(headers.get('vary')).toBe('Origin, Authorization, Cookie');
  });

  it('answers HEAD, and leaves other routes of the application alone', async () => {
    @Controller('mine')
    class MineController {
      @Get()
      mine(): object {
        throw new ForbiddenException();
      }
    }
    const { get, url } = await serve([TrackstatsHttpModule.forRoot({ public: true })], {
      platform,
      controllers: [MineController],
    });
    const head = await fetch(`${url}/trackstats/metrics`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await get('mine')).body).toEqual({ statusCode: 403, message: 'Forbidden' });
  });
});

describe('the JSON interface', () => {
  it('reads queries of the extended parser, too', async () => {
    const { get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], {
      prepare: (app) => {
        (app as NestExpressApplication).set('query parser', 'extended');
      },
    });
    const ids = Array.from({ length: 60 }, (_, id) => `object_id=${id}`).join('&');
    const { body } = await get(`trackstats/multi-series?metric=shop/by_customer&object_type=customer&${ids}&last=1`);
    expect(body.series).toHaveLength(60);
    expect((await get('trackstats/series?metric[a]=shop/orders')).body.message[0]).toMatch(/^metric is an object/);
  });
});
