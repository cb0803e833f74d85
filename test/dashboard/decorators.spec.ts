import { Injectable, Module, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { TrackstatsDashboardModule } from 'nestjs-trackstats/dashboard';
import { TrackstatsHttpModule, type TrackstatsHttpModuleExtras } from 'nestjs-trackstats/http';
import { DashboardFiles } from '../../lib/dashboard/dashboard.files.js';
import { metadataOf, QUIET } from '../module/application.js';
import { buildPage } from './page-files.js';

const Public = () => SetMetadata('isPublic', true);

/** As in Nest's documentation of authentication: everything is closed but what says that it is public. */
@Injectable()
class ClosedGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return this.reflector.getAllAndOverride('isPublic', [context.getHandler(), context.getClass()]) === true;
  }
}
Reflect.defineMetadata('design:paramtypes', [Reflector], ClosedGuard);

describe('decorators of the application', () => {
  const page = buildPage();
  afterAll(() => {
    page.remove();
  });

  async function statuses(extras: TrackstatsHttpModuleExtras): Promise<Record<string, number>> {
    @Module(
      metadataOf({
        providers: [{ provide: APP_GUARD, useClass: ClosedGuard }],
        imports: [
          TrackstatsHttpModule.forRoot(extras),
          TrackstatsHttpModule.forRootAsync({
            ...extras,
            path: 'async',
            useFactory: () => ({ limits: { points: undefined } }),
          }),
          TrackstatsDashboardModule.forRoot({ ...extras, path: 'page' }),
          TrackstatsDashboardModule.forRootAsync({ ...extras, path: 'async-page', useFactory: () => ({}) }),
          TrackstatsHttpModule.forRoot({ public: true, path: 'closed' }),
        ],
      }),
    )
    class ShopModule {}
    const module = await Test.createTestingModule({ imports: [ShopModule] })
      .overrideProvider(DashboardFiles)
      .useValue(page.files)
      .setLogger(QUIET)
      .compile();
    const app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    try {
      const paths = ['trackstats/metrics', 'trackstats/trackers', 'async/metrics', 'page', 'page/api/metrics'];
      const found: Record<string, number> = {};
      for (const path of [...paths, 'async-page', 'async-page/api/export?format=jsonl&domain=x', 'closed/metrics']) {
        found[path] = (await fetch(`${await app.getUrl()}/${path}`)).status;
      }
      const posted = await fetch(`${await app.getUrl()}/trackstats/trackers/none/run`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json', 'x-trackstats-request': '1' },
      });
      return { ...found, run: posted.status };
    } finally {
      await app.close();
    }
  }

  it('tell a global guard about every route, of the mount that has them alone', async () => {
    const actionGuards = [{ canActivate: () => true }];
    expect(await statuses({ public: true, actionGuards, decorators: [Public()] })).toEqual({
      'trackstats/metrics': 200,
      'trackstats/trackers': 200,
      'async/metrics': 200,
      page: 200,
      'page/api/metrics': 200,
      'async-page': 200,
      'async-page/api/export?format=jsonl&domain=x': 404,
      'closed/metrics': 403,
      run: 404,
    });
  });

  it('do not replace the guards', async () => {
    const guards = [{ canActivate: () => false }];
    const found = await statuses({ guards, actionGuards: guards, decorators: [Public()] });
    expect([...new Set(Object.values(found))]).toEqual([403]);
  });

  it('are applied as they stand above a class, the first last', () => {
    const order: string[] = [];
    const note = (name: string): ClassDecorator => {
      return () => void order.push(name);
    };
    TrackstatsHttpModule.forRoot({ public: true, decorators: [note('first'), note('second')] });
    expect(order.slice(0, 2)).toEqual(['second', 'first']);
  });

  it.each([
    ['no array', Public()],
    ['no decorator', ['Public']],
    ['one that returns another class', [() => class {}]],
  ])('are refused where they are %s', (_, decorators) => {
    const mount = (): unknown => TrackstatsHttpModule.forRoot({ public: true, decorators: decorators as never });
    expect(mount).toThrow(expect.objectContaining({ code: 'TRACKSTATS_INVALID_HTTP_OPTIONS' }));
    expect(mount).toThrow(/decorators/);
  });

  it('may be undefined', () => {
    expect(() => TrackstatsHttpModule.forRoot({ public: true, decorators: undefined })).not.toThrow();
  });
});
