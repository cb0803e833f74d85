import { Controller, Get, Module, VersioningType, type DynamicModule, type Type } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { TrackstatsDashboardModule } from 'nestjs-trackstats/dashboard';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { DashboardFiles } from '../../lib/dashboard/dashboard.files.js';
import { metadataOf, QUIET } from '../module/application.js';
import { buildPage } from './page-files.js';

const admitting = { canActivate: () => true };
const OPEN = { guards: [admitting], actionGuards: [admitting] };

/** Of one mounted interface, by docs/http.md. */
const OPERATIONS = [
  'get /metrics',
  'get /overview',
  'get /ranking',
  'get /summaries',
  'get /summary',
  'get /series',
  'get /multi-series',
  'get /top',
  'get /total',
  'get /coverage',
  'get /annotations',
  'get /export',
  'get /trackers',
  'get /alerts',
  'get /trackers/actions',
  'get /trackers/{name}/runs',
  'get /trackers/{name}/progress',
  'get /trackers/{name}/backfill',
  'post /trackers/{name}/run',
  'post /trackers/{name}/verify',
  'post /trackers/{name}/repair',
  'post /trackers/{name}/backfill',
  'post /trackers/{name}/cancel',
].sort();

/** An application may have a controller of the same name as one of the library. */
@Controller('own')
class StatisticsController {
  @Get('metrics')
  metrics(): string[] {
    return [];
  }
}

describe.each(['express', 'fastify'] as const)('the OpenAPI document of a dashboard on %s', (platform) => {
  const page = buildPage();
  afterAll(() => {
    page.remove();
  });

  /** `method path` and operationId of everything in the document. */
  async function documented(imports: DynamicModule[], controllers: Type[] = []): Promise<[string, string][]> {
    @Module(metadataOf({ imports, controllers }))
    class ShopModule {}
    const module = await Test.createTestingModule({ imports: [ShopModule] })
      .overrideProvider(DashboardFiles)
      .useValue(page.files)
      .setLogger(QUIET)
      .compile();
    const app =
      platform === 'fastify' ? module.createNestApplication(new FastifyAdapter()) : module.createNestApplication();
    app.enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', '2'] });
    await app.init();
    try {
      const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('Shop').build());
      return Object.entries(paths).flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, operation]): [string, string] => [
          `${method} ${path}`,
          (operation as { operationId: string }).operationId,
        ]),
      );
    } finally {
      await app.close();
    }
  }

  function below(base: string, all: readonly [string, string][]): string[] {
    const found = all.map(([operation]) => operation).filter((operation) => operation.includes(` ${base}/`));
    return found.map((operation) => operation.replace(` ${base}/`, ' /')).sort();
  }

  it('has each operation of the interface once, and not the routes of the page', async () => {
    const all = await documented([TrackstatsDashboardModule.forRoot(OPEN)]);
    expect(below('/trackstats/api', all)).toEqual(OPERATIONS);
    expect(all).toHaveLength(OPERATIONS.length);
  });

  it('has different ids for different mounts, and for a controller of the application', async () => {
    const all = await documented(
      [
        TrackstatsHttpModule.forRoot(OPEN),
        TrackstatsHttpModule.forRoot({ ...OPEN, path: 'api' }),
        TrackstatsDashboardModule.forRoot(OPEN),
        TrackstatsDashboardModule.forRoot({ ...OPEN, path: 'admin/statistics' }),
        TrackstatsDashboardModule.forRoot({ ...OPEN, path: 'admin-statistics' }),
      ],
      [StatisticsController],
    );
    for (const base of ['/api', '/trackstats/api', '/admin/statistics/api', '/admin-statistics/api']) {
      expect([base, below(base, all)]).toEqual([base, OPERATIONS]);
    }
    const ids = all.map(([, id]) => id);
    expect(ids.filter((id, place) => ids.indexOf(id) !== place)).toEqual([]);
    const own = all.filter(([operation]) => operation.includes('/own/')).length;
    expect(own).toBeGreaterThan(0);
    expect(all).toHaveLength(5 * OPERATIONS.length + own);
  });

  it('keeps the ids of a mount whatever else is mounted', async () => {
    const alone = await documented([TrackstatsHttpModule.forRoot(OPEN)]);
    expect(alone.find(([operation]) => operation === 'get /trackstats/series')?.[1]).toBe(
      'TrackstatsStatisticsController_series',
    );
    const beside = await documented([
      TrackstatsDashboardModule.forRoot({ ...OPEN, path: 'admin' }),
      TrackstatsHttpModule.forRoot(OPEN),
    ]);
    expect(beside).toEqual(expect.arrayContaining(alone));
  });
});
