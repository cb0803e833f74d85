import { Inject, Injectable, Module, Scope, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  InvalidHttpOptionsError,
  MissingModuleError,
  TrackstatsHttpModule,
  UnguardedInterfaceError,
} from 'nestjs-trackstats/http';
import { of } from 'rxjs';
import { closeServed, OwnerGuard, PLATFORMS, ReaderGuard, serve } from './application.js';

afterEach(closeServed);

@Injectable()
class Users {
  readonly admitted = ['ada'];
}

@Module({ providers: [Users], exports: [Users] })
class UserModule {}

@Injectable()
class UserGuard implements CanActivate {
  constructor(@Inject(Users) private readonly users: Users) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    return Promise.resolve(this.users.admitted.includes(String(headers['x-user'])));
  }
}

/** Made anew for each request, as one that injects something of it. */
@Injectable({ scope: Scope.REQUEST })
class RequestGuard implements CanActivate {
  constructor(@Inject(REQUEST) private readonly request: { headers: Record<string, unknown> }) {}

  canActivate(): ReturnType<CanActivate['canActivate']> {
    return of(this.request.headers['x-user'] === 'ada');
  }
}

const ADA = { 'x-user': 'ada' };
const OWNER = { 'x-user': 'owner' };
const ALL = ['run', 'verify', 'repair', 'backfill'];

describe('who may use the JSON interface', () => {
  it('has to be said', () => {
    expect(() => TrackstatsHttpModule.forRoot()).toThrow(UnguardedInterfaceError);
    expect(() => TrackstatsHttpModule.forRoot({ guards: [] })).toThrow(/forRoot\(\{ public: true \}\)/);
    expect(() => TrackstatsHttpModule.forRoot({ public: false, actionGuards: [OwnerGuard] })).toThrow(
      UnguardedInterfaceError,
    );
    expect(() => TrackstatsHttpModule.forRootAsync({ useFactory: () => ({}) })).toThrow(/forRootAsync: no guard/);
  });

  it.each([
    ['path', { path: '/' }],
    ['path', { path: 'statistics?of=all' }],
    ['path', { path: 'our statistics' }],
    ['guards', { guards: ReaderGuard }],
    ['guards', { guards: [{}] }],
    ['actionGuards', { actionGuards: [null] }],
    ['public', { public: 'yes' }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => TrackstatsHttpModule.forRoot(options as object)).toThrow(InvalidHttpOptionsError);
    expect(() => TrackstatsHttpModule.forRoot(options as object)).toThrow(`TrackstatsHttpModule: ${option}`);
  });

  it('names the option that a misspelt one means, also one that shapes the module', async () => {
    const misspelt = { public: true, pth: 'x' } as object;
    await expect(serve([TrackstatsHttpModule.forRoot(misspelt)])).rejects.toThrow(
      /pth is "x"\. .*Did you mean path\? There are label, limits, origins, path, guards, .* go beside the factory\./,
    );
    const placed = { public: true, useFactory: () => ({ guards: [] }) as object };
    await expect(serve([TrackstatsHttpModule.forRootAsync(placed)])).rejects.toThrow(
      'guards is an array of 0. It shapes the module. Pass it beside the factory.',
    );
  });

  it.each([
    ['limits.points', { limits: { points: 0 } }],
    ['limits.toString', { limits: { toString: 5 } }],
    ['label', { label: 'name' }],
    ['origins', { origins: ['https://example.org/'] }],
    ['lable', { lable: () => [] }],
  ])('refuses a wrong %s when the application starts', async (option, options) => {
    const starting = serve([TrackstatsHttpModule.forRoot({ public: true, ...(options as object) })]);
    await expect(starting).rejects.toThrow(InvalidHttpOptionsError);
    await expect(serve([TrackstatsHttpModule.forRoot({ public: true, ...(options as object) })])).rejects.toThrow(
      `TrackstatsHttpModule: ${option} is`,
    );
  });

  it('needs the module itself', async () => {
    const module = await Test.createTestingModule({
      imports: [TrackstatsHttpModule.forRoot({ public: true })],
    }).compile();
    await expect(module.init()).rejects.toThrow(MissingModuleError);
    await module.close();
  });

  it('finds the module where it is not global', async () => {
    const { get } = await serve([TrackstatsHttpModule.forRoot({ public: true })], { trackstats: { isGlobal: false } });
    expect((await get('trackstats/metrics')).status).toBe(200);
  });

  it('asks guards that inject, that are instances, and that are made for each request', async () => {
    const instance: CanActivate = { canActivate: () => of(true) };
    for (const guards of [[UserGuard, instance], [RequestGuard]]) {
      const { get, post } = await serve([
        TrackstatsHttpModule.forRoot({ guards: [instance], actionGuards: guards, imports: [UserModule] }),
        TrackstatsHttpModule.forRoot({ path: 'guarded', guards, imports: [UserModule] }),
      ]);
      expect((await get('trackstats/trackers/actions')).body).toEqual({ actions: [] });
      expect((await get('trackstats/trackers/actions', ADA)).body).toEqual({ actions: ALL });
      expect((await post('trackstats/trackers/OrderTracker/run')).status).toBe(403);
      expect((await post('trackstats/trackers/OrderTracker/run', {}, ADA)).status).toBe(200);
      const [run] = (await get('trackstats/trackers/OrderTracker/runs', ADA)).body.runs;
      expect(run.triggeredBy).toBe('http');
      expect((await get('guarded/metrics')).status).toBe(403);
      expect((await get('guarded/metrics', ADA)).status).toBe(200);
    }
  });

  it('takes options from a factory', async () => {
    const { get } = await serve([
      TrackstatsHttpModule.forRootAsync({
        guards: [UserGuard],
        imports: [UserModule],
        inject: [Users],
        useFactory: async (users: Users) => ({ limits: { rows: users.admitted.length } }),
      }),
    ]);
    expect((await get('trackstats/metrics', ADA)).body.limit).toBe(1);
  });

  it('tells errors and hosts of runs only to those who may act', async () => {
    const { get } = await serve([TrackstatsHttpModule.forRoot({ public: true, actionGuards: [OwnerGuard] })]);
    const [stranger] = (await get('trackstats/trackers/OrderTracker/runs')).body.runs;
    const [owner] = (await get('trackstats/trackers/OrderTracker/runs', OWNER)).body.runs;
    expect(stranger).toEqual({ ...owner, host: null });
    expect(owner.host).toEqual(expect.any(String));
    expect((await get('trackstats/trackers')).body.trackers[0].lastRun.host).toBeNull();
  });
});

