import { Controller, Get, Injectable, Module, VersioningType, type INestApplication } from '@nestjs/common';
import { MissingDashboardPageError, TrackstatsDashboardModule } from 'nestjs-trackstats/dashboard';
import { map } from 'rxjs';
import { DashboardFiles } from '../../lib/dashboard/dashboard.files.js';
import { contentSecurityPolicy } from '../../lib/dashboard/dashboard.headers.js';
import { AdminGuard, DashboardApplications, ReaderGuard, type DashboardApplicationOptions } from './application.js';

const applications = new DashboardApplications();
const { page } = applications;
const start = (options: DashboardApplicationOptions): Promise<string> => applications.start(options);

afterEach(() => applications.stop());
afterAll(() => applications.close());

/** The addresses of the scripts and styles of a page, as a browser resolves them. */
async function filesOf(url: string, headers: Record<string, string> = {}): Promise<string[]> {
  const html = await (await fetch(url, { headers })).text();
  return [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address = '']) => new URL(address, url).href);
}

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  return response.status;
}

describe.each(['express', 'fastify'] as const)('the dashboard on %s', (platform) => {
  it.each<[string | undefined, string | undefined, string[]]>([
    [undefined, undefined, ['/trackstats', '/trackstats/']],
    ['api/v1', 'admin/statistics', ['/api/v1/admin/statistics', '/api/v1/admin/statistics/?metric=a/b']],
    [undefined, '/', ['/', '/?view=trackers']],
    ['inside', '/', ['/inside']],
  ])('with the prefix %s and the path %s is at %j', async (prefix, path, places) => {
    const dashboard = { public: true, ...(path === undefined ? {} : { path }) };
    const url = await start({ platform, dashboard, ...(prefix === undefined ? {} : { prefix }) });
    for (const place of places) {
      const response = await fetch(url + place);
      expect([place, response.status]).toEqual([place, 200]);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const files = await filesOf(url + place);
      expect(files).toHaveLength(3);
      expect(await Promise.all(files.map((file) => statusOf(file)))).toEqual(files.map(() => 200));
      const script = files.find((file) => file.endsWith('/app.js')) ?? '';
      expect(await statusOf(new URL('../../api/summaries', script).href)).toBe(200);
    }
  });

  it('keeps its own policy where the application has another one', async () => {
    const prepare = (app: INestApplication): void => {
      app.useSecurityHeaders();
      if (platform === 'express') {
        app.use((_: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
          response.setHeader('Content-Security-Policy', `default-src 'self' 'unsafe-inline'`);
          next();
        });
      }
    };
    const url = await start({ platform, prepare });
    const { headers } = await fetch(`${url}/trackstats`);
    expect(headers.get('content-security-policy')).toBe(contentSecurityPolicy([]));
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('private, no-cache');
  });

  it('has files that a browser keeps for ever, under a hash of their content', async () => {
    const url = await start({ platform });
    const at = (hash: string, name: string): string => `${url}/trackstats/trackstats-page/${hash}/${name}`;
    const kept = await fetch(at(page.files.hash, 'app.js'));
    expect(kept.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(kept.headers.get('content-encoding')).toBe('gzip');
    expect(kept.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    const plain = await fetch(at(page.files.hash, 'app.js'), { headers: { 'Accept-Encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(await kept.text());
    const other = await fetch(at('0123456789abcdef', 'app.js'));
    expect([other.status, other.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
    for (const name of ['nothing.js', 'preact.LICENSE', '..%2F..%2Fpackage.json', '__proto__', 'app.js%00.css']) {
      expect([name, await statusOf(at(page.files.hash, name))]).toEqual([name, 404]);
      expect([name, await statusOf(`${url}/trackstats/${name}`)]).toEqual([name, 404]);
    }
  });

  it('is guarded whole: its page, its files and its interface', async () => {
    const dashboard = { guards: [ReaderGuard], actionGuards: [AdminGuard] };
    const url = await start({ platform, dashboard });
    const files = await filesOf(`${url}/trackstats`, { 'x-role': 'reader' });
    const api = ['overview', 'metrics', 'trackers', 'trackers/actions'].map(
      (route) => `${url}/trackstats/api/${route}`,
    );
    const all = [`${url}/trackstats`, ...(platform === 'fastify' ? [`${url}/trackstats/`] : []), ...files, ...api];
    for (const address of all) {
      expect([address, await statusOf(address)]).toEqual([address, 403]);
      expect([address, await statusOf(address, { 'x-role': 'reader' })]).toEqual([address, 200]);
    }
    const action = (role: Record<string, string>): Promise<Response> =>
      fetch(`${url}/trackstats/api/trackers/OrderTracker/run`, {
        method: 'POST',
        body: '{}',
        headers: { 'Content-Type': 'application/json', 'X-Trackstats-Request': '1', ...role },
      });
    expect((await action({})).status).toBe(403);
    expect((await action({ 'x-role': 'reader' })).status).toBe(403);
    expect((await action({ 'x-role': 'admin' })).status).toBeLessThan(300);
  });

  it('works beside versions in addresses, and interceptors that wrap what handlers return', async () => {
    const prepare = (app: INestApplication): void => {
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      app.useGlobalInterceptors({ intercept: (_, next) => next.handle().pipe(map((data: unknown) => ({ data }))) });
    };
    const url = await start({ platform, prepare });
    expect(await (await fetch(`${url}/trackstats`)).text()).toMatch(/^<!doctype html>/);
    const body = await (await fetch(`${url}/trackstats/api/overview`)).json();
    expect(body).toHaveProperty('items');
  });
});

describe('a dashboard at the root', () => {
  it('leaves the application its own routes', async () => {
    @Controller()
    class ShopController {
      @Get('orders')
      orders(): string {
        return 'orders';
      }
    }
    @Module({ controllers: [ShopController] })
    class ShopModule {}
    const dashboard = { path: '/', public: true, imports: [ShopModule] };
    const url = await start({ dashboard });
    expect(await (await fetch(`${url}/orders`)).text()).toBe('orders');
    expect(await statusOf(`${url}/elsewhere`)).toBe(404);
  });
});

describe('TrackstatsDashboardModule', () => {
  it('refuses to be set up open without being told so', () => {
    expect(() => TrackstatsDashboardModule.forRoot()).toThrow(/TrackstatsDashboardModule\.forRoot: no guard is given/);
    expect(() => TrackstatsDashboardModule.forRoot({ guards: [] })).toThrow(/no guard is given/);
    expect(() => TrackstatsDashboardModule.forRootAsync({ useFactory: () => ({}) })).toThrow(
      /TrackstatsDashboardModule\.forRootAsync: no guard is given/,
    );
    expect(() => TrackstatsDashboardModule.forRoot({ public: false })).toThrow(/no guard is given/);
  });

  it.each([
    [{ path: 'a/:id' }, /path is "a\/:id"/],
    [{ path: 7 as unknown as string }, /path is 7/],
    [{ actionGuards: ['admin'] as never }, /actionGuards/],
  ])('refuses %j', (options, message) => {
    expect(() => TrackstatsDashboardModule.forRoot({ public: true, ...options })).toThrow(message);
  });

  it.each([
    [{ title: '' }, /title is ""/],
    [{ label: 'name' as never }, /label/],
    [{ colour: 'red' } as never, /colour/],
    [{ signOutUrl: 'javascript:alert(1)' }, /signOutUrl/],
    [{ signInUrl: '' }, /signInUrl/],
    [{ frameAncestors: ['*'] }, /frameAncestors/],
    [{ frameAncestors: ['https://admin.example.org/path'] }, /frameAncestors/],
    [{ frameAncestors: 'self' as never }, /frameAncestors/],
  ])('refuses to start with %j', async (options: object, message) => {
    await expect(start({ dashboard: { public: true, ...options } })).rejects.toThrow(message);
  });

  it('is shown in frames of those pages only that its options name', async () => {
    const frames = async (frameAncestors?: string[]): Promise<(string | null)[]> => {
      const url = await start({ dashboard: { public: true, ...(frameAncestors !== undefined && { frameAncestors }) } });
      const { headers } = await fetch(`${url}/trackstats`);
      const [policy] = headers.get('content-security-policy')?.split('; ').slice(-1) ?? [];
      return [policy ?? null, headers.get('x-frame-options')];
    };
    expect(await frames()).toEqual([`frame-ancestors 'none'`, 'DENY']);
    const named = await frames(['self', 'https://admin.example.org']);
    expect(named).toEqual([`frame-ancestors 'self' https://admin.example.org`, null]);
  });

  it('takes its title and labels from a factory, with what another module exports', async () => {
    @Injectable()
    class Names {
      readonly title = 'Shop & more';
    }
    @Module({ providers: [Names], exports: [Names] })
    class NamesModule {}
    const url = await start({
      module: TrackstatsDashboardModule.forRootAsync({
        path: 'stats',
        public: true,
        imports: [NamesModule],
        inject: [Names],
        useFactory: ({ title }: Names) => ({ title, label: (objects) => objects.map(({ id }) => `No. ${id}`) }),
      }),
    });
    expect(await (await fetch(`${url}/stats`)).text()).toContain('<title>Shop &amp; more</title>');
    const query = 'metric=shopping/customer_orders&object_type=customer';
    const { items } = (await (await fetch(`${url}/stats/api/top?${query}`)).json()) as {
      items: { object: { label: string } }[];
    };
    expect(items.map(({ object }) => object.label)).toContain('No. 1');
  });

  it('says what is missing where the page was not built', () => {
    expect(() => new DashboardFiles('nowhere')).toThrow(MissingDashboardPageError);
    expect(() => new DashboardFiles('docs')).toThrow(/npm run build/);
  });
});
