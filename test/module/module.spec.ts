import { Injectable, Module, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  AbstractStatistic,
  CountObjectsByDateTracker,
  Dimension,
  defineDomain,
  defineMetric,
  DomainService,
  MetricService,
  Period,
  StatisticService,
  Track,
  TrackerService,
  TRACKSTATS_CLOCK,
  TRACKSTATS_ENTITIES,
  TRACKSTATS_OPTIONS,
  TrackstatsModule,
  type TrackstatsOptionsFactory,
} from 'nestjs-trackstats';
import { DataSource, Entity } from 'typeorm';
import { closeApplications, Customer, MEMORY, metadataOf, NOW, Order, QUIET, start } from './application.js';

@Entity()
class OrdersByRegion extends AbstractStatistic {
  @Dimension({ type: 'varchar' }) country!: string;
}

const VISITS = defineMetric({ domain: defineDomain({ ref: 'site' }), ref: 'visits' });

@Injectable()
class Reports {
  constructor(
    readonly statistics: StatisticService,
    readonly metrics: MetricService,
    readonly domains: DomainService,
    readonly trackers: TrackerService,
  ) {}
}

function starting(imports: Parameters<typeof Test.createTestingModule>[0]['imports'], providers: Type[] = []) {
  return Test.createTestingModule({ imports: imports ?? [], providers })
    .setLogger(QUIET)
    .compile()
    .then((module) => module.init());
}

afterEach(closeApplications);

describe('TrackstatsModule', () => {
  it('is injected everywhere, and needs no options', async () => {
    @Module({ providers: [Reports] })
    class ReportModule {}
    const module = await start({ trackstats: TrackstatsModule.forRoot(), imports: [ReportModule] });
    const { statistics, metrics, domains, trackers } = module.get(Reports, { strict: false });
    await statistics.record({ metric: VISITS, value: 7 });
    expect(await statistics.value({ metric: VISITS })).toBe(7);
    expect(await metrics.list()).toHaveLength(1);
    expect(await domains.list()).toHaveLength(1);
    expect(await trackers.list()).toEqual([]);
  });

  it('takes its time and its zone from its options', async () => {
    const module = await start({
      trackstats: { clock: () => new Date('2026-10-31T23:30:00Z'), timeZone: 'Europe/Amsterdam' },
    });
    expect(await module.get(StatisticService).today()).toBe('2026-11-01');
  });

  it.each([
    [
      'useFactory',
      (zone: Type) => ({
        imports: [zone],
        inject: ['zone'],
        useFactory: async (timeZone: string) => ({ timeZone, clock: () => NOW }),
      }),
    ],
    ['useClass', () => ({ useClass: MadeOptions })],
    ['useExisting', (zone: Type) => ({ imports: [zone], useExisting: MadeOptions })],
  ])('takes options from %s', async (_, options) => {
    @Module({ providers: [{ provide: 'zone', useValue: 'Pacific/Apia' }, MadeOptions], exports: ['zone', MadeOptions] })
    class ZoneModule {}
    const module = await start({ trackstats: TrackstatsModule.forRootAsync(options(ZoneModule)) });
    expect(await module.get(StatisticService).today()).toBe('2026-11-01');
  });

  it('lets a test replace options and clock', async () => {
    const builder = (token: symbol, value: unknown) =>
      Test.createTestingModule(metadataOf()).overrideProvider(token).useValue(value).setLogger(QUIET).compile();
    const late = await builder(TRACKSTATS_CLOCK, () => new Date('2030-01-01T00:00:00Z'));
    expect(await (await late.init()).get(StatisticService).today()).toBe('2030-01-01');
    await late.close();
    const west = await builder(TRACKSTATS_OPTIONS, {
      timeZone: 'America/New_York',
      clock: () => new Date('2030-01-01T00:00:00Z'),
    });
    expect(await (await west.init()).get(StatisticService).today()).toBe('2029-12-31');
    await west.close();
  });

  it('works with TRACKSTATS_ENTITIES in place of autoLoadEntities, on a named data source', async () => {
    const entities = [...TRACKSTATS_ENTITIES, OrdersByRegion];
    const module = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...MEMORY, name: 'stats', entities }),
        TrackstatsModule.forRoot({ dataSource: 'stats', isGlobal: false }),
        TrackstatsModule.forFeature([OrdersByRegion], 'stats'),
      ],
    }).compile();
    await module.init();
    const statistics = module.get(StatisticService);
    await statistics.record({ metric: VISITS, entity: OrdersByRegion, dimensions: { country: 'NL' }, value: 2 });
    expect(await statistics.find({ metric: VISITS, entity: OrdersByRegion })).toMatchObject([
      { country: 'NL', value: 2 },
    ]);
    await module.close();
  });

  it('registers custom statistics of feature modules and of its own', async () => {
    @Module({ imports: [TrackstatsModule.forFeature([OrdersByRegion])], providers: [] })
    class FeatureModule {}
    const module = await start({ imports: [FeatureModule] });
    expect(module.get(getRepositoryToken(OrdersByRegion) as string, { strict: false })).toBeDefined();
    await closeApplications();
    const other = await start({ trackstats: { statistics: [OrdersByRegion] } });
    expect(other.get(DataSource).hasMetadata(OrdersByRegion)).toBe(true);
  });
});