describe.each(PLATFORMS)('a forged request on %s', (platform) => {
  const ROUTE = 'trackstats/trackers/OrderTracker/run';
  const cookie = { cookie: 'session=owner' };
  const cookieGuard: CanActivate = {
    canActivate: (context) => context.switchToHttp().getRequest().headers.cookie === 'session=owner',
  };
  const serving = () =>
    serve(
      [
        TrackstatsHttpModule.forRoot({
          guards: [cookieGuard],
          actionGuards: [cookieGuard],
          origins: ['https://admin.example.org'],
        }),
      ],
      { platform },
    );

  it('of a form or a link is refused, whatever cookie it brings', async () => {
    const { url, get } = await serving();
    const forms: (Omit<RequestInit, 'headers'> & { headers?: Record<string, string> })[] = [
      { method: 'POST', body: new URLSearchParams({ 'X-Trackstats-Request': '1' }) },
      { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } },
      { method: 'POST', body: new FormData() },
      { method: 'POST' },
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      { method: 'POST', body: '{}', headers: { 'x-trackstats-request': '1', 'content-type': 'text/plain' } },
      {
        method: 'POST',
        body: '{}',
        headers: { 'x-trackstats-request': '1', 'content-type': 'text/plain; x=application/json' },
      },
    ];
    for (const form of forms) {
      const { status } = await fetch(`${url}/${ROUTE}`, { ...form, headers: { ...form.headers, ...cookie } });
      // Fastify has no parser for what forms send
      expect([403, 415]).toContain(status);
    }
    expect((await get(ROUTE, cookie)).status).toBe(404);
  });

  it('of a script of another origin is refused', async () => {
    const { post } = await serving();
    const refused = [
      { origin: 'https://evil.example.org' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://other.example.org' },
      { 'sec-fetch-site': 'none' },
      { origin: 'https://admin.example.org.evil.org', 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of refused) {
      const answer = await post(ROUTE, {}, { ...cookie, ...(headers as Record<string, string>) });
      expect([headers, answer.status]).toEqual([headers, 403]);
      expect(answer.body.error).toBe('Forbidden');
    }
  });

  it('of the own page, of a page that is named, or of a program is none', async () => {
    const { post, url } = await serving();
    const accepted = [
      {},
      { origin: url },
      { origin: url, 'sec-fetch-site': 'same-origin' },
      { origin: 'https://admin.example.org', 'sec-fetch-site': 'cross-site' },
      { 'content-type': 'application/json; charset=utf-8' },
    ];
    for (const headers of accepted) {
      const { status } = await post(ROUTE, {}, { ...cookie, ...(headers as Record<string, string>) });
      expect([headers, status]).toEqual([headers, 200]);
    }
  });
});