describe('the start', () => {
  const typeorm = TypeOrmModule.forRoot({ ...MEMORY, autoLoadEntities: true });

  it('stops at an unknown time zone', async () => {
    await expect(start({ trackstats: { timeZone: 'Europe/Atlantis' } })).rejects.toThrow(
      /Unknown time zone: "Europe\/Atlantis"/,
    );
  });

  it('stops where entities are missing, and says how to add them', async () => {
    const plain = TypeOrmModule.forRoot({ ...MEMORY, entities: [] });
    await expect(starting([plain, TrackstatsModule.forRoot()])).rejects.toMatchObject({
      code: 'TRACKSTATS_MISSING_ENTITY',
      message: expect.stringMatching(
        /"default" does not know TrackstatsDomain, TrackstatsMetric.*autoLoadEntities: true.*TRACKSTATS_ENTITIES/s,
      ),
    });
    const custom = TypeOrmModule.forRoot({ ...MEMORY, entities: TRACKSTATS_ENTITIES });
    await expect(starting([custom, TrackstatsModule.forRoot({ statistics: [OrdersByRegion] })])).rejects.toMatchObject({
      code: 'TRACKSTATS_MISSING_ENTITY',
      message: expect.stringContaining('OrdersByRegion'),
    });
  });

  it('stops where the data source is not initialized by then, and says how to', async () => {
    const manual = TypeOrmModule.forRoot({ ...MEMORY, autoLoadEntities: true, manualInitialization: true });
    await expect(starting([manual, TrackstatsModule.forRoot()])).rejects.toMatchObject({
      code: 'TRACKSTATS_UNINITIALIZED_DATA_SOURCE',
      message: expect.stringMatching(/"default" is not initialized.*manualInitialization.*initialize\(\)/s),
    });
  });

  it('goes on where the application initializes its data source itself', async () => {
    const manual = TypeOrmModule.forRoot({ ...MEMORY, autoLoadEntities: true, manualInitialization: true });
    @Module({ imports: [manual, TrackstatsModule.forRoot()] })
    class ManualModule {}
    const module = await Test.createTestingModule({ imports: [ManualModule] }).compile();
    await module.get(DataSource).initialize();
    await module.init();
    expect(await module.get(StatisticService).find({ metrics: [] })).toEqual([]);
    await module.close();
  });

  it('stops where the data source of a source is not initialized', async () => {
    const manual = TypeOrmModule.forRoot({
      ...MEMORY,
      name: 'shop',
      entities: [Order, Customer],
      manualInitialization: true,
    });
    @Track({ metric: VISITS, source: Order, dateField: 'createdAt', period: Period.DAY, sourceDataSource: 'shop' })
    class Orders extends CountObjectsByDateTracker {}
    await expect(starting([typeorm, manual, TrackstatsModule.forRoot()], [Orders])).rejects.toMatchObject({
      code: 'TRACKSTATS_SOURCE_DATA_SOURCE',
      message: expect.stringMatching(/the data source "shop" is not initialized/),
    });
    const empty = TypeOrmModule.forRoot({ ...MEMORY, name: 'shop', entities: [] });
    await expect(starting([typeorm, empty, TrackstatsModule.forRoot()], [Orders])).rejects.toMatchObject({
      code: 'TRACKSTATS_SOURCE_DATA_SOURCE',
      message: expect.stringMatching(/its source Order is no entity of the data source "shop"/),
    });
  });

  it('stops where the module is set up twice, and names both places', async () => {
    @Module({ imports: [TrackstatsModule.forRoot()] })
    class BillingModule {}
    @Module({ imports: [TrackstatsModule.forRootAsync({ useFactory: () => ({}) })] })
    class ShippingModule {}
    await expect(starting([typeorm, BillingModule, ShippingModule])).rejects.toMatchObject({
      code: 'TRACKSTATS_DUPLICATE_MODULE',
      message: expect.stringMatching(/BillingModule \(.*module\.spec\.ts.*\) and of ShippingModule \(/),
    });
  });

  it('stops where a feature module has another data source, and names both', async () => {
    const stats = TypeOrmModule.forRoot({ ...MEMORY, name: 'stats', autoLoadEntities: true });
    await expect(
      starting([typeorm, stats, TrackstatsModule.forRoot(), TrackstatsModule.forFeature([OrdersByRegion], 'stats')]),
    ).rejects.toMatchObject({
      code: 'TRACKSTATS_DATA_SOURCE_MISMATCH',
      message: expect.stringMatching(/"stats".*"default"/),
    });
    await expect(
      starting([
        typeorm,
        stats,
        TrackstatsModule.forRoot({ dataSource: 'stats' }),
        TrackstatsModule.forFeature([OrdersByRegion]),
      ]),
    ).rejects.toThrow(/forFeature\(\[OrdersByRegion\], 'stats'\)/);
  });

  it('stops where its data source does not exist, and names those that do', async () => {
    const shop = TypeOrmModule.forRoot({ ...MEMORY, name: 'shop', autoLoadEntities: true });
    const named = [
      TrackstatsModule.forRoot({ dataSource: 'stats' }),
      TrackstatsModule.forFeature([OrdersByRegion], 'stats'),
    ];
    const asked = TrackstatsModule.forRootAsync({ dataSource: 'stats', useFactory: () => ({}) });
    for (const imports of [
      [...named, typeorm, shop],
      [typeorm, shop, ...named],
      [typeorm, shop, asked],
    ]) {
      await expect(starting(imports)).rejects.toMatchObject({
        code: 'TRACKSTATS_MISSING_DATA_SOURCE',
        message: expect.stringMatching(/"stats", and .* are "default", "shop"\..*name: "stats"/),
      });
    }
    await expect(starting([shop, TrackstatsModule.forRoot()])).rejects.toThrow(
      /"default", and .* "shop"\..*dataSource/,
    );
    await expect(starting([TrackstatsModule.forRoot()])).rejects.toThrow(/no module .* imports TypeOrmModule.forRoot/);
  });

  it('leaves the error of a data source that cannot connect as it is', async () => {
    const broken = TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: '/dev/null/statistics.sqlite',
      retryAttempts: 1,
    });
    await expect(starting([broken, TrackstatsModule.forRoot()])).rejects.not.toHaveProperty('kind');
  });

  it('stops where a feature module stands alone', async () => {
    @Module({ imports: [TrackstatsModule.forFeature([OrdersByRegion])] })
    class FeatureModule {}
    await expect(starting([typeorm, FeatureModule])).rejects.toMatchObject({
      code: 'TRACKSTATS_MISSING_MODULE',
      message: expect.stringMatching(/OrdersByRegion.*module\.spec\.ts.*TrackstatsModule.forRoot\(\)/),
    });
  });

  it('says so even where a provider of the feature module cannot be made without it', async () => {
    @Module({ imports: [TrackstatsModule.forFeature([OrdersByRegion])], providers: [Reports] })
    class FeatureModule {}
    await expect(starting([typeorm, FeatureModule])).rejects.toMatchObject({ code: 'TRACKSTATS_MISSING_MODULE' });
  });

  it('stops where a factory returns what shapes the module', async () => {
    const useFactory = () => ({ dataSource: 'stats', timeZone: 'UTC' }) as object;
    await expect(starting([typeorm, TrackstatsModule.forRootAsync({ useFactory })])).rejects.toMatchObject({
      code: 'TRACKSTATS_MISPLACED_OPTION',
      message: expect.stringMatching(/returned dataSource.*beside the factory/),
    });
  });

  it('refuses forRootAsync without or with two makers of options', () => {
    expect(() => TrackstatsModule.forRootAsync({} as never)).toThrow(/one of useFactory, useClass and useExisting/);
    expect(() => TrackstatsModule.forRootAsync({ useFactory: () => ({}), useClass: MadeOptions } as never)).toThrow(
      /one of/,
    );
  });

  it('stops at a database that it has no dialect for', async () => {
    const sqljs = {
      provide: DataSource,
      useValue: Object.assign(Object.create(DataSource.prototype), {
        options: { type: 'oracle' },
        driver: {},
        // for the repositories that TypeOrmModule makes, before or after the library looks
        entityMetadatas: [],
        getRepository: () => ({}),
      }),
    };
    @Module({ providers: [sqljs], exports: [DataSource] })
    class OracleModule {}
    const module = Test.createTestingModule({ imports: [typeorm, TrackstatsModule.forRoot(), OracleModule] });
    await expect(
      module.overrideProvider(DataSource).useValue(sqljs.useValue).setLogger(QUIET).compile(),
    ).rejects.toThrow(/oracle/);
  });
});

class MadeOptions implements TrackstatsOptionsFactory {
  async createTrackstatsOptions() {
    return { timeZone: 'Pacific/Apia', clock: () => NOW };
  }
}
